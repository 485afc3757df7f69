/* SPDX-License-Identifier: Apache-2.0 */
/* Packing and tasks of the depthwise convolution. A task is a few output rows. Scratch: a pixel of
 * zeros, then pointers: of the taps, or, for kernels with code of their own, of all the columns
 * (with their padding) of as many input rows as the kernel has; row y is kept at y % kernel, so
 * that the next output row finds what it shares with this one. */
#include "kernels/dwconv/dwconv_tiled.h"
#include "kernels/shared/element.h"
#include "kernels/shared/taps.h"

bool hone__dwconv_tiled_supports(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims) {
    return dims->groups == dims->in_c && dims->in_c == dims->out_c;
}

size_t hone__dwconv_tiled_pack_bytes(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims) {
    const hone_dwconv_tiles *tiles = kernel->tile;
    size_t channels = hone__divide_up(dims->out_c, tiles->width) * tiles->width;
    return channels * (1 + hone__conv_taps(dims)) * sizeof(float);
}

/* The first channel of a panel. */
static size_t panel_channel(const hone_dwconv_tiles *tiles, size_t channels, size_t panel) {
    size_t first = panel * tiles->width;
    bool last = first + tiles->width > channels;
    return tiles->overlaps && last && channels >= tiles->width ? channels - tiles->width : first;
}

void hone__dwconv_tiled_pack(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims,
                             const hone_conv_weights *weights, void *packed) {
    const hone_dwconv_tiles *tiles = kernel->tile;
    size_t width = tiles->width, taps = hone__conv_taps(dims), channels = dims->out_c;
    float *out = packed;
    memset(packed, 0, hone__dwconv_tiled_pack_bytes(kernel, dims));
    for (size_t panel = 0; panel * width < channels; panel++, out += width * (1 + taps)) {
        size_t first = panel_channel(tiles, channels, panel);
        for (size_t i = 0; i < width && first + i < channels; i++) {
            size_t c = first + i;
            if (weights->bias) out[i] = hone__element_f32(weights->bias, c);
            for (size_t t = 0; t < taps; t++)
                out[(1 + t) * width + i] =
                    hone__element_f32(weights->data, c * weights->out_step + t * weights->tap_step);
        }
    }
}

/* The code for kernels of this size, or NULL. */
static const hone_dwconv_square *square_of(const hone_dwconv_tiles *tiles,
                                           const hone_conv_dims *d) {
    if (d->kernel_h != d->kernel_w || d->stride_h != d->stride_w || d->out_c < tiles->width ||
        d->dilation_h != 1 || d->dilation_w != 1)
        return NULL;
    for (size_t i = 0; i < tiles->square_count; i++)
        if (tiles->squares[i].kernel == d->kernel_w && tiles->squares[i].stride == d->stride_w)
            return &tiles->squares[i];
    return NULL;
}

/* Input columns under an output row, with their padding. */
static size_t column_count(const hone_conv_dims *d) {
    return (size_t)(d->out_w - 1) * d->stride_w + d->kernel_w;
}

static size_t zeros_bytes(const hone_conv_dims *dims) {
    return hone__divide_up(dims->in_c * sizeof(float), 64) * 64;
}

size_t hone__dwconv_tiled_scratch_bytes(const hone_dwconv_kernel *kernel,
                                        const hone_conv_dims *dims) {
    size_t pointers =
        square_of(kernel->tile, dims) ? dims->kernel_h * column_count(dims) : hone__conv_taps(dims);
    return zeros_bytes(dims) + pointers * sizeof(void *);
}

uint32_t hone__dwconv_tiled_task_count(const hone_dwconv_kernel *kernel,
                                       const hone_conv_dims *dims) {
    size_t rows = (size_t)dims->n * dims->out_h;
    return (uint32_t)hone__divide_up(rows, hone__taps_rows_per_task(dims));
}

static bool is_special(const hone_dwconv_tiles *tiles, const hone_conv_dims *d) {
    return tiles->run_3x3 && d->kernel_h == 3 && d->kernel_w == 3 && d->stride_w == 1 &&
           d->dilation_w == 1;
}

static void run_row(const hone_dwconv_tiles *tiles, const hone_dwconv_args *args, hone_taps *taps,
                    hone_dwconv_tile *tile, size_t row) {
    bool special = is_special(tiles, args->dims);
    hone__taps_start(taps, row);
    tile->tap = taps->ky * args->dims->kernel_w;
    tile->tap_end = taps->ky_end * args->dims->kernel_w;
    while ((tile->pixels = hone__taps_next(taps)) > 0) {
        size_t at = row * args->dims->out_w + taps->x;
        tile->output = args->output + at * args->output_stride;
        if (special && hone__taps_whole(taps))
            tiles->run_3x3(tile);
        else
            tiles->run(tile);
    }
}

static void run_taps(const hone_dwconv_tiles *tiles, const hone_dwconv_args *args, size_t row,
                     size_t end, void *scratch) {
    const hone_conv_dims *d = args->dims;
    hone_taps taps = {
        .dims = d,
        .input = args->input,
        .pixel_bytes = args->input_stride * sizeof(float),
        .clipped = true,
        .outside = scratch,
        .pointers = (const void **)(void *)((char *)scratch + zeros_bytes(d)),
    };
    hone_dwconv_tile tile = {
        .taps = (const float *const *)(const void *)taps.pointers,
        .tap_count = hone__conv_taps(d),
        .step = d->stride_w * args->input_stride,
        .column = d->dilation_w * args->input_stride,
        .panel = args->packed,
        .channels = d->out_c,
        .output_stride = args->output_stride,
        .lo = args->lo,
        .hi = args->hi,
    };
    for (; row < end; row++) run_row(tiles, args, &taps, &tile, row);
}

/* Pointers to the columns of an input row, `line` of the n * in_h there are. */
static void point_columns(const hone_dwconv_args *args, size_t line, const float *zeros,
                          const float **columns) {
    const hone_conv_dims *d = args->dims;
    size_t count = column_count(d), begin = hone__min_size(d->pad_left, count);
    size_t end = hone__min_size(begin + d->in_w, count);
    const float *in = args->input + line * d->in_w * args->input_stride;
    for (size_t j = 0; j < begin; j++) columns[j] = zeros;
    for (size_t j = begin; j < end; j++) columns[j] = in + (j - begin) * args->input_stride;
    for (size_t j = end; j < count; j++) columns[j] = zeros;
}

/* The pixels of one output row in groups of about the same size. */
static void run_groups(const hone_dwconv_square *square, const hone_conv_dims *d,
                       hone_dwconv_group group) {
    size_t groups = hone__divide_up(d->out_w, HONE_DWCONV_PIXELS);
    float *output = group.output;
    for (size_t i = 0, x = 0; i < groups; i++) {
        size_t pixels = (d->out_w - x) / (groups - i);
        group.output = output + x * group.output_stride;
        square->run[pixels - 1](&group);
        for (size_t ky = group.row; ky < group.row_end; ky++)
            group.columns[ky] += pixels * d->stride_w;
        x += pixels;
    }
}

static void run_square(const hone_dwconv_square *square, const hone_dwconv_args *args, size_t row,
                       size_t end, void *scratch) {
    const hone_conv_dims *d = args->dims;
    const float **pointers = (const float **)(void *)((char *)scratch + zeros_bytes(d));
    size_t held[HONE_DWCONV_ROWS]; /* input lines whose columns are at hand */
    for (size_t i = 0; i < HONE_DWCONV_ROWS; i++) held[i] = SIZE_MAX;
    hone_dwconv_group group = {
        .panel = args->packed,
        .channels = d->out_c,
        .output_stride = args->output_stride,
        .lo = args->lo,
        .hi = args->hi,
    };
    for (; row < end; row++) {
        size_t top = row % d->out_h * d->stride_h, image = row / d->out_h * d->in_h;
        size_t bottom = (size_t)d->in_h + d->pad_top;
        group.row = d->pad_top > top ? d->pad_top - top : 0;
        group.row_end = bottom > top ? hone__min_size(d->kernel_h, bottom - top) : 0;
        for (size_t ky = group.row; ky < group.row_end; ky++) {
            size_t line = image + top + ky - d->pad_top, slot = line % d->kernel_h;
            const float **columns = pointers + slot * column_count(d);
            if (held[slot] != line) point_columns(args, line, scratch, columns);
            held[slot] = line;
            group.columns[ky] = columns;
        }
        group.output = args->output + row * d->out_w * args->output_stride;
        run_groups(square, d, group);
    }
}

void hone__dwconv_tiled_run_task(const hone_dwconv_kernel *kernel, const hone_dwconv_args *args,
                                 uint32_t index, void *scratch) {
    const hone_conv_dims *d = args->dims;
    const hone_dwconv_square *square = square_of(kernel->tile, d);
    size_t block = hone__taps_rows_per_task(d), row = index * block;
    size_t end = hone__min_size(row + block, (size_t)d->n * d->out_h);
    memset(scratch, 0, zeros_bytes(d));
    if (square)
        run_square(square, args, row, end, scratch);
    else
        run_taps(kernel->tile, args, row, end, scratch);
}

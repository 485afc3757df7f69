/* SPDX-License-Identifier: Apache-2.0 */
/* Packing, tasks and lines of the convolution over planes. A task is a few output rows.
 * Packed: for each panel, bias [nr] then weights [plane][kernel row][kernel column][nr].
 * Scratch: pointers to the lines of an output row, a line of zeros, and, where lines need padding,
 * `kernel_h` lines of each plane; input row y is kept at y % kernel_h for the output rows that
 * follow. */
#include "kernels/conv/conv_planes.h"
#include "kernels/shared/element.h"
#include "kernels/shared/taps.h"

enum { MOST_PLANES = 4, MOST_KERNEL = 11 };

bool hone__conv_planes_supports(const hone_conv_kernel *kernel, const hone_conv_dims *d) {
    return d->groups == 1 && d->in_c <= MOST_PLANES && d->kernel_h <= MOST_KERNEL &&
           d->dilation_h == 1 && d->dilation_w == 1 && d->stride_w <= HONE_CONV_PLANES_STRIDE;
}

static size_t padded(const hone_conv_planes_tiles *tiles, const hone_conv_dims *dims) {
    return hone__divide_up(dims->out_c, tiles->nr) * tiles->nr;
}

static const hone_conv_planes_tiles *tiles_of(const hone_conv_kernel *kernel,
                                              const hone_conv_dims *dims) {
    const hone_conv_planes_shapes *all = kernel->tile;
    const hone_conv_planes_tiles *best = all->shapes;
    for (size_t i = 1; i < all->count; i++)
        if (padded(&all->shapes[i], dims) < padded(best, dims)) best = &all->shapes[i];
    return best;
}

/* Lines that a tile reads, and weights of one output channel. */
static size_t line_count(const hone_conv_dims *d) {
    return (size_t)d->in_c * d->kernel_h;
}

static size_t panel_floats(const hone_conv_planes_tiles *tiles, const hone_conv_dims *dims) {
    return tiles->nr * (1 + line_count(dims) * dims->kernel_w);
}

size_t hone__conv_planes_pack_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    const hone_conv_planes_tiles *tiles = tiles_of(kernel, dims);
    return hone__divide_up(dims->out_c, tiles->nr) * panel_floats(tiles, dims) * sizeof(float);
}

void hone__conv_planes_pack(const hone_conv_kernel *kernel, const hone_conv_dims *dims,
                            const hone_conv_weights *weights, void *packed) {
    const hone_conv_planes_tiles *tiles = tiles_of(kernel, dims);
    size_t nr = tiles->nr, taps = hone__conv_taps(dims);
    memset(packed, 0, hone__conv_planes_pack_bytes(kernel, dims));
    for (size_t o = 0; o < dims->out_c; o++) {
        float *out = (float *)packed + o / nr * panel_floats(tiles, dims) + o % nr;
        if (weights->bias) *out = hone__element_f32(weights->bias, o);
        for (size_t i = 0; i < dims->in_c; i++)
            for (size_t t = 0; t < taps; t++)
                *(out += nr) =
                    hone__element_f32(weights->data, o * weights->out_step + i * weights->in_step +
                                                         t * weights->tap_step);
    }
}

/* Elements of a line with its padding. */
static size_t line_floats(const hone_conv_dims *d) {
    return (size_t)(d->out_w - 1) * d->stride_w + d->kernel_w;
}

static bool needs_copies(const hone_conv_dims *d) {
    return d->pad_left > 0 || line_floats(d) > d->in_w;
}

static size_t pointer_bytes(const hone_conv_dims *d) {
    return hone__divide_up(line_count(d) * sizeof(float *), 64) * 64;
}

size_t hone__conv_planes_scratch_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *d) {
    size_t lines = 1 + (needs_copies(d) ? line_count(d) : 0);
    return pointer_bytes(d) + lines * line_floats(d) * sizeof(float);
}

uint32_t hone__conv_planes_task_count(const hone_conv_kernel *kernel, const hone_conv_dims *d) {
    size_t rows = (size_t)d->n * d->out_h;
    return (uint32_t)hone__divide_up(rows, hone__taps_rows_per_task(d));
}

/* Line `from` of the input with zeros at its ends. */
static void pad_line(const hone_conv_dims *d, const float *from, float *line) {
    size_t count = line_floats(d), begin = hone__min_size(d->pad_left, count);
    size_t end = hone__min_size(begin + d->in_w, count);
    memset(line, 0, begin * sizeof *line);
    memcpy(line + begin, from, (end - begin) * sizeof *line);
    memset(line + end, 0, (count - end) * sizeof *line);
}

typedef struct line_store {
    const float **lines;      /* [plane][kernel row], of the current output row */
    float *zeros, *copies;    /* copies [plane][slot] */
    size_t held[MOST_KERNEL]; /* which row of the images each slot has */
} line_store;

/* Points to the lines under an output row, copying those that are new. */
static void point_lines(line_store *store, const hone_conv_args *args, size_t row) {
    const hone_conv_dims *d = args->dims;
    size_t image = row / d->out_h, top = row % d->out_h * d->stride_h, floats = line_floats(d);
    bool copies = needs_copies(d);
    for (size_t ky = 0; ky < d->kernel_h; ky++) {
        size_t y = top + ky - d->pad_top; /* wraps around above the input */
        size_t slot = y % d->kernel_h, line = image * d->in_h + y;
        for (size_t i = 0; i < d->in_c; i++) {
            const float **to = &store->lines[i * d->kernel_h + ky];
            const float *from = store->zeros;
            if (y < d->in_h) from = args->input + ((image * d->in_c + i) * d->in_h + y) * d->in_w;
            *to = from;
            if (!copies || y >= d->in_h) continue;
            float *copy = store->copies + (i * d->kernel_h + slot) * floats;
            if (store->held[slot] != line) pad_line(d, from, copy);
            *to = copy;
        }
        if (y < d->in_h) store->held[slot] = line;
    }
}

/* One panel over an output row, its pixels dealt out evenly. */
static void run_panel(const hone_conv_planes_tiles *tiles, const hone_conv_args *args, size_t row,
                      size_t channel, hone_conv_tile tile) {
    const hone_conv_dims *d = args->dims;
    size_t count = hone__divide_up(d->out_w, tiles->mr);
    for (size_t x = 0, i = 0; i < count; i++) {
        size_t pixels = hone__divide_up(d->out_w - x, count - i), at = row * d->out_w + x;
        tile.output = args->output + at * args->output_stride + channel;
        if (args->residual) tile.residual = args->residual + at * args->residual_stride + channel;
        tiles->run[d->stride_w - 1][pixels - 1](&tile, x * d->stride_w);
        x += pixels;
    }
}

void hone__conv_planes_run_task(const hone_conv_kernel *kernel, const hone_conv_args *args,
                                uint32_t index, void *scratch) {
    const hone_conv_dims *d = args->dims;
    const hone_conv_planes_tiles *tiles = tiles_of(kernel, d);
    size_t block = hone__taps_rows_per_task(d), row = index * block;
    size_t end = hone__min_size(row + block, (size_t)d->n * d->out_h);
    line_store store = {.lines = scratch};
    store.zeros = (float *)(void *)((char *)scratch + pointer_bytes(d));
    store.copies = store.zeros + line_floats(d);
    for (size_t i = 0; i < MOST_KERNEL; i++) store.held[i] = SIZE_MAX;
    memset(store.zeros, 0, line_floats(d) * sizeof(float));
    hone_conv_tile tile = {
        .rows = store.lines,
        .taps = line_count(d),
        .depth = d->kernel_w,
        .output_stride = args->output_stride,
        .residual_stride = args->residual_stride,
        .lo = args->lo,
        .hi = args->hi,
    };
    for (; row < end; row++) {
        point_lines(&store, args, row);
        tile.panel = args->packed;
        for (size_t o = 0; o < d->out_c; o += tiles->nr) {
            tile.columns = hone__min_size(tiles->nr, d->out_c - o);
            run_panel(tiles, args, row, o, tile);
            tile.panel += panel_floats(tiles, d);
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Packing and tasks of the depthwise convolution. A task is a few output rows. Scratch: a pixel of
 * zeros, then the tap pointers. */
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

void hone__dwconv_tiled_pack(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims,
                             const hone_conv_weights *weights, void *packed) {
    size_t width = ((const hone_dwconv_tiles *)kernel->tile)->width, taps = hone__conv_taps(dims);
    float *out = packed;
    memset(packed, 0, hone__dwconv_tiled_pack_bytes(kernel, dims));
    for (size_t c = 0; c < dims->out_c; c++) {
        float *to = out + c / width * width * (1 + taps) + c % width;
        if (weights->bias) to[0] = hone__element_f32(weights->bias, c);
        for (size_t t = 0; t < taps; t++)
            to[(1 + t) * width] =
                hone__element_f32(weights->data, c * weights->out_step + t * weights->tap_step);
    }
}

static size_t zeros_bytes(const hone_conv_dims *dims) {
    return hone__divide_up(dims->in_c * sizeof(float), 64) * 64;
}

size_t hone__dwconv_tiled_scratch_bytes(const hone_dwconv_kernel *kernel,
                                        const hone_conv_dims *dims) {
    return zeros_bytes(dims) + hone__conv_taps(dims) * sizeof(void *);
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

void hone__dwconv_tiled_run_task(const hone_dwconv_kernel *kernel, const hone_dwconv_args *args,
                                 uint32_t index, void *scratch) {
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
    memset(scratch, 0, zeros_bytes(d));
    size_t block = hone__taps_rows_per_task(d), row = index * block;
    size_t end = hone__min_size(row + block, (size_t)d->n * d->out_h);
    for (; row < end; row++) run_row(kernel->tile, args, &taps, &tile, row);
}

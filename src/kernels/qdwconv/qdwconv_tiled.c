/* SPDX-License-Identifier: Apache-2.0 */
/* Packing and tasks of the quantized depthwise convolution. A task is a few output rows. Scratch: a
 * pixel of zero points, then the tap pointers. */
#include "kernels/qdwconv/qdwconv_tiled.h"
#include "kernels/shared/element.h"
#include "kernels/shared/taps.h"

bool hone__qdwconv_tiled_supports(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims) {
    return dims->groups == dims->in_c && dims->in_c == dims->out_c;
}

/* Taps that one instruction takes. */
static size_t taps_of(const hone_qdwconv_tiles *tiles) {
    return tiles->fours ? 4 : 2;
}

static size_t pairs_of(const hone_qdwconv_tiles *tiles, const hone_conv_dims *dims) {
    return hone__divide_up(hone__conv_taps(dims), taps_of(tiles));
}

size_t hone__qdwconv_panel_bytes(size_t width, size_t pairs) {
    return width * (sizeof(int32_t) + sizeof(float) + pairs * 2 * sizeof(int16_t));
}

size_t hone__qdwconv_tiled_pack_bytes(const hone_qdwconv_kernel *kernel,
                                      const hone_conv_dims *dims) {
    const hone_qdwconv_tiles *tiles = kernel->tile;
    hone_qdwconv_block block = {0};
    size_t blocks = 0;
    while (hone__qdwconv_next(dims->out_c, tiles->width, tiles->narrow, &block)) blocks++;
    return blocks * hone__qdwconv_panel_bytes(tiles->width, pairs_of(tiles, dims));
}

/* Channel c into lane `lane` of its panel. */
static void pack_channel(const hone_qdwconv_tiles *tiles, const hone_conv_dims *dims,
                         const hone_qconv_pack *source, size_t c, size_t lane, char *panel) {
    const hone_conv_weights *weights = &source->weights;
    size_t width = tiles->width;
    int32_t *bias = (int32_t *)(void *)panel;
    int16_t *to = (int16_t *)(bias + 2 * width);
    int32_t sum = 0;
    for (size_t t = 0; t < hone__conv_taps(dims); t++) {
        int8_t w = ((const int8_t *)weights->data)[c * weights->out_step + t * weights->tap_step];
        if (tiles->fours)
            ((int8_t *)to)[(t / 4 * width + lane) * 4 + t % 4] = w;
        else
            to[(t / 2 * width + lane) * 2 + t % 2] = w;
        sum += w;
    }
    uint32_t own = weights->bias ? (uint32_t)hone__element_s32(weights->bias, c) : 0;
    bias[lane] = (int32_t)(own - (uint32_t)sum * source->input_zero);
    float multiplier = hone__element_f32(source->multiplier, c);
    memcpy(bias + width + lane, &multiplier, sizeof multiplier);
}

void hone__qdwconv_tiled_pack(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims,
                              const hone_qconv_pack *source, void *packed) {
    const hone_qdwconv_tiles *tiles = kernel->tile;
    size_t width = tiles->width, bytes = hone__qdwconv_panel_bytes(width, pairs_of(tiles, dims));
    hone_qdwconv_block block = {0};
    char *panel = packed;
    memset(packed, 0, hone__qdwconv_tiled_pack_bytes(kernel, dims));
    for (; hone__qdwconv_next(dims->out_c, width, tiles->narrow, &block); panel += bytes)
        for (size_t i = 0; i < block.size; i++) {
            size_t lane = tiles->order[i];
            pack_channel(tiles, dims, source, block.first + i, lane, panel);
            if (block.size <= tiles->narrow && tiles->copy)
                pack_channel(tiles, dims, source, block.first + i, lane + tiles->copy, panel);
        }
}

/* Zero points under all pixels of an output row, so that kernel rows in the padding do not keep a
 * row from being one group. */
static size_t outside_bytes(const hone_conv_dims *dims) {
    size_t bytes = (size_t)dims->in_c * dims->out_w * dims->stride_w;
    return hone__divide_up(bytes, 64) * 64;
}

size_t hone__qdwconv_tiled_scratch_bytes(const hone_qdwconv_kernel *kernel,
                                         const hone_conv_dims *dims) {
    const hone_qdwconv_tiles *tiles = kernel->tile;
    return outside_bytes(dims) + pairs_of(tiles, dims) * taps_of(tiles) * sizeof(void *);
}

uint32_t hone__qdwconv_tiled_task_count(const hone_qdwconv_kernel *kernel,
                                        const hone_conv_dims *dims) {
    size_t rows = (size_t)dims->n * dims->out_h;
    return (uint32_t)hone__divide_up(rows, hone__taps_rows_per_task(dims));
}

static void run_row(const hone_qdwconv_tiles *tiles, const hone_qdwconv_args *args, hone_taps *taps,
                    hone_qdwconv_tile *tile, size_t row, void *outside) {
    size_t count = hone__conv_taps(args->dims), all = tile->pairs * taps_of(tiles);
    hone__taps_start(taps, row);
    if (taps->clipped && (taps->ky > 0 || taps->ky_end < args->dims->kernel_h))
        memset(outside, args->input_zero, outside_bytes(args->dims));
    while ((tile->pixels = hone__taps_next(taps)) > 0) {
        size_t at = row * args->dims->out_w + taps->x;
        tile->output = args->output + at * args->output_stride;
        for (size_t t = count; t < all; t++) taps->pointers[t] = taps->pointers[count - 1];
        tiles->run(tile);
    }
}

void hone__qdwconv_tiled_run_task(const hone_qdwconv_kernel *kernel, const hone_qdwconv_args *args,
                                  uint32_t index, void *scratch) {
    const hone_conv_dims *d = args->dims;
    hone_taps taps = {
        .dims = d,
        .input = args->input,
        .pixel_bytes = args->input_stride,
        .clipped = args->input_stride == d->in_c,
        .outside = scratch,
        .pointers = (const void **)(void *)((char *)scratch + outside_bytes(d)),
    };
    hone_qdwconv_tile tile = {
        .taps = (const uint8_t *const *)(const void *)taps.pointers,
        .pairs = pairs_of(kernel->tile, d),
        .step = d->stride_w * args->input_stride,
        .panel = args->packed,
        .channels = d->out_c,
        .output_stride = args->output_stride,
        .output_zero = args->output_zero,
        .lo = args->lo,
        .hi = args->hi,
    };
    memset(scratch, args->input_zero, d->in_c);
    size_t block = hone__taps_rows_per_task(d), row = index * block;
    size_t end = hone__min_size(row + block, (size_t)d->n * d->out_h);
    for (; row < end; row++) run_row(kernel->tile, args, &taps, &tile, row, scratch);
}

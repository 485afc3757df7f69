/* SPDX-License-Identifier: Apache-2.0 */
/* Packing and tasks of the quantized convolution. Packed: for each group and panel what
 * hone_qconv_tile says; channels behind the group's last and depths behind the last are zero. */
#include "kernels/qconv/qconv_tiled.h"
#include "kernels/shared/element.h"
#include "kernels/shared/gather.h"
#include "kernels/shared/tiling.h"

static hone_tiling tiling_of(const hone_qconv_tiles *tiles, const hone_conv_dims *dims) {
    size_t depth = hone__conv_taps(dims) * (dims->in_c / dims->groups);
    hone_tile_shape shape = {tiles->mr, tiles->nr, tiles->depth_step, 1, 2 * depth, 1, 8};
    return hone__tiling(dims, &shape);
}

bool hone__qconv_tiled_supports(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    return true;
}

/* A multiple of 64 for nr = 16 and even depth; else rounded up, so that panels stay aligned. */
static size_t panel_bytes(const hone_qconv_tiles *tiles, const hone_tiling *tiling) {
    size_t bytes = tiles->nr * (sizeof(int32_t) + sizeof(float) + tiling->depth);
    return hone__divide_up(bytes, 64) * 64;
}

size_t hone__qconv_tiled_pack_bytes(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    hone_tiling tiling = tiling_of(kernel->tile, dims);
    return dims->groups * tiling.panels * panel_bytes(kernel->tile, &tiling);
}

/* One panel: output channels [o, o + columns). */
static void pack_panel(const hone_qconv_tiles *tiles, const hone_tiling *tiling, size_t taps,
                       const hone_qconv_pack *source, size_t o, size_t columns, char *out) {
    const hone_conv_weights *weights = &source->weights;
    size_t nr = tiles->nr, pack = tiles->pack;
    memset(out, 0, panel_bytes(tiles, tiling));
    if (weights->bias) memcpy(out, (const int32_t *)weights->bias + o, columns * sizeof(int32_t));
    memcpy(out + nr * sizeof(int32_t), (const float *)source->multiplier + o,
           columns * sizeof(float));
    int8_t *to = (int8_t *)out + nr * (sizeof(int32_t) + sizeof(float));
    for (size_t c = 0; c < columns; c++)
        for (size_t t = 0; t < taps; t++)
            for (size_t i = 0; i < tiling->group_in; i++) {
                size_t k = t * tiling->group_in + i;
                to[(k / pack * nr + c) * pack + k % pack] =
                    ((const int8_t *)weights->data)[(o + c) * weights->out_step +
                                                    i * weights->in_step + t * weights->tap_step];
            }
}

void hone__qconv_tiled_pack(const hone_qconv_kernel *kernel, const hone_conv_dims *dims,
                            const hone_qconv_pack *source, void *packed) {
    const hone_qconv_tiles *tiles = kernel->tile;
    hone_tiling tiling = tiling_of(tiles, dims);
    char *out = packed;
    for (size_t g = 0; g < dims->groups; g++)
        for (size_t p = 0; p < tiling.panels; p++) {
            size_t first = p * tiles->nr;
            size_t columns = hone__min_size(tiles->nr, tiling.group_out - first);
            pack_panel(tiles, &tiling, hone__conv_taps(dims), source, g * tiling.group_out + first,
                       columns, out);
            out += panel_bytes(tiles, &tiling);
        }
}

/* A gather whose input is still to be told. */
static hone_gather gather_of(const hone_qconv_tiles *tiles, const hone_conv_dims *dims,
                             const hone_tiling *tiling) {
    hone_gather gather = {
        .dims = dims,
        .channels = tiling->group_in,
        .in_bytes = 1,
        .out_bytes = sizeof(int16_t),
        .row_elements = tiling->depth,
        .copy = tiles->widen,
    };
    return gather;
}

/* Scratch: the rows, then strips. */
static size_t rows_bytes(const hone_tiling *tiling) {
    size_t bytes = tiling->row_block * tiling->depth * sizeof(int16_t) + HONE_GATHER_SLACK;
    return hone__divide_up(bytes, 64) * 64;
}

size_t hone__qconv_tiled_scratch_bytes(const hone_qconv_kernel *kernel,
                                       const hone_conv_dims *dims) {
    hone_tiling tiling = tiling_of(kernel->tile, dims);
    hone_gather gather = gather_of(kernel->tile, dims, &tiling);
    return rows_bytes(&tiling) + hone__gather_strip_bytes(&gather);
}

uint32_t hone__qconv_tiled_task_count(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    hone_tiling tiling = tiling_of(kernel->tile, dims);
    return hone__tiling_tasks(dims, &tiling);
}

static void widen_rows(const hone_qconv_tiles *tiles, const hone_qconv_args *args,
                       const hone_tiling *tiling, const hone_tile_range *range, void *rows) {
    hone_gather gather = gather_of(tiles, args->dims, tiling);
    gather.input = args->input + range->group * tiling->group_in;
    gather.pixel_bytes = args->input_stride;
    gather.zero = args->input_zero;
    gather.strips = (char *)rows + rows_bytes(tiling);
    hone__gather_rows(&gather, range->row, range->rows, rows);
}

/* One panel of weights over a step of rows. */
static void run_panel(const hone_qconv_tiles *tiles, const hone_qconv_args *args,
                      const hone_tile_range *range, hone_qconv_tile tile, size_t channel) {
    for (size_t r = 0; r < range->rows; r += tiles->mr) {
        size_t at = (range->row + r) * args->output_stride + channel;
        if (args->output)
            tile.output = args->output + at;
        else
            tile.output_f32 = args->output_f32 + at;
        if (tile.sum) tile.addend = args->sum.data + (range->row + r) * args->sum.stride + channel;
        tiles->run[hone__min_size(tiles->mr, range->rows - r) - 1](&tile);
        tile.rows += tiles->mr * tile.depth;
    }
}

/* All panels of the task over a step of its rows. */
static void run_step(const hone_qconv_tiles *tiles, const hone_qconv_args *args,
                     const hone_tiling *tiling, const hone_tile_range *step, hone_qconv_tile tile) {
    for (size_t p = step->panel; p < step->panel + step->panels; p++) {
        size_t first = p * tiles->nr;
        tile.columns = hone__min_size(tiles->nr, tiling->group_out - first);
        tile.panel = (const char *)args->packed +
                     (step->group * tiling->panels + p) * panel_bytes(tiles, tiling);
        run_panel(tiles, args, step, tile, step->group * tiling->group_out + first);
    }
}

void hone__qconv_tiled_run_task(const hone_qconv_kernel *kernel, const hone_qconv_args *args,
                                uint32_t index, void *scratch) {
    const hone_qconv_tiles *tiles = kernel->tile;
    hone_tiling tiling = tiling_of(tiles, args->dims);
    hone_tile_range range = hone__tiling_range(&tiling, index);
    widen_rows(tiles, args, &tiling, &range, scratch);
    hone_qconv_tile tile = {
        .rows = scratch,
        .depth = tiling.depth,
        .output_stride = args->output_stride,
        .output_zero = args->output_zero,
        .lo = args->lo,
        .hi = args->hi,
        .sum = args->sum.data ? &args->sum : NULL,
    };
    for (size_t done = 0; done < range.rows; done += tiling.row_step) {
        hone_tile_range step = range;
        step.row += done;
        step.rows = hone__min_size(tiling.row_step, range.rows - done);
        run_step(tiles, args, &tiling, &step, tile);
        tile.rows += tiling.row_step * tile.depth;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the fast kernels of conv.h share: everything but the innermost tile. A tier gives a
 * hone_conv_tiles as `tile` of its hone_conv_kernel and takes the functions below. */
#ifndef HONE_KERNELS_CONV_TILED_H
#define HONE_KERNELS_CONV_TILED_H

#include "kernels/conv/conv.h"

/* output[r][c] = clamp(panel's bias[c] + sum over taps and k < depth of rows[tap * mr + r][k] *
 * panel's weight[tap][k][c] + residual[r][c], lo, hi) for c < columns. */
typedef struct hone_conv_tile {
    const float *const *rows; /* [taps][mr] */
    size_t taps, depth;
    const float *panel; /* bias [nr], weights [taps * depth][nr]; 64-byte aligned */
    const float *residual;
    size_t residual_stride;
    float *output;
    size_t output_stride;
    size_t columns; /* 1 .. nr */
    float lo, hi;
    /* What will be read next, to be brought nearer meanwhile: a cache line each four steps of
     * depth, taps * depth / 4 lines in all. A hint; it may point nowhere. NULL: nothing. */
    const float *next;
} hone_conv_tile;

#define HONE_CONV_MR 12
typedef struct hone_conv_tiles {
    size_t mr, nr;
    void (*run[HONE_CONV_MR])(const hone_conv_tile *tile); /* run[r - 1] computes r rows */
    /* Tiles of few rows take nearly as long as full ones: rows are dealt out evenly. */
    bool even;
} hone_conv_tiles;

/* Rows of the next tile, of `left` rows for `count` tiles. */
static inline size_t hone__conv_tile_rows(const hone_conv_tiles *tiles, size_t left, size_t count) {
    size_t most = left < tiles->mr ? left : tiles->mr;
    return tiles->even ? (left + count - 1) / count : most;
}

bool hone__conv_tiled_supports(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
size_t hone__conv_tiled_pack_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
void hone__conv_tiled_pack(const hone_conv_kernel *kernel, const hone_conv_dims *dims,
                           const hone_conv_weights *weights, void *packed);
size_t hone__conv_tiled_scratch_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
uint32_t hone__conv_tiled_task_count(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
void hone__conv_tiled_run_task(const hone_conv_kernel *kernel, const hone_conv_args *args,
                               uint32_t index, void *scratch);

#endif

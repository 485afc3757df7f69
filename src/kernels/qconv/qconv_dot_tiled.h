/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernels of qconv.h share whose instruction sums four products of bytes into 32 bits
 * (VPDPBUSD, SDOT): everything but the innermost tile.
 *
 * Inputs stay bytes. With channels a multiple of four, a tile reads them where they lie, through
 * pointers a tap, as conv_tiled.h does; others are copied into dense rows first. The zero point is
 * taken off in the bias: sum (x - zero) w = sum (x - offset) w + (offset - zero) sum w, where
 * offset is what the tile itself takes off an input. So padding is read as the zero point, and no
 * sum can saturate. */
#ifndef HONE_KERNELS_QCONV_DOT_TILED_H
#define HONE_KERNELS_QCONV_DOT_TILED_H

#include "kernels/qconv/qconv_tiled.h"

/* acc[r][c] = panel's bias[c] + sum over taps and k < depth of (rows[tap * mr + r][k] - offset) *
 * panel's weight[tap][k][c]; the rest as hone_qconv_tile says. */
typedef struct hone_qconv_dot_tile {
    hone_qconv_tile out; /* its rows and depth are unused; weights [taps * depth / 4][nr][4] */
    const uint8_t *const *rows; /* [taps][mr] */
    size_t taps, depth;         /* depth: a multiple of 4 */
} hone_qconv_dot_tile;

#define HONE_QCONV_DOT_MR 12
typedef struct hone_qconv_dot_tiles {
    size_t mr, nr;
    int32_t offset;
    void (*run[HONE_QCONV_DOT_MR])(const hone_qconv_dot_tile *tile); /* run[r - 1]: r rows */
} hone_qconv_dot_tiles;

bool hone__qconv_dot_supports(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
size_t hone__qconv_dot_pack_bytes(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
void hone__qconv_dot_pack(const hone_qconv_kernel *kernel, const hone_conv_dims *dims,
                          const hone_qconv_pack *source, void *packed);
size_t hone__qconv_dot_scratch_bytes(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
uint32_t hone__qconv_dot_task_count(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
void hone__qconv_dot_run_task(const hone_qconv_kernel *kernel, const hone_qconv_args *args,
                              uint32_t index, void *scratch);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the fast kernels of qconv.h share: everything but the innermost tile.
 *
 * Inputs of a task are copied into dense rows of int16 with the zero point taken off (padding is
 * then plain zero), once for all the panels that the task multiplies them with. Products of 16-bit
 * numbers summed in 32 bits are exact without a thought about saturation. */
#ifndef HONE_KERNELS_QCONV_TILED_H
#define HONE_KERNELS_QCONV_TILED_H

#include "kernels/qconv/qconv.h"

/* acc[r][c] = panel's bias[c] + sum over k < depth of rows[r * depth + k] * panel's weight[k][c],
 * requantized for c < columns into output, or into output_f32 when output is NULL. */
typedef struct hone_qconv_tile {
    const int16_t *rows; /* 64-byte aligned as a whole */
    size_t depth;        /* a multiple of the tiles' depth_step */
    const void
        *panel; /* bias [nr] int32, multiplier [nr] float, weights [depth / pack][nr][pack] */
    uint8_t *output;
    float *output_f32;
    size_t output_stride;
    size_t columns; /* 1 .. nr */
    int32_t output_zero;
    float lo, hi;
    const hone_qconv_sum *sum; /* NULL: nothing is added */
    const uint8_t *addend;     /* to the first row, sum->stride to the next */
} hone_qconv_tile;

#define HONE_QCONV_MR 8
typedef struct hone_qconv_tiles {
    size_t mr, nr, pack, depth_step; /* depth_step: a multiple of pack */
    void (*widen)(void *out, const void *in, size_t count, int32_t zero); /* u8 to int16 */
    void (*run[HONE_QCONV_MR])(const hone_qconv_tile *tile); /* run[r - 1] computes r rows */
} hone_qconv_tiles;

bool hone__qconv_tiled_supports(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
size_t hone__qconv_tiled_pack_bytes(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
void hone__qconv_tiled_pack(const hone_qconv_kernel *kernel, const hone_conv_dims *dims,
                            const hone_qconv_pack *source, void *packed);
size_t hone__qconv_tiled_scratch_bytes(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
uint32_t hone__qconv_tiled_task_count(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
void hone__qconv_tiled_run_task(const hone_qconv_kernel *kernel, const hone_qconv_args *args,
                                uint32_t index, void *scratch);

#endif

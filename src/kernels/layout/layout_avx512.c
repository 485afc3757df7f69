/* SPDX-License-Identifier: Apache-2.0 */
/* Transposes of 4-byte elements in blocks of 16 x 16 that stay in registers; edges, and inputs of
 * few rows, in the smaller blocks of AVX2. */
#include "kernels/layout/layout_tiers.h"
#include "kernels/shared/avx512.h"

enum { BLOCK = 16 };

/* Rows 4g .. 4g + 3: fours[4g + j] has, in its quarter q, column 4q + j of these rows. */
HONE_INLINE void turn_fours(const __m512 *row, __m512 *fours) {
#pragma GCC unroll 4
    for (size_t g = 0; g < 16; g += 4) {
        __m512 low01 = _mm512_unpacklo_ps(row[g], row[g + 1]);
        __m512 high01 = _mm512_unpackhi_ps(row[g], row[g + 1]);
        __m512 low23 = _mm512_unpacklo_ps(row[g + 2], row[g + 3]);
        __m512 high23 = _mm512_unpackhi_ps(row[g + 2], row[g + 3]);
        fours[g] = _mm512_shuffle_ps(low01, low23, 0x44);
        fours[g + 1] = _mm512_shuffle_ps(low01, low23, 0xEE);
        fours[g + 2] = _mm512_shuffle_ps(high01, high23, 0x44);
        fours[g + 3] = _mm512_shuffle_ps(high01, high23, 0xEE);
    }
}

/* 16 rows of 16 become 16 columns: fours within quarters of registers, then the quarters. */
HONE_INLINE void turn_x32(const uint32_t *in, size_t in_stride, uint32_t *out, size_t out_stride) {
    __m512 row[16], fours[16];
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++) row[i] = _mm512_loadu_ps((const float *)(in + i * in_stride));
    turn_fours(row, fours);
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; j++) {
        __m512 even01 = _mm512_shuffle_f32x4(fours[j], fours[4 + j], 0x88);
        __m512 odd01 = _mm512_shuffle_f32x4(fours[j], fours[4 + j], 0xDD);
        __m512 even23 = _mm512_shuffle_f32x4(fours[8 + j], fours[12 + j], 0x88);
        __m512 odd23 = _mm512_shuffle_f32x4(fours[8 + j], fours[12 + j], 0xDD);
        float *to = (float *)out + j * out_stride;
        _mm512_storeu_ps(to, _mm512_shuffle_f32x4(even01, even23, 0x88));
        _mm512_storeu_ps(to + 4 * out_stride, _mm512_shuffle_f32x4(odd01, odd23, 0x88));
        _mm512_storeu_ps(to + 8 * out_stride, _mm512_shuffle_f32x4(even01, even23, 0xDD));
        _mm512_storeu_ps(to + 12 * out_stride, _mm512_shuffle_f32x4(odd01, odd23, 0xDD));
    }
}

/* Rows [row, rows) and columns [col, cols) by the blocks of AVX2. */
static void turn_rest(const hone_transpose_args *args, size_t row, size_t rows, size_t col,
                      size_t cols) {
    hone_transpose_args rest = *args;
    if (row == rows || col == cols) return;
    rest.rows = rows - row, rest.cols = cols - col;
    rest.input = (const uint32_t *)args->input + row * args->input_stride + col;
    rest.output = (uint32_t *)args->output + col * args->output_stride + row;
    hone_transpose_x32_avx2(&rest);
}

void hone_transpose_x32_avx512(const hone_transpose_args *args) {
    if (args->rows < BLOCK) {
        hone_transpose_x32_avx2(args);
        return;
    }
    size_t rows = args->rows / BLOCK * BLOCK, cols = args->cols / BLOCK * BLOCK;
    for (size_t c = 0; c < cols; c += BLOCK)
        for (size_t r = 0; r < rows; r += BLOCK)
            turn_x32((const uint32_t *)args->input + r * args->input_stride + c, args->input_stride,
                     (uint32_t *)args->output + c * args->output_stride + r, args->output_stride);
    turn_rest(args, rows, args->rows, 0, cols);
    turn_rest(args, 0, args->rows, cols, args->cols);
}

const hone_layout_table hone_layout_avx512 = {
    .transpose8 = hone_transpose_x8_avx2,
    .transpose32 = hone_transpose_x32_avx512,
    .copy = hone_copy_x8_ref,
    .pick32 = hone_pick_x32_avx2,
    .transpose8_name = "hone_transpose_x8_avx2",
    .transpose32_name = "hone_transpose_x32_avx512",
    .copy_name = "hone_copy_x8_ref",
    .pick32_name = "hone_pick_x32_avx2",
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Transposes in blocks of 8 x 8 that stay in registers; edges, and inputs of few rows (the planes
 * of a picture), element by element. */
#include "kernels/layout/layout_tiers.h"
#include "kernels/shared/avx2.h"

enum { BLOCK = 8 };

/* 8 rows of 8 become 8 columns. Unpacking pairs, then fours, within halves; then the halves. */
HONE_INLINE void turn_x32(const uint32_t *in, size_t in_stride, uint32_t *out, size_t out_stride) {
    __m256 row[8], pair[8], four[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) row[i] = _mm256_loadu_ps((const float *)(in + i * in_stride));
#pragma GCC unroll 4
    for (size_t i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
    }
#pragma GCC unroll 2
    for (size_t i = 0; i < 8; i += 4) {
        four[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
        four[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xEE);
        four[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
        four[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xEE);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        __m256 low = _mm256_permute2f128_ps(four[i], four[i + 4], 0x20);
        __m256 high = _mm256_permute2f128_ps(four[i], four[i + 4], 0x31);
        _mm256_storeu_ps((float *)(out + i * out_stride), low);
        _mm256_storeu_ps((float *)(out + (i + 4) * out_stride), high);
    }
}

HONE_INLINE void turn_x8(const uint8_t *in, size_t in_stride, uint8_t *out, size_t out_stride) {
    __m128i row[8], pair[4], low[2], high[2], column[4];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        row[i] = _mm_loadl_epi64((const __m128i *)(const void *)(in + i * in_stride));
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) pair[i] = _mm_unpacklo_epi8(row[2 * i], row[2 * i + 1]);
#pragma GCC unroll 2
    for (size_t i = 0; i < 2; i++) {
        low[i] = _mm_unpacklo_epi16(pair[2 * i], pair[2 * i + 1]);
        high[i] = _mm_unpackhi_epi16(pair[2 * i], pair[2 * i + 1]);
    }
    column[0] = _mm_unpacklo_epi32(low[0], low[1]);
    column[1] = _mm_unpackhi_epi32(low[0], low[1]);
    column[2] = _mm_unpacklo_epi32(high[0], high[1]);
    column[3] = _mm_unpackhi_epi32(high[0], high[1]);
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        uint8_t *first = out + 2 * i * out_stride;
        _mm_storel_epi64((__m128i *)(void *)first, column[i]);
        _mm_storel_epi64((__m128i *)(void *)(first + out_stride),
                         _mm_unpackhi_epi64(column[i], column[i]));
    }
}

/* Two rows become pairs, as in a channel shuffle. Returns the columns that are done. */
static size_t zip_pairs(const hone_transpose_args *args) {
    const float *a = args->input, *b = a + args->input_stride;
    float *out = args->output;
    size_t c = 0;
    for (; c + BLOCK <= args->cols; c += BLOCK) {
        __m256 x = _mm256_loadu_ps(a + c), y = _mm256_loadu_ps(b + c);
        __m256 low = _mm256_unpacklo_ps(x, y), high = _mm256_unpackhi_ps(x, y);
        _mm256_storeu_ps(out + 2 * c, _mm256_permute2f128_ps(low, high, 0x20));
        _mm256_storeu_ps(out + 2 * c + BLOCK, _mm256_permute2f128_ps(low, high, 0x31));
    }
    return c;
}

void hone_transpose_x32_avx2(const hone_transpose_args *args) {
    if (args->rows == 2 && args->output_stride == 2) {
        hone__transpose_rest_x32(args, 0, 2, zip_pairs(args), args->cols);
        return;
    }
    size_t rows = args->rows / BLOCK * BLOCK, cols = args->cols / BLOCK * BLOCK;
    for (size_t c = 0; c < cols; c += BLOCK)
        for (size_t r = 0; r < rows; r += BLOCK)
            turn_x32((const uint32_t *)args->input + r * args->input_stride + c, args->input_stride,
                     (uint32_t *)args->output + c * args->output_stride + r, args->output_stride);
    hone__transpose_rest_x32(args, rows, args->rows, 0, cols);
    hone__transpose_rest_x32(args, 0, args->rows, cols, args->cols);
}

void hone_transpose_x8_avx2(const hone_transpose_args *args) {
    size_t rows = args->rows / BLOCK * BLOCK, cols = args->cols / BLOCK * BLOCK;
    for (size_t c = 0; c < cols; c += BLOCK)
        for (size_t r = 0; r < rows; r += BLOCK)
            turn_x8((const uint8_t *)args->input + r * args->input_stride + c, args->input_stride,
                    (uint8_t *)args->output + c * args->output_stride + r, args->output_stride);
    hone__transpose_rest_x8(args, rows, args->rows, 0, cols);
    hone__transpose_rest_x8(args, 0, args->rows, cols, args->cols);
}

/* Every second element, as one half of a channel shuffle has them; others one by one. The second
 * eight of sixteen are read one element early, since nothing may lie behind the last. */
void hone_pick_x32_avx2(const hone_pick_args *args) {
    hone_pick_args rest = *args;
    if (args->input_step == 2 && args->output_step == 1) {
        size_t cols = args->cols / BLOCK * BLOCK;
        for (size_t r = 0; r < args->rows; r++) {
            const float *in = (const float *)args->input + (ptrdiff_t)r * args->input_stride;
            float *out = (float *)args->output + (ptrdiff_t)r * args->output_stride;
            for (size_t c = 0; c < cols; c += BLOCK) {
                __m256 x = _mm256_loadu_ps(in + 2 * c), y = _mm256_loadu_ps(in + 2 * c + 7);
                __m256d even = _mm256_castps_pd(_mm256_shuffle_ps(x, y, 0xD8));
                _mm256_storeu_ps(out + c, _mm256_castpd_ps(_mm256_permute4x64_pd(even, 0xD8)));
            }
        }
        rest.cols -= cols;
        rest.input = (const float *)args->input + 2 * cols;
        rest.output = (float *)args->output + cols;
    }
    if (rest.cols) hone_pick_x32_ref(&rest);
}

const hone_layout_table hone_layout_avx2 = {
    .transpose8 = hone_transpose_x8_avx2,
    .transpose32 = hone_transpose_x32_avx2,
    .copy = hone_copy_x8_ref,
    .pick32 = hone_pick_x32_avx2,
    .transpose8_name = "hone_transpose_x8_avx2",
    .transpose32_name = "hone_transpose_x32_avx2",
    .copy_name = "hone_copy_x8_ref",
    .pick32_name = "hone_pick_x32_avx2",
};

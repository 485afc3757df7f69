/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qconv_u8s8_4x16_avx2: 4 pixels x 16 channels. Two depths a step: weights are widened from
 * 8 to 16 bits (vpmovsxbw), a pair of inputs is broadcast, vpmaddwd makes the exact 32-bit sum of
 * two products, and 8 registers collect. */
#include "kernels/qconv/qconv_finish_avx2.h"
#include "kernels/qconv/qconv_tiers.h"
#include "kernels/qconv/qconv_tiled.h"

enum { MR = 4, NR = 16 };

static void widen(void *out, const void *in, size_t count, int32_t zero) {
    __m256i zeros = _mm256_set1_epi16((short)zero);
    const uint8_t *from = in;
    int16_t *to = out;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256i x = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(from + i)));
        _mm256_storeu_si256((__m256i *)(to + i), _mm256_sub_epi16(x, zeros));
    }
    for (; i < count; i++) to[i] = (int16_t)(from[i] - zero);
}

HONE_INLINE void store_f32(const hone_qconv_tile *t, const finish *f, const size_t rows,
                           __m256i (*acc)[2]) {
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        float *out = t->output_f32 + r * t->output_stride;
        hone__store_floats(out, scaled(f, 0, acc[r][0]), t->columns < 8 ? t->columns : 8);
        if (t->columns > 8) hone__store_floats(out + 8, scaled(f, 1, acc[r][1]), t->columns - 8);
    }
}

HONE_INLINE void store(const hone_qconv_tile *t, const size_t rows, __m256i (*acc)[2]) {
    const finish_bounds own = {t->lo, t->hi, t->output_zero};
    const finish f = finish_of((const float *)((const int32_t *)t->panel + NR), &own, t->sum);
    if (!t->output) {
        store_f32(t, &f, rows, acc);
        return;
    }
    finish_place to = {
        .output = t->output, .output_stride = t->output_stride, .columns = t->columns};
    if (!t->sum) {
        finish_rows(&f, &to, rows, acc);
        return;
    }
    const finish_bounds bounds = {t->sum->lo, t->sum->hi, t->sum->output_zero};
    to.addend = t->addend, to.addend_stride = t->sum->stride;
    finish_rows_summed(&f, &bounds, &to, rows, acc);
}

HONE_INLINE __m256i pair_of(const int16_t *inputs) {
    int32_t pair;
    memcpy(&pair, inputs, sizeof pair);
    return _mm256_set1_epi32(pair);
}

HONE_INLINE void run_rows(const hone_qconv_tile *t, const size_t rows) {
    __m256i acc[MR][2];
    const __m256i *bias = t->panel;
    const __m128i *weight = (const __m128i *)((const char *)t->panel + NR * 8);
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        acc[r][0] = _mm256_load_si256(bias);
        acc[r][1] = _mm256_load_si256(bias + 1);
    }
    const int16_t *in = t->rows;
    const size_t depth = t->depth;
    for (const int16_t *end = in + depth; in < end; in += 2, weight += 2) {
        __m256i w0 = _mm256_cvtepi8_epi16(_mm_load_si128(weight));
        __m256i w1 = _mm256_cvtepi8_epi16(_mm_load_si128(weight + 1));
#pragma GCC unroll 6
        for (size_t r = 0; r < rows; r++) {
            __m256i x = pair_of(in + r * depth);
            acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(x, w0));
            acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(x, w1));
        }
    }
    store(t, rows, acc);
}

static void rows1(const hone_qconv_tile *tile) {
    run_rows(tile, 1);
}
static void rows2(const hone_qconv_tile *tile) {
    run_rows(tile, 2);
}
static void rows3(const hone_qconv_tile *tile) {
    run_rows(tile, 3);
}
static void rows4(const hone_qconv_tile *tile) {
    run_rows(tile, 4);
}

static const hone_qconv_tiles tiles = {MR, NR, 2, 2, widen, {rows1, rows2, rows3, rows4}};

const hone_qconv_kernel hone_qconv_u8s8_4x16_avx2 = {
    .name = "hone_qconv_u8s8_4x16_avx2",
    .supports = hone__qconv_tiled_supports,
    .pack_bytes = hone__qconv_tiled_pack_bytes,
    .pack = hone__qconv_tiled_pack,
    .scratch_bytes = hone__qconv_tiled_scratch_bytes,
    .task_count = hone__qconv_tiled_task_count,
    .run_task = hone__qconv_tiled_run_task,
    .tile = &tiles,
};

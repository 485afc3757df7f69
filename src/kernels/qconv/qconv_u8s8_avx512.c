/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qconv_u8s8_8x32_avx512: 8 pixels x 32 channels, for CPUs with AVX-512 and without VNNI. Two
 * depths a step: weights are widened from 8 to 16 bits (vpmovsxbw), a pair of inputs is broadcast,
 * vpmaddwd makes the exact 32-bit sum of two products, and 16 registers collect. */
#include "kernels/qconv/qconv_finish_avx512.h"
#include "kernels/qconv/qconv_tiers.h"
#include "kernels/qconv/qconv_tiled.h"

enum { MR = 8, NR = 32, LANES = 16 };

static void widen(void *out, const void *in, size_t count, int32_t zero) {
    __m512i zeros = _mm512_set1_epi16((short)zero);
    const uint8_t *from = in;
    int16_t *to = out;
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m512i x = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(from + i)));
        _mm512_storeu_si512(to + i, _mm512_sub_epi16(x, zeros));
    }
    for (; i < count; i++) to[i] = (int16_t)(from[i] - zero);
}

HONE_INLINE __m512i pair_of(const int16_t *inputs) {
    int32_t pair;
    memcpy(&pair, inputs, sizeof pair);
    return _mm512_set1_epi32(pair);
}

HONE_INLINE void run_vectors(const hone_qconv_tile *t, const size_t rows, const size_t vectors) {
    __m512i acc[MR][2];
    const int32_t *bias = t->panel;
    const __m256i *weight = (const __m256i *)(const void *)(bias + 2 * NR);
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) {
        acc[r][0] = _mm512_load_si512(bias);
        acc[r][1] = _mm512_load_si512(bias + LANES);
    }
    const int16_t *in = t->rows;
    const size_t depth = t->depth;
    for (const int16_t *end = in + depth; in < end; in += 2, weight += 2) {
        __m512i w0 = _mm512_cvtepi8_epi16(_mm256_load_si256(weight)), w1 = w0;
        if (vectors == 2) w1 = _mm512_cvtepi8_epi16(_mm256_load_si256(weight + 1));
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            __m512i x = pair_of(in + r * depth);
            acc[r][0] = _mm512_add_epi32(acc[r][0], _mm512_madd_epi16(x, w0));
            if (vectors == 2) acc[r][1] = _mm512_add_epi32(acc[r][1], _mm512_madd_epi16(x, w1));
        }
    }
    finish_tile(t, rows, vectors, acc);
}

HONE_INLINE void run_rows(const hone_qconv_tile *t, const size_t rows) {
    if (t->columns > LANES)
        run_vectors(t, rows, 2);
    else
        run_vectors(t, rows, 1);
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
static void rows5(const hone_qconv_tile *tile) {
    run_rows(tile, 5);
}
static void rows6(const hone_qconv_tile *tile) {
    run_rows(tile, 6);
}
static void rows7(const hone_qconv_tile *tile) {
    run_rows(tile, 7);
}
static void rows8(const hone_qconv_tile *tile) {
    run_rows(tile, 8);
}

static const hone_qconv_tiles tiles = {
    MR, NR, 2, 2, widen, {rows1, rows2, rows3, rows4, rows5, rows6, rows7, rows8}};

const hone_qconv_kernel hone_qconv_u8s8_8x32_avx512 = {
    .name = "hone_qconv_u8s8_8x32_avx512",
    .supports = hone__qconv_tiled_supports,
    .pack_bytes = hone__qconv_tiled_pack_bytes,
    .pack = hone__qconv_tiled_pack,
    .scratch_bytes = hone__qconv_tiled_scratch_bytes,
    .task_count = hone__qconv_tiled_task_count,
    .run_task = hone__qconv_tiled_run_task,
    .tile = &tiles,
};

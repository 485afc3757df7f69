/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qconv_u8s8_4x16_avx2: 4 pixels x 16 channels. Two depths a step: weights are widened from
 * 8 to 16 bits (vpmovsxbw), a pair of inputs is broadcast, vpmaddwd makes the exact 32-bit sum of
 * two products, and 8 registers collect. */
#include "kernels/qconv/qconv_tiers.h"
#include "kernels/qconv/qconv_tiled.h"
#include "kernels/shared/avx2.h"
#include "kernels/shared/requant_avx2.h"

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

/* What finishing a tile needs, read before its first store: a store of bytes could change anything
 * for all the compiler knows. */
typedef struct finish {
    __m256 multiplier[2], lo, hi;
    __m256i zero;
} finish;

HONE_INLINE finish finish_of(const hone_qconv_tile *t) {
    const float *multiplier = (const float *)((const int32_t *)t->panel + NR);
    finish f = {{_mm256_load_ps(multiplier), _mm256_load_ps(multiplier + 8)},
                _mm256_set1_ps(t->lo),
                _mm256_set1_ps(t->hi),
                _mm256_set1_epi16((short)t->output_zero)};
    return f;
}

/* Channels 8 * half .. + 7 of a row, as the float that is to be rounded. */
HONE_INLINE __m256 scaled(const finish *f, size_t half, __m256i acc) {
    __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), f->multiplier[half]);
    return hone__clamp8(y, f->lo, f->hi);
}

/* A row's 16 outputs as 16-bit numbers, in the order 0-3, 8-11, 4-7, 12-15. */
HONE_INLINE __m256i rounded(const finish *f, const __m256i *acc) {
    __m256i q = _mm256_packs_epi32(_mm256_cvtps_epi32(scaled(f, 0, acc[0])),
                                   _mm256_cvtps_epi32(scaled(f, 1, acc[1])));
    return _mm256_add_epi16(q, f->zero);
}

/* Two rows in order. */
HONE_INLINE __m256i rounded_pair(const finish *f, const __m256i *acc0, const __m256i *acc1) {
    __m256i q = _mm256_packus_epi16(rounded(f, acc0), rounded(f, acc1));
    return _mm256_permutevar8x32_epi32(q, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

HONE_INLINE void store_u8(const hone_qconv_tile *t, const size_t rows, __m256i (*acc)[2]) {
    const finish f = finish_of(t);
    uint8_t *out = t->output;
    const size_t stride = t->output_stride, columns = t->columns;
#pragma GCC unroll 3
    for (size_t r = 0; r < rows; r += 2) {
        __m256i q = rounded_pair(&f, acc[r], acc[r + 1 < rows ? r + 1 : r]);
        __m128i q0 = _mm256_castsi256_si128(q), q1 = _mm256_extracti128_si256(q, 1);
        if (columns == NR) {
            _mm_storeu_si128((__m128i *)(out + r * stride), q0);
            if (r + 1 < rows) _mm_storeu_si128((__m128i *)(out + (r + 1) * stride), q1);
        } else {
            hone__store_bytes(out + r * stride, q0, columns);
            if (r + 1 < rows) hone__store_bytes(out + (r + 1) * stride, q1, columns);
        }
    }
}

HONE_INLINE void store_f32(const hone_qconv_tile *t, const size_t rows, __m256i (*acc)[2]) {
    const finish f = finish_of(t);
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        float *out = t->output_f32 + r * t->output_stride;
        hone__store_floats(out, scaled(&f, 0, acc[r][0]), t->columns < 8 ? t->columns : 8);
        if (t->columns > 8) hone__store_floats(out + 8, scaled(&f, 1, acc[r][1]), t->columns - 8);
    }
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
    if (t->output)
        store_u8(t, rows, acc);
    else
        store_f32(t, rows, acc);
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

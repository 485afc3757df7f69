/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of 64 bytes for qdwconv_unpack_loops.h. */
#ifndef HONE_KERNELS_QDWCONV_REG_AVX512_H
#define HONE_KERNELS_QDWCONV_REG_AVX512_H

#include "kernels/qdwconv/qdwconv_tiled.h"
#include "kernels/shared/avx512.h"

enum { WIDTH = 64, NARROW = 32 };

typedef __m512i reg;

/* Within each 16 bytes, as all that follows: both halves interleaved. */
HONE_INLINE reg reg_low8(reg a, reg b) {
    return _mm512_unpacklo_epi8(a, b);
}
HONE_INLINE reg reg_high8(reg a, reg b) {
    return _mm512_unpackhi_epi8(a, b);
}
HONE_INLINE reg reg_low16(reg a, reg b) {
    return _mm512_unpacklo_epi16(a, b);
}
HONE_INLINE reg reg_high16(reg a, reg b) {
    return _mm512_unpackhi_epi16(a, b);
}

HONE_INLINE reg reg_zero(void) {
    return _mm512_setzero_si512();
}
HONE_INLINE reg reg_load_panel(const void *from) {
    return _mm512_load_si512(from);
}
/* acc + pairs of products of 16-bit numbers */
HONE_INLINE reg reg_add_pairs(reg acc, reg x, reg w) {
    return _mm512_add_epi32(acc, _mm512_madd_epi16(x, w));
}

HONE_INLINE reg reg_load(const uint8_t *from) {
    return _mm512_loadu_si512(from);
}

/* NARROW bytes in the lower half, or with `some` the first `count`. */
HONE_INLINE __mmask64 half_mask(const bool some, size_t count) {
    return some ? ((__mmask64)1 << count) - 1 : 0xFFFFFFFF;
}

/* NARROW channels of two pixels, `step` apart; `some`: only the first `count` of them. */
HONE_INLINE reg reg_load_both(const uint8_t *from, size_t step, const bool some, size_t count) {
    __m512i first, second;
    if (some) {
        first = _mm512_maskz_loadu_epi8(half_mask(true, count), from);
        second = _mm512_maskz_loadu_epi8(half_mask(true, count), from + step);
    } else {
        first = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)from));
        second = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(from + step)));
    }
    return _mm512_inserti64x4(first, _mm512_castsi512_si256(second), 1);
}

HONE_INLINE void reg_store(uint8_t *out, reg q) {
    _mm512_storeu_si512(out, q);
}

/* NARROW bytes, or with `some` the first `count`; of the upper half when `high`. */
HONE_INLINE void reg_store_half(uint8_t *out, reg q, const bool high, const bool some,
                                size_t count) {
    __m512i low = high ? _mm512_castsi256_si512(_mm512_extracti64x4_epi64(q, 1)) : q;
    _mm512_mask_storeu_epi8(out, half_mask(some, count), low);
}

/* What finishing needs, read before the first store: a store of bytes could change anything for all
 * the compiler knows. */
typedef struct finish {
    __m512 lo, hi;
    __m512i zero;
} finish;

HONE_INLINE finish finish_of(const hone_qdwconv_tile *t) {
    finish f = {_mm512_set1_ps(t->lo), _mm512_set1_ps(t->hi),
                _mm512_set1_epi16((short)t->output_zero)};
    return f;
}

HONE_INLINE __m512i rounded(const finish *f, __m512i acc, const float *multiplier) {
    __m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), _mm512_loadu_ps(multiplier));
    return _mm512_cvtps_epi32(hone__clamp16(y, f->lo, f->hi));
}

/* WIDTH outputs in order, from 4 registers of sums. */
HONE_INLINE reg finished(const finish *f, const reg *acc, const float *multiplier) {
    enum { LANES = WIDTH / 4 };
    reg q01 =
        _mm512_packs_epi32(rounded(f, acc[0], multiplier), rounded(f, acc[1], multiplier + LANES));
    reg q23 = _mm512_packs_epi32(rounded(f, acc[2], multiplier + 2 * LANES),
                                 rounded(f, acc[3], multiplier + 3 * LANES));
    return _mm512_packus_epi16(_mm512_add_epi16(q01, f->zero), _mm512_add_epi16(q23, f->zero));
}

/* Register q holds channels 4q .. 4q + 3 of each 16: lanes of a panel's channels. */
static const uint8_t order[WIDTH] = {
    0,  1,  2,  3,  16, 17, 18, 19, 32, 33, 34, 35, 48, 49, 50, 51, 4,  5,  6,  7,  20, 21,
    22, 23, 36, 37, 38, 39, 52, 53, 54, 55, 8,  9,  10, 11, 24, 25, 26, 27, 40, 41, 42, 43,
    56, 57, 58, 59, 12, 13, 14, 15, 28, 29, 30, 31, 44, 45, 46, 47, 60, 61, 62, 63};
enum { COPY = 8 }; /* lanes from a narrow block's channel to its copy for the second pixel */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of 32 bytes for qdwconv_unpack_loops.h. */
#ifndef HONE_KERNELS_QDWCONV_REG_AVX2_H
#define HONE_KERNELS_QDWCONV_REG_AVX2_H

#include "kernels/qdwconv/qdwconv_tiled.h"
#include "kernels/shared/avx2.h"
#include "kernels/shared/requant_avx2.h"

enum { WIDTH = 32, NARROW = 16 };

typedef __m256i reg;

/* Within each 16 bytes, as all that follows: both halves interleaved. */
HONE_INLINE reg reg_low8(reg a, reg b) {
    return _mm256_unpacklo_epi8(a, b);
}
HONE_INLINE reg reg_high8(reg a, reg b) {
    return _mm256_unpackhi_epi8(a, b);
}
HONE_INLINE reg reg_low16(reg a, reg b) {
    return _mm256_unpacklo_epi16(a, b);
}
HONE_INLINE reg reg_high16(reg a, reg b) {
    return _mm256_unpackhi_epi16(a, b);
}

HONE_INLINE reg reg_zero(void) {
    return _mm256_setzero_si256();
}
HONE_INLINE reg reg_load_panel(const void *from) {
    return _mm256_load_si256(from);
}
/* acc + pairs of products of 16-bit numbers */
HONE_INLINE reg reg_add_pairs(reg acc, reg x, reg w) {
    return _mm256_add_epi32(acc, _mm256_madd_epi16(x, w));
}

HONE_INLINE reg reg_load(const uint8_t *from) {
    return _mm256_loadu_si256((const __m256i *)from);
}

/* NARROW channels of two pixels, `step` apart; `some`: only the first `count` of them. */
HONE_INLINE reg reg_load_both(const uint8_t *from, size_t step, const bool some, size_t count) {
    __m128i first, second;
    if (some) {
        first = hone__load_bytes(from, count);
        second = hone__load_bytes(from + step, count);
    } else {
        first = _mm_loadu_si128((const __m128i *)from);
        second = _mm_loadu_si128((const __m128i *)(from + step));
    }
    return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

HONE_INLINE void reg_store(uint8_t *out, reg q) {
    _mm256_storeu_si256((__m256i *)out, q);
}

/* NARROW bytes, or with `some` the first `count`; of the upper half when `high`. */
HONE_INLINE void reg_store_half(uint8_t *out, reg q, const bool high, const bool some,
                                size_t count) {
    __m128i bytes = high ? _mm256_extracti128_si256(q, 1) : _mm256_castsi256_si128(q);
    if (some)
        hone__store_bytes(out, bytes, count);
    else
        _mm_storeu_si128((__m128i *)out, bytes);
}

/* What finishing needs, read before the first store: a store of bytes could change anything for all
 * the compiler knows. */
typedef struct finish {
    __m256 lo, hi;
    __m256i zero;
} finish;

HONE_INLINE finish finish_of(const hone_qdwconv_tile *t) {
    finish f = {_mm256_set1_ps(t->lo), _mm256_set1_ps(t->hi),
                _mm256_set1_epi16((short)t->output_zero)};
    return f;
}

HONE_INLINE __m256i rounded(const finish *f, __m256i acc, const float *multiplier) {
    __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), _mm256_loadu_ps(multiplier));
    return _mm256_cvtps_epi32(hone__clamp8(y, f->lo, f->hi));
}

/* WIDTH outputs in order, from 4 registers of sums. */
HONE_INLINE reg finished(const finish *f, const reg *acc, const float *multiplier) {
    enum { LANES = WIDTH / 4 };
    reg q01 =
        _mm256_packs_epi32(rounded(f, acc[0], multiplier), rounded(f, acc[1], multiplier + LANES));
    reg q23 = _mm256_packs_epi32(rounded(f, acc[2], multiplier + 2 * LANES),
                                 rounded(f, acc[3], multiplier + 3 * LANES));
    return _mm256_packus_epi16(_mm256_add_epi16(q01, f->zero), _mm256_add_epi16(q23, f->zero));
}

/* Register q holds channels 4q .. 4q + 3 of each 16: lanes of a panel's channels. */
static const uint8_t order[WIDTH] = {0, 1, 2, 3, 8,  9,  10, 11, 16, 17, 18, 19, 24, 25, 26, 27,
                                     4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31};
enum { COPY = 4 }; /* lanes from a narrow block's channel to its copy for the second pixel */

#endif

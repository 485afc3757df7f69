/* SPDX-License-Identifier: Apache-2.0 */
/* From the exact sums of 16 channels to their outputs: the rules of qconv.h for vectors.
 *
 * Where nothing is added, only the upper bound is applied to the float: what lies below the lower
 * one, down to the most negative number, saturates in the packs, and the bound follows on bytes.
 * rint keeps the order, so the bits are the same. */
#ifndef HONE_KERNELS_QCONV_FINISH_AVX2_H
#define HONE_KERNELS_QCONV_FINISH_AVX2_H

#include "kernels/qconv/qconv.h"
#include "kernels/shared/requant_avx2.h"

/* Read before the first store: a store of bytes could change anything for all the compiler knows.
 */
typedef struct finish {
    __m256 multiplier[2], lo, hi;
    __m256i zero, floor; /* floor: the lower bound as bytes */
    __m256i other_zero;
    __m256 own, other;
} finish;

typedef struct finish_bounds {
    float lo, hi;
    int32_t zero;
} finish_bounds;

/* multiplier: 16 floats, 32-byte aligned; sum: NULL where nothing is added. */
HONE_INLINE finish finish_of(const float *multiplier, const finish_bounds *own,
                             const hone_qconv_sum *sum) {
    finish f;
    f.multiplier[0] = _mm256_load_ps(multiplier), f.multiplier[1] = _mm256_load_ps(multiplier + 8);
    f.lo = _mm256_set1_ps(own->lo), f.hi = _mm256_set1_ps(own->hi);
    f.zero = _mm256_set1_epi16((short)own->zero);
    f.floor = _mm256_set1_epi8((char)(_mm_cvtss_si32(_mm_set_ss(own->lo)) + own->zero));
    if (!sum) return f;
    f.own = _mm256_set1_ps(sum->own), f.other = _mm256_set1_ps(sum->other);
    f.other_zero = _mm256_set1_epi32(sum->zero);
    return f;
}

/* Channels 8 * half .. + 7, clamped: what is rounded, or the float output. */
HONE_INLINE __m256 scaled(const finish *f, size_t half, __m256i acc) {
    __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), f->multiplier[half]);
    return hone__clamp8(y, f->lo, f->hi);
}

/* Rounded, but for the lower bound. */
HONE_INLINE __m256i rounded_half(const finish *f, size_t half, __m256i acc) {
    __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), f->multiplier[half]);
    return _mm256_cvtps_epi32(_mm256_min_ps(f->hi, y));
}

/* A row's 16 outputs as 16-bit numbers, in the order 0-3, 8-11, 4-7, 12-15. */
HONE_INLINE __m256i rounded(const finish *f, const __m256i *acc) {
    __m256i q = _mm256_packs_epi32(rounded_half(f, 0, acc[0]), rounded_half(f, 1, acc[1]));
    return _mm256_adds_epi16(q, f->zero);
}

/* Two rows in order. */
HONE_INLINE __m256i rounded_pair(const finish *f, const __m256i *acc0, const __m256i *acc1) {
    __m256i q = _mm256_packus_epi16(rounded(f, acc0), rounded(f, acc1));
    q = _mm256_max_epu8(q, f->floor);
    return _mm256_permutevar8x32_epi32(q, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* Eight channels plus the other tensor's. */
HONE_INLINE __m256i summed_half(const finish *f, const finish_bounds *sum, size_t half, __m256i acc,
                                __m128i bytes) {
    __m256 own = _mm256_round_ps(scaled(f, half, acc), _MM_FROUND_TO_NEAREST_INT);
    __m256i other = _mm256_sub_epi32(_mm256_cvtepu8_epi32(bytes), f->other_zero);
    __m256 y = _mm256_add_ps(_mm256_mul_ps(own, f->own),
                             _mm256_mul_ps(_mm256_cvtepi32_ps(other), f->other));
    return _mm256_cvtps_epi32(hone__clamp8(y, _mm256_set1_ps(sum->lo), _mm256_set1_ps(sum->hi)));
}

/* A row's 16 outputs, with the 16 bytes that are added. */
HONE_INLINE __m128i summed_row(const finish *f, const finish_bounds *sum, const __m256i *acc,
                               __m128i bytes) {
    __m256i q = _mm256_packs_epi32(summed_half(f, sum, 0, acc[0], bytes),
                                   summed_half(f, sum, 1, acc[1], _mm_srli_si128(bytes, 8)));
    q = _mm256_add_epi16(q, _mm256_set1_epi16((short)sum->zero));
    q = _mm256_permute4x64_epi64(q, 0xD8);
    return _mm_packus_epi16(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
}

HONE_INLINE void store_columns(uint8_t *out, __m128i bytes, size_t columns) {
    if (columns == 16)
        _mm_storeu_si128((__m128i *)out, bytes);
    else
        hone__store_bytes(out, bytes, columns);
}

/* Where rows of outputs go. addend: what is added to the first row. */
typedef struct finish_place {
    uint8_t *output;
    size_t output_stride, columns;
    const uint8_t *addend;
    size_t addend_stride;
} finish_place;

HONE_INLINE void finish_rows(const finish *f, const finish_place *to, const size_t rows,
                             __m256i (*acc)[2]) {
#pragma GCC unroll 3
    for (size_t r = 0; r < rows; r += 2) {
        __m256i q = rounded_pair(f, acc[r], acc[r + 1 < rows ? r + 1 : r]);
        uint8_t *out = to->output + r * to->output_stride;
        store_columns(out, _mm256_castsi256_si128(q), to->columns);
        if (r + 1 < rows)
            store_columns(out + to->output_stride, _mm256_extracti128_si256(q, 1), to->columns);
    }
}

HONE_INLINE void finish_rows_summed(const finish *f, const finish_bounds *sum,
                                    const finish_place *to, const size_t rows, __m256i (*acc)[2]) {
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++) {
        __m128i bytes = hone__load_bytes(to->addend + r * to->addend_stride, to->columns);
        store_columns(to->output + r * to->output_stride, summed_row(f, sum, acc[r], bytes),
                      to->columns);
    }
}

#endif

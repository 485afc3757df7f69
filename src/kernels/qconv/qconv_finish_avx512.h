/* SPDX-License-Identifier: Apache-2.0 */
/* From the exact sums of 32 channels to their outputs: the rules of qconv.h for vectors of 16. */
#ifndef HONE_KERNELS_QCONV_FINISH_AVX512_H
#define HONE_KERNELS_QCONV_FINISH_AVX512_H

#include "kernels/qconv/qconv_tiled.h"
#include "kernels/shared/avx512.h"

/* Read before the first store: a store of bytes could change anything for all the compiler knows.
 */
typedef struct finish {
    __m512 multiplier[2], lo, hi, own, other, sum_lo, sum_hi;
    __m512i zero, other_zero;
    size_t columns, stride, addend_stride;
    uint8_t *output;
    float *output_f32;
    const uint8_t *addend; /* NULL: nothing is added */
} finish;

HONE_INLINE finish finish_of(const hone_qconv_tile *t) {
    const float *multiplier = (const float *)t->panel + 32;
    const hone_qconv_sum *sum = t->sum;
    finish f = {
        .multiplier = {_mm512_load_ps(multiplier), _mm512_load_ps(multiplier + 16)},
        .lo = _mm512_set1_ps(t->lo),
        .hi = _mm512_set1_ps(t->hi),
        .zero = _mm512_set1_epi32(sum ? sum->output_zero : t->output_zero),
        .columns = t->columns,
        .stride = t->output_stride,
        .output = t->output,
        .output_f32 = t->output_f32,
    };
    if (!sum) return f;
    f.own = _mm512_set1_ps(sum->own), f.other = _mm512_set1_ps(sum->other);
    f.sum_lo = _mm512_set1_ps(sum->lo), f.sum_hi = _mm512_set1_ps(sum->hi);
    f.other_zero = _mm512_set1_epi32(sum->zero);
    f.addend = t->addend, f.addend_stride = sum->stride;
    return f;
}

/* 16 outputs at column 16 * half of row r; `mask` tells which there are. */
HONE_INLINE void finish_half(const finish *f, size_t r, const size_t half, __m512i acc,
                             __mmask16 mask) {
    __m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), f->multiplier[half]);
    y = hone__clamp16(y, f->lo, f->hi);
    if (!f->output) {
        _mm512_mask_storeu_ps(f->output_f32 + r * f->stride + 16 * half, mask, y);
        return;
    }
    __m512i q = _mm512_cvtps_epi32(y);
    if (f->addend) {
        const uint8_t *from = f->addend + r * f->addend_stride + 16 * half;
        __m512i other = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, from));
        other = _mm512_sub_epi32(other, f->other_zero);
        y = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(q), f->own),
                          _mm512_mul_ps(_mm512_cvtepi32_ps(other), f->other));
        q = _mm512_cvtps_epi32(hone__clamp16(y, f->sum_lo, f->sum_hi));
    }
    __m128i bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(q, f->zero));
    _mm_mask_storeu_epi8(f->output + r * f->stride + 16 * half, mask, bytes);
}

/* vectors: registers of sums a row, as many as the columns need. Rows go through memory, one by
 * one: so the loop that made the sums has all registers. */
HONE_INLINE void finish_tile(const hone_qconv_tile *t, const size_t rows, const size_t vectors,
                             __m512i (*acc)[2]) {
    int32_t sums[12][32];
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++) {
        _mm512_storeu_si512(sums[r], acc[r][0]);
        if (vectors == 2) _mm512_storeu_si512(sums[r] + 16, acc[r][1]);
    }
    const finish f = finish_of(t);
    const __mmask16 last = hone__mask16(f.columns - (vectors - 1) * 16), all = 0xFFFF;
    for (size_t r = 0; r < rows; r++) {
        finish_half(&f, r, 0, _mm512_loadu_si512(sums[r]), vectors == 1 ? last : all);
        if (vectors == 2) finish_half(&f, r, 1, _mm512_loadu_si512(sums[r] + 16), last);
    }
}

#endif

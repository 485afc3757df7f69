/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers of the AVX-512 files (F, BW, VL, DQ). Include only where these and -mavx2 -mfma are
 * set. */
#ifndef HONE_KERNELS_AVX512_H
#define HONE_KERNELS_AVX512_H

#include "kernels/shared/avx2.h"

/* Lanes 0 .. count-1 set, count <= 16. */
HONE_INLINE __mmask16 hone__mask16(size_t count) {
    return (__mmask16)((1U << count) - 1U);
}

/* The first `count` floats, others zero; nothing behind them is touched. */
HONE_INLINE __m512 hone__load16_some(const float *from, size_t count) {
    return _mm512_maskz_loadu_ps(hone__mask16(count), from);
}

HONE_INLINE void hone__store16_some(float *out, __m512 y, size_t count) {
    _mm512_mask_storeu_ps(out, hone__mask16(count), y);
}

/* A NaN in y stays NaN: both instructions give their second operand then. */
HONE_INLINE __m512 hone__clamp16(__m512 y, __m512 lo, __m512 hi) {
    return _mm512_min_ps(hi, _mm512_max_ps(lo, y));
}

#endif

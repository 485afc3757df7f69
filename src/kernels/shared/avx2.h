/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers of the AVX2 files. Include only where -mavx2 -mfma are set. */
#ifndef HONE_KERNELS_AVX2_H
#define HONE_KERNELS_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HONE_INLINE static inline __attribute__((always_inline))

/* Lanes 0 .. count-1 set, count <= 8. */
HONE_INLINE __m256i hone__mask8(size_t count) {
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
}

/* A NaN in y stays NaN: both instructions give their second operand then. */
HONE_INLINE __m256 hone__clamp8(__m256 y, __m256 lo, __m256 hi) {
    return _mm256_min_ps(hi, _mm256_max_ps(lo, y));
}

#endif

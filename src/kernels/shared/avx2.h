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

/* The first `count` floats, 1 <= count <= 8. vmaskmovps would take some 20 cycles on Zen. */
HONE_INLINE void hone__store_floats(float *out, __m256 y, size_t count) {
    float all[8];
    if (count == 8) {
        _mm256_storeu_ps(out, y);
        return;
    }
    _mm256_storeu_ps(all, y);
    if (count >= 4) {
        memcpy(out, all, 16);
        memcpy(out + count - 4, all + count - 4, 16);
    } else {
        for (size_t i = 0; i < count; i++) out[i] = all[i];
    }
}

/* A NaN in y stays NaN: both instructions give their second operand then. */
HONE_INLINE __m256 hone__clamp8(__m256 y, __m256 lo, __m256 hi) {
    return _mm256_min_ps(hi, _mm256_max_ps(lo, y));
}

#endif

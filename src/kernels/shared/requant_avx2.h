/* SPDX-License-Identifier: Apache-2.0 */
/* The rounding rule of requant.h for vectors. vcvtps2dq rounds to nearest even in the default
 * environment, as rintf does. */
#ifndef HONE_KERNELS_REQUANT_AVX2_H
#define HONE_KERNELS_REQUANT_AVX2_H

#include "kernels/shared/avx2.h"

/* The first `count` bytes, count <= 16: two overlapping stores from 4 bytes on. */
HONE_INLINE void hone__store_bytes(uint8_t *out, __m128i bytes, size_t count) {
    uint8_t all[16];
    _mm_storeu_si128((__m128i *)all, bytes);
    if (count >= 8) {
        memcpy(out, all, 8);
        memcpy(out + count - 8, all + count - 8, 8);
    } else if (count >= 4) {
        memcpy(out, all, 4);
        memcpy(out + count - 4, all + count - 4, 4);
    } else {
        for (size_t i = 0; i < count; i++) out[i] = all[i];
    }
}

/* The first `count` bytes, 1 <= count <= 16, others zero; nothing behind them is touched. Two loads
 * overlap, and what both have is shifted out of the second. */
HONE_INLINE __m128i hone__load_bytes(const uint8_t *from, size_t count) {
    uint64_t low = 0, high = 0;
    if (count == 16) return _mm_loadu_si128((const __m128i *)from);
    if (count >= 8) {
        memcpy(&low, from, 8);
        memcpy(&high, from + count - 8, 8);
        return _mm_set_epi64x((int64_t)(count == 8 ? 0 : high >> 8 * (16 - count)), (int64_t)low);
    }
    if (count >= 4) {
        memcpy(&low, from, 4);
        memcpy(&high, from + count - 4, 4);
        return _mm_cvtsi64_si128((int64_t)(low | high >> 8 * (8 - count) << 32));
    }
    for (size_t i = 0; i < count; i++) low |= (uint64_t)from[i] << 8 * i;
    return _mm_cvtsi64_si128((int64_t)low);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The rounding rule of requant.h for vectors. vcvtps2dq rounds to nearest even in the default
 * environment, as rintf does. */
#ifndef HONE_KERNELS_REQUANT_AVX2_H
#define HONE_KERNELS_REQUANT_AVX2_H

#include "kernels/shared/avx2.h"

/* rint(y) + zero of 8 + 8 clamped floats as 16 bytes in order. */
HONE_INLINE __m128i hone__round16(__m256 y0, __m256 y1, int32_t zero) {
    __m256i q = _mm256_packs_epi32(_mm256_cvtps_epi32(y0), _mm256_cvtps_epi32(y1));
    q = _mm256_permute4x64_epi64(q, 0xD8); /* packs works in halves: 0 2 1 3 puts them in order */
    q = _mm256_add_epi16(q, _mm256_set1_epi16((short)zero));
    return _mm_packus_epi16(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
}

/* The first `count` bytes, count <= 16. */
HONE_INLINE void hone__store_bytes(uint8_t *out, __m128i bytes, size_t count) {
    uint8_t all[16];
    _mm_storeu_si128((__m128i *)all, bytes);
    for (size_t i = 0; i < count; i++) out[i] = all[i];
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The block function of base/sha256.h by the SHA instructions of x86 CPUs. The state is held as
 * ABEF and CDGH; sha256rnds2 makes two rounds, sha256msg1 and msg2 four words of the schedule
 * (Gulley and others, "Intel SHA Extensions", 2013). */
#include "kernels/sha256/sha256_tiers.h"

#include <cpuid.h>
#include <immintrin.h>

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

bool hone__sha256_shani_runs(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

typedef struct halves {
    __m128i abef, cdgh;
} halves;

static inline __m128i load_words(const uint8_t *block, size_t index) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * index)),
                            swap);
}

static inline halves four_rounds(halves s, __m128i words, size_t group) {
    const __m128i *k = (const __m128i *)(const void *)(constants + 4 * group);
    __m128i sum = _mm_add_epi32(words, _mm_loadu_si128(k));
    s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, sum);
    s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(sum, 0x0e));
    return s;
}

/* Words of four groups in w; a new group takes the place of the oldest. */
static inline halves one_block(halves s, const uint8_t *block) {
    __m128i w[4];
    for (size_t g = 0; g < 4; g++) {
        w[g] = load_words(block, g);
        s = four_rounds(s, w[g], g);
    }
#pragma GCC unroll 12
    for (size_t g = 4; g < 16; g++) {
        __m128i last = w[(g + 3) % 4], sum = _mm_sha256msg1_epu32(w[g % 4], w[(g + 1) % 4]);
        sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, w[(g + 2) % 4], 4));
        w[g % 4] = _mm_sha256msg2_epu32(sum, last);
        s = four_rounds(s, w[g % 4], g);
    }
    return s;
}

void hone_sha256_shani(uint32_t state[8], const uint8_t *blocks, size_t count) {
    __m128i *out = (__m128i *)(void *)state;
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128(out), 0xb1);      /* CDAB */
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128(out + 1), 0x1b); /* EFGH */
    halves s = {_mm_alignr_epi8(low, high, 8), _mm_blend_epi16(high, low, 0xf0)};
    for (; count; count--, blocks += 64) {
        halves t = one_block(s, blocks);
        s.abef = _mm_add_epi32(s.abef, t.abef);
        s.cdgh = _mm_add_epi32(s.cdgh, t.cdgh);
    }
    low = _mm_shuffle_epi32(s.abef, 0x1b), high = _mm_shuffle_epi32(s.cdgh, 0xb1);
    _mm_storeu_si128(out, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128(out + 1, _mm_alignr_epi8(high, low, 8));
}

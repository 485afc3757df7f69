/* SPDX-License-Identifier: Apache-2.0 */
/* Stands before the compiler's header of this name where the AVX-512, AVX-512 VNNI and AVX-VNNI
 * kernels are compiled for a CPU that has AVX2 only: the same sources, with SIMDE (libsimde-dev)
 * behind the names of their intrinsics, and below it the few that SIMDE 0.7.4 has not. An intrinsic
 * that neither has does not compile. */
#ifndef HONE_TESTS_EMULATED_IMMINTRIN_H
#define HONE_TESTS_EMULATED_IMMINTRIN_H
#pragma GCC system_header

#include_next <immintrin.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <math.h>
#include <string.h>

#define EMULATED static inline __attribute__((always_inline, unused))

/* Elements 0 .. n-1 whose bit of `mask` is set; others are zero, and are not touched. */
EMULATED __m512 emulated_maskz_loadu_ps(__mmask16 mask, const void *from) {
    float all[16] = {0};
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) memcpy(&all[i], (const char *)from + 4 * i, 4);
    return simde_mm512_loadu_ps(all);
}

EMULATED void emulated_mask_storeu_ps(void *to, __mmask16 mask, __m512 x) {
    float all[16];
    simde_mm512_storeu_ps(all, x);
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) memcpy((char *)to + 4 * i, &all[i], 4);
}

EMULATED __m128i emulated_maskz_loadu_epi8(__mmask16 mask, const void *from) {
    char all[16] = {0};
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) all[i] = ((const char *)from)[i];
    return _mm_loadu_si128((const __m128i *)all);
}

EMULATED __m512i emulated_maskz_loadu_epi8_512(__mmask64 mask, const void *from) {
    char all[64] = {0};
    for (int i = 0; i < 64; i++)
        if (mask >> i & 1) all[i] = ((const char *)from)[i];
    return simde_mm512_loadu_si512(all);
}

EMULATED void emulated_mask_storeu_epi8(void *to, __mmask16 mask, __m128i x) {
    char all[16];
    _mm_storeu_si128((__m128i *)all, x);
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) ((char *)to)[i] = all[i];
}

EMULATED void emulated_mask_storeu_epi8_512(void *to, __mmask64 mask, __m512i x) {
    char all[64];
    simde_mm512_storeu_si512(all, x);
    for (int i = 0; i < 64; i++)
        if (mask >> i & 1) ((char *)to)[i] = all[i];
}

EMULATED __m512 emulated_cvtepi32_ps(__m512i x) {
    int32_t in[16];
    float out[16];
    simde_mm512_storeu_si512(in, x);
    for (int i = 0; i < 16; i++) out[i] = (float)in[i];
    return simde_mm512_loadu_ps(out);
}

/* As CVTPS2DQ: to the nearest even; what does not fit becomes INT32_MIN. */
EMULATED __m512i emulated_cvtps_epi32(__m512 x) {
    float in[16];
    int32_t out[16];
    simde_mm512_storeu_ps(in, x);
    for (int i = 0; i < 16; i++) {
        float y = rintf(in[i]);
        out[i] = y >= -2147483648.0F && y < 2147483648.0F ? (int32_t)y : INT32_MIN;
    }
    return simde_mm512_loadu_si512(out);
}

EMULATED __m128i emulated_cvtepi32_epi8(__m512i x) {
    int32_t in[16];
    int8_t out[16];
    simde_mm512_storeu_si512(in, x);
    for (int i = 0; i < 16; i++) out[i] = (int8_t)(uint8_t)((uint32_t)in[i] & 255);
    return _mm_loadu_si128((const __m128i *)(const void *)out);
}

EMULATED __m512i emulated_cvtepu8_epi32(__m128i x) {
    uint8_t in[16];
    int32_t out[16];
    _mm_storeu_si128((__m128i *)(void *)in, x);
    for (int i = 0; i < 16; i++) out[i] = in[i];
    return simde_mm512_loadu_si512(out);
}

EMULATED __m512i emulated_cvtepu8_epi16(__m256i x) {
    uint8_t in[32];
    int16_t out[32];
    _mm256_storeu_si256((__m256i *)(void *)in, x);
    for (int i = 0; i < 32; i++) out[i] = in[i];
    return simde_mm512_loadu_si512(out);
}

EMULATED __m512 emulated_shuffle_f32x4(__m512 a, __m512 b, int which) {
    float x[16], y[16], out[16];
    simde_mm512_storeu_ps(x, a);
    simde_mm512_storeu_ps(y, b);
    for (int i = 0; i < 4; i++) memcpy(out + 4 * i, (i < 2 ? x : y) + 4 * (which >> 2 * i & 3), 16);
    return simde_mm512_loadu_ps(out);
}

#undef _mm512_maskz_loadu_ps
#undef _mm512_mask_storeu_ps
#undef _mm_maskz_loadu_epi8
#undef _mm512_maskz_loadu_epi8
#undef _mm_mask_storeu_epi8
#undef _mm512_mask_storeu_epi8
#undef _mm512_cvtepi32_ps
#undef _mm512_cvtps_epi32
#undef _mm512_cvtepi32_epi8
#undef _mm512_cvtepu8_epi32
#undef _mm512_cvtepu8_epi16
#undef _mm512_shuffle_f32x4
#undef _mm512_madd_epi16 /* SIMDE 0.7.4 gives the name to a masked form */
#undef _mm256_dpbusd_avx_epi32
#define _mm512_maskz_loadu_ps   emulated_maskz_loadu_ps
#define _mm512_mask_storeu_ps   emulated_mask_storeu_ps
#define _mm_maskz_loadu_epi8    emulated_maskz_loadu_epi8
#define _mm512_maskz_loadu_epi8 emulated_maskz_loadu_epi8_512
#define _mm_mask_storeu_epi8    emulated_mask_storeu_epi8
#define _mm512_mask_storeu_epi8 emulated_mask_storeu_epi8_512
#define _mm512_cvtepi32_ps      emulated_cvtepi32_ps
#define _mm512_cvtps_epi32      emulated_cvtps_epi32
#define _mm512_cvtepi32_epi8    emulated_cvtepi32_epi8
#define _mm512_cvtepu8_epi32    emulated_cvtepu8_epi32
#define _mm512_cvtepu8_epi16    emulated_cvtepu8_epi16
#define _mm512_shuffle_f32x4    emulated_shuffle_f32x4
#define _mm512_madd_epi16       simde_mm512_madd_epi16
#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32

#endif

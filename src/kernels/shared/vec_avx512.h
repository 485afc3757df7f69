/* SPDX-License-Identifier: Apache-2.0 */
/* vec.h with AVX-512. */
#ifndef HONE_KERNELS_VEC_AVX512_H
#define HONE_KERNELS_VEC_AVX512_H

#include "kernels/shared/avx512.h"

#include <stdbool.h>

#define VEC_LANES 16
typedef __m512 vec;
typedef __mmask16 vec_mask;

HONE_INLINE vec vec_set(float x) {
    return _mm512_set1_ps(x);
}
HONE_INLINE vec vec_load(const float *from) {
    return _mm512_loadu_ps(from);
}
HONE_INLINE void vec_store(float *to, vec y) {
    _mm512_storeu_ps(to, y);
}
HONE_INLINE vec vec_load_some(const float *from, size_t count) {
    return hone__load16_some(from, count);
}
HONE_INLINE void vec_store_some(float *to, vec y, size_t count) {
    hone__store16_some(to, y, count);
}
HONE_INLINE vec vec_add(vec a, vec b) {
    return _mm512_add_ps(a, b);
}
HONE_INLINE vec vec_sub(vec a, vec b) {
    return _mm512_sub_ps(a, b);
}
HONE_INLINE vec vec_mul(vec a, vec b) {
    return _mm512_mul_ps(a, b);
}
HONE_INLINE vec vec_div(vec a, vec b) {
    return _mm512_div_ps(a, b);
}
/* a * b + c */
HONE_INLINE vec vec_fma(vec a, vec b, vec c) {
    return _mm512_fmadd_ps(a, b, c);
}
HONE_INLINE vec vec_min(vec a, vec b) {
    return _mm512_min_ps(a, b);
}
HONE_INLINE vec vec_max(vec a, vec b) {
    return _mm512_max_ps(a, b);
}
HONE_INLINE vec vec_sqrt(vec a) {
    return _mm512_sqrt_ps(a);
}
HONE_INLINE vec vec_abs(vec a) {
    return _mm512_andnot_ps(_mm512_set1_ps(-0.0F), a);
}
HONE_INLINE vec vec_negate(vec a) {
    return _mm512_xor_ps(_mm512_set1_ps(-0.0F), a);
}
/* To the nearest integer, ties to even. */
HONE_INLINE vec vec_round(vec a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* 2^n for the integer-valued -126 <= n <= 127. */
HONE_INLINE vec vec_power_of_two(vec n) {
    __m512i bits = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 23));
}
HONE_INLINE vec_mask vec_less(vec a, vec b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
HONE_INLINE vec_mask vec_is_nan(vec a) {
    return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}
HONE_INLINE bool vec_all(vec_mask mask) {
    return mask == 0xFFFF;
}
/* mask ? a : b */
HONE_INLINE vec vec_select(vec_mask mask, vec a, vec b) {
    return _mm512_mask_blend_ps(mask, b, a);
}
HONE_INLINE float vec_sum(vec a) {
    __m512 x = _mm512_add_ps(a, _mm512_shuffle_f32x4(a, a, 0x4E));
    x = _mm512_add_ps(x, _mm512_shuffle_f32x4(x, x, 0xB1));
    __m128 y = _mm512_castps512_ps128(x);
    y = _mm_add_ps(y, _mm_movehl_ps(y, y));
    return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

#endif

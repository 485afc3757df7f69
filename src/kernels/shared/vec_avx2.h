/* SPDX-License-Identifier: Apache-2.0 */
/* vec.h with AVX2 and FMA. */
#ifndef HONE_KERNELS_VEC_AVX2_H
#define HONE_KERNELS_VEC_AVX2_H

#include "kernels/shared/avx2.h"

#include <stdbool.h>

#define VEC_LANES 8
typedef __m256 vec;
typedef __m256 vec_mask;

HONE_INLINE vec vec_set(float x) {
    return _mm256_set1_ps(x);
}
HONE_INLINE vec vec_load(const float *from) {
    return _mm256_loadu_ps(from);
}
HONE_INLINE void vec_store(float *to, vec y) {
    _mm256_storeu_ps(to, y);
}
HONE_INLINE vec vec_load_some(const float *from, size_t count) {
    return _mm256_maskload_ps(from, hone__mask8(count));
}
HONE_INLINE void vec_store_some(float *to, vec y, size_t count) {
    hone__store_floats(to, y, count);
}
HONE_INLINE vec vec_add(vec a, vec b) {
    return _mm256_add_ps(a, b);
}
HONE_INLINE vec vec_sub(vec a, vec b) {
    return _mm256_sub_ps(a, b);
}
HONE_INLINE vec vec_mul(vec a, vec b) {
    return _mm256_mul_ps(a, b);
}
HONE_INLINE vec vec_div(vec a, vec b) {
    return _mm256_div_ps(a, b);
}
/* a * b + c */
HONE_INLINE vec vec_fma(vec a, vec b, vec c) {
    return _mm256_fmadd_ps(a, b, c);
}
HONE_INLINE vec vec_min(vec a, vec b) {
    return _mm256_min_ps(a, b);
}
HONE_INLINE vec vec_max(vec a, vec b) {
    return _mm256_max_ps(a, b);
}
HONE_INLINE vec vec_sqrt(vec a) {
    return _mm256_sqrt_ps(a);
}
HONE_INLINE vec vec_abs(vec a) {
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), a);
}
HONE_INLINE vec vec_negate(vec a) {
    return _mm256_xor_ps(_mm256_set1_ps(-0.0F), a);
}
/* To the nearest integer, ties to even. */
HONE_INLINE vec vec_round(vec a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* 2^n for the integer-valued -126 <= n <= 127. */
HONE_INLINE vec vec_power_of_two(vec n) {
    __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23));
}
HONE_INLINE vec_mask vec_less(vec a, vec b) {
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
HONE_INLINE vec_mask vec_is_nan(vec a) {
    return _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
}
HONE_INLINE bool vec_all(vec_mask mask) {
    return _mm256_movemask_ps(mask) == 0xFF;
}
/* mask ? a : b */
HONE_INLINE vec vec_select(vec_mask mask, vec a, vec b) {
    return _mm256_blendv_ps(b, a, mask);
}
HONE_INLINE float vec_sum(vec a) {
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* vec.h with NEON. */
#ifndef HONE_KERNELS_VEC_NEON_H
#define HONE_KERNELS_VEC_NEON_H

#include "kernels/shared/neon.h"

#define VEC_LANES 4
typedef float32x4_t vec;
typedef uint32x4_t vec_mask;

HONE_INLINE vec vec_set(float x) {
    return vdupq_n_f32(x);
}
HONE_INLINE vec vec_load(const float *from) {
    return vld1q_f32(from);
}
HONE_INLINE void vec_store(float *to, vec y) {
    vst1q_f32(to, y);
}
HONE_INLINE vec vec_load_some(const float *from, size_t count) {
    return hone__load_some(from, count);
}
HONE_INLINE void vec_store_some(float *to, vec y, size_t count) {
    hone__store_some(to, y, count);
}
HONE_INLINE vec vec_add(vec a, vec b) {
    return vaddq_f32(a, b);
}
HONE_INLINE vec vec_sub(vec a, vec b) {
    return vsubq_f32(a, b);
}
HONE_INLINE vec vec_mul(vec a, vec b) {
    return vmulq_f32(a, b);
}
HONE_INLINE vec vec_div(vec a, vec b) {
    return vdivq_f32(a, b);
}
/* a * b + c */
HONE_INLINE vec vec_fma(vec a, vec b, vec c) {
    return vfmaq_f32(c, a, b);
}
HONE_INLINE vec vec_min(vec a, vec b) {
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
HONE_INLINE vec vec_max(vec a, vec b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
HONE_INLINE vec vec_sqrt(vec a) {
    return vsqrtq_f32(a);
}
HONE_INLINE vec vec_abs(vec a) {
    return vabsq_f32(a);
}
HONE_INLINE vec vec_negate(vec a) {
    return vnegq_f32(a);
}
/* To the nearest integer, ties to even. */
HONE_INLINE vec vec_round(vec a) {
    return vrndnq_f32(a);
}
/* 2^n for the integer-valued -126 <= n <= 127. */
HONE_INLINE vec vec_power_of_two(vec n) {
    int32x4_t bits = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
    return vreinterpretq_f32_s32(vshlq_n_s32(bits, 23));
}
HONE_INLINE vec_mask vec_less(vec a, vec b) {
    return vcltq_f32(a, b);
}
HONE_INLINE vec_mask vec_is_nan(vec a) {
    return vmvnq_u32(vceqq_f32(a, a));
}
HONE_INLINE bool vec_all(vec_mask mask) {
    return vminvq_u32(mask) != 0;
}
/* mask ? a : b */
HONE_INLINE vec vec_select(vec_mask mask, vec a, vec b) {
    return vbslq_f32(mask, a, b);
}
HONE_INLINE float vec_sum(vec a) {
    return vaddvq_f32(a);
}

#endif

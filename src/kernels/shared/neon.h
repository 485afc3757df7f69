/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers of the NEON files. */
#ifndef HONE_KERNELS_NEON_H
#define HONE_KERNELS_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HONE_INLINE static inline __attribute__((always_inline))

/* Both instructions give NaN for a NaN. */
HONE_INLINE float32x4_t hone__clamp4(float32x4_t y, float32x4_t lo, float32x4_t hi) {
    return vminq_f32(vmaxq_f32(y, lo), hi);
}

/* The first `count` floats, count <= 4, others zero; nothing behind them is touched. */
HONE_INLINE float32x4_t hone__load_some(const float *from, size_t count) {
    float all[4] = {0};
    for (size_t i = 0; i < count; i++) all[i] = from[i];
    return vld1q_f32(all);
}

HONE_INLINE void hone__store_some(float *out, float32x4_t y, size_t count) {
    float all[4];
    vst1q_f32(all, y);
    for (size_t i = 0; i < count; i++) out[i] = all[i];
}

/* The rounding rule of requant.h: rint(clamp(acc * multiplier)) + zero of 4 + 4 sums. FCVTNS
 * rounds to nearest even. */
HONE_INLINE float32x4_t hone__scaled4(int32x4_t acc, const float *multiplier, float lo, float hi) {
    float32x4_t y = vmulq_f32(vcvtq_f32_s32(acc), vld1q_f32(multiplier));
    return hone__clamp4(y, vdupq_n_f32(lo), vdupq_n_f32(hi));
}

HONE_INLINE uint8x8_t hone__round8(float32x4_t y0, float32x4_t y1, int32_t zero) {
    int16x4_t q0 = vqmovn_s32(vcvtnq_s32_f32(y0)), q1 = vqmovn_s32(vcvtnq_s32_f32(y1));
    return vqmovun_s16(vaddq_s16(vcombine_s16(q0, q1), vdupq_n_s16((int16_t)zero)));
}

HONE_INLINE void hone__store_bytes(uint8_t *out, uint8x8_t bytes, size_t count) {
    uint8_t all[8];
    vst1_u8(all, bytes);
    for (size_t i = 0; i < count; i++) out[i] = all[i];
}

#endif

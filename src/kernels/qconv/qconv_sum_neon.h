/* SPDX-License-Identifier: Apache-2.0 */
/* The sum of qconv.h for vectors of 8 channels. */
#ifndef HONE_KERNELS_QCONV_SUM_NEON_H
#define HONE_KERNELS_QCONV_SUM_NEON_H

#include "kernels/qconv/qconv.h"
#include "kernels/shared/neon.h"

/* rint(y) * own + other, clamped; y is scaled and clamped already. */
HONE_INLINE float32x4_t hone__qconv_summed4(const hone_qconv_sum *sum, float32x4_t y,
                                            int16x4_t other) {
    float32x4_t own = vmulq_f32(vrndnq_f32(y), vdupq_n_f32(sum->own));
    float32x4_t x = vmulq_f32(vcvtq_f32_s32(vmovl_s16(other)), vdupq_n_f32(sum->other));
    return hone__clamp4(vaddq_f32(own, x), vdupq_n_f32(sum->lo), vdupq_n_f32(sum->hi));
}

/* The outputs of 8 channels, `columns` of which have an addend. */
HONE_INLINE uint8x8_t hone__qconv_summed8(const hone_qconv_sum *sum, float32x4_t y0, float32x4_t y1,
                                          const uint8_t *addend, size_t columns) {
    uint8_t all[8] = {0};
    if (columns < 8) {
        for (size_t i = 0; i < columns; i++) all[i] = addend[i];
        addend = all;
    }
    int16x8_t x = vreinterpretq_s16_u16(vsubl_u8(vld1_u8(addend), vdup_n_u8(sum->zero)));
    return hone__round8(hone__qconv_summed4(sum, y0, vget_low_s16(x)),
                        hone__qconv_summed4(sum, y1, vget_high_s16(x)), sum->output_zero);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* From the exact sums of 8 channels to their outputs: the rules of qconv.h. */
#ifndef HONE_KERNELS_QCONV_FINISH_NEON_H
#define HONE_KERNELS_QCONV_FINISH_NEON_H

#include "kernels/qconv/qconv_sum_neon.h"
#include "kernels/qconv/qconv_tiled.h"

/* A row of a tile whose panels have 8 channels. */
HONE_INLINE void store_row(const hone_qconv_tile *t, size_t row, int32x4_t acc0, int32x4_t acc1) {
    const float *multiplier = (const float *)((const int32_t *)t->panel + 8);
    float32x4_t y0 = hone__scaled4(acc0, multiplier, t->lo, t->hi);
    float32x4_t y1 = hone__scaled4(acc1, multiplier + 4, t->lo, t->hi);
    size_t at = row * t->output_stride;
    if (t->output) {
        uint8x8_t q = t->sum ? hone__qconv_summed8(t->sum, y0, y1, t->addend + row * t->sum->stride,
                                                   t->columns)
                             : hone__round8(y0, y1, t->output_zero);
        if (t->columns == 8)
            vst1_u8(t->output + at, q);
        else
            hone__store_bytes(t->output + at, q, t->columns);
        return;
    }
    hone__store_some(t->output_f32 + at, y0, t->columns < 4 ? t->columns : 4);
    if (t->columns > 4) hone__store_some(t->output_f32 + at + 4, y1, t->columns - 4);
}

#endif

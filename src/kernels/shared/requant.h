/* SPDX-License-Identifier: Apache-2.0 */
/* The one rounding rule of quantized outputs, the same bits on every instruction set:
 *
 *   y = clamp((float)acc * multiplier, lo, hi)     one float multiply, round to nearest even
 *   q = (uint8)(rint(y) + zero)                    round to nearest even
 *
 * acc is an exact int32. lo and hi are in units of the output's steps, relative to its zero point:
 * lo >= -zero and hi <= 255 - zero make q fit; Relu is lo = 0, Relu6 hi = rint(6 / scale). */
#ifndef HONE_KERNELS_REQUANT_H
#define HONE_KERNELS_REQUANT_H

#include <hone/base.h>
#include <math.h>

static inline float hone__requant_f32(int32_t acc, float multiplier, float lo, float hi) {
    float y = (float)acc * multiplier;
    y = y < lo ? lo : y;
    return y > hi ? hi : y;
}

static inline uint8_t hone__requant_u8(int32_t acc, float multiplier, float lo, float hi,
                                       int32_t zero) {
    return (uint8_t)((int32_t)rintf(hone__requant_f32(acc, multiplier, lo, hi)) + zero);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one float without branches or calls, so that a loop over them becomes vector code.
 * Selections are written as conditional expressions; the files that include this are compiled with
 * -fno-trapping-math, which lets gcc turn them into blends. */
#ifndef HONE_KERNELS_ELTWISE_MATH_H
#define HONE_KERNELS_ELTWISE_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define HONE_FLAT static inline __attribute__((always_inline))

HONE_FLAT float clamp_f32(float y, float lo, float hi) {
    y = y < lo ? lo : y;
    return y > hi ? hi : y;
}

/* Adding and taking away 1.5 * 2^23 rounds |x| < 2^22 to the nearest even integer. */
#define ROUND_MAGIC 12582912.0F

HONE_FLAT float round_even(float x) {
    return (x + ROUND_MAGIC) - ROUND_MAGIC;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one float without branches or calls, so that a loop over them becomes vector code,
 * and with the same operations in the same order on every instruction set (no contraction to FMA),
 * so that they give the same bits everywhere. Selections are written as conditional expressions;
 * the files that include this are compiled with -fno-trapping-math, which lets gcc turn them into
 * blends. Sources: exp after Cephes (Moshier), tanh and erf the rational forms of Eigen. */
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

HONE_FLAT uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

HONE_FLAT float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Adding and taking away 1.5 * 2^23 rounds |x| < 2^22 to the nearest even integer. */
#define ROUND_MAGIC 12582912.0F

HONE_FLAT float round_even(float x) {
    return (x + ROUND_MAGIC) - ROUND_MAGIC;
}

/* 2^n for the integer-valued -126 <= n <= 127. */
HONE_FLAT float power_of_two(float n) {
    return float_of((bits_of(n + ROUND_MAGIC) - bits_of(ROUND_MAGIC) + 127U) << 23);
}

/* exp(x) = 2^n * exp(r), |r| <= ln(2) / 2; ln 2 in two parts, the first short, so that n * part is
 * exact. 2^n in two factors, because n goes from -150 (a denormal result) to 128. */
HONE_FLAT float exp_f32(float x) {
    float z = clamp_f32(x, -104.0F, 88.72284F);
    float n = round_even(z * 1.44269504088896341F);
    float r = (z - n * 0.693359375F) + n * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = (p * (r * r) + r) + 1.0F;
    float half = round_even(n * 0.5F);
    float y = p * power_of_two(half) * power_of_two(n - half);
    return x > 88.72284F ? INFINITY : y;
}

HONE_FLAT float sigmoid_f32(float x) {
    float e = exp_f32(-fabsf(x));
    float d = 1.0F / (1.0F + e);
    return x < 0.0F ? e * d : d;
}

HONE_FLAT float tanh_f32(float x) {
    float z = clamp_f32(x, -7.99881172F, 7.99881172F), s = z * z;
    float p = -2.76076847742355e-16F;
    p = p * s + 2.00018790482477e-13F;
    p = p * s + -8.60467152213735e-11F;
    p = p * s + 5.12229709037114e-08F;
    p = p * s + 1.48572235717979e-05F;
    p = p * s + 6.37261928875436e-04F;
    p = p * s + 4.89352455891786e-03F;
    float q = 1.19825839466702e-06F;
    q = q * s + 1.18534705686654e-04F;
    q = q * s + 2.26843463243900e-03F;
    q = q * s + 4.89352518554385e-03F;
    return z * p / q;
}

HONE_FLAT float erf_f32(float x) {
    float z = clamp_f32(x, -4.0F, 4.0F), s = z * z;
    float p = -2.72614225801306e-10F;
    p = p * s + 2.77068142495902e-08F;
    p = p * s + -2.10102402082508e-06F;
    p = p * s + -5.69250639462346e-05F;
    p = p * s + -7.34990630326855e-04F;
    p = p * s + -2.95459980854025e-03F;
    p = p * s + -1.60960333262415e-02F;
    float q = -1.45660718464996e-05F;
    q = q * s + -2.13374055278905e-04F;
    q = q * s + -1.68282697438203e-03F;
    q = q * s + -7.37332916720468e-03F;
    q = q * s + -1.42647390514189e-02F;
    return z * p / q;
}

HONE_FLAT float gelu_f32(float x) {
    float y = x * 0.5F * (1.0F + erf_f32(x * 0.707106781F));
    return x < -6.0F ? -0.0F : y; /* and not -infinity * 0 */
}

HONE_FLAT float silu_f32(float x) {
    return x < -104.0F ? -0.0F : x * sigmoid_f32(x);
}

#endif

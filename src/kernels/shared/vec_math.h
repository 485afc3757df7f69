/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of vectors of floats. Relative error against the exact value, over all finite floats
 * (tests/kernels/test_recurrent.c sweeps every exponent): at most 5e-7, and 3e-43 more where the
 * result is denormal. A NaN gives NaN. Sources as in eltwise_math.h; here products and sums
 * contract to FMA, so bits differ from there. */
#ifndef HONE_KERNELS_VEC_MATH_H
#define HONE_KERNELS_VEC_MATH_H

#include "kernels/shared/vec.h"
#include <math.h>

/* c[0] x^(n-1) + ... + c[n-1] */
HONE_INLINE vec vec_polynomial(vec x, const float *c, const int n) {
    vec y = vec_set(c[0]);
#pragma GCC unroll 8
    for (int i = 1; i < n; i++) y = vec_fma(y, x, vec_set(c[i]));
    return y;
}

/* exp(x) = 2^n * exp(r), |r| <= ln(2) / 2, with 2^n in two factors: n goes from -150 to 128. */
HONE_INLINE vec vec_exp(vec x) {
    static const float c[] = {1.9875691500e-4F, 1.3981999507e-3F, 8.3334519073e-3F,
                              4.1665795894e-2F, 1.6666665459e-1F, 5.0000001201e-1F};
    vec z = vec_clamp(x, vec_set(-104.0F), vec_set(88.72284F));
    vec n = vec_round(vec_mul(z, vec_set(1.44269504088896341F)));
    vec r = vec_fma(n, vec_set(2.12194440e-4F), vec_fma(n, vec_set(-0.693359375F), z));
    vec p = vec_polynomial(r, c, 6);
    p = vec_add(vec_fma(p, vec_mul(r, r), r), vec_set(1.0F));
    vec half = vec_round(vec_mul(n, vec_set(0.5F)));
    vec y = vec_mul(vec_mul(p, vec_power_of_two(half)), vec_power_of_two(vec_sub(n, half)));
    y = vec_select(vec_less(vec_set(88.72284F), x), vec_set(INFINITY), y);
    return vec_select(vec_is_nan(x), x, y);
}

/* The same for x <= 0 only, -infinity too, and down to -87.3; what is below counts as 0. */
HONE_INLINE vec vec_exp_negative(vec x) {
    static const float c[] = {1.9875691500e-4F, 1.3981999507e-3F, 8.3334519073e-3F,
                              4.1665795894e-2F, 1.6666665459e-1F, 5.0000001201e-1F};
    vec z = vec_max(vec_set(-87.3F), x);
    vec n = vec_round(vec_mul(z, vec_set(1.44269504088896341F)));
    vec r = vec_fma(n, vec_set(2.12194440e-4F), vec_fma(n, vec_set(-0.693359375F), z));
    vec p = vec_polynomial(r, c, 6);
    p = vec_add(vec_fma(p, vec_mul(r, r), r), vec_set(1.0F));
    vec y = vec_mul(p, vec_power_of_two(n));
    return vec_select(vec_less(x, vec_set(-87.3F)), vec_set(0.0F), y);
}

/* 1 / (1 + exp(-x)) */
HONE_INLINE vec vec_sigmoid(vec x) {
    vec e = vec_exp(vec_negate(vec_abs(x)));
    vec d = vec_div(vec_set(1.0F), vec_add(vec_set(1.0F), e));
    return vec_select(vec_less(x, vec_set(0.0F)), vec_mul(e, d), d);
}

HONE_INLINE vec vec_tanh(vec x) {
    static const float up[] = {-2.76076847742355e-16F, 2.00018790482477e-13F,
                               -8.60467152213735e-11F, 5.12229709037114e-08F,
                               1.48572235717979e-05F,  6.37261928875436e-04F,
                               4.89352455891786e-03F};
    static const float down[] = {1.19825839466702e-06F, 1.18534705686654e-04F,
                                 2.26843463243900e-03F, 4.89352518554385e-03F};
    vec z = vec_clamp(x, vec_set(-7.99881172F), vec_set(7.99881172F)), s = vec_mul(z, z);
    return vec_div(vec_mul(z, vec_polynomial(s, up, 7)), vec_polynomial(s, down, 4));
}

/* exp(x) - 1; absolute error 1e-7 near 0. */
HONE_INLINE vec vec_expm1(vec x) {
    return vec_sub(vec_exp(x), vec_set(1.0F));
}

HONE_INLINE vec vec_erf(vec x) {
    static const float up[] = {-2.72614225801306e-10F, 2.77068142495902e-08F,
                               -2.10102402082508e-06F, -5.69250639462346e-05F,
                               -7.34990630326855e-04F, -2.95459980854025e-03F,
                               -1.60960333262415e-02F};
    static const float down[] = {-1.45660718464996e-05F, -2.13374055278905e-04F,
                                 -1.68282697438203e-03F, -7.37332916720468e-03F,
                                 -1.42647390514189e-02F};
    vec z = vec_clamp(x, vec_set(-4.0F), vec_set(4.0F)), s = vec_mul(z, z);
    return vec_div(vec_mul(z, vec_polynomial(s, up, 7)), vec_polynomial(s, down, 5));
}

#endif

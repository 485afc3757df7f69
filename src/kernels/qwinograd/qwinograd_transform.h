/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms of qwinograd.h. A tier's file includes this once, after it has defined vectors
 * with + - * << >> and comparable names:
 *
 *   svec   LANES numbers int16_t          uvec, ivec   LANES / 2 numbers uint32_t, int32_t
 *   svec  bytes(const uint8_t *from, size_t count)   the first count, others anything
 *   svec  signs(const int8_t *from)                  LANES weights
 *   void  save(int16_t *out, svec y)
 *   uvec  sums(const uint32_t *from)
 *   void  save_sums(int32_t *out, ivec y) */
#ifndef HONE_KERNELS_QWINOGRAD_TRANSFORM_H
#define HONE_KERNELS_QWINOGRAD_TRANSFORM_H

#include "kernels/qwinograd/qwinograd_tiled.h"

/* y = B^T x, `step` vectors apart in y. */
HONE_INLINE void input_line(const svec *x, svec *y, const size_t step) {
    svec p = x[4] - 4 * x[2], q = x[3] - 4 * x[1];
    svec r = x[4] - x[2], s = 2 * (x[3] - x[1]);
    y[0] = 4 * (x[0] - x[2]) + r;
    y[step] = p + q;
    y[2 * step] = p - q;
    y[3 * step] = r + s;
    y[4 * step] = r - s;
    y[5 * step] = (x[5] - x[3]) - 2 * s;
}

/* y = G x. */
HONE_INLINE void weight_line(svec a, svec b, svec c, svec *y, const size_t step) {
    svec outer = a + c, wide = a + 4 * c, twice = 2 * b;
    y[0] = 6 * a;
    y[step] = outer + b;
    y[2 * step] = outer - b;
    y[3 * step] = wide + twice;
    y[4 * step] = wide - twice;
    y[5 * step] = 6 * c;
}

/* y = A^T x. */
HONE_INLINE void output_line(const uvec *x, uvec *y, const size_t step) {
    uvec a = x[1] + x[2], b = x[1] - x[2], c = x[3] + x[4], d = x[3] - x[4];
    y[0] = x[0] - 4 * a + c;
    y[step] = d - 2 * b;
    y[2 * step] = c - a;
    y[3 * step] = 2 * d - b + x[5];
}

/* Channels [c, c + count) of a tile: columns first, then rows. */
HONE_INLINE void input_channels(const hone_qwinograd_input *in, size_t c, size_t count) {
    svec half[36], x[6];
#pragma GCC unroll 6
    for (size_t j = 0; j < 6; j++) {
#pragma GCC unroll 6
        for (size_t i = 0; i < 6; i++) x[i] = bytes(in->pixels[i * 6 + j] + c, count);
        input_line(x, half + j, 6);
    }
    int16_t *out = in->out + c;
#pragma GCC unroll 6
    for (size_t i = 0; i < 6; i++) {
        input_line(half + i * 6, x, 1);
#pragma GCC unroll 6
        for (size_t j = 0; j < 6; j++, out += in->plane) save(out, x[j]);
    }
}

static void input_tile(const hone_qwinograd_input *in) {
    size_t c = 0;
    for (; c + LANES <= in->channels; c += LANES) input_channels(in, c, LANES);
    if (c < in->channels) input_channels(in, c, in->channels - c);
}

/* points[36] of the weights [9][LANES] between one input channel and LANES output channels. */
HONE_INLINE void weight_points(const int8_t *weights, svec *points) {
    svec half[18];
#pragma GCC unroll 3
    for (size_t j = 0; j < 3; j++)
        weight_line(signs(weights + j * LANES), signs(weights + (3 + j) * LANES),
                    signs(weights + (6 + j) * LANES), half + j, 3);
#pragma GCC unroll 6
    for (size_t i = 0; i < 6; i++)
        weight_line(half[i * 3], half[i * 3 + 1], half[i * 3 + 2], points + i * 6, 1);
}

/* The convolution from its 9 * 2^a multiple. */
HONE_INLINE ivec unscaled(uvec y, const size_t i, const size_t j) {
    static const int power[4] = {3, 2, 1, 1};
    return (ivec)(y * 0x38E38E39U) >> (power[i] + power[j]); /* 9 * 0x38E38E39 = 1 */
}

/* outputs[4][4][LANES] from the points' sums, for half of the channels, c .. */
HONE_INLINE void output_channels(const hone_qwinograd_output *to, size_t c, int32_t *outputs) {
    uvec half[24], x[6];
    const uint32_t *from = to->sums + c;
#pragma GCC unroll 6
    for (size_t j = 0; j < 6; j++, from += to->plane) {
#pragma GCC unroll 6
        for (size_t i = 0; i < 6; i++) x[i] = sums(from + i * 6 * to->plane);
        output_line(x, half + j, 6);
    }
    ivec bias = (ivec)sums((const uint32_t *)to->bias + c);
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        output_line(half + i * 6, x, 1);
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++)
            save_sums(outputs + (i * 4 + j) * LANES + c,
                      (ivec)((uvec)unscaled(x[j], i, j) + (uvec)bias));
    }
}

#endif

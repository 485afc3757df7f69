/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms of winograd.h for vectors of LANES channels. A tier's file includes this once,
 * after it has defined: the type `vec` with + and -, LANES, and
 *
 *   vec  times(float a, vec x)                             a * x
 *   vec  madd(float a, vec x, vec y)                       a * x + y
 *   vec  get(const float *from, size_t count)              the first count lanes, others zero
 *   void put(const hone_winograd_output *to, float *output, const float *residual, vec y,
 *            size_t count)                                 with residual and clamp
 *   void save(float *out, vec y)                           all lanes
 *
 * count is 1 .. LANES, and the constant LANES for all but the last channels. */
#ifndef HONE_KERNELS_WINOGRAD_TRANSFORM_H
#define HONE_KERNELS_WINOGRAD_TRANSFORM_H

#include "kernels/winograd/winograd_tiled.h"

/* The interpolation points for m = 4 are 0, A, -A, B, -B and infinity. */
#define A 0.625F
#define B 1.5F

/* y = B^T x for m = 4, 6 vectors to 6, `step` vectors apart in y. */
HONE_INLINE void input_line4(const vec *x, vec *y, const size_t step) {
    vec even_a = madd(-B * B, x[2], x[4]), odd_a = madd(-B * B, x[1], x[3]);
    vec even_b = madd(-A * A, x[2], x[4]), odd_b = madd(-A * A, x[1], x[3]);
    y[0] = madd(A * A * B * B, x[0], madd(-(A * A + B * B), x[2], x[4]));
    y[step] = madd(A, odd_a, even_a);
    y[2 * step] = madd(-A, odd_a, even_a);
    y[3 * step] = madd(B, odd_b, even_b);
    y[4 * step] = madd(-B, odd_b, even_b);
    y[5 * step] = madd(A * A * B * B, x[1], madd(-(A * A + B * B), x[3], x[5]));
}

HONE_INLINE void input_line2(const vec *x, vec *y, const size_t step) {
    y[0] = x[0] - x[2];
    y[step] = x[1] + x[2];
    y[2 * step] = x[2] - x[1];
    y[3 * step] = x[1] - x[3];
}

/* y = A^T x for m = 4, 6 vectors to 4. */
HONE_INLINE void output_line4(const vec *x, vec *y, const size_t step) {
    vec even_a = x[1] + x[2], odd_a = x[1] - x[2], even_b = x[3] + x[4], odd_b = x[3] - x[4];
    y[0] = x[0] + even_a + even_b;
    y[step] = madd(B, odd_b, times(A, odd_a));
    y[2 * step] = madd(B * B, even_b, times(A * A, even_a));
    y[3 * step] = madd(B * B * B, odd_b, madd(A * A * A, odd_a, x[5]));
}

HONE_INLINE void output_line2(const vec *x, vec *y, const size_t step) {
    y[0] = x[0] + x[1] + x[2];
    y[step] = x[1] - x[2] - x[3];
}

HONE_INLINE void input_line(const size_t m, const vec *x, vec *y, const size_t step) {
    if (m == 4)
        input_line4(x, y, step);
    else
        input_line2(x, y, step);
}

HONE_INLINE void output_line(const size_t m, const vec *x, vec *y, const size_t step) {
    if (m == 4)
        output_line4(x, y, step);
    else
        output_line2(x, y, step);
}

/* Channels [c, c + count) of a tile: columns first, then rows. */
HONE_INLINE void input_channels(const hone_winograd_input *in, const size_t m, size_t c,
                                size_t count) {
    const size_t side = m + 2;
    vec half[36], x[6];
#pragma GCC unroll 6
    for (size_t j = 0; j < side; j++) {
#pragma GCC unroll 6
        for (size_t i = 0; i < side; i++) x[i] = get(in->pixels[i * side + j] + c, count);
        input_line(m, x, half + j, side);
    }
    float *out = in->out + c;
#pragma GCC unroll 6
    for (size_t i = 0; i < side; i++) {
        input_line(m, half + i * side, x, 1);
#pragma GCC unroll 6
        for (size_t j = 0; j < side; j++, out += in->plane) save(out, x[j]);
    }
}

HONE_INLINE void input_tile(const hone_winograd_input *in, const size_t m) {
    size_t c = 0;
    for (; c + LANES <= in->channels; c += LANES) input_channels(in, m, c, LANES);
    if (c < in->channels) input_channels(in, m, c, in->channels - c);
}

/* One line of outputs, `count` channels from c on. */
HONE_INLINE void put_line(const hone_winograd_output *to, const size_t m, size_t row, size_t c,
                          const vec *y, size_t count) {
    float *out = to->output + row * to->output_row + c;
    const float *residual = to->residual ? to->residual + row * to->residual_row + c : NULL;
    for (size_t j = 0; j < m && j < to->cols; j++) {
        put(to, out, residual, y[j] + get(to->bias + c, LANES), count);
        out += to->output_stride;
        if (residual) residual += to->residual_stride;
    }
}

HONE_INLINE void output_channels(const hone_winograd_output *to, const size_t m, size_t c,
                                 size_t count) {
    const size_t side = m + 2;
    vec half[24], x[6];
    const float *sums = to->sums + c;
#pragma GCC unroll 6
    for (size_t j = 0; j < side; j++, sums += to->plane) {
#pragma GCC unroll 6
        for (size_t i = 0; i < side; i++) x[i] = get(sums + i * side * to->plane, LANES);
        output_line(m, x, half + j, side);
    }
    for (size_t i = 0; i < m && i < to->rows; i++) {
        output_line(m, half + i * side, x, 1);
        put_line(to, m, i, c, x, count);
    }
}

HONE_INLINE void output_tile(const hone_winograd_output *to, const size_t m) {
    size_t c = 0;
    for (; c + LANES <= to->columns; c += LANES) output_channels(to, m, c, LANES);
    if (c < to->columns) output_channels(to, m, c, to->columns - c);
}

static void input2(const hone_winograd_input *input) {
    input_tile(input, 2);
}
static void input4(const hone_winograd_input *input) {
    input_tile(input, 4);
}
static void output2(const hone_winograd_output *output) {
    output_tile(output, 2);
}
static void output4(const hone_winograd_output *output) {
    output_tile(output, 4);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of the depthwise convolution over vectors of vec.h: up to 7 pixels of VEC_LANES
 * channels at a time.
 *
 * Square kernels of 3 and 5 with stride 1 and 2 load each input once for all the pixels of the
 * group that it goes into: 7 pixels of a 3 x 3 kernel take 27 inputs and 9 weights for 63
 * multiply-adds. Others take a weight a tap, and an input a tap and pixel. */
#ifndef HONE_KERNELS_DWCONV_F32_LOOPS_H
#define HONE_KERNELS_DWCONV_F32_LOOPS_H

#include "kernels/dwconv/dwconv_tiled.h"
#include "kernels/shared/vec.h"

enum { PIXELS = 4 };

/* --- square kernels --------------------------------------------------------------------------- */

/* One kernel row: `in` are the columns, `w` its weights. */
HONE_INLINE void add_row(const float *const *in, size_t c, const float *w, const size_t kernel,
                         const size_t stride, const size_t pixels, vec *acc) {
    vec weight[5];
#pragma GCC unroll 5
    for (size_t k = 0; k < kernel; k++) weight[k] = vec_load(w + k * VEC_LANES);
#pragma GCC unroll 17
    for (size_t j = 0; j < (pixels - 1) * stride + kernel; j++) {
        vec x = vec_load(in[j] + c);
#pragma GCC unroll 5
        for (size_t k = 0; k < kernel; k++)
            if (j >= k && (j - k) % stride == 0 && (j - k) / stride < pixels)
                acc[(j - k) / stride] = vec_fma(x, weight[k], acc[(j - k) / stride]);
    }
}

HONE_INLINE void run_square(const hone_dwconv_group *g, const size_t kernel, const size_t stride,
                            const size_t pixels) {
    const float *panel = g->panel;
    for (size_t first = 0; first < g->channels; first += VEC_LANES) {
        size_t c = first + VEC_LANES > g->channels ? g->channels - VEC_LANES : first;
        vec acc[HONE_DWCONV_PIXELS];
#pragma GCC unroll 7
        for (size_t p = 0; p < pixels; p++) acc[p] = vec_load(panel);
        const float *w = panel + (1 + g->row * kernel) * VEC_LANES;
        for (size_t ky = g->row; ky < g->row_end; ky++, w += kernel * VEC_LANES)
            add_row(g->columns[ky], c, w, kernel, stride, pixels, acc);
        vec lo = vec_set(g->lo), hi = vec_set(g->hi);
        float *out = g->output + c;
#pragma GCC unroll 7
        for (size_t p = 0; p < pixels; p++, out += g->output_stride)
            vec_store(out, vec_clamp(acc[p], lo, hi));
        panel += (1 + kernel * kernel) * VEC_LANES;
    }
}

/* The seven group sizes of a kernel and stride, and the table's row of them. */
#define PIXELS_OF(kernel, stride, pixels)                                                          \
    static void square_##kernel##s##stride##_##pixels(const hone_dwconv_group *group) {            \
        run_square(group, kernel, stride, pixels);                                                 \
    }
#define SQUARE(kernel, stride)                                                                     \
    PIXELS_OF(kernel, stride, 1)                                                                   \
    PIXELS_OF(kernel, stride, 2)                                                                   \
    PIXELS_OF(kernel, stride, 3)                                                                   \
    PIXELS_OF(kernel, stride, 4)                                                                   \
    PIXELS_OF(kernel, stride, 5)                                                                   \
    PIXELS_OF(kernel, stride, 6)                                                                   \
    PIXELS_OF(kernel, stride, 7)
#define ROW(kernel, stride)                                                                        \
    {                                                                                              \
        kernel, stride, {                                                                          \
            square_##kernel##s##stride##_1, square_##kernel##s##stride##_2,                        \
                square_##kernel##s##stride##_3, square_##kernel##s##stride##_4,                    \
                square_##kernel##s##stride##_5, square_##kernel##s##stride##_6,                    \
                square_##kernel##s##stride##_7                                                     \
        }                                                                                          \
    }

SQUARE(3, 1)
SQUARE(3, 2)
SQUARE(5, 1)
SQUARE(5, 2)

static const hone_dwconv_square squares[] = {ROW(3, 1), ROW(3, 2), ROW(5, 1), ROW(5, 2)};

/* --- any kernel ------------------------------------------------------------------------------- */

HONE_INLINE void run_channels(const hone_dwconv_tile *t, size_t at, const size_t pixels, size_t c,
                              const float *panel, const bool some) {
    const size_t count = some ? t->channels : VEC_LANES;
    vec acc[PIXELS], lo = vec_set(t->lo), hi = vec_set(t->hi);
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) acc[p] = vec_load(panel);
    for (size_t tap = t->tap; tap < t->tap_end; tap++) {
        vec w = vec_load(panel + (1 + tap) * VEC_LANES);
        const float *in = t->taps[tap] + at * t->step + c;
#pragma GCC unroll 4
        for (size_t p = 0; p < pixels; p++)
            acc[p] = vec_fma(vec_load_upto(in + p * t->step, count), w, acc[p]);
    }
    float *out = t->output + at * t->output_stride + c;
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++, out += t->output_stride)
        vec_store_upto(out, vec_clamp(acc[p], lo, hi), count);
}

HONE_INLINE void run_pixels(const hone_dwconv_tile *t, size_t at, const size_t pixels) {
    if (t->channels < VEC_LANES) {
        run_channels(t, at, pixels, 0, t->panel, true);
        return;
    }
    const float *panel = t->panel;
    for (size_t first = 0; first < t->channels; first += VEC_LANES) {
        size_t c = first + VEC_LANES > t->channels ? t->channels - VEC_LANES : first;
        run_channels(t, at, pixels, c, panel, false);
        panel += (1 + t->tap_count) * VEC_LANES;
    }
}

static void run(const hone_dwconv_tile *tile) {
    size_t at = 0;
    for (; at + 4 <= tile->pixels; at += 4) run_pixels(tile, at, 4);
    if (tile->pixels - at == 3) run_pixels(tile, at, 3);
    if (tile->pixels - at == 2) run_pixels(tile, at, 2);
    if (tile->pixels - at == 1) run_pixels(tile, at, 1);
}

static const hone_dwconv_tiles tiles = {
    .width = VEC_LANES,
    .run = run,
    .squares = squares,
    .square_count = sizeof squares / sizeof *squares,
    .overlaps = true,
};

#endif

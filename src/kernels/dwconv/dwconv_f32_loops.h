/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of the depthwise convolution over vectors of vec.h: up to PIXELS pixels of VEC_LANES
 * channels at a time; a weight is loaded once for the pixels of a group. 3 x 3 of stride 1 also
 * shares the inputs of neighbouring pixels: 18 loads instead of 36. */
#ifndef HONE_KERNELS_DWCONV_F32_LOOPS_H
#define HONE_KERNELS_DWCONV_F32_LOOPS_H

#include "kernels/dwconv/dwconv_tiled.h"
#include "kernels/shared/vec.h"

enum { PIXELS = 4 };

/* All lanes, or with `some` the first `count`. */
HONE_INLINE vec load(const float *from, const bool some, size_t count) {
    return some ? vec_load_some(from, count) : vec_load(from);
}

HONE_INLINE void store(const hone_dwconv_tile *t, size_t at, const size_t pixels, size_t c,
                       const bool some, const vec *acc) {
    vec lo = vec_set(t->lo), hi = vec_set(t->hi);
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) {
        float *out = t->output + (at + p) * t->output_stride + c;
        vec y = vec_clamp(acc[p], lo, hi);
        if (some)
            vec_store_some(out, y, t->channels - c);
        else
            vec_store(out, y);
    }
}

HONE_INLINE void channels_any(const hone_dwconv_tile *t, size_t at, const size_t pixels, size_t c,
                              const float *panel, const bool some) {
    vec acc[PIXELS];
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) acc[p] = vec_load(panel);
    for (size_t tap = t->tap; tap < t->tap_end; tap++) {
        vec w = vec_load(panel + (1 + tap) * VEC_LANES);
        const float *in = t->taps[tap] + at * t->step + c;
#pragma GCC unroll 4
        for (size_t p = 0; p < pixels; p++)
            acc[p] = vec_fma(load(in + p * t->step, some, t->channels - c), w, acc[p]);
    }
    store(t, at, pixels, c, some, acc);
}

HONE_INLINE void channels_3x3(const hone_dwconv_tile *t, size_t at, size_t c, const float *panel,
                              const bool some) {
    vec acc[PIXELS];
#pragma GCC unroll 4
    for (size_t p = 0; p < PIXELS; p++) acc[p] = vec_load(panel);
#pragma GCC unroll 3
    for (size_t ky = 0; ky < 3; ky++) {
        const float *in = t->taps[3 * ky] + at * t->step + c;
        const float *w = panel + (1 + 3 * ky) * VEC_LANES;
        vec w0 = vec_load(w), w1 = vec_load(w + VEC_LANES), w2 = vec_load(w + 2 * VEC_LANES);
#pragma GCC unroll 6
        for (size_t j = 0; j < PIXELS + 2; j++, in += t->column) {
            vec x = load(in, some, t->channels - c);
            if (j < PIXELS) acc[j] = vec_fma(x, w0, acc[j]);
            if (j >= 1 && j <= PIXELS) acc[j - 1] = vec_fma(x, w1, acc[j - 1]);
            if (j >= 2) acc[j - 2] = vec_fma(x, w2, acc[j - 2]);
        }
    }
    store(t, at, PIXELS, c, some, acc);
}

HONE_INLINE void run_pixels(const hone_dwconv_tile *t, size_t at, const size_t pixels,
                            const bool is_3x3) {
    const float *panel = t->panel;
    for (size_t c = 0; c < t->channels; c += VEC_LANES, panel += (1 + t->tap_count) * VEC_LANES) {
        bool some = c + VEC_LANES > t->channels;
        if (is_3x3 && some)
            channels_3x3(t, at, c, panel, true);
        else if (is_3x3)
            channels_3x3(t, at, c, panel, false);
        else if (some)
            channels_any(t, at, pixels, c, panel, true);
        else
            channels_any(t, at, pixels, c, panel, false);
    }
}

/* What is left of a group after its fours, from pixel `at` on. */
static void run_rest(const hone_dwconv_tile *tile, size_t at) {
    for (; at < tile->pixels; at++) run_pixels(tile, at, 1, false);
}

static void run(const hone_dwconv_tile *tile) {
    size_t at = 0;
    for (; at + 4 <= tile->pixels; at += 4) run_pixels(tile, at, 4, false);
    run_rest(tile, at);
}

static void run_3x3(const hone_dwconv_tile *tile) {
    size_t at = 0;
    for (; at + 4 <= tile->pixels; at += 4) run_pixels(tile, at, 4, true);
    run_rest(tile, at);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* hone_dwconv_f32_4x4_neon: up to 4 pixels x 4 channels at a time; a weight is loaded once for the
 * pixels. 3 x 3 of stride 1 also shares the inputs of neighbouring pixels: 18 loads instead of
 * 36. */
#include "kernels/dwconv/dwconv_tiers.h"
#include "kernels/dwconv/dwconv_tiled.h"
#include "kernels/shared/neon.h"

enum { WIDTH = 4, PIXELS = 4 };

HONE_INLINE float32x4_t load(const float *from, const bool some, size_t count) {
    return some ? hone__load_some(from, count) : vld1q_f32(from);
}

HONE_INLINE void store(const hone_dwconv_tile *t, size_t at, const size_t pixels, size_t c,
                       const bool some, const float32x4_t *acc) {
    float32x4_t lo = vdupq_n_f32(t->lo), hi = vdupq_n_f32(t->hi);
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) {
        float *out = t->output + (at + p) * t->output_stride + c;
        float32x4_t y = hone__clamp4(acc[p], lo, hi);
        if (some)
            hone__store_some(out, y, t->channels - c);
        else
            vst1q_f32(out, y);
    }
}

HONE_INLINE void channels_any(const hone_dwconv_tile *t, size_t at, const size_t pixels, size_t c,
                              const float *panel, const bool some) {
    float32x4_t acc[PIXELS];
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) acc[p] = vld1q_f32(panel);
    for (size_t tap = t->tap; tap < t->tap_end; tap++) {
        float32x4_t w = vld1q_f32(panel + (1 + tap) * WIDTH);
        const float *in = t->taps[tap] + at * t->step + c;
#pragma GCC unroll 4
        for (size_t p = 0; p < pixels; p++)
            acc[p] = vfmaq_f32(acc[p], load(in + p * t->step, some, t->channels - c), w);
    }
    store(t, at, pixels, c, some, acc);
}

HONE_INLINE void channels_3x3(const hone_dwconv_tile *t, size_t at, size_t c, const float *panel,
                              const bool some) {
    float32x4_t acc[PIXELS];
#pragma GCC unroll 4
    for (size_t p = 0; p < PIXELS; p++) acc[p] = vld1q_f32(panel);
#pragma GCC unroll 3
    for (size_t ky = 0; ky < 3; ky++) {
        const float *in = t->taps[3 * ky] + at * t->step + c;
        const float *w = panel + (1 + 3 * ky) * WIDTH;
        float32x4_t w0 = vld1q_f32(w), w1 = vld1q_f32(w + WIDTH), w2 = vld1q_f32(w + 2 * WIDTH);
#pragma GCC unroll 6
        for (size_t j = 0; j < PIXELS + 2; j++, in += t->column) {
            float32x4_t x = load(in, some, t->channels - c);
            if (j < PIXELS) acc[j] = vfmaq_f32(acc[j], x, w0);
            if (j >= 1 && j <= PIXELS) acc[j - 1] = vfmaq_f32(acc[j - 1], x, w1);
            if (j >= 2) acc[j - 2] = vfmaq_f32(acc[j - 2], x, w2);
        }
    }
    store(t, at, PIXELS, c, some, acc);
}

HONE_INLINE void run_pixels(const hone_dwconv_tile *t, size_t at, const size_t pixels,
                            const bool is_3x3) {
    const float *panel = t->panel;
    for (size_t c = 0; c < t->channels; c += WIDTH, panel += (1 + t->tap_count) * WIDTH) {
        bool some = c + WIDTH > t->channels;
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

static const hone_dwconv_tiles tiles = {.width = WIDTH, .run = run, .run_3x3 = run_3x3};

const hone_dwconv_kernel hone_dwconv_f32_4x4_neon = {
    .name = "hone_dwconv_f32_4x4_neon",
    .supports = hone__dwconv_tiled_supports,
    .pack_bytes = hone__dwconv_tiled_pack_bytes,
    .pack = hone__dwconv_tiled_pack,
    .scratch_bytes = hone__dwconv_tiled_scratch_bytes,
    .task_count = hone__dwconv_tiled_task_count,
    .run_task = hone__dwconv_tiled_run_task,
    .tile = &tiles,
};

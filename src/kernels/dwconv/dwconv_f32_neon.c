/* SPDX-License-Identifier: Apache-2.0 */
/* hone_dwconv_f32_4x4_neon: up to 4 pixels x 4 channels at a time; a weight is loaded once for the
 * pixels. 3 x 3 of strides 1 and 2 goes through loops of its own, which also share the inputs of
 * neighbouring pixels; what they leave over, channels behind the last four and single pixels, and
 * all other kernels are left to the compiler. */
#include "kernels/dwconv/dwconv_loop_neon.h"
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

/* `pixels` pixels from `at` on, channels from `first`, a multiple of WIDTH, on. */
HONE_INLINE void run_pixels(const hone_dwconv_tile *t, size_t at, const size_t pixels,
                            size_t first) {
    const float *panel = t->panel + first * (1 + t->tap_count);
    for (size_t c = first; c < t->channels; c += WIDTH, panel += (1 + t->tap_count) * WIDTH) {
        if (c + WIDTH > t->channels)
            channels_any(t, at, pixels, c, panel, true);
        else
            channels_any(t, at, pixels, c, panel, false);
    }
}

typedef void (*loop_function)(const hone_dwconv_loop *loop);

/* Four pixels of a 3 x 3 kernel, all channels. */
static void run_four(const hone_dwconv_tile *t, size_t at, loop_function function) {
    hone_dwconv_loop loop = {
        .column = t->column * sizeof(float),
        .panel = t->panel,
        .blocks = t->channels / WIDTH,
        .lo = t->lo,
        .hi = t->hi,
    };
    for (size_t ky = 0; ky < 3; ky++) loop.rows[ky] = t->taps[3 * ky] + at * t->step;
    for (size_t p = 0; p < PIXELS; p++) loop.outputs[p] = t->output + (at + p) * t->output_stride;
    function(&loop);
    if (t->channels % WIDTH) run_pixels(t, at, PIXELS, t->channels - t->channels % WIDTH);
}

/* The last four may begin early and compute some pixels a second time. */
static void run_fours(const hone_dwconv_tile *t, loop_function function) {
    for (size_t at = 0; at + PIXELS <= t->pixels; at += PIXELS) run_four(t, at, function);
    if (t->pixels % PIXELS) run_four(t, t->pixels - PIXELS, function);
}

static bool has_fours(const hone_dwconv_tile *t) {
    return t->pixels >= PIXELS && t->channels >= WIDTH;
}

/* Whether the taps are three rows of three columns, and pixels two columns apart. */
static bool is_3x3s2(const hone_dwconv_tile *t) {
    if (t->tap_count != 9 || t->tap != 0 || t->tap_end != 9 || t->step != 2 * t->column)
        return false;
    for (size_t ky = 0; ky < 3; ky++)
        for (size_t kx = 1; kx < 3; kx++)
            if (t->taps[3 * ky + kx] != t->taps[3 * ky] + kx * t->column) return false;
    return true;
}

static void run(const hone_dwconv_tile *tile) {
    size_t at = 0;
    if (has_fours(tile) && is_3x3s2(tile)) {
        run_fours(tile, hone__dwconv_loop_3x3s2_neon);
        return;
    }
    for (; at + PIXELS <= tile->pixels; at += PIXELS) run_pixels(tile, at, PIXELS, 0);
    for (; at < tile->pixels; at++) run_pixels(tile, at, 1, 0);
}

static void run_3x3(const hone_dwconv_tile *tile) {
    if (has_fours(tile))
        run_fours(tile, hone__dwconv_loop_3x3s1_neon);
    else
        run(tile);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qdwconv_u8s8_4x8_neon: up to 4 pixels x 8 channels at a time; inputs are widened to 16 bits
 * and multiplied into exact 32-bit sums (SMLAL). 3 x 3 of strides 1 and 2 widens an input once for
 * all the pixels that it goes into. */
#include "kernels/qdwconv/qdwconv_loop_neon.h"
#include "kernels/qdwconv/qdwconv_tiers.h"
#include "kernels/qdwconv/qdwconv_tiled.h"
#include "kernels/shared/neon.h"
#include <math.h>

enum { WIDTH = 8, PIXELS = 4 };

static const uint8_t order[WIDTH] = {0, 1, 2, 3, 4, 5, 6, 7};

/* 8 channels, or the first `count`; nothing behind them is touched. */
HONE_INLINE int16x8_t load(const uint8_t *from, const bool some, size_t count) {
    uint8_t all[8] = {0};
    if (!some) return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(from)));
    for (size_t i = 0; i < count; i++) all[i] = from[i];
    return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(all)));
}

HONE_INLINE void add_tap(int32x4_t *acc, int16x8_t x, int16x8_t w) {
    acc[0] = vmlal_s16(acc[0], vget_low_s16(x), vget_low_s16(w));
    acc[1] = vmlal_high_s16(acc[1], x, w);
}

typedef struct sums {
    int32x4_t of[PIXELS][2];
} sums;

HONE_INLINE void start(sums *acc, const char *panel, const size_t pixels) {
    const int32_t *bias = (const int32_t *)(const void *)panel;
    int32x4_t b0 = vld1q_s32(bias), b1 = vld1q_s32(bias + 4);
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) acc->of[p][0] = b0, acc->of[p][1] = b1;
}

HONE_INLINE const int16_t *weights_of(const char *panel) {
    return (const int16_t *)(const void *)(panel + WIDTH * 8);
}

HONE_INLINE void finish(const hone_qdwconv_tile *t, const sums *acc, const char *panel, size_t at,
                        const size_t pixels, size_t c, const bool some) {
    const float *multiplier = (const float *)(const void *)(panel + WIDTH * 4);
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) {
        uint8_t *out = t->output + (at + p) * t->output_stride + c;
        float32x4_t y0 = hone__scaled4(acc->of[p][0], multiplier, t->lo, t->hi);
        float32x4_t y1 = hone__scaled4(acc->of[p][1], multiplier + 4, t->lo, t->hi);
        uint8x8_t q = hone__round8(y0, y1, t->output_zero);
        if (some)
            hone__store_bytes(out, q, t->channels);
        else
            vst1_u8(out, q);
    }
}

HONE_INLINE void run_block(const hone_qdwconv_tile *t, size_t at, const size_t pixels, size_t c,
                           const char *panel, const bool some) {
    const int16_t *weight = weights_of(panel);
    sums acc;
    start(&acc, panel, pixels);
    for (size_t i = 0; i < t->pairs; i++, weight += 2 * WIDTH) {
        int16x8x2_t w = vld2q_s16(weight);
        const uint8_t *a = t->taps[2 * i] + at * t->step + c;
        const uint8_t *b = t->taps[2 * i + 1] + at * t->step + c;
#pragma GCC unroll 4
        for (size_t p = 0; p < pixels; p++) {
            add_tap(acc.of[p], load(a + p * t->step, some, t->channels), w.val[0]);
            add_tap(acc.of[p], load(b + p * t->step, some, t->channels), w.val[1]);
        }
    }
    finish(t, &acc, panel, at, pixels, c, some);
}

HONE_INLINE void run_pixels(const hone_qdwconv_tile *t, size_t at, const size_t pixels) {
    const char *panel = t->panel;
    hone_qdwconv_block block = {0};
    size_t bytes = hone__qdwconv_panel_bytes(WIDTH, t->pairs);
    if (t->channels < WIDTH) {
        run_block(t, at, pixels, 0, panel, true);
        return;
    }
    for (; hone__qdwconv_next(t->channels, WIDTH, WIDTH, &block); panel += bytes)
        run_block(t, at, pixels, block.first, panel, false);
}

typedef void (*loop_function)(const hone_qdwconv_loop *loop);

/* Four pixels of a 3 x 3 kernel, all channels; a last block of channels may begin early. */
static void run_four(const hone_qdwconv_tile *t, size_t at, size_t stride, loop_function function) {
    hone_qdwconv_loop loop = {
        .column = t->step / stride,
        .panel = t->panel,
        .blocks = t->channels / WIDTH,
        .zero = (int16_t)t->output_zero,
        .lo = (uint8_t)((int32_t)rintf(t->lo) + t->output_zero),
        .hi = (uint8_t)((int32_t)rintf(t->hi) + t->output_zero),
    };
    size_t rest = t->channels % WIDTH, early = t->channels - WIDTH;
    for (size_t ky = 0; ky < 3; ky++) loop.rows[ky] = t->taps[3 * ky] + at * t->step;
    for (size_t p = 0; p < PIXELS; p++) loop.outputs[p] = t->output + (at + p) * t->output_stride;
    function(&loop);
    if (rest == 0) return;
    loop.panel = (const char *)t->panel + loop.blocks * hone__qdwconv_panel_bytes(WIDTH, t->pairs);
    loop.blocks = 1;
    for (size_t ky = 0; ky < 3; ky++) loop.rows[ky] += early;
    for (size_t p = 0; p < PIXELS; p++) loop.outputs[p] += early;
    function(&loop);
}

/* The last four may begin early and compute some pixels a second time. */
static void run_fours(const hone_qdwconv_tile *t, size_t stride, loop_function function) {
    for (size_t at = 0; at + PIXELS <= t->pixels; at += PIXELS) run_four(t, at, stride, function);
    if (t->pixels % PIXELS) run_four(t, t->pixels - PIXELS, stride, function);
}

/* Whether the taps are three rows of three columns, and pixels `stride` columns apart. */
static bool is_3x3(const hone_qdwconv_tile *t, size_t stride) {
    size_t column = t->step / stride;
    if (t->pairs != 5 || t->pixels < PIXELS || t->channels < WIDTH || t->step % stride)
        return false;
    for (size_t ky = 0; ky < 3; ky++)
        for (size_t kx = 1; kx < 3; kx++)
            if (t->taps[3 * ky + kx] != t->taps[3 * ky] + kx * column) return false;
    return true;
}

static void run(const hone_qdwconv_tile *tile) {
    size_t at = 0;
    if (is_3x3(tile, 1)) {
        run_fours(tile, 1, hone__qdwconv_loop_3x3s1_neon);
        return;
    }
    if (is_3x3(tile, 2)) {
        run_fours(tile, 2, hone__qdwconv_loop_3x3s2_neon);
        return;
    }
    for (; at + 4 <= tile->pixels; at += 4) run_pixels(tile, at, 4);
    for (; at < tile->pixels; at++) run_pixels(tile, at, 1);
}

static const hone_qdwconv_tiles tiles = {
    .width = WIDTH, .narrow = WIDTH, .order = order, .run = run};

const hone_qdwconv_kernel hone_qdwconv_u8s8_4x8_neon = {
    .name = "hone_qdwconv_u8s8_4x8_neon",
    .supports = hone__qdwconv_tiled_supports,
    .pack_bytes = hone__qdwconv_tiled_pack_bytes,
    .pack = hone__qdwconv_tiled_pack,
    .scratch_bytes = hone__qdwconv_tiled_scratch_bytes,
    .task_count = hone__qdwconv_tiled_task_count,
    .run_task = hone__qdwconv_tiled_run_task,
    .tile = &tiles,
};

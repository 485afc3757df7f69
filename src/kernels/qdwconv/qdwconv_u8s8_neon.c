/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qdwconv_u8s8_4x8_neon: up to 4 pixels x 8 channels at a time; inputs are widened to 16 bits
 * and multiplied into exact 32-bit sums (SMLAL). */
#include "kernels/qdwconv/qdwconv_tiers.h"
#include "kernels/qdwconv/qdwconv_tiled.h"
#include "kernels/shared/neon.h"

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

HONE_INLINE void run_block(const hone_qdwconv_tile *t, size_t at, const size_t pixels, size_t c,
                           const char *panel, const bool some) {
    const int32_t *bias = (const int32_t *)(const void *)panel;
    const float *multiplier = (const float *)(const void *)(bias + WIDTH);
    const int16_t *weight = (const int16_t *)(const void *)(bias + 2 * WIDTH);
    int32x4_t acc[PIXELS][2];
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++)
        acc[p][0] = vld1q_s32(bias), acc[p][1] = vld1q_s32(bias + 4);
    for (size_t i = 0; i < t->pairs; i++, weight += 2 * WIDTH) {
        int16x8x2_t w = vld2q_s16(weight);
        const uint8_t *a = t->taps[2 * i] + at * t->step + c;
        const uint8_t *b = t->taps[2 * i + 1] + at * t->step + c;
#pragma GCC unroll 4
        for (size_t p = 0; p < pixels; p++) {
            add_tap(acc[p], load(a + p * t->step, some, t->channels), w.val[0]);
            add_tap(acc[p], load(b + p * t->step, some, t->channels), w.val[1]);
        }
    }
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) {
        uint8_t *out = t->output + (at + p) * t->output_stride + c;
        float32x4_t y0 = hone__scaled4(acc[p][0], multiplier, t->lo, t->hi);
        float32x4_t y1 = hone__scaled4(acc[p][1], multiplier + 4, t->lo, t->hi);
        uint8x8_t q = hone__round8(y0, y1, t->output_zero);
        if (some)
            hone__store_bytes(out, q, t->channels);
        else
            vst1_u8(out, q);
    }
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

static void run(const hone_qdwconv_tile *tile) {
    size_t at = 0;
    for (; at + 4 <= tile->pixels; at += 4) run_pixels(tile, at, 4);
    for (; at < tile->pixels; at++) run_pixels(tile, at, 1);
}

static const hone_qdwconv_tiles tiles = {WIDTH, WIDTH, order, 0, run};

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

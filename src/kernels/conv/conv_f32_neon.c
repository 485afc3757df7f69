/* SPDX-License-Identifier: Apache-2.0 */
/* hone_conv_f32_8x8_neon: 8 pixels x 8 channels in 16 registers. More than half a tile goes through
 * the loop of conv_f32_8x8_neon.c; fewer rows, mostly fully connected layers, which wait for memory
 * anyway, are left to the compiler. */
#include "kernels/conv/conv_loop_neon.h"
#include "kernels/conv/conv_tiers.h"
#include "kernels/conv/conv_tiled.h"
#include "kernels/shared/neon.h"
#include <math.h>

enum { MR = 8, NR = 8 };

HONE_INLINE void store4(const hone_conv_tile *t, size_t row, size_t column, float32x4_t y) {
    float *out = t->output + row * t->output_stride + column;
    const float *residual = t->residual + row * t->residual_stride + column;
    float32x4_t lo = vdupq_n_f32(t->lo), hi = vdupq_n_f32(t->hi);
    size_t count = t->columns > column ? t->columns - column : 0;
    if (count >= 4) {
        if (t->residual) y = vaddq_f32(y, vld1q_f32(residual));
        vst1q_f32(out, hone__clamp4(y, lo, hi));
    } else {
        if (t->residual) y = vaddq_f32(y, hone__load_some(residual, count));
        hone__store_some(out, hone__clamp4(y, lo, hi), count);
    }
}

/* Depth `lane` of four: acc += x[lane] * weights, all rows. */
#define STEP(lane)                                                                                 \
    do {                                                                                           \
        float32x4_t w0 = vld1q_f32(weight + (lane)*NR), w1 = vld1q_f32(weight + (lane)*NR + 4);    \
        _Pragma("GCC unroll 8") for (size_t r = 0; r < rows; r++) {                                \
            acc[r][0] = vfmaq_laneq_f32(acc[r][0], w0, x[r], lane);                                \
            acc[r][1] = vfmaq_laneq_f32(acc[r][1], w1, x[r], lane);                                \
        }                                                                                          \
    } while (0)

/* One tap: `depth` inputs of each row. Returns the weights behind it. */
HONE_INLINE const float *run_tap(const float *const *pointers, size_t depth, const float *weight,
                                 const size_t rows, float32x4_t (*acc)[2]) {
    const float *in[MR];
    size_t k = 0;
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) in[r] = pointers[r];
    for (; k + 4 <= depth; k += 4, weight += 4 * NR) {
        float32x4_t x[MR];
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) x[r] = vld1q_f32(in[r] + k);
        STEP(0);
        STEP(1);
        STEP(2);
        STEP(3);
    }
    for (; k < depth; k++, weight += NR) {
        float32x4_t w0 = vld1q_f32(weight), w1 = vld1q_f32(weight + 4);
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            float32x4_t x = vld1q_dup_f32(in[r] + k);
            acc[r][0] = vfmaq_f32(acc[r][0], w0, x);
            acc[r][1] = vfmaq_f32(acc[r][1], w1, x);
        }
    }
    return weight;
}

HONE_INLINE void run_rows(const hone_conv_tile *t, const size_t rows) {
    float32x4_t acc[MR][2];
    const float *weight = t->panel + NR;
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) {
        acc[r][0] = vld1q_f32(t->panel);
        acc[r][1] = vld1q_f32(t->panel + 4);
    }
    for (size_t tap = 0; tap < t->taps; tap++)
        weight = run_tap(t->rows + tap * MR, t->depth, weight, rows, acc);
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) {
        store4(t, r, 0, acc[r][0]);
        store4(t, r, 4, acc[r][1]);
    }
}

/* Residual, clamp and the edge of the last panel. */
static void finish_rows(const hone_conv_tile *t, const size_t rows, const float *sums) {
    for (size_t r = 0; r < rows; r++, sums += NR) {
        store4(t, r, 0, vld1q_f32(sums));
        store4(t, r, 4, vld1q_f32(sums + 4));
    }
}

/* All eight rows in one go; `rows` of them are wanted. */
static void run_loop(const hone_conv_tile *t, size_t rows) {
    const float *pointers[MR];
    float sums[MR * NR];
    hone_conv_loop loop = {t->rows, t->taps,           t->depth,  t->panel,
                           sums,    NR * sizeof *sums, -INFINITY, INFINITY};
    bool direct = rows == MR && t->columns == NR && !t->residual;
    if (direct) {
        loop.output = t->output, loop.stride = t->output_stride * sizeof *sums;
        loop.lo = t->lo, loop.hi = t->hi;
    }
    if (t->taps == 1 && rows < MR) { /* whoever has one tap need not fill up the last pointers */
        for (size_t r = 0; r < MR; r++) pointers[r] = t->rows[r < rows ? r : 0];
        loop.rows = pointers;
    }
    hone__conv_loop_8x8_neon(&loop);
    if (!direct) finish_rows(t, rows, sums);
}

static void rows1(const hone_conv_tile *tile) {
    run_rows(tile, 1);
}
static void rows2(const hone_conv_tile *tile) {
    run_rows(tile, 2);
}
static void rows3(const hone_conv_tile *tile) {
    run_rows(tile, 3);
}
static void rows4(const hone_conv_tile *tile) {
    run_rows(tile, 4);
}
static void rows5(const hone_conv_tile *tile) {
    run_loop(tile, 5);
}
static void rows6(const hone_conv_tile *tile) {
    run_loop(tile, 6);
}
static void rows7(const hone_conv_tile *tile) {
    run_loop(tile, 7);
}
static void rows8(const hone_conv_tile *tile) {
    run_loop(tile, 8);
}

static const hone_conv_tiles tiles = {
    MR, NR, {rows1, rows2, rows3, rows4, rows5, rows6, rows7, rows8}, false};

const hone_conv_kernel hone_conv_f32_8x8_neon = {
    .name = "hone_conv_f32_8x8_neon",
    .supports = hone__conv_tiled_supports,
    .pack_bytes = hone__conv_tiled_pack_bytes,
    .pack = hone__conv_tiled_pack,
    .scratch_bytes = hone__conv_tiled_scratch_bytes,
    .task_count = hone__conv_tiled_task_count,
    .run_task = hone__conv_tiled_run_task,
    .tile = &tiles,
};

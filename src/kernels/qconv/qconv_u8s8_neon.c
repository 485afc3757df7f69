/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qconv_u8s8_8x8_neon: 8 pixels x 8 channels in 16 registers. Inputs are 16-bit numbers and
 * multiplied lane by lane with weights widened to 16 bits (SMLAL, exact 32-bit sums on any ARMv8.0
 * core). More than half a tile goes through the loop of qconv_u8s8_8x8_neon.c; fewer rows, mostly
 * fully connected layers, which wait for memory anyway, are left to the compiler. */
#include "kernels/qconv/qconv_finish_neon.h"
#include "kernels/qconv/qconv_loop_neon.h"
#include "kernels/qconv/qconv_tiers.h"
#include "kernels/qconv/qconv_tiled.h"
#include "kernels/shared/neon.h"

enum { MR = 8, NR = 8 };

static void widen(void *out, const void *in, size_t count, int32_t zero) {
    const uint8_t *from = in;
    int16_t *to = out;
    uint8x8_t zeros = vdup_n_u8((uint8_t)zero);
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        vst1q_s16(to + i, vreinterpretq_s16_u16(vsubl_u8(vld1_u8(from + i), zeros)));
    for (; i < count; i++) to[i] = (int16_t)(from[i] - zero);
}

/* Depth `lane` of eight: acc += x[lane] * weights, all rows. */
#define STEP(lane)                                                                                 \
    do {                                                                                           \
        int16x8_t w = vmovl_s8(vld1_s8(weight + (lane)*NR));                                       \
        _Pragma("GCC unroll 8") for (size_t r = 0; r < rows; r++) {                                \
            acc[r][0] = vmlal_laneq_s16(acc[r][0], vget_low_s16(w), x[r], lane);                   \
            acc[r][1] = vmlal_high_laneq_s16(acc[r][1], w, x[r], lane);                            \
        }                                                                                          \
    } while (0)

HONE_INLINE void run_rows(const hone_qconv_tile *t, const size_t rows) {
    int32x4_t acc[MR][2];
    const int32_t *bias = t->panel;
    const int8_t *weight = (const int8_t *)t->panel + NR * 8;
    const int16_t *in = t->rows;
    const size_t depth = t->depth;
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) {
        acc[r][0] = vld1q_s32(bias);
        acc[r][1] = vld1q_s32(bias + 4);
    }
    for (const int16_t *end = in + depth; in < end; in += 8, weight += 8 * NR) {
        int16x8_t x[MR];
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) x[r] = vld1q_s16(in + r * depth);
        STEP(0);
        STEP(1);
        STEP(2);
        STEP(3);
        STEP(4);
        STEP(5);
        STEP(6);
        STEP(7);
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) store_row(t, r, acc[r][0], acc[r][1]);
}

/* All eight rows in one go; `rows` of them are wanted. */
static void run_loop(const hone_qconv_tile *t, size_t rows) {
    hone_qconv_loop loop;
    loop.depth = t->depth;
    loop.bias = t->panel;
    loop.weights = (const int8_t *)t->panel + NR * 8;
    for (size_t r = 0; r < MR; r++) loop.rows[r] = t->rows + (r < rows ? r : 0) * t->depth;
    hone__qconv_loop_8x8_neon(&loop);
    for (size_t r = 0; r < rows; r++)
        store_row(t, r, vld1q_s32(loop.sums + r * NR), vld1q_s32(loop.sums + r * NR + 4));
}

static void rows1(const hone_qconv_tile *tile) {
    run_rows(tile, 1);
}
static void rows2(const hone_qconv_tile *tile) {
    run_rows(tile, 2);
}
static void rows3(const hone_qconv_tile *tile) {
    run_rows(tile, 3);
}
static void rows4(const hone_qconv_tile *tile) {
    run_rows(tile, 4);
}
static void rows5(const hone_qconv_tile *tile) {
    run_loop(tile, 5);
}
static void rows6(const hone_qconv_tile *tile) {
    run_loop(tile, 6);
}
static void rows7(const hone_qconv_tile *tile) {
    run_loop(tile, 7);
}
static void rows8(const hone_qconv_tile *tile) {
    run_loop(tile, 8);
}

static const hone_qconv_tiles tiles = {
    MR, NR, 1, 8, widen, {rows1, rows2, rows3, rows4, rows5, rows6, rows7, rows8}};

const hone_qconv_kernel hone_qconv_u8s8_8x8_neon = {
    .name = "hone_qconv_u8s8_8x8_neon",
    .supports = hone__qconv_tiled_supports,
    .pack_bytes = hone__qconv_tiled_pack_bytes,
    .pack = hone__qconv_tiled_pack,
    .scratch_bytes = hone__qconv_tiled_scratch_bytes,
    .task_count = hone__qconv_tiled_task_count,
    .run_task = hone__qconv_tiled_run_task,
    .tile = &tiles,
};

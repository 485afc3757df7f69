/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qconv_u8s8_8x8_neondot: 8 pixels x 8 channels in 16 registers. SDOT multiplies signed bytes:
 * inputs lose 128 by turning their highest bit, and packing has put 128 times the sum of the
 * weights into the bias. Sixteen depths of 8 pixels are loaded at once: 64 SDOT against 16 loads.
 */
#include "kernels/qconv/qconv_dot_tiled.h"
#include "kernels/qconv/qconv_finish_neon.h"
#include "kernels/qconv/qconv_tiers.h"

enum { MR = 8, NR = 8 };

/* Depths 4 * lane .. + 3 of sixteen, all rows. */
#define STEP(lane)                                                                                 \
    do {                                                                                           \
        int8x16_t w0 = vld1q_s8(weight + (lane)*4 * NR);                                           \
        int8x16_t w1 = vld1q_s8(weight + (lane)*4 * NR + 16);                                      \
        _Pragma("GCC unroll 8") for (size_t r = 0; r < rows; r++) {                                \
            acc[r][0] = vdotq_laneq_s32(acc[r][0], w0, x[r], lane);                                \
            acc[r][1] = vdotq_laneq_s32(acc[r][1], w1, x[r], lane);                                \
        }                                                                                          \
    } while (0)

/* Bytes less 128. */
HONE_INLINE int8x16_t centred(uint8x16_t x) {
    return vreinterpretq_s8_u8(veorq_u8(x, vdupq_n_u8(128)));
}

HONE_INLINE uint8x16_t load_four(const uint8_t *from) {
    uint32_t four;
    memcpy(&four, from, sizeof four);
    return vreinterpretq_u8_u32(vdupq_n_u32(four));
}

/* One tap: `depth` inputs of each row. Returns the weights behind it. */
HONE_INLINE const int8_t *run_tap(const uint8_t *const *pointers, size_t depth,
                                  const int8_t *weight, const size_t rows, int32x4_t (*acc)[2]) {
    const uint8_t *in[MR];
    size_t k = 0;
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) in[r] = pointers[r];
    for (; k + 16 <= depth; k += 16, weight += 16 * NR) {
        int8x16_t x[MR];
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) x[r] = centred(vld1q_u8(in[r] + k));
        STEP(0);
        STEP(1);
        STEP(2);
        STEP(3);
    }
    for (; k < depth; k += 4, weight += 4 * NR) {
        int8x16_t w0 = vld1q_s8(weight), w1 = vld1q_s8(weight + 16);
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            int8x16_t x = centred(load_four(in[r] + k));
            acc[r][0] = vdotq_s32(acc[r][0], w0, x);
            acc[r][1] = vdotq_s32(acc[r][1], w1, x);
        }
    }
    return weight;
}

HONE_INLINE void run_rows(const hone_qconv_dot_tile *t, const size_t rows) {
    int32x4_t acc[MR][2];
    const int32_t *bias = t->out.panel;
    const int8_t *weight = (const int8_t *)(bias + 2 * NR);
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) {
        acc[r][0] = vld1q_s32(bias);
        acc[r][1] = vld1q_s32(bias + 4);
    }
    for (size_t tap = 0; tap < t->taps; tap++)
        weight = run_tap(t->rows + tap * MR, t->depth, weight, rows, acc);
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) store_row(&t->out, r, acc[r][0], acc[r][1]);
}

static void rows1(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 1);
}
static void rows2(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 2);
}
static void rows3(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 3);
}
static void rows4(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 4);
}
static void rows5(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 5);
}
static void rows6(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 6);
}
static void rows7(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 7);
}
static void rows8(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 8);
}

static const hone_qconv_dot_tiles tiles = {
    MR, NR, 128, {rows1, rows2, rows3, rows4, rows5, rows6, rows7, rows8}};

const hone_qconv_kernel hone_qconv_u8s8_8x8_neondot = {
    .name = "hone_qconv_u8s8_8x8_neondot",
    .supports = hone__qconv_dot_supports,
    .pack_bytes = hone__qconv_dot_pack_bytes,
    .pack = hone__qconv_dot_pack,
    .scratch_bytes = hone__qconv_dot_scratch_bytes,
    .task_count = hone__qconv_dot_task_count,
    .run_task = hone__qconv_dot_run_task,
    .tile = &tiles,
};

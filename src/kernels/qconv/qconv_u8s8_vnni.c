/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qconv_u8s8_12x32_vnni: 12 pixels x 32 channels in 24 registers, 2 for weights, 1 for inputs.
 * 24 VPDPBUSD against 14 loads for four depths. */
#include "kernels/qconv/qconv_finish_avx512.h"
#include "kernels/qconv/qconv_tiers.h"

enum { MR = 12, LANES = 16 };

typedef __m512i sums;

HONE_INLINE sums sums_load(const void *from) {
    return _mm512_load_si512(from);
}

HONE_INLINE sums sums_spread(const uint8_t *from) {
    int32_t four;
    memcpy(&four, from, sizeof four);
    return _mm512_set1_epi32(four);
}

HONE_INLINE sums sums_dot(sums acc, sums x, sums w) {
    return _mm512_dpbusd_epi32(acc, x, w);
}

/* The tile, written with the above. */
#include "kernels/qconv/qconv_dot_loops.h"

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
static void rows9(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 9);
}
static void rows10(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 10);
}
static void rows11(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 11);
}
static void rows12(const hone_qconv_dot_tile *tile) {
    run_rows(tile, 12);
}

static const hone_qconv_dot_tiles tiles = {
    MR,
    NR,
    0,
    {rows1, rows2, rows3, rows4, rows5, rows6, rows7, rows8, rows9, rows10, rows11, rows12}};

const hone_qconv_kernel hone_qconv_u8s8_12x32_vnni = {
    .name = "hone_qconv_u8s8_12x32_vnni",
    .supports = hone__qconv_dot_supports,
    .pack_bytes = hone__qconv_dot_pack_bytes,
    .pack = hone__qconv_dot_pack,
    .scratch_bytes = hone__qconv_dot_scratch_bytes,
    .task_count = hone__qconv_dot_task_count,
    .run_task = hone__qconv_dot_run_task,
    .tile = &tiles,
};

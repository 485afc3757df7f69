/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qconv_u8s8_6x16_avxvnni: 6 pixels x 16 channels in 12 registers, 2 for weights, 1 for
 * inputs. 12 VPDPBUSD against 8 loads for four depths. */
#include "kernels/qconv/qconv_finish_avx2.h"
#include "kernels/qconv/qconv_tiers.h"
#include "kernels/qconv/qconv_tiled.h"

enum { MR = 6, LANES = 8 };

typedef __m256i sums;

HONE_INLINE sums sums_load(const void *from) {
    return _mm256_load_si256(from);
}

HONE_INLINE sums sums_spread(const uint8_t *from) {
    int32_t four;
    memcpy(&four, from, sizeof four);
    return _mm256_set1_epi32(four);
}

HONE_INLINE sums sums_dot(sums acc, sums x, sums w) {
    return _mm256_dpbusd_avx_epi32(acc, x, w);
}

HONE_INLINE void store_f32(const hone_qconv_tile *t, const finish *f, const size_t rows,
                           const size_t vectors, sums (*acc)[2]) {
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        float *out = t->output_f32 + r * t->output_stride;
        hone__store_floats(out, scaled(f, 0, acc[r][0]), vectors == 2 ? 8 : t->columns);
        if (vectors == 2) hone__store_floats(out + 8, scaled(f, 1, acc[r][1]), t->columns - 8);
    }
}

HONE_INLINE void finish_tile(const hone_qconv_tile *t, const size_t rows, const size_t vectors,
                             sums (*acc)[2]) {
    const finish_bounds own = {t->lo, t->hi, t->output_zero};
    const finish f = finish_of((const float *)t->panel + 2 * LANES, &own, t->sum);
    if (!t->output) {
        store_f32(t, &f, rows, vectors, acc);
        return;
    }
    finish_place to = {
        .output = t->output, .output_stride = t->output_stride, .columns = t->columns};
    if (!t->sum) {
        finish_rows(&f, &to, rows, acc);
        return;
    }
    const finish_bounds bounds = {t->sum->lo, t->sum->hi, t->sum->output_zero};
    to.addend = t->addend, to.addend_stride = t->sum->stride;
    finish_rows_summed(&f, &bounds, &to, rows, acc);
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

static const hone_qconv_dot_tiles tiles = {MR, NR, 0, {rows1, rows2, rows3, rows4, rows5, rows6}};

const hone_qconv_kernel hone_qconv_u8s8_6x16_avxvnni = {
    .name = "hone_qconv_u8s8_6x16_avxvnni",
    .supports = hone__qconv_dot_supports,
    .pack_bytes = hone__qconv_dot_pack_bytes,
    .pack = hone__qconv_dot_pack,
    .scratch_bytes = hone__qconv_dot_scratch_bytes,
    .task_count = hone__qconv_dot_task_count,
    .run_task = hone__qconv_dot_run_task,
    .tile = &tiles,
};

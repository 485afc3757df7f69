/* SPDX-License-Identifier: Apache-2.0 */
/* hone_conv_f32_6x16_avx2: 6 pixels x 16 channels in 12 registers, 2 for weights, 1 for an input.
 * 12 FMAs against 8 loads a step of depth, so that both FMA ports stay busy. */
#include "kernels/conv/conv_tiers.h"
#include "kernels/conv/conv_tiled.h"
#include "kernels/shared/avx2.h"

enum { MR = 6, NR = 16 };

HONE_INLINE void store8(const hone_conv_tile *t, size_t row, size_t column, __m256 y) {
    float *out = t->output + row * t->output_stride + column;
    const float *residual = t->residual;
    if (residual)
        y = _mm256_add_ps(y, _mm256_loadu_ps(residual + row * t->residual_stride + column));
    _mm256_storeu_ps(out, hone__clamp8(y, _mm256_set1_ps(t->lo), _mm256_set1_ps(t->hi)));
}

HONE_INLINE void store_some(const hone_conv_tile *t, size_t row, size_t column, __m256 y) {
    if (t->columns <= column) return;
    size_t count = t->columns - column < 8 ? t->columns - column : 8;
    __m256i mask = hone__mask8(count);
    float *out = t->output + row * t->output_stride + column;
    const float *residual = t->residual;
    if (residual)
        y = _mm256_add_ps(y,
                          _mm256_maskload_ps(residual + row * t->residual_stride + column, mask));
    y = hone__clamp8(y, _mm256_set1_ps(t->lo), _mm256_set1_ps(t->hi));
    hone__store_floats(out, y, count);
}

HONE_INLINE void store_tile(const hone_conv_tile *t, const size_t rows, __m256 (*acc)[2]) {
    if (t->columns == NR) {
#pragma GCC unroll 6
        for (size_t r = 0; r < rows; r++) {
            store8(t, r, 0, acc[r][0]);
            store8(t, r, 8, acc[r][1]);
        }
        return;
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        store_some(t, r, 0, acc[r][0]);
        store_some(t, r, 8, acc[r][1]);
    }
}

HONE_INLINE void run_rows(const hone_conv_tile *t, const size_t rows) {
    __m256 acc[MR][2];
    const float *weight = t->panel + NR;
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        acc[r][0] = _mm256_load_ps(t->panel);
        acc[r][1] = _mm256_load_ps(t->panel + 8);
    }
    const float *const *pointers = t->rows;
    for (size_t tap = t->taps; tap > 0; tap--, pointers += MR) {
        const float *in[MR];
#pragma GCC unroll 6
        for (size_t r = 0; r < rows; r++) in[r] = pointers[r];
        for (size_t k = 0, depth = t->depth; k < depth; k++, weight += NR) {
            __m256 w0 = _mm256_load_ps(weight), w1 = _mm256_load_ps(weight + 8);
#pragma GCC unroll 6
            for (size_t r = 0; r < rows; r++) {
                __m256 x = _mm256_broadcast_ss(in[r] + k);
                acc[r][0] = _mm256_fmadd_ps(x, w0, acc[r][0]);
                acc[r][1] = _mm256_fmadd_ps(x, w1, acc[r][1]);
            }
        }
    }
    store_tile(t, rows, acc);
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
    run_rows(tile, 5);
}
static void rows6(const hone_conv_tile *tile) {
    run_rows(tile, 6);
}

static const hone_conv_tiles tiles = {MR, NR, {rows1, rows2, rows3, rows4, rows5, rows6}};

const hone_conv_kernel hone_conv_f32_6x16_avx2 = {
    .name = "hone_conv_f32_6x16_avx2",
    .supports = hone__conv_tiled_supports,
    .pack_bytes = hone__conv_tiled_pack_bytes,
    .pack = hone__conv_tiled_pack,
    .scratch_bytes = hone__conv_tiled_scratch_bytes,
    .task_count = hone__conv_tiled_task_count,
    .run_task = hone__conv_tiled_run_task,
    .tile = &tiles,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* hone_conv_f32_12x32_avx512: 12 pixels x 32 channels in 24 registers, 2 for weights, 1 for an
 * input. 24 FMAs against 14 loads a step of depth; more pixels would want more pointers than there
 * are registers. Panels of 16 channels or less leave their empty half out. */
#include "kernels/conv/conv_tiers.h"
#include "kernels/conv/conv_tiled.h"
#include "kernels/shared/avx512.h"

enum { MR = 12, NR = 32, LANES = 16 };

HONE_INLINE void store16(const hone_conv_tile *t, size_t row, size_t column, __m512 y,
                         __mmask16 mask) {
    float *out = t->output + row * t->output_stride + column;
    const float *residual = t->residual;
    if (residual) {
        const float *from = residual + row * t->residual_stride + column;
        y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(mask, from));
    }
    y = hone__clamp16(y, _mm512_set1_ps(t->lo), _mm512_set1_ps(t->hi));
    _mm512_mask_storeu_ps(out, mask, y);
}

HONE_INLINE void store_tile(const hone_conv_tile *t, const size_t rows, const size_t vectors,
                            __m512 (*acc)[2]) {
    __mmask16 last = hone__mask16(t->columns - (vectors - 1) * LANES);
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++) {
        store16(t, r, 0, acc[r][0], vectors == 1 ? last : 0xFFFF);
        if (vectors == 2) store16(t, r, LANES, acc[r][1], last);
    }
}

/* One tap: `depth` inputs of each row. Returns the weights behind it. */
HONE_INLINE const float *run_tap(const float *const *pointers, size_t depth, const float *weight,
                                 const size_t rows, const size_t vectors, __m512 (*acc)[2]) {
    const float *in[MR];
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++) in[r] = pointers[r];
    for (size_t k = 0; k < depth; k++, weight += NR) {
        __m512 w0 = _mm512_load_ps(weight), w1 = w0;
        if (vectors == 2) w1 = _mm512_load_ps(weight + LANES);
#pragma GCC unroll 12
        for (size_t r = 0; r < rows; r++) {
            __m512 x = _mm512_set1_ps(in[r][k]);
            acc[r][0] = _mm512_fmadd_ps(x, w0, acc[r][0]);
            if (vectors == 2) acc[r][1] = _mm512_fmadd_ps(x, w1, acc[r][1]);
        }
    }
    return weight;
}

HONE_INLINE void run_vectors(const hone_conv_tile *t, const size_t rows, const size_t vectors) {
    __m512 acc[MR][2];
    const float *weight = t->panel + NR;
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++) {
        acc[r][0] = _mm512_load_ps(t->panel);
        acc[r][1] = _mm512_load_ps(t->panel + LANES);
    }
    for (size_t tap = 0; tap < t->taps; tap++)
        weight = run_tap(t->rows + tap * MR, t->depth, weight, rows, vectors, acc);
    store_tile(t, rows, vectors, acc);
}

HONE_INLINE void run_rows(const hone_conv_tile *t, const size_t rows) {
    if (t->columns > LANES)
        run_vectors(t, rows, 2);
    else
        run_vectors(t, rows, 1);
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
static void rows7(const hone_conv_tile *tile) {
    run_rows(tile, 7);
}
static void rows8(const hone_conv_tile *tile) {
    run_rows(tile, 8);
}
static void rows9(const hone_conv_tile *tile) {
    run_rows(tile, 9);
}
static void rows10(const hone_conv_tile *tile) {
    run_rows(tile, 10);
}
static void rows11(const hone_conv_tile *tile) {
    run_rows(tile, 11);
}
static void rows12(const hone_conv_tile *tile) {
    run_rows(tile, 12);
}

static const hone_conv_tiles tiles = {
    MR,
    NR,
    {rows1, rows2, rows3, rows4, rows5, rows6, rows7, rows8, rows9, rows10, rows11, rows12},
    true};

const hone_conv_kernel hone_conv_f32_12x32_avx512 = {
    .name = "hone_conv_f32_12x32_avx512",
    .supports = hone__conv_tiled_supports,
    .pack_bytes = hone__conv_tiled_pack_bytes,
    .pack = hone__conv_tiled_pack,
    .scratch_bytes = hone__conv_tiled_scratch_bytes,
    .task_count = hone__conv_tiled_task_count,
    .run_task = hone__conv_tiled_run_task,
    .tile = &tiles,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* hone_conv_f32_6x16_avx2: 6 pixels x 16 channels in 12 registers, 2 for weights, 1 for an input.
 * 12 multiply-adds against 8 loads a step of depth, so that both of a core's ports stay busy.
 * hone_conv_f32_4x24_avx2 and hone_conv_f32_12x8_avx2: the same 12 registers in other shapes, for
 * numbers of channels that 16 does not divide well. */
#include "kernels/conv/conv_planes.h"
#include "kernels/conv/conv_tiers.h"
#include "kernels/shared/avx2.h"
#include "kernels/shared/element.h"

enum { LANES = 8, VECTORS = 3 };

HONE_INLINE void store8(const hone_conv_tile *t, size_t row, size_t column, __m256 y) {
    float *out = t->output + row * t->output_stride + column;
    const float *residual = t->residual;
    if (residual)
        y = _mm256_add_ps(y, _mm256_loadu_ps(residual + row * t->residual_stride + column));
    _mm256_storeu_ps(out, hone__clamp8(y, _mm256_set1_ps(t->lo), _mm256_set1_ps(t->hi)));
}

HONE_INLINE void store_some(const hone_conv_tile *t, size_t row, size_t column, __m256 y) {
    if (t->columns <= column) return;
    size_t count = t->columns - column < LANES ? t->columns - column : LANES;
    __m256i mask = hone__mask8(count);
    float *out = t->output + row * t->output_stride + column;
    const float *residual = t->residual;
    if (residual)
        y = _mm256_add_ps(y,
                          _mm256_maskload_ps(residual + row * t->residual_stride + column, mask));
    y = hone__clamp8(y, _mm256_set1_ps(t->lo), _mm256_set1_ps(t->hi));
    hone__store_floats(out, y, count);
}

HONE_INLINE void store_tile(const hone_conv_tile *t, const size_t rows, const size_t vectors,
                            __m256 (*acc)[VECTORS]) {
    bool whole = t->columns == vectors * LANES;
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (size_t v = 0; v < vectors; v++)
            if (whole)
                store8(t, r, v * LANES, acc[r][v]);
            else
                store_some(t, r, v * LANES, acc[r][v]);
}

/* sum += x * w. Left to itself the compiler moves sums from register to register, mixes steps of
 * depth, and spills. */
HONE_INLINE void add_product(__m256 *sum, __m256 x, __m256 w) {
    __asm__ volatile("vfmadd231ps %2, %1, %0" : "+x"(*sum) : "x"(x), "x"(w));
}

/* One step of depth. */
HONE_INLINE void multiply(const float *const *in, size_t k, const float *weight, const size_t rows,
                          const size_t vectors, __m256 (*acc)[VECTORS]) {
    __m256 w[VECTORS];
#pragma GCC unroll 3
    for (size_t v = 0; v < vectors; v++) w[v] = _mm256_load_ps(weight + v * LANES);
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++) {
        __m256 x = _mm256_broadcast_ss(in[r] + k);
#pragma GCC unroll 3
        for (size_t v = 0; v < vectors; v++) add_product(&acc[r][v], x, w[v]);
    }
}

HONE_INLINE void run_rows(const hone_conv_tile *t, const size_t mr, const size_t vectors,
                          const size_t rows) {
    const size_t nr = vectors * LANES;
    __m256 acc[12][VECTORS];
    const float *weight = t->panel + nr, *next = t->next ? t->next : t->panel;
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (size_t v = 0; v < vectors; v++) acc[r][v] = _mm256_load_ps(t->panel + v * LANES);
    const float *const *pointers = t->rows;
    for (size_t tap = t->taps; tap > 0; tap--, pointers += mr) {
        const float *in[12];
#pragma GCC unroll 12
        for (size_t r = 0; r < rows; r++) in[r] = pointers[r];
        size_t k = 0, depth = t->depth;
        for (; k + 4 <= depth; k += 4, weight += 4 * nr, next += 16) {
            __asm__("" : "+r"(k)); /* one index for all rows and steps */
            _mm_prefetch((const char *)next, _MM_HINT_T0);
#pragma GCC unroll 4
            for (size_t i = 0; i < 4; i++) multiply(in, k + i, weight + i * nr, rows, vectors, acc);
        }
        for (; k < depth; k++, weight += nr) multiply(in, k, weight, rows, vectors, acc);
    }
    store_tile(t, rows, vectors, acc);
}

/* A single row: sums of four steps of depth side by side, so that none waits for another. */
HONE_INLINE void run_row(const hone_conv_tile *t, const size_t mr, const size_t vectors) {
    const size_t nr = vectors * LANES;
    __m256 acc[4][VECTORS];
    const float *weight = t->panel + nr;
#pragma GCC unroll 3
    for (size_t v = 0; v < vectors; v++) {
        acc[0][v] = _mm256_load_ps(t->panel + v * LANES);
        acc[1][v] = acc[2][v] = acc[3][v] = _mm256_setzero_ps();
    }
    for (size_t tap = 0; tap < t->taps; tap++) {
        const float *in = t->rows[tap * mr];
        size_t k = 0, depth = t->depth;
        for (; k + 4 <= depth; k += 4, weight += 4 * nr) {
#pragma GCC unroll 4
            for (size_t i = 0; i < 4; i++)
                multiply(&in, k + i, weight + i * nr, 1, vectors, acc + i);
        }
        for (; k < depth; k++, weight += nr) multiply(&in, k, weight, 1, vectors, acc);
    }
#pragma GCC unroll 3
    for (size_t v = 0; v < vectors; v++)
        acc[0][v] =
            _mm256_add_ps(_mm256_add_ps(acc[0][v], acc[1][v]), _mm256_add_ps(acc[2][v], acc[3][v]));
    store_tile(t, 1, vectors, acc);
}

/* One function a tile and number of rows. */
#define ROWS(mr, vectors, rows)                                                                    \
    static void tile##mr##_##rows(const hone_conv_tile *tile) {                                    \
        run_rows(tile, mr, vectors, rows);                                                         \
    }
#define ROW(mr, vectors)                                                                           \
    static void tile##mr##_1(const hone_conv_tile *tile) {                                         \
        run_row(tile, mr, vectors);                                                                \
    }

ROW(6, 2)
ROWS(6, 2, 2)
ROWS(6, 2, 3)
ROWS(6, 2, 4)
ROWS(6, 2, 5)
ROWS(6, 2, 6)

ROW(4, 3)
ROWS(4, 3, 2)
ROWS(4, 3, 3)
ROWS(4, 3, 4)

ROW(12, 1)
ROWS(12, 1, 2)
ROWS(12, 1, 3)
ROWS(12, 1, 4)
ROWS(12, 1, 5)
ROWS(12, 1, 6)
ROWS(12, 1, 7)
ROWS(12, 1, 8)
ROWS(12, 1, 9)
ROWS(12, 1, 10)
ROWS(12, 1, 11)
ROWS(12, 1, 12)

static const hone_conv_tiles tiles_6x16 = {
    6, 16, {tile6_1, tile6_2, tile6_3, tile6_4, tile6_5, tile6_6}, true};
static const hone_conv_tiles tiles_4x24 = {4, 24, {tile4_1, tile4_2, tile4_3, tile4_4}, true};
static const hone_conv_tiles tiles_12x8 = {12,
                                           8,
                                           {tile12_1, tile12_2, tile12_3, tile12_4, tile12_5,
                                            tile12_6, tile12_7, tile12_8, tile12_9, tile12_10,
                                            tile12_11, tile12_12},
                                           true};

/* Channels of a group as panels of `nr` compute them. */
static size_t padded(const hone_conv_dims *dims, size_t nr) {
    return hone__divide_up(dims->out_c / dims->groups, nr) * nr;
}

/* Tiles of 24 where they waste less. */
static bool suits_4x24(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return padded(dims, 24) < padded(dims, 16);
}

/* Tiles of 8, whose 13 loads a step take a tenth longer than their multiply-adds, where they waste
 * that much less than the others. */
static bool suits_12x8(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    size_t mine = padded(dims, 8) * 11;
    return mine < padded(dims, 16) * 10 && mine < padded(dims, 24) * 10;
}

const hone_conv_kernel hone_conv_f32_6x16_avx2 = {
    .name = "hone_conv_f32_6x16_avx2",
    .supports = hone__conv_tiled_supports,
    .pack_bytes = hone__conv_tiled_pack_bytes,
    .pack = hone__conv_tiled_pack,
    .scratch_bytes = hone__conv_tiled_scratch_bytes,
    .task_count = hone__conv_tiled_task_count,
    .run_task = hone__conv_tiled_run_task,
    .tile = &tiles_6x16,
};

const hone_conv_kernel hone_conv_f32_4x24_avx2 = {
    .name = "hone_conv_f32_4x24_avx2",
    .supports = hone__conv_tiled_supports,
    .suits = suits_4x24,
    .pack_bytes = hone__conv_tiled_pack_bytes,
    .pack = hone__conv_tiled_pack,
    .scratch_bytes = hone__conv_tiled_scratch_bytes,
    .task_count = hone__conv_tiled_task_count,
    .run_task = hone__conv_tiled_run_task,
    .tile = &tiles_4x24,
};

const hone_conv_kernel hone_conv_f32_12x8_avx2 = {
    .name = "hone_conv_f32_12x8_avx2",
    .supports = hone__conv_tiled_supports,
    .suits = suits_12x8,
    .pack_bytes = hone__conv_tiled_pack_bytes,
    .pack = hone__conv_tiled_pack,
    .scratch_bytes = hone__conv_tiled_scratch_bytes,
    .task_count = hone__conv_tiled_task_count,
    .run_task = hone__conv_tiled_run_task,
    .tile = &tiles_12x8,
};

/* --- planes ----------------------------------------------------------------------------------- */

/* Pixels read elements of one line that are `stride` apart: constants in the addresses. */
HONE_INLINE void run_planes(const hone_conv_tile *t, size_t at, const size_t stride,
                            const size_t vectors, const size_t rows) {
    const size_t nr = vectors * LANES;
    __m256 acc[HONE_CONV_PLANES_MR][VECTORS];
    const float *weight = t->panel + nr;
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (size_t v = 0; v < vectors; v++) acc[r][v] = _mm256_load_ps(t->panel + v * LANES);
    for (size_t tap = 0; tap < t->taps; tap++) {
        const float *line = t->rows[tap] + at;
        for (size_t kx = 0; kx < t->depth; kx++, line++, weight += nr) {
            __m256 w[VECTORS];
#pragma GCC unroll 3
            for (size_t v = 0; v < vectors; v++) w[v] = _mm256_load_ps(weight + v * LANES);
#pragma GCC unroll 6
            for (size_t r = 0; r < rows; r++) {
                __m256 x = _mm256_broadcast_ss(line + r * stride);
#pragma GCC unroll 3
                for (size_t v = 0; v < vectors; v++) add_product(&acc[r][v], x, w[v]);
            }
        }
    }
    store_tile(t, rows, vectors, acc);
}

#define PLANES(vectors, stride, rows)                                                              \
    static void planes##vectors##s##stride##_##rows(const hone_conv_tile *tile, size_t at) {       \
        run_planes(tile, at, stride, vectors, rows);                                               \
    }

PLANES(2, 1, 1)
PLANES(2, 1, 2)
PLANES(2, 1, 3)
PLANES(2, 1, 4)
PLANES(2, 1, 5)
PLANES(2, 1, 6)
PLANES(2, 2, 1)
PLANES(2, 2, 2)
PLANES(2, 2, 3)
PLANES(2, 2, 4)
PLANES(2, 2, 5)
PLANES(2, 2, 6)
PLANES(3, 1, 1)
PLANES(3, 1, 2)
PLANES(3, 1, 3)
PLANES(3, 1, 4)
PLANES(3, 2, 1)
PLANES(3, 2, 2)
PLANES(3, 2, 3)
PLANES(3, 2, 4)

static const hone_conv_planes_tiles planes_tiles[] = {
    {6,
     16,
     {{planes2s1_1, planes2s1_2, planes2s1_3, planes2s1_4, planes2s1_5, planes2s1_6},
      {planes2s2_1, planes2s2_2, planes2s2_3, planes2s2_4, planes2s2_5, planes2s2_6}}},
    {4,
     24,
     {{planes3s1_1, planes3s1_2, planes3s1_3, planes3s1_4},
      {planes3s2_1, planes3s2_2, planes3s2_3, planes3s2_4}}},
};
static const hone_conv_planes_shapes planes_shapes = {2, planes_tiles};

const hone_conv_kernel hone_conv_f32_planes_avx2 = {
    .name = "hone_conv_f32_planes_avx2",
    .supports = hone__conv_planes_supports,
    .pack_bytes = hone__conv_planes_pack_bytes,
    .pack = hone__conv_planes_pack,
    .scratch_bytes = hone__conv_planes_scratch_bytes,
    .task_count = hone__conv_planes_task_count,
    .run_task = hone__conv_planes_run_task,
    .tile = &planes_shapes,
};

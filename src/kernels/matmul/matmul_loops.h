/* SPDX-License-Identifier: Apache-2.0 */
/* Products of a few rows over vec.h, b unpacked; included by one file an instruction set. */
#ifndef HONE_KERNELS_MATMUL_LOOPS_H
#define HONE_KERNELS_MATMUL_LOOPS_H

#include "kernels/matmul/matmul_tiers.h"
#include "kernels/shared/element.h"
#include "kernels/shared/vec.h"

enum { FEW = HONE_MATMUL_FEW, VECS = 4, BLOCK = VECS * VEC_LANES, DOTS = 4 };

/* `count` <= BLOCK sums of one row become outputs. */
static void finish(const hone_matmul_args *args, size_t row, size_t first, size_t count,
                   const float *sums) {
    const float *residual = args->residual + row * args->residual_stride + first;
    float *out = args->output + row * args->output_stride + first;
    vec alpha = vec_set(args->alpha), lo = vec_set(args->lo), hi = vec_set(args->hi);
    VEC_FOR(i, left, count) {
        vec y = vec_mul(alpha, vec_load_upto(sums + i, left));
        if (args->bias) y = vec_add(y, vec_load_upto(args->bias + first + i, left));
        if (args->residual) y = vec_add(y, vec_load_upto(residual + i, left));
        vec_store_upto(out + i, vec_clamp(y, lo, hi), left);
    }
}

/* b row by row: BLOCK columns at once, `whole` when all of them are there. */
HONE_INLINE void sum_columns(const hone_matmul_args *args, size_t first, size_t count,
                             const size_t rows, const bool whole) {
    size_t depth = args->dims->depth;
    vec acc[FEW][VECS];
    float sums[BLOCK];
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t v = 0; v < VECS; v++) acc[r][v] = vec_set(0.0F);
    const float *b = args->b + first;
    for (size_t k = 0; k < depth; k++, b += args->b_stride) {
        vec x[FEW];
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) x[r] = vec_set(args->a[r * args->a_stride + k]);
#pragma GCC unroll 8
        for (size_t v = 0; v < VECS; v++) {
            size_t at = v * VEC_LANES;
            if (!whole && at >= count) continue;
            vec w = whole ? vec_load(b + at) : vec_load_upto(b + at, count - at);
#pragma GCC unroll 8
            for (size_t r = 0; r < rows; r++) acc[r][v] = vec_fma(x[r], w, acc[r][v]);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) {
#pragma GCC unroll 8
        for (size_t v = 0; v < VECS; v++) vec_store(sums + v * VEC_LANES, acc[r][v]);
        finish(args, r, first, count, sums);
    }
}

/* b column by column: DOTS columns at once. */
HONE_INLINE void dot_columns(const hone_matmul_args *args, size_t first, size_t count,
                             const size_t rows) {
    size_t depth = args->dims->depth;
    const float *b[DOTS];
    vec acc[FEW][DOTS];
    float sums[FEW][DOTS];
    for (size_t c = 0; c < DOTS; c++)
        b[c] = args->b + (first + hone__min_size(c, count - 1)) * args->b_stride;
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t c = 0; c < DOTS; c++) acc[r][c] = vec_set(0.0F);
    VEC_FOR(k, left, depth) {
        vec w[DOTS];
#pragma GCC unroll 8
        for (size_t c = 0; c < DOTS; c++) w[c] = vec_load_upto(b[c] + k, left);
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            vec x = vec_load_upto(args->a + r * args->a_stride + k, left);
#pragma GCC unroll 8
            for (size_t c = 0; c < DOTS; c++) acc[r][c] = vec_fma(x, w[c], acc[r][c]);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) {
#pragma GCC unroll 8
        for (size_t c = 0; c < DOTS; c++) sums[r][c] = vec_sum(acc[r][c]);
        finish(args, r, first, count, sums[r]);
    }
}

HONE_INLINE void few_rows(const hone_matmul_args *args, size_t first, size_t columns,
                          const size_t rows) {
    size_t end = first + columns, block = args->dims->b_turned ? DOTS : BLOCK;
    for (size_t c = first; c < end; c += block) {
        size_t count = hone__min_size(block, end - c);
        if (args->dims->b_turned)
            dot_columns(args, c, count, rows);
        else if (count == block)
            sum_columns(args, c, count, rows, true);
        else
            sum_columns(args, c, count, rows, false);
    }
}

static void few(const hone_matmul_args *args, size_t first, size_t columns) {
    if (args->dims->rows == 1)
        few_rows(args, first, columns, 1);
    else if (args->dims->rows == 2)
        few_rows(args, first, columns, 2);
    else
        few_rows(args, first, columns, 3);
}

#endif

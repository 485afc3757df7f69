/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of reduce.h over vec.h; included by one file an instruction set. */
#ifndef HONE_KERNELS_REDUCE_LOOPS_H
#define HONE_KERNELS_REDUCE_LOOPS_H

#include "kernels/reduce/reduce_tiers.h"
#include "kernels/shared/element.h"
#include "kernels/shared/vec.h"
#include <math.h>

enum { CHAINS = 4, LEVEL = 64 };

HONE_INLINE vec combine(const hone_reduce_op op, vec all, vec x) {
    switch (op) {
    case HONE_REDUCE_ABS:
        return vec_add(all, vec_abs(x));
    case HONE_REDUCE_SQUARE:
        return vec_fma(x, x, all);
    case HONE_REDUCE_MAX: /* x where either is a NaN */
        return vec_select(vec_is_nan(all), all, vec_max(all, x));
    case HONE_REDUCE_MIN:
        return vec_select(vec_is_nan(all), all, vec_min(all, x));
    default:
        return vec_add(all, x);
    }
}

/* The same of two results. */
HONE_INLINE vec merge(const hone_reduce_op op, vec a, vec b) {
    bool extreme = op == HONE_REDUCE_MAX || op == HONE_REDUCE_MIN;
    return combine(extreme ? op : HONE_REDUCE_SUM, a, b);
}

HONE_INLINE vec nothing(const hone_reduce_op op) {
    return vec_set(op == HONE_REDUCE_MAX ? -INFINITY : op == HONE_REDUCE_MIN ? INFINITY : 0.0F);
}

/* The first `count` elements; lanes behind them are as if there were none. */
HONE_INLINE vec load_rest(const hone_reduce_op op, const float *from, size_t count) {
    float all[VEC_LANES];
    vec_store(all, nothing(op));
    memcpy(all, from, count * sizeof *all);
    return vec_load(all);
}

HONE_INLINE float across(const hone_reduce_op op, vec x) {
    float all[VEC_LANES];
    if (op != HONE_REDUCE_MAX && op != HONE_REDUCE_MIN) return vec_sum(x);
    vec_store(all, x);
    for (size_t i = 1; i < VEC_LANES; i++)
        vec_store(all, combine(op, vec_load(all), vec_set(all[i])));
    return all[0];
}

/* Up to LEVEL * CHAINS vectors. */
HONE_INLINE vec reduce_run(const hone_reduce_op op, const float *in, size_t count) {
    vec acc[CHAINS];
    size_t i = 0;
#pragma GCC unroll 4
    for (size_t c = 0; c < CHAINS; c++) acc[c] = nothing(op);
    for (; i + CHAINS * VEC_LANES <= count; i += CHAINS * VEC_LANES)
#pragma GCC unroll 4
        for (size_t c = 0; c < CHAINS; c++)
            acc[c] = combine(op, acc[c], vec_load(in + i + c * VEC_LANES));
    for (; i + VEC_LANES <= count; i += VEC_LANES) acc[0] = combine(op, acc[0], vec_load(in + i));
    if (i < count) acc[1] = combine(op, acc[1], load_rest(op, in + i, count - i));
    return merge(op, merge(op, acc[0], acc[1]), merge(op, acc[2], acc[3]));
}

HONE_INLINE void rows_loop(const hone_reduce_op op, const hone_reduce_args *args) {
    const size_t block = LEVEL * CHAINS * VEC_LANES;
    for (size_t r = 0; r < args->rows; r++) {
        const float *in = args->input + r * args->input_stride;
        vec all = nothing(op);
        for (size_t c = 0; c < args->cols; c += block)
            all = merge(op, all, reduce_run(op, in + c, hone__min_size(block, args->cols - c)));
        float y = across(op, all);
        if (args->more)
            y = across(op, merge(op, load_rest(op, args->output + r, 1), load_rest(op, &y, 1)));
        args->output[r] = y;
    }
}

/* One vector of columns: LEVEL rows in sequence, then those sums. */
HONE_INLINE vec column_run(const hone_reduce_op op, const hone_reduce_args *args, size_t c,
                           size_t left) {
    vec all = nothing(op);
    for (size_t r = 0; r < args->rows;) {
        size_t end = hone__min_size(args->rows, r + LEVEL);
        vec acc = nothing(op);
        for (; r < end; r++) {
            const float *in = args->input + r * args->input_stride + c;
            acc = combine(op, acc, vec_load_upto(in, left));
        }
        all = merge(op, all, acc);
    }
    return all;
}

HONE_INLINE void columns_loop(const hone_reduce_op op, const hone_reduce_args *args) {
    VEC_FOR(c, left, args->cols) {
        vec y =
            left >= VEC_LANES ? column_run(op, args, c, VEC_LANES) : column_run(op, args, c, left);
        if (args->more) y = merge(op, vec_load_upto(args->output + c, left), y);
        vec_store_upto(args->output + c, y, left);
    }
}

HONE_INLINE void reduce(const hone_reduce_op op, const hone_reduce_args *args, const bool down) {
    if (down)
        columns_loop(op, args);
    else
        rows_loop(op, args);
}

HONE_INLINE void reduce_any(const hone_reduce_args *args, const bool down) {
    switch (args->op) {
    case HONE_REDUCE_SUM:
        reduce(HONE_REDUCE_SUM, args, down);
        break;
    case HONE_REDUCE_ABS:
        reduce(HONE_REDUCE_ABS, args, down);
        break;
    case HONE_REDUCE_SQUARE:
        reduce(HONE_REDUCE_SQUARE, args, down);
        break;
    case HONE_REDUCE_MAX:
        reduce(HONE_REDUCE_MAX, args, down);
        break;
    case HONE_REDUCE_MIN:
        reduce(HONE_REDUCE_MIN, args, down);
        break;
    case HONE_REDUCES:
        break;
    }
}

static void reduce_rows(const hone_reduce_args *args) {
    reduce_any(args, false);
}

static void reduce_columns(const hone_reduce_args *args) {
    reduce_any(args, true);
}

#endif

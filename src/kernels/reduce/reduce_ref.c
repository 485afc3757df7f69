/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of reduce.h: plain loops, sums in double, never edited for speed. */
#include "kernels/reduce/reduce_tiers.h"
#include <math.h>

static double combine(hone_reduce_op op, double all, double x) {
    switch (op) {
    case HONE_REDUCE_SUM:
        return all + x;
    case HONE_REDUCE_ABS:
        return all + fabs(x);
    case HONE_REDUCE_SQUARE:
        return all + x * x;
    case HONE_REDUCE_MAX:
        return isnan(all) || all > x ? all : x;
    case HONE_REDUCE_MIN:
        return isnan(all) || all < x ? all : x;
    case HONE_REDUCES:
        break;
    }
    return (double)NAN;
}

/* `count` elements `step` apart. */
static void reduce(const hone_reduce_args *args, const float *input, size_t count, size_t step,
                   float *output) {
    bool extreme = args->op == HONE_REDUCE_MAX || args->op == HONE_REDUCE_MIN;
    double all = extreme ? (double)input[0] : 0;
    for (size_t i = 0; i < count; i++) all = combine(args->op, all, (double)input[i * step]);
    if (args->more && extreme)
        all = combine(args->op, (double)*output, all);
    else if (args->more)
        all += (double)*output;
    *output = (float)all;
}

static void rows(const hone_reduce_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        reduce(args, args->input + r * args->input_stride, args->cols, 1, args->output + r);
}

static void columns(const hone_reduce_args *args) {
    for (size_t c = 0; c < args->cols; c++)
        reduce(args, args->input + c, args->rows, args->input_stride, args->output + c);
}

const hone_reduce_table hone_reduce_f32_ref = {"hone_reduce_f32_ref", rows, columns};

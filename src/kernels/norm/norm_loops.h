/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of norm.h over vec.h; included by one file an instruction set, with those of reduce.h
 * for the sums. */
#ifndef HONE_KERNELS_NORM_LOOPS_H
#define HONE_KERNELS_NORM_LOOPS_H

#include "kernels/norm/norm_tiers.h"
#include "kernels/reduce/reduce_loops.h"
#include "kernels/shared/vec_math.h"

static float row_of(hone_reduce_op op, const float *in, size_t count) {
    float y;
    reduce_rows(&(hone_reduce_args){.op = op, .rows = 1, .cols = count, .input = in, .output = &y});
    return y;
}

/* The mean of (x - mean)^2: blocks of LEVEL vectors, then those sums. */
static float row_variance(const float *in, size_t count, float mean) {
    const vec m = vec_set(mean), zero = vec_set(0.0F);
    vec all = zero;
    for (size_t i = 0; i < count;) {
        size_t end = hone__min_size(count, i + LEVEL * 2 * VEC_LANES);
        vec acc[2] = {zero, zero};
        for (; i + 2 * VEC_LANES <= end; i += 2 * VEC_LANES)
#pragma GCC unroll 2
            for (size_t c = 0; c < 2; c++) {
                vec x = vec_sub(vec_load(in + i + c * VEC_LANES), m);
                acc[c] = vec_fma(x, x, acc[c]);
            }
        for (; i < end; i++) { /* the last few */
            float x[VEC_LANES] = {in[i] - mean};
            acc[0] = vec_fma(vec_load(x), vec_load(x), acc[0]);
        }
        all = vec_add(all, vec_add(acc[0], acc[1]));
    }
    return vec_sum(all) / (float)count;
}

static void norm_row(const hone_norm_args *args, const float *in, float *out) {
    float count = (float)args->cols, mean = 0, variance;
    if (args->center) {
        mean = row_of(HONE_REDUCE_SUM, in, args->cols) / count;
        variance = row_variance(in, args->cols, mean);
    } else {
        variance = row_of(HONE_REDUCE_SQUARE, in, args->cols) / count;
    }
    vec m = vec_set(mean), factor = vec_set(1.0F / sqrtf(variance + args->epsilon));
    VEC_FOR(c, left, args->cols) {
        vec y = vec_mul(vec_sub(vec_load_upto(in + c, left), m), factor);
        vec bias = args->bias ? vec_load_upto(args->bias + c, left) : vec_set(0.0F);
        vec_store_upto(out + c, vec_fma(y, vec_load_upto(args->scale + c, left), bias), left);
    }
}

static void norm_rows(const hone_norm_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        norm_row(args, args->input + r * args->input_stride,
                 args->output + r * args->output_stride);
}

static void norm_row_moments(const hone_moments_args *args) {
    for (size_t r = 0; r < args->rows; r++) {
        const float *in = args->input + r * args->input_stride;
        args->mean[r] = row_of(HONE_REDUCE_SUM, in, args->cols) / (float)args->cols;
        args->variance[r] = row_variance(in, args->cols, args->mean[r]);
    }
}

static void norm_moments(const hone_moments_args *args) {
    const vec each = vec_set(1.0F / (float)args->rows), zero = vec_set(0.0F);
    reduce_columns(&(hone_reduce_args){.op = HONE_REDUCE_SUM,
                                       .rows = args->rows,
                                       .cols = args->cols,
                                       .input = args->input,
                                       .input_stride = args->input_stride,
                                       .output = args->mean});
    VEC_FOR(c, left, args->cols) {
        vec mean = vec_mul(vec_load_upto(args->mean + c, left), each), all = zero;
        for (size_t r = 0; r < args->rows;) {
            size_t end = hone__min_size(args->rows, r + LEVEL);
            vec acc = zero;
            for (; r < end; r++) {
                vec x = vec_load_upto(args->input + r * args->input_stride + c, left);
                x = vec_sub(x, mean);
                acc = vec_fma(x, x, acc);
            }
            all = vec_add(all, acc);
        }
        vec_store_upto(args->mean + c, mean, left);
        vec_store_upto(args->variance + c, vec_mul(all, each), left);
    }
}

HONE_INLINE void rescale_rows(const hone_rescale_args *args, const bool scalar) {
    vec factor = vec_set(args->factor[0]), offset = vec_set(args->offset[0]);
    for (size_t r = 0; r < args->rows; r++) {
        const float *in = args->input + r * args->input_stride;
        float *out = args->output + r * args->output_stride;
        VEC_FOR(c, left, args->cols) {
            if (!scalar) {
                factor = vec_load_upto(args->factor + c, left);
                offset = vec_load_upto(args->offset + c, left);
            }
            vec_store_upto(out + c, vec_fma(vec_load_upto(in + c, left), factor, offset), left);
        }
    }
}

static void norm_rescale(const hone_rescale_args *args) {
    if (args->scalar)
        rescale_rows(args, true);
    else
        rescale_rows(args, false);
}

/* Softmax. exp is taken once and kept in the output; its logarithm does without. */

/* e of lanes behind `left` would count as exp(0 - most). */
HONE_INLINE vec exp_apart(const float *in, size_t left, vec most) {
    if (left >= VEC_LANES) return vec_exp_negative(vec_sub(vec_load(in), most));
    return vec_exp_negative(vec_sub(load_rest(HONE_REDUCE_MAX, in, left), most));
}

static void soft_row(const float *in, float *out, size_t count, bool log_of) {
    float largest = row_of(HONE_REDUCE_MAX, in, count);
    vec most = vec_set(largest), all = vec_set(0.0F), sum = all;
    size_t block = 0;
    VEC_FOR(i, left, count) {
        vec e = exp_apart(in + i, left, most);
        sum = vec_add(sum, e);
        if (!log_of) vec_store_upto(out + i, e, left);
        if (++block % LEVEL == 0) all = vec_add(all, sum), sum = vec_set(0.0F);
    }
    float total = vec_sum(vec_add(all, sum));
    vec factor = vec_set(1.0F / total), log_sum = vec_set(log_of ? logf(total) : 0.0F);
    VEC_FOR(i, left, count) {
        vec x = vec_load_upto(log_of ? in + i : out + i, left);
        x = log_of ? vec_sub(vec_sub(x, most), log_sum) : vec_mul(x, factor);
        vec_store_upto(out + i, x, left);
    }
}

/* A vector of columns at a time. */
HONE_INLINE void soft_column(const hone_soft_args *args, size_t c, size_t left) {
    const float *in = args->input + c;
    float *out = args->output + c, sums[VEC_LANES];
    vec most = vec_set(-INFINITY), all = vec_set(0.0F), sum = all;
    for (size_t r = 0; r < args->rows; r++)
        most = combine(HONE_REDUCE_MAX, most, vec_load_upto(in + r * args->input_stride, left));
    for (size_t r = 0; r < args->rows; r++) {
        vec e = exp_apart(in + r * args->input_stride, left, most);
        sum = vec_add(sum, e);
        if (!args->log) vec_store_upto(out + r * args->output_stride, e, left);
        if (r % LEVEL == LEVEL - 1) all = vec_add(all, sum), sum = vec_set(0.0F);
    }
    all = vec_add(all, sum);
    vec_store(sums, all);
    for (size_t i = 0; args->log && i < VEC_LANES; i++) sums[i] = logf(sums[i]);
    vec factor = vec_div(vec_set(1.0F), all), log_sum = vec_load(sums);
    for (size_t r = 0; r < args->rows; r++) {
        float *to = out + r * args->output_stride;
        vec x = vec_load_upto(args->log ? in + r * args->input_stride : to, left);
        x = args->log ? vec_sub(vec_sub(x, most), log_sum) : vec_mul(x, factor);
        vec_store_upto(to, x, left);
    }
}

/* VEC_LANES rows of fewer numbers than that, turned to columns. */
static void soft_few(const hone_soft_args *args, const float *in, float *out) {
    float turned[VEC_LANES][VEC_LANES];
    for (size_t c = 0; c < args->cols; c++)
        for (size_t i = 0; i < VEC_LANES; i++) turned[c][i] = in[i * args->input_stride + c];
    soft_column(&(hone_soft_args){.log = args->log,
                                  .rows = args->cols,
                                  .cols = VEC_LANES,
                                  .input = turned[0],
                                  .input_stride = VEC_LANES,
                                  .output = turned[0],
                                  .output_stride = VEC_LANES},
                0, VEC_LANES);
    for (size_t c = 0; c < args->cols; c++)
        for (size_t i = 0; i < VEC_LANES; i++) out[i * args->output_stride + c] = turned[c][i];
}

static void norm_soft_rows(const hone_soft_args *args) {
    size_t r = 0;
    for (; args->cols < VEC_LANES && r + VEC_LANES <= args->rows; r += VEC_LANES)
        soft_few(args, args->input + r * args->input_stride,
                 args->output + r * args->output_stride);
    for (; r < args->rows; r++)
        soft_row(args->input + r * args->input_stride, args->output + r * args->output_stride,
                 args->cols, args->log);
}

static void norm_soft_columns(const hone_soft_args *args) {
    VEC_FOR(c, left, args->cols) {
        if (left >= VEC_LANES)
            soft_column(args, c, VEC_LANES);
        else
            soft_column(args, c, left);
    }
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of norm.h: plain loops in double, never edited for speed. */
#include "kernels/norm/norm_tiers.h"
#include <math.h>

/* Of `count` numbers `step` apart. */
static void moments_of(const float *x, size_t count, size_t step, double *mean, double *variance) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) sum += (double)x[i * step];
    *mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
        double apart = (double)x[i * step] - *mean;
        squares += apart * apart;
    }
    *variance = squares / (double)count;
}

static void rows(const hone_norm_args *args) {
    for (size_t r = 0; r < args->rows; r++) {
        const float *in = args->input + r * args->input_stride;
        float *out = args->output + r * args->output_stride;
        double mean, variance;
        moments_of(in, args->cols, 1, &mean, &variance);
        if (!args->center) variance += mean * mean, mean = 0;
        double factor = 1 / sqrt(variance + (double)args->epsilon);
        for (size_t c = 0; c < args->cols; c++) {
            double y = ((double)in[c] - mean) * factor * (double)args->scale[c];
            out[c] = (float)(y + (args->bias ? (double)args->bias[c] : 0));
        }
    }
}

static void row_moments(const hone_moments_args *args) {
    for (size_t r = 0; r < args->rows; r++) {
        double mean, variance;
        moments_of(args->input + r * args->input_stride, args->cols, 1, &mean, &variance);
        args->mean[r] = (float)mean, args->variance[r] = (float)variance;
    }
}

static void moments(const hone_moments_args *args) {
    for (size_t c = 0; c < args->cols; c++) {
        double mean, variance;
        moments_of(args->input + c, args->rows, args->input_stride, &mean, &variance);
        args->mean[c] = (float)mean, args->variance[c] = (float)variance;
    }
}

static void rescale(const hone_rescale_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        for (size_t c = 0; c < args->cols; c++) {
            size_t k = args->scalar ? 0 : c;
            args->output[r * args->output_stride + c] =
                args->input[r * args->input_stride + c] * args->factor[k] + args->offset[k];
        }
}

/* `count` elements, `in_step` and `out_step` apart. */
static void soft(const float *in, size_t in_step, float *out, size_t out_step, size_t count,
                 bool log_of) {
    double most = -(double)INFINITY, sum = 0;
    for (size_t i = 0; i < count; i++) {
        double x = (double)in[i * in_step];
        most = isnan(most) || most > x ? most : x;
    }
    for (size_t i = 0; i < count; i++) sum += exp((double)in[i * in_step] - most);
    for (size_t i = 0; i < count; i++) {
        double x = (double)in[i * in_step] - most;
        out[i * out_step] = (float)(log_of ? x - log(sum) : exp(x) / sum);
    }
}

static void soft_rows(const hone_soft_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        soft(args->input + r * args->input_stride, 1, args->output + r * args->output_stride, 1,
             args->cols, args->log);
}

static void soft_columns(const hone_soft_args *args) {
    for (size_t c = 0; c < args->cols; c++)
        soft(args->input + c, args->input_stride, args->output + c, args->output_stride, args->rows,
             args->log);
}

const hone_norm_table hone_norm_f32_ref = {
    .name = "hone_norm_f32_ref",
    .rows = rows,
    .row_moments = row_moments,
    .moments = moments,
    .rescale = rescale,
    .soft_rows = soft_rows,
    .soft_columns = soft_columns,
};

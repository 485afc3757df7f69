/* SPDX-License-Identifier: Apache-2.0 */
/* What normalizations and softmax are made of, on float32. Element (r, c) is at r * stride + c;
 * outputs may be their inputs with the same stride.
 *
 * Error against the exact result: means and variances as reduce.h sums (two passes, no E[x^2]);
 * softmax relative 2e-6, and 6e-8 more for each unit of max - x, 0 beyond 87; log softmax absolute
 * 1e-6 and relative 1e-6. */
#ifndef HONE_KERNELS_NORM_H
#define HONE_KERNELS_NORM_H

#include <hone/base.h>

/* Each row: (x - mean) / sqrt(variance + epsilon) * scale[c] + bias[c]; without `center` (RMS): the
 * mean counts as 0, the variance is the mean of squares. */
typedef struct hone_norm_args {
    size_t rows, cols; /* at least 1 */
    const float *input;
    size_t input_stride;
    float *output;
    size_t output_stride;
    const float *scale, *bias; /* [cols]; bias NULL: zeros */
    float epsilon;
    bool center;
} hone_norm_args;

/* Each column: mean and (population) variance down the rows. */
typedef struct hone_moments_args {
    size_t rows, cols;
    const float *input;
    size_t input_stride;
    float *mean, *variance; /* [cols] */
} hone_moments_args;

/* output = x * factor[c] + offset[c]; `scalar`: factor[0] and offset[0] for all columns. */
typedef struct hone_rescale_args {
    size_t rows, cols;
    const float *input;
    size_t input_stride;
    float *output;
    size_t output_stride;
    const float *factor, *offset;
    bool scalar;
} hone_rescale_args;

/* Softmax down the columns (rows: the axis), or its logarithm. */
typedef struct hone_soft_args {
    size_t rows, cols;
    const float *input;
    size_t input_stride;
    float *output;
    size_t output_stride;
    bool log;
} hone_soft_args;

typedef struct hone_norm_table {
    const char *name;
    void (*rows)(const hone_norm_args *args);
    void (*row_moments)(const hone_moments_args *args); /* mean[r], variance[r] along each row */
    void (*moments)(const hone_moments_args *args);
    void (*rescale)(const hone_rescale_args *args);
    void (*soft_rows)(const hone_soft_args *args); /* along each row */
    void (*soft_columns)(const hone_soft_args *args);
} hone_norm_table;

void hone__norm_init(hone_norm_table *table, hone_cpu_tier tier);

#endif

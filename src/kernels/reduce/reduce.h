/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and extremes of float32 along rows or down columns, for reductions over any axes: the caller
 * walks the other dimensions and lets each call go on where the last one stopped.
 *
 * Sums have many partial ones (at most 64 numbers in sequence for each of a few levels), in an
 * order that depends on rows and cols only. A NaN gives NaN. */
#ifndef HONE_KERNELS_REDUCE_H
#define HONE_KERNELS_REDUCE_H

#include <hone/base.h>

typedef enum hone_reduce_op {
    HONE_REDUCE_SUM,
    HONE_REDUCE_ABS,    /* sum of |x| */
    HONE_REDUCE_SQUARE, /* sum of x * x */
    HONE_REDUCE_MAX,
    HONE_REDUCE_MIN,
    HONE_REDUCES
} hone_reduce_op;

/* Element (r, c) is input[r * input_stride + c]. */
typedef struct hone_reduce_args {
    hone_reduce_op op;
    size_t rows, cols; /* at least 1 */
    const float *input;
    size_t input_stride;
    float *output; /* rows: [rows]; columns: [cols] */
    bool more;     /* combine with what is in output */
} hone_reduce_args;

typedef struct hone_reduce_table {
    const char *name;
    void (*rows)(const hone_reduce_args *args);    /* output[r] over all c */
    void (*columns)(const hone_reduce_args *args); /* output[c] over all r */
} hone_reduce_table;

void hone__reduce_init(hone_reduce_table *table, hone_cpu_tier tier);

#endif

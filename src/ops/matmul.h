/* SPDX-License-Identifier: Apache-2.0 */
/* Products of two matrices given by steps, so that transposed and batched operands cost nothing. */
#ifndef HONE_OPS_MATMUL_H
#define HONE_OPS_MATMUL_H

#include "ops/family.h"

/* Element (row, column) lies at first + row * row_step + column * column_step. */
typedef struct hone__matrix {
    const hone_tensor *tensor;
    int64_t first, row_step, column_step;
    /* Zero points: NULL, or the first one and the step to the next row's (of a) or column's (of b).
     */
    const hone_tensor *zero;
    int64_t zero_first, zero_step;
} hone__matrix;

typedef struct hone__product {
    hone__matrix a, b; /* (rows, depth), (depth, columns) */
    int64_t rows, depth, columns;
    hone_tensor *out; /* rows by columns, dense, from out_first on */
    int64_t out_first;
    /* Makes output numbers of `count` sums of one row from column `left` on; NULL: they are. */
    void (*finish)(const struct hone__product *product, int64_t row, int64_t left, int64_t count,
                   double *sums);
    const void *user;
} hone__product;

/* Sums in double; where both are integers of more than 8 bits, wrapping in 64 bits. */
void hone__product_run(const hone__product *product);

/* One product a batch entry of numpy's matmul: 1-D operands become a row or a column. */
typedef hone_status (*hone__batch_visit)(hone__product *product, int64_t batch, void *context);
hone_status hone__matmul_batches(const hone_op_call *call, const hone_tensor *a,
                                 const hone_tensor *b, hone__batch_visit visit, void *context,
                                 hone_error *error);

#endif

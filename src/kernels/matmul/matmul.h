/* SPDX-License-Identifier: Apache-2.0 */
/* float32 products of two matrices that are both computed: what conv.h does for constant weights,
 * here packed on the fly.
 *
 *   output[r][c] = clamp(alpha * sum over k of a[r][k] * b[k][c] + bias[c] + residual[r][c], lo,
 * hi)
 *
 * A batch is many calls. Algorithm of the fast kernels: a task takes a block of rows and a block of
 * columns; panel by panel of columns, b is packed into scratch memory and multiplied with all rows
 * by the tiles of conv.h. A few rows are not worth packing: b goes by once, unpacked. */
#ifndef HONE_KERNELS_MATMUL_H
#define HONE_KERNELS_MATMUL_H

#include <hone/base.h>

/* A matrix lies row by row; a turned one column by column. */
typedef struct hone_matmul_dims {
    size_t rows, depth, cols; /* at least 1 */
    bool a_turned, b_turned;
} hone_matmul_dims;

typedef struct hone_matmul_args {
    const hone_matmul_dims *dims;
    const float *a, *b;
    size_t a_stride, b_stride; /* floats from a row (turned: a column) to the next */
    float alpha;
    const float *bias;      /* [cols]; NULL: none */
    const float *residual;  /* rows x cols; NULL: none. May be the output itself */
    size_t residual_stride; /* 0: one row for all */
    float *output;          /* must not overlap a or b */
    size_t output_stride;
    float lo, hi; /* -INFINITY and INFINITY: no clamp. A NaN result stays NaN */
    /* Made by pack() from a product of the same b and alpha with packed_depth >= depth and no fewer
     * columns; b and bias are not read then. NULL: b is packed on the fly. */
    const void *packed;
    size_t packed_depth;
} hone_matmul_args;

/* One implementation. Results do not depend on the order or the threads of tasks. */
typedef struct hone_matmul_table hone_matmul_table;
struct hone_matmul_table {
    const char *name;
    /* 64-byte aligned memory that each concurrent run_task call needs. */
    size_t (*scratch_bytes)(const hone_matmul_table *table, const hone_matmul_dims *dims);
    uint32_t (*task_count)(const hone_matmul_table *table, const hone_matmul_dims *dims);
    void (*run_task)(const hone_matmul_table *table, const hone_matmul_args *args, uint32_t index,
                     void *scratch);
    /* For a b that meets many a: its packed form, 64-byte aligned. 0 bytes: it is better not
     * packed.
     */
    size_t (*packed_bytes)(const hone_matmul_table *table, const hone_matmul_dims *dims);
    void (*pack)(const hone_matmul_table *table, const hone_matmul_args *args, void *packed);
    const void *tier; /* private to the implementation */
};

void hone__matmul_init(hone_matmul_table *table, hone_cpu_tier tier);
/* All tasks, one after the other. */
void hone__matmul_run(const hone_matmul_table *table, const hone_matmul_args *args, void *scratch);

#endif

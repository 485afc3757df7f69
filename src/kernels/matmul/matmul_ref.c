/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of matmul.h: plain loops, sums in double, never edited for speed. */
#include "kernels/matmul/matmul_tiers.h"

static size_t scratch_bytes(const hone_matmul_table *table, const hone_matmul_dims *dims) {
    return 0;
}

static uint32_t task_count(const hone_matmul_table *table, const hone_matmul_dims *dims) {
    return (uint32_t)dims->rows;
}

static float at(const float *data, size_t stride, bool turned, size_t row, size_t col) {
    return turned ? data[col * stride + row] : data[row * stride + col];
}

static void run_task(const hone_matmul_table *table, const hone_matmul_args *args, uint32_t row,
                     void *scratch) {
    const hone_matmul_dims *d = args->dims;
    for (size_t c = 0; c < d->cols; c++) {
        double sum = 0;
        for (size_t k = 0; k < d->depth; k++)
            sum += (double)at(args->a, args->a_stride, d->a_turned, row, k) *
                   (double)at(args->b, args->b_stride, d->b_turned, k, c);
        float y = (float)((double)args->alpha * sum);
        if (args->bias) y += args->bias[c];
        if (args->residual) y += args->residual[row * args->residual_stride + c];
        y = y < args->lo ? args->lo : y;
        args->output[row * args->output_stride + c] = y > args->hi ? args->hi : y;
    }
}

static size_t packed_bytes(const hone_matmul_table *table, const hone_matmul_dims *dims) {
    return 0;
}

static void pack(const hone_matmul_table *table, const hone_matmul_args *args, void *packed) {}

const hone_matmul_table hone_matmul_f32_ref = {
    .name = "hone_matmul_f32_ref",
    .scratch_bytes = scratch_bytes,
    .task_count = task_count,
    .run_task = run_task,
    .packed_bytes = packed_bytes,
    .pack = pack,
};

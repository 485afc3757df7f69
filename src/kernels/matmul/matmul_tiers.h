/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/matmul. */
#ifndef HONE_KERNELS_MATMUL_TIERS_H
#define HONE_KERNELS_MATMUL_TIERS_H

#include "kernels/conv/conv.h"
#include "kernels/layout/layout.h"
#include "kernels/matmul/matmul.h"

extern const hone_matmul_table hone_matmul_f32_ref;
extern const hone_matmul_table hone_matmul_f32_avx2; /* x86_64 */
extern const hone_matmul_table hone_matmul_f32_avx512;
extern const hone_matmul_table hone_matmul_f32_neon; /* aarch64 */

/* Up to this many rows are multiplied by `few`. */
#define HONE_MATMUL_FEW 3

/* What a tier adds to matmul_tiled.c. */
typedef struct hone_matmul_tier {
    const hone_conv_kernel *product;                    /* `tile` is a hone_conv_tiles */
    void (*transpose)(const hone_transpose_args *args); /* of 4-byte elements */
    /* Columns [first, first + columns) of a call with at most HONE_MATMUL_FEW rows, a not turned.
     */
    void (*few)(const hone_matmul_args *args, size_t first, size_t columns);
} hone_matmul_tier;

size_t hone__matmul_tiled_scratch_bytes(const hone_matmul_table *table,
                                        const hone_matmul_dims *dims);
uint32_t hone__matmul_tiled_task_count(const hone_matmul_table *table,
                                       const hone_matmul_dims *dims);
void hone__matmul_tiled_run_task(const hone_matmul_table *table, const hone_matmul_args *args,
                                 uint32_t index, void *scratch);
size_t hone__matmul_tiled_packed_bytes(const hone_matmul_table *table,
                                       const hone_matmul_dims *dims);
void hone__matmul_tiled_pack(const hone_matmul_table *table, const hone_matmul_args *args,
                             void *packed);

#endif

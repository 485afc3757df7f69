/* SPDX-License-Identifier: Apache-2.0 */
/* float32 depthwise convolution: groups == in_c == out_c (channel multiplier 1; others are grouped
 * convolutions, see conv.h).
 *
 *   output[p][c] = clamp(bias[c] + sum over taps of input[pixel under p and tap][c] *
 *                        weight[c][tap], lo, hi)
 *
 * Algorithm: vectors run over channels; weights are packed [tap][c], so that a pixel is a sum of
 * products of contiguous rows. */
#ifndef HONE_KERNELS_DWCONV_H
#define HONE_KERNELS_DWCONV_H

#include "kernels/shared/geometry.h"

typedef struct hone_dwconv_args {
    const hone_conv_dims *dims;
    const float *input; /* n * in_h * in_w pixels */
    size_t input_stride;
    const void *packed; /* made by the same kernel's pack(), 64-byte aligned */
    float *output;      /* n * out_h * out_w pixels; must not overlap the input */
    size_t output_stride;
    float lo, hi; /* -INFINITY and INFINITY: no clamp */
} hone_dwconv_args;

/* As hone_conv_kernel: see conv.h for each function. */
typedef struct hone_dwconv_kernel hone_dwconv_kernel;
struct hone_dwconv_kernel {
    const char *name;
    bool (*supports)(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims);
    size_t (*pack_bytes)(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims);
    void (*pack)(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims,
                 const hone_conv_weights *weights, void *packed);
    size_t (*scratch_bytes)(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims);
    uint32_t (*task_count)(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims);
    void (*run_task)(const hone_dwconv_kernel *kernel, const hone_dwconv_args *args, uint32_t index,
                     void *scratch);
    const void *tile; /* private to the implementation */
};

#define HONE_DWCONV_KERNELS 4
typedef struct hone_dwconv_table {
    uint32_t count;
    const hone_dwconv_kernel *list[HONE_DWCONV_KERNELS]; /* [0]: the reference */
} hone_dwconv_table;

void hone__dwconv_init(hone_dwconv_table *table, hone_cpu_tier tier);
/* NULL when dims are not depthwise. */
const hone_dwconv_kernel *hone__dwconv_choose(const hone_dwconv_table *table,
                                              const hone_conv_dims *dims);

#endif

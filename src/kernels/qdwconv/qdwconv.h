/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized depthwise convolution: groups == in_c == out_c; u8 activations, s8 weights, exact int32
 * sums, u8 out. Arithmetic and packing arguments as in qconv.h, with one input channel a group. */
#ifndef HONE_KERNELS_QDWCONV_H
#define HONE_KERNELS_QDWCONV_H

#include "kernels/qconv/qconv.h"

typedef struct hone_qdwconv_args {
    const hone_conv_dims *dims;
    const uint8_t *input; /* n * in_h * in_w pixels */
    size_t input_stride;
    uint8_t input_zero; /* the same as in pack() */
    const void *packed; /* made by the same kernel's pack(), 64-byte aligned */
    uint8_t *output;    /* n * out_h * out_w pixels; must not overlap the input */
    size_t output_stride;
    uint8_t output_zero;
    float lo, hi; /* within [-output_zero, 255 - output_zero] */
} hone_qdwconv_args;

/* As hone_conv_kernel: see conv.h for each function. */
typedef struct hone_qdwconv_kernel hone_qdwconv_kernel;
struct hone_qdwconv_kernel {
    const char *name;
    bool (*supports)(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims);
    size_t (*pack_bytes)(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims);
    void (*pack)(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims,
                 const hone_qconv_pack *source, void *packed);
    size_t (*scratch_bytes)(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims);
    uint32_t (*task_count)(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims);
    void (*run_task)(const hone_qdwconv_kernel *kernel, const hone_qdwconv_args *args,
                     uint32_t index, void *scratch);
    const void *tile; /* private to the implementation */
};

#define HONE_QDWCONV_KERNELS 8
typedef struct hone_qdwconv_table {
    uint32_t count;
    const hone_qdwconv_kernel *list[HONE_QDWCONV_KERNELS]; /* [0]: the reference */
} hone_qdwconv_table;

void hone__qdwconv_init(hone_qdwconv_table *table, hone_cpu_tier tier);
/* NULL when dims are not depthwise. */
const hone_qdwconv_kernel *hone__qdwconv_choose(const hone_qdwconv_table *table,
                                                const hone_conv_dims *dims);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* float32 convolution, fully connected layers and matrix products with constant weights.
 *
 *   output[p][o] = clamp(bias[o] + sum over taps and the channels i of o's group of
 *                        input[pixel under p and tap][i] * weight[o][i][tap]
 *                        + residual[p][o], lo, hi)
 *
 * Algorithm of the fast kernels: indirect GEMM (Dukhan, "The Indirect Convolution Algorithm",
 * 2019). Weights are packed once into panels of NR output channels; a tile of MR output pixels
 * reads its inputs through row pointers, one a tap, that point at a row of zeros in the padding.
 * Convolutions with few channels a tap gather their rows into scratch memory first. */
#ifndef HONE_KERNELS_CONV_H
#define HONE_KERNELS_CONV_H

#include "kernels/shared/geometry.h"

/* Pointers of one call; strides in elements from a pixel to the next. */
typedef struct hone_conv_args {
    const hone_conv_dims *dims;
    const float *input; /* n * in_h * in_w pixels of in_c channels */
    size_t input_stride;
    const void *packed;    /* made by the same kernel's pack(), 64-byte aligned */
    const float *residual; /* like output; NULL: none. May be the output itself */
    size_t residual_stride;
    float *output; /* n * out_h * out_w pixels of out_c channels; must not overlap the input */
    size_t output_stride;
    float lo, hi; /* -INFINITY and INFINITY: no clamp. A NaN result stays NaN */
} hone_conv_args;

/* One implementation. Every function takes the kernel itself first. */
typedef struct hone_conv_kernel hone_conv_kernel;
struct hone_conv_kernel {
    const char *name; /* hone_conv_f32_6x16_avx2 */
    /* Whether it can run these dims (the general ones run all that are valid). */
    bool (*supports)(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
    /* Packed weights and bias: how many bytes, and making them (weights and bias are float). Only
     * kernel, groups, in_c and out_c of dims matter. */
    size_t (*pack_bytes)(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
    void (*pack)(const hone_conv_kernel *kernel, const hone_conv_dims *dims,
                 const hone_conv_weights *weights, void *packed);
    /* Bytes of 64-byte aligned scratch memory that each concurrent run_task call needs; may be 0.
     * Contents need not be kept between tasks. */
    size_t (*scratch_bytes)(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
    /* The call is cut into this many independent tasks, in any order, on any thread. */
    uint32_t (*task_count)(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
    void (*run_task)(const hone_conv_kernel *kernel, const hone_conv_args *args, uint32_t index,
                     void *scratch);
    const void *tile; /* private to the implementation */
    /* Whether it is a better choice for dims than those before it in the table; NULL: always. */
    bool (*suits)(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
};

#define HONE_CONV_KERNELS 8
/* list[0] is the reference; later entries are preferred where they suit. */
typedef struct hone_conv_table {
    uint32_t count;
    const hone_conv_kernel *list[HONE_CONV_KERNELS];
    /* For inputs in planes, [n][in_c][in_h][in_w] without gaps (input_stride is not used); NULL
     * where the tier has none. Takes what it supports, pictures above all. */
    const hone_conv_kernel *planes;
} hone_conv_table;

void hone__conv_init(hone_conv_table *table, hone_cpu_tier tier);
/* The last kernel that supports and suits dims; never NULL. */
const hone_conv_kernel *hone__conv_choose(const hone_conv_table *table, const hone_conv_dims *dims);

#endif

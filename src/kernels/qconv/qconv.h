/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized convolution and fully connected layers: u8 activations with a zero point, s8 weights
 * symmetric a channel, exact int32 sums; u8 or float32 out.
 *
 *   acc = bias[o] + sum over taps and the channels i of o's group of
 *                   (input[pixel under p and tap][i] - input_zero) * weight[o][i][tap]
 *   y   = clamp((float)acc * multiplier[o], lo, hi)
 *   u8 output:  rint(y) + output_zero     multiplier = scale_in * scale_weight[o] / scale_out
 *   f32 output: y                         multiplier = scale_in * scale_weight[o]
 *
 * Reads in the padding count as input_zero. acc wraps modulo 2^32 (never for K <= 65,000).
 * The bits are equal on every instruction set: see shared/requant.h. */
#ifndef HONE_KERNELS_QCONV_H
#define HONE_KERNELS_QCONV_H

#include "kernels/shared/geometry.h"

/* What pack() needs. weights.data is int8 (all of -128..127), weights.bias int32 in units of
 * scale_in * scale_weight[o], or NULL. multiplier has out_c floats of any alignment. */
typedef struct hone_qconv_pack {
    hone_conv_weights weights;
    const void *multiplier;
    uint8_t input_zero;
} hone_qconv_pack;

/* What is added to a u8 output, rounded as add_u8 of eltwise/eltwise.h does:
 *
 *   output = rint(clamp(rint(y) * own + (float)(data[p][o] - zero) * other, lo, hi)) + output_zero
 *
 * three roundings before the last one. rint(y) is the convolution's own quantized number less its
 * zero point, so that the bits are those of two steps. */
typedef struct hone_qconv_sum {
    const uint8_t *data; /* pixels like the output's, may be the output itself; NULL: no sum */
    size_t stride;
    uint8_t zero;
    float own, other; /* scale_conv / scale_sum, scale_data / scale_sum */
    uint8_t output_zero;
    float lo, hi; /* within [-output_zero, 255 - output_zero] */
} hone_qconv_sum;

typedef struct hone_qconv_args {
    const hone_conv_dims *dims;
    const uint8_t *input; /* n * in_h * in_w pixels of in_c channels */
    size_t input_stride;
    uint8_t input_zero; /* the same as in pack() */
    const void *packed; /* made by the same kernel's pack(), 64-byte aligned */
    uint8_t *output;    /* n * out_h * out_w pixels of out_c channels, or NULL */
    float *output_f32;  /* exactly one of both is given; must not overlap the input */
    size_t output_stride;
    uint8_t output_zero; /* 0 for a float output */
    float lo, hi;       /* u8: within [-output_zero, 255 - output_zero]; f32: any, infinities too */
    hone_qconv_sum sum; /* u8 output only; output_zero, lo and hi above are the convolution's own */
} hone_qconv_args;

/* As hone_conv_kernel: see conv.h for each function. */
typedef struct hone_qconv_kernel hone_qconv_kernel;
struct hone_qconv_kernel {
    const char *name; /* hone_qconv_u8s8_4x16_avx2 */
    bool (*supports)(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
    size_t (*pack_bytes)(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
    void (*pack)(const hone_qconv_kernel *kernel, const hone_conv_dims *dims,
                 const hone_qconv_pack *source, void *packed);
    size_t (*scratch_bytes)(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
    uint32_t (*task_count)(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
    void (*run_task)(const hone_qconv_kernel *kernel, const hone_qconv_args *args, uint32_t index,
                     void *scratch);
    const void *tile; /* private to the implementation */
};

#define HONE_QCONV_KERNELS 8
typedef struct hone_qconv_table {
    uint32_t count;
    const hone_qconv_kernel *list[HONE_QCONV_KERNELS]; /* [0]: the reference */
} hone_qconv_table;

void hone__qconv_init(hone_qconv_table *table, hone_cpu_tier tier);
/* The preferred kernel that supports dims; never NULL. */
const hone_qconv_kernel *hone__qconv_choose(const hone_qconv_table *table,
                                            const hone_conv_dims *dims);

#endif

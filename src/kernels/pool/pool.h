/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling over windows of pixels, channel by channel, float32 and u8.
 *
 * A call computes the output rows [row_begin, row_end) of the n * out_h rows (row = image * out_h +
 * y); the caller spreads ranges over its threads. Nothing is needed as scratch memory.
 *
 *   max:      the largest value of the window's pixels inside the input (a NaN counts as absent
 *             unless all are NaN; a window with no pixel inside gives -INFINITY, u8: 0)
 *   average:  f32: clamp(sum / count, lo, hi)
 *             u8:  requant(sum of (x - input_zero), multiplier / (float)count), see
 *                  shared/requant.h, with multiplier = scale_in / scale_out
 *             count = window pixels inside the input, or, with count_include_pad, inside the input
 *             with its padding (ONNX's rule for ceil_mode)
 *   global:   average over a whole image: kernel = input, out_h = out_w = 1, no padding */
#ifndef HONE_KERNELS_POOL_H
#define HONE_KERNELS_POOL_H

#include <hone/base.h>

typedef struct hone_pool2d_dims {
    uint32_t n, in_h, in_w, channels, out_h, out_w;
    uint32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    uint32_t pad_top, pad_left, pad_bottom, pad_right;
    bool count_include_pad;
} hone_pool2d_dims;

typedef struct hone_pool2d_f32 {
    const hone_pool2d_dims *dims;
    const float *input;
    size_t input_stride; /* elements from a pixel to the next */
    float *output;
    size_t output_stride;
    float lo, hi; /* clamp of the result (max and average); infinities: none */
} hone_pool2d_f32;

typedef struct hone_pool2d_u8 {
    const hone_pool2d_dims *dims;
    const uint8_t *input;
    size_t input_stride;
    uint8_t *output;
    size_t output_stride;
    /* average only; a max keeps the input's quantization */
    uint8_t input_zero, output_zero;
    float multiplier;
    float lo, hi; /* within [-output_zero, 255 - output_zero] */
} hone_pool2d_u8;

typedef void (*hone_pool2d_f32_run)(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end);
typedef void (*hone_pool2d_u8_run)(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end);

typedef struct hone_pool2d_f32_kernel {
    const char *name;
    hone_pool2d_f32_run run;
} hone_pool2d_f32_kernel;

typedef struct hone_pool2d_u8_kernel {
    const char *name;
    hone_pool2d_u8_run run;
} hone_pool2d_u8_kernel;

/* Every entry takes every valid dims. average is right for global averages too. */
typedef struct hone_pool2d_table {
    hone_pool2d_f32_kernel max_f32, average_f32;
    hone_pool2d_u8_kernel max_u8, average_u8;
} hone_pool2d_table;

void hone__pool2d_init(hone_pool2d_table *table, hone_cpu_tier tier);

#endif

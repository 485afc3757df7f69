/* SPDX-License-Identifier: Apache-2.0 */
/* The geometry of a convolution, and where its weights lie. Shared by all convolution families. */
#ifndef HONE_KERNELS_GEOMETRY_H
#define HONE_KERNELS_GEOMETRY_H

#include <hone/base.h>

/* All fields in elements; all but the paddings at least 1. Reads that fall outside the input count
 * as zero (quantized: as the input's zero point), so padding at the end follows from out_h and
 * out_w and has no field. A matrix product M x K times K x N is n = 1, in_h = out_h = 1, in_w =
 * out_w = M, in_c = K, out_c = N and a 1 x 1 kernel. in_c and out_c are multiples of groups. */
typedef struct hone_conv_dims {
    uint32_t n;
    uint32_t in_h, in_w, in_c;
    uint32_t out_h, out_w, out_c;
    uint32_t groups;
    uint32_t kernel_h, kernel_w;
    uint32_t stride_h, stride_w;
    uint32_t dilation_h, dilation_w;
    uint32_t pad_top, pad_left;
} hone_conv_dims;

/* Weights to be packed: that of output channel o, input channel i within o's group and tap
 * t = ky * kernel_w + kx is element o * out_step + i * in_step + t * tap_step of `data`. Neither
 * pointer needs any alignment. bias has out_c elements, NULL for zeros. */
typedef struct hone_conv_weights {
    const void *data;
    size_t out_step, in_step, tap_step;
    const void *bias;
} hone_conv_weights;

/* ONNX's order of a Conv: [out_c][in_c / groups][kernel_h][kernel_w]. */
hone_conv_weights hone__conv_weights_oihw(const hone_conv_dims *dims, const void *data,
                                          const void *bias);
/* A matrix [in_c][out_c], as MatMul and Gemm without transB have it. */
hone_conv_weights hone__conv_weights_matrix(const hone_conv_dims *dims, const void *data,
                                            const void *bias);

/* n * out_h * out_w and kernel_h * kernel_w. */
size_t hone__conv_pixels(const hone_conv_dims *dims);
size_t hone__conv_taps(const hone_conv_dims *dims);
/* Multiply-adds of the whole convolution, taps in the padding included. */
uint64_t hone__conv_macs(const hone_conv_dims *dims);

/* Index of the input pixel under a tap of an output pixel, or HONE_CONV_OUTSIDE in the padding.
 * image, y, x name the output pixel. */
#define HONE_CONV_OUTSIDE SIZE_MAX
size_t hone__conv_input_pixel(const hone_conv_dims *dims, size_t image, size_t y, size_t x,
                              size_t ky, size_t kx);

#endif

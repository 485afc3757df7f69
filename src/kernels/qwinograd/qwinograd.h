/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized convolution with 3 x 3 kernels, stride 1, no dilation and one group in a quarter of the
 * multiplies: F(4x4, 3x3) of Lavin and Gray (see winograd/winograd.h), in integers and exact. What
 * it computes, its arguments and its tasks are those of qconv/qconv.h, bit for bit.
 *
 * With inputs d (bytes as they are, the zero point in the padding) and weights g, the matrices
 *
 *   B^T = | 4  0 -5  0  1  0 |     G = | 6  0  0 |     A^T = | 1 -4 -4  1  1  0 |   /24
 *         | 0 -4 -4  1  1  0 |         | 1  1  1 |           | 0 -2  2  1 -1  0 |   /12
 *         | 0  4 -4 -1  1  0 |         | 1 -1  1 |           | 0 -1 -1  1  1  0 |   /6
 *         | 0 -2 -1  2  1  0 |         | 1  2  4 |           | 0 -1  1  2 -2  1 |   /6
 *         | 0  2 -1 -2  1  0 |         | 1 -2  4 |
 *         | 0  4  0 -5  0  1 |         | 0  0  6 |
 *
 * are integers; output (i, j) of  A^T [sum of (G g G^T) * (B^T d B)] A  is the convolution times
 * s_i s_j, s = 24, 12, 6, 6. |B^T d B| <= 68 * 255 and |G g G^T| <= 49 * 128 are 16-bit numbers.
 *
 * Sums are made modulo 2^32, and nothing is lost by that: s_i s_j = 9 * 2^a with a <= 6. Nine has
 * an inverse modulo 2^32; what is left is the convolution times 2^a, whose value is known when it
 * lies in [-2^25, 2^25). Bytes times weights do as long as neither 255 times a channel's positive
 * weights nor that of its negative ones goes beyond, which hone__qwinograd_choose looks up.
 *
 * Weights stay the bytes they are: a panel is transformed when its turn comes, which takes less
 * time than reading eight times the memory would. */
#ifndef HONE_KERNELS_QWINOGRAD_H
#define HONE_KERNELS_QWINOGRAD_H

#include "kernels/qconv/qconv.h"

typedef struct hone_qwinograd_table {
    const hone_qconv_kernel *fast; /* NULL where the tier has none */
    uint32_t direct_speed; /* multiply-adds of the tier's direct kernel while this one makes one */
} hone_qwinograd_table;

void hone__qwinograd_init(hone_qwinograd_table *table, hone_cpu_tier tier);

/* Whether the kernel gives exact results with these weights (int8, as qconv's pack() gets them).
 * dims must fit. */
bool hone__qwinograd_exact(const hone_conv_dims *dims, const hone_conv_weights *weights);

/* The kernel that should take dims instead of the direct one, or NULL where that is the better one
 * or the weights are too large. */
const hone_qconv_kernel *hone__qwinograd_choose(const hone_qwinograd_table *table,
                                                const hone_conv_dims *dims,
                                                const hone_conv_weights *weights);

#endif

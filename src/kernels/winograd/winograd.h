/* SPDX-License-Identifier: Apache-2.0 */
/* float32 convolution with 3 x 3 kernels, stride 1, no dilation and one group in fewer multiplies:
 * F(2x2, 3x3) and F(4x4, 3x3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural
 * Networks", 2016. What it computes, its arguments and its tasks are those of conv/conv.h.
 *
 * A tile of m x m outputs (m = 2 or 4) needs (m + 2) x (m + 2) inputs. With inputs d, weights g and
 * sums over input channels
 *
 *   outputs = A^T [ sum of (G g G^T) * (B^T d B) ] A        (* element by element)
 *
 * so that each of the (m + 2)^2 points is a matrix product of its own, tiles x in_c times
 * in_c x out_c: 4 multiply-adds an output and channel for m = 2, 2.25 for m = 4, where the direct
 * way has 9. Weights are transformed once, when packed, and then take (m + 2)^2 / 9 of the memory.
 *
 * Rounding errors grow with m: below 1e-6 of the largest output for m = 2, 3e-6 for m = 4
 * with 512 channels. A NaN or
 * an infinity in the input makes NaN of all outputs of the tiles that read it, which are more than
 * the 3 x 3 that a direct convolution would give it to. */
#ifndef HONE_KERNELS_WINOGRAD_H
#define HONE_KERNELS_WINOGRAD_H

#include "kernels/conv/conv.h"

/* A pair of implementations: F(2x2, 3x3) and F(4x4, 3x3). */
typedef struct hone_winograd_pair {
    const hone_conv_kernel *two, *four;
} hone_winograd_pair;

typedef struct hone_winograd_table {
    hone_winograd_pair reference; /* plain loops */
    hone_winograd_pair fast;      /* NULLs where the tier has none */
} hone_winograd_table;

void hone__winograd_init(hone_winograd_table *table, hone_cpu_tier tier);

/* The kernel that should take dims instead of the direct one, or NULL where that is the better
 * one. Looks at the fast pair only. */
const hone_conv_kernel *hone__winograd_choose(const hone_winograd_table *table,
                                              const hone_conv_dims *dims);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/conv, and to winograd beside it, which
 * multiplies with their tiles. */
#ifndef HONE_KERNELS_CONV_TIERS_H
#define HONE_KERNELS_CONV_TIERS_H

#include "kernels/conv/conv.h"

extern const hone_conv_kernel hone_conv_f32_ref;
extern const hone_conv_kernel hone_conv_f32_planes_avx2; /* x86_64 */
extern const hone_conv_kernel hone_conv_f32_4x24_avx2;   /* x86_64 */
extern const hone_conv_kernel hone_conv_f32_12x8_avx2;   /* x86_64 */
extern const hone_conv_kernel hone_conv_f32_6x16_avx2;   /* x86_64 */
extern const hone_conv_kernel hone_conv_f32_12x32_avx512;
extern const hone_conv_kernel hone_conv_f32_8x8_neon; /* aarch64 */

#endif

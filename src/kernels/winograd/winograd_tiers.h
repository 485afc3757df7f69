/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/winograd. */
#ifndef HONE_KERNELS_WINOGRAD_TIERS_H
#define HONE_KERNELS_WINOGRAD_TIERS_H

#include "kernels/winograd/winograd.h"

extern const hone_conv_kernel hone_winograd_f32_2x2_ref;
extern const hone_conv_kernel hone_winograd_f32_4x4_ref;
extern const hone_conv_kernel hone_winograd_f32_2x2_avx2; /* x86_64 */
extern const hone_conv_kernel hone_winograd_f32_4x4_avx2;
extern const hone_conv_kernel hone_winograd_f32_2x2_avx512;
extern const hone_conv_kernel hone_winograd_f32_4x4_avx512;
extern const hone_conv_kernel hone_winograd_f32_2x2_neon; /* aarch64 */
extern const hone_conv_kernel hone_winograd_f32_4x4_neon;

#endif

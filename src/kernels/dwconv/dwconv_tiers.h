/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/dwconv. */
#ifndef HONE_KERNELS_DWCONV_TIERS_H
#define HONE_KERNELS_DWCONV_TIERS_H

#include "kernels/dwconv/dwconv.h"

extern const hone_dwconv_kernel hone_dwconv_f32_ref;
extern const hone_dwconv_kernel hone_dwconv_f32_7x8_avx2; /* x86_64 */
extern const hone_dwconv_kernel hone_dwconv_f32_7x16_avx512;
extern const hone_dwconv_kernel hone_dwconv_f32_4x4_neon; /* aarch64 */

#endif

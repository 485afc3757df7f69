/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/norm. */
#ifndef HONE_KERNELS_NORM_TIERS_H
#define HONE_KERNELS_NORM_TIERS_H

#include "kernels/norm/norm.h"

extern const hone_norm_table hone_norm_f32_ref;
extern const hone_norm_table hone_norm_f32_avx2; /* x86_64 */
extern const hone_norm_table hone_norm_f32_avx512;
extern const hone_norm_table hone_norm_f32_neon; /* aarch64 */

#endif

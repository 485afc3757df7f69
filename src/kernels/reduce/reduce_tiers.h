/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/reduce. */
#ifndef HONE_KERNELS_REDUCE_TIERS_H
#define HONE_KERNELS_REDUCE_TIERS_H

#include "kernels/reduce/reduce.h"

extern const hone_reduce_table hone_reduce_f32_ref;
extern const hone_reduce_table hone_reduce_f32_avx2; /* x86_64 */
extern const hone_reduce_table hone_reduce_f32_avx512;
extern const hone_reduce_table hone_reduce_f32_neon; /* aarch64 */

#endif

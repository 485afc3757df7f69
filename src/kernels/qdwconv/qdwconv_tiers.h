/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/qdwconv. */
#ifndef HONE_KERNELS_QDWCONV_TIERS_H
#define HONE_KERNELS_QDWCONV_TIERS_H

#include "kernels/qdwconv/qdwconv.h"

extern const hone_qdwconv_kernel hone_qdwconv_u8s8_ref;
extern const hone_qdwconv_kernel hone_qdwconv_u8s8_2x32_avx2; /* x86_64 */
extern const hone_qdwconv_kernel hone_qdwconv_u8s8_2x32_avxvnni;
extern const hone_qdwconv_kernel hone_qdwconv_u8s8_2x64_avx512;
extern const hone_qdwconv_kernel hone_qdwconv_u8s8_2x64_vnni;
extern const hone_qdwconv_kernel hone_qdwconv_u8s8_4x8_neon; /* aarch64 */

#endif

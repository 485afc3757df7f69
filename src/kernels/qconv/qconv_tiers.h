/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/qconv. */
#ifndef HONE_KERNELS_QCONV_TIERS_H
#define HONE_KERNELS_QCONV_TIERS_H

#include "kernels/qconv/qconv.h"

extern const hone_qconv_kernel hone_qconv_u8s8_ref;
extern const hone_qconv_kernel hone_qconv_u8s8_4x16_avx2; /* x86_64 */
extern const hone_qconv_kernel hone_qconv_u8s8_6x16_avxvnni;
extern const hone_qconv_kernel hone_qconv_u8s8_8x32_avx512;
extern const hone_qconv_kernel hone_qconv_u8s8_12x32_vnni;
extern const hone_qconv_kernel hone_qconv_u8s8_8x8_neon; /* aarch64 */
extern const hone_qconv_kernel hone_qconv_u8s8_8x8_neondot;

#endif

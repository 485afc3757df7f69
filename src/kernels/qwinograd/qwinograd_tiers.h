/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/qwinograd. The reference is qconv's. */
#ifndef HONE_KERNELS_QWINOGRAD_TIERS_H
#define HONE_KERNELS_QWINOGRAD_TIERS_H

#include "kernels/qwinograd/qwinograd.h"

extern const hone_qconv_kernel hone_qwinograd_u8s8_4x4_avx2; /* x86_64 */
extern const hone_qconv_kernel hone_qwinograd_u8s8_4x4_neon; /* aarch64 */

#endif

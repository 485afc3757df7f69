/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/layout. */
#ifndef HONE_KERNELS_LAYOUT_TIERS_H
#define HONE_KERNELS_LAYOUT_TIERS_H

#include "kernels/layout/layout.h"

void hone_transpose_x8_ref(const hone_transpose_args *args);
void hone_transpose_x32_ref(const hone_transpose_args *args);
void hone_copy_x8_ref(const hone_copy_args *args);

#endif

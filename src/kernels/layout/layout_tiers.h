/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/layout. */
#ifndef HONE_KERNELS_LAYOUT_TIERS_H
#define HONE_KERNELS_LAYOUT_TIERS_H

#include "kernels/layout/layout.h"

void hone_transpose_x8_ref(const hone_transpose_args *args);
void hone_transpose_x32_ref(const hone_transpose_args *args);
void hone_copy_x8_ref(const hone_copy_args *args);
void hone_pick_x32_ref(const hone_pick_args *args);

/* Elements (row, col) up to (row_end, col_end), one by one: edges of blocks. */
void hone__transpose_rest_x8(const hone_transpose_args *args, size_t row, size_t row_end,
                             size_t col, size_t col_end);
void hone__transpose_rest_x32(const hone_transpose_args *args, size_t row, size_t row_end,
                              size_t col, size_t col_end);

/* x86_64 */
extern const hone_layout_table hone_layout_avx2;
void hone_transpose_x8_avx2(const hone_transpose_args *args);
void hone_transpose_x32_avx2(const hone_transpose_args *args);
extern const hone_layout_table hone_layout_avx512;
void hone_transpose_x32_avx512(const hone_transpose_args *args);
void hone_pick_x32_avx2(const hone_pick_args *args);

/* aarch64 */
extern const hone_layout_table hone_layout_neon;
void hone_transpose_x8_neon(const hone_transpose_args *args);
void hone_transpose_x32_neon(const hone_transpose_args *args);
void hone_pick_x32_neon(const hone_pick_args *args);

#endif

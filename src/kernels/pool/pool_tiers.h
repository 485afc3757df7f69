/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family and the window they share; private to src/kernels/pool. */
#ifndef HONE_KERNELS_POOL_TIERS_H
#define HONE_KERNELS_POOL_TIERS_H

#include "kernels/pool/pool.h"

/* Kernel positions [y0, y1) x [x0, x1) of a window that fall inside the input; pixel is the input
 * pixel under (y0, x0), and count what an average divides by. Empty: y0 >= y1 or x0 >= x1. */
typedef struct hone_pool2d_window {
    size_t y0, y1, x0, x1, pixel;
    uint32_t count;
} hone_pool2d_window;

hone_pool2d_window hone__pool2d_window(const hone_pool2d_dims *dims, size_t row, size_t x);

void hone_max_pool_f32_ref(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end);
void hone_average_pool_f32_ref(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end);
void hone_max_pool_u8_ref(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end);
void hone_average_pool_u8_ref(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end);

/* x86_64 */
extern const hone_pool2d_table hone_pool2d_avx2;
void hone_max_pool_f32_avx2(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end);
void hone_average_pool_f32_avx2(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end);
void hone_max_pool_u8_avx2(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end);
void hone_average_pool_u8_avx2(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end);
extern const hone_pool2d_table hone_pool2d_avx512;
void hone_max_pool_f32_avx512(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end);
void hone_average_pool_f32_avx512(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end);
void hone_max_pool_u8_avx512(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end);
void hone_average_pool_u8_avx512(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end);

/* aarch64 */
extern const hone_pool2d_table hone_pool2d_neon;
void hone_max_pool_f32_neon(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end);
void hone_average_pool_f32_neon(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end);
void hone_max_pool_u8_neon(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end);
void hone_average_pool_u8_neon(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end);

#endif

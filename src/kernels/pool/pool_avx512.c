/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of pool_loops.h, vectorized by the compiler (-O3, without contraction to FMA), and a
 * maximum that keeps its channels in registers. */
#include "kernels/pool/pool_max_loops.h"

void hone_max_pool_f32_avx512(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end) {
    pool_f32(args, row_begin, row_end, max_window, -INFINITY);
}

void hone_average_pool_f32_avx512(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end) {
    pool_f32(args, row_begin, row_end, average_window_f32, 0.0F);
}

void hone_max_pool_u8_avx512(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end) {
    pool_u8(args, row_begin, row_end, false);
}

void hone_average_pool_u8_avx512(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end) {
    pool_u8(args, row_begin, row_end, true);
}

const hone_pool2d_table hone_pool2d_avx512 = {
    .max_f32 = {"hone_max_pool_f32_avx512", hone_max_pool_f32_avx512},
    .average_f32 = {"hone_average_pool_f32_avx512", hone_average_pool_f32_avx512},
    .max_u8 = {"hone_max_pool_u8_avx512", hone_max_pool_u8_avx512},
    .average_u8 = {"hone_average_pool_u8_avx512", hone_average_pool_u8_avx512},
};

/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/eltwise. */
#ifndef HONE_KERNELS_ELTWISE_TIERS_H
#define HONE_KERNELS_ELTWISE_TIERS_H

#include "kernels/eltwise/eltwise.h"

void hone_binary_f32_ref(const hone_binary_args *args);
void hone_unary_f32_ref(const hone_unary_args *args);
void hone_lookup_u8_ref(const hone_lookup_args *args);
void hone_add_u8_ref(const hone_binary_u8_args *args);
void hone_mul_u8_ref(const hone_binary_u8_args *args);
void hone_add_fixed_u8_ref(const hone_binary_u8_args *args);
void hone_quantize_u8_ref(const hone_quantize_args *args);
void hone_dequantize_u8_ref(const hone_dequantize_args *args);

/* x86_64 */
extern const hone_eltwise_table hone_eltwise_avx2;
void hone_binary_f32_avx2(const hone_binary_args *args);
void hone_unary_f32_avx2(const hone_unary_args *args);
void hone_lookup_u8_avx2(const hone_lookup_args *args);
void hone_add_u8_avx2(const hone_binary_u8_args *args);
void hone_mul_u8_avx2(const hone_binary_u8_args *args);
void hone_add_fixed_u8_avx2(const hone_binary_u8_args *args);
void hone_quantize_u8_avx2(const hone_quantize_args *args);
void hone_dequantize_u8_avx2(const hone_dequantize_args *args);
extern const hone_eltwise_table hone_eltwise_avx512;
void hone_binary_f32_avx512(const hone_binary_args *args);
void hone_unary_f32_avx512(const hone_unary_args *args);
void hone_lookup_u8_avx512(const hone_lookup_args *args);
void hone_add_u8_avx512(const hone_binary_u8_args *args);
void hone_mul_u8_avx512(const hone_binary_u8_args *args);
void hone_add_fixed_u8_avx512(const hone_binary_u8_args *args);
void hone_quantize_u8_avx512(const hone_quantize_args *args);
void hone_dequantize_u8_avx512(const hone_dequantize_args *args);

/* aarch64 */
extern const hone_eltwise_table hone_eltwise_neon;
void hone_binary_f32_neon(const hone_binary_args *args);
void hone_unary_f32_neon(const hone_unary_args *args);
void hone_lookup_u8_neon(const hone_lookup_args *args);
void hone_add_u8_neon(const hone_binary_u8_args *args);
void hone_mul_u8_neon(const hone_binary_u8_args *args);
void hone_add_fixed_u8_neon(const hone_binary_u8_args *args);
void hone_quantize_u8_neon(const hone_quantize_args *args);
void hone_dequantize_u8_neon(const hone_dequantize_args *args);

#endif

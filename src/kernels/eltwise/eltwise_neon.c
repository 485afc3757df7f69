/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of eltwise_*_loops.h, vectorized by the compiler (-O3, without contraction to FMA). */
#include "kernels/eltwise/eltwise_f32_loops.h"
#include "kernels/eltwise/eltwise_tiers.h"
#include "kernels/eltwise/eltwise_u8_loops.h"

void hone_binary_f32_neon(const hone_binary_args *args) {
    binary_loops(args);
}
void hone_unary_f32_neon(const hone_unary_args *args) {
    unary_loops(args);
}
void hone_softmax_f32_neon(const hone_softmax_args *args) {
    softmax_loops(args);
}
void hone_lookup_u8_neon(const hone_lookup_args *args) {
    lookup_loops(args);
}
void hone_quantize_u8_neon(const hone_quantize_args *args) {
    quantize_loops(args);
}
void hone_dequantize_u8_neon(const hone_dequantize_args *args) {
    dequantize_loops(args);
}
void hone_add_u8_neon(const hone_binary_u8_args *args) {
    binary_u8_loops(BINARY_U8_ADD, args);
}
void hone_mul_u8_neon(const hone_binary_u8_args *args) {
    binary_u8_loops(BINARY_U8_MUL, args);
}

const hone_eltwise_table hone_eltwise_neon = {
    .binary = hone_binary_f32_neon,
    .unary = hone_unary_f32_neon,
    .softmax = hone_softmax_f32_neon,
    .lookup = hone_lookup_u8_neon,
    .add_u8 = hone_add_u8_neon,
    .mul_u8 = hone_mul_u8_neon,
    .quantize = hone_quantize_u8_neon,
    .dequantize = hone_dequantize_u8_neon,
    .binary_name = "hone_binary_f32_neon",
    .unary_name = "hone_unary_f32_neon",
    .softmax_name = "hone_softmax_f32_neon",
    .lookup_name = "hone_lookup_u8_neon",
    .add_u8_name = "hone_add_u8_neon",
    .mul_u8_name = "hone_mul_u8_neon",
    .quantize_name = "hone_quantize_u8_neon",
    .dequantize_name = "hone_dequantize_u8_neon",
};

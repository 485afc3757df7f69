/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/eltwise/eltwise.h"
#include "kernels/eltwise/eltwise_tiers.h"
#include "kernels/shared/tiers.h"

static const hone_eltwise_table reference = {
    .binary = hone_binary_f32_ref,
    .unary = hone_unary_f32_ref,
    .lookup = hone_lookup_u8_ref,
    .add_u8 = hone_add_u8_ref,
    .mul_u8 = hone_mul_u8_ref,
    .add_fixed_u8 = hone_add_fixed_u8_ref,
    .quantize = hone_quantize_u8_ref,
    .dequantize = hone_dequantize_u8_ref,
    .binary_name = "hone_binary_f32_ref",
    .unary_name = "hone_unary_f32_ref",
    .lookup_name = "hone_lookup_u8_ref",
    .add_u8_name = "hone_add_u8_ref",
    .mul_u8_name = "hone_mul_u8_ref",
    .add_fixed_u8_name = "hone_add_fixed_u8_ref",
    .quantize_name = "hone_quantize_u8_ref",
    .dequantize_name = "hone_dequantize_u8_ref",
};

void hone__eltwise_init(hone_eltwise_table *table, hone_cpu_tier tier) {
    const hone_eltwise_table *avx2 = HONE_X86(&hone_eltwise_avx2);
    const hone_eltwise_table *avx512 = HONE_X86(&hone_eltwise_avx512);
    const hone_eltwise_table *neon = HONE_ARM(&hone_eltwise_neon);
    *table = reference;
    if (avx2 && hone__tier_has_avx2(tier)) *table = *avx2;
    if (avx512 && hone__tier_has_avx512(tier)) *table = *avx512;
    if (neon && hone__tier_has_neon(tier)) *table = *neon;
}

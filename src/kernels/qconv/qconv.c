/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/qconv/qconv.h"
#include "kernels/qconv/qconv_tiers.h"
#include "kernels/shared/tiers.h"

static void add(hone_qconv_table *table, const hone_qconv_kernel *kernel) {
    if (kernel) table->list[table->count++] = kernel;
}

void hone__qconv_init(hone_qconv_table *table, hone_cpu_tier tier) {
    table->count = 0;
    add(table, &hone_qconv_u8s8_ref);
    if (hone__tier_has_avx2(tier)) add(table, HONE_X86(&hone_qconv_u8s8_4x16_avx2));
    if (hone__tier_has_avxvnni(tier)) add(table, HONE_X86(&hone_qconv_u8s8_6x16_avxvnni));
    if (hone__tier_has_avx512(tier)) add(table, HONE_X86(&hone_qconv_u8s8_8x32_avx512));
    if (hone__tier_has_vnni(tier)) add(table, HONE_X86(&hone_qconv_u8s8_12x32_vnni));
    if (hone__tier_has_neon(tier)) add(table, HONE_ARM(&hone_qconv_u8s8_8x8_neon));
    if (hone__tier_has_neondot(tier)) add(table, HONE_ARM(&hone_qconv_u8s8_8x8_neondot));
}

const hone_qconv_kernel *hone__qconv_choose(const hone_qconv_table *table,
                                            const hone_conv_dims *dims) {
    uint32_t i = table->count - 1;
    while (i > 0 && !table->list[i]->supports(table->list[i], dims)) i--;
    return table->list[i];
}

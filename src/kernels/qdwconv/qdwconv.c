/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/qdwconv/qdwconv.h"
#include "kernels/qdwconv/qdwconv_tiers.h"
#include "kernels/shared/tiers.h"

static void add(hone_qdwconv_table *table, const hone_qdwconv_kernel *kernel) {
    if (kernel) table->list[table->count++] = kernel;
}

void hone__qdwconv_init(hone_qdwconv_table *table, hone_cpu_tier tier) {
    table->count = 0;
    add(table, &hone_qdwconv_u8s8_ref);
    if (hone__tier_has_avx2(tier)) add(table, HONE_X86(&hone_qdwconv_u8s8_2x32_avx2));
    if (hone__tier_has_avxvnni(tier)) add(table, HONE_X86(&hone_qdwconv_u8s8_2x32_avxvnni));
    if (hone__tier_has_avx512(tier)) add(table, HONE_X86(&hone_qdwconv_u8s8_2x64_avx512));
    if (hone__tier_has_vnni(tier)) add(table, HONE_X86(&hone_qdwconv_u8s8_2x64_vnni));
    if (hone__tier_has_neon(tier)) add(table, HONE_ARM(&hone_qdwconv_u8s8_4x8_neon));
}

const hone_qdwconv_kernel *hone__qdwconv_choose(const hone_qdwconv_table *table,
                                                const hone_conv_dims *dims) {
    for (uint32_t i = table->count; i-- > 0;)
        if (table->list[i]->supports(table->list[i], dims)) return table->list[i];
    return NULL;
}

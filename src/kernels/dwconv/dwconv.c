/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/dwconv/dwconv.h"
#include "kernels/dwconv/dwconv_tiers.h"
#include "kernels/shared/tiers.h"

static void add(hone_dwconv_table *table, const hone_dwconv_kernel *kernel) {
    if (kernel) table->list[table->count++] = kernel;
}

void hone__dwconv_init(hone_dwconv_table *table, hone_cpu_tier tier) {
    table->count = 0;
    add(table, &hone_dwconv_f32_ref);
    if (hone__tier_has_avx2(tier)) add(table, HONE_X86(&hone_dwconv_f32_7x8_avx2));
    if (hone__tier_has_avx512(tier)) add(table, HONE_X86(&hone_dwconv_f32_7x16_avx512));
    if (hone__tier_has_neon(tier)) add(table, HONE_ARM(&hone_dwconv_f32_4x4_neon));
}

const hone_dwconv_kernel *hone__dwconv_choose(const hone_dwconv_table *table,
                                              const hone_conv_dims *dims) {
    for (uint32_t i = table->count; i-- > 0;)
        if (table->list[i]->supports(table->list[i], dims)) return table->list[i];
    return NULL;
}

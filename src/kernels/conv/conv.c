/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/conv/conv.h"
#include "kernels/conv/conv_tiers.h"
#include "kernels/shared/tiers.h"

static void add(hone_conv_table *table, const hone_conv_kernel *kernel) {
    if (kernel) table->list[table->count++] = kernel;
}

void hone__conv_init(hone_conv_table *table, hone_cpu_tier tier) {
    *table = (hone_conv_table){0};
    add(table, &hone_conv_f32_ref);
    if (hone__tier_has_avx2(tier)) {
        add(table, HONE_X86(&hone_conv_f32_6x16_avx2));
        add(table, HONE_X86(&hone_conv_f32_4x24_avx2));
        add(table, HONE_X86(&hone_conv_f32_12x8_avx2));
        table->planes = HONE_X86(&hone_conv_f32_planes_avx2);
    }
    if (hone__tier_has_avx512(tier)) add(table, HONE_X86(&hone_conv_f32_12x32_avx512));
    if (hone__tier_has_neon(tier)) add(table, HONE_ARM(&hone_conv_f32_8x8_neon));
}

const hone_conv_kernel *hone__conv_choose(const hone_conv_table *table,
                                          const hone_conv_dims *dims) {
    for (uint32_t i = table->count - 1; i > 0; i--) {
        const hone_conv_kernel *kernel = table->list[i];
        if (kernel->supports(kernel, dims) && (!kernel->suits || kernel->suits(kernel, dims)))
            return kernel;
    }
    return table->list[0];
}

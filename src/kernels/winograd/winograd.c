/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/winograd/winograd.h"
#include "kernels/shared/tiers.h"
#include "kernels/winograd/winograd_tiers.h"

void hone__winograd_init(hone_winograd_table *table, hone_cpu_tier tier) {
    *table = (hone_winograd_table){
        .reference = {&hone_winograd_f32_2x2_ref, &hone_winograd_f32_4x4_ref},
    };
    if (hone__tier_has_avx2(tier))
        table->fast = (hone_winograd_pair){HONE_X86(&hone_winograd_f32_2x2_avx2),
                                           HONE_X86(&hone_winograd_f32_4x4_avx2)};
    if (hone__tier_has_neon(tier))
        table->fast = (hone_winograd_pair){HONE_ARM(&hone_winograd_f32_2x2_neon),
                                           HONE_ARM(&hone_winograd_f32_4x4_neon)};
}
const hone_conv_kernel *hone__winograd_choose(const hone_winograd_table *table,
                                              const hone_conv_dims *dims) {
    return NULL;
}

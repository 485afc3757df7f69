/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/layout/layout.h"
#include "kernels/layout/layout_tiers.h"
#include "kernels/shared/tiers.h"

static const hone_layout_table reference = {
    .transpose8 = hone_transpose_x8_ref,
    .transpose32 = hone_transpose_x32_ref,
    .copy = hone_copy_x8_ref,
    .pick32 = hone_pick_x32_ref,
    .transpose8_name = "hone_transpose_x8_ref",
    .transpose32_name = "hone_transpose_x32_ref",
    .copy_name = "hone_copy_x8_ref",
    .pick32_name = "hone_pick_x32_ref",
};

void hone__layout_init(hone_layout_table *table, hone_cpu_tier tier) {
    const hone_layout_table *avx2 = HONE_X86(&hone_layout_avx2);
    const hone_layout_table *avx512 = HONE_X86(&hone_layout_avx512);
    const hone_layout_table *neon = HONE_ARM(&hone_layout_neon);
    *table = reference;
    if (avx2 && hone__tier_has_avx2(tier)) *table = *avx2;
    if (avx512 && hone__tier_has_avx512(tier)) *table = *avx512;
    if (neon && hone__tier_has_neon(tier)) *table = *neon;
}

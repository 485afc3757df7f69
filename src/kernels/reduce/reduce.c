/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/reduce/reduce.h"
#include "kernels/reduce/reduce_tiers.h"
#include "kernels/shared/tiers.h"

void hone__reduce_init(hone_reduce_table *table, hone_cpu_tier tier) {
    const hone_reduce_table *avx2 = HONE_X86(&hone_reduce_f32_avx2);
    const hone_reduce_table *avx512 = HONE_X86(&hone_reduce_f32_avx512);
    const hone_reduce_table *neon = HONE_ARM(&hone_reduce_f32_neon);
    *table = hone_reduce_f32_ref;
    if (avx2 && hone__tier_has_avx2(tier)) *table = *avx2;
    if (avx512 && hone__tier_has_avx512(tier)) *table = *avx512;
    if (neon && hone__tier_has_neon(tier)) *table = *neon;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/matmul/matmul.h"
#include "kernels/matmul/matmul_tiers.h"
#include "kernels/shared/tiers.h"

void hone__matmul_init(hone_matmul_table *table, hone_cpu_tier tier) {
    const hone_matmul_table *avx2 = HONE_X86(&hone_matmul_f32_avx2);
    const hone_matmul_table *avx512 = HONE_X86(&hone_matmul_f32_avx512);
    const hone_matmul_table *neon = HONE_ARM(&hone_matmul_f32_neon);
    *table = hone_matmul_f32_ref;
    if (avx2 && hone__tier_has_avx2(tier)) *table = *avx2;
    if (avx512 && hone__tier_has_avx512(tier)) *table = *avx512;
    if (neon && hone__tier_has_neon(tier)) *table = *neon;
}

void hone__matmul_run(const hone_matmul_table *table, const hone_matmul_args *args, void *scratch) {
    uint32_t tasks = table->task_count(table, args->dims);
    for (uint32_t i = 0; i < tasks; i++) table->run_task(table, args, i, scratch);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the place of hone_cpu_detect() for the emulated kernels: a CPU that has every x86-64 tier,
 * or those up to HONE_EMULATED_TIER of the environment. */
#include "base/cpu.h"

#include <stdlib.h>

hone_cpu_tier hone__emulated_detect(hone_cpu_tier cap);

hone_cpu_tier hone__emulated_detect(hone_cpu_tier cap) {
    const hone_cpu_tier all[] = {HONE_CPU_AVX2, HONE_CPU_AVXVNNI, HONE_CPU_AVX512, HONE_CPU_VNNI};
    const char *name = getenv("HONE_EMULATED_TIER");
    hone_cpu_tier most = HONE_CPU_VNNI;
    uint32_t available = 0;
    if (hone_cpu_detect(HONE_CPU_AVX2) != HONE_CPU_AVX2) return HONE_CPU_SCALAR;
    if (name && hone_cpu_tier_parse(name, &most, NULL) != HONE_OK) abort();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (hone__cpu_contains(most, all[i])) available |= HONE_TIER_BIT(all[i]);
    return hone__cpu_best_of(available, cap);
}

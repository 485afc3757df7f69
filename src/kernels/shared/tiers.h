/* SPDX-License-Identifier: Apache-2.0 */
/* Which tiers a table may be raised to. HONE_X86(x) is x where AVX2 files are compiled, else NULL;
 * HONE_ARM(x) likewise for NEON: one place for the architecture, none in the bodies. */
#ifndef HONE_KERNELS_TIERS_H
#define HONE_KERNELS_TIERS_H

#include "base/cpu.h"

#if defined(__x86_64__)
#define HONE_X86(entry) (entry)
#else
#define HONE_X86(entry) NULL
#endif

#if defined(__aarch64__)
#define HONE_ARM(entry) (entry)
#else
#define HONE_ARM(entry) NULL
#endif

static inline bool hone__tier_has_avx2(hone_cpu_tier tier) {
    return hone__cpu_contains(tier, HONE_CPU_AVX2);
}

static inline bool hone__tier_has_avxvnni(hone_cpu_tier tier) {
    return hone__cpu_contains(tier, HONE_CPU_AVXVNNI);
}

static inline bool hone__tier_has_avx512(hone_cpu_tier tier) {
    return hone__cpu_contains(tier, HONE_CPU_AVX512);
}

static inline bool hone__tier_has_vnni(hone_cpu_tier tier) {
    return hone__cpu_contains(tier, HONE_CPU_VNNI);
}

static inline bool hone__tier_has_neon(hone_cpu_tier tier) {
    return hone__cpu_contains(tier, HONE_CPU_NEON);
}

static inline bool hone__tier_has_neondot(hone_cpu_tier tier) {
    return hone__cpu_contains(tier, HONE_CPU_NEONDOT);
}

#endif

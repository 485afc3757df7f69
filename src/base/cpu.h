/* SPDX-License-Identifier: Apache-2.0 */
/* Which instruction tiers contain which.
 *
 *   scalar < avx2 < avxvnni            AVX2 and FMA; AVX-VNNI, 256 bits
 *            avx2 < avx512 < vnni      AVX-512 F, BW, VL, DQ; AVX-512 VNNI
 *   scalar < neon < neondot            ARMv8.0; SDOT and UDOT
 *
 * avxvnni and avx512 do not contain each other: a CPU may have either, both or none. One that has
 * both is counted as vnni or avx512. */
#ifndef HONE_BASE_CPU_H
#define HONE_BASE_CPU_H

#include <hone/base.h>

#define HONE_TIER_BIT(tier) (1U << (tier))

/* Whether a CPU of `tier` runs the kernels of `part`; BEST contains all. */
bool hone__cpu_contains(hone_cpu_tier tier, hone_cpu_tier part);

/* The most preferred tier of `available` (HONE_TIER_BITs; scalar is always there) that `cap`
 * contains. */
hone_cpu_tier hone__cpu_best_of(uint32_t available, hone_cpu_tier cap);

#endif

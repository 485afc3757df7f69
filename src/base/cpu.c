/* SPDX-License-Identifier: Apache-2.0 */
/* What instruction sets this CPU has. A tier is known by the tiers it contains: see cpu.h. */
#include "base/cpu.h"
#include "base/error.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#define BIT(tier) HONE_TIER_BIT(HONE_CPU_##tier)

/* In the order of preference; `contains` are the tiers whose kernels a CPU of this one runs. */
static const struct {
    hone_cpu_tier tier;
    const char *name;
    uint32_t contains;
} tiers[] = {
    {HONE_CPU_VNNI, "vnni", BIT(VNNI) | BIT(AVX512) | BIT(AVX2) | BIT(SCALAR)},
    {HONE_CPU_AVX512, "avx512", BIT(AVX512) | BIT(AVX2) | BIT(SCALAR)},
    {HONE_CPU_AVXVNNI, "avxvnni", BIT(AVXVNNI) | BIT(AVX2) | BIT(SCALAR)},
    {HONE_CPU_AVX2, "avx2", BIT(AVX2) | BIT(SCALAR)},
    {HONE_CPU_NEONDOT, "neondot", BIT(NEONDOT) | BIT(NEON) | BIT(SCALAR)},
    {HONE_CPU_NEON, "neon", BIT(NEON) | BIT(SCALAR)},
    {HONE_CPU_SCALAR, "scalar", BIT(SCALAR)},
    {HONE_CPU_BEST, "best", UINT32_MAX},
};
enum { TIERS = sizeof tiers / sizeof *tiers };

hone_status hone_cpu_tier_parse(const char *text, hone_cpu_tier *tier, hone_error *error) {
    for (size_t i = 0; i < TIERS; i++)
        if (!strcmp(tiers[i].name, text)) {
            *tier = tiers[i].tier;
            return HONE_OK;
        }
    return hone_fail(
        error, HONE_USAGE, HONE_NO_OFFSET,
        "'%s' is no CPU tier; use best, scalar, avx2, avxvnni, avx512, vnni, neon or neondot",
        text);
}

const char *hone_cpu_tier_name(hone_cpu_tier tier) {
    for (size_t i = 0; i < TIERS; i++)
        if (tiers[i].tier == tier) return tiers[i].name;
    return "unknown";
}

bool hone__cpu_contains(hone_cpu_tier tier, hone_cpu_tier part) {
    for (size_t i = 0; i < TIERS; i++)
        if (tiers[i].tier == tier) return (tiers[i].contains & HONE_TIER_BIT(part)) != 0;
    return false;
}

hone_cpu_tier hone__cpu_best_of(uint32_t available, hone_cpu_tier cap) {
    for (size_t i = 0; i < TIERS; i++)
        if ((available & HONE_TIER_BIT(tiers[i].tier)) && hone__cpu_contains(cap, tiers[i].tier))
            return tiers[i].tier;
    return HONE_CPU_SCALAR;
}

#if defined(__x86_64__)
/* CPUID leaf 7, subleaf 1, EAX bit 4. The instructions need the same of the system as AVX2. */
static bool has_avxvnni(void) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && a >= 1 &&
           __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

/* __builtin_cpu_supports also looks (with XGETBV) whether the system keeps the registers: ymm for
 * AVX2; opmask and all of zmm for AVX-512. */
static uint32_t probe(void) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    uint32_t available = BIT(AVX2) | (has_avxvnni() ? BIT(AVXVNNI) : 0);
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return available;
    return available | BIT(AVX512) | (__builtin_cpu_supports("avx512vnni") ? BIT(VNNI) : 0);
}
#elif defined(__aarch64__) && defined(__linux__)
#define CAP_ASIMDDP (1ul << 20) /* HWCAP_ASIMDDP of the kernel's uapi/asm/hwcap.h */
static uint32_t probe(void) {
    return BIT(NEON) | (getauxval(AT_HWCAP) & CAP_ASIMDDP ? BIT(NEONDOT) : 0);
}
#elif defined(__aarch64__)
static uint32_t probe(void) {
    return BIT(NEON);
}
#else
static uint32_t probe(void) {
    return 0;
}
#endif

hone_cpu_tier hone_cpu_detect(hone_cpu_tier cap) {
    return hone__cpu_best_of(probe(), cap);
}

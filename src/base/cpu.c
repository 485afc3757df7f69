/* SPDX-License-Identifier: Apache-2.0 */
/* What instruction sets this CPU has. The tiers of one architecture form a ladder. */
#include "base/error.h"

#include <string.h>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

static const struct {
    hone_cpu_tier tier;
    const char *name;
} tiers[] = {
    {HONE_CPU_BEST, "best"},       {HONE_CPU_SCALAR, "scalar"}, {HONE_CPU_AVX2, "avx2"},
    {HONE_CPU_AVX512, "avx512"},   {HONE_CPU_VNNI, "vnni"},     {HONE_CPU_NEON, "neon"},
    {HONE_CPU_NEONDOT, "neondot"},
};

hone_status hone_cpu_tier_parse(const char *text, hone_cpu_tier *tier, hone_error *error) {
    for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++)
        if (!strcmp(tiers[i].name, text)) {
            *tier = tiers[i].tier;
            return HONE_OK;
        }
    return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                     "'%s' is no CPU tier; use best, scalar, avx2, avx512, vnni, neon or neondot",
                     text);
}

const char *hone_cpu_tier_name(hone_cpu_tier tier) {
    for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++)
        if (tiers[i].tier == tier) return tiers[i].name;
    return "unknown";
}

#if defined(__x86_64__)
static hone_cpu_tier probe(void) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return HONE_CPU_SCALAR;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return HONE_CPU_AVX2;
    return __builtin_cpu_supports("avx512vnni") ? HONE_CPU_VNNI : HONE_CPU_AVX512;
}
#elif defined(__aarch64__) && defined(__linux__)
#define CAP_ASIMDDP (1ul << 20) /* HWCAP_ASIMDDP of the kernel's uapi/asm/hwcap.h */
static hone_cpu_tier probe(void) {
    return getauxval(AT_HWCAP) & CAP_ASIMDDP ? HONE_CPU_NEONDOT : HONE_CPU_NEON;
}
#elif defined(__aarch64__)
static hone_cpu_tier probe(void) {
    return HONE_CPU_NEON;
}
#else
static hone_cpu_tier probe(void) {
    return HONE_CPU_SCALAR;
}
#endif

static bool is_arm(hone_cpu_tier tier) {
    return tier == HONE_CPU_NEON || tier == HONE_CPU_NEONDOT;
}

hone_cpu_tier hone_cpu_detect(hone_cpu_tier cap) {
    hone_cpu_tier have = probe();
    if (cap == HONE_CPU_BEST || cap == have || have == HONE_CPU_SCALAR) return have;
    if (cap == HONE_CPU_SCALAR || is_arm(cap) != is_arm(have)) return HONE_CPU_SCALAR;
    return cap < have ? cap : have;
}

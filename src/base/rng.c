/* SPDX-License-Identifier: Apache-2.0 */
/* SplitMix64; see rng.h. */
#include "base/rng.h"

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void hone__rng_seed(hone_rng *rng, uint64_t seed, uint64_t stream) {
    rng->state = mix(seed + UINT64_C(0x9e3779b97f4a7c15)) ^ mix(~stream);
}

uint64_t hone__rng_next(hone_rng *rng) {
    rng->state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(rng->state);
}

uint64_t hone__rng_below(hone_rng *rng, uint64_t bound) {
    uint64_t limit =
        UINT64_MAX - UINT64_MAX % bound; /* a multiple of bound: no value is favoured */
    uint64_t drawn;
    do drawn = hone__rng_next(rng);
    while (drawn >= limit);
    return drawn % bound;
}

float hone__rng_float(hone_rng *rng) {
    return (float)(hone__rng_next(rng) >> 40) * 0x1p-24f;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that are the same everywhere: SplitMix64 (Steele, Lea, Flood 2014), keyed by seed
 * and stream. */
#ifndef HONE_BASE_RNG_H
#define HONE_BASE_RNG_H

#include <hone/base.h>

typedef struct hone_rng {
    uint64_t state;
} hone_rng;

void hone__rng_seed(hone_rng *rng, uint64_t seed, uint64_t stream);
uint64_t hone__rng_next(hone_rng *rng);
/* Uniform in [0, bound) by rejection; bound > 0. */
uint64_t hone__rng_below(hone_rng *rng, uint64_t bound);
/* Uniform in [0, 1), 24 bits. */
float hone__rng_float(hone_rng *rng);

#endif

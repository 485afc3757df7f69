/* SPDX-License-Identifier: Apache-2.0 */
/* A hash for large inputs.
 *
 * Eight sums run side by side, each taking every eighth word: xor the word in, rotate, multiply by
 * an odd number. A step is a bijection of the sum, so no word is ever forgotten, and the eight
 * chains hide the multiplier's latency: one multiplication for 8 bytes. At the end the sums are
 * folded and mixed with the finalizer of MurmurHash3 (Appleby). */
#include "base/hash.h"

#include <string.h>

#define ODD    0x9e3779b97f4a7c15u /* 2^64 / golden ratio */
#define LANES  8
#define STRIPE (LANES * sizeof(uint64_t))

static uint64_t step(uint64_t sum, const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    sum ^= word;
    return (sum << 29 | sum >> 35) * ODD;
}

static uint64_t finish(uint64_t h) {
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

/* The sums are separate variables so that they stay in registers. */
static uint64_t whole_stripes(uint64_t seed, const uint8_t *at, size_t stripes) {
    uint64_t a = seed, b = a + ODD, c = b + ODD, d = c + ODD;
    uint64_t e = d + ODD, f = e + ODD, g = f + ODD, h = g + ODD;
    for (; stripes > 0; stripes--, at += STRIPE) {
        a = step(a, at), b = step(b, at + 8), c = step(c, at + 16), d = step(d, at + 24);
        e = step(e, at + 32), f = step(f, at + 40), g = step(g, at + 48), h = step(h, at + 56);
    }
    const uint64_t sums[LANES] = {a, b, c, d, e, f, g, h};
    uint64_t all = seed;
    for (int i = 0; i < LANES; i++) all = finish(all ^ sums[i]) * ODD;
    return all;
}

uint64_t hone__hash64(uint64_t seed, const void *data, size_t size) {
    const uint8_t *at = (const uint8_t *)data;
    uint8_t rest[STRIPE] = {0};
    size_t stripes = size / STRIPE, left = size % STRIPE;
    uint64_t h = whole_stripes(finish(seed ^ size), at, stripes);
    if (left) {
        memcpy(rest, at + stripes * STRIPE, left);
        h = whole_stripes(h, rest, 1);
    }
    return finish(h);
}

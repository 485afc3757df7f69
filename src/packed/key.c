/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: SHA-256 of all that a form depends on. Every piece goes in behind its length, so that no
 * two lists of pieces are spelled alike. */
#include "base/bytes.h"
#include "packed/internal.h"
#include "packed_build.h"

void hone__packed_key_number(hone_packed_keyer *keyer, uint64_t number) {
    uint8_t bytes[8];
    hone__store64(bytes, number);
    hone__sha256_update(&keyer->sha, bytes, sizeof bytes);
}

void hone__packed_key_bytes(hone_packed_keyer *keyer, const void *data, size_t size) {
    hone__packed_key_number(keyer, size);
    hone__sha256_update(&keyer->sha, data, size);
}

void hone__packed_key_begin(hone_packed_keyer *keyer, const char *layout) {
    static const char build[] = HONE_KERNELS_DIGEST;
    hone__sha256_init(&keyer->sha);
    hone__packed_key_bytes(keyer, build, sizeof build);
    hone__packed_key_bytes(keyer, hone_version(), strlen(hone_version()));
    hone__packed_key_bytes(keyer, layout, strlen(layout));
}

void hone__packed_key_end(hone_packed_keyer *keyer, hone_packed_key *key) {
    hone__sha256_final(&keyer->sha, key->bytes);
}

static uint64_t stir(uint64_t sum, uint64_t word) {
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u; /* odd: no bit is lost */
    return sum ^ sum >> 29;
}

/* Four sums beside each other, as the CPU multiplies. */
void hone__packed_key_content(hone_packed_keyer *keyer, const void *data, size_t size) {
    uint64_t sums[4] = {1, 2, 3, 4};
    const uint8_t *at = (const uint8_t *)data;
    size_t left = size;
    for (; left >= 32; at += 32, left -= 32)
        for (size_t i = 0; i < 4; i++) sums[i] = stir(sums[i], hone__load64(at + 8 * i));
    for (; left; at++, left--) sums[0] = stir(sums[0], *at);
    hone__packed_key_number(keyer, size);
    for (size_t i = 0; i < 4; i++) hone__packed_key_number(keyer, sums[i]);
}

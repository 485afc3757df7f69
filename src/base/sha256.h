/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) in plain C, for the device runtime that links libc only; what links
 * libcrypto uses that, which is faster. */
#ifndef HONE_BASE_SHA256_H
#define HONE_BASE_SHA256_H

#include <hone/base.h>

#define HONE_SHA256_BYTES 32

typedef struct hone_sha256 {
    uint32_t state[8];
    uint64_t bytes;    /* fed so far */
    uint8_t block[64]; /* its first bytes % 64 wait to be mixed in */
} hone_sha256;

/* Mixes `count` whole blocks of 64 bytes into the state. */
typedef void (*hone_sha256_mix)(uint32_t state[8], const uint8_t *blocks, size_t count);
/* Another implementation, from now on, for the whole process; NULL: the plain one. */
void hone__sha256_use(hone_sha256_mix mix);

void hone__sha256_init(hone_sha256 *sha);
void hone__sha256_update(hone_sha256 *sha, const void *data, size_t size);
void hone__sha256_final(hone_sha256 *sha, uint8_t digest[HONE_SHA256_BYTES]);

#endif

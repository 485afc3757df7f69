/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by libcrypto, which uses the CPU's own instructions. */
#ifndef HONE_STORE_DIGEST_H
#define HONE_STORE_DIGEST_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HONE_DIGEST_BYTES 32
#define HONE_DIGEST_TEXT  65 /* hexadecimal, with its NUL */

typedef struct hone_digest {
    EVP_MD_CTX *context;
} hone_digest;

bool hone__digest_init(hone_digest *digest); /* false: no memory */
void hone__digest_update(hone_digest *digest, const void *data, size_t size);
void hone__digest_final(hone_digest *digest, uint8_t out[HONE_DIGEST_BYTES]); /* and releases */
void hone__digest_release(hone_digest *digest);
void hone__digest_text(const uint8_t digest[HONE_DIGEST_BYTES], char text[HONE_DIGEST_TEXT]);
bool hone__digest_of(const void *data, size_t size, uint8_t out[HONE_DIGEST_BYTES]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/digest.h"

bool hone__digest_init(hone_digest *digest) {
    digest->context = EVP_MD_CTX_new();
    if (digest->context && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1) return true;
    hone__digest_release(digest);
    return false;
}

void hone__digest_update(hone_digest *digest, const void *data, size_t size) {
    EVP_DigestUpdate(digest->context, data, size);
}

void hone__digest_final(hone_digest *digest, uint8_t out[HONE_DIGEST_BYTES]) {
    EVP_DigestFinal_ex(digest->context, out, NULL);
    hone__digest_release(digest);
}

void hone__digest_release(hone_digest *digest) {
    EVP_MD_CTX_free(digest->context);
    digest->context = NULL;
}

bool hone__digest_of(const void *data, size_t size, uint8_t out[HONE_DIGEST_BYTES]) {
    return EVP_Digest(data, size, out, NULL, EVP_sha256(), NULL) == 1;
}

void hone__digest_text(const uint8_t digest[HONE_DIGEST_BYTES], char text[HONE_DIGEST_TEXT]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HONE_DIGEST_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[HONE_DIGEST_TEXT - 1] = 0;
}

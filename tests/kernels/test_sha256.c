/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by the CPU's instructions against the plain one, pieces of all sizes. */
#include "base/rng.h"
#include "base/sha256.h"
#include "kernels/sha256/sha256.h"
#include "testing.h"

enum { BYTES = 700 };

static void digest(const uint8_t *data, size_t size, size_t cut, uint8_t out[HONE_SHA256_BYTES]) {
    hone_sha256 sha;
    hone__sha256_init(&sha);
    hone__sha256_update(&sha, data, cut);
    hone__sha256_update(&sha, data + cut, size - cut);
    hone__sha256_final(&sha, out);
}

static void the_fast_digest_is_the_plain_one(void **state) {
    (void)state;
    uint8_t data[BYTES], plain[HONE_SHA256_BYTES], fast[HONE_SHA256_BYTES];
    hone_rng rng;
    hone__rng_seed(&rng, 1, 2);
    for (size_t i = 0; i < BYTES; i++) data[i] = (uint8_t)hone__rng_below(&rng, 256);
    for (size_t size = 0; size <= BYTES; size++) {
        size_t cut = hone__rng_below(&rng, (uint32_t)size + 1);
        hone__sha256_use(NULL);
        digest(data, size, cut, plain);
        hone__sha256_raise();
        digest(data, size, size - cut, fast);
        assert_memory_equal(plain, fast, sizeof plain);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_fast_digest_is_the_plain_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

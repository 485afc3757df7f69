/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/sha256/sha256.h"
#include "base/sha256.h"
#include "kernels/sha256/sha256_tiers.h"
#include "kernels/shared/tiers.h"

void hone__sha256_raise(void) {
    bool (*runs)(void) = HONE_X86(hone__sha256_shani_runs);
    if (runs && runs()) hone__sha256_use(HONE_X86(hone_sha256_shani));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Block functions for base/sha256.h, and whether this CPU runs them. */
#ifndef HONE_KERNELS_SHA256_TIERS_H
#define HONE_KERNELS_SHA256_TIERS_H

#include <hone/base.h>

bool hone__sha256_shani_runs(void);
void hone_sha256_shani(uint32_t state[8], const uint8_t *blocks, size_t count);

#endif

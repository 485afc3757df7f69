/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_BASE_HASH_H
#define HONE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* 64 bits of `size` bytes, continuing from `seed`, at the speed at which memory is read. For tables
 * whose entries are then compared byte by byte: whoever wants to can find two inputs that collide.
 */
uint64_t hone__hash64(uint64_t seed, const void *data, size_t size);

#endif

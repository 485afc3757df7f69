/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C, slicing by eight (Kounavis and Berry 2005); tables are made once. */
#include "base/bytes.h"

#include <pthread.h>

static uint32_t tables[8][256];
static pthread_once_t made = PTHREAD_ONCE_INIT;

static void make_tables(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        tables[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++)
            tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
}

static uint32_t eight_bytes(uint32_t crc, const uint8_t *p) {
    uint32_t lo = crc ^ hone__load32(p), hi = hone__load32(p + 4);
    return tables[7][lo & 255] ^ tables[6][lo >> 8 & 255] ^ tables[5][lo >> 16 & 255] ^
           tables[4][lo >> 24] ^ tables[3][hi & 255] ^ tables[2][hi >> 8 & 255] ^
           tables[1][hi >> 16 & 255] ^ tables[0][hi >> 24];
}

uint32_t hone__crc32c(uint32_t crc, const void *data, size_t size) {
    pthread_once(&made, make_tables);
    const uint8_t *p = data;
    crc = ~crc;
    for (; size >= 8; p += 8, size -= 8) crc = eight_bytes(crc, p);
    for (; size; p++, size--) crc = crc >> 8 ^ tables[0][(crc ^ *p) & 255];
    return ~crc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian loads and stores that are safe on any address, and a bounds-checked cursor. */
#ifndef HONE_BASE_BYTES_H
#define HONE_BASE_BYTES_H

#include <hone/base.h>
#include <string.h>

static inline uint16_t hone__load16(const void *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint16_t)(b[0] | b[1] << 8);
}
static inline uint32_t hone__load32(const void *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
static inline uint64_t hone__load64(const void *p) {
    return (uint64_t)hone__load32(p) | (uint64_t)hone__load32((const uint8_t *)p + 4) << 32;
}
static inline void hone__store32(void *p, uint32_t v) {
    uint8_t *b = (uint8_t *)p;
    b[0] = (uint8_t)v, b[1] = (uint8_t)(v >> 8), b[2] = (uint8_t)(v >> 16),
    b[3] = (uint8_t)(v >> 24);
}
static inline void hone__store64(void *p, uint64_t v) {
    hone__store32(p, (uint32_t)v);
    hone__store32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

/* CRC-32C (Castagnoli, reflected 0x82F63B78), as in RFC 3720 appendix B.4; start with crc = 0 and
 * feed parts. */
uint32_t hone__crc32c(uint32_t crc, const void *data, size_t size);

#endif

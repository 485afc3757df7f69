/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "store/delta/delta.h"

hone_status hone__borders_check(const hone_border *borders, uint32_t count, uint64_t size,
                                hone_error *error) {
    uint64_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        const hone_border *b = &borders[i];
        if (b->offset < end || b->offset > size || b->bytes > size - b->offset)
            return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                             "tensor '%s' lies outside the file, or not in order", b->name);
        end = b->offset + b->bytes;
    }
    return HONE_OK;
}

uint32_t hone__borders_first(const hone_border *borders, uint32_t count, uint64_t offset) {
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (borders[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

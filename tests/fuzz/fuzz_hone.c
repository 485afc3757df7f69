/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target of the native container: the bytes as they are, and the same with their sums made
 * right, so that a mutation reaches what lies behind them. */
#include "base/bytes.h"
#include "formats/hone/layout.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_and_free(const uint8_t *data, size_t size) {
    static const hone_load_options options = {
        .limits = {.max_nodes = 10000, .max_tensor_bytes = 1 << 24}, .verify = true};
    hone_blob *blob;
    hone_model *model = NULL;
    hone_error error;
    if (hone_blob_borrow(NULL, data, size, &blob, &error) != HONE_OK) return;
    hone__model_open_blob(blob, &options, &model, &error);
    hone_model_free(model);
    hone_blob_release(blob);
}

static void reseal(uint8_t *data, size_t size) {
    if (size < HONE_HEADER_BYTES) return;
    uint32_t sections = hone__load32(data + HONE_HEADER_SECTIONS_AT);
    if (sections > (size - HONE_HEADER_BYTES) / HONE_SECTION_BYTES) return;
    for (uint32_t i = 0; i < sections; i++) {
        uint8_t *entry = data + HONE_HEADER_BYTES + i * (size_t)HONE_SECTION_BYTES;
        uint64_t offset = hone__load64(entry + 8), bytes = hone__load64(entry + 16);
        if (offset > size || bytes > size - offset) continue;
        hone__store32(entry + 24, hone__crc32c(0, data + offset, (size_t)bytes));
    }
    hone__store64(data + HONE_HEADER_SIZE_AT, size);
    hone__store32(data + HONE_HEADER_CRC_AT, 0);
    hone__store32(data + HONE_HEADER_CRC_AT,
                  hone__crc32c(0, data, HONE_HEADER_BYTES + sections * (size_t)HONE_SECTION_BYTES));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    open_and_free(data, size);
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) return 0;
    if (size) memcpy(copy, data, size);
    reseal(copy, size);
    open_and_free(copy, size);
    free(copy);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a container: header, section table, sums. Nothing here looks into a graph.
 *
 * Invariant: sections lie in the order of the table without gaps other than zeroed alignment, the
 * first behind the table, the last up to the end of the file; so every byte of the file is covered
 * by exactly one check. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/sha256.h"
#include "formats/hone/layout.h"

#include <stdio.h>

enum { DIGEST_STEP = 4 << 20 };

static const struct {
    const char *name;
    uint8_t record;
} facts[HONE_SECTION_END] = {
#define HONE_SECTION_ROW(name, number, bytes) [number] = {#name, bytes},
    HONE_SECTION_MAP(HONE_SECTION_ROW)
#undef HONE_SECTION_ROW
};

static hone_status bad(hone_error *error, uint64_t offset, const char *what) {
    return hone_fail(error, HONE_FORMAT, offset, "not a sound .hone file: %s (byte %llu)", what,
                     (unsigned long long)offset);
}

size_t hone__column_left(const hone_column *column) {
    return (column->size - column->used) / column->record;
}

hone_status hone__column_take(hone_column *column, size_t count, const uint8_t **records,
                              hone_error *error) {
    if (count > hone__column_left(column))
        return hone_fail(error, HONE_FORMAT, column->offset + column->used,
                         "section %s ends before what is to be read from it (byte %llu)",
                         column->name, (unsigned long long)(column->offset + column->used));
    *records = column->data + column->used;
    column->used += count * column->record;
    return HONE_OK;
}

static hone_status check_version(const uint8_t *data, hone_error *error) {
    uint32_t version = hone__load32(data + HONE_HEADER_VERSION_AT);
    uint32_t opset = hone__load32(data + HONE_HEADER_OPSET_AT);
    if (version == 0) return bad(error, HONE_HEADER_VERSION_AT, "format version 0");
    if (version > HONE_CONTAINER_VERSION)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_HEADER_VERSION_AT,
                         ".hone format version %u is newer than this program, which reads up to %u",
                         version, HONE_CONTAINER_VERSION);
    if (opset != HONE_IR_OPSET)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_HEADER_OPSET_AT,
                         "the file's operators are of opset %u; this program reads %d", opset,
                         HONE_IR_OPSET);
    return HONE_OK;
}

/* The header's sum covers version and table, so it is looked at before either is believed; but a
 * file of another version is named as such even where its sum is made in another way. */
static hone_status check_header(const uint8_t *data, size_t size, uint32_t *sections,
                                hone_error *error) {
    static const uint8_t zero[4];
    if (size < HONE_HEADER_BYTES) return bad(error, size, "it ends inside its header");
    if (memcmp(data, HONE_CONTAINER_MAGIC, 8)) return bad(error, 0, "its first bytes are not HONE");
    HONE_TRY(check_version(data, error));
    uint64_t told = hone__load64(data + HONE_HEADER_SIZE_AT);
    if (told != size)
        return hone_fail(error, HONE_FORMAT, HONE_HEADER_SIZE_AT,
                         "truncated or grown: %zu bytes where its header says %llu", size,
                         (unsigned long long)told);
    *sections = hone__load32(data + HONE_HEADER_SECTIONS_AT);
    if (*sections > HONE_MAX_SECTIONS) return bad(error, HONE_HEADER_SECTIONS_AT, "section count");
    size_t end = HONE_HEADER_BYTES + *sections * (size_t)HONE_SECTION_BYTES;
    if (end > size) return bad(error, size, "it ends inside its section table");
    uint32_t crc = hone__crc32c(0, data, HONE_HEADER_CRC_AT);
    crc = hone__crc32c(crc, zero, sizeof zero);
    crc = hone__crc32c(crc, data + HONE_HEADER_DIGEST_AT, end - HONE_HEADER_DIGEST_AT);
    if (crc == hone__load32(data + HONE_HEADER_CRC_AT)) return HONE_OK;
    return hone_fail(error, HONE_CORRUPT, HONE_HEADER_CRC_AT,
                     "damaged: the checksum of its header does not match (byte %d)",
                     HONE_HEADER_CRC_AT);
}

/* The section begins where the one before ended, rounded up; what lies between is zero. */
static hone_status check_place(const uint8_t *data, size_t size, uint64_t end, hone_section kind,
                               const uint8_t *entry, hone_error *error) {
    uint64_t offset = hone__load64(entry + 8), bytes = hone__load64(entry + 16);
    uint64_t at = (uint64_t)(entry - data);
    if (offset > size || bytes > size - offset) return bad(error, at, "a section leaves the file");
    if (offset != hone__round_up((size_t)end, hone__section_align(kind)))
        return bad(error, at, "a section is not where the one before it ends");
    for (uint64_t i = end; i < offset; i++)
        if (data[i]) return bad(error, i, "bytes between sections are not zero");
    return HONE_OK;
}

static hone_status open_section(hone_container *c, hone_section kind, const uint8_t *entry,
                                hone_error *error) {
    hone_column *column = &c->columns[kind];
    uint64_t at = (uint64_t)(entry - c->data);
    if (column->name) return bad(error, at, "a section comes twice");
    *column = (hone_column){.name = facts[kind].name,
                            .record = facts[kind].record,
                            .offset = hone__load64(entry + 8),
                            .size = (size_t)hone__load64(entry + 16)};
    column->data = c->data + column->offset;
    if (column->size % column->record) return bad(error, at, "a section ends inside a record");
    if (kind == HONE_SECTION_WEIGHTS) c->weights_crc = hone__load32(entry + 24);
    return HONE_OK;
}

static hone_status check_sum(const hone_container *c, const uint8_t *entry, hone_error *error) {
    uint64_t offset = hone__load64(entry + 8);
    size_t bytes = (size_t)hone__load64(entry + 16);
    if (hone__crc32c(0, c->data + offset, bytes) == hone__load32(entry + 24)) return HONE_OK;
    uint32_t kind = hone__load32(entry);
    return hone_fail(error, HONE_CORRUPT, offset,
                     "damaged: the checksum of section %s does not match (byte %llu)",
                     kind < HONE_SECTION_END ? facts[kind].name : "(unknown)",
                     (unsigned long long)offset);
}

/* One entry of the table. A kind that this version does not know is skipped only where the writer
 * said that it may be. */
static hone_status read_entry(hone_container *c, const uint8_t *entry, uint64_t *end,
                              hone_error *error) {
    uint32_t kind = hone__load32(entry), flags = hone__load32(entry + 4);
    uint64_t at = (uint64_t)(entry - c->data);
    bool known = kind > 0 && kind < HONE_SECTION_END;
    if (hone__load32(entry + 28) || flags & ~(uint32_t)HONE_SECTION_OPTIONAL)
        return bad(error, at, "reserved bits of a section are set");
    HONE_TRY(check_place(c->data, c->size, *end, known ? (hone_section)kind : HONE_SECTION_CARD,
                         entry, error));
    *end = hone__load64(entry + 8) + hone__load64(entry + 16);
    if (kind != HONE_SECTION_WEIGHTS) HONE_TRY(check_sum(c, entry, error));
    if (known) return open_section(c, (hone_section)kind, entry, error);
    if (flags & HONE_SECTION_OPTIONAL) return HONE_OK;
    return hone_fail(error, HONE_UNSUPPORTED, at, "section kind %u is not known here", kind);
}

hone_status hone__container_open(const uint8_t *data, size_t size, hone_container *container,
                                 hone_error *error) {
    uint32_t sections;
    *container = (hone_container){.data = data, .size = size};
    HONE_TRY(check_header(data, size, &sections, error));
    uint64_t end = HONE_HEADER_BYTES + (uint64_t)sections * HONE_SECTION_BYTES;
    for (uint32_t i = 0; i < sections; i++)
        HONE_TRY(read_entry(container, data + HONE_HEADER_BYTES + i * (size_t)HONE_SECTION_BYTES,
                            &end, error));
    if (end != size) return bad(error, end, "bytes behind the last section");
    for (int kind = 1; kind < HONE_SECTION_END; kind++)
        if (!container->columns[kind].name)
            return hone_fail(error, HONE_FORMAT, HONE_HEADER_BYTES,
                             "not a sound .hone file: it has no section %s", facts[kind].name);
    return HONE_OK;
}

/* Tensor by tensor first: that names the place of the damage more closely than the digest can. */
static hone_status check_tensors(const hone_container *c, hone_error *error) {
    const hone_column *tensors = &c->columns[HONE_SECTION_TENSORS];
    const hone_column *weights = &c->columns[HONE_SECTION_WEIGHTS];
    for (size_t at = 0; at < tensors->size; at += tensors->record) {
        const uint8_t *record = tensors->data + at;
        uint64_t offset = hone__load64(record), bytes = hone__load64(record + 8);
        if (offset > weights->size || bytes > weights->size - offset)
            return bad(error, tensors->offset + at, "a tensor leaves the file");
        if (hone__crc32c(0, weights->data + offset, (size_t)bytes) != hone__load32(record + 16))
            return hone_fail(error, HONE_CORRUPT, weights->offset + offset,
                             "damaged: the checksum of tensor %zu does not match (byte %llu)",
                             at / tensors->record, (unsigned long long)(weights->offset + offset));
    }
    if (hone__crc32c(0, weights->data, weights->size) == c->weights_crc) return HONE_OK;
    return hone_fail(error, HONE_CORRUPT, weights->offset,
                     "damaged: the checksum of section WEIGHTS does not match (byte %llu)",
                     (unsigned long long)weights->offset);
}

bool hone__container_digest_holds(const uint8_t *data, size_t size, const hone_blob *passing) {
    static const uint8_t zero[HONE_HEADER_BYTES - HONE_HEADER_CRC_AT];
    uint8_t digest[HONE_SHA256_BYTES];
    hone_sha256 sha;
    hone__sha256_init(&sha);
    hone__sha256_update(&sha, data, HONE_HEADER_CRC_AT);
    hone__sha256_update(&sha, zero, sizeof zero);
    for (size_t at = HONE_HEADER_BYTES, part; at < size; at += part) {
        part = size - at < DIGEST_STEP ? size - at : DIGEST_STEP;
        hone__sha256_update(&sha, data + at, part);
        if (passing) hone_blob_forget(passing, data + at, part);
    }
    hone__sha256_final(&sha, digest);
    return !memcmp(digest, data + HONE_HEADER_DIGEST_AT, sizeof digest);
}

hone_status hone__container_check(const hone_container *container, hone_error *error) {
    HONE_TRY(check_tensors(container, error));
    if (hone__container_digest_holds(container->data, container->size, NULL)) return HONE_OK;
    return hone_fail(error, HONE_CORRUPT, HONE_HEADER_DIGEST_AT,
                     "damaged: the digest of the file does not match (byte %d)",
                     HONE_HEADER_DIGEST_AT);
}

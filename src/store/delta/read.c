/* SPDX-License-Identifier: Apache-2.0 */
/* A delta's header, table and manifest. All of it may be an enemy's: sizes are compared with what
 * is there before memory is asked for, every entry with both files' sizes. */
#include "base/bytes.h"
#include "base/error.h"
#include "store/delta/delta.h"

#include <string.h>
#include <zstd.h>

static hone_status damaged(const char *why, hone_error *error) {
    return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "the delta is damaged: %s", why);
}

/* ---- the table ---- */

typedef struct cursor {
    const uint8_t *at, *end;
    bool bad; /* it ended, or a number had more than 64 bits */
} cursor;

static uint8_t take_byte(cursor *c) {
    if (c->at < c->end) return *c->at++;
    c->bad = true;
    return 0;
}

static uint64_t take_number(cursor *c) {
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        uint8_t byte = take_byte(c);
        if (shift == 63 && byte > 1) break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    c->bad = true;
    return 0;
}

static bool inside(uint64_t offset, uint64_t size, uint64_t whole) {
    return offset <= whole && size <= whole - offset;
}

static bool take_entry(cursor *c, const hone_delta *delta, uint64_t *old_end,
                       hone_delta_entry *entry) {
    uint8_t kind = take_byte(c);
    entry->element = (hone_element)(kind & 15);
    entry->same = kind & HONE_DELTA_SAME;
    entry->has_old = kind & HONE_DELTA_OLD;
    entry->size = take_number(c);
    if (entry->element >= HONE_ELEMENTS || kind & 0x80 || !entry->size) return false;
    if (!entry->same && entry->element != HONE_ELEMENT_BYTES) {
        uint64_t row = take_number(c);
        if (row > UINT32_MAX) return false;
        entry->row = (uint32_t)row;
    }
    if (!entry->has_old) return !entry->same && !(kind & HONE_DELTA_OTHER_SIZE) && !c->bad;
    uint64_t step = take_number(c);
    entry->old_offset = *old_end + (step >> 1 ^ (0 - (step & 1)));
    entry->old_size = kind & HONE_DELTA_OTHER_SIZE ? take_number(c) : entry->size;
    *old_end = entry->old_offset + entry->old_size;
    if (entry->same && entry->old_size != entry->size) return false;
    return !c->bad && entry->old_size &&
           inside(entry->old_offset, entry->old_size, delta->old_size);
}

static hone_status take_table(hone_delta *delta, const uint8_t *table, size_t size,
                              hone_error *error) {
    cursor c = {table, table + size, false};
    uint64_t at = 0, old_end = 0;
    for (uint32_t i = 0; i < delta->plan.count; i++) {
        hone_delta_entry *entry = &delta->plan.entries[i];
        if (!take_entry(&c, delta, &old_end, entry) || !inside(at, entry->size, delta->new_size))
            return damaged("its table contradicts itself", error);
        at += entry->size;
    }
    if (c.at != c.end || at != delta->new_size)
        return damaged("its table does not make up the new file", error);
    return HONE_OK;
}

/* ---- packed parts ---- */

typedef struct part {
    size_t raw, stored;
    uint8_t *data; /* as stored */
} part;

static part part_of(const uint8_t *sizes) {
    return (part){.raw = hone__load32(sizes), .stored = hone__load32(sizes + 4)};
}

static hone_status read_part(hone_delta *delta, part *piece, size_t most, uint32_t *crc,
                             hone_error *error) {
    if (piece->raw > most || !inside(delta->body, piece->stored, delta->bytes.size))
        return damaged("it is cut off, or its header is wrong", error);
    piece->data = hone__alloc(delta->allocator, piece->stored + 1, 1);
    if (!piece->data) return hone_fail_memory(error, piece->stored);
    HONE_TRY(
        delta->bytes.read(delta->bytes.context, delta->body, piece->data, piece->stored, error));
    *crc = hone__crc32c(*crc, piece->data, piece->stored);
    delta->body += piece->stored;
    return HONE_OK;
}

static hone_status unpack(const part *piece, void *to, hone_error *error) {
    size_t got = ZSTD_decompress(to, piece->raw, piece->data, piece->stored);
    return got == piece->raw ? HONE_OK : damaged("a part cannot be unpacked", error);
}

static hone_status unpack_table(hone_delta *delta, const part *table, uint32_t count,
                                hone_error *error) {
    uint8_t *raw = hone__alloc(delta->allocator, table->raw + 1, 1);
    if (!raw) return hone_fail_memory(error, table->raw);
    delta->plan = (hone_delta_plan){.allocator = delta->allocator, .capacity = count + 1};
    delta->plan.entries =
        hone__calloc(delta->allocator, delta->plan.capacity, sizeof *delta->plan.entries);
    hone_status status = delta->plan.entries ? unpack(table, raw, error)
                                             : hone_fail_memory(error, count * sizeof(uint64_t));
    delta->plan.count = count;
    if (status == HONE_OK) status = take_table(delta, raw, table->raw, error);
    hone__free(delta->allocator, raw, table->raw + 1);
    return status;
}

static hone_status unpack_manifest(hone_delta *delta, const part *text, hone_error *error) {
    delta->manifest_size = text->raw;
    delta->manifest = hone__alloc(delta->allocator, text->raw + 1, 1);
    if (!delta->manifest) return hone_fail_memory(error, text->raw);
    delta->manifest[text->raw] = 0;
    return unpack(text, delta->manifest, error);
}

/* ---- the header ---- */

static hone_status check_header(hone_delta *delta, const uint8_t *header, hone_error *error) {
    if (memcmp(header, HONE_DELTA_MAGIC, 8) != 0)
        return hone_fail(error, HONE_FORMAT, 0, "not a delta of Hone");
    if (hone__load32(header + HONE_DELTA_VERSION_AT) != HONE_DELTA_VERSION)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_DELTA_VERSION_AT,
                         "a delta of version %u; this Hone reads version %u",
                         hone__load32(header + HONE_DELTA_VERSION_AT), HONE_DELTA_VERSION);
    delta->old_size = hone__load64(header + HONE_DELTA_OLD_SIZE_AT);
    delta->new_size = hone__load64(header + HONE_DELTA_NEW_SIZE_AT);
    memcpy(delta->old_sha256, header + HONE_DELTA_OLD_SHA_AT, 32);
    memcpy(delta->new_sha256, header + HONE_DELTA_NEW_SHA_AT, 32);
    if (delta->old_size > INT64_MAX || delta->new_size > INT64_MAX)
        return damaged("its header is wrong", error);
    return HONE_OK;
}

static hone_status read_parts(hone_delta *delta, uint8_t *header, part *table, part *text,
                              hone_error *error) {
    uint32_t told = hone__load32(header + HONE_DELTA_CRC_AT);
    uint32_t count = hone__load32(header + HONE_DELTA_ENTRIES_AT);
    hone__store32(header + HONE_DELTA_CRC_AT, 0);
    uint32_t crc = hone__crc32c(0, header, HONE_DELTA_HEADER);
    HONE_TRY(read_part(delta, table, HONE_DELTA_MAX_TABLE, &crc, error));
    HONE_TRY(read_part(delta, text, HONE_DELTA_MAX_MANIFEST, &crc, error));
    if (crc != told) return damaged("its header does not match its checksum", error);
    if (count > HONE_DELTA_MAX_ENTRIES || count > table->raw) /* an entry takes a byte or more */
        return damaged("its table is too short", error);
    HONE_TRY(unpack_table(delta, table, count, error));
    return unpack_manifest(delta, text, error);
}

hone_status hone__delta_open(const hone_allocator *allocator, const hone_byte_source *bytes,
                             hone_delta *delta, hone_error *error) {
    uint8_t header[HONE_DELTA_HEADER];
    *delta = (hone_delta){.allocator = allocator, .bytes = *bytes, .body = HONE_DELTA_HEADER};
    if (bytes->size < sizeof header) return hone_fail(error, HONE_FORMAT, 0, "not a delta of Hone");
    HONE_TRY(bytes->read(bytes->context, 0, header, sizeof header, error));
    HONE_TRY(check_header(delta, header, error));
    part table = part_of(header + HONE_DELTA_TABLE_AT);
    part text = part_of(header + HONE_DELTA_MANIFEST_AT);
    hone_status status = read_parts(delta, header, &table, &text, error);
    if (table.data) hone__free(allocator, table.data, table.stored + 1);
    if (text.data) hone__free(allocator, text.data, text.stored + 1);
    return status;
}

void hone__delta_close(hone_delta *delta) {
    hone__delta_plan_free(&delta->plan);
    if (delta->manifest) hone__free(delta->allocator, delta->manifest, delta->manifest_size + 1);
    *delta = (hone_delta){0};
}

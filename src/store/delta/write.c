/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "base/error.h"
#include "store/delta/delta.h"
#include "store/digest.h"

#include <string.h>
#include <zstd.h>

enum { LEVEL = 19, MOST_ENTRY_BYTES = 1 + 4 * 10 };

typedef struct writing {
    const hone_allocator *allocator;
    const hone_delta_side *before, *after;
    hone_delta_plan plan;
    hone_writer *writer;
    hone_frame_coder *coder;
    uint8_t *old_bytes, *new_bytes;
    hone_progress progress;
    void *user;
    hone_error *error;
} writing;

/* ---- the table ---- */

static uint8_t *put_number(uint8_t *at, uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

/* Old offsets are told from where the entry before ended, zigzag. */
static uint8_t *put_entry(uint8_t *at, const hone_delta_entry *entry, uint64_t *old_end) {
    bool other = entry->has_old && entry->old_size != entry->size;
    int64_t step = (int64_t)(entry->old_offset - *old_end);
    *at++ = (uint8_t)((int)entry->element | (entry->same ? HONE_DELTA_SAME : 0) |
                      (entry->has_old ? HONE_DELTA_OLD : 0) | (other ? HONE_DELTA_OTHER_SIZE : 0));
    at = put_number(at, entry->size);
    if (!entry->same && entry->element != HONE_ELEMENT_BYTES) at = put_number(at, entry->row);
    if (entry->has_old) {
        at = put_number(at, (uint64_t)step << 1 ^ (uint64_t)(step >> 63));
        *old_end = entry->old_offset + entry->old_size;
    }
    return other ? put_number(at, entry->old_size) : at;
}

typedef struct packed {
    uint8_t *data;
    size_t room, size;
} packed;

static hone_status pack(const hone_allocator *allocator, const void *data, size_t size, packed *out,
                        hone_error *error) {
    out->room = ZSTD_compressBound(size);
    out->data = hone__alloc(allocator, out->room, 1);
    if (!out->data) return hone_fail_memory(error, out->room);
    out->size = ZSTD_compress(out->data, out->room, data, size, LEVEL);
    return ZSTD_isError(out->size) ? hone_fail_memory(error, out->room) : HONE_OK;
}

static hone_status pack_table(writing *w, packed *out, size_t *table_size) {
    size_t room = (size_t)w->plan.count * MOST_ENTRY_BYTES + 1;
    uint64_t old_end = 0;
    uint8_t *table = hone__alloc(w->allocator, room, 1), *at = table;
    if (!table) return hone_fail_memory(w->error, room);
    for (uint32_t i = 0; i < w->plan.count; i++) at = put_entry(at, &w->plan.entries[i], &old_end);
    *table_size = (size_t)(at - table);
    hone_status status = pack(w->allocator, table, *table_size, out, w->error);
    hone__free(w->allocator, table, room);
    return status;
}

static void fill_header(const writing *w, uint8_t *header) {
    memcpy(header, HONE_DELTA_MAGIC, 8);
    hone__store32(header + HONE_DELTA_VERSION_AT, HONE_DELTA_VERSION);
    hone__store64(header + HONE_DELTA_OLD_SIZE_AT, w->before->bytes.size);
    hone__store64(header + HONE_DELTA_NEW_SIZE_AT, w->after->bytes.size);
    memcpy(header + HONE_DELTA_OLD_SHA_AT, w->before->sha256, 32);
    memcpy(header + HONE_DELTA_NEW_SHA_AT, w->after->sha256, 32);
    hone__store32(header + HONE_DELTA_ENTRIES_AT, w->plan.count);
}

static void put_sizes(uint8_t *at, size_t raw, size_t stored) {
    hone__store32(at, (uint32_t)raw);
    hone__store32(at + 4, (uint32_t)stored);
}

static hone_status write_head(writing *w, hone_delta_manifest manifest) {
    uint8_t header[HONE_DELTA_HEADER] = {0};
    packed table = {0}, text = {0};
    size_t table_size;
    hone_status status = pack_table(w, &table, &table_size);
    if (status == HONE_OK)
        status = pack(w->allocator, manifest.text, manifest.size, &text, w->error);
    if (status == HONE_OK) {
        fill_header(w, header);
        put_sizes(header + HONE_DELTA_TABLE_AT, table_size, table.size);
        put_sizes(header + HONE_DELTA_MANIFEST_AT, manifest.size, text.size);
        uint32_t crc = hone__crc32c(0, header, sizeof header);
        crc = hone__crc32c(crc, table.data, table.size);
        hone__store32(header + HONE_DELTA_CRC_AT, hone__crc32c(crc, text.data, text.size));
        status = hone__writer_put(w->writer, header, sizeof header, w->error);
    }
    if (status == HONE_OK) status = hone__writer_put(w->writer, table.data, table.size, w->error);
    if (status == HONE_OK) status = hone__writer_put(w->writer, text.data, text.size, w->error);
    if (table.data) hone__free(w->allocator, table.data, table.room);
    if (text.data) hone__free(w->allocator, text.data, text.room);
    return status;
}

/* ---- frames ---- */

static hone_status read_at(const hone_byte_source *source, uint64_t offset, void *to, size_t size,
                           hone_error *error) {
    return size ? source->read(source->context, offset, to, size, error) : HONE_OK;
}

static hone_status write_frame(writing *w, const hone_delta_entry *entry, uint64_t new_offset,
                               uint64_t done, hone_digest *digest) {
    uint8_t head[11];
    hone_frame frame = hone__delta_frame(entry, done, w->old_bytes);
    hone_frame_method method;
    const uint8_t *data;
    size_t used;
    HONE_TRY(read_at(&w->before->bytes, entry->old_offset + done, w->old_bytes, frame.old_size,
                     w->error));
    HONE_TRY(read_at(&w->after->bytes, new_offset + done, w->new_bytes, frame.size, w->error));
    hone__digest_update(digest, w->new_bytes, frame.size);
    HONE_TRY(hone__frame_encode(w->coder, &frame, w->new_bytes, &method, &data, &used, w->error));
    head[0] = (uint8_t)method;
    size_t head_size = (size_t)(put_number(head + 1, used) - head);
    HONE_TRY(hone__writer_put(w->writer, head, head_size, w->error));
    return hone__writer_put(w->writer, data, used, w->error);
}

static hone_status write_entry(writing *w, const hone_delta_entry *entry, uint64_t new_offset) {
    hone_digest digest = {0};
    uint8_t sum[32];
    hone_status status = HONE_OK;
    if (entry->same) return HONE_OK;
    if (!hone__digest_init(&digest)) return hone_fail_memory(w->error, sizeof digest);
    for (uint64_t done = 0; done < entry->size && status == HONE_OK; done += HONE_FRAME_BYTES)
        status = write_frame(w, entry, new_offset, done, &digest);
    if (status == HONE_OK && entry->size >= HONE_DELTA_SUMMED) {
        hone__digest_final(&digest, sum);
        status = hone__writer_put(w->writer, sum, sizeof sum, w->error);
    }
    hone__digest_release(&digest);
    return status;
}

static hone_status write_body(writing *w) {
    uint64_t offset = 0;
    for (uint32_t i = 0; i < w->plan.count; i++) {
        HONE_TRY(write_entry(w, &w->plan.entries[i], offset));
        offset += w->plan.entries[i].size;
        if (w->progress && !w->progress(w->user, "comparing", offset, w->after->bytes.size))
            return hone_fail(w->error, HONE_CANCELLED, HONE_NO_OFFSET, "cancelled");
    }
    return HONE_OK;
}

hone_status hone__delta_write(const hone_allocator *allocator, const hone_delta_side *before,
                              const hone_delta_side *after, hone_delta_manifest manifest,
                              hone_writer *writer, hone_progress progress, void *user,
                              hone_error *error) {
    writing w = {.allocator = allocator,
                 .before = before,
                 .after = after,
                 .writer = writer,
                 .progress = progress,
                 .user = user,
                 .error = error};
    w.old_bytes = hone__alloc(allocator, 2, HONE_FRAME_BYTES);
    if (!w.old_bytes) return hone_fail_memory(error, 2 * HONE_FRAME_BYTES);
    w.new_bytes = w.old_bytes + HONE_FRAME_BYTES;
    hone_status status = hone__frame_coder_new(allocator, &w.coder, error);
    if (status == HONE_OK) status = hone__delta_plan(allocator, before, after, &w.plan, error);
    if (status == HONE_OK) status = write_head(&w, manifest);
    if (status == HONE_OK) status = write_body(&w);
    hone__delta_plan_free(&w.plan);
    hone__frame_coder_free(w.coder);
    hone__free(allocator, w.old_bytes, 2 * HONE_FRAME_BYTES);
    return status;
}

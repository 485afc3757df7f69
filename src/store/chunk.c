/* SPDX-License-Identifier: Apache-2.0 */
/* A model's bytes as chunks of 512 KiB that are named by their SHA-256: what two versions share is
 * stored once. A chunk is packed with zstd where that saves a twentieth of it or more. */
#include "base/error.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>

enum { ENCODING_PLAIN = 0, ENCODING_ZSTD = 1, ZSTD_LEVEL = 3 };

/* ---- writing ---- */

hone_status hone__chunk_writer_open(hone_chunk_writer *writer, hone_store *store, int64_t model_id,
                                    hone_error *error) {
    *writer = (hone_chunk_writer){
        .store = store, .model_id = model_id, .packed_room = ZSTD_compressBound(HONE_CHUNK_BYTES)};
    writer->packed = hone__alloc(store->allocator, writer->packed_room, 1);
    if (!writer->packed) return hone_fail_memory(error, writer->packed_room);
    HONE_TRY(hone__db_prepare(store, "SELECT chunk_id FROM main.chunks WHERE checksum = ?1",
                              &writer->find, error));
    HONE_TRY(hone__db_prepare(store,
                              "INSERT INTO main.chunks(checksum, size, stored_size, encoding, data)"
                              " VALUES(?1, ?2, ?3, ?4, ?5)",
                              &writer->insert, error));
    return hone__db_prepare(store,
                            "INSERT INTO main.model_chunks(model_id, position, chunk_id)"
                            " VALUES(?1, ?2, ?3)",
                            &writer->link, error);
}

void hone__chunk_writer_close(hone_chunk_writer *writer) {
    sqlite3_finalize(writer->find);
    sqlite3_finalize(writer->insert);
    sqlite3_finalize(writer->link);
    if (writer->packed) hone__free(writer->store->allocator, writer->packed, writer->packed_room);
    *writer = (hone_chunk_writer){0};
}

static hone_status find_chunk(hone_chunk_writer *w, const uint8_t *digest, int64_t *id,
                              hone_error *error) {
    bool row;
    sqlite3_bind_blob(w->find, 1, digest, HONE_DIGEST_BYTES, SQLITE_STATIC);
    hone_status status = hone__db_step(w->store, w->find, &row, error);
    *id = row ? sqlite3_column_int64(w->find, 0) : 0;
    sqlite3_reset(w->find);
    return status;
}

static hone_status insert_chunk(hone_chunk_writer *w, const uint8_t *digest, const void *data,
                                size_t size, int64_t *id, hone_error *error) {
    size_t packed = ZSTD_compress(w->packed, w->packed_room, data, size, ZSTD_LEVEL);
    bool pays = !ZSTD_isError(packed) && packed < size - size / 20;
    size_t stored = pays ? packed : size;
    sqlite3_bind_blob(w->insert, 1, digest, HONE_DIGEST_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(w->insert, 2, (int64_t)size);
    sqlite3_bind_int64(w->insert, 3, (int64_t)stored);
    sqlite3_bind_int(w->insert, 4, pays ? ENCODING_ZSTD : ENCODING_PLAIN);
    sqlite3_bind_blob(w->insert, 5, pays ? w->packed : data, (int)stored, SQLITE_STATIC);
    HONE_TRY(hone__db_run(w->store, w->insert, error));
    *id = sqlite3_last_insert_rowid(w->store->db);
    return HONE_OK;
}

hone_status hone__chunk_write(hone_chunk_writer *writer, const void *data, size_t size,
                              hone_error *error) {
    uint8_t digest[HONE_DIGEST_BYTES];
    int64_t id;
    if (!hone__digest_of(data, size, digest)) return hone_fail_memory(error, size);
    HONE_TRY(find_chunk(writer, digest, &id, error));
    if (!id) HONE_TRY(insert_chunk(writer, digest, data, size, &id, error));
    sqlite3_bind_int64(writer->link, 1, writer->model_id);
    sqlite3_bind_int64(writer->link, 2, writer->position++);
    sqlite3_bind_int64(writer->link, 3, id);
    return hone__db_run(writer->store, writer->link, error);
}

/* ---- reading ---- */

static hone_status unpack(const void *data, size_t stored, int encoding, uint8_t *raw, size_t size,
                          hone_error *error) {
    if (encoding == ENCODING_PLAIN && stored == size) {
        memcpy(raw, data, size);
        return HONE_OK;
    }
    size_t got = encoding == ENCODING_ZSTD ? ZSTD_decompress(raw, HONE_CHUNK_BYTES, data, stored)
                                           : (size_t)-1;
    if (got == size) return HONE_OK;
    return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "its bytes cannot be unpacked");
}

hone_status hone__chunk_unpack(sqlite3_stmt *row, int first, uint8_t *raw, size_t *size,
                               hone_error *error) {
    uint8_t digest[HONE_DIGEST_BYTES];
    const void *told = sqlite3_column_blob(row, first);
    int64_t bytes = sqlite3_column_int64(row, first + 1);
    int64_t stored = sqlite3_column_int64(row, first + 2);
    const void *data = sqlite3_column_blob(row, first + 4);
    if (!told || sqlite3_column_bytes(row, first) != HONE_DIGEST_BYTES || bytes < 1 ||
        bytes > HONE_CHUNK_BYTES || !data || sqlite3_column_bytes(row, first + 4) != stored)
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "its row contradicts itself");
    *size = (size_t)bytes;
    HONE_TRY(unpack(data, (size_t)stored, sqlite3_column_int(row, first + 3), raw, *size, error));
    if (!hone__digest_of(raw, *size, digest)) return hone_fail_memory(error, *size);
    if (!memcmp(digest, told, HONE_DIGEST_BYTES)) return HONE_OK;
    return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "its bytes do not match its checksum");
}

typedef struct walk {
    hone_store *store;
    int64_t model_id, position;
    sqlite3_stmt *rows;
    uint8_t *raw;
    hone_digest digest;
    uint64_t bytes;
} walk;

static hone_status prepare_walk(walk *w, hone_error *error) {
    w->raw = hone__alloc(w->store->allocator, HONE_CHUNK_BYTES, 1);
    if (!w->raw || !hone__digest_init(&w->digest)) return hone_fail_memory(error, HONE_CHUNK_BYTES);
    HONE_TRY(hone__db_prepare(w->store,
                              "SELECT l.position, c.checksum, c.size, c.stored_size, c.encoding, "
                              "c.data FROM main.model_chunks l LEFT JOIN main.chunks c "
                              "ON c.chunk_id = l.chunk_id WHERE l.model_id = ?1 "
                              "ORDER BY l.position",
                              &w->rows, error));
    sqlite3_bind_int64(w->rows, 1, w->model_id);
    return HONE_OK;
}

static hone_status take_chunk(walk *w, hone_chunk_sink sink, void *context, hone_error *error) {
    size_t size;
    if (sqlite3_column_int64(w->rows, 0) != w->position)
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "chunk %lld is missing",
                         (long long)w->position);
    hone_status status = hone__chunk_unpack(w->rows, 1, w->raw, &size, error);
    if (status != HONE_OK) {
        hone_error_prefix(error, "chunk %lld", (long long)w->position);
        return status;
    }
    hone__digest_update(&w->digest, w->raw, size);
    w->bytes += size;
    w->position++;
    return sink ? sink(context, w->raw, size, error) : HONE_OK;
}

static hone_status check_whole(walk *w, hone_error *error) {
    uint8_t digest[HONE_DIGEST_BYTES];
    char text[HONE_DIGEST_TEXT];
    sqlite3_stmt *row;
    bool found = false;
    hone__digest_final(&w->digest, digest);
    hone__digest_text(digest, text);
    HONE_TRY(hone__db_prepare(w->store,
                              "SELECT 1 FROM main.ai_models WHERE model_id = ?1 AND "
                              "file_size = ?2 AND checksum = ?3",
                              &row, error));
    sqlite3_bind_int64(row, 1, w->model_id);
    sqlite3_bind_int64(row, 2, (int64_t)w->bytes);
    sqlite3_bind_text(row, 3, text, -1, SQLITE_STATIC);
    hone_status status = hone__db_step(w->store, row, &found, error);
    sqlite3_finalize(row);
    if (status != HONE_OK || found) return status;
    return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET,
                     "its bytes do not match its size and checksum");
}

static hone_status walk_chunks(walk *w, hone_chunk_sink sink, void *context, hone_error *error) {
    bool row;
    HONE_TRY(prepare_walk(w, error));
    for (;;) {
        HONE_TRY(hone__db_step(w->store, w->rows, &row, error));
        if (!row) return check_whole(w, error);
        HONE_TRY(take_chunk(w, sink, context, error));
    }
}

hone_status hone__chunks_read(hone_store *store, int64_t model_id, hone_chunk_sink sink,
                              void *context, hone_error *error) {
    walk w = {.store = store, .model_id = model_id};
    hone_status status = walk_chunks(&w, sink, context, error);
    sqlite3_finalize(w.rows);
    hone__digest_release(&w.digest);
    if (w.raw) hone__free(store->allocator, w.raw, HONE_CHUNK_BYTES);
    return status;
}

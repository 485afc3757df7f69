/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks as they come out of the store. A chunk may be told by means of another one, that by a
 * third; the chain is followed to its root and unpacked from there. */
#include "base/error.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

/* The first version has no chunks told by others, and counts encodings from 0. */
static const char *select_sql(const hone_store *store) {
    return store->version >= 2
               ? "SELECT checksum, size, stored_size, encoding, data, element, row, base "
                 "FROM main.chunks WHERE chunk_id = ?1"
               : "SELECT checksum, size, stored_size, encoding + 1, data, 0, 0, NULL "
                 "FROM main.chunks WHERE chunk_id = ?1";
}

enum { CHECKSUM, SIZE, STORED, ENCODING, DATA, ELEMENT, ROW, BASE };

hone_status hone__chunk_reader_open(hone_chunk_reader *reader, hone_store *store,
                                    hone_error *error) {
    *reader = (hone_chunk_reader){.store = store};
    reader->data = hone__alloc(store->allocator, HONE_CHUNK_MOST, 1);
    reader->spare = hone__alloc(store->allocator, HONE_CHUNK_MOST, 1);
    if (!reader->data || !reader->spare) return hone_fail_memory(error, HONE_CHUNK_MOST);
    HONE_TRY(hone__frame_coder_new(store->allocator, &reader->coder, error));
    return hone__db_prepare(store, select_sql(store), &reader->select, error);
}

void hone__chunk_reader_close(hone_chunk_reader *reader) {
    if (!reader->store) return;
    const hone_allocator *allocator = reader->store->allocator;
    sqlite3_finalize(reader->select);
    hone__frame_coder_free(reader->coder);
    if (reader->data) hone__free(allocator, reader->data, HONE_CHUNK_MOST);
    if (reader->spare) hone__free(allocator, reader->spare, HONE_CHUNK_MOST);
    *reader = (hone_chunk_reader){0};
}

/* ---- one chunk ---- */

static hone_status contradiction(hone_error *error) {
    return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "its row contradicts itself");
}

/* Steps to the row of a chunk; sqlite3_reset it afterwards. */
static hone_status seek(hone_chunk_reader *r, int64_t chunk_id, hone_error *error) {
    bool row;
    sqlite3_reset(r->select);
    sqlite3_bind_int64(r->select, 1, chunk_id);
    HONE_TRY(hone__db_step(r->store, r->select, &row, error));
    if (row) return HONE_OK;
    return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "it is missing");
}

/* Unpacks the row at hand into `spare`, with what is in `data` as its base; then they change
 * places. */
static hone_status unpack_row(hone_chunk_reader *r, size_t base_size, size_t *size,
                              hone_error *error) {
    sqlite3_stmt *row = r->select;
    int64_t bytes = sqlite3_column_int64(row, SIZE), stored = sqlite3_column_int64(row, STORED);
    int64_t element = sqlite3_column_int64(row, ELEMENT), rows = sqlite3_column_int64(row, ROW);
    const void *data = sqlite3_column_blob(row, DATA);
    if (bytes < 1 || bytes > HONE_CHUNK_MOST || sqlite3_column_bytes(row, DATA) != stored ||
        element < 0 || element >= HONE_ELEMENTS || rows < 0 || rows > UINT32_MAX)
        return contradiction(error);
    hone_frame frame = {.element = (hone_element)element,
                        .row = (size_t)rows,
                        .old_bytes = base_size ? r->data : NULL,
                        .old_size = base_size,
                        .size = (size_t)bytes};
    uint32_t method = (uint32_t)sqlite3_column_int64(row, ENCODING);
    if (hone__frame_decode(r->coder, &frame, method, data ? data : "", (size_t)stored, r->spare,
                           NULL) != HONE_OK)
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "its bytes cannot be unpacked");
    uint8_t *unpacked = r->spare;
    r->spare = r->data;
    r->data = unpacked;
    *size = (size_t)bytes;
    return HONE_OK;
}

/* From the chunk to the one that stands by itself. */
static hone_status find_chain(hone_chunk_reader *r, int64_t chunk_id,
                              int64_t chain[HONE_CHUNK_DEPTH + 1], int *length, hone_error *error) {
    for (*length = 0; *length <= HONE_CHUNK_DEPTH;) {
        chain[(*length)++] = chunk_id;
        HONE_TRY(seek(r, chunk_id, error));
        if (sqlite3_column_type(r->select, BASE) == SQLITE_NULL) return HONE_OK;
        chunk_id = sqlite3_column_int64(r->select, BASE);
    }
    return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "it is told by too many others");
}

static hone_status read_chain(hone_chunk_reader *r, int64_t chunk_id, size_t *size,
                              hone_error *error) {
    int64_t chain[HONE_CHUNK_DEPTH + 1];
    uint8_t digest[HONE_DIGEST_BYTES];
    int length;
    *size = 0;
    HONE_TRY(find_chain(r, chunk_id, chain, &length, error));
    for (int i = length - 1; i >= 0; i--) {
        if (i < length - 1) HONE_TRY(seek(r, chain[i], error)); /* the last one is at hand */
        HONE_TRY(unpack_row(r, *size, size, error));
    }
    const void *told = sqlite3_column_blob(r->select, CHECKSUM);
    if (!told || sqlite3_column_bytes(r->select, CHECKSUM) != HONE_DIGEST_BYTES)
        return contradiction(error);
    if (!hone__digest_of(r->data, *size, digest)) return hone_fail_memory(error, *size);
    if (!memcmp(digest, told, HONE_DIGEST_BYTES)) return HONE_OK;
    return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "its bytes do not match its checksum");
}

hone_status hone__chunk_read(hone_chunk_reader *reader, int64_t chunk_id, size_t *size,
                             hone_error *error) {
    hone_status status = read_chain(reader, chunk_id, size, error);
    sqlite3_reset(reader->select);
    return status;
}

/* ---- all chunks of a model ---- */

typedef struct walk {
    hone_store *store;
    int64_t model_id, position;
    sqlite3_stmt *rows;
    hone_chunk_reader reader;
    hone_digest digest;
    uint64_t bytes;
} walk;

static hone_status prepare_walk(walk *w, hone_error *error) {
    HONE_TRY(hone__chunk_reader_open(&w->reader, w->store, error));
    if (!hone__digest_init(&w->digest)) return hone_fail_memory(error, HONE_DIGEST_BYTES);
    HONE_TRY(hone__db_prepare(w->store,
                              "SELECT position, chunk_id FROM main.model_chunks "
                              "WHERE model_id = ?1 ORDER BY position",
                              &w->rows, error));
    sqlite3_bind_int64(w->rows, 1, w->model_id);
    return HONE_OK;
}

static hone_status take_chunk(walk *w, hone_chunk_sink sink, void *context, hone_error *error) {
    size_t size;
    if (sqlite3_column_int64(w->rows, 0) != w->position)
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "chunk %lld is missing",
                         (long long)w->position);
    hone_status status =
        hone__chunk_read(&w->reader, sqlite3_column_int64(w->rows, 1), &size, error);
    if (status != HONE_OK) {
        hone_error_prefix(error, "chunk %lld", (long long)w->position);
        return status;
    }
    hone__digest_update(&w->digest, w->reader.data, size);
    w->bytes += size;
    w->position++;
    return sink ? sink(context, w->reader.data, size, error) : HONE_OK;
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
    hone__chunk_reader_close(&w.reader);
    return status;
}

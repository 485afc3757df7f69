/* SPDX-License-Identifier: Apache-2.0 */
/* A model's bytes as chunks that are named by their SHA-256: what two versions share is stored
 * once, and what has changed a little is told by means of the parent's chunk in the same place. */
#include "base/error.h"
#include "store/store.h"

#include <string.h>

hone_status hone__chunk_writer_open(hone_chunk_writer *writer, hone_store *store, int64_t model_id,
                                    hone_error *error) {
    *writer = (hone_chunk_writer){.store = store, .model_id = model_id};
    HONE_TRY(hone__chunk_reader_open(&writer->bases, store, error));
    HONE_TRY(hone__frame_coder_new(store->allocator, &writer->coder, error));
    HONE_TRY(hone__db_prepare(store, "SELECT chunk_id FROM main.chunks WHERE checksum = ?1",
                              &writer->find, error));
    HONE_TRY(hone__db_prepare(store,
                              "INSERT INTO main.chunks(checksum, size, stored_size, encoding, "
                              "element, row, base, depth, data) "
                              "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
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
    hone__chunk_reader_close(&writer->bases);
    hone__frame_coder_free(writer->coder);
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

/* The base's bytes where there is one that may still be built upon. */
static hone_status load_base(hone_chunk_writer *w, const hone_chunk_hint *hint, hone_frame *frame,
                             hone_error *error) {
    if (!hint->base || hint->base->depth >= HONE_CHUNK_DEPTH) return HONE_OK;
    HONE_TRY(hone__chunk_read(&w->bases, hint->base->chunk_id, &frame->old_size, error));
    frame->old_bytes = w->bases.data;
    return HONE_OK;
}

static bool uses_base(hone_frame_method method) {
    return method == HONE_FRAME_PREFIX || method == HONE_FRAME_RESIDUAL;
}

static hone_status insert_chunk(hone_chunk_writer *w, const uint8_t *digest, const void *data,
                                size_t size, const hone_chunk_hint *hint, int64_t *id,
                                hone_error *error) {
    hone_frame frame = {.element = hint->element, .row = hint->row, .size = size, .quick = true};
    hone_frame_method method;
    const uint8_t *coded;
    size_t stored;
    HONE_TRY(load_base(w, hint, &frame, error));
    HONE_TRY(hone__frame_encode(w->coder, &frame, data, &method, &coded, &stored, error));
    sqlite3_bind_blob(w->insert, 1, digest, HONE_DIGEST_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(w->insert, 2, (int64_t)size);
    sqlite3_bind_int64(w->insert, 3, (int64_t)stored);
    sqlite3_bind_int(w->insert, 4, (int)method);
    sqlite3_bind_int(w->insert, 5, (int)hint->element);
    sqlite3_bind_int64(w->insert, 6, hint->row);
    sqlite3_bind_null(w->insert, 7);
    if (uses_base(method)) sqlite3_bind_int64(w->insert, 7, hint->base->chunk_id);
    sqlite3_bind_int64(w->insert, 8, uses_base(method) ? hint->base->depth + 1 : 0);
    sqlite3_bind_blob(w->insert, 9, stored ? coded : (const uint8_t *)"", (int)stored,
                      SQLITE_STATIC);
    HONE_TRY(hone__db_run(w->store, w->insert, error));
    *id = sqlite3_last_insert_rowid(w->store->db);
    return HONE_OK;
}

hone_status hone__chunk_write(hone_chunk_writer *writer, const void *data, size_t size,
                              const hone_chunk_hint *hint, hone_error *error) {
    uint8_t digest[HONE_DIGEST_BYTES];
    int64_t id;
    if (!hone__digest_of(data, size, digest)) return hone_fail_memory(error, size);
    HONE_TRY(find_chunk(writer, digest, &id, error));
    if (!id) HONE_TRY(insert_chunk(writer, digest, data, size, hint, &id, error));
    sqlite3_bind_int64(writer->link, 1, writer->model_id);
    sqlite3_bind_int64(writer->link, 2, writer->position++);
    sqlite3_bind_int64(writer->link, 3, id);
    return hone__db_run(writer->store, writer->link, error);
}

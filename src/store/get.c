/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a model back: to a file, or to memory. Row and chunks are read in one transaction, so that
 * they belong together even while somebody else writes. */
#include "base/error.h"
#include "base/file.h"
#include "store/store.h"

#include <string.h>

/* Every error of reading a model names it. */
static hone_status name_it(const hone_store *store, const char *model, hone_status status,
                           hone_error *error) {
    if (status == HONE_CORRUPT) hone_error_prefix(error, "%s: model '%s'", store->path, model);
    return status;
}

/* ---- format and card ---- */

static hone_status copy_card(hone_store *store, sqlite3_stmt *row, hone_store_bytes *bytes,
                             hone_error *error) {
    uint8_t digest[HONE_DIGEST_BYTES];
    const void *card = sqlite3_column_blob(row, 1), *told = sqlite3_column_blob(row, 2);
    size_t size = (size_t)sqlite3_column_bytes(row, 1);
    if (!card) return HONE_OK;
    if (!told || sqlite3_column_bytes(row, 2) != HONE_DIGEST_BYTES ||
        !hone__digest_of(card, size, digest) || memcmp(digest, told, sizeof digest) != 0)
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET,
                         "its card does not match its checksum");
    bytes->card = hone__alloc(store->allocator, size + 1, 1);
    if (!bytes->card) return hone_fail_memory(error, size);
    memcpy(bytes->card, card, size);
    bytes->card[size] = 0;
    bytes->card_size = size;
    return HONE_OK;
}

static hone_status read_file_row(hone_store *store, int64_t id, hone_store_bytes *bytes,
                                 hone_error *error) {
    sqlite3_stmt *row;
    bool found = false;
    HONE_TRY(hone__db_prepare(
        store, "SELECT format, card, card_checksum FROM main.model_files WHERE model_id = ?1", &row,
        error));
    sqlite3_bind_int64(row, 1, id);
    hone_status status = hone__db_step(store, row, &found, error);
    if (found) {
        const char *format = (const char *)sqlite3_column_text(row, 0);
        bytes->format = format ? hone__format_of(format) : HONE_FORMAT_UNKNOWN;
        status = copy_card(store, row, bytes, error);
    }
    sqlite3_finalize(row);
    return status;
}

/* ---- to a file ---- */

static hone_status to_file(void *context, const void *data, size_t size, hone_error *error) {
    return hone__writer_put(context, data, size, error);
}

static hone_status get_file(hone_store *store, const char *model, hone_writer *writer,
                            hone_store_bytes *facts, hone_store_list *list, hone_error *error) {
    int64_t id;
    HONE_TRY(hone__model_find(store, model, NULL, &id, error));
    if (list) HONE_TRY(hone__list_id(store, id, list, error));
    hone_status status = read_file_row(store, id, facts, error);
    if (status == HONE_OK) status = hone__chunks_read(store, id, to_file, writer, error);
    return name_it(store, model, status, error);
}

/* "a/net.onnx" gets "a/net.card.json". */
static hone_status put_card(const hone_store_bytes *facts, const char *path, hone_error *error) {
    static const char tail[] = ".card.json";
    const char *ending = hone__path_ending(path);
    hone_writer writer = {0};
    if (!facts->card || strcmp(ending, ".onnx") != 0) return HONE_OK;
    size_t stem = (size_t)(ending - path);
    char *name = hone__alloc(facts->allocator, stem + sizeof tail, 1);
    if (!name) return hone_fail_memory(error, stem);
    memcpy(name, path, stem);
    memcpy(name + stem, tail, sizeof tail);
    hone_status status = hone__writer_open(&writer, name, error);
    if (status == HONE_OK) status = hone__writer_put(&writer, facts->card, facts->card_size, error);
    if (status == HONE_OK) status = hone__writer_commit(&writer, error);
    hone__writer_abandon(&writer);
    hone__free(facts->allocator, name, stem + sizeof tail);
    return status;
}

hone_status hone_store_get_file(hone_store *store, const char *model, const char *path,
                                hone_store_list *list, hone_error *error) {
    hone_writer writer = {0};
    hone_store_bytes facts = {.allocator = store->allocator};
    if (list) *list = (hone_store_list){0};
    HONE_TRY(hone__db_exec(store, "BEGIN", error));
    hone_status status = hone__writer_open(&writer, path, error);
    if (status == HONE_OK) status = get_file(store, model, &writer, &facts, list, error);
    status = hone__db_end(store, status, error);
    if (status == HONE_OK) status = hone__writer_commit(&writer, error);
    if (status == HONE_OK) status = put_card(&facts, path, error);
    hone__writer_abandon(&writer);
    hone_store_bytes_free(&facts);
    if (status != HONE_OK && list) hone_store_list_free(list);
    return status;
}

/* ---- to memory ---- */

typedef struct buffer {
    uint8_t *data;
    size_t size, used;
} buffer;

static hone_status to_memory(void *context, const void *data, size_t size, hone_error *error) {
    buffer *to = context;
    if (size > to->size - to->used)
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "it has more bytes than its size");
    memcpy(to->data + to->used, data, size);
    to->used += size;
    return HONE_OK;
}

/* The size that the row tells is believed only as far as there are chunks for it. */
static hone_status trusted_size(hone_store *store, int64_t id, size_t *size, hone_error *error) {
    sqlite3_stmt *row;
    bool found = false;
    HONE_TRY(hone__db_prepare(store,
                              "SELECT file_size, (SELECT count(*) FROM main.model_chunks l WHERE "
                              "l.model_id = m.model_id) FROM main.ai_models m WHERE model_id = ?1",
                              &row, error));
    sqlite3_bind_int64(row, 1, id);
    hone_status status = hone__db_step(store, row, &found, error);
    int64_t told = found ? sqlite3_column_int64(row, 0) : -1;
    int64_t chunks = found ? sqlite3_column_int64(row, 1) : 0;
    sqlite3_finalize(row);
    if (status != HONE_OK) return status;
    if (told < 0 || told / HONE_CHUNK_BYTES > chunks)
        return hone_fail(error, HONE_CORRUPT, HONE_NO_OFFSET, "its size is not that of its chunks");
    *size = (size_t)told;
    return HONE_OK;
}

static hone_status read_bytes(hone_store *store, int64_t id, hone_store_bytes *bytes,
                              hone_error *error) {
    HONE_TRY(trusted_size(store, id, &bytes->size, error));
    buffer to = {.size = bytes->size};
    to.data = bytes->data = hone__alloc_aligned(store->allocator, bytes->size);
    if (!bytes->data) return hone_fail_memory(error, bytes->size);
    return hone__chunks_read(store, id, to_memory, &to, error);
}

static hone_status read_model(hone_store *store, const char *model, hone_store_bytes *bytes,
                              hone_error *error) {
    int64_t id;
    HONE_TRY(hone__model_find(store, model, NULL, &id, error));
    hone_status status = read_file_row(store, id, bytes, error);
    if (status == HONE_OK) status = read_bytes(store, id, bytes, error);
    return name_it(store, model, status, error);
}

hone_status hone_store_read(hone_store *store, const char *model, hone_store_bytes *bytes,
                            hone_error *error) {
    *bytes = (hone_store_bytes){.allocator = store->allocator};
    HONE_TRY(hone__db_exec(store, "BEGIN", error));
    hone_status status = hone__db_end(store, read_model(store, model, bytes, error), error);
    if (status != HONE_OK) hone_store_bytes_free(bytes);
    return status;
}

void hone_store_bytes_free(hone_store_bytes *bytes) {
    if (bytes->data) hone__free_aligned(bytes->allocator, bytes->data, bytes->size);
    if (bytes->card) hone__free(bytes->allocator, bytes->card, bytes->card_size + 1);
    *bytes = (hone_store_bytes){0};
}

hone_status hone_store_read_model(const char *text, const hone_allocator *allocator,
                                  hone_store_bytes *bytes, hone_error *error) {
    size_t length;
    const char *model;
    hone_store *store = NULL;
    const hone_store_options options = {.allocator = allocator, .read_only = true};
    *bytes = (hone_store_bytes){0};
    if (!hone_store_is_model(text, &length, &model))
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "'%s' is not STORE.db:NAME[@VERSION]",
                         text);
    char *path = hone__alloc(allocator, length + 1, 1);
    if (!path) return hone_fail_memory(error, length);
    memcpy(path, text, length);
    path[length] = 0;
    hone_status status = hone_store_open(path, &options, &store, error);
    if (status == HONE_OK) status = hone_store_read(store, model, bytes, error);
    hone_store_close(store);
    hone__free(allocator, path, length + 1);
    return status;
}

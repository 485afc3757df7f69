/* SPDX-License-Identifier: Apache-2.0 */
/* Adding a version: one transaction, the bytes streamed through one chunk of memory. Until the
 * COMMIT nothing of it can be seen; a process that dies before leaves a log without a commit
 * record, which the next opening drops. */
#include "base/error.h"
#include "base/file.h"
#include "store/delta/delta.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Where the bytes come from: a file, or memory (fd -1). */
typedef struct source {
    const char *path;
    int fd;
    const uint8_t *memory;
    uint64_t size, used;
} source;

typedef struct adding {
    hone_store *store;
    const hone_store_entry *entry;
    hone_format format;
    source from;
    int64_t id, parent;    /* parent 0: none */
    hone_layout base;      /* the parent's */
    uint32_t border;       /* the first that may lie behind what was read */
    const uint8_t *digest; /* what the bytes must have; NULL: any */
    char version[HONE_STORE_MAX_VERSION + 1], created_at[32];
    hone_error *error;
} adding;

/* ---- reading the source ---- */

static hone_status open_source(source *from, hone_error *error) {
    struct stat facts;
    from->fd = open(from->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from->fd < 0)
        return hone_fail(error, errno == ENOENT ? HONE_NOT_FOUND : HONE_IO, HONE_NO_OFFSET,
                         "%s: cannot open: %s", from->path, strerror(errno));
    if (fstat(from->fd, &facts) || !S_ISREG(facts.st_mode))
        return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: not a regular file", from->path);
    from->size = (uint64_t)facts.st_size;
    return HONE_OK;
}

/* Reads `want` bytes unless the source ends before. */
static hone_status read_source(source *from, uint8_t *buffer, size_t want, size_t *got,
                               hone_error *error) {
    *got = 0;
    if (from->fd < 0) {
        uint64_t left = from->size - from->used;
        *got = left < want ? (size_t)left : want;
        if (*got) memcpy(buffer, from->memory + from->used, *got);
    }
    while (from->fd >= 0 && *got < want) {
        ssize_t count = read(from->fd, buffer + *got, want - *got);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0)
            return hone_fail(error, HONE_IO, from->used, "%s: cannot read: %s", from->path,
                             strerror(errno));
        if (count == 0) break;
        *got += (size_t)count;
    }
    from->used += *got;
    return HONE_OK;
}

/* ---- rows ---- */

static hone_status choose_version(adding *a) {
    sqlite3_stmt *statement;
    bool row = false;
    if (a->entry->version) {
        snprintf(a->version, sizeof a->version, "%s", a->entry->version);
        return HONE_OK;
    }
    HONE_TRY(
        hone__db_prepare(a->store,
                         "SELECT coalesce(max(CAST(version AS INTEGER)), 0) + 1 FROM "
                         "main.ai_models WHERE model_name = ?1 AND version NOT GLOB '*[^0-9]*'",
                         &statement, a->error));
    sqlite3_bind_text(statement, 1, a->entry->name, -1, SQLITE_STATIC);
    hone_status status = hone__db_step(a->store, statement, &row, a->error);
    snprintf(a->version, sizeof a->version, "%lld",
             row ? (long long)sqlite3_column_int64(statement, 0) : 0);
    sqlite3_finalize(statement);
    return status == HONE_OK ? hone__version_check(a->version, a->error) : status;
}

static hone_status refuse_twice(adding *a) {
    sqlite3_stmt *statement;
    bool row = false;
    HONE_TRY(hone__db_prepare(a->store,
                              "SELECT 1 FROM main.ai_models WHERE model_name = ?1 AND version = ?2",
                              &statement, a->error));
    sqlite3_bind_text(statement, 1, a->entry->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, a->version, -1, SQLITE_STATIC);
    hone_status status = hone__db_step(a->store, statement, &row, a->error);
    sqlite3_finalize(statement);
    if (status != HONE_OK || !row) return status;
    return hone_fail(a->error, HONE_EXISTS, HONE_NO_OFFSET, "%s: '%s' has a version %s already",
                     a->store->path, a->entry->name, a->version);
}

/* Size and sum are put in at the end. */
static hone_status insert_model(adding *a) {
    sqlite3_stmt *statement;
    if (a->entry->parent)
        HONE_TRY(
            hone__model_find(a->store, a->entry->parent, a->entry->name, &a->parent, a->error));
    HONE_TRY(hone__db_prepare(
        a->store,
        "INSERT INTO main.ai_models(model_name, version, metadata, file_size, checksum, created_at,"
        " parent) VALUES(?1, ?2, ?3, 0, printf('%064d', 0), ?4, nullif(?5, 0))",
        &statement, a->error));
    sqlite3_bind_text(statement, 1, a->entry->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, a->version, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, a->entry->metadata ? a->entry->metadata : "{}", -1,
                      SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, a->created_at, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, a->parent);
    hone_status status = hone__db_run(a->store, statement, a->error);
    sqlite3_finalize(statement);
    a->id = sqlite3_last_insert_rowid(a->store->db);
    return status;
}

static hone_status insert_file(adding *a) {
    sqlite3_stmt *statement;
    uint8_t digest[HONE_DIGEST_BYTES];
    const hone_store_entry *entry = a->entry;
    HONE_TRY(hone__db_prepare(a->store,
                              "INSERT INTO main.model_files(model_id, format, card, card_checksum)"
                              " VALUES(?1, ?2, ?3, ?4)",
                              &statement, a->error));
    sqlite3_bind_int64(statement, 1, a->id);
    sqlite3_bind_text(statement, 2, hone__format_name(a->format), -1, SQLITE_STATIC);
    if (entry->card_size && hone__digest_of(entry->card, entry->card_size, digest)) {
        sqlite3_bind_blob(statement, 3, entry->card, (int)entry->card_size, SQLITE_STATIC);
        sqlite3_bind_blob(statement, 4, digest, sizeof digest, SQLITE_STATIC);
    }
    hone_status status = hone__db_run(a->store, statement, a->error);
    sqlite3_finalize(statement);
    return status;
}

static hone_status insert_optimized(adding *a) {
    sqlite3_stmt *statement;
    const hone_store_optimized *o = a->entry->optimized;
    if (!o) return HONE_OK;
    HONE_TRY(hone__db_prepare(a->store,
                              "INSERT INTO main.optimized_models(model_id, model_name, "
                              "original_size, quantized_size, quantization_type, accuracy, "
                              "inference_time, created_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                              &statement, a->error));
    sqlite3_bind_int64(statement, 1, a->id);
    sqlite3_bind_text(statement, 2, a->entry->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, (int64_t)o->original_size);
    sqlite3_bind_int64(statement, 4,
                       (int64_t)(o->quantized_size ? o->quantized_size : a->from.used));
    sqlite3_bind_text(statement, 5, o->quantization_type ? o->quantization_type : "none", -1,
                      SQLITE_STATIC);
    if (o->accuracy >= 0) sqlite3_bind_double(statement, 6, o->accuracy);
    if (o->inference_time >= 0) sqlite3_bind_double(statement, 7, o->inference_time);
    sqlite3_bind_text(statement, 8, a->created_at, -1, SQLITE_STATIC);
    hone_status status = hone__db_run(a->store, statement, a->error);
    sqlite3_finalize(statement);
    return status;
}

static hone_status insert_tensors(adding *a) {
    sqlite3_stmt *statement;
    hone_status status = HONE_OK;
    HONE_TRY(hone__db_prepare(a->store,
                              "INSERT INTO main.tensors(model_id, position, tensor_name, type, "
                              "file_offset, size, row) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                              &statement, a->error));
    for (uint32_t i = 0; i < a->entry->border_count && status == HONE_OK; i++) {
        const hone_border *b = &a->entry->borders[i];
        sqlite3_bind_int64(statement, 1, a->id);
        sqlite3_bind_int64(statement, 2, i);
        sqlite3_bind_text(statement, 3, b->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 4, hone_dtype_name(b->dtype), -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 5, (int64_t)b->offset);
        sqlite3_bind_int64(statement, 6, (int64_t)b->bytes);
        sqlite3_bind_int64(statement, 7, b->row);
        status = hone__db_run(a->store, statement, a->error);
    }
    sqlite3_finalize(statement);
    return status;
}

static hone_status finish_model(adding *a, const char *checksum) {
    sqlite3_stmt *statement;
    HONE_TRY(hone__db_prepare(
        a->store, "UPDATE main.ai_models SET file_size = ?1, checksum = ?2 WHERE model_id = ?3",
        &statement, a->error));
    sqlite3_bind_int64(statement, 1, (int64_t)a->from.used);
    sqlite3_bind_text(statement, 2, checksum, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, a->id);
    hone_status status = hone__db_run(a->store, statement, a->error);
    sqlite3_finalize(statement);
    return status;
}

/* ---- bytes ---- */

/* The tensor that the next byte belongs to or comes before; small ones are no cuts. */
static const hone_border *next_border(adding *a) {
    for (; a->border < a->entry->border_count; a->border++) {
        const hone_border *border = &a->entry->borders[a->border];
        if (border->bytes >= HONE_CUT_BYTES && border->offset + border->bytes > a->from.used)
            return border;
    }
    return NULL;
}

/* How many bytes the next chunk takes, and the tensor it is of. */
static size_t next_cut(adding *a, const hone_border **tensor) {
    const hone_border *border = next_border(a);
    uint64_t left = HONE_CHUNK_BYTES;
    *tensor = border && border->offset <= a->from.used ? border : NULL;
    if (*tensor)
        left = border->offset + border->bytes - a->from.used;
    else if (border)
        left = border->offset - a->from.used;
    return left < HONE_CHUNK_BYTES ? (size_t)left : HONE_CHUNK_BYTES;
}

/* The same place of the parent's tensor of that name. */
static hone_chunk_hint hint_for(const adding *a, const hone_border *tensor, uint64_t offset,
                                size_t size) {
    hone_chunk_hint hint = {0};
    if (!tensor) return hint;
    hint.element = hone__element_of(tensor->dtype);
    hint.row = tensor->row;
    const hone_border *old = a->parent ? hone__layout_tensor(&a->base, tensor->name) : NULL;
    if (old && old->bytes == tensor->bytes && old->dtype == tensor->dtype)
        hint.base = hone__layout_chunk(&a->base, old->offset + (offset - tensor->offset), size);
    return hint;
}

static hone_status copy_chunks(adding *a, hone_chunk_writer *writer, uint8_t *buffer,
                               hone_digest *digest) {
    for (;;) {
        size_t got;
        uint64_t offset = a->from.used;
        const hone_border *tensor;
        size_t want = next_cut(a, &tensor);
        HONE_TRY(read_source(&a->from, buffer, want, &got, a->error));
        if (!got) return HONE_OK;
        hone__digest_update(digest, buffer, got);
        hone_chunk_hint hint = hint_for(a, tensor, offset, got);
        HONE_TRY(hone__chunk_write(writer, buffer, got, &hint, a->error));
        if (a->entry->progress &&
            !a->entry->progress(a->entry->progress_user, "storing", a->from.used, a->from.size))
            return hone_fail(a->error, HONE_CANCELLED, HONE_NO_OFFSET,
                             "cancelled; the store is as it was");
    }
}

static hone_status copy_bytes(adding *a) {
    hone_chunk_writer writer = {0};
    hone_digest digest = {0};
    uint8_t sum[HONE_DIGEST_BYTES];
    char text[HONE_DIGEST_TEXT];
    uint8_t *buffer = hone__alloc(a->store->allocator, HONE_CHUNK_BYTES, 1);
    hone_status status = buffer && hone__digest_init(&digest)
                             ? HONE_OK
                             : hone_fail_memory(a->error, HONE_CHUNK_BYTES);
    if (status == HONE_OK && a->parent)
        status = hone__layout_open(&a->base, a->store, a->parent, a->error);
    if (status == HONE_OK) status = hone__chunk_writer_open(&writer, a->store, a->id, a->error);
    if (status == HONE_OK) status = copy_chunks(a, &writer, buffer, &digest);
    if (status == HONE_OK) {
        hone__digest_final(&digest, sum);
        hone__digest_text(sum, text);
        status = a->digest && memcmp(sum, a->digest, sizeof sum) != 0
                     ? hone_fail(a->error, HONE_CORRUPT, HONE_NO_OFFSET,
                                 "%s: it changed while it was added", a->from.path)
                     : finish_model(a, text);
    }
    hone__digest_release(&digest);
    hone__chunk_writer_close(&writer);
    hone__layout_close(&a->base);
    if (buffer) hone__free(a->store->allocator, buffer, HONE_CHUNK_BYTES);
    return status;
}

static hone_status write_all(adding *a) {
    HONE_TRY(choose_version(a));
    HONE_TRY(refuse_twice(a));
    HONE_TRY(insert_model(a));
    HONE_TRY(insert_file(a));
    HONE_TRY(copy_bytes(a));
    HONE_TRY(insert_tensors(a));
    return insert_optimized(a);
}

/* ---- the entry ---- */

static hone_status check_metadata(adding *a, const char *metadata) {
    sqlite3_stmt *statement;
    bool row = false, sound = false;
    if (!metadata) return HONE_OK;
    if (strlen(metadata) > HONE_STORE_MAX_METADATA)
        return hone_fail(a->error, HONE_LIMIT, HONE_NO_OFFSET, "metadata of more than %u bytes",
                         HONE_STORE_MAX_METADATA);
    HONE_TRY(hone__db_prepare(a->store, "SELECT json_valid(?1) AND json_type(?1) = 'object'",
                              &statement, a->error));
    sqlite3_bind_text(statement, 1, metadata, -1, SQLITE_STATIC);
    hone_status status = hone__db_step(a->store, statement, &row, a->error);
    if (row) sound = sqlite3_column_int(statement, 0) == 1;
    sqlite3_finalize(statement);
    if (status == HONE_OK && sound) return HONE_OK;
    return hone_fail(a->error, HONE_USAGE, HONE_NO_OFFSET, "metadata is not a JSON object");
}

static hone_status check_entry(adding *a) {
    const hone_store_entry *entry = a->entry;
    if (!entry->name)
        return hone_fail(a->error, HONE_USAGE, HONE_NO_OFFSET, "a model needs a name");
    HONE_TRY(hone__name_check(entry->name, strlen(entry->name), a->error));
    if (entry->version) HONE_TRY(hone__version_check(entry->version, a->error));
    if (entry->card_size > HONE_STORE_MAX_CARD)
        return hone_fail(a->error, HONE_LIMIT, HONE_NO_OFFSET, "a card of more than %u bytes",
                         HONE_STORE_MAX_CARD);
    HONE_TRY(hone__borders_check(entry->borders, entry->border_count, a->from.size, a->error));
    return check_metadata(a, entry->metadata);
}

static hone_status add(adding *a, hone_store_list *list) {
    time_t now = time(NULL);
    struct tm utc;
    if (list) *list = (hone_store_list){0};
    HONE_TRY(check_entry(a));
    if (!gmtime_r(&now, &utc) ||
        !strftime(a->created_at, sizeof a->created_at, "%Y-%m-%dT%H:%M:%SZ", &utc))
        return hone_fail(a->error, HONE_IO, HONE_NO_OFFSET, "the system's clock makes no sense");
    HONE_TRY(hone__db_exec(a->store, "BEGIN IMMEDIATE", a->error));
    HONE_TRY(hone__db_end(a->store, write_all(a), a->error));
    return list ? hone__list_id(a->store, a->id, list, a->error) : HONE_OK;
}

static hone_format format_by_ending(const char *path) {
    const char *ending = hone__path_ending(path);
    return *ending ? hone__format_of(ending + 1) : HONE_FORMAT_UNKNOWN;
}

hone_status hone__add_file(hone_store *store, const char *path, const hone_store_entry *entry,
                           const uint8_t *digest, hone_store_list *list, hone_error *error) {
    adding a = {.store = store,
                .entry = entry,
                .digest = digest,
                .format = entry->format ? entry->format : format_by_ending(path),
                .from = {.path = path, .fd = -1},
                .error = error};
    hone_status status = open_source(&a.from, error);
    if (status == HONE_OK) status = add(&a, list);
    if (a.from.fd >= 0) close(a.from.fd);
    return status;
}

hone_status hone_store_add_file(hone_store *store, const char *path, const hone_store_entry *entry,
                                hone_store_list *list, hone_error *error) {
    return hone__add_file(store, path, entry, NULL, list, error);
}

hone_status hone_store_add_memory(hone_store *store, const void *bytes, size_t size,
                                  const hone_store_entry *entry, hone_store_list *list,
                                  hone_error *error) {
    adding a = {.store = store,
                .entry = entry,
                .format = entry->format,
                .from = {.path = "memory", .fd = -1, .memory = bytes, .size = size},
                .error = error};
    return add(&a, list);
}

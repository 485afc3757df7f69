/* SPDX-License-Identifier: Apache-2.0 */
/* Adding the version that a delta leads to. The new bytes are made in a file beside the store,
 * which survives an interruption; then they are added like any file. */
#include "base/error.h"
#include "store/delta/delta.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct applying {
    hone_store *store;
    const char *path;
    hone_delta delta;
    hone_layout base;
    hone_border *borders; /* of the new version */
    uint32_t border_count, border_room;
    char *part; /* the file that the new bytes are made in */
    size_t part_room;
    int delta_fd, part_fd;
    hone_progress progress;
    void *user;
    hone_error *error;
} applying;

/* ---- files as sources and sinks ---- */

static hone_status read_fd(void *context, uint64_t offset, void *to, size_t size,
                           hone_error *error) {
    int fd = *(const int *)context;
    uint8_t *at = to;
    while (size) {
        ssize_t got = pread(fd, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return hone_fail(error, HONE_IO, offset, "cannot read: %s",
                             got ? strerror(errno) : "the file has become shorter");
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return HONE_OK;
}

static hone_status write_fd(void *context, uint64_t offset, const void *data, size_t size,
                            hone_error *error) {
    int fd = *(const int *)context;
    const uint8_t *at = data;
    while (size) {
        ssize_t put = pwrite(fd, at, size, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return hone_fail(error, HONE_IO, offset, "cannot write: %s", strerror(errno));
        at += put;
        offset += (uint64_t)put;
        size -= (size_t)put;
    }
    return HONE_OK;
}

static hone_status open_fd(const char *path, int flags, int *fd, uint64_t *size,
                           hone_error *error) {
    struct stat facts;
    *fd = open(path, flags | O_CLOEXEC, 0666);
    if (*fd < 0)
        return hone_fail(error, errno == ENOENT ? HONE_NOT_FOUND : HONE_IO, HONE_NO_OFFSET,
                         "%s: cannot open: %s", path, strerror(errno));
    if (fstat(*fd, &facts) || !S_ISREG(facts.st_mode))
        return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: not a regular file", path);
    *size = (uint64_t)facts.st_size;
    return HONE_OK;
}

/* ---- what the delta is about ---- */

static hone_status open_delta(applying *a) {
    hone_byte_source bytes = {.read = read_fd, .context = &a->delta_fd};
    HONE_TRY(open_fd(a->path, O_RDONLY | O_NONBLOCK, &a->delta_fd, &bytes.size, a->error));
    hone_status status = hone__delta_open(a->store->allocator, &bytes, &a->delta, a->error);
    if (status != HONE_OK) hone_error_prefix(a->error, "%s", a->path);
    return status;
}

static hone_status open_base(applying *a) {
    char text[HONE_DIGEST_TEXT];
    sqlite3_stmt *statement;
    bool row = false;
    hone__digest_text(a->delta.old_sha256, text);
    HONE_TRY(hone__db_prepare(a->store,
                              "SELECT model_id FROM main.ai_models WHERE checksum = ?1 LIMIT 1",
                              &statement, a->error));
    sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    hone_status status = hone__db_step(a->store, statement, &row, a->error);
    int64_t id = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    if (status != HONE_OK) return status;
    if (!row)
        return hone_fail(a->error, HONE_NOT_FOUND, HONE_NO_OFFSET,
                         "%s: it starts from a version that %s does not have (sha256 %.16s...)",
                         a->path, a->store->path, text);
    return hone__layout_open(&a->base, a->store, id, a->error);
}

/* ---- where the new version's tensors lie ---- */

static hone_status add_border(applying *a, const hone_border *border, uint64_t offset) {
    if (a->border_count == HONE_DELTA_MAX_ENTRIES)
        return hone_fail(a->error, HONE_LIMIT, HONE_NO_OFFSET, "more than %u tensors",
                         HONE_DELTA_MAX_ENTRIES);
    if (a->border_count == a->border_room) {
        uint32_t room = a->border_room ? 2 * a->border_room : 64;
        void *grown = hone__grow(a->store->allocator, a->borders,
                                 a->border_room * sizeof *a->borders, room * sizeof *a->borders);
        if (!grown) return hone_fail_memory(a->error, room * sizeof *a->borders);
        a->borders = grown;
        a->border_room = room;
    }
    a->borders[a->border_count] = *border;
    a->borders[a->border_count++].offset = offset;
    return HONE_OK;
}

/* The old tensors that an entry tells are the new ones, in other places perhaps. */
static hone_status carry_entry(applying *a, const hone_delta_entry *entry, uint64_t at) {
    uint64_t end = entry->old_offset + entry->old_size;
    uint32_t first = hone__borders_first(a->base.borders, a->base.border_count, entry->old_offset);
    for (uint32_t k = first; k < a->base.border_count; k++) {
        const hone_border *old = &a->base.borders[k];
        if (old->offset + old->bytes > end) break;
        HONE_TRY(add_border(a, old, at + (old->offset - entry->old_offset)));
    }
    return HONE_OK;
}

static hone_status carry_borders(applying *a) {
    uint64_t at = 0;
    for (uint32_t i = 0; i < a->delta.plan.count; i++) {
        const hone_delta_entry *entry = &a->delta.plan.entries[i];
        if (entry->has_old && entry->old_size == entry->size) HONE_TRY(carry_entry(a, entry, at));
        at += entry->size;
    }
    return HONE_OK;
}

/* ---- making the bytes ---- */

static hone_status name_part(applying *a) {
    char text[HONE_DIGEST_TEXT];
    hone__digest_text(a->delta.new_sha256, text);
    a->part_room = strlen(a->store->path) + sizeof "-apply-" + 16;
    a->part = hone__alloc(a->store->allocator, a->part_room, 1);
    if (!a->part) return hone_fail_memory(a->error, a->part_room);
    snprintf(a->part, a->part_room, "%s-apply-%.16s", a->store->path, text);
    return HONE_OK;
}

static hone_status make_bytes(applying *a, uint64_t left) {
    hone_byte_source before = {a->base.size, hone__layout_read, &a->base};
    hone_byte_source have = {left, read_fd, &a->part_fd};
    if (have.size > a->delta.new_size) have.size = a->delta.new_size;
    return hone__delta_apply(&a->delta, &before, have.size ? &have : NULL, write_fd, &a->part_fd,
                             a->progress, a->user, a->error);
}

/* What an earlier try left is used if it is right; else all is made anew. */
static hone_status make_part(applying *a) {
    uint64_t left;
    HONE_TRY(name_part(a));
    HONE_TRY(open_fd(a->part, O_RDWR | O_CREAT | O_NOFOLLOW, &a->part_fd, &left, a->error));
    if (flock(a->part_fd, LOCK_EX | LOCK_NB))
        return hone_fail(a->error, HONE_BUSY, HONE_NO_OFFSET,
                         "%s: another process applies this delta", a->path);
    hone_status status = make_bytes(a, left);
    if (status == HONE_CORRUPT && left && !ftruncate(a->part_fd, 0)) status = make_bytes(a, 0);
    if (status == HONE_OK && ftruncate(a->part_fd, (off_t)a->delta.new_size))
        status = hone_fail(a->error, HONE_IO, HONE_NO_OFFSET, "%s: %s", a->part, strerror(errno));
    if (status == HONE_CORRUPT || status == HONE_USAGE) {
        unlink(a->part);
        hone_error_prefix(a->error, "%s", a->path);
    }
    return status;
}

/* ---- adding them ---- */

static const char facts_sql[] =
    "SELECT json_extract(?1, '$.name'), json_extract(?1, '$.version'), "
    "json_extract(?1, '$.format'), json_extract(?1, '$.metadata'), json_extract(?1, '$.card'), "
    "json_extract(?1, '$.original_size'), json_extract(?1, '$.quantized_size'), "
    "json_extract(?1, '$.quantization_type'), json_extract(?1, '$.accuracy'), "
    "json_extract(?1, '$.inference_time') WHERE json_valid(?1)";

static const char *text_or(sqlite3_stmt *row, int column, const char *other) {
    const char *value = (const char *)sqlite3_column_text(row, column);
    return value ? value : other;
}

static double number_or(sqlite3_stmt *row, int column, double other) {
    return sqlite3_column_type(row, column) == SQLITE_NULL ? other
                                                           : sqlite3_column_double(row, column);
}

static hone_status add_row(applying *a, sqlite3_stmt *row, hone_store_list *list) {
    char parent[HONE_STORE_MAX_NAME + HONE_STORE_MAX_VERSION + 2] = "";
    hone_store_list base = {0};
    hone_store_optimized optimized = {
        .original_size = (uint64_t)sqlite3_column_int64(row, 5),
        .quantized_size = (uint64_t)sqlite3_column_int64(row, 6),
        .quantization_type = text_or(row, 7, NULL),
        .accuracy = number_or(row, 8, -1),
        .inference_time = number_or(row, 9, -1),
    };
    HONE_TRY(hone__list_id(a->store, a->base.model_id, &base, a->error));
    snprintf(parent, sizeof parent, "%s@%s", base.records[0].name, base.records[0].version);
    hone_store_list_free(&base);
    hone_store_entry entry = {.name = text_or(row, 0, ""),
                              .version = text_or(row, 1, ""),
                              .parent = parent,
                              .metadata = text_or(row, 3, "{}"),
                              .format = hone__format_of(text_or(row, 2, "unknown")),
                              .card = text_or(row, 4, NULL),
                              .card_size = (size_t)sqlite3_column_bytes(row, 4),
                              .borders = a->borders,
                              .border_count = a->border_count,
                              .optimized = optimized.quantization_type ? &optimized : NULL};
    return hone__add_file(a->store, a->part, &entry, a->delta.new_sha256, list, a->error);
}

static hone_status add_version(applying *a, hone_store_list *list) {
    sqlite3_stmt *statement;
    bool row = false;
    HONE_TRY(hone__db_prepare(a->store, facts_sql, &statement, a->error));
    sqlite3_bind_text(statement, 1, a->delta.manifest, (int)a->delta.manifest_size, SQLITE_STATIC);
    hone_status status = hone__db_step(a->store, statement, &row, a->error);
    if (status == HONE_OK && !row)
        status = hone_fail(a->error, HONE_CORRUPT, HONE_NO_OFFSET,
                           "%s: the delta does not say what it leads to", a->path);
    if (status == HONE_OK) status = add_row(a, statement, list);
    sqlite3_finalize(statement);
    return status;
}

static hone_status apply(applying *a, hone_store_list *list) {
    HONE_TRY(open_delta(a));
    HONE_TRY(open_base(a));
    HONE_TRY(carry_borders(a));
    HONE_TRY(make_part(a));
    HONE_TRY(add_version(a, list));
    unlink(a->part);
    return HONE_OK;
}

hone_status hone_store_apply(hone_store *store, const char *path, hone_progress progress,
                             void *user, hone_store_list *list, hone_error *error) {
    applying a = {.store = store,
                  .path = path,
                  .delta_fd = -1,
                  .part_fd = -1,
                  .progress = progress,
                  .user = user,
                  .error = error};
    if (list) *list = (hone_store_list){0};
    hone_status status = apply(&a, list);
    if (a.delta_fd >= 0) close(a.delta_fd);
    if (a.part_fd >= 0) close(a.part_fd);
    if (a.part) hone__free(store->allocator, a.part, a.part_room);
    if (a.borders) hone__free(store->allocator, a.borders, a.border_room * sizeof *a.borders);
    hone__layout_close(&a.base);
    hone__delta_close(&a.delta);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Versions as records. */
#include "base/arena.h"
#include "base/error.h"
#include "store/store.h"

#include <string.h>

/* What a list owns: the texts, and the array. */
typedef struct list_memory {
    hone_arena arena;
    size_t room; /* of records */
} list_memory;

/* What `columns` selects, in its order. */
enum {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_VERSION,
    COLUMN_PARENT_NAME,
    COLUMN_PARENT_VERSION,
    COLUMN_METADATA,
    COLUMN_CHECKSUM,
    COLUMN_CREATED,
    COLUMN_FORMAT,
    COLUMN_BYTES,
    COLUMN_STORED,
    COLUMN_CARD,
    COLUMN_OPTIMIZED,
    COLUMN_ORIGINAL,
    COLUMN_QUANTIZED,
    COLUMN_TYPE,
    COLUMN_ACCURACY,
    COLUMN_TIME
};

static const char columns[] =
    "SELECT m.model_id, m.model_name, m.version, p.model_name, p.version, m.metadata, m.checksum, "
    "m.created_at, f.format, m.file_size, "
    "(SELECT coalesce(sum(c.stored_size), 0) FROM main.model_chunks l JOIN main.chunks c "
    "ON c.chunk_id = l.chunk_id WHERE l.model_id = m.model_id) AS stored, "
    "length(f.card), o.model_id, o.original_size, o.quantized_size, o.quantization_type, "
    "o.accuracy, o.inference_time "
    "FROM main.ai_models m LEFT JOIN main.ai_models p ON p.model_id = m.parent "
    "LEFT JOIN main.model_files f ON f.model_id = m.model_id "
    "LEFT JOIN main.optimized_models o ON o.model_id = m.model_id ";

/* A copy fit for a terminal, whoever wrote the database: no control characters; "" for NULL. */
static const char *column(list_memory *memory, sqlite3_stmt *row, int index) {
    const char *text = (const char *)sqlite3_column_text(row, index);
    int length = text ? sqlite3_column_bytes(row, index) : 0;
    char *copy = hone__arena_text(&memory->arena, text ? text : "", (size_t)length);
    for (char *c = copy; c && *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
    return copy;
}

static uint64_t count(sqlite3_stmt *row, int index) {
    int64_t value = sqlite3_column_int64(row, index);
    return value < 0 ? 0 : (uint64_t)value;
}

static double measured(sqlite3_stmt *row, int index) {
    return sqlite3_column_type(row, index) == SQLITE_NULL ? -1 : sqlite3_column_double(row, index);
}

/* "VERSION", or "NAME@VERSION" of another name. */
static const char *parent(list_memory *memory, sqlite3_stmt *row, const char *name) {
    const char *other = column(memory, row, COLUMN_PARENT_NAME);
    const char *version = column(memory, row, COLUMN_PARENT_VERSION);
    if (!other || !version || !strcmp(other, name)) return version;
    size_t length = strlen(other), tail = strlen(version);
    char *joined = hone__arena_alloc(&memory->arena, length + tail + 2, 1);
    if (!joined) return NULL;
    memcpy(joined, other, length);
    joined[length] = '@';
    memcpy(joined + length + 1, version, tail + 1);
    return joined;
}

static void fill_optimized(hone_store_record *record, list_memory *memory, sqlite3_stmt *row) {
    record->is_optimized = sqlite3_column_type(row, COLUMN_OPTIMIZED) != SQLITE_NULL;
    record->optimized =
        (hone_store_optimized){.original_size = count(row, COLUMN_ORIGINAL),
                               .quantized_size = count(row, COLUMN_QUANTIZED),
                               .quantization_type = column(memory, row, COLUMN_TYPE),
                               .accuracy = measured(row, COLUMN_ACCURACY),
                               .inference_time = measured(row, COLUMN_TIME)};
}

/* False when memory ran out. */
static bool fill(hone_store_record *record, list_memory *memory, sqlite3_stmt *row) {
    const char *format = column(memory, row, COLUMN_FORMAT);
    *record = (hone_store_record){.model_id = sqlite3_column_int64(row, COLUMN_ID),
                                  .name = column(memory, row, COLUMN_NAME),
                                  .version = column(memory, row, COLUMN_VERSION),
                                  .metadata = column(memory, row, COLUMN_METADATA),
                                  .sha256 = column(memory, row, COLUMN_CHECKSUM),
                                  .created_at = column(memory, row, COLUMN_CREATED),
                                  .bytes = count(row, COLUMN_BYTES),
                                  .stored_bytes = count(row, COLUMN_STORED),
                                  .card_bytes = count(row, COLUMN_CARD)};
    fill_optimized(record, memory, row);
    if (!format || !record->name || !record->version || !record->metadata || !record->sha256 ||
        !record->created_at || !record->optimized.quantization_type)
        return false;
    record->format = hone__format_of(format);
    if (sqlite3_column_type(row, COLUMN_PARENT_VERSION) == SQLITE_NULL) return true;
    record->parent = parent(memory, row, record->name);
    return record->parent != NULL;
}

static hone_status push(hone_store_list *list, sqlite3_stmt *row, hone_error *error) {
    list_memory *memory = list->memory;
    if (list->count == memory->room) {
        size_t old = memory->room * sizeof *list->records, room = memory->room * 2 + 8;
        void *grown =
            hone__grow(memory->arena.allocator, list->records, old, room * sizeof *list->records);
        if (!grown) return hone_fail_memory(error, room * sizeof *list->records);
        list->records = grown;
        memory->room = room;
    }
    if (!fill(&list->records[list->count], memory, row)) return hone_fail_memory(error, 1);
    list->count++;
    return HONE_OK;
}

static hone_status collect(hone_store *store, sqlite3_stmt *statement, hone_store_list *list,
                           hone_error *error) {
    bool row;
    for (;;) {
        HONE_TRY(hone__db_step(store, statement, &row, error));
        if (!row) return HONE_OK;
        HONE_TRY(push(list, statement, error));
    }
}

static hone_status list_new(hone_store *store, hone_store_list *list, hone_error *error) {
    *list = (hone_store_list){.memory = hone__calloc(store->allocator, 1, sizeof(list_memory))};
    if (!list->memory) return hone_fail_memory(error, sizeof(list_memory));
    hone__arena_init(&((list_memory *)list->memory)->arena, store->allocator);
    return HONE_OK;
}

void hone_store_list_free(hone_store_list *list) {
    list_memory *memory = list->memory;
    if (memory) {
        const hone_allocator *allocator = memory->arena.allocator;
        if (list->records)
            hone__free(allocator, list->records, memory->room * sizeof *list->records);
        hone__arena_release(&memory->arena);
        hone__free(allocator, memory, sizeof *memory);
    }
    *list = (hone_store_list){0};
}

hone_status hone__list_query(hone_store *store, const char *where, hone_list_bind bind,
                             const void *values, hone_store_list *list, hone_error *error) {
    sqlite3_stmt *statement = NULL;
    HONE_TRY(list_new(store, list, error));
    size_t length = strlen(where);
    char *sql = hone__alloc(store->allocator, sizeof columns + length, 1);
    hone_status status = sql ? HONE_OK : hone_fail_memory(error, length);
    if (sql) {
        memcpy(sql, columns, sizeof columns - 1);
        memcpy(sql + sizeof columns - 1, where, length + 1);
        status = hone__db_prepare(store, sql, &statement, error);
    }
    if (status == HONE_OK && bind) status = bind(statement, values);
    if (status == HONE_OK) status = collect(store, statement, list, error);
    sqlite3_finalize(statement);
    if (sql) hone__free(store->allocator, sql, sizeof columns + length);
    if (status != HONE_OK) hone_store_list_free(list);
    return status;
}

static hone_status bind_id(sqlite3_stmt *statement, const void *id) {
    int64_t value;
    memcpy(&value, id, sizeof value);
    sqlite3_bind_int64(statement, 1, value);
    return HONE_OK;
}

static hone_status bind_name(sqlite3_stmt *statement, const void *name) {
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    return HONE_OK;
}

hone_status hone__list_id(hone_store *store, int64_t model_id, hone_store_list *list,
                          hone_error *error) {
    HONE_TRY(hone__list_query(store, "WHERE m.model_id = ?1", bind_id, &model_id, list, error));
    if (list->count == 1) return HONE_OK;
    hone_store_list_free(list);
    return hone_fail(error, HONE_NOT_FOUND, HONE_NO_OFFSET, "%s: the model is gone", store->path);
}

hone_status hone_store_log(hone_store *store, const char *name, hone_store_list *list,
                           hone_error *error) {
    *list = (hone_store_list){0};
    if (!name)
        return hone__list_query(store, "ORDER BY m.model_name, m.model_id DESC", NULL, NULL, list,
                                error);
    HONE_TRY(hone__name_check(name, strlen(name), error));
    HONE_TRY(hone__list_query(store, "WHERE m.model_name = ?1 ORDER BY m.model_id DESC", bind_name,
                              name, list, error));
    if (list->count) return HONE_OK;
    hone_store_list_free(list);
    return hone_fail(error, HONE_NOT_FOUND, HONE_NO_OFFSET, "%s: there is no model '%s'",
                     store->path, name);
}

hone_status hone_store_show(hone_store *store, const char *model, hone_store_list *list,
                            hone_error *error) {
    int64_t id;
    *list = (hone_store_list){0};
    HONE_TRY(hone__model_find(store, model, NULL, &id, error));
    return hone__list_id(store, id, list, error);
}

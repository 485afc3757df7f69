/* SPDX-License-Identifier: Apache-2.0 */
/* Checking a store. What is found wrong becomes a line of the report and the search goes on; only
 * what keeps us from looking (memory, a lock, a cancel) is an error. */
#include "base/arena.h"
#include "base/error.h"
#include "store/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PROBLEMS = 1000 };

typedef struct report_memory {
    hone_arena arena;
    const char *problems[MOST_PROBLEMS];
} report_memory;

typedef struct checking {
    hone_store *store;
    hone_store_report *report;
    hone_progress progress;
    void *user;
    uint64_t total; /* bytes of all models */
    hone_error *error;
} checking;

static hone_status problem(checking *c, const char *format, ...) HONE_PRINTF(2, 3);
static hone_status problem(checking *c, const char *format, ...) {
    report_memory *memory = c->report->memory;
    char line[HONE_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = ' ';
    if (c->report->problem_count == MOST_PROBLEMS) return HONE_OK;
    char *copy = hone__arena_text(&memory->arena, line, strlen(line));
    if (!copy) return hone_fail_memory(c->error, strlen(line));
    memory->problems[c->report->problem_count++] = copy;
    return HONE_OK;
}

/* A failure while looking at `what`: damage is reported, anything else ends the check. */
static hone_status judge(checking *c, hone_status status, const hone_error *why, const char *what) {
    if (status == HONE_OK) return HONE_OK;
    if (status == HONE_CORRUPT || status == HONE_FORMAT || status == HONE_IO)
        return problem(c, "%s%s%s", what, *what ? ": " : "", why->message);
    if (c->error) *c->error = *why;
    return status;
}

/* Calls `each` for every row. */
static hone_status for_rows(checking *c, const char *sql,
                            hone_status (*each)(checking *, sqlite3_stmt *)) {
    sqlite3_stmt *rows;
    hone_error why = {0};
    bool row = true;
    hone_status status = hone__db_prepare(c->store, sql, &rows, &why);
    if (status != HONE_OK) return judge(c, status, &why, "");
    while (status == HONE_OK) {
        status = hone__db_step(c->store, rows, &row, &why);
        if (status != HONE_OK) {
            status = judge(c, status, &why, "");
            break;
        }
        if (!row) break;
        status = each(c, rows);
    }
    sqlite3_finalize(rows);
    return status;
}

static const char *text(sqlite3_stmt *row, int column) {
    const char *value = (const char *)sqlite3_column_text(row, column);
    return value ? value : "?";
}

/* ---- the database's own structure ---- */

static hone_status integrity_row(checking *c, sqlite3_stmt *row) {
    if (!strcmp(text(row, 0), "ok")) return HONE_OK;
    return problem(c, "database: %s", text(row, 0));
}

static hone_status foreign_row(checking *c, sqlite3_stmt *row) {
    return problem(c, "row %s of table %s refers to a row of %s that there is not", text(row, 1),
                   text(row, 0), text(row, 2));
}

/* What the tables promise each other beyond foreign keys; each row is one broken promise. */
static hone_status promise_row(checking *c, sqlite3_stmt *row) {
    return problem(c, "model '%s@%s': %s", text(row, 0), text(row, 1), text(row, 2));
}

static const char promises[] =
    "SELECT m.model_name, m.version, 'it has no row in model_files' FROM main.ai_models m "
    "WHERE NOT EXISTS(SELECT 1 FROM main.model_files f WHERE f.model_id = m.model_id) UNION ALL "
    "SELECT m.model_name, m.version, 'its metadata is not a JSON object' FROM main.ai_models m "
    "WHERE NOT json_valid(m.metadata) OR json_type(m.metadata) <> 'object' UNION ALL "
    "SELECT m.model_name, m.version, 'its parent is not older than it is' FROM main.ai_models m "
    "WHERE m.parent >= m.model_id UNION ALL "
    "SELECT m.model_name, m.version, 'its row in optimized_models has another name' "
    "FROM main.ai_models m JOIN main.optimized_models o ON o.model_id = m.model_id "
    "WHERE o.model_name <> m.model_name";

/* ---- models and chunks ---- */

static hone_status count_bytes(void *context, const void *data, size_t size, hone_error *error) {
    checking *c = context;
    (void)data;
    c->report->bytes += size;
    if (c->progress && !c->progress(c->user, "verifying", c->report->bytes, c->total))
        return hone_fail(error, HONE_CANCELLED, HONE_NO_OFFSET, "cancelled");
    return HONE_OK;
}

static hone_status model_row(checking *c, sqlite3_stmt *row) {
    char what[HONE_STORE_MAX_NAME + HONE_STORE_MAX_VERSION + 16];
    hone_error why = {0};
    snprintf(what, sizeof what, "model '%.128s@%.64s'", text(row, 1), text(row, 2));
    c->report->models++;
    hone_status status =
        hone__chunks_read(c->store, sqlite3_column_int64(row, 0), count_bytes, c, &why);
    return judge(c, status, &why, what);
}

static hone_status card_row(checking *c, sqlite3_stmt *row) {
    uint8_t digest[HONE_DIGEST_BYTES];
    const void *card = sqlite3_column_blob(row, 2), *told = sqlite3_column_blob(row, 3);
    bool sound = told && sqlite3_column_bytes(row, 3) == HONE_DIGEST_BYTES &&
                 hone__digest_of(card ? card : "", (size_t)sqlite3_column_bytes(row, 2), digest) &&
                 !memcmp(digest, told, sizeof digest);
    if (sound) return HONE_OK;
    return problem(c, "model '%s@%s': its card does not match its checksum", text(row, 0),
                   text(row, 1));
}

/* Chunks that no model uses are no damage, but they must be sound like the others. */
static hone_status spare_row(checking *c, sqlite3_stmt *row) {
    char what[64];
    size_t size;
    hone_error why = {0};
    int64_t id = sqlite3_column_int64(row, 0);
    snprintf(what, sizeof what, "unused chunk %lld", (long long)id);
    hone_chunk_reader reader;
    hone_status status = hone__chunk_reader_open(&reader, c->store, &why);
    if (status == HONE_OK) status = hone__chunk_read(&reader, id, &size, &why);
    hone__chunk_reader_close(&reader);
    return judge(c, status, &why, what);
}

static hone_status totals_row(checking *c, sqlite3_stmt *row) {
    c->report->chunks = (uint32_t)sqlite3_column_int64(row, 0);
    c->total = (uint64_t)sqlite3_column_int64(row, 1);
    return HONE_OK;
}

static hone_status check_all(checking *c) {
    HONE_TRY(for_rows(c, "PRAGMA main.integrity_check(100)", integrity_row));
    HONE_TRY(for_rows(c, "PRAGMA main.foreign_key_check", foreign_row));
    HONE_TRY(for_rows(c, promises, promise_row));
    HONE_TRY(for_rows(c,
                      "SELECT (SELECT count(*) FROM main.chunks), "
                      "(SELECT total(file_size) FROM main.ai_models)",
                      totals_row));
    HONE_TRY(for_rows(c, "SELECT model_id, model_name, version FROM main.ai_models", model_row));
    HONE_TRY(for_rows(c,
                      "SELECT m.model_name, m.version, f.card, f.card_checksum FROM "
                      "main.model_files f JOIN main.ai_models m ON m.model_id = f.model_id "
                      "WHERE f.card IS NOT NULL OR f.card_checksum IS NOT NULL",
                      card_row));
    return for_rows(c,
                    "SELECT chunk_id FROM main.chunks c WHERE NOT EXISTS(SELECT 1 FROM "
                    "main.model_chunks l WHERE l.chunk_id = "
                    "c.chunk_id)",
                    spare_row);
}

hone_status hone_store_verify(hone_store *store, hone_progress progress, void *user,
                              hone_store_report *report, hone_error *error) {
    *report = (hone_store_report){0};
    report_memory *memory = hone__calloc(store->allocator, 1, sizeof *memory);
    if (!memory) return hone_fail_memory(error, sizeof *memory);
    hone__arena_init(&memory->arena, store->allocator);
    report->memory = memory;
    report->problems = memory->problems;
    checking c = {store, report, progress, user, 0, error};
    hone_status status = hone__db_exec(store, "BEGIN", error); /* one state throughout */
    if (status == HONE_OK) {
        status = check_all(&c);
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    report->ok = !report->problem_count;
    if (status != HONE_OK) hone_store_report_free(report);
    return status;
}

void hone_store_report_free(hone_store_report *report) {
    report_memory *memory = report->memory;
    if (memory) {
        const hone_allocator *allocator = memory->arena.allocator;
        hone__arena_release(&memory->arena);
        hone__free(allocator, memory, sizeof *memory);
    }
    *report = (hone_store_report){0};
}

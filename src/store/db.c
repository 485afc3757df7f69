/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's calls with our errors. */
#include "base/error.h"
#include "store/store.h"

static const struct {
    int code;
    hone_status status;
    const char *remedy;
} meanings[] = {
    {SQLITE_NOTADB, HONE_FORMAT, ""},
    {SQLITE_CORRUPT, HONE_CORRUPT, " (the file is damaged: restore it from a copy)"},
    {SQLITE_BUSY, HONE_BUSY, " (another process writes: try again later)"},
    {SQLITE_LOCKED, HONE_BUSY, " (another process writes: try again later)"},
    {SQLITE_NOMEM, HONE_MEMORY, ""},
    {SQLITE_TOOBIG, HONE_LIMIT, ""},
    {SQLITE_CONSTRAINT, HONE_CORRUPT, " (the store contradicts itself: run `hone store verify`)"},
    {SQLITE_READONLY, HONE_IO, " (no permission to write it)"},
};

hone_status hone__db_fail(const hone_store *store, const char *doing, hone_error *error) {
    int code = sqlite3_extended_errcode(store->db) & 0xff;
    hone_status status = HONE_IO;
    const char *remedy = "";
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].code == code) status = meanings[i].status, remedy = meanings[i].remedy;
    return hone_fail(error, status, HONE_NO_OFFSET, "%s: cannot %s: %s%s", store->path, doing,
                     sqlite3_errmsg(store->db), remedy);
}

hone_status hone__db_exec(hone_store *store, const char *sql, hone_error *error) {
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK) return HONE_OK;
    return hone__db_fail(store, store->read_only ? "read the store" : "change the store", error);
}

hone_status hone__db_prepare(hone_store *store, const char *sql, sqlite3_stmt **statement,
                             hone_error *error) {
    *statement = NULL;
    if (sqlite3_prepare_v2(store->db, sql, -1, statement, NULL) == SQLITE_OK) return HONE_OK;
    return hone__db_fail(store, "read the store's tables", error);
}

hone_status hone__db_step(hone_store *store, sqlite3_stmt *statement, bool *row,
                          hone_error *error) {
    int result = sqlite3_step(statement);
    *row = result == SQLITE_ROW;
    if (result == SQLITE_ROW || result == SQLITE_DONE) return HONE_OK;
    return hone__db_fail(
        store, sqlite3_stmt_readonly(statement) ? "read the store" : "write to the store", error);
}

hone_status hone__db_run(hone_store *store, sqlite3_stmt *statement, hone_error *error) {
    bool row;
    hone_status status = hone__db_step(store, statement, &row, error);
    sqlite3_reset(statement);
    return status;
}

hone_status hone__db_end(hone_store *store, hone_status status, hone_error *error) {
    if (status == HONE_OK) status = hone__db_exec(store, "COMMIT", error);
    if (status != HONE_OK) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

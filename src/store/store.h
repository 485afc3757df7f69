/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store share. The database is outside input like any other file: rows are
 * believed only as far as they have been checked. */
#ifndef HONE_STORE_STORE_H
#define HONE_STORE_STORE_H

#include "base/alloc.h"
#include "store/digest.h"
#include <hone/store.h>
#include <sqlite3.h>

#define HONE_STORE_APPLICATION 0x484f4e45 /* "HONE" */
#define HONE_STORE_VERSION     1          /* user_version; docs/store.md tells the policy */
#define HONE_CHUNK_BYTES       524288

struct hone_store {
    const hone_allocator *allocator;
    sqlite3 *db;
    char *path; /* owned */
    bool read_only;
};

/* ---- db.c: SQLite's calls with our errors ---- */

/* The last failure of the database as an error: "PATH: cannot DOING: reason". */
hone_status hone__db_fail(const hone_store *store, const char *doing, hone_error *error);
hone_status hone__db_exec(hone_store *store, const char *sql, hone_error *error);
/* Makes a statement; sqlite3_finalize it, also where it is NULL. */
hone_status hone__db_prepare(hone_store *store, const char *sql, sqlite3_stmt **statement,
                             hone_error *error);
/* *row: there is one. */
hone_status hone__db_step(hone_store *store, sqlite3_stmt *statement, bool *row, hone_error *error);
/* Steps a statement that gives no rows and makes it ready for the next values. */
hone_status hone__db_run(hone_store *store, sqlite3_stmt *statement, hone_error *error);
/* Ends a transaction: commits where status is HONE_OK, else rolls back. Returns what came of it. */
hone_status hone__db_end(hone_store *store, hone_status status, hone_error *error);

/* ---- name.c ---- */

hone_status hone__name_check(const char *name, size_t length, hone_error *error);
hone_status hone__version_check(const char *version, hone_error *error);
/* The id of "NAME@VERSION", of the newest of "NAME", or, where `name` is given, of its version
 * "VERSION". */
hone_status hone__model_find(hone_store *store, const char *model, const char *name, int64_t *id,
                             hone_error *error);
const char *hone__format_name(hone_format format);
hone_format hone__format_of(const char *name);

/* ---- chunk.c ---- */

/* Puts chunks into the store, each once. */
typedef struct hone_chunk_writer {
    hone_store *store;
    sqlite3_stmt *find, *insert, *link;
    void *packed;
    size_t packed_room;
    int64_t model_id, position;
} hone_chunk_writer;

hone_status hone__chunk_writer_open(hone_chunk_writer *writer, hone_store *store, int64_t model_id,
                                    hone_error *error);
hone_status hone__chunk_write(hone_chunk_writer *writer, const void *data, size_t size,
                              hone_error *error);
void hone__chunk_writer_close(hone_chunk_writer *writer);

/* Takes the bytes of a model piece by piece. */
typedef hone_status (*hone_chunk_sink)(void *context, const void *data, size_t size,
                                       hone_error *error);

/* All chunks of a model in order, each checked against its sum; the whole against the model's size
 * and sum. */
hone_status hone__chunks_read(hone_store *store, int64_t model_id, hone_chunk_sink sink,
                              void *context, hone_error *error);
/* Unpacks the chunk in the columns `first` on (checksum, size, stored_size, encoding, data) of a
 * row into `raw` of HONE_CHUNK_BYTES bytes. */
hone_status hone__chunk_unpack(sqlite3_stmt *row, int first, uint8_t *raw, size_t *size,
                               hone_error *error);

/* ---- list.c ---- */

/* Records of a query that `where` ends ("WHERE ..., ORDER BY ..."); `bind` may be NULL. */
typedef hone_status (*hone_list_bind)(sqlite3_stmt *statement, const void *values);
hone_status hone__list_query(hone_store *store, const char *where, hone_list_bind bind,
                             const void *values, hone_store_list *list, hone_error *error);
hone_status hone__list_id(hone_store *store, int64_t model_id, hone_store_list *list,
                          hone_error *error);

#endif

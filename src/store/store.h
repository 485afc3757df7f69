/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store share. The database is outside input like any other file: rows are
 * believed only as far as they have been checked. */
#ifndef HONE_STORE_STORE_H
#define HONE_STORE_STORE_H

#include "base/alloc.h"
#include "base/arena.h"
#include "store/delta/frame.h"
#include "store/digest.h"
#include <hone/store.h>
#include <sqlite3.h>

#define HONE_STORE_APPLICATION 0x484f4e45 /* "HONE" */
#define HONE_STORE_VERSION     2          /* user_version; docs/store.md tells the policy */
#define HONE_CHUNK_BYTES       524288     /* of a new chunk, at most */
#define HONE_CHUNK_MOST        1048576    /* of any chunk */
#define HONE_CHUNK_DEPTH       8          /* chunks told by means of each other, at most */
#define HONE_CUT_BYTES         16384 /* tensors of at least so many begin a chunk of their own */

struct hone_store {
    const hone_allocator *allocator;
    sqlite3 *db;
    char *path; /* owned */
    bool read_only;
    int version; /* of its tables; an older one than ours only where read_only */
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
/* Names of element types as tables have them: "float32"; HONE_DTYPE_NONE for others. */
hone_dtype hone__type_of(const char *name);

/* ---- schema.c ---- */

/* Gives the store all tables of the newest version, in one transaction. */
hone_status hone__schema_raise(hone_store *store, hone_error *error);
hone_status hone__schema_version(hone_store *store, int *version, hone_error *error);
/* HONE_FORMAT where a table or column of store->version is missing. */
hone_status hone__schema_probe(hone_store *store, hone_error *error);

/* ---- chunk_read.c ---- */

/* Reads chunks, whatever they are told by. */
typedef struct hone_chunk_reader {
    hone_store *store;
    sqlite3_stmt *select;
    hone_frame_coder *coder;
    uint8_t *data, *spare; /* HONE_CHUNK_MOST bytes each */
} hone_chunk_reader;

/* Close it also after a failure. */
hone_status hone__chunk_reader_open(hone_chunk_reader *reader, hone_store *store,
                                    hone_error *error);
void hone__chunk_reader_close(hone_chunk_reader *reader);
/* The chunk's bytes, checked against its sum, in reader->data until the next call. */
hone_status hone__chunk_read(hone_chunk_reader *reader, int64_t chunk_id, size_t *size,
                             hone_error *error);

/* Takes the bytes of a model piece by piece. */
typedef hone_status (*hone_chunk_sink)(void *context, const void *data, size_t size,
                                       hone_error *error);

/* All chunks of a model in order, each checked against its sum; the whole against the model's size
 * and sum. */
hone_status hone__chunks_read(hone_store *store, int64_t model_id, hone_chunk_sink sink,
                              void *context, hone_error *error);

/* ---- add.c ---- */

/* hone_store_add_file that adds only bytes of this SHA-256 (NULL: any): HONE_CORRUPT for others. */
hone_status hone__add_file(hone_store *store, const char *path, const hone_store_entry *entry,
                           const uint8_t *digest, hone_store_list *list, hone_error *error);

/* ---- layout.c ---- */

typedef struct hone_chunk_place {
    uint64_t offset; /* in the model's file */
    uint32_t size;
    uint32_t depth;
    int64_t chunk_id;
} hone_chunk_place;

/* Where a stored version's chunks and tensors lie: for reading anywhere, and for telling another
 * version by means of this one. */
typedef struct hone_layout {
    hone_store *store;
    int64_t model_id;
    uint64_t size;
    hone_chunk_place *places;
    uint32_t place_count, place_room;
    hone_border *borders; /* names in `texts` */
    uint32_t border_count, border_room;
    hone_arena texts;
    hone_chunk_reader reader;
    int64_t at_hand; /* the chunk in reader.data, or 0 */
} hone_layout;

hone_status hone__layout_open(hone_layout *layout, hone_store *store, int64_t model_id,
                              hone_error *error);
void hone__layout_close(hone_layout *layout);
/* Bytes of the model, as a source of delta.h reads them; each chunk is checked. */
hone_status hone__layout_read(void *layout, uint64_t offset, void *to, size_t size,
                              hone_error *error);
/* The chunk that begins at `offset` and has `size` bytes, or NULL. */
const hone_chunk_place *hone__layout_chunk(const hone_layout *layout, uint64_t offset, size_t size);
/* The tensor of that name, or NULL. */
const hone_border *hone__layout_tensor(const hone_layout *layout, const char *name);

/* ---- chunk_write.c ---- */

/* Puts chunks into the store, each once. */
typedef struct hone_chunk_writer {
    hone_store *store;
    sqlite3_stmt *find, *insert, *link;
    hone_chunk_reader bases;
    hone_frame_coder *coder;
    int64_t model_id, position;
} hone_chunk_writer;

/* What the bytes of a chunk are, and what they may be told by. */
typedef struct hone_chunk_hint {
    hone_element element;
    uint32_t row;
    const hone_chunk_place *base; /* of as many bytes; NULL: none */
} hone_chunk_hint;

hone_status hone__chunk_writer_open(hone_chunk_writer *writer, hone_store *store, int64_t model_id,
                                    hone_error *error);
hone_status hone__chunk_write(hone_chunk_writer *writer, const void *data, size_t size,
                              const hone_chunk_hint *hint, hone_error *error);
void hone__chunk_writer_close(hone_chunk_writer *writer);

/* ---- list.c ---- */

/* Records of a query that `where` ends ("WHERE ..., ORDER BY ..."); `bind` may be NULL. */
typedef hone_status (*hone_list_bind)(sqlite3_stmt *statement, const void *values);
hone_status hone__list_query(hone_store *store, const char *where, hone_list_bind bind,
                             const void *values, hone_store_list *list, hone_error *error);
hone_status hone__list_id(hone_store *store, int64_t model_id, hone_store_list *list,
                          hone_error *error);

#endif

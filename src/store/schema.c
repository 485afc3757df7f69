/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, version by version: a new store takes all steps, an older one those that it lacks.
 * A step once released never changes; docs/store.md describes the tables that come of them. */
#include "base/error.h"
#include "store/store.h"

#include <stdio.h>

static const char version_1[] =
    "CREATE TABLE ai_models("
    "  model_id INTEGER PRIMARY KEY,"
    "  model_name TEXT NOT NULL,"
    "  version TEXT NOT NULL,"
    "  metadata TEXT NOT NULL DEFAULT '{}',"
    "  file_size INTEGER NOT NULL CHECK(file_size >= 0),"
    "  checksum TEXT NOT NULL CHECK(length(checksum) = 64),"
    "  created_at TEXT NOT NULL,"
    "  parent INTEGER REFERENCES ai_models(model_id),"
    "  UNIQUE(model_name, version)) STRICT;"
    "CREATE INDEX ai_models_by_parent ON ai_models(parent);"
    "CREATE TABLE optimized_models("
    "  model_id INTEGER PRIMARY KEY REFERENCES ai_models(model_id) ON DELETE CASCADE,"
    "  model_name TEXT NOT NULL,"
    "  original_size INTEGER NOT NULL,"
    "  quantized_size INTEGER NOT NULL,"
    "  quantization_type TEXT NOT NULL,"
    "  accuracy REAL,"
    "  inference_time REAL,"
    "  created_at TEXT NOT NULL) STRICT;"
    "CREATE TABLE model_files("
    "  model_id INTEGER PRIMARY KEY REFERENCES ai_models(model_id) ON DELETE CASCADE,"
    "  format TEXT NOT NULL,"
    "  card BLOB,"
    "  card_checksum BLOB) STRICT;"
    "CREATE TABLE chunks("
    "  chunk_id INTEGER PRIMARY KEY,"
    "  checksum BLOB NOT NULL UNIQUE CHECK(length(checksum) = 32),"
    "  size INTEGER NOT NULL CHECK(size BETWEEN 1 AND 524288),"
    "  stored_size INTEGER NOT NULL CHECK(stored_size BETWEEN 1 AND 524288),"
    "  encoding INTEGER NOT NULL CHECK(encoding IN (0, 1)),"
    "  data BLOB NOT NULL) STRICT;"
    "CREATE TABLE model_chunks("
    "  model_id INTEGER NOT NULL REFERENCES ai_models(model_id) ON DELETE CASCADE,"
    "  position INTEGER NOT NULL CHECK(position >= 0),"
    "  chunk_id INTEGER NOT NULL REFERENCES chunks(chunk_id),"
    "  PRIMARY KEY(model_id, position)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX model_chunks_by_chunk ON model_chunks(chunk_id);";

/* Chunks may be told by means of others; tensors and tags are known. Encodings get the numbers of
 * delta/frame.h: 1 as it is, 2 zstd. */
static const char version_2[] =
    "CREATE TABLE chunks_2("
    "  chunk_id INTEGER PRIMARY KEY,"
    "  checksum BLOB NOT NULL UNIQUE CHECK(length(checksum) = 32),"
    "  size INTEGER NOT NULL CHECK(size BETWEEN 1 AND 1048576),"
    "  stored_size INTEGER NOT NULL CHECK(stored_size BETWEEN 0 AND 1048576),"
    "  encoding INTEGER NOT NULL CHECK(encoding BETWEEN 1 AND 5),"
    "  element INTEGER NOT NULL DEFAULT 0 CHECK(element BETWEEN 0 AND 15),"
    "  row INTEGER NOT NULL DEFAULT 0 CHECK(row >= 0),"
    "  base INTEGER REFERENCES chunks_2(chunk_id),"
    "  depth INTEGER NOT NULL DEFAULT 0 CHECK(depth BETWEEN 0 AND 8),"
    "  data BLOB NOT NULL) STRICT;"
    "INSERT INTO chunks_2(chunk_id, checksum, size, stored_size, encoding, data)"
    "  SELECT chunk_id, checksum, size, stored_size, encoding + 1, data FROM chunks;"
    "CREATE TABLE model_chunks_2("
    "  model_id INTEGER NOT NULL REFERENCES ai_models(model_id) ON DELETE CASCADE,"
    "  position INTEGER NOT NULL CHECK(position >= 0),"
    "  chunk_id INTEGER NOT NULL REFERENCES chunks_2(chunk_id),"
    "  PRIMARY KEY(model_id, position)) STRICT, WITHOUT ROWID;"
    "INSERT INTO model_chunks_2 SELECT model_id, position, chunk_id FROM model_chunks;"
    "DROP TABLE model_chunks;"
    "DROP TABLE chunks;"
    "ALTER TABLE chunks_2 RENAME TO chunks;"
    "ALTER TABLE model_chunks_2 RENAME TO model_chunks;"
    "CREATE INDEX model_chunks_by_chunk ON model_chunks(chunk_id);"
    "CREATE INDEX chunks_by_base ON chunks(base) WHERE base IS NOT NULL;"
    "CREATE TABLE tensors("
    "  model_id INTEGER NOT NULL REFERENCES ai_models(model_id) ON DELETE CASCADE,"
    "  position INTEGER NOT NULL CHECK(position >= 0),"
    "  tensor_name TEXT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  file_offset INTEGER NOT NULL CHECK(file_offset >= 0),"
    "  size INTEGER NOT NULL CHECK(size >= 0),"
    "  row INTEGER NOT NULL CHECK(row >= 0),"
    "  PRIMARY KEY(model_id, position)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE tags("
    "  model_name TEXT NOT NULL,"
    "  tag TEXT NOT NULL,"
    "  model_id INTEGER NOT NULL REFERENCES ai_models(model_id) ON DELETE CASCADE,"
    "  created_at TEXT NOT NULL,"
    "  PRIMARY KEY(model_name, tag)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX tags_by_model ON tags(model_id);"
    "CREATE VIEW models AS"
    "  SELECT m.model_name AS name, m.version, p.version AS parent_version, f.format,"
    "    m.file_size AS file_bytes, o.quantization_type, o.accuracy,"
    "    o.inference_time AS inference_ms, m.created_at,"
    "    (SELECT group_concat(t.tag, ' ') FROM tags t WHERE t.model_id = m.model_id) AS tags,"
    "    m.metadata"
    "  FROM ai_models m LEFT JOIN ai_models p ON p.model_id = m.parent"
    "  LEFT JOIN model_files f ON f.model_id = m.model_id"
    "  LEFT JOIN optimized_models o ON o.model_id = m.model_id;";

static const char *const steps[] = {version_1, version_2};

_Static_assert(sizeof steps / sizeof *steps == HONE_STORE_VERSION, "a step for each version");

static hone_status take_steps(hone_store *store, int have, hone_error *error) {
    char mark[64];
    for (int version = have; version < HONE_STORE_VERSION; version++)
        HONE_TRY(hone__db_exec(store, steps[version], error));
    snprintf(mark, sizeof mark, "PRAGMA user_version = %d", HONE_STORE_VERSION);
    return hone__db_exec(store, mark, error);
}

hone_status hone__schema_version(hone_store *store, int *version, hone_error *error) {
    sqlite3_stmt *statement;
    bool row = false;
    HONE_TRY(hone__db_prepare(store, "PRAGMA main.user_version", &statement, error));
    hone_status status = hone__db_step(store, statement, &row, error);
    *version = row ? sqlite3_column_int(statement, 0) : 0;
    sqlite3_finalize(statement);
    return status;
}

static hone_status raise_to_newest(hone_store *store, hone_error *error) {
    int have = 0;
    HONE_TRY(hone__schema_version(store, &have, error)); /* another process may have been quicker */
    if (have < 0 || have >= HONE_STORE_VERSION) return HONE_OK;
    return take_steps(store, have, error);
}

/* Foreign keys are off while tables that others refer to are built anew
 * (https://sqlite.org/lang_altertable.html section 7); what refers to nothing is found before the
 * commit. */
hone_status hone__schema_raise(hone_store *store, hone_error *error) {
    HONE_TRY(hone__db_exec(store, "PRAGMA foreign_keys = OFF", error));
    hone_status status = hone__db_exec(store, "BEGIN IMMEDIATE", error);
    if (status == HONE_OK) status = hone__db_end(store, raise_to_newest(store, error), error);
    if (status != HONE_OK) return status; /* the store is closed then */
    store->version = HONE_STORE_VERSION;
    return hone__db_exec(store, "PRAGMA foreign_keys = ON", error);
}

/* A table or column that is missing makes its statement fail to compile. */
static const struct {
    int since;
    const char *sql;
} probes[] = {
    {1, "SELECT model_id, model_name, version, metadata, file_size, checksum, created_at, parent "
        "FROM main.ai_models"},
    {1, "SELECT model_id, model_name, original_size, quantized_size, quantization_type, accuracy, "
        "inference_time, created_at FROM main.optimized_models"},
    {1, "SELECT model_id, format, card, card_checksum FROM main.model_files"},
    {1, "SELECT chunk_id, checksum, size, stored_size, encoding, data FROM main.chunks"},
    {1, "SELECT model_id, position, chunk_id FROM main.model_chunks"},
    {2, "SELECT element, row, base, depth FROM main.chunks"},
    {2, "SELECT model_id, position, tensor_name, type, file_offset, size, row FROM main.tensors"},
    {2, "SELECT model_name, tag, model_id, created_at FROM main.tags"}};

hone_status hone__schema_probe(hone_store *store, hone_error *error) {
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        sqlite3_stmt *statement = NULL;
        if (probes[i].since > store->version) continue;
        int result = sqlite3_prepare_v2(store->db, probes[i].sql, -1, &statement, NULL);
        sqlite3_finalize(statement);
        if (result == SQLITE_ERROR)
            return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                             "%s: not a sound store: %s; restore it from a copy", store->path,
                             sqlite3_errmsg(store->db));
        if (result != SQLITE_OK) return hone__db_fail(store, "read the store's tables", error);
    }
    return HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Making, opening and closing a store.
 *
 * A new store is made under another name and appears when complete. Opening looks at the file's
 * first 100 bytes before SQLite does (https://sqlite.org/fileformat2.html section 1.3), because
 * only so the reason can be told in plain words; then SQLite opens it as a file that an enemy may
 * have written (https://sqlite.org/security.html). */
#include "base/error.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void hone_store_close(hone_store *store) {
    if (!store) return;
    sqlite3_close(store->db);
    if (store->path) hone__free(store->allocator, store->path, strlen(store->path) + 1);
    hone__free(store->allocator, store, sizeof *store);
}

static hone_status store_new(const char *path, const hone_store_options *options,
                             hone_store **store, hone_error *error) {
    const hone_allocator *allocator = options ? options->allocator : NULL;
    *store = hone__calloc(allocator, 1, sizeof **store);
    if (!*store) return hone_fail_memory(error, sizeof **store);
    (*store)->allocator = allocator;
    (*store)->read_only = options && options->read_only;
    (*store)->path = hone__alloc(allocator, strlen(path) + 1, 1);
    if ((*store)->path) {
        memcpy((*store)->path, path, strlen(path) + 1);
        return HONE_OK;
    }
    hone_store_close(*store);
    *store = NULL;
    return hone_fail_memory(error, strlen(path));
}

/* ---- a first look at the file ---- */

static uint32_t load_big(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Bytes of the write-ahead log beside the database; 0 where there is none. */
static uint64_t log_size(const char *path) {
    struct stat facts;
    char *name = malloc(strlen(path) + 5);
    if (!name) return 0;
    sprintf(name, "%s-wal", path);
    uint64_t size = stat(name, &facts) ? 0 : (uint64_t)facts.st_size;
    free(name);
    return size;
}

static hone_status judge_header(const char *path, const uint8_t *header, uint64_t size,
                                hone_error *error) {
    if (size < 100 || memcmp(header, "SQLite format 3", 16))
        return hone_fail(error, HONE_FORMAT, 0, "%s: not a store: not a SQLite database", path);
    if (load_big(header + 68) != HONE_STORE_APPLICATION)
        return hone_fail(error, HONE_FORMAT, 68,
                         "%s: a SQLite database, but not a Hone store (make one with "
                         "`hone store init`)",
                         path);
    if (load_big(header + 60) > HONE_STORE_VERSION)
        return hone_fail(error, HONE_UNSUPPORTED, 60,
                         "%s: a store of version %u; this program reads up to %d", path,
                         load_big(header + 60), HONE_STORE_VERSION);
    uint64_t page = (uint32_t)header[16] << 8 | header[17];
    uint64_t told = load_big(header + 28) * (page == 1 ? 65536 : page);
    if (told <= size || log_size(path)) return HONE_OK; /* a log may hold the rest */
    return hone_fail(error, HONE_CORRUPT, size,
                     "%s: truncated: it has %llu bytes of %llu; restore it from a copy", path,
                     (unsigned long long)size, (unsigned long long)told);
}

/* Through SQLite's own handle: a process that opened and closed the file once more would lose all
 * its locks on it (https://sqlite.org/howtocorrupt.html section 2.2). */
static hone_status look_at(const hone_store *store, hone_error *error) {
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    uint8_t header[100] = {0};
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (!file || !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: cannot be read", store->path);
    int result = file->pMethods->xRead(file, header, sizeof header, 0);
    if (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ)
        return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: cannot be read", store->path);
    return judge_header(store->path, header, (uint64_t)size, error);
}

static hone_status check_file(const char *path, hone_error *error) {
    struct stat facts;
    if (stat(path, &facts))
        return hone_fail(error, errno == ENOENT ? HONE_NOT_FOUND : HONE_IO, HONE_NO_OFFSET,
                         "%s: cannot open the store: %s%s", path, strerror(errno),
                         errno == ENOENT ? " (make one with `hone store init`)" : "");
    if (S_ISREG(facts.st_mode)) return HONE_OK;
    return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: not a regular file", path);
}

/* ---- SQLite ---- */

static void harden(hone_store *store, uint32_t wait_ms) {
    sqlite3 *db = store->db;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, wait_ms ? (int)(wait_ms & 0x7fffffff) : 10000);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 32 << 20);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
}

static const char settings[] = "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
                               "PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;"
                               "PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL;"
                               "PRAGMA journal_size_limit = 16777216;";

/* "file:" and the path, with what URIs give a meaning to escaped. */
static char *immutable_uri(const char *path) {
    static const char tail[] = "?immutable=1";
    char *uri = malloc(5 + strlen(path) * 3 + sizeof tail), *to = uri;
    if (!uri) return NULL;
    to += sprintf(to, "file:");
    for (; *path; path++)
        to += strchr("?#%", *path) ? sprintf(to, "%%%02x", (unsigned char)*path)
                                   : sprintf(to, "%c", *path);
    memcpy(to, tail, sizeof tail);
    return uri;
}

static int open_as(hone_store *store, const char *name, int flags, uint32_t wait_ms) {
    sqlite3_close(store->db);
    store->db = NULL;
    int result = sqlite3_open_v2(name, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK) harden(store, wait_ms);
    return result;
}

/* The settings, and the first page: that is when SQLite opens logs and takes locks. */
static int touch(hone_store *store) {
    int result = sqlite3_exec(store->db, settings, NULL, NULL, NULL);
    if (result != SQLITE_OK) return result;
    return sqlite3_exec(store->db, "SELECT count(*) FROM main.sqlite_schema", NULL, NULL, NULL);
}

/* A reader, too, is opened for writing where that is allowed (query_only keeps it from it): the
 * last one to close the store then removes the log's files, which a pure reader would leave lying.
 *
 * Readers of a write-ahead log must write a file beside the database. Where they cannot (read-only
 * media), a database without a log is read as one that nobody can change. */
static int touch_unwritable(hone_store *store, int result, uint32_t wait_ms) {
    int code = result & 0xff;
    if ((code != SQLITE_CANTOPEN && code != SQLITE_READONLY) || log_size(store->path))
        return result;
    char *uri = immutable_uri(store->path);
    if (!uri) return SQLITE_NOMEM;
    result = open_as(store, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, wait_ms);
    free(uri);
    return result == SQLITE_OK ? touch(store) : result;
}

static hone_status connect_store(hone_store *store, uint32_t wait_ms, hone_error *error) {
    int result = open_as(store, store->path, SQLITE_OPEN_READWRITE, wait_ms);
    if (result == SQLITE_OK) {
        HONE_TRY(look_at(store, error));
        result = touch(store);
        if (result != SQLITE_OK && store->read_only)
            result = touch_unwritable(store, result, wait_ms);
    }
    if (result == SQLITE_OK && store->read_only)
        result = sqlite3_exec(store->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    if (result == SQLITE_OK) return HONE_OK;
    if (store->db) return hone__db_fail(store, "open the store", error);
    return hone_fail_memory(error, 1);
}

/* A store of an older version is raised to the newest by the first that opens it for writing; who
 * only reads takes it as it is. */
static hone_status meet_version(hone_store *store, hone_error *error) {
    HONE_TRY(hone__schema_version(store, &store->version, error));
    if (store->version < 1)
        return hone_fail(error, HONE_FORMAT, 60, "%s: not a sound store: it has no version",
                         store->path);
    HONE_TRY(hone__schema_probe(store, error));
    if (store->version >= HONE_STORE_VERSION || store->read_only) return HONE_OK;
    return hone__schema_raise(store, error);
}

hone_status hone_store_open(const char *path, const hone_store_options *options, hone_store **store,
                            hone_error *error) {
    *store = NULL;
    HONE_TRY(check_file(path, error));
    HONE_TRY(store_new(path, options, store, error));
    hone_status status = connect_store(*store, options ? options->wait_ms : 0, error);
    if (status == HONE_OK) status = meet_version(*store, error);
    if (status == HONE_OK) return HONE_OK;
    hone_store_close(*store);
    *store = NULL;
    return status;
}

/* ---- making one ---- */

static hone_status fill_new(hone_store *store, const char *temporary, hone_error *error) {
    char identity[128];
    snprintf(identity, sizeof identity, "PRAGMA page_size = 16384; PRAGMA application_id = %d;",
             HONE_STORE_APPLICATION);
    if (open_as(store, temporary, SQLITE_OPEN_READWRITE, 0) != SQLITE_OK)
        return hone__db_fail(store, "make the store", error);
    HONE_TRY(hone__db_exec(store, settings, error));
    HONE_TRY(hone__db_exec(store, identity, error));
    HONE_TRY(hone__db_exec(store, "PRAGMA journal_mode = WAL", error));
    HONE_TRY(hone__schema_raise(store, error));
    if (sqlite3_close(store->db) != SQLITE_OK) /* moves the log into the file and removes it */
        return hone__db_fail(store, "make the store", error);
    store->db = NULL;
    return HONE_OK;
}

/* Gives the finished file its name unless something has it already. Without hard links (FAT) there
 * is a moment in which another file of that name could be lost. */
static hone_status publish(const char *temporary, const char *path, hone_error *error) {
    if (!link(temporary, path)) {
        unlink(temporary);
        return HONE_OK;
    }
    if (errno != EEXIST && access(path, F_OK) && !rename(temporary, path)) return HONE_OK;
    int reason = access(path, F_OK) ? errno : EEXIST;
    unlink(temporary);
    return hone_fail(error, reason == EEXIST ? HONE_EXISTS : HONE_IO, HONE_NO_OFFSET,
                     "%s: cannot make the store: %s", path, strerror(reason));
}

static hone_status make_file(const char *path, char *temporary, hone_error *error) {
    sprintf(temporary, "%s.tmp-XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: cannot make the store: %s", path,
                         strerror(errno));
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
    close(fd);
    return HONE_OK;
}

hone_status hone_store_create(const char *path, const hone_store_options *options,
                              hone_store **store, hone_error *error) {
    *store = NULL;
    if (!access(path, F_OK))
        return hone_fail(error, HONE_EXISTS, HONE_NO_OFFSET, "%s: exists already", path);
    char *temporary = malloc(strlen(path) + sizeof ".tmp-XXXXXX");
    if (!temporary) return hone_fail_memory(error, strlen(path));
    hone_status status = make_file(path, temporary, error);
    bool made = status == HONE_OK;
    if (made) status = store_new(path, options, store, error);
    if (status == HONE_OK) status = fill_new(*store, temporary, error);
    hone_store_close(*store);
    *store = NULL;
    if (status == HONE_OK)
        status = publish(temporary, path, error);
    else if (made)
        unlink(temporary);
    free(temporary);
    return status == HONE_OK ? hone_store_open(path, options, store, error) : status;
}

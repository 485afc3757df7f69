/* SPDX-License-Identifier: Apache-2.0 */
/* The model store: every version of every model in one SQLite file. It knows bytes, not graphs;
 * docs/store.md describes the tables, which any SQLite tool may read. */
#ifndef HONE_STORE_H
#define HONE_STORE_H

#include <hone/model.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_STORE_MAX_NAME     128
#define HONE_STORE_MAX_VERSION  64
#define HONE_STORE_MAX_METADATA (1u << 20)
#define HONE_STORE_MAX_CARD     (16u << 20)

typedef struct hone_store hone_store;

typedef struct hone_store_options {
    const hone_allocator *allocator;
    bool read_only;   /* changes nothing that is stored; works on read-only media */
    uint32_t wait_ms; /* how long to wait for another writer; 0: 10,000 */
} hone_store_options;

/* Makes an empty store; HONE_EXISTS when there is a file of that name. `options` may be NULL. The
 * caller closes *store. One store is used by one thread at a time; several processes may have the
 * same file open. */
HONE_API hone_status hone_store_create(const char *path, const hone_store_options *options,
                                       hone_store **store, hone_error *error);

/* Opens a store. HONE_NOT_FOUND: no such file; HONE_FORMAT: not a store; HONE_UNSUPPORTED: of a
 * newer Hone; HONE_CORRUPT: damaged or truncated. */
HONE_API hone_status hone_store_open(const char *path, const hone_store_options *options,
                                     hone_store **store, hone_error *error);
HONE_API void hone_store_close(hone_store *store); /* NULL is fine */

/* What the optimizer knows of a model it made: a row of optimized_models beside that of ai_models.
 */
typedef struct hone_store_optimized {
    uint64_t original_size;        /* bytes of the file that it was made from */
    uint64_t quantized_size;       /* bytes of this one; 0: as found when it is added */
    const char *quantization_type; /* "int8", "float16", ... */
    double accuracy;               /* a fraction, 0 to 1; negative: not measured */
    double inference_time;         /* median of one run in milliseconds; negative: not measured */
} hone_store_optimized;

typedef struct hone_store_entry {
    const char *name;     /* 1 to 128 bytes of UTF-8 without control characters, / \ : @, not
                             beginning with . or - */
    const char *version;  /* a positive integer or MAJOR.MINOR.PATCH (semver.org); NULL: one more
                             than the largest integer version of that name */
    const char *parent;   /* the version it was made from: VERSION of the same name, or
                             NAME@VERSION; NULL: none */
    const char *metadata; /* a JSON object; NULL: {} */
    hone_format format;
    const char *card; /* of `card_size` bytes, NULL: none; given back with the model */
    size_t card_size;
    const hone_border *borders; /* where its tensors lie (hone_model_borders): what other versions
                                   are compared by, and share; NULL: unknown */
    uint32_t border_count;
    const hone_store_optimized *optimized; /* NULL: an original */
    hone_progress progress;                /* NULL: none; units are bytes */
    void *progress_user;
} hone_store_entry;

/* One version as it is stored. Texts belong to the list it came in. */
typedef struct hone_store_record {
    int64_t model_id;
    const char *name, *version;
    const char *parent;     /* VERSION, or NAME@VERSION where the name is another; NULL: none */
    const char *metadata;   /* a JSON object */
    const char *sha256;     /* of the model's bytes, 64 hexadecimal digits */
    const char *created_at; /* UTC, "2026-01-31T23:59:59Z" */
    hone_format format;
    uint64_t bytes;        /* of the model's file */
    uint64_t stored_bytes; /* its chunks as they lie in the store; chunks shared with other versions
                              count in each */
    uint64_t card_bytes;
    bool is_optimized;
    hone_store_optimized optimized;
} hone_store_record;

typedef struct hone_store_list {
    uint32_t count;
    hone_store_record *records;
    void *memory;
} hone_store_list;

HONE_API void hone_store_list_free(hone_store_list *list); /* harmless on a zeroed one */

/* Adds the bytes as one new version, in one transaction: afterwards the store holds all of it or is
 * as it was, whatever happens meanwhile. Memory does not grow with the size. `list` may be NULL;
 * else it receives the one record. HONE_EXISTS: that name has this version; HONE_NOT_FOUND: no such
 * parent; HONE_BUSY: another writer was not done in time; HONE_USAGE: a name or version that is
 * none. The format is told by the file's ending where the entry does not say it. */
HONE_API hone_status hone_store_add_file(hone_store *store, const char *path,
                                         const hone_store_entry *entry, hone_store_list *list,
                                         hone_error *error);
HONE_API hone_status hone_store_add_memory(hone_store *store, const void *bytes, size_t size,
                                           const hone_store_entry *entry, hone_store_list *list,
                                           hone_error *error);

/* All versions of `name` from the newest to the oldest; of all names, sorted by name, when it is
 * NULL. HONE_NOT_FOUND for a name without versions. */
HONE_API hone_status hone_store_log(hone_store *store, const char *name, hone_store_list *list,
                                    hone_error *error);

/* The versions that `where` describes, NULL or "" for all: comparisons of name, version, size,
 * stored, format, type, accuracy, latency, created with = != < <= > >=, a number with a unit (4MB,
 * 512KiB, 80ms) or a word, joined by and, or, not and parentheses: "accuracy>0.9 and size<4MB". A
 * comparison with what was not measured is false. HONE_USAGE names the place of an error. */
HONE_API hone_status hone_store_find(hone_store *store, const char *where, hone_store_list *list,
                                     hone_error *error);

/* One version: "NAME@VERSION", or "NAME" for the newest. */
HONE_API hone_status hone_store_show(hone_store *store, const char *model, hone_store_list *list,
                                     hone_error *error);

/* The very bytes that were added, every chunk and the whole checked against their sums, into a file
 * that appears only when whole. A card that was added with them is written beside a file whose name
 * ends in .onnx, as hone_model_save does. `list` may be NULL. */
HONE_API hone_status hone_store_get_file(hone_store *store, const char *model, const char *path,
                                         hone_store_list *list, hone_error *error);

/* A model in memory, with what belongs to it. */
typedef struct hone_store_bytes {
    void *data; /* 64-byte aligned */
    size_t size;
    hone_format format;
    char *card; /* NULL: none */
    size_t card_size;
    const hone_allocator *allocator;
} hone_store_bytes;

HONE_API hone_status hone_store_read(hone_store *store, const char *model, hone_store_bytes *bytes,
                                     hone_error *error);
HONE_API void hone_store_bytes_free(hone_store_bytes *bytes); /* harmless on a zeroed one */

/* A MODEL argument of the form STORE.db:NAME[@VERSION]. False for any other, and for the name of a
 * file that exists. *model points into `text`, behind the colon; *path_length is the length of the
 * store's path before it. */
HONE_API bool hone_store_is_model(const char *text, size_t *path_length, const char **model);
/* Opens the store that such an argument names, reads the model and closes the store again. */
HONE_API hone_status hone_store_read_model(const char *text, const hone_allocator *allocator,
                                           hone_store_bytes *bytes, hone_error *error);

typedef struct hone_store_delta_report {
    uint64_t delta_bytes; /* of the file that was written */
    uint64_t full_bytes;  /* of the model that it leads to */
} hone_store_delta_report;

/* Writes what leads from the version `from` to the version `to` ("NAME@VERSION" or "NAME") into a
 * file that appears only when whole: tensor by tensor the smallest of what is known to tell it
 * (docs/formats.md). Takes memory for a few frames of 1 MiB. `report` may be NULL. */
HONE_API hone_status hone_store_delta(hone_store *store, const char *from, const char *to,
                                      const char *path, hone_progress progress, void *user,
                                      hone_store_delta_report *report, hone_error *error);

/* Adds the version that a delta leads to, under the name, version and metadata it had where the
 * delta was made. The store must hold the bytes that the delta starts from, under whatever name:
 * HONE_NOT_FOUND. Every tensor and the whole are checked against their SHA-256 before the version
 * can be seen. Interrupted, it leaves STORE-apply-SUM beside the store and goes on from there next
 * time. `list` may be NULL. HONE_EXISTS: that name has this version; HONE_CORRUPT: a damaged delta;
 * HONE_FORMAT, HONE_UNSUPPORTED: not a delta, or a newer one's. */
HONE_API hone_status hone_store_apply(hone_store *store, const char *path, hone_progress progress,
                                      void *user, hone_store_list *list, hone_error *error);

typedef struct hone_store_report {
    bool ok;                     /* no problem was found */
    uint32_t models, chunks;     /* that were checked */
    uint64_t bytes;              /* of models that were read and summed */
    uint32_t problem_count;      /* at most 1000 are listed */
    const char *const *problems; /* a line each */
    void *memory;
} hone_store_report;

/* Checks everything: the database's own structure, every reference, the sum of every chunk, model
 * and card. HONE_OK also where problems were found: the report says so. */
HONE_API hone_status hone_store_verify(hone_store *store, hone_progress progress, void *user,
                                       hone_store_report *report, hone_error *error);
HONE_API void hone_store_report_free(hone_store_report *report); /* harmless on a zeroed one */

#ifdef __cplusplus
}
#endif
#endif

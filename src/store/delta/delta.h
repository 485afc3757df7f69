/* SPDX-License-Identifier: Apache-2.0 */
/* A delta: how one file becomes another. docs/formats.md describes its bytes.
 *
 * A plan cuts the new file into entries, each told by a stretch of the old file or by nothing;
 * entries that changed are coded frame by frame (frame.h); large ones end with the SHA-256 of
 * their bytes, and the new file's own is in the header.
 * Reading and applying take memory for one frame and the plan, however large the files. */
#ifndef HONE_STORE_DELTA_DELTA_H
#define HONE_STORE_DELTA_DELTA_H

#include "base/file.h"
#include "store/delta/frame.h"
#include <hone/store.h>

#define HONE_DELTA_SUMMED       4096 /* entries of fewer bytes have no SHA-256 of their own */
#define HONE_DELTA_MAX_ENTRIES  (1u << 20)
#define HONE_DELTA_MAX_TABLE    (64u << 20)
#define HONE_DELTA_MAX_MANIFEST (32u << 20)

/* Bytes that can be read anywhere: exactly `size` bytes from `offset`, or an error. */
typedef struct hone_byte_source {
    uint64_t size;
    hone_status (*read)(void *context, uint64_t offset, void *to, size_t size, hone_error *error);
    void *context;
} hone_byte_source;

typedef struct hone_delta_entry {
    uint64_t size; /* of the new bytes; entries follow each other without gaps */
    hone_element element;
    uint32_t row;
    bool same, has_old;
    uint64_t old_offset, old_size;
} hone_delta_entry;

typedef struct hone_delta_plan {
    const hone_allocator *allocator;
    hone_delta_entry *entries;
    uint32_t count, capacity;
} hone_delta_plan;

void hone__delta_plan_free(hone_delta_plan *plan); /* harmless on a zeroed one */

/* One of the two files. Borders are sorted by offset, inside the file, and do not overlap. */
typedef struct hone_delta_side {
    hone_byte_source bytes;
    const hone_border *borders;
    uint32_t border_count;
    uint8_t sha256[32];
} hone_delta_side;

/* What a type's numbers are coded as; HONE_ELEMENT_BYTES where nothing is known of them. */
hone_element hone__element_of(hone_dtype dtype);

/* borders.c: HONE_USAGE where borders are not in order, overlap, or leave a file of `size` bytes.
 */
hone_status hone__borders_check(const hone_border *borders, uint32_t count, uint64_t size,
                                hone_error *error);
/* The number of the first border at or behind `offset`; `count` where there is none. */
uint32_t hone__borders_first(const hone_border *borders, uint32_t count, uint64_t offset);

/* plan.c: pairs tensors by name, or by place where a name is not found; what did not change is
 * marked so (reads both files once). */
hone_status hone__delta_plan(const hone_allocator *allocator, const hone_delta_side *before,
                             const hone_delta_side *after, hone_delta_plan *plan,
                             hone_error *error);

/* What a delta says of itself: opaque here. */
typedef struct hone_delta_manifest {
    const char *text;
    size_t size;
} hone_delta_manifest;

/* write.c: plans and writes; `progress` may be NULL. */
hone_status hone__delta_write(const hone_allocator *allocator, const hone_delta_side *before,
                              const hone_delta_side *after, hone_delta_manifest manifest,
                              hone_writer *writer, hone_progress progress, void *user,
                              hone_error *error);

/* A delta that is being read. */
typedef struct hone_delta {
    const hone_allocator *allocator;
    hone_byte_source bytes;
    uint64_t body; /* where the frames begin */
    uint64_t old_size, new_size;
    uint8_t old_sha256[32], new_sha256[32];
    hone_delta_plan plan;
    char *manifest; /* NUL-terminated */
    size_t manifest_size;
} hone_delta;

/* read.c: header, manifest and plan, all checked. Close it also after a failure. */
hone_status hone__delta_open(const hone_allocator *allocator, const hone_byte_source *bytes,
                             hone_delta *delta, hone_error *error);
void hone__delta_close(hone_delta *delta);

/* Takes new bytes at their place; places only grow. */
typedef hone_status (*hone_delta_sink)(void *context, uint64_t offset, const void *data,
                                       size_t size, hone_error *error);

/* apply.c: the new bytes, in frames, to `sink`. Frames that lie wholly in `have` (NULL: nothing),
 * what an interrupted application left, are read there and checked, and not given to the sink.
 * HONE_CORRUPT names what does not match; then nothing that came out may be used. The old bytes are
 * believed as far as their stretches lead to right checksums. */
hone_status hone__delta_apply(const hone_delta *delta, const hone_byte_source *before,
                              const hone_byte_source *have, hone_delta_sink sink, void *context,
                              hone_progress progress, void *user, hone_error *error);

/* The frame that begins `done` bytes into an entry, its old bytes (read to `old_bytes`) those as
 * far into the old stretch. */
hone_frame hone__delta_frame(const hone_delta_entry *entry, uint64_t done,
                             const uint8_t *old_bytes);

/* ---- the file's header, for write.c and read.c ---- */

#define HONE_DELTA_MAGIC   "HONEDLT\x1a"
#define HONE_DELTA_VERSION 1u

enum {
    HONE_DELTA_VERSION_AT = 8,
    HONE_DELTA_CRC_AT = 12, /* of header, table and manifest as stored, itself zero */
    HONE_DELTA_OLD_SIZE_AT = 16,
    HONE_DELTA_NEW_SIZE_AT = 24,
    HONE_DELTA_OLD_SHA_AT = 32,
    HONE_DELTA_NEW_SHA_AT = 64,
    HONE_DELTA_TABLE_AT = 96,     /* bytes unpacked, bytes stored (4 each) */
    HONE_DELTA_MANIFEST_AT = 104, /* the same */
    HONE_DELTA_ENTRIES_AT = 112,
    HONE_DELTA_HEADER = 116
};

/* In an entry's first byte of the table: the element, and: */
enum { HONE_DELTA_SAME = 16, HONE_DELTA_OLD = 32, HONE_DELTA_OTHER_SIZE = 64 };

#endif

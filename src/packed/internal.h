/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of src/packed share. */
#ifndef HONE_PACKED_INTERNAL_H
#define HONE_PACKED_INTERNAL_H

#include "base/alloc.h"
#include "base/file.h"
#include "packed/packed.h"

/* A cache file in memory. */
typedef struct hone_packed_file {
    const uint8_t *data; /* NULL: none */
    size_t size;
} hone_packed_file;

/* One that is being made: forms are written where offset() says, then it is committed. */
typedef struct hone_packed_draft {
    hone_writer writer;
    uint8_t *data; /* NULL: none */
    size_t size;
} hone_packed_draft;

/* How the wanted forms lie in a file: header, table, forms, each on a 64-byte boundary. False when
 * they are too many. */
bool hone__packed_layout(hone_packed_want *const *wants, uint32_t count, size_t *size);
/* The offset of the form behind `offset`; the first one's for offset 0. */
size_t hone__packed_first(uint32_t count);
size_t hone__packed_next(size_t offset, size_t bytes);

/* "folder/<32 digits>.hpk" of these wants, in memory of the allocator; NULL: none left. */
char *hone__packed_path(const hone_allocator *allocator, const char *folder,
                        hone_packed_want *const *wants, uint32_t count);

/* Maps a file that is exactly what the wants expect; false: there is none. */
bool hone__packed_open(const char *path, hone_packed_want *const *wants, uint32_t count,
                       hone_packed_file *file);
void hone__packed_close(hone_packed_file *file);

/* A new file of that size, mapped for writing, all room on the disk taken; false: it cannot be. */
bool hone__packed_draft(const char *path, size_t size, hone_packed_draft *draft);
/* Header and table, then the name. The mapping becomes read-only and is handed over in *file, even
 * where the file could not be kept. */
void hone__packed_commit(hone_packed_draft *draft, hone_packed_want *const *wants, uint32_t count,
                         hone_packed_file *file);
void hone__packed_abandon(hone_packed_draft *draft);

/* cache.c: the folder is there, and has room for `bytes` more within the limit; false: no. */
bool hone__packed_make_room(const hone_packed_cache *cache, uint64_t bytes);

#define HONE_PACKED_ENDING ".hpk"

#endif

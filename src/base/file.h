/* SPDX-License-Identifier: Apache-2.0 */
/* Files: mapping for reading, and writing that leaves either the old file or the whole new one. */
#ifndef HONE_BASE_FILE_H
#define HONE_BASE_FILE_H

#include "base/alloc.h"

typedef struct hone_mapping {
    const uint8_t *data; /* read only; NULL when size is 0 */
    size_t size;
} hone_mapping;

/* HONE_NOT_FOUND, or HONE_IO with the system's reason and the path in the message; a folder or
 * other non-regular file is HONE_IO. */
hone_status hone__file_map(const char *path, hone_mapping *mapping, hone_error *error);
void hone__file_unmap(hone_mapping *mapping);
/* Gives the pages of a mapped file that lie wholly inside back to the system, which reads them
 * again when they are touched. */
void hone__file_forget(const hone_mapping *mapping, const void *data, size_t size);

/* What a file can be told by from another, and from itself at another time. */
typedef struct hone_file_stamp {
    uint64_t device, inode, size;
    int64_t modified[2], changed[2]; /* seconds, nanoseconds */
    bool settled; /* not changed just now: a later change would show in the times */
} hone_file_stamp;

/* hone__file_map, telling the stamp of what was mapped. */
hone_status hone__file_map_stamped(const char *path, hone_mapping *mapping, hone_file_stamp *stamp,
                                   hone_error *error);

/* A whole small file, NUL-terminated behind its `size` bytes; HONE_LIMIT above `max_bytes`. Free
 * with hone__free(a, data, size + 1). */
hone_status hone__file_read(const hone_allocator *allocator, const char *path, size_t max_bytes,
                            char **data, size_t *size, hone_error *error);

/* Writing: bytes go to PATH.tmp-XXXXXX in the same folder; commit = flush, fsync, rename, fsync of
 * the folder. */
typedef struct hone_writer {
    int fd;
    char *path, *temporary;
    uint64_t written;
} hone_writer;

hone_status hone__writer_open(hone_writer *writer, const char *path, hone_error *error);
hone_status hone__writer_put(hone_writer *writer, const void *data, size_t size, hone_error *error);
/* Overwrites bytes already put (a header that is known last). */
hone_status hone__writer_patch(hone_writer *writer, uint64_t at, const void *data, size_t size,
                               hone_error *error);
hone_status hone__writer_commit(hone_writer *writer, hone_error *error);
/* Removes the temporary file; harmless after a commit or on a zeroed writer. */
void hone__writer_abandon(hone_writer *writer);

/* "a/b/c.onnx" -> ".onnx"; "" without one. Points into path. */
const char *hone__path_ending(const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping and whole-file writing; see file.h. */
#include "base/file.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static hone_status fail_io(hone_error *error, const char *path, const char *doing) {
    hone_status status = errno == ENOENT || errno == ENOTDIR ? HONE_NOT_FOUND : HONE_IO;
    return hone_fail(error, status, HONE_NO_OFFSET, "%s: cannot %s: %s", path, doing,
                     strerror(errno));
}

static hone_status open_regular(const char *path, int *fd, struct stat *facts, hone_error *error) {
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not hold us up */
    if (*fd < 0) return fail_io(error, path, "open");
    if (fstat(*fd, facts) || !S_ISREG(facts->st_mode) || facts->st_size < 0) {
        close(*fd);
        return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: not a regular file", path);
    }
    return HONE_OK;
}

/* The system's clock for files steps by up to 10 ms, or by 2 s where it counts whole seconds: what
 * changed within the last step may change again and show no other time. */
static bool is_settled(const struct timespec *changed) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now)) return false;
    double age =
        (double)(now.tv_sec - changed->tv_sec) + 1e-9 * (double)(now.tv_nsec - changed->tv_nsec);
    return age > (changed->tv_nsec ? 0.02 : 2.5);
}

static hone_file_stamp stamp_of(const struct stat *facts) {
    return (hone_file_stamp){
        .device = (uint64_t)facts->st_dev,
        .inode = (uint64_t)facts->st_ino,
        .size = (uint64_t)facts->st_size,
        .modified = {facts->st_mtim.tv_sec, facts->st_mtim.tv_nsec},
        .changed = {facts->st_ctim.tv_sec, facts->st_ctim.tv_nsec},
        .settled = is_settled(&facts->st_ctim),
    };
}

hone_status hone__file_map(const char *path, hone_mapping *mapping, hone_error *error) {
    hone_file_stamp stamp;
    return hone__file_map_stamped(path, mapping, &stamp, error);
}

hone_status hone__file_map_stamped(const char *path, hone_mapping *mapping, hone_file_stamp *stamp,
                                   hone_error *error) {
    int fd;
    struct stat facts;
    *mapping = (hone_mapping){0};
    HONE_TRY(open_regular(path, &fd, &facts, error));
    *stamp = stamp_of(&facts);
    mapping->size = (size_t)facts.st_size;
    void *data = mapping->size ? mmap(NULL, mapping->size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    close(fd);
    if (data == MAP_FAILED) {
        mapping->size = 0;
        return fail_io(error, path, "map");
    }
    mapping->data = data;
    return HONE_OK;
}

/* munmap and madvise take what mmap gave, without const. */
static void *as_mapped(const uint8_t *data) {
    union {
        const uint8_t *given;
        void *mapped;
    } memory = {.given = data};
    return memory.mapped;
}

void hone__file_unmap(hone_mapping *mapping) {
    if (mapping->data) munmap(as_mapped(mapping->data), mapping->size);
    *mapping = (hone_mapping){0};
}

/* Pages count from the mapping's beginning, which is one's. */
void hone__file_forget(const hone_mapping *mapping, const void *data, size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE),
           at = (size_t)((const uint8_t *)data - mapping->data);
    size_t begin = (at + page - 1) / page * page, end = (at + size) / page * page;
    if (begin < end) madvise(as_mapped(mapping->data + begin), end - begin, MADV_DONTNEED);
}

hone_status hone__file_read(const hone_allocator *allocator, const char *path, size_t max_bytes,
                            char **data, size_t *size, hone_error *error) {
    hone_mapping file;
    *data = NULL;
    HONE_TRY(hone__file_map(path, &file, error));
    hone_status status = HONE_OK;
    if (file.size > max_bytes)
        status = hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "%s: %zu bytes; at most %zu are read",
                           path, file.size, max_bytes);
    else if (!(*data = hone__alloc(allocator, file.size + 1, 1)))
        status = hone_fail_memory(error, file.size + 1);
    if (status == HONE_OK) {
        if (file.size) memcpy(*data, file.data, file.size);
        (*data)[ *size = file.size] = 0;
    }
    hone__file_unmap(&file);
    return status;
}

static void forget(hone_writer *writer) {
    if (writer->fd > 0) close(writer->fd);
    free(writer->path);
    free(writer->temporary);
    *writer = (hone_writer){0};
}

/* Like mkstemp, but with the permissions that the process's umask gives: a result is an ordinary
 * file. */
static void create_temporary(hone_writer *writer, size_t at, size_t bytes) {
    static _Atomic unsigned counter;
    for (int tries = 0; tries < 1000; tries++) {
        unsigned unique = ((unsigned)getpid() * 4099u + counter++) & 0xffffffu;
        snprintf(writer->temporary + at, bytes - at, ".tmp-%06x", unique);
        writer->fd = open(writer->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->fd >= 0 || errno != EEXIST) return;
    }
}

hone_status hone__writer_open(hone_writer *writer, const char *path, hone_error *error) {
    *writer = (hone_writer){0};
    size_t bytes = strlen(path) + sizeof ".tmp-XXXXXX";
    writer->path = malloc(bytes);
    writer->temporary = malloc(bytes);
    if (!writer->path || !writer->temporary) {
        forget(writer);
        return hone_fail_memory(error, bytes);
    }
    snprintf(writer->path, bytes, "%s", path);
    memcpy(writer->temporary, path, strlen(path));
    create_temporary(writer, strlen(path), bytes);
    if (writer->fd >= 0) return HONE_OK;
    hone_status status = fail_io(error, path, "write");
    forget(writer);
    return status;
}

static hone_status write_at(hone_writer *writer, uint64_t at, const uint8_t *data, size_t size,
                            hone_error *error) {
    while (size) {
        ssize_t count = pwrite(writer->fd, data, size, (off_t)at);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return fail_io(error, writer->path, "write");
        data += count, at += (uint64_t)count, size -= (size_t)count;
    }
    return HONE_OK;
}

hone_status hone__writer_put(hone_writer *writer, const void *data, size_t size,
                             hone_error *error) {
    HONE_TRY(write_at(writer, writer->written, data, size, error));
    writer->written += size;
    return HONE_OK;
}

hone_status hone__writer_patch(hone_writer *writer, uint64_t at, const void *data, size_t size,
                               hone_error *error) {
    return write_at(writer, at, data, size, error);
}

/* The rename is durable once the folder is. Some file systems refuse fsync on folders: that is no
 * failure. */
static void sync_folder(const char *path) {
    char *folder = strdup(path);
    if (!folder) return;
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

hone_status hone__writer_commit(hone_writer *writer, hone_error *error) {
    hone_status status = HONE_OK;
    if (fsync(writer->fd)) status = fail_io(error, writer->path, "flush");
    if (status == HONE_OK && rename(writer->temporary, writer->path))
        status = fail_io(error, writer->path, "rename");
    if (status == HONE_OK) {
        sync_folder(writer->path);
        forget(writer);
    } else {
        hone__writer_abandon(writer);
    }
    return status;
}

void hone__writer_abandon(hone_writer *writer) {
    if (writer->temporary) unlink(writer->temporary);
    forget(writer);
}

const char *hone__path_ending(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    return dot ? dot : path + strlen(path);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One cache file; docs/formats.md describes it.
 *
 * A reader knows before it opens a file what must be in it: how many forms, their keys, sizes and
 * with them their places. So reading is comparing: the header and table that this build would write
 * for these wants, against the bytes there are. */
#include "base/bytes.h"
#include "packed/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC   "HONEPK\r\n"
#define VERSION 1u

enum {
    COUNT_AT = 12,
    SIZE_AT = 16,
    CRC_AT = 24,
    SET_AT = 32,
    HEADER_BYTES = 64,
    ENTRY_BYTES = 48, /* key, offset (8), size (8) */
    MOST_FORMS = 1 << 20,
    NAME_BYTES = 16 /* of the set's digest, in the file's name */
};

size_t hone__packed_first(uint32_t count) {
    return hone__round_up(HEADER_BYTES + count * (size_t)ENTRY_BYTES, HONE_ALIGN);
}

size_t hone__packed_next(size_t offset, size_t bytes) {
    return hone__round_up(offset + bytes, HONE_ALIGN);
}

bool hone__packed_layout(hone_packed_want *const *wants, uint32_t count, size_t *size) {
    if (count > MOST_FORMS) return false;
    *size = hone__packed_first(count);
    for (uint32_t i = 0; i < count; i++) {
        if (wants[i]->bytes > SIZE_MAX / 4 || *size > SIZE_MAX / 4) return false;
        *size = hone__packed_next(*size, wants[i]->bytes);
    }
    return true;
}

/* What the set of wanted forms is known by. */
static void set_digest(hone_packed_want *const *wants, uint32_t count,
                       uint8_t digest[HONE_SHA256_BYTES]) {
    hone_sha256 sha;
    hone__sha256_init(&sha);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t bytes[8];
        hone__store64(bytes, wants[i]->bytes);
        hone__sha256_update(&sha, &wants[i]->key, sizeof wants[i]->key);
        hone__sha256_update(&sha, bytes, sizeof bytes);
    }
    hone__sha256_final(&sha, digest);
}

char *hone__packed_path(const hone_allocator *allocator, const char *folder,
                        hone_packed_want *const *wants, uint32_t count) {
    uint8_t digest[HONE_SHA256_BYTES];
    size_t length = strlen(folder);
    size_t bytes = length + 1 + (size_t)2 * NAME_BYTES + sizeof HONE_PACKED_ENDING;
    char *path = (char *)hone__alloc(allocator, bytes, 1);
    if (!path) return NULL;
    set_digest(wants, count, digest);
    snprintf(path, bytes, "%s/", folder);
    for (size_t i = 0; i < NAME_BYTES; i++)
        snprintf(path + length + 1 + 2 * i, bytes - length - 1 - 2 * i, "%02x", digest[i]);
    memcpy(path + length + 1 + 2 * NAME_BYTES, HONE_PACKED_ENDING, sizeof HONE_PACKED_ENDING);
    return path;
}

static void write_header(uint8_t *header, hone_packed_want *const *wants, uint32_t count,
                         size_t size) {
    memset(header, 0, HEADER_BYTES);
    memcpy(header, MAGIC, 8);
    hone__store32(header + 8, VERSION);
    hone__store32(header + COUNT_AT, count);
    hone__store64(header + SIZE_AT, size);
    set_digest(wants, count, header + SET_AT);
}

static void write_entry(uint8_t *entry, const hone_packed_want *want, size_t offset) {
    memcpy(entry, &want->key, sizeof want->key);
    hone__store64(entry + sizeof want->key, offset);
    hone__store64(entry + sizeof want->key + 8, want->bytes);
}

/* Calls once for header and every entry, in their order: `same` compares with the file, else writes
 * into it. Returns whether all was the same. */
static bool walk(uint8_t *file, const uint8_t *given, hone_packed_want *const *wants,
                 uint32_t count, size_t size) {
    uint8_t bytes[HEADER_BYTES];
    write_header(bytes, wants, count, size);
    uint32_t crc = hone__crc32c(0, bytes, HEADER_BYTES);
    size_t offset = hone__packed_first(count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t entry[ENTRY_BYTES];
        size_t at = HEADER_BYTES + i * (size_t)ENTRY_BYTES;
        write_entry(entry, wants[i], offset);
        crc = hone__crc32c(crc, entry, sizeof entry);
        if (given && memcmp(given + at, entry, sizeof entry)) return false;
        if (file) memcpy(file + at, entry, sizeof entry);
        offset = hone__packed_next(offset, wants[i]->bytes);
    }
    hone__store32(bytes + CRC_AT, crc);
    if (file) memcpy(file, bytes, sizeof bytes);
    return !given || !memcmp(given, bytes, sizeof bytes);
}

/* Nobody but this user and root may have written it: packed weights are believed. */
static bool is_ours(const struct stat *facts) {
    return S_ISREG(facts->st_mode) && (facts->st_uid == geteuid() || facts->st_uid == 0) &&
           !(facts->st_mode & (S_IWGRP | S_IWOTH));
}

static bool map_whole(int fd, size_t size, int protection, uint8_t **data) {
    void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
    *data = memory == MAP_FAILED ? NULL : (uint8_t *)memory;
    return *data != NULL;
}

bool hone__packed_open(const char *path, hone_packed_want *const *wants, uint32_t count,
                       hone_packed_file *file) {
    struct stat facts;
    size_t size = 0;
    uint8_t *data = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    *file = (hone_packed_file){0};
    if (fd < 0) return false;
    bool good = !fstat(fd, &facts) && is_ours(&facts) && hone__packed_layout(wants, count, &size) &&
                facts.st_size >= 0 && (uint64_t)facts.st_size == size &&
                map_whole(fd, size, PROT_READ, &data);
    if (good && !walk(NULL, data, wants, count, size)) {
        munmap(data, size);
        good = false;
    }
    if (good) {
        futimens(fd, NULL); /* used now; where that is not allowed it is only forgotten sooner */
        *file = (hone_packed_file){data, size};
    }
    close(fd);
    return good;
}

void hone__packed_close(hone_packed_file *file) {
    hone_mapping mapping = {file->data, file->size};
    hone__file_unmap(&mapping);
    *file = (hone_packed_file){0};
}

bool hone__packed_draft(const char *path, size_t size, hone_packed_draft *draft) {
    *draft = (hone_packed_draft){.size = size};
    if (hone__writer_open(&draft->writer, path, NULL) != HONE_OK) return false;
    /* room is taken now: a write into a mapping cannot fail politely */
    int fd = draft->writer.fd;
    if (!fchmod(fd, S_IRUSR | S_IWUSR) && !posix_fallocate(fd, 0, (off_t)size) &&
        map_whole(fd, size, PROT_READ | PROT_WRITE, &draft->data))
        return true;
    hone__packed_abandon(draft);
    return false;
}

void hone__packed_commit(hone_packed_draft *draft, hone_packed_want *const *wants, uint32_t count,
                         hone_packed_file *file) {
    walk(draft->data, NULL, wants, count, draft->size);
    (void)hone__writer_commit(&draft->writer, NULL);
    mprotect(draft->data, draft->size, PROT_READ);
    *file = (hone_packed_file){draft->data, draft->size};
    draft->data = NULL;
}

void hone__packed_abandon(hone_packed_draft *draft) {
    if (draft->data) munmap(draft->data, draft->size);
    hone__writer_abandon(&draft->writer);
    draft->data = NULL;
}

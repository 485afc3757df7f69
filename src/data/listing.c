/* SPDX-License-Identifier: Apache-2.0 */
#include "data/listing.h"

#include "base/error.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LISTING_MAX 50000000u

bool hone__is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool hone__is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool hone__ends_with(const char *name, const char *ending) {
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcasecmp(name + length - tail, ending) == 0;
}

bool hone__is_picture_name(const char *name) {
    return hone__ends_with(name, ".jpg") || hone__ends_with(name, ".jpeg") ||
           hone__ends_with(name, ".png");
}

const char *hone__join(hone_arena *arena, const char *folder, const char *name) {
    size_t a = strlen(folder), b = strlen(name);
    char *path = hone__arena_alloc(arena, a + b + 2, 1);
    while (a > 1 && folder[a - 1] == '/') a--;
    if (path) (void)snprintf(path, a + b + 2, "%.*s/%s", (int)a, folder, name);
    return path;
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(((const hone_entry *)a)->name, ((const hone_entry *)b)->name);
}

static hone_status add(hone_arena *arena, hone_listing *l, const char *name, bool folder,
                       hone_error *error) {
    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? l->capacity * 2 : 256;
        hone_entry *grown =
            hone__grow(NULL, l->entry, l->capacity * sizeof *grown, capacity * sizeof *grown);
        if (!grown) return hone_fail_memory(error, capacity * sizeof *grown);
        l->entry = grown;
        l->capacity = capacity;
    }
    if (l->count == LISTING_MAX)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "more than %u files", LISTING_MAX);
    l->entry[l->count].folder = folder;
    l->entry[l->count].name = hone__arena_text(arena, name, strlen(name));
    if (!l->entry[l->count].name) return hone_fail_memory(error, strlen(name));
    l->count++;
    return HONE_OK;
}

/* Links are followed: data folders are often made of links. */
static bool kind(DIR *dir, const struct dirent *entry, bool *folder) {
    struct stat info;
    if (entry->d_type == DT_REG || entry->d_type == DT_DIR) {
        *folder = entry->d_type == DT_DIR;
        return true;
    }
    if (fstatat(dirfd(dir), entry->d_name, &info, 0) != 0) return false;
    *folder = S_ISDIR(info.st_mode);
    return *folder || S_ISREG(info.st_mode);
}

hone_status hone__list_folder(hone_arena *arena, const char *path, hone_listing *listing,
                              hone_error *error) {
    hone_status status = HONE_OK;
    DIR *dir = opendir(path);
    struct dirent *entry = NULL;
    memset(listing, 0, sizeof *listing);
    if (!dir)
        return hone_fail(error, errno == ENOENT || errno == ENOTDIR ? HONE_NOT_FOUND : HONE_IO,
                         HONE_NO_OFFSET, "%s: %s", path, strerror(errno));
    while (status == HONE_OK && (entry = readdir(dir)) != NULL) {
        bool folder = false;
        if (entry->d_name[0] == '.' || !kind(dir, entry, &folder)) continue;
        status = add(arena, listing, entry->d_name, folder, error);
    }
    closedir(dir);
    if (status != HONE_OK) hone__listing_free(listing);
    if (listing->count) qsort(listing->entry, listing->count, sizeof *listing->entry, by_bytes);
    return status;
}

void hone__listing_free(hone_listing *listing) {
    hone__free(NULL, listing->entry, listing->capacity * sizeof *listing->entry);
    memset(listing, 0, sizeof *listing);
}

const hone_entry *hone__listing_find(const hone_listing *listing, const char *name) {
    hone_entry wanted = {name, false};
    if (!listing->count) return NULL;
    return bsearch(&wanted, listing->entry, listing->count, sizeof wanted, by_bytes);
}

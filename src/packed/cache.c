/* SPDX-License-Identifier: Apache-2.0 */
/* The cache folder: made where it is not, and kept within its limit. Files of ours that were used
 * longest ago are removed first, and what writers that died left behind; other files are not
 * touched. A mapped file may be removed: its memory stays until it is unmapped. */
#include "packed/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LEFT_BEHIND_SECONDS = 3600, NAME_DIGITS = 32 };

/* "0123...ef.hpk", and with `temporary` ".tmp-xxxxxx" behind it. */
static bool is_name(const char *name, bool *temporary) {
    if (strspn(name, "0123456789abcdef") != NAME_DIGITS) return false;
    const char *ending = name + NAME_DIGITS;
    size_t length = strlen(HONE_PACKED_ENDING);
    if (strncmp(ending, HONE_PACKED_ENDING, length)) return false;
    *temporary = !strncmp(ending + length, ".tmp-", 5);
    return *temporary || !ending[length];
}

static bool is_older(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

typedef struct survey {
    uint64_t total;
    char oldest[NAME_MAX + 1]; /* "": none */
    struct timespec used;      /* when it was, last */
} survey;

static void look_at(int folder, const char *name, survey *s) {
    bool temporary = false;
    struct stat facts;
    if (!is_name(name, &temporary) || fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) ||
        !S_ISREG(facts.st_mode))
        return;
    if (temporary) {
        if (facts.st_mtim.tv_sec + LEFT_BEHIND_SECONDS < time(NULL)) unlinkat(folder, name, 0);
        return;
    }
    s->total += (uint64_t)facts.st_size;
    if (s->oldest[0] && !is_older(&facts.st_mtim, &s->used)) return;
    s->used = facts.st_mtim;
    snprintf(s->oldest, sizeof s->oldest, "%s", name);
}

static bool survey_folder(const char *path, survey *s) {
    DIR *folder = opendir(path);
    *s = (survey){0};
    if (!folder) return false;
    for (const struct dirent *entry; (entry = readdir(folder));)
        look_at(dirfd(folder), entry->d_name, s);
    closedir(folder);
    return true;
}

static bool remove_file(const char *folder, const char *name) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool gone = fd >= 0 && (!unlinkat(fd, name, 0) || errno == ENOENT);
    if (fd >= 0) close(fd);
    return gone;
}

/* The folder and those above it; only this user may look inside. */
static bool make_folder(const char *path) {
    char part[4096];
    size_t length = strlen(path);
    if (!mkdir(path, S_IRWXU) || errno == EEXIST) return true;
    if (errno != ENOENT || length >= sizeof part) return false;
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i]) continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, S_IRWXU) && errno != EEXIST) return false;
    }
    return true;
}

bool hone__packed_make_room(const hone_packed_cache *cache, uint64_t bytes) {
    survey s;
    if (bytes > cache->limit || !make_folder(cache->folder)) return false;
    while (survey_folder(cache->folder, &s)) {
        if (s.total <= cache->limit - bytes) return true;
        if (!remove_file(cache->folder, s.oldest)) return false;
    }
    return false;
}

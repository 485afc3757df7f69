/* SPDX-License-Identifier: Apache-2.0 */
/* Folders, listed in the one order that the library knows: names compared as bytes. */
#ifndef HONE_DATA_LISTING_H
#define HONE_DATA_LISTING_H

#include "base/arena.h"

typedef struct hone_entry {
    const char *name; /* in the arena */
    bool folder;
} hone_entry;

typedef struct hone_listing {
    hone_entry *entry;
    size_t count, capacity;
} hone_listing;

/* Regular files and folders of `path`; names that begin with a dot are left out. Names live in the
 * arena, the list itself until hone__listing_free. */
hone_status hone__list_folder(hone_arena *arena, const char *path, hone_listing *listing,
                              hone_error *error);
void hone__listing_free(hone_listing *listing);
/* NULL: not there. */
const hone_entry *hone__listing_find(const hone_listing *listing, const char *name);

/* "folder/name" in the arena; NULL when out of memory. */
const char *hone__join(hone_arena *arena, const char *folder, const char *name);
/* Endings compare without case: ".JPG" is a picture too. */
bool hone__is_picture_name(const char *name);
bool hone__ends_with(const char *name, const char *ending);
bool hone__is_folder(const char *path);
bool hone__is_file(const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A growing region: many small allocations, one release. Blocks never move. */
#ifndef HONE_BASE_ARENA_H
#define HONE_BASE_ARENA_H

#include "base/alloc.h"

typedef struct hone_arena_block hone_arena_block;

typedef struct hone_arena {
    const hone_allocator *allocator;
    hone_arena_block *blocks;
    size_t total_bytes; /* taken from the allocator */
} hone_arena;

void hone__arena_init(hone_arena *arena, const hone_allocator *allocator);
void hone__arena_release(hone_arena *arena);

/* Cleared, 16-byte aligned; NULL when out of memory. Zero bytes give a valid unique pointer. */
void *hone__arena_alloc(hone_arena *arena, size_t count, size_t size);
/* A NUL-terminated copy of `length` bytes. */
char *hone__arena_text(hone_arena *arena, const char *text, size_t length);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A region of doubling blocks; see arena.h. */
#include "base/arena.h"

#include <string.h>

#define FIRST_BLOCK   4096
#define LARGEST_BLOCK (1u << 20)

struct hone_arena_block {
    hone_arena_block *next;
    size_t bytes, used; /* of this block, header included */
};

#define HEADER ((sizeof(hone_arena_block) + 15) & ~(size_t)15)

void hone__arena_init(hone_arena *arena, const hone_allocator *allocator) {
    *arena = (hone_arena){.allocator = allocator};
}

void hone__arena_release(hone_arena *arena) {
    while (arena->blocks) {
        hone_arena_block *next = arena->blocks->next;
        hone__free(arena->allocator, arena->blocks, arena->blocks->bytes);
        arena->blocks = next;
    }
    arena->total_bytes = 0;
}

static size_t next_block_bytes(const hone_arena *arena, size_t wanted) {
    size_t grown = arena->blocks ? arena->blocks->bytes * 2 : FIRST_BLOCK;
    if (grown > LARGEST_BLOCK) grown = LARGEST_BLOCK;
    return grown > wanted ? grown : wanted;
}

static hone_arena_block *add_block(hone_arena *arena, size_t payload) {
    size_t wanted;
    if (!hone__add_size(payload, HEADER, &wanted)) return NULL;
    size_t bytes = next_block_bytes(arena, wanted);
    hone_arena_block *block = hone__alloc(arena->allocator, bytes, 1);
    if (!block) return NULL;
    *block = (hone_arena_block){.next = arena->blocks, .bytes = bytes, .used = HEADER};
    arena->blocks = block;
    arena->total_bytes += bytes;
    return block;
}

void *hone__arena_alloc(hone_arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!hone__mul_size(count, size, &bytes)) return NULL;
    bytes = hone__round_up(bytes ? bytes : 1, 16);
    hone_arena_block *block = arena->blocks;
    if (!block || block->bytes - block->used < bytes) block = add_block(arena, bytes);
    if (!block) return NULL;
    uint8_t *at = (uint8_t *)block + block->used;
    block->used += bytes;
    return memset(at, 0, bytes);
}

char *hone__arena_text(hone_arena *arena, const char *text, size_t length) {
    if (length == SIZE_MAX) return NULL;
    char *copy = hone__arena_alloc(arena, length + 1, 1);
    if (copy && length) memcpy(copy, text, length);
    return copy;
}

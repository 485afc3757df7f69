/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/planner.h"
#include "base/error.h"

#include <stdlib.h>

/* Largest first; equal ones by birth, so that the plan is the same everywhere. */
static int by_size(const void *a, const void *b) {
    const hone_block *x = *(hone_block *const *)a, *y = *(hone_block *const *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return x < y ? -1 : x > y;
}

static bool meet(const hone_block *a, const hone_block *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* placed[0..count) are sorted by offset. */
static size_t find_gap(hone_block *const *placed, uint32_t count, const hone_block *block) {
    size_t best = SIZE_MAX, best_size = SIZE_MAX, end = 0;
    size_t bytes = hone__round_up(block->bytes, HONE_ALIGN);
    for (uint32_t i = 0; i < count; i++) {
        const hone_block *other = placed[i];
        if (!meet(other, block)) continue;
        if (other->offset >= end) {
            size_t gap = other->offset - end;
            if (gap >= bytes && gap < best_size) best = end, best_size = gap;
        }
        size_t other_end = other->offset + hone__round_up(other->bytes, HONE_ALIGN);
        if (other_end > end) end = other_end;
    }
    return best != SIZE_MAX ? best : end;
}

static void insert_sorted(hone_block **placed, uint32_t count, hone_block *block) {
    uint32_t at = count;
    for (; at > 0 && placed[at - 1]->offset > block->offset; at--) placed[at] = placed[at - 1];
    placed[at] = block;
}

/* The sum at the birth of each block is enough: it never grows elsewhere. */
static size_t largest_sum(hone_block *const *blocks, uint32_t count) {
    size_t largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t sum = 0;
        for (uint32_t j = 0; j < count; j++)
            if (blocks[j]->first <= blocks[i]->first && blocks[i]->first <= blocks[j]->last)
                sum += hone__round_up(blocks[j]->bytes, HONE_ALIGN);
        if (sum > largest) largest = sum;
    }
    return largest;
}

static bool total_fits(hone_block *const *blocks, uint32_t count) {
    size_t total = 0;
    for (uint32_t i = 0; i < count; i++)
        if (blocks[i]->bytes > SIZE_MAX / 4 ||
            !hone__add_size(total, hone__round_up(blocks[i]->bytes, HONE_ALIGN), &total))
            return false;
    return true;
}

hone_status hone__plan_blocks(const hone_allocator *allocator, hone_block *blocks, uint32_t count,
                              size_t *arena_bytes, size_t *lower_bound, hone_error *error) {
    *arena_bytes = *lower_bound = 0;
    size_t room = (size_t)count + 1;
    hone_block **sorted = (hone_block **)hone__alloc(allocator, room, 2 * sizeof *sorted);
    if (!sorted) return hone_fail_memory(error, room * 2 * sizeof *sorted);
    hone_block **placed = sorted + room;
    uint32_t live = 0;
    for (uint32_t i = 0; i < count; i++)
        if (blocks[i].bytes > 0)
            sorted[live++] = &blocks[i];
        else
            blocks[i].offset = 0;
    hone_status status = HONE_OK;
    if (!total_fits(sorted, live))
        status = hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "intermediate values are too large");
    if (status == HONE_OK) {
        qsort(sorted, live, sizeof *sorted, by_size);
        for (uint32_t i = 0; i < live; i++) {
            sorted[i]->offset = find_gap(placed, i, sorted[i]);
            insert_sorted(placed, i, sorted[i]);
            size_t end = sorted[i]->offset + hone__round_up(sorted[i]->bytes, HONE_ALIGN);
            if (end > *arena_bytes) *arena_bytes = end;
        }
        *lower_bound = largest_sum(sorted, live);
    }
    hone__free(allocator, (void *)sorted, room * 2 * sizeof *sorted);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/planner.h"
#include "base/error.h"

#include <stdlib.h>

enum { MANY_BLOCKS = 4000 }; /* a way takes their square */

/* Blocks are placed one after the other, each in the smallest gap between those placed before that
 * it fits into, or the first one. No order is the best for all models, so a few are tried until one
 * meets the lower bound: largest first, longest lived first, largest product of both first. Equal
 * ones by birth, then by number, so that the plan is the same everywhere. */
static int by_birth(const hone_block *x, const hone_block *y) {
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    return x < y ? -1 : x > y;
}

static uint64_t life_of(const hone_block *block) {
    return (uint64_t)block->last - block->first + 1;
}

static int by_size(const void *a, const void *b) {
    const hone_block *x = *(hone_block *const *)a, *y = *(hone_block *const *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return by_birth(x, y);
}

static int by_life(const void *a, const void *b) {
    const hone_block *x = *(hone_block *const *)a, *y = *(hone_block *const *)b;
    if (life_of(x) != life_of(y)) return life_of(x) < life_of(y) ? 1 : -1;
    return by_size(a, b);
}

static int by_area(const void *a, const void *b) {
    const hone_block *x = *(hone_block *const *)a, *y = *(hone_block *const *)b;
    double left = (double)x->bytes * (double)life_of(x);
    double right = (double)y->bytes * (double)life_of(y);
    if (left < right || left > right) return left < right ? 1 : -1;
    return by_size(a, b);
}

static int (*const orders[])(const void *, const void *) = {by_size, by_area, by_life};

static bool meet(const hone_block *a, const hone_block *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* placed[0..count) are sorted by offset. */
static size_t find_gap(hone_block *const *placed, uint32_t count, const hone_block *block,
                       bool smallest) {
    size_t best = SIZE_MAX, best_size = SIZE_MAX, end = 0;
    size_t bytes = hone__round_up(block->bytes, HONE_ALIGN);
    for (uint32_t i = 0; i < count; i++) {
        const hone_block *other = placed[i];
        if (!meet(other, block)) continue;
        if (other->offset >= end) {
            size_t gap = other->offset - end;
            if (gap >= bytes && (smallest ? gap < best_size : best == SIZE_MAX))
                best = end, best_size = gap;
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

/* Places all in the order given; returns the end of the last. */
static size_t place_all(hone_block **sorted, uint32_t count, hone_block **placed, bool smallest) {
    size_t arena = 0;
    for (uint32_t i = 0; i < count; i++) {
        sorted[i]->offset = find_gap(placed, i, sorted[i], smallest);
        insert_sorted(placed, i, sorted[i]);
        size_t end = sorted[i]->offset + hone__round_up(sorted[i]->bytes, HONE_ALIGN);
        if (end > arena) arena = end;
    }
    return arena;
}

/* The first of the ways that meets the bound, else the best of all. */
static size_t place_best(hone_block **sorted, uint32_t count, hone_block **placed, size_t bound) {
    const uint32_t ways = count > MANY_BLOCKS ? 1 : 2 * sizeof orders / sizeof *orders;
    size_t best = SIZE_MAX;
    uint32_t best_way = 0, way = 0;
    for (; way < ways && best > bound; way++) {
        qsort(sorted, count, sizeof *sorted, orders[way / 2]);
        size_t arena = place_all(sorted, count, placed, way % 2 == 0);
        if (arena < best) best = arena, best_way = way;
    }
    if (best_way + 1 == way) return best;
    qsort(sorted, count, sizeof *sorted, orders[best_way / 2]);
    return place_all(sorted, count, placed, best_way % 2 == 0);
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
        *lower_bound = largest_sum(sorted, live);
        *arena_bytes = live ? place_best(sorted, live, placed, *lower_bound) : 0;
    }
    hone__free(allocator, (void *)sorted, room * 2 * sizeof *sorted);
    return status;
}

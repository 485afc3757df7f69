/* SPDX-License-Identifier: Apache-2.0 */
/* Where every intermediate value lies in one arena.
 *
 * Greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
 * 2020): the largest block first, each into the smallest gap that fits between the blocks alive at
 * the same time; where that misses the lower bound, in other orders too. Invariant: two blocks
 * whose lives meet never overlap. */
#ifndef HONE_RUNTIME_PLANNER_H
#define HONE_RUNTIME_PLANNER_H

#include "base/alloc.h"

typedef struct hone_block {
    size_t bytes;         /* 0: takes no place */
    uint32_t first, last; /* the steps that it must outlive, both included */
    size_t offset;        /* result, a multiple of HONE_ALIGN */
} hone_block;

/* *lower_bound: the largest sum of blocks alive at one step; no plan can be smaller. HONE_MEMORY,
 * or HONE_LIMIT when sizes overflow. */
hone_status hone__plan_blocks(const hone_allocator *allocator, hone_block *blocks, uint32_t count,
                              size_t *arena_bytes, size_t *lower_bound, hone_error *error);

#endif

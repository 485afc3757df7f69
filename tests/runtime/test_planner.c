/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/rng.h"
#include "runtime/planner.h"

#define BLOCKS 60

static bool meet(const hone_block *a, const hone_block *b) {
    return a->first <= b->last && b->first <= a->last;
}

static void check_plan(const hone_block *blocks, uint32_t count, size_t arena) {
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(blocks[i].offset % HONE_ALIGN, 0);
        if (blocks[i].bytes) assert_true(blocks[i].offset + blocks[i].bytes <= arena);
        for (uint32_t j = 0; j < i; j++) {
            const hone_block *a = &blocks[i], *b = &blocks[j];
            if (!a->bytes || !b->bytes || !meet(a, b)) continue;
            assert_true(a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset);
        }
    }
}

static void blocks_alive_at_once_never_overlap(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        hone_block blocks[BLOCKS];
        hone_rng rng;
        hone__rng_seed(&rng, seed, 0);
        uint32_t count = 1 + (uint32_t)hone__rng_below(&rng, BLOCKS);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t first = (uint32_t)hone__rng_below(&rng, 40);
            blocks[i] = (hone_block){.bytes = hone__rng_below(&rng, 5000),
                                     .first = first,
                                     .last = first + (uint32_t)hone__rng_below(&rng, 8)};
        }
        size_t arena, bound;
        assert_ok(hone__plan_blocks(NULL, blocks, count, &arena, &bound, NULL));
        check_plan(blocks, count, arena);
        assert_true(bound <= arena);
    }
}

static void a_chain_needs_its_two_largest_neighbours(void **state) {
    (void)state;
    hone_block blocks[10];
    for (uint32_t i = 0; i < 10; i++)
        blocks[i] = (hone_block){.bytes = i == 4 || i == 5 ? 6400 : 640, .first = i, .last = i + 1};
    size_t arena, bound;
    assert_ok(hone__plan_blocks(NULL, blocks, 10, &arena, &bound, NULL));
    assert_int_equal(arena, 12800);
    assert_int_equal(bound, 12800);
}

static void the_lower_bound_is_the_largest_sum_alive_at_once(void **state) {
    (void)state;
    hone_block blocks[] = {{.bytes = 64, .first = 0, .last = 9},
                           {.bytes = 128, .first = 2, .last = 3},
                           {.bytes = 192, .first = 3, .last = 5},
                           {.bytes = 256, .first = 6, .last = 9}};
    size_t arena, bound;
    assert_ok(hone__plan_blocks(NULL, blocks, 4, &arena, &bound, NULL));
    assert_int_equal(bound, 64 + 128 + 192);
    assert_int_equal(arena, bound);
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    hone_block blocks[5];
    for (int i = 0; i < 5; i++) blocks[i] = (hone_block){.bytes = SIZE_MAX / 4, .last = 1};
    size_t arena, bound;
    hone_error error = {0};
    assert_int_equal(hone__plan_blocks(NULL, blocks, 5, &arena, &bound, &error), HONE_LIMIT);
}

static void no_blocks_need_no_memory(void **state) {
    (void)state;
    size_t arena = 1, bound = 1;
    assert_ok(hone__plan_blocks(NULL, NULL, 0, &arena, &bound, NULL));
    assert_int_equal(arena, 0);
    assert_int_equal(bound, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_alive_at_once_never_overlap),
        cmocka_unit_test(a_chain_needs_its_two_largest_neighbours),
        cmocka_unit_test(the_lower_bound_is_the_largest_sum_alive_at_once),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(no_blocks_need_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

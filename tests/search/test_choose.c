/* SPDX-License-Identifier: Apache-2.0 */
/* The choice among measured candidates: pure arithmetic, no samples. */
#include "testing.h"

#include "search/internal.h"

static hone_candidate candidate(double value, uint64_t bytes, double ms) {
    return (hone_candidate){.name = "c",
                            .value = value,
                            .file_bytes = bytes,
                            .median_ms = ms,
                            .arena_bytes = 1000,
                            .weight_bytes = bytes};
}

static hone_optimize_result choose(hone_candidate *c, uint32_t count, hone_budget budget) {
    hone_optimize_result r = {.budget = budget, .candidates = c, .candidate_count = count};
    hone__choose(&r);
    return r;
}

static void the_smallest_and_fastest_inside_the_budget_wins(void **state) {
    (void)state;
    hone_candidate c[] = {candidate(.93, 4000, 4), candidate(.93, 2000, 4),
                          candidate(.928, 1000, 2), candidate(.90, 900, 1)};
    hone_optimize_result r = choose(c, 4, (hone_budget){.max_drop_points = 0.5});
    assert_int_equal(r.chosen, 2);
    assert_int_equal(r.nearest, 2);
    assert_false(c[3].meets);
    assert_string_equal(c[3].why, "drop of 3 points; 0.5 allowed");
    assert_non_null(strstr(c[1].why, "2.00 times the size"));
}

static void within_noise_the_better_quality_wins(void **state) {
    (void)state;
    hone_candidate c[] = {candidate(.93, 4000, 4), candidate(.921, 1000, 2.00),
                          candidate(.925, 1000, 2.01)};
    assert_int_equal(choose(c, 3, (hone_budget){.max_drop_points = 5}).chosen, 2);
    assert_non_null(strstr(c[1].why, "within noise, 0.40 points below"));
}

static void a_budget_that_nothing_meets_names_the_nearest(void **state) {
    (void)state;
    hone_candidate c[] = {candidate(.93, 4000, 4), candidate(.93, 2000, 4),
                          candidate(.92, 1500, 2)};
    hone_optimize_result r =
        choose(c, 3, (hone_budget){.max_drop_points = 2, .max_size_bytes = 1000});
    assert_int_equal(r.chosen, -1);
    assert_int_equal(r.nearest, 2);
    assert_non_null(strstr(c[2].why, "size of 0.0015 MB; 0.001 allowed"));
}

static void no_limit_means_every_candidate_meets_it(void **state) {
    (void)state;
    hone_candidate c[] = {candidate(.93, 4000, 4), candidate(.1, 100, 1)};
    assert_int_equal(choose(c, 2, (hone_budget){.max_drop_points = -1}).chosen, 1);
}

static void memory_and_latency_are_limits_too(void **state) {
    (void)state;
    hone_candidate c[] = {candidate(.93, 4000, 4), candidate(.93, 2000, 5)};
    hone_budget budget = {.max_drop_points = -1, .max_latency_ms = 4.5};
    assert_int_equal(choose(c, 2, budget).chosen, 0);
    budget = (hone_budget){.max_drop_points = -1, .max_memory_bytes = 3500};
    assert_int_equal(choose(c, 2, budget).chosen, 1);
}

static void the_front_holds_what_nothing_else_beats(void **state) {
    (void)state;
    hone_candidate c[] = {candidate(.93, 4000, 4), candidate(.93, 2000, 4), candidate(.92, 1000, 2),
                          candidate(.91, 1000, 2)};
    choose(c, 4, (hone_budget){.max_drop_points = -1});
    assert_false(c[0].on_front);
    assert_true(c[1].on_front);
    assert_true(c[2].on_front);
    assert_false(c[3].on_front);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_and_fastest_inside_the_budget_wins),
        cmocka_unit_test(within_noise_the_better_quality_wins),
        cmocka_unit_test(a_budget_that_nothing_meets_names_the_nearest),
        cmocka_unit_test(no_limit_means_every_candidate_meets_it),
        cmocka_unit_test(memory_and_latency_are_limits_too),
        cmocka_unit_test(the_front_holds_what_nothing_else_beats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

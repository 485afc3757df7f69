/* SPDX-License-Identifier: Apache-2.0 */
/* Streaming histograms of activations. */
#include "testing.h"

#include "base/rng.h"
#include "compress/histogram.h"
#include <math.h>

#define COUNT 100000

static void an_empty_histogram_has_no_range(void **state) {
    (void)state;
    static hone_histogram h;
    float low = 1, high = 1;
    hone__histogram_range(&h, 99.99, &low, &high);
    assert_float_equal(low, 0, 0);
    assert_float_equal(high, 0, 0);
}

static void hundred_percent_is_least_to_most_exactly(void **state) {
    (void)state;
    static hone_histogram h;
    const float first[] = {0.25f, -0.125f}, second[] = {7.3f}, third[] = {-1000.7f, 0};
    float low, high;
    hone__histogram_add(&h, first, 2);
    hone__histogram_add(&h, second, 1);
    hone__histogram_add(&h, third, 2);
    hone__histogram_range(&h, 100, &low, &high);
    assert_float_equal(low, -1000.7f, 0);
    assert_float_equal(high, 7.3f, 0);
    assert_int_equal(h.total, 5);
}

static void no_value_is_lost_however_often_the_range_doubles(void **state) {
    (void)state;
    static hone_histogram h;
    for (int i = 0; i < 60; i++) {
        float pair[] = {ldexpf(1, i), -ldexpf(1.5f, i)};
        hone__histogram_add(&h, pair, 2);
    }
    uint64_t sum = 0;
    for (int i = 0; i < HONE_HISTOGRAM_BINS; i++) sum += h.counts[i];
    assert_int_equal(sum, 120);
    assert_int_equal(h.total, 120);
    assert_true(h.start <= (double)h.least);
    assert_true(h.start + HONE_HISTOGRAM_BINS * h.width > (double)h.most);
}

static void a_percentile_cuts_outliers_and_keeps_the_rest(void **state) {
    (void)state;
    static hone_histogram h;
    static float values[COUNT];
    hone_rng rng;
    float low, high;
    hone__rng_seed(&rng, 3, 0);
    for (int i = 0; i < COUNT; i++) values[i] = hone__rng_float(&rng) * 2 - 1;
    values[500] = 100;
    hone__histogram_add(&h, values, COUNT);
    hone__histogram_range(&h, 99, &low, &high);
    /* half a percent on each side, give or take two bins */
    assert_float_equal(low, -0.99f, 0.12f);
    assert_float_equal(high, 0.99f, 0.12f);
    size_t outside = 0;
    for (int i = 0; i < COUNT; i++) outside += values[i] < low || values[i] > high;
    assert_true(outside <= COUNT / 100);
    hone__histogram_range(&h, 100, &low, &high);
    assert_float_equal(high, 100, 0);
}

static void order_and_portions_do_not_matter(void **state) {
    (void)state;
    static hone_histogram whole, parts;
    static float values[4096];
    hone_rng rng;
    float a[2], b[2];
    hone__rng_seed(&rng, 4, 0);
    for (int i = 0; i < 4096; i++) values[i] = (float)(i % 64) * hone__rng_float(&rng);
    hone__histogram_add(&whole, values, 4096);
    for (int i = 0; i < 4096; i += 64) hone__histogram_add(&parts, values + i, 64);
    hone__histogram_range(&whole, 99, &a[0], &a[1]);
    hone__histogram_range(&parts, 99, &b[0], &b[1]);
    assert_float_equal(a[0], b[0], (float)(2 * parts.width));
    assert_float_equal(a[1], b[1], (float)(2 * parts.width));
}

static void values_that_are_not_numbers_are_left_out(void **state) {
    (void)state;
    static hone_histogram h;
    const float values[] = {NAN, INFINITY, -INFINITY, 2, 1};
    float low, high;
    hone__histogram_add(&h, values, 3);
    assert_int_equal(h.total, 0);
    hone__histogram_add(&h, values, 5);
    hone__histogram_range(&h, 100, &low, &high);
    assert_float_equal(low, 1, 0);
    assert_float_equal(high, 2, 0);
    assert_int_equal(h.total, 2);
}

static void a_constant_value_is_its_own_range(void **state) {
    (void)state;
    static hone_histogram h;
    const float zeros[8] = {0}, big[2] = {3e38f, -3e38f};
    float low, high;
    hone__histogram_add(&h, zeros, 8);
    hone__histogram_range(&h, 99.9, &low, &high);
    assert_float_equal(low, 0, 0);
    assert_float_equal(high, 0, 0);
    hone__histogram_add(&h, big, 2);
    hone__histogram_range(&h, 100, &low, &high);
    assert_float_equal(high, 3e38f, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_histogram_has_no_range),
        cmocka_unit_test(hundred_percent_is_least_to_most_exactly),
        cmocka_unit_test(no_value_is_lost_however_often_the_range_doubles),
        cmocka_unit_test(a_percentile_cuts_outliers_and_keeps_the_rest),
        cmocka_unit_test(order_and_portions_do_not_matter),
        cmocka_unit_test(values_that_are_not_numbers_are_left_out),
        cmocka_unit_test(a_constant_value_is_its_own_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

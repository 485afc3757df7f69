/* SPDX-License-Identifier: Apache-2.0 */
/* New weights told by means of the old ones: whatever the numbers, what was encoded comes back; a
 * step of training costs less than the weights. */
#include "store/delta/residual.h"
#include "testing.h"

#include "base/rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 5000, ROOM = COUNT * 16 };

typedef struct fixture {
    hone_residual models;
    uint8_t old_bytes[COUNT * 8], new_bytes[COUNT * 8], back[COUNT * 8], coded[ROOM];
} fixture;

static int setup(void **state) {
    *state = calloc(1, sizeof(fixture));
    return *state ? 0 : 1;
}

static int teardown(void **state) {
    free(*state);
    return 0;
}

/* Encodes, decodes, compares; returns the coded size. */
static size_t round_trip(fixture *f, hone_element element, size_t row, size_t elements) {
    hone_residual_span span = {element, row, elements};
    size_t used =
        hone__residual_encode(&f->models, &span, f->old_bytes, f->new_bytes, f->coded, ROOM);
    assert_true(used <= ROOM);
    memset(f->back, 0xee, sizeof f->back);
    hone__residual_decode(&f->models, &span, f->old_bytes, f->back, f->coded, used);
    assert_memory_equal(f->back, f->new_bytes, elements * hone__residual_width(element));
    return used;
}

static void fill_noise(uint8_t *bytes, size_t size, uint64_t seed) {
    hone_rng rng;
    hone__rng_seed(&rng, seed, 0);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)hone__rng_next(&rng);
}

static void any_bits_of_any_type_come_back(void **state) {
    fixture *f = *state;
    static const size_t rows[] = {0, 1, 9, 256, 100000};
    fill_noise(f->old_bytes, sizeof f->old_bytes, 1);
    fill_noise(f->new_bytes, sizeof f->new_bytes, 2);
    for (int e = 0; e < HONE_ELEMENTS; e++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            round_trip(f, (hone_element)e, rows[r], COUNT);
}

static void the_ends_of_each_range_come_back(void **state) {
    fixture *f = *state;
    static const uint8_t ends[] = {0x00, 0xff, 0x80, 0x7f, 0x01, 0xfe};
    for (size_t i = 0; i < sizeof f->old_bytes; i++) {
        f->old_bytes[i] = ends[i / 8 % 6];
        f->new_bytes[i] = ends[i / 48 % 6];
    }
    for (int e = 0; e < HONE_ELEMENTS; e++) round_trip(f, (hone_element)e, 9, COUNT);
}

static void few_or_no_elements_come_back(void **state) {
    fixture *f = *state;
    fill_noise(f->old_bytes, sizeof f->old_bytes, 3);
    fill_noise(f->new_bytes, sizeof f->new_bytes, 4);
    for (size_t count = 0; count < 4; count++) round_trip(f, HONE_ELEMENT_FLOAT32, 3, count);
}

static void weights_that_did_not_change_cost_next_to_nothing(void **state) {
    fixture *f = *state;
    fill_noise(f->old_bytes, sizeof f->old_bytes, 5);
    memcpy(f->new_bytes, f->old_bytes, sizeof f->old_bytes);
    assert_true(round_trip(f, HONE_ELEMENT_FLOAT32, 64, COUNT) < 16);
}

static float normal(hone_rng *rng) {
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += (double)hone__rng_next(rng) / 18446744073709551616.0;
    return (float)sum;
}

static void a_step_of_training_costs_what_its_noise_weighs(void **state) {
    fixture *f = *state;
    hone_rng rng;
    hone__rng_seed(&rng, 6, 0);
    for (size_t i = 0; i < COUNT; i++) {
        float before = 0.05f * normal(&rng), after = before + 1e-4f * normal(&rng);
        memcpy(f->old_bytes + 4 * i, &before, 4);
        memcpy(f->new_bytes + 4 * i, &after, 4);
    }
    /* A difference of size 2^-9 of the weight leaves 23 - 9 bits of noise and its sign. */
    size_t used = round_trip(f, HONE_ELEMENT_FLOAT32, 500, COUNT);
    assert_true(used < COUNT * 4 * 6 / 10);
}

static void an_int8_row_whose_scale_moved_costs_less_than_its_differences(void **state) {
    fixture *f = *state;
    hone_rng rng;
    hone__rng_seed(&rng, 7, 0);
    for (size_t i = 0; i < COUNT; i++) {
        float weight = 40 * normal(&rng), moved = weight / 1.1f;
        f->old_bytes[i] = (uint8_t)(int8_t)fmaxf(-127, fminf(127, rintf(weight)));
        f->new_bytes[i] = (uint8_t)(int8_t)fmaxf(-127, fminf(127, rintf(moved)));
    }
    size_t known = round_trip(f, HONE_ELEMENT_INT8, 500, COUNT);
    size_t unknown = round_trip(f, HONE_ELEMENT_BYTES, 500, COUNT);
    assert_true(known < unknown * 6 / 10);
}

static void pruned_weights_cost_a_bit_each(void **state) {
    fixture *f = *state;
    hone_rng rng;
    hone__rng_seed(&rng, 11, 0);
    for (size_t i = 0; i < COUNT; i++) {
        float before = 0.05f * normal(&rng), after = hone__rng_next(&rng) & 1 ? before : 0;
        memcpy(f->old_bytes + 4 * i, &before, 4);
        memcpy(f->new_bytes + 4 * i, &after, 4);
    }
    assert_true(round_trip(f, HONE_ELEMENT_FLOAT32, 500, COUNT) < COUNT / 8 * 2);
}

static void too_little_room_is_told(void **state) {
    fixture *f = *state;
    hone_residual_span span = {HONE_ELEMENT_FLOAT32, 0, COUNT};
    fill_noise(f->old_bytes, sizeof f->old_bytes, 8);
    fill_noise(f->new_bytes, sizeof f->new_bytes, 9);
    for (size_t room = 0; room < 4000; room += 333)
        assert_true(hone__residual_encode(&f->models, &span, f->old_bytes, f->new_bytes, f->coded,
                                          room) == SIZE_MAX);
}

static void damaged_bytes_decode_to_something(void **state) {
    fixture *f = *state;
    fill_noise(f->old_bytes, sizeof f->old_bytes, 10);
    for (uint64_t seed = 0; seed < 20; seed++) {
        fill_noise(f->coded, 4096, seed);
        for (int e = 0; e < HONE_ELEMENTS; e++) {
            hone_residual_span span = {(hone_element)e, 9, COUNT};
            hone__residual_decode(&f->models, &span, f->old_bytes, f->back, f->coded, 4096);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bits_of_any_type_come_back),
        cmocka_unit_test(the_ends_of_each_range_come_back),
        cmocka_unit_test(few_or_no_elements_come_back),
        cmocka_unit_test(weights_that_did_not_change_cost_next_to_nothing),
        cmocka_unit_test(a_step_of_training_costs_what_its_noise_weighs),
        cmocka_unit_test(an_int8_row_whose_scale_moved_costs_less_than_its_differences),
        cmocka_unit_test(pruned_weights_cost_a_bit_each),
        cmocka_unit_test(too_little_room_is_told),
        cmocka_unit_test(damaged_bytes_decode_to_something),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

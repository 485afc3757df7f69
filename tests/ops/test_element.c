/* SPDX-License-Identifier: Apache-2.0 */
/* Elements as numbers: packed integers, narrow floats, conversions. Codes from the tables of the
 * ONNX documentation on float8. */
#include "testing.h"

#include "ops/element.h"
#include "ops/walk.h"
#include <math.h>

static unsigned code_of(hone_dtype dtype, double value, bool saturate) {
    uint8_t code = 0;
    if (saturate)
        hone__real_put(dtype, &code, 0, value);
    else
        hone__real_put_unsaturated(dtype, &code, 0, value);
    return code;
}

static double value_of(hone_dtype dtype, uint8_t code) {
    return hone__real_at(dtype, &code, 0);
}

static void packed_integers_keep_their_neighbours(void **state) {
    uint8_t bytes[2] = {0xff, 0xff};
    hone__int_put(HONE_S4, bytes, 1, -8);
    assert_int_equal(bytes[0], 0x8f);
    hone__int_put(HONE_U4, bytes, 2, 21); /* its low bits */
    assert_int_equal(bytes[1], 0xf5);
    hone__int_put(HONE_S2, bytes, 1, 1);
    assert_int_equal(bytes[0], 0x87);
    assert_int_equal(hone__int_at(HONE_S4, bytes, 1), -8);
    assert_int_equal(hone__int_at(HONE_U4, bytes, 1), 8);
    assert_int_equal(hone__int_at(HONE_S2, bytes, 0), -1);
}

static void every_code_of_a_narrow_float_survives_a_round_trip(void **state) {
    static const hone_dtype types[] = {HONE_F8E4M3FN, HONE_F8E4M3FNUZ, HONE_F8E5M2, HONE_F8E5M2FNUZ,
                                       HONE_F8E8M0};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        for (unsigned code = 0; code < 256; code++) {
            double value = value_of(types[t], (uint8_t)code);
            if (isnan(value)) continue;
            if (code_of(types[t], value, false) != code)
                fail_msg("type %d: code %u is %g, which is code %u", types[t], code, value,
                         code_of(types[t], value, false));
        }
}

static void narrow_floats_have_their_known_extremes(void **state) {
    assert_true(value_of(HONE_F8E4M3FN, 0x7e) == 448.0);
    assert_true(value_of(HONE_F8E4M3FNUZ, 0x7f) == 240.0);
    assert_true(value_of(HONE_F8E5M2, 0x7b) == 57344.0);
    assert_true(value_of(HONE_F8E5M2FNUZ, 0x7f) == 57344.0);
    assert_true(value_of(HONE_F8E4M3FN, 0x01) == ldexp(1.0, -9));
    assert_true(isinf(value_of(HONE_F8E5M2, 0x7c)));
    assert_true(isnan(value_of(HONE_F8E4M3FNUZ, 0x80)));
    assert_true(value_of(HONE_F4E2M1, 0x07) == 6.0);
    assert_true(value_of(HONE_F8E8M0, 0x80) == 2.0);
}

static void narrow_floats_round_to_even(void **state) {
    assert_true(value_of(HONE_F8E4M3FN, (uint8_t)code_of(HONE_F8E4M3FN, 17.0, true)) == 16.0);
    assert_true(value_of(HONE_F8E4M3FN, (uint8_t)code_of(HONE_F8E4M3FN, 19.0, true)) == 20.0);
    assert_true(value_of(HONE_F4E2M1, (uint8_t)code_of(HONE_F4E2M1, 2.5, true)) == 2.0);
    assert_true(value_of(HONE_F4E2M1, (uint8_t)code_of(HONE_F4E2M1, 3.5, true)) == 4.0);
}

static void too_large_numbers_saturate_only_when_asked(void **state) {
    assert_int_equal(code_of(HONE_F8E4M3FN, 1e6, true), 0x7e);
    assert_int_equal(code_of(HONE_F8E4M3FN, 1e6, false), 0x7f);
    assert_int_equal(code_of(HONE_F8E5M2, -(double)INFINITY, false), 0xfc);
    assert_int_equal(code_of(HONE_F8E5M2, -(double)INFINITY, true), 0xfb);
    assert_int_equal(code_of(HONE_F8E5M2FNUZ, 1e6, false), 0x80);
    assert_int_equal(code_of(HONE_F8E4M3FNUZ, -0.0, true), 0x00);
}

static void a_double_is_rounded_to_half_once_and_not_twice(void **state) {
    /* just above the middle of 1 and the next half: float32 alone would land on the middle */
    double value = 1.0 + ldexp(1.0, -11) + ldexp(1.0, -40);
    uint16_t half;
    hone__real_put(HONE_F16, &half, 0, value);
    assert_int_equal(half, 0x3c01);
}

static void reals_become_integers_toward_zero_without_overflow(void **state) {
    assert_int_equal(hone__truncate(-2.9), -2);
    assert_int_equal(hone__truncate((double)NAN), 0);
    assert_int_equal(hone__truncate(1e300), INT64_MAX);
    uint64_t big = 0;
    hone__real_put(HONE_U64, &big, 0, 18446744073709549568.0);
    assert_true(big == UINT64_C(18446744073709549568));
}

static void elements_are_read_from_any_address(void **state) {
    uint8_t bytes[9] = {0};
    float value = 1.5f;
    memcpy(bytes + 1, &value, sizeof value);
    assert_true(hone__real_at(HONE_F32, bytes + 1, 0) == 1.5);
    hone__int_put(HONE_S64, bytes + 1, 0, -5);
    assert_int_equal(hone__int_at(HONE_S64, bytes + 1, 0), -5);
}

typedef struct rows {
    int count;
    int64_t last_at, last_count;
} rows;

static void count_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    rows *seen = (rows *)context;
    seen->count++;
    seen->last_at = at[0];
    seen->last_count = count;
}

static void a_dense_nest_is_one_row_and_a_broadcast_one_is_not(void **state) {
    hone_shape all = hone__shape(3, (int64_t[]){2, 3, 4}), row = hone__shape(1, (int64_t[]){4});
    rows seen = {0};
    hone__nest nest = hone__nest_over(&all);
    hone__nest_add(&nest, &all);
    hone__nest_run(nest, count_row, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last_count, 24);
    hone__nest_add(&nest, &row);
    seen = (rows){0};
    hone__nest_run(nest, count_row, &seen);
    assert_int_equal(seen.count, 6);
    assert_int_equal(seen.last_at, 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_integers_keep_their_neighbours),
        cmocka_unit_test(every_code_of_a_narrow_float_survives_a_round_trip),
        cmocka_unit_test(narrow_floats_have_their_known_extremes),
        cmocka_unit_test(narrow_floats_round_to_even),
        cmocka_unit_test(too_large_numbers_saturate_only_when_asked),
        cmocka_unit_test(a_double_is_rounded_to_half_once_and_not_twice),
        cmocka_unit_test(reals_become_integers_toward_zero_without_overflow),
        cmocka_unit_test(elements_are_read_from_any_address),
        cmocka_unit_test(a_dense_nest_is_one_row_and_a_broadcast_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Element by element operators on small cases worked out by hand. */
#include "ops/one_node.h"

static one_node unary(hone_op op, hone_dtype dtype, hone_shape shape, const void *data) {
    one_node n = one_node_of(op, 1);
    one_node_input(&n, dtype, shape, data);
    one_node_build(&n);
    return n;
}

static one_node binary(hone_op op, hone_dtype dtype, hone_shape a_shape, const void *a,
                       hone_shape b_shape, const void *b) {
    one_node n = one_node_of(op, 1);
    one_node_input(&n, dtype, a_shape, a);
    one_node_input(&n, dtype, b_shape, b);
    one_node_build(&n);
    return n;
}

static void relu_keeps_nan_and_cuts_negatives(void **state) {
    one_node n = unary(HONE_OP_Relu, HONE_F32, SHAPE(4), FLOATS(-1, 0.5f, NAN, -INFINITY));
    one_node_run(&n);
    expect(&n, 0, SHAPE(4), FLOATS(0, 0.5f, NAN, 0));
    one_node_done(&n);
}

static void round_goes_to_the_nearest_even(void **state) {
    one_node n = unary(HONE_OP_Round, HONE_F32, SHAPE(5), FLOATS(0.5f, 1.5f, 2.5f, -0.5f, -1.5f));
    one_node_run(&n);
    expect(&n, 0, SHAPE(5), FLOATS(0, 2, 2, -0.0f, -2));
    one_node_done(&n);
}

static void sigmoid_does_not_overflow(void **state) {
    one_node n = unary(HONE_OP_Sigmoid, HONE_F32, SHAPE(3), FLOATS(-1000, 0, 1000));
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(0, 0.5f, 1));
    one_node_done(&n);
}

static void hard_swish_is_flat_below_and_straight_above(void **state) {
    one_node n = unary(HONE_OP_HardSwish, HONE_F32, SHAPE(4), FLOATS(-4, -1.5f, 0, 4));
    one_node_run(&n);
    expect_near(&n, 0, SHAPE(4), FLOATS(0, -0.375f, 0, 4), 1e-7);
    one_node_done(&n);
}

static void leaky_relu_reads_its_slope(void **state) {
    one_node n = unary(HONE_OP_LeakyRelu, HONE_F32, SHAPE(2), FLOATS(-4, 4));
    set_float(&n, "alpha", 0.25f);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2), FLOATS(-1, 4));
    one_node_done(&n);
}

static void abs_and_neg_of_the_least_integer_wrap(void **state) {
    one_node n = unary(HONE_OP_Abs, HONE_S8, SHAPE(2), SIGNED(-128, -5));
    one_node_run(&n);
    expect(&n, 0, SHAPE(2), FLOATS(-128, 5));
    one_node_done(&n);
}

static void exp_of_a_half_is_a_half(void **state) {
    static const uint16_t one[] = {0x3c00};
    one_node n = unary(HONE_OP_Exp, HONE_F16, SHAPE(1), one);
    one_node_run(&n);
    assert_int_equal(n.results[0].dtype, HONE_F16);
    expect_near(&n, 0, SHAPE(1), FLOATS(2.71875f), 0.001);
    one_node_done(&n);
}

static void clip_lets_the_upper_bound_win(void **state) {
    one_node n = one_node_of(HONE_OP_Clip, 1);
    one_node_input(&n, HONE_F32, SHAPE(3), FLOATS(-9, 3, 9));
    one_node_input(&n, HONE_F32, SCALAR, FLOATS(5));
    one_node_input(&n, HONE_F32, SCALAR, FLOATS(2));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(2, 2, 2));
    one_node_done(&n);
}

static void clip_without_a_lower_bound_only_cuts_above(void **state) {
    one_node n = one_node_of(HONE_OP_Clip, 1);
    one_node_input(&n, HONE_U8, SHAPE(3), BYTES(0, 6, 200));
    one_node_skip_input(&n);
    one_node_input(&n, HONE_U8, SCALAR, BYTES(7));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(0, 6, 7));
    one_node_done(&n);
}

static void add_broadcasts_a_column_and_a_row(void **state) {
    one_node n =
        binary(HONE_OP_Add, HONE_F32, SHAPE(2, 1), FLOATS(10, 20), SHAPE(3), FLOATS(1, 2, 3));
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 3), FLOATS(11, 12, 13, 21, 22, 23));
    one_node_done(&n);
}

static void long_integers_add_exactly(void **state) {
    int64_t big = INT64_C(9007199254740993); /* 2^53 + 1: no double */
    one_node n = binary(HONE_OP_Add, HONE_S64, SHAPE(1), &big, SHAPE(1), LONGS(1));
    one_node_run(&n);
    assert_int_equal(hone__int_at(HONE_S64, n.results[0].data, 0), big + 1);
    one_node_done(&n);
}

static void integer_division_truncates_and_survives_zero(void **state) {
    one_node n =
        binary(HONE_OP_Div, HONE_S64, SHAPE(3), LONGS(-7, 5, INT64_MIN), SHAPE(3), LONGS(2, 0, -1));
    one_node_run(&n);
    const int64_t *got = (const int64_t *)n.results[0].data;
    assert_int_equal(got[0], -3);
    assert_int_equal(got[1], 0);
    assert_int_equal(got[2], INT64_MIN);
    one_node_done(&n);
}

static void mod_takes_the_sign_of_the_divisor_and_fmod_of_the_dividend(void **state) {
    one_node n = binary(HONE_OP_Mod, HONE_S64, SHAPE(2), LONGS(-7, 7), SHAPE(2), LONGS(3, -3));
    one_node_run(&n);
    expect(&n, 0, SHAPE(2), FLOATS(2, -2));
    one_node_done(&n);
    n = binary(HONE_OP_Mod, HONE_S64, SHAPE(2), LONGS(-7, 7), SHAPE(2), LONGS(3, -3));
    set_int(&n, "fmod", 1);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2), FLOATS(-1, 1));
    one_node_done(&n);
}

static void max_goes_through_all_inputs_and_keeps_nan(void **state) {
    one_node n = one_node_of(HONE_OP_Max, 1);
    one_node_input(&n, HONE_F32, SHAPE(3), FLOATS(1, 5, NAN));
    one_node_input(&n, HONE_F32, SHAPE(1), FLOATS(3));
    one_node_input(&n, HONE_F32, SHAPE(3), FLOATS(2, 2, 2));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(3, 5, NAN));
    one_node_done(&n);
}

static void unsigned_numbers_compare_as_unsigned(void **state) {
    static const uint64_t a[] = {UINT64_MAX}, b[] = {1};
    one_node n = binary(HONE_OP_Greater, HONE_U64, SHAPE(1), a, SHAPE(1), b);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1), FLOATS(1));
    one_node_done(&n);
}

static void nan_is_not_less_or_equal(void **state) {
    one_node n =
        binary(HONE_OP_LessOrEqual, HONE_F32, SHAPE(2), FLOATS(NAN, 1), SHAPE(2), FLOATS(NAN, 1));
    one_node_run(&n);
    expect(&n, 0, SHAPE(2), FLOATS(0, 1));
    one_node_done(&n);
}

static void where_broadcasts_all_three(void **state) {
    one_node n = one_node_of(HONE_OP_Where, 1);
    one_node_input(&n, HONE_BOOL, SHAPE(2, 1), BYTES(1, 0));
    one_node_input(&n, HONE_F32, SHAPE(2), FLOATS(1, 2));
    one_node_input(&n, HONE_F32, SCALAR, FLOATS(9));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 2), FLOATS(1, 2, 9, 9));
    one_node_done(&n);
}

static void shifting_by_the_whole_width_gives_zero(void **state) {
    one_node n = binary(HONE_OP_BitShift, HONE_U8, SHAPE(2), BYTES(255, 3), SHAPE(2), BYTES(8, 1));
    set_text(&n, "direction", "LEFT");
    one_node_run(&n);
    expect(&n, 0, SHAPE(2), FLOATS(0, 6));
    one_node_done(&n);
}

static void cast_truncates_and_keeps_low_bits(void **state) {
    one_node n = unary(HONE_OP_Cast, HONE_F32, SHAPE(3), FLOATS(-1.9f, 2.9f, NAN));
    set_int(&n, "to", HONE_S32);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(-1, 2, 0));
    one_node_done(&n);
    n = unary(HONE_OP_Cast, HONE_S64, SHAPE(2), LONGS(258, -1));
    set_int(&n, "to", HONE_U8);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2), FLOATS(2, 255));
    one_node_done(&n);
}

static void an_integer_square_root_is_refused_with_its_type(void **state) {
    one_node n = unary(HONE_OP_Sqrt, HONE_S32, SHAPE(1), LONGS(4));
    expect_refusal(&n, HONE_UNSUPPORTED, "int32");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relu_keeps_nan_and_cuts_negatives),
        cmocka_unit_test(round_goes_to_the_nearest_even),
        cmocka_unit_test(sigmoid_does_not_overflow),
        cmocka_unit_test(hard_swish_is_flat_below_and_straight_above),
        cmocka_unit_test(leaky_relu_reads_its_slope),
        cmocka_unit_test(abs_and_neg_of_the_least_integer_wrap),
        cmocka_unit_test(exp_of_a_half_is_a_half),
        cmocka_unit_test(clip_lets_the_upper_bound_win),
        cmocka_unit_test(clip_without_a_lower_bound_only_cuts_above),
        cmocka_unit_test(add_broadcasts_a_column_and_a_row),
        cmocka_unit_test(long_integers_add_exactly),
        cmocka_unit_test(integer_division_truncates_and_survives_zero),
        cmocka_unit_test(mod_takes_the_sign_of_the_divisor_and_fmod_of_the_dividend),
        cmocka_unit_test(max_goes_through_all_inputs_and_keeps_nan),
        cmocka_unit_test(unsigned_numbers_compare_as_unsigned),
        cmocka_unit_test(nan_is_not_less_or_equal),
        cmocka_unit_test(where_broadcasts_all_three),
        cmocka_unit_test(shifting_by_the_whole_width_gives_zero),
        cmocka_unit_test(cast_truncates_and_keeps_low_bits),
        cmocka_unit_test(an_integer_square_root_is_refused_with_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rounding to integers and back: the one rule that integer kernels must match. */
#include "ops/one_node.h"
#include "ops/quantize.h"

static one_node quantized(hone_shape shape, const float *data, hone_shape scale_shape,
                          const float *scale, hone_dtype dtype, const void *zero) {
    one_node n = one_node_of(HONE_OP_QuantizeLinear, 1);
    one_node_input(&n, HONE_F32, shape, data);
    one_node_input(&n, HONE_F32, scale_shape, scale);
    one_node_input(&n, dtype, scale_shape, zero);
    one_node_build(&n);
    return n;
}

static void quantizing_rounds_half_to_even_and_saturates(void **state) {
    one_node n = quantized(SHAPE(6), FLOATS(0.5f, 1.5f, 2.5f, -0.5f, 1000, -1000), SCALAR,
                           FLOATS(1), HONE_S8, SIGNED(1));
    one_node_run(&n);
    expect(&n, 0, SHAPE(6), FLOATS(1, 3, 3, 1, 127, -128));
    one_node_done(&n);
}

static void nan_quantizes_to_the_zero_point_and_infinities_to_the_ends(void **state) {
    one_node n = quantized(SHAPE(3), FLOATS(NAN, INFINITY, -INFINITY), SCALAR, FLOATS(0.1f),
                           HONE_U8, BYTES(7));
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(7, 255, 0));
    one_node_done(&n);
}

static void every_entry_of_the_axis_has_its_own_scale(void **state) {
    one_node n = quantized(SHAPE(2, 2), FLOATS(1, 1, 1, 1), SHAPE(2), FLOATS(1, 0.5f), HONE_S8,
                           SIGNED(0, 10));
    set_int(&n, "axis", 0);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 2), FLOATS(1, 1, 12, 12));
    one_node_done(&n);
}

static void a_block_shares_its_scale(void **state) {
    one_node n =
        quantized(SHAPE(1, 4), FLOATS(4, 4, 4, 4), SHAPE(1, 2), FLOATS(1, 2), HONE_U8, BYTES(0, 1));
    set_int(&n, "axis", 1);
    set_int(&n, "block_size", 2);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 4), FLOATS(4, 4, 3, 3));
    one_node_done(&n);
}

static void four_bit_results_are_packed(void **state) {
    one_node n = quantized(SHAPE(3), FLOATS(-9, 3, 9), SCALAR, FLOATS(1), HONE_S4, BYTES(0));
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(-8, 3, 7));
    assert_int_equal(((const uint8_t *)n.results[0].data)[0], 0x38);
    one_node_done(&n);
}

static void dequantizing_takes_the_zero_point_off_first(void **state) {
    one_node n = one_node_of(HONE_OP_DequantizeLinear, 1);
    one_node_input(&n, HONE_U8, SHAPE(2), BYTES(0, 255));
    one_node_input(&n, HONE_F32, SCALAR, FLOATS(0.5f));
    one_node_input(&n, HONE_U8, SCALAR, BYTES(128));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2), FLOATS(-64, 63.5f));
    one_node_done(&n);
}

static void scales_of_a_wrong_count_are_refused(void **state) {
    one_node n = one_node_of(HONE_OP_DequantizeLinear, 1);
    one_node_input(&n, HONE_U8, SHAPE(2), BYTES(0, 255));
    one_node_input(&n, HONE_F32, SHAPE(3), FLOATS(1, 1, 1));
    one_node_build(&n);
    set_int(&n, "axis", 0);
    hone_status status = hone_graph_infer(n.graph, &n.error);
    if (status == HONE_OK) status = one_node_try(&n);
    assert_int_equal(status, HONE_SHAPE);
    one_node_done(&n);
}

static void requantizing_multiplies_in_float_and_rounds_to_even(void **state) {
    assert_int_equal(hone__requantize(5, 0.5f, 0, HONE_S8), 2);
    assert_int_equal(hone__requantize(7, 0.5f, 0, HONE_S8), 4);
    assert_int_equal(hone__requantize(-5, 0.5f, 10, HONE_U8), 8);
    assert_int_equal(hone__requantize(1000, 1.0f, 0, HONE_S8), 127);
    assert_int_equal(hone__requantize(-1000, 1.0f, 0, HONE_U8), 0);
}

static void dynamic_quantization_keeps_zero_exact(void **state) {
    one_node n = one_node_of(HONE_OP_DynamicQuantizeLinear, 3);
    one_node_input(&n, HONE_F32, SHAPE(3), FLOATS(-1, 0, 4.1f));
    one_node_build(&n);
    one_node_run(&n);
    expect_near(&n, 1, SCALAR, FLOATS(0.02f), 1e-6);
    expect(&n, 2, SCALAR, FLOATS(50));
    expect(&n, 0, SHAPE(3), FLOATS(0, 50, 255));
    one_node_done(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantizing_rounds_half_to_even_and_saturates),
        cmocka_unit_test(nan_quantizes_to_the_zero_point_and_infinities_to_the_ends),
        cmocka_unit_test(every_entry_of_the_axis_has_its_own_scale),
        cmocka_unit_test(a_block_shares_its_scale),
        cmocka_unit_test(four_bit_results_are_packed),
        cmocka_unit_test(dequantizing_takes_the_zero_point_off_first),
        cmocka_unit_test(scales_of_a_wrong_count_are_refused),
        cmocka_unit_test(requantizing_multiplies_in_float_and_rounds_to_even),
        cmocka_unit_test(dynamic_quantization_keeps_zero_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What networks are made of: convolutions, pools, products, reductions, normalizations, resizing,
 * recurrent cells. */
#include "ops/one_node.h"

static const float nine[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static one_node floats(hone_op op, hone_shape shape, const float *data) {
    one_node n = one_node_of(op, 1);
    one_node_input(&n, HONE_F32, shape, data);
    return n;
}

static void conv_sums_windows_and_adds_the_bias(void **state) {
    one_node n = floats(HONE_OP_Conv, SHAPE(1, 1, 3, 3), nine);
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 2, 2), FLOATS(1, 0, 0, 1));
    one_node_input(&n, HONE_F32, SHAPE(1), FLOATS(0.5f));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 1, 2, 2), FLOATS(6.5f, 8.5f, 12.5f, 14.5f));
    one_node_done(&n);
}

static void conv_pads_strides_and_dilates(void **state) {
    one_node n = floats(HONE_OP_Conv, SHAPE(1, 1, 3, 3), nine);
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 2, 2), FLOATS(1, 1, 1, 1));
    one_node_build(&n);
    set_ints(&n, "pads", 1, 1, 1, 1);
    set_ints(&n, "strides", 2, 2);
    set_ints(&n, "dilations", 2, 2);
    one_node_run(&n);
    /* taps at -1 and 1 of each dimension for the first output, 1 and 3 for the second */
    expect(&n, 0, SHAPE(1, 1, 2, 2), FLOATS(5, 5, 5, 5));
    one_node_done(&n);
}

static void conv_groups_do_not_mix(void **state) {
    one_node n = floats(HONE_OP_Conv, SHAPE(1, 2, 1, 2), FLOATS(1, 2, 3, 4));
    one_node_input(&n, HONE_F32, SHAPE(2, 1, 1, 1), FLOATS(10, 100));
    one_node_build(&n);
    set_int(&n, "group", 2);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 2, 1, 2), FLOATS(10, 20, 300, 400));
    one_node_done(&n);
}

static void conv_of_the_same_upper_padding_puts_the_odd_pad_behind(void **state) {
    one_node n = floats(HONE_OP_Conv, SHAPE(1, 1, 4), FLOATS(1, 2, 3, 4));
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 2), FLOATS(1, 10));
    one_node_build(&n);
    set_text(&n, "auto_pad", "SAME_UPPER");
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 1, 4), FLOATS(21, 32, 43, 4));
    one_node_done(&n);
}

static void transposed_conv_spreads_each_input(void **state) {
    one_node n = floats(HONE_OP_ConvTranspose, SHAPE(1, 1, 2), FLOATS(1, 2));
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 3), FLOATS(1, 10, 100));
    one_node_build(&n);
    set_ints(&n, "strides", 2);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 1, 5), FLOATS(1, 10, 102, 20, 200));
    one_node_done(&n);
}

static void integer_conv_takes_zero_points_off_and_pads_with_them(void **state) {
    one_node n = one_node_of(HONE_OP_ConvInteger, 1);
    one_node_input(&n, HONE_U8, SHAPE(1, 1, 2), BYTES(11, 12));
    one_node_input(&n, HONE_U8, SHAPE(1, 1, 2), BYTES(3, 5));
    one_node_input(&n, HONE_U8, SCALAR, BYTES(10));
    one_node_input(&n, HONE_U8, SCALAR, BYTES(2));
    one_node_build(&n);
    set_ints(&n, "pads", 1, 0);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 1, 2), FLOATS(3, 7));
    one_node_done(&n);
}

static void max_pool_says_where_it_found_the_largest(void **state) {
    one_node n = one_node_of(HONE_OP_MaxPool, 2);
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 3, 3), nine);
    one_node_build(&n);
    set_ints(&n, "kernel_shape", 2, 2);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 1, 2, 2), FLOATS(5, 6, 8, 9));
    expect(&n, 1, SHAPE(1, 1, 2, 2), FLOATS(4, 5, 7, 8));
    one_node_done(&n);
}

static void average_pool_counts_padding_only_when_told(void **state) {
    for (int64_t counted = 0; counted < 2; counted++) {
        one_node n = floats(HONE_OP_AveragePool, SHAPE(1, 1, 2), FLOATS(2, 4));
        one_node_build(&n);
        set_ints(&n, "kernel_shape", 2);
        set_ints(&n, "pads", 1, 0);
        set_int(&n, "count_include_pad", counted);
        one_node_run(&n);
        expect(&n, 0, SHAPE(1, 1, 2), counted ? FLOATS(1, 3) : FLOATS(2, 3));
        one_node_done(&n);
    }
}

static void gemm_transposes_scales_and_adds(void **state) {
    one_node n = floats(HONE_OP_Gemm, SHAPE(2, 1), FLOATS(1, 2));
    one_node_input(&n, HONE_F32, SHAPE(3, 2), FLOATS(1, 2, 3, 4, 5, 6));
    one_node_input(&n, HONE_F32, SHAPE(3), FLOATS(1, 2, 3));
    one_node_build(&n);
    set_int(&n, "transA", 1);
    set_int(&n, "transB", 1);
    set_float(&n, "alpha", 2);
    set_float(&n, "beta", 10);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 3), FLOATS(20, 42, 64));
    one_node_done(&n);
}

static void matmul_broadcasts_its_batches(void **state) {
    one_node n = floats(HONE_OP_MatMul, SHAPE(2, 1, 2), FLOATS(1, 2, 3, 4));
    one_node_input(&n, HONE_F32, SHAPE(2, 2), FLOATS(1, 10, 100, 1000));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 1, 2), FLOATS(201, 2010, 403, 4030));
    one_node_done(&n);
}

static void einsum_takes_the_diagonal_and_the_outer_product(void **state) {
    one_node n = floats(HONE_OP_Einsum, SHAPE(2, 2), FLOATS(1, 2, 3, 4));
    one_node_input(&n, HONE_F32, SHAPE(2), FLOATS(10, 100));
    one_node_build(&n);
    set_text(&n, "equation", "ii,j->ij");
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 2), FLOATS(10, 100, 40, 400));
    one_node_done(&n);
}

static void reduce_mean_keeps_its_dimensions(void **state) {
    one_node n = floats(HONE_OP_ReduceMean, SHAPE(2, 3), FLOATS(1, 2, 3, 4, 5, 6));
    one_node_input(&n, HONE_S64, SHAPE(1), LONGS(-1));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 1), FLOATS(2, 5));
    one_node_done(&n);
}

static void log_sum_exp_does_not_overflow(void **state) {
    one_node n = floats(HONE_OP_ReduceLogSumExp, SHAPE(2), FLOATS(1000, 1000));
    one_node_build(&n);
    one_node_run(&n);
    expect_near(&n, 0, SHAPE(1), FLOATS(1000.693147f), 1e-3);
    one_node_done(&n);
}

static void a_long_float_sum_stays_exact(void **state) {
    static float ones[100000];
    for (size_t i = 0; i < 100000; i++) ones[i] = 0.1f;
    ones[0] = 1e9f;
    one_node n = floats(HONE_OP_ReduceSum, SHAPE(100000), ones);
    one_node_build(&n);
    one_node_run(&n);
    expect_near(&n, 0, SHAPE(1), FLOATS(1000009999.9f), 64.0);
    one_node_done(&n);
}

static void arg_max_takes_the_last_when_told(void **state) {
    one_node n = floats(HONE_OP_ArgMax, SHAPE(1, 3), FLOATS(5, 5, 1));
    one_node_build(&n);
    set_int(&n, "axis", 1);
    set_int(&n, "select_last_index", 1);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 1), FLOATS(1));
    one_node_done(&n);
}

static void cum_sum_runs_backwards_without_itself(void **state) {
    one_node n = floats(HONE_OP_CumSum, SHAPE(3), FLOATS(1, 2, 3));
    one_node_input(&n, HONE_S64, SCALAR, LONGS(0));
    one_node_build(&n);
    set_int(&n, "reverse", 1);
    set_int(&n, "exclusive", 1);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(5, 3, 0));
    one_node_done(&n);
}

static void softmax_of_large_numbers_is_finite(void **state) {
    one_node n = floats(HONE_OP_Softmax, SHAPE(1, 2), FLOATS(10000, 10000));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 2), FLOATS(0.5f, 0.5f));
    one_node_done(&n);
}

static void batch_norm_uses_the_stored_moments(void **state) {
    one_node n = floats(HONE_OP_BatchNormalization, SHAPE(1, 2, 1), FLOATS(3, 3));
    one_node_input(&n, HONE_F32, SHAPE(2), FLOATS(2, 1));
    one_node_input(&n, HONE_F32, SHAPE(2), FLOATS(1, 0));
    one_node_input(&n, HONE_F32, SHAPE(2), FLOATS(1, 3));
    one_node_input(&n, HONE_F32, SHAPE(2), FLOATS(4, 1));
    one_node_build(&n);
    set_float(&n, "epsilon", 0.0f);
    one_node_run(&n);
    expect_near(&n, 0, SHAPE(1, 2, 1), FLOATS(3, 0), 1e-6);
    one_node_done(&n);
}

static void layer_norm_gives_mean_zero_and_deviation_one(void **state) {
    one_node n = floats(HONE_OP_LayerNormalization, SHAPE(1, 2), FLOATS(1, 3));
    one_node_input(&n, HONE_F32, SHAPE(2), FLOATS(1, 10));
    one_node_input(&n, HONE_F32, SHAPE(2), FLOATS(0, 5));
    one_node_build(&n);
    set_float(&n, "epsilon", 0.0f);
    one_node_run(&n);
    expect_near(&n, 0, SHAPE(1, 2), FLOATS(-1, 15), 1e-6);
    one_node_done(&n);
}

static one_node resized(const char *mode, const char *transform, float scale) {
    one_node n = floats(HONE_OP_Resize, SHAPE(1, 1, 1, 2), FLOATS(0, 4));
    one_node_skip_input(&n);
    one_node_input(&n, HONE_F32, SHAPE(4), FLOATS(1, 1, 1, scale));
    one_node_build(&n);
    set_text(&n, "mode", mode);
    set_text(&n, "coordinate_transformation_mode", transform);
    one_node_run(&n);
    return n;
}

static void resize_places_pixels_by_its_transformation(void **state) {
    one_node n = resized("linear", "half_pixel", 2);
    expect(&n, 0, SHAPE(1, 1, 1, 4), FLOATS(0, 1, 3, 4));
    one_node_done(&n);
    n = resized("linear", "align_corners", 2);
    expect_near(&n, 0, SHAPE(1, 1, 1, 4), FLOATS(0, 1.3333333f, 2.6666667f, 4), 1e-6);
    one_node_done(&n);
    n = resized("linear", "asymmetric", 2);
    expect(&n, 0, SHAPE(1, 1, 1, 4), FLOATS(0, 2, 4, 4));
    one_node_done(&n);
    n = resized("nearest", "asymmetric", 2);
    expect(&n, 0, SHAPE(1, 1, 1, 4), FLOATS(0, 0, 4, 4));
    one_node_done(&n);
}

/* One unit, weights zero: the gates are what the biases say. */
static void lstm_forgets_and_remembers_by_its_gates(void **state) {
    one_node n = one_node_of(HONE_OP_LSTM, 3);
    one_node_input(&n, HONE_F32, SHAPE(2, 1, 1), FLOATS(1, 1));
    one_node_input(&n, HONE_F32, SHAPE(1, 4, 1), FLOATS(0, 0, 0, 1));
    one_node_input(&n, HONE_F32, SHAPE(1, 4, 1), FLOATS(0, 0, 0, 0));
    /* input gate open, output gate open, forget gate open: the cell adds up tanh(1) */
    one_node_input(&n, HONE_F32, SHAPE(1, 8), FLOATS(100, 100, 100, 0, 0, 0, 0, 0));
    one_node_build(&n);
    set_int(&n, "hidden_size", 1);
    one_node_run(&n);
    float c1 = tanhf(1.0f), c2 = 2.0f * c1;
    expect_near(&n, 0, SHAPE(2, 1, 1, 1), FLOATS(tanhf(c1), tanhf(c2)), 1e-6);
    expect_near(&n, 1, SHAPE(1, 1, 1), FLOATS(tanhf(c2)), 1e-6);
    expect_near(&n, 2, SHAPE(1, 1, 1), FLOATS(c2), 1e-6);
    one_node_done(&n);
}

static void short_sequences_end_early_and_leave_zeros(void **state) {
    static const int32_t lengths[] = {1};
    one_node n = one_node_of(HONE_OP_RNN, 2);
    one_node_input(&n, HONE_F32, SHAPE(2, 1, 1), FLOATS(1, 1));
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 1), FLOATS(0.5f));
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 1), FLOATS(1));
    one_node_skip_input(&n);
    one_node_input(&n, HONE_S32, SHAPE(1), lengths);
    one_node_build(&n);
    set_int(&n, "hidden_size", 1);
    one_node_run(&n);
    expect_near(&n, 0, SHAPE(2, 1, 1, 1), FLOATS(tanhf(0.5f), 0), 1e-7);
    expect_near(&n, 1, SHAPE(1, 1, 1), FLOATS(tanhf(0.5f)), 1e-7);
    one_node_done(&n);
}

static void a_sequence_longer_than_its_tensor_is_refused(void **state) {
    static const int32_t lengths[] = {3};
    one_node n = one_node_of(HONE_OP_RNN, 2);
    one_node_input(&n, HONE_F32, SHAPE(2, 1, 1), FLOATS(1, 1));
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 1), FLOATS(0.5f));
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 1), FLOATS(1));
    one_node_skip_input(&n);
    one_node_input(&n, HONE_S32, SHAPE(1), lengths);
    one_node_build(&n);
    set_int(&n, "hidden_size", 1);
    expect_refusal(&n, HONE_SHAPE, "length 3");
}

static void attention_to_one_key_returns_its_value(void **state) {
    one_node n = floats(HONE_OP_Attention, SHAPE(1, 1, 1, 2), FLOATS(1, 0));
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 2, 2), FLOATS(1, 0, 0, 1));
    one_node_input(&n, HONE_F32, SHAPE(1, 1, 2, 2), FLOATS(1, 2, 3, 4));
    one_node_input(&n, HONE_BOOL, SHAPE(1, 2), BYTES(0, 1));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 1, 1, 2), FLOATS(3, 4));
    one_node_done(&n);
}

static void a_missing_class_is_refused_by_the_loss(void **state) {
    one_node n = floats(HONE_OP_NegativeLogLikelihoodLoss, SHAPE(1, 2), FLOATS(-1, -2));
    one_node_input(&n, HONE_S64, SHAPE(1), LONGS(2));
    one_node_build(&n);
    expect_refusal(&n, HONE_SHAPE, "class 2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_sums_windows_and_adds_the_bias),
        cmocka_unit_test(conv_pads_strides_and_dilates),
        cmocka_unit_test(conv_groups_do_not_mix),
        cmocka_unit_test(conv_of_the_same_upper_padding_puts_the_odd_pad_behind),
        cmocka_unit_test(transposed_conv_spreads_each_input),
        cmocka_unit_test(integer_conv_takes_zero_points_off_and_pads_with_them),
        cmocka_unit_test(max_pool_says_where_it_found_the_largest),
        cmocka_unit_test(average_pool_counts_padding_only_when_told),
        cmocka_unit_test(gemm_transposes_scales_and_adds),
        cmocka_unit_test(matmul_broadcasts_its_batches),
        cmocka_unit_test(einsum_takes_the_diagonal_and_the_outer_product),
        cmocka_unit_test(reduce_mean_keeps_its_dimensions),
        cmocka_unit_test(log_sum_exp_does_not_overflow),
        cmocka_unit_test(a_long_float_sum_stays_exact),
        cmocka_unit_test(arg_max_takes_the_last_when_told),
        cmocka_unit_test(cum_sum_runs_backwards_without_itself),
        cmocka_unit_test(softmax_of_large_numbers_is_finite),
        cmocka_unit_test(batch_norm_uses_the_stored_moments),
        cmocka_unit_test(layer_norm_gives_mean_zero_and_deviation_one),
        cmocka_unit_test(resize_places_pixels_by_its_transformation),
        cmocka_unit_test(lstm_forgets_and_remembers_by_its_gates),
        cmocka_unit_test(short_sequences_end_early_and_leave_zeros),
        cmocka_unit_test(a_sequence_longer_than_its_tensor_is_refused),
        cmocka_unit_test(attention_to_one_key_returns_its_value),
        cmocka_unit_test(a_missing_class_is_refused_by_the_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs that contradict themselves or want too much: one clear error each, never more. */
#include "graph/build.h"

typedef struct refusal {
    const char *attribute;
    int64_t values[5];
    uint32_t count;
    const char *why;
} refusal;

static void a_conv_refuses_attributes_out_of_range(void **state) {
    (void)state;
    const refusal cases[] = {
        {"strides", {0, 1}, 2, "strides"},
        {"strides", {-1, 1}, 2, "strides"},
        {"strides", {1, 1, 1}, 3, "strides"},
        {"dilations", {1, INT64_MAX}, 2, "dilations"},
        {"kernel_shape", {0, 3}, 2, "kernel_shape"},
        {"kernel_shape", {5, 5}, 2, "kernel_shape"},
        {"pads", {-1, 0, 0, 0}, 4, "pads"},
        {"pads", {INT64_MAX, 0, 0, 0}, 4, "pads"},
        {"pads", {1, 1}, 2, "pads"},
        {"dilations", {9, 1}, 2, "does not fit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        hone_graph *g = new_graph();
        hone_value *x = input(g, "x", HONE_F32, LIST(1, 4, 8, 8));
        apply(g, HONE_OP_Conv, INPUTS(x, zeros(g, LIST(4, 4, 3, 3))));
        with_ints(g, cases[i].attribute, cases[i].count, cases[i].values);
        assert_refused(g, cases[i].why);
    }
}

static void a_conv_refuses_groups_that_do_not_divide(void **state) {
    (void)state;
    const int64_t groups[] = {0, -1, 3, INT64_MAX};
    for (size_t i = 0; i < 4; ++i) {
        hone_graph *g = new_graph();
        hone_value *x = input(g, "x", HONE_F32, LIST(1, 4, 8, 8));
        apply(g, HONE_OP_Conv, INPUTS(x, zeros(g, LIST(4, 2, 3, 3))));
        with_int(g, "group", groups[i]);
        assert_refused(g, "group");
    }
}

static void an_error_names_the_node_and_its_operator(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *in[] = {input(g, "a", HONE_F32, LIST(2, 3)), input(g, "b", HONE_F32, LIST(4, 3))};
    hone_value *y;
    assert_ok(hone_graph_add_value(g, NULL, &y, NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_Add, "residual", in, 2, &y, 1, NULL, NULL, NULL));
    assert_refused(g, "node 'residual' (Add): dimensions 2 and 4 do not broadcast");
}

static void types_that_differ_do_not_mix(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    apply(g, HONE_OP_Mul,
          INPUTS(input(g, "a", HONE_F32, LIST(2)), input(g, "b", HONE_S64, LIST(2))));
    assert_refused(g, "float32 and int64");
}

static void a_missing_input_is_an_error(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    apply(g, HONE_OP_Conv, INPUTS(input(g, "a", HONE_F32, LIST(1, 1, 4, 4)), NULL));
    assert_refused(g, "required input 1 is missing");
}

static void a_rank_above_the_limit_is_an_error(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 1, 1, 1, 1));
    apply(g, HONE_OP_Gather, INPUTS(x, input(g, "i", HONE_S64, LIST(1, 1, 1, 1, 1))));
    assert_refused(g, "rank 9");
    g = new_graph();
    x = input(g, "x", HONE_F32, LIST(1));
    apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(1, 1, 1, 1, 1, 1, 1, 1, 1))));
    assert_refused(g, "rank 9");
}

static void sizes_that_overflow_are_errors(void **state) {
    (void)state;
    const int64_t big = (int64_t)1 << 39;
    hone_graph *g = new_graph();
    apply(g, HONE_OP_ConstantOfShape, INPUTS(ints(g, LIST(big, big))));
    assert_refused(g, "too large");
    g = new_graph();
    apply(g, HONE_OP_Tile, INPUTS(input(g, "x", HONE_F32, LIST(4)), ints(g, LIST(big))));
    assert_refused(g, "too large");
    g = new_graph();
    apply(g, HONE_OP_Pad, INPUTS(input(g, "x", HONE_F32, LIST(4)), ints(g, LIST(INT64_MAX, 1))));
    assert_refused(g, "pads");
    g = new_graph();
    input(g, "x", HONE_F32, LIST(INT64_MAX));
    assert_refused(g, "value 'x' is too large");
    g = new_graph();
    apply(g, HONE_OP_Concat, INPUTS(input(g, "x", HONE_F32, LIST(2 * big)), zeros(g, LIST(1))));
    assert_refused(g, "too large");
}

static void contradictions_between_shapes_and_lists_are_errors(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 6));
    apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(5, -1))));
    assert_refused(g, "12 elements do not divide by 5");
    g = new_graph();
    x = input(g, "x", HONE_F32, LIST(2, 6));
    apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(3, 5))));
    assert_refused(g, "[2,6] does not reshape to [3,5]");
    g = new_graph();
    x = input(g, "x", HONE_F32, LIST(2, 6));
    apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(-1, -1))));
    assert_refused(g, "-1 at place 1");
    g = new_graph();
    x = input(g, "x", HONE_F32, LIST(2, 6));
    apply(g, HONE_OP_Transpose, INPUTS(x));
    with_ints(g, "perm", LIST(1, 1));
    assert_refused(g, "not a permutation");
    g = new_graph();
    x = input(g, "x", HONE_F32, LIST(2, 6));
    apply(g, HONE_OP_Squeeze, INPUTS(x, ints(g, LIST(0))));
    assert_refused(g, "has 2 elements, not 1");
    g = new_graph();
    x = input(g, "x", HONE_F32, LIST(2, 6));
    apply(g, HONE_OP_Softmax, INPUTS(x));
    apply(g, HONE_OP_ArgMax, INPUTS(x));
    with_int(g, "axis", INT64_MIN);
    assert_refused(g, "axis -9223372036854775808 is outside");
}

static void a_step_of_zero_and_a_block_of_zero_are_errors(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(8)), *zero = ints(g, LIST(0));
    apply(g, HONE_OP_Slice, INPUTS(x, zero, ints(g, LIST(4)), zero, zero));
    assert_refused(g, "step of 0");
    g = new_graph();
    apply(g, HONE_OP_DepthToSpace, INPUTS(input(g, "x", HONE_F32, LIST(1, 8, 2, 2))));
    with_int(g, "blocksize", 0);
    assert_refused(g, "blocksize");
    g = new_graph();
    const float step = 0;
    hone_value *f = constant(g, HONE_F32, &step, SCALAR);
    apply(g, HONE_OP_Range, INPUTS(f, f, f));
    assert_refused(g, "does not end");
}

static void a_slice_that_cuts_an_axis_twice_is_an_error(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(4, 4));
    hone_value *starts = ints(g, LIST(1, 1)), *ends = ints(g, LIST(3, 3));
    apply(g, HONE_OP_Slice, INPUTS(x, starts, ends, ints(g, LIST(0, -2))));
    assert_refused(g, "axis 0 is cut twice");
}

static void an_lstm_refuses_weights_for_another_hidden_size(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    apply(g, HONE_OP_LSTM,
          INPUTS(input(g, "x", HONE_F32, LIST(9, 2, 5)), zeros(g, LIST(1, 12, 5)),
                 zeros(g, LIST(1, 12, 4))));
    with_int(g, "hidden_size", 4);
    assert_refused(g, "hidden_size");
}

/* Each allocation fails once; nothing may leak or crash, and the last round succeeds. */
static void running_out_of_memory_anywhere_is_reported(void **state) {
    (void)state;
    for (size_t fail_at = 1; fail_at < 1000; ++fail_at) {
        failing_allocator f;
        hone_graph *g = NULL;
        hone_value *x = NULL, *y = NULL;
        const int64_t shape[] = {0, -1};
        const hone_shape two = {1, {2}};
        failing_allocator_init(&f, 0);
        assert_ok(hone_graph_new(&f.allocator, &g, NULL));
        assert_ok(hone_graph_add_value(g, "x", &x, NULL));
        assert_ok(hone_graph_add_input(g, x, NULL));
        x->dtype = HONE_F32;
        x->shape = (hone_shape){3, {symbol(g, "N"), symbol(g, "M"), 4}};
        hone_value *in[] = {x, NULL};
        assert_ok(hone_graph_copy_constant(g, "s", HONE_S64, &two, shape, sizeof shape, NULL,
                                           &in[1], NULL));
        assert_ok(hone_graph_add_value(g, "y", &y, NULL));
        assert_ok(hone_graph_add_node(g, HONE_OP_Reshape, NULL, in, 2, &y, 1, NULL, NULL, NULL));
        f.requests = 0;
        f.fail_at = fail_at;
        hone_status status = hone_graph_infer(g, NULL);
        hone_graph_free(g);
        assert_int_equal(f.live_bytes, 0);
        if (status == HONE_OK && f.requests < fail_at) return;
        assert_int_equal(status, HONE_MEMORY);
    }
    fail_msg("inference never had enough memory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conv_refuses_attributes_out_of_range),
        cmocka_unit_test(a_conv_refuses_groups_that_do_not_divide),
        cmocka_unit_test(an_error_names_the_node_and_its_operator),
        cmocka_unit_test(types_that_differ_do_not_mix),
        cmocka_unit_test(a_missing_input_is_an_error),
        cmocka_unit_test(a_rank_above_the_limit_is_an_error),
        cmocka_unit_test(sizes_that_overflow_are_errors),
        cmocka_unit_test(contradictions_between_shapes_and_lists_are_errors),
        cmocka_unit_test(a_step_of_zero_and_a_block_of_zero_are_errors),
        cmocka_unit_test(a_slice_that_cuts_an_axis_twice_is_an_error),
        cmocka_unit_test(an_lstm_refuses_weights_for_another_hidden_size),
        cmocka_unit_test(running_out_of_memory_anywhere_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Identities, dead code and batch norm: results and names of outputs stay. */
#include "evaluate.h"

#include "passes/passes.h"

/* --- identities ---------------------------------------------------------------------------- */

static void nodes_that_give_their_input_back_go(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3));
    hone_value *y = apply(g, HONE_OP_Relu, INPUTS(x));
    y = apply(g, HONE_OP_Identity, INPUTS(y));
    y = apply(g, HONE_OP_Dropout, INPUTS(y));
    y = apply(g, HONE_OP_Cast, INPUTS(y));
    with_int(g, "to", HONE_F32);
    y = apply(g, HONE_OP_Reshape, INPUTS(y, ints(g, LIST(2, -1))));
    y = apply(g, HONE_OP_Transpose, INPUTS(y));
    with_ints(g, "perm", LIST(0, 1));
    y = apply(g, HONE_OP_Slice, INPUTS(y, ints(g, LIST(0)), ints(g, LIST(INT64_MAX))));
    y = apply(g, HONE_OP_Pad, INPUTS(y, ints(g, LIST(0, 0, 0, 0))));
    y = apply(g, HONE_OP_Concat, INPUTS(y));
    with_int(g, "axis", 0);
    y = apply(g, HONE_OP_Expand, INPUTS(y, ints(g, LIST(1, 3))));
    give_back(g, apply(g, HONE_OP_Neg, INPUTS(y)));
    hone_tensor before = evaluate(g, 7);
    assert_true(run_pass(g, hone__pass_identity));
    assert_int_equal(count_all(g), 2);
    hone_tensor after = evaluate(g, 7);
    assert_same_result(&before, &after, 0);
    hone_graph_free(g);
}

static void nodes_that_only_look_like_identities_stay(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    const uint8_t yes = 1;
    hone_value *x = apply(g, HONE_OP_Relu, INPUTS(input(g, "x", HONE_F32, LIST(2, 2))));
    hone_value *back = ints(g, LIST(-1)), *far = ints(g, LIST(INT64_MIN)), *zero = ints(g, LIST(0));
    give_back(g, apply(g, HONE_OP_Slice, INPUTS(x, back, far, zero, back)));    /* reversed */
    give_back(g, apply(g, HONE_OP_Pad, INPUTS(x, ints(g, LIST(1, 0, -1, 0))))); /* shifted */
    give_back(g, apply(g, HONE_OP_Transpose, INPUTS(x)));
    give_back(g, apply(g, HONE_OP_Dropout, INPUTS(x, NULL, constant(g, HONE_BOOL, &yes, SCALAR))));
    assert_false(run_pass(g, hone__pass_identity));
    assert_int_equal(count_all(g), 5);
    hone_graph_free(g);
}

static void an_output_behind_an_identity_keeps_its_name(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3)), *y;
    hone_value *relu = apply(g, HONE_OP_Relu, INPUTS(x));
    hone_value *side = apply(g, HONE_OP_Neg, INPUTS(relu));
    assert_ok(hone_graph_add_value(g, "probabilities", &y, NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_Identity, NULL, &relu, 1, &y, 1, NULL, NULL, NULL));
    give_back(g, y);
    give_back(g, side);
    assert_true(run_pass(g, hone__pass_identity));
    assert_int_equal(count_all(g), 2);
    assert_string_equal(g->outputs[0]->name, "probabilities");
    assert_ptr_equal(g->outputs[0]->producer, g->first_node);
    assert_ptr_equal(g->last_node->inputs[0], y);
    hone_graph_free(g);
}

static void an_identity_between_an_input_and_an_output_stays(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3));
    hone_value *relu = apply(g, HONE_OP_Relu, INPUTS(x));
    give_back(g, apply(g, HONE_OP_Identity, INPUTS(x)));
    give_back(g, relu);
    give_back(g, apply(g, HONE_OP_Identity, INPUTS(relu)));
    assert_false(run_pass(g, hone__pass_identity));
    assert_int_equal(count_all(g), 3);
    hone_graph_free(g);
}

static void two_transposes_become_one_or_none(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3, 4));
    hone_value *y = apply(g, HONE_OP_Transpose, INPUTS(x));
    with_ints(g, "perm", LIST(2, 0, 1));
    y = apply(g, HONE_OP_Transpose, INPUTS(y));
    with_ints(g, "perm", LIST(0, 2, 1));
    give_back(g, y);
    hone_tensor before = evaluate(g, 7);
    run_pass(g, hone__pass_identity);
    run_pass(g, hone__pass_dead_code);
    assert_int_equal(count_all(g), 1);
    hone_tensor after = evaluate(g, 7);
    assert_same_result(&before, &after, 0);
    hone_graph_free(g);
}

static void a_reshape_of_a_reshape_reads_the_first_input_unless_it_copies_a_dimension(
    void **state) {
    (void)state;
    for (int copies = 0; copies < 2; ++copies) {
        hone_graph *g = new_graph();
        hone_value *x = input(g, "x", HONE_F32, LIST(2, 3, 4));
        hone_value *y = apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(6, 4))));
        y = apply(g, HONE_OP_Reshape, INPUTS(y, ints(g, LIST(copies ? 0 : 6, 2, 2))));
        give_back(g, y);
        hone_tensor before = evaluate(g, 7);
        run_pass(g, hone__pass_identity);
        run_pass(g, hone__pass_dead_code);
        assert_int_equal(count_all(g), copies ? 2 : 1);
        hone_tensor after = evaluate(g, 7);
        assert_same_result(&before, &after, 0);
        hone_graph_free(g);
    }
}

/* --- dead code ------------------------------------------------------------------------------- */

static void nodes_and_optional_outputs_that_nobody_uses_go(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 1, 4, 4)), *out[2];
    for (int i = 0; i < 2; ++i) assert_ok(hone_graph_add_value(g, NULL, &out[i], NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_MaxPool, NULL, &x, 1, out, 2, NULL, NULL, NULL));
    with_ints(g, "kernel_shape", LIST(2, 2));
    hone_value *unused = apply(g, HONE_OP_Neg, INPUTS(out[1]));
    apply(g, HONE_OP_Abs, INPUTS(unused));
    give_back(g, out[0]);
    assert_true(run_pass(g, hone__pass_dead_code));
    assert_int_equal(count_all(g), 1);
    assert_null(g->first_node->outputs[1]);
    assert_false(run_pass(g, hone__pass_dead_code));
    hone_graph_free(g);
}

static void what_only_a_subgraph_uses_stays(void **state) {
    (void)state;
    hone_graph *g = new_graph(), *sub;
    hone_value *x = input(g, "x", HONE_F32, LIST(2)), *captured, *outer;
    const uint8_t yes = 1;
    assert_ok(hone_graph_add_value(g, "captured", &captured, NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_Neg, NULL, &x, 1, &captured, 1, NULL, NULL, NULL));
    give_back(g, apply(g, HONE_OP_If, INPUTS(constant(g, HONE_BOOL, &yes, SCALAR))));
    for (int branch = 0; branch < 2; ++branch) {
        assert_ok(hone_graph_new_sub(g, &sub, NULL));
        assert_ok(hone_graph_add_value(sub, "captured", &outer, NULL));
        outer->kind = HONE_VALUE_OUTER;
        give_back(sub, apply(sub, HONE_OP_Relu, INPUTS(outer)));
        hone_attr attr = {.name = branch ? "then_branch" : "else_branch",
                          .kind = HONE_ATTR_GRAPH,
                          .count = 1,
                          .as.graph = sub};
        assert_ok(hone_node_put_attr(g, g->last_node, &attr, NULL));
    }
    run_pass(g, hone__pass_dead_code);
    assert_int_equal(count_all(g), 2);
    hone_graph_free(g);
}

/* --- batch norm ----------------------------------------------------------------------------------
 */

/* Appends a batch norm with a positive variance over `channels`. */
static hone_value *batch_norm(hone_graph *g, hone_value *x, int64_t channels) {
    hone_value *variance = randoms(g, 5, LIST(channels));
    float *numbers = malloc(variance->bytes);
    assert_non_null(numbers);
    fill_floats(numbers, (size_t)channels, 5);
    for (int64_t i = 0; i < channels; ++i) numbers[i] = numbers[i] * numbers[i] + 0.1f;
    variance = constant(g, HONE_F32, numbers, LIST(channels));
    free(numbers);
    return apply(g, HONE_OP_BatchNormalization,
                 INPUTS(x, randoms(g, 2, LIST(channels)), randoms(g, 3, LIST(channels)),
                        randoms(g, 4, LIST(channels)), variance));
}

static void assert_batch_norm_folds(hone_graph *g, hone_value *last) {
    give_back(g, last);
    hone_tensor before = evaluate(g, 7);
    const char *name = last->name;
    assert_true(run_pass(g, hone__pass_fold_batch_norm));
    assert_int_equal(count_all(g), 1);
    assert_string_equal(g->outputs[0]->name, name);
    hone_tensor after = evaluate(g, 7);
    assert_same_result(&before, &after, 1e-6f);
    hone_graph_free(g);
}

static void batch_norm_goes_into_a_conv_with_or_without_bias(void **state) {
    (void)state;
    for (int bias = 0; bias < 2; ++bias) {
        hone_graph *g = new_graph();
        hone_value *x = input(g, "x", HONE_F32, LIST(2, 4, 5, 5));
        hone_value *w = randoms(g, 1, LIST(6, 2, 3, 3));
        hone_value *y =
            apply(g, HONE_OP_Conv, bias ? 3 : 2, (hone_value *[]){x, w, randoms(g, 9, LIST(6))});
        with_int(g, "group", 2);
        assert_batch_norm_folds(g, batch_norm(g, y, 6));
    }
}

static void batch_norm_goes_into_a_grouped_transposed_conv(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 4, 3, 3));
    hone_value *w = randoms(g, 1, LIST(4, 3, 2, 2));
    hone_value *y = apply(g, HONE_OP_ConvTranspose, INPUTS(x, w, randoms(g, 9, LIST(6))));
    with_int(g, "group", 2);
    with_ints(g, "strides", LIST(2, 2));
    assert_batch_norm_folds(g, batch_norm(g, y, 6));
}

static void batch_norm_goes_into_a_gemm_of_either_transposition(void **state) {
    (void)state;
    for (int flipped = 0; flipped < 2; ++flipped) {
        hone_graph *g = new_graph();
        hone_value *x = input(g, "x", HONE_F32, LIST(2, 3));
        hone_value *w = flipped ? randoms(g, 1, LIST(5, 3)) : randoms(g, 1, LIST(3, 5));
        hone_value *y = apply(g, HONE_OP_Gemm, INPUTS(x, w, randoms(g, 9, LIST(1, 5))));
        with_int(g, "transB", flipped);
        assert_ok(hone_node_set_float(g, g->last_node, "beta", 0.5f, NULL));
        assert_ok(hone_node_set_float(g, g->last_node, "alpha", 2.0f, NULL));
        assert_batch_norm_folds(g, batch_norm(g, y, 5));
    }
}

static void batch_norm_stays_where_the_conv_is_used_twice_or_training_goes_on(void **state) {
    (void)state;
    for (int training = 0; training < 2; ++training) {
        hone_graph *g = new_graph();
        hone_value *x = input(g, "x", HONE_F32, LIST(2, 4, 5, 5));
        hone_value *y = apply(g, HONE_OP_Conv, INPUTS(x, randoms(g, 1, LIST(4, 4, 1, 1))));
        give_back(g, batch_norm(g, y, 4));
        if (training)
            with_int(g, "training_mode", 1);
        else
            give_back(g, y);
        assert_false(run_pass(g, hone__pass_fold_batch_norm));
        hone_graph_free(g);
    }
}

static void weights_that_two_convs_share_are_scaled_for_one_only(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 3, 4, 4)), *w = randoms(g, 1, LIST(3, 3, 1, 1));
    hone_value *a = batch_norm(g, apply(g, HONE_OP_Conv, INPUTS(x, w)), 3);
    give_back(g, apply(g, HONE_OP_Conv, INPUTS(a, w)));
    hone_tensor before = evaluate(g, 7);
    assert_true(run_pass(g, hone__pass_fold_batch_norm));
    hone_tensor after = evaluate(g, 7);
    assert_same_result(&before, &after, 1e-6f);
    hone_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_give_their_input_back_go),
        cmocka_unit_test(nodes_that_only_look_like_identities_stay),
        cmocka_unit_test(an_output_behind_an_identity_keeps_its_name),
        cmocka_unit_test(an_identity_between_an_input_and_an_output_stays),
        cmocka_unit_test(two_transposes_become_one_or_none),
        cmocka_unit_test(a_reshape_of_a_reshape_reads_the_first_input_unless_it_copies_a_dimension),
        cmocka_unit_test(nodes_and_optional_outputs_that_nobody_uses_go),
        cmocka_unit_test(what_only_a_subgraph_uses_stays),
        cmocka_unit_test(batch_norm_goes_into_a_conv_with_or_without_bias),
        cmocka_unit_test(batch_norm_goes_into_a_grouped_transposed_conv),
        cmocka_unit_test(batch_norm_goes_into_a_gemm_of_either_transposition),
        cmocka_unit_test(batch_norm_stays_where_the_conv_is_used_twice_or_training_goes_on),
        cmocka_unit_test(weights_that_two_convs_share_are_scaled_for_one_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

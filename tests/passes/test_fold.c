/* SPDX-License-Identifier: Apache-2.0 */
/* Constant folding: what goes, what stays. */
#include "evaluate.h"

#include "base/bytes.h"
#include "passes/passes.h"

static void a_chain_of_constants_becomes_one_constant(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3));
    hone_value *a = randoms(g, 1, LIST(3, 2));
    hone_value *b = apply(g, HONE_OP_Transpose, INPUTS(a));
    hone_value *c = apply(g, HONE_OP_Sqrt, INPUTS(apply(g, HONE_OP_Mul, INPUTS(b, b))));
    give_back(g, apply(g, HONE_OP_Add, INPUTS(x, c)));
    hone_tensor before = evaluate(g, 7);
    assert_true(run_pass(g, hone__pass_fold));
    assert_int_equal(count_all(g), 1);
    hone_tensor after = evaluate(g, 7);
    assert_same_result(&before, &after, 0);
    assert_false(run_pass(g, hone__pass_fold));
    hone_graph_free(g);
}

static void an_output_that_folds_keeps_its_name(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *a = ints(g, LIST(1, 2)), *y;
    assert_ok(hone_graph_add_value(g, "answer", &y, NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_Neg, NULL, &a, 1, &y, 1, NULL, NULL, NULL));
    give_back(g, y);
    assert_true(run_pass(g, hone__pass_fold));
    assert_int_equal(count_all(g), 0);
    assert_string_equal(g->outputs[0]->name, "answer");
    assert_int_equal(g->outputs[0]->kind, HONE_VALUE_CONSTANT);
    assert_int_equal((int64_t)hone__load64((const uint8_t *)g->outputs[0]->data + 8), -2);
    hone_graph_free(g);
}

/* x.view(x.size(0), -1) with a batch that nobody knows. */
static hone_graph *flattened_by_shape_arithmetic(int64_t batch_or_0) {
    hone_graph *g = new_graph();
    int64_t n = batch_or_0 ? batch_or_0 : symbol(g, "N");
    hone_value *x = input(g, "x", HONE_F32, LIST(n, 4, 2, 2));
    hone_value *shape = apply(g, HONE_OP_Shape, INPUTS(x));
    hone_value *first = apply(g, HONE_OP_Gather, INPUTS(shape, one_int(g, 0)));
    hone_value *second = apply(g, HONE_OP_Mul, INPUTS(one_int(g, 4), one_int(g, 4)));
    hone_value *parts[] = {apply(g, HONE_OP_Unsqueeze, INPUTS(first, ints(g, LIST(0)))),
                           apply(g, HONE_OP_Unsqueeze, INPUTS(second, ints(g, LIST(0))))};
    hone_value *target = apply(g, HONE_OP_Concat, 2, parts);
    with_int(g, "axis", 0);
    give_back(g, apply(g, HONE_OP_Reshape, INPUTS(x, target)));
    return g;
}

static void shape_arithmetic_over_a_known_batch_folds(void **state) {
    (void)state;
    hone_graph *g = flattened_by_shape_arithmetic(3);
    hone_tensor before = evaluate(g, 7);
    run_pass(g, hone__pass_fold);
    assert_int_equal(count_all(g), 1);
    hone_tensor after = evaluate(g, 7);
    assert_same_result(&before, &after, 0);
    hone_graph_free(g);
}

static void shape_arithmetic_over_a_symbolic_batch_leaves_minus_1_in_its_place(void **state) {
    (void)state;
    hone_graph *g = flattened_by_shape_arithmetic(0);
    int64_t shape[2];
    uint32_t count;
    run_pass(g, hone__pass_fold);
    run_pass(g, hone__pass_dead_code);
    assert_int_equal(count_all(g), 1);
    assert_true(hone_value_ints(g->first_node->inputs[1], shape, 2, &count));
    assert_int_equal(shape[0], -1);
    assert_int_equal(shape[1], 16);
    hone_graph_bind_symbol(g, symbol(g, "N"), 5);
    hone_tensor y = evaluate(g, 7);
    assert_int_equal(y.shape.dim[0], 5);
    assert_int_equal(y.shape.dim[1], 16);
    hone_tensor_free(&y);
    hone_graph_free(g);
}

static void random_numbers_never_fold(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *y = apply(g, HONE_OP_RandomNormal, 0, NULL);
    with_ints(g, "shape", LIST(2, 2));
    give_back(g, apply(g, HONE_OP_RandomUniformLike, INPUTS(y)));
    assert_false(run_pass(g, hone__pass_fold));
    assert_int_equal(count_all(g), 2);
    hone_graph_free(g);
}

static void weights_stored_in_int8_stay_int8(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    const float scale = 0.5f;
    hone_value *w = constant(g, HONE_S8, NULL, LIST(4, 4));
    hone_value *s = constant(g, HONE_F32, &scale, SCALAR);
    give_back(g, apply(g, HONE_OP_DequantizeLinear, INPUTS(w, s)));
    assert_false(run_pass(g, hone__pass_fold));
    hone_graph_free(g);
}

static void half_precision_weights_stay_halves_but_small_constants_widen(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *weights = constant(g, HONE_F16, NULL, LIST(64, 64));
    hone_value *number = constant(g, HONE_F16, NULL, LIST(1));
    give_back(g, apply(g, HONE_OP_Cast, INPUTS(weights)));
    with_int(g, "to", HONE_F32);
    give_back(g, apply(g, HONE_OP_Cast, INPUTS(number)));
    with_int(g, "to", HONE_F32);
    assert_true(run_pass(g, hone__pass_fold));
    assert_int_equal(count_all(g), 1);
    assert_ptr_equal(g->first_node->inputs[0], weights);
    hone_graph_free(g);
}

static void a_result_that_outgrows_its_inputs_stays_a_node(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *big = ints(g, LIST(1024, 1025)), *small = ints(g, LIST(16, 16));
    give_back(g, apply(g, HONE_OP_ConstantOfShape, INPUTS(big)));
    give_back(g, apply(g, HONE_OP_ConstantOfShape, INPUTS(small)));
    run_pass(g, hone__pass_fold);
    assert_int_equal(count_all(g), 1);
    assert_int_equal(g->outputs[1]->kind, HONE_VALUE_CONSTANT);
    hone_graph_free(g);
}

static void the_callers_limit_on_bytes_holds(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    bool changed = true;
    give_back(g, apply(g, HONE_OP_Neg, INPUTS(zeros(g, LIST(100)))));
    assert_ok(hone__graph_fold(g, 399, &changed, NULL));
    assert_false(changed);
    assert_ok(hone__graph_fold(g, 400, &changed, NULL));
    assert_true(changed);
    hone_graph_free(g);
}

static void constants_that_lie_unaligned_in_a_file_fold(void **state) {
    (void)state;
    static uint8_t file[64];
    const float numbers[] = {1, -2, 3};
    const hone_shape shape = {1, {3}};
    hone_graph *g = new_graph();
    hone_value *odd;
    memcpy(file + 1, numbers, sizeof numbers);
    assert_ok(
        hone_graph_add_constant(g, "odd", HONE_F32, &shape, file + 1, sizeof numbers, &odd, NULL));
    give_back(g, apply(g, HONE_OP_Abs, INPUTS(odd)));
    assert_true(run_pass(g, hone__pass_fold));
    assert_int_equal(hone__load32((const uint8_t *)g->outputs[0]->data + 4), 0x40000000); /* 2.0f */
    hone_graph_free(g);
}

static void a_node_that_fails_on_its_constants_is_left_to_fail_when_run(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *data = zeros(g, LIST(4)), *outside = ints(g, LIST(9));
    give_back(g, apply(g, HONE_OP_Gather, INPUTS(data, outside)));
    assert_false(run_pass(g, hone__pass_fold));
    assert_int_equal(count_all(g), 1);
    hone_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_of_constants_becomes_one_constant),
        cmocka_unit_test(an_output_that_folds_keeps_its_name),
        cmocka_unit_test(shape_arithmetic_over_a_known_batch_folds),
        cmocka_unit_test(shape_arithmetic_over_a_symbolic_batch_leaves_minus_1_in_its_place),
        cmocka_unit_test(random_numbers_never_fold),
        cmocka_unit_test(weights_stored_in_int8_stay_int8),
        cmocka_unit_test(half_precision_weights_stay_halves_but_small_constants_widen),
        cmocka_unit_test(a_result_that_outgrows_its_inputs_stays_a_node),
        cmocka_unit_test(the_callers_limit_on_bytes_holds),
        cmocka_unit_test(constants_that_lie_unaligned_in_a_file_fold),
        cmocka_unit_test(a_node_that_fails_on_its_constants_is_left_to_fail_when_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

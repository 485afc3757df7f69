/* SPDX-License-Identifier: Apache-2.0 */
/* float16 weights. */
#include "network.h"

#include <unistd.h>

static hone_model *halved(const hone_model *model) {
    hone_model *half;
    hone_error error = {0};
    assert_ok_or(hone_model_to_float16(model, &half, &error), error);
    return half;
}

static void big_constants_are_stored_in_half(void **state) {
    (void)state;
    hone_model *model = build_network(NULL), *half = halved(model);
    const hone_node *cast = find_node(half, "conv1")->inputs[1]->producer;
    assert_non_null(cast);
    assert_int_equal(cast->op, HONE_OP_Cast);
    assert_int_equal(cast->inputs[0]->dtype, HONE_F16);
    assert_int_equal(cast->inputs[0]->bytes, 4 * 27 * 2);
    /* four biases are not worth a node */
    assert_int_equal(find_node(half, "conv1")->inputs[2]->dtype, HONE_F32);
    hone_model_free(half), hone_model_free(model);
}

static void results_change_by_rounding_only(void **state) {
    (void)state;
    hone_model *model = build_network(NULL), *half = halved(model);
    samples s;
    float before[5], after[5];
    source_of(&s, 1);
    run_model(model, &s, before, 5);
    source_of(&s, 1);
    run_model(half, &s, after, 5);
    for (size_t i = 0; i < 5; i++) assert_float_equal(before[i], after[i], 1e-3);
    assert_memory_not_equal(before, after, sizeof before);
    hone_model_free(half), hone_model_free(model);
}

static void a_constant_beyond_the_range_of_half_stays_float(void **state) {
    (void)state;
    hone_model *model = build_network(NULL);
    ((float *)(uintptr_t)find_node(model, "conv1")->inputs[1]->data)[3] = 70000;
    hone_model *half = halved(model);
    assert_int_equal(find_node(half, "conv1")->inputs[1]->kind, HONE_VALUE_CONSTANT);
    assert_int_equal(find_node(half, "conv2")->inputs[1]->kind, HONE_VALUE_COMPUTED);
    hone_model_free(half), hone_model_free(model);
}

/* Weights above 4 KiB are what counts; folding must not widen them again. */
static hone_model *build_wide(void) {
    builder b;
    hone_value *x, *y = NULL;
    hone__rng_seed(&b.rng, 5, 5);
    assert_ok(hone_graph_new(NULL, &b.graph, NULL));
    assert_ok(hone_graph_add_value(b.graph, "x", &x, NULL));
    x->dtype = HONE_F32;
    x->shape = hone__shape(2, (const int64_t[]){1, 128});
    assert_ok(hone_graph_add_input(b.graph, x, NULL));
    hone_value *w = weights(&b, "w", 2, (const int64_t[]){128, 128}, 1);
    node(&b, HONE_OP_MatMul, "fc", x, w, NULL, &y);
    assert_ok(hone_graph_add_output(b.graph, y, NULL));
    return model_of(NULL, b.graph);
}

static void simplifying_and_saving_keep_it_small(void **state) {
    (void)state;
    hone_model *model = build_wide(), *half = halved(model), *again;
    hone_model_info info;
    hone_error error = {0};
    char path[64];
    struct stat facts;
    snprintf(path, sizeof path, "/tmp/hone-half-%d.onnx", (int)getpid());
    assert_ok_or(hone_model_simplify(half, &error), error);
    assert_ok(hone_model_get_info(half, &info, NULL));
    assert_int_equal(info.weight_bytes, 128 * 128 * 2);
    assert_string_equal(info.precision, "float16");
    assert_ok_or(hone_model_save(half, path, &error), error);
    assert_int_equal(stat(path, &facts), 0);
    assert_true(facts.st_size < 128 * 128 * 2 + 1000);
    assert_ok_or(hone_model_load(path, NULL, &again, &error), error);
    hone_model_free(again), hone_model_free(half), hone_model_free(model);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(big_constants_are_stored_in_half),
        cmocka_unit_test(results_change_by_rounding_only),
        cmocka_unit_test(a_constant_beyond_the_range_of_half_stays_float),
        cmocka_unit_test(simplifying_and_saving_keep_it_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

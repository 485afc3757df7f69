/* SPDX-License-Identifier: Apache-2.0 */
/* All passes together, on real models where they are there. */
#include "evaluate.h"

#include "base/text.h"
#include "formats/model.h"
#include "passes/passes.h"

/* Shape arithmetic, a batch norm, an identity and dead code around one Conv. */
static hone_graph *untidy(const hone_allocator *allocator) {
    hone_graph *g = NULL;
    assert_ok(hone_graph_new(allocator, &g, NULL));
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3, 4, 4));
    hone_value *y = apply(g, HONE_OP_Conv, INPUTS(x, randoms(g, 1, LIST(4, 3, 1, 1))));
    hone_value *ones = constant(g, HONE_F32, (const float[]){1, 1, 1, 1}, LIST(4));
    y = apply(g, HONE_OP_BatchNormalization,
              INPUTS(y, randoms(g, 2, LIST(4)), randoms(g, 3, LIST(4)), ones, ones));
    hone_value *shape = apply(g, HONE_OP_Shape, INPUTS(y));
    hone_value *batch = apply(g, HONE_OP_Slice, INPUTS(shape, ints(g, LIST(0)), ints(g, LIST(1))));
    hone_value *target = apply(g, HONE_OP_Concat, INPUTS(batch, ints(g, LIST(-1))));
    with_int(g, "axis", 0);
    apply(g, HONE_OP_Neg, INPUTS(y));
    y = apply(g, HONE_OP_Reshape, INPUTS(y, target));
    give_back(g, apply(g, HONE_OP_Identity, INPUTS(y)));
    return g;
}

static void an_untidy_graph_becomes_a_conv_and_a_reshape(void **state) {
    (void)state;
    hone_graph *g = untidy(NULL);
    hone_tensor before = evaluate(g, 7);
    assert_ok(hone__simplify(g, NULL));
    assert_ok(hone_graph_verify(g, NULL));
    assert_int_equal(count_all(g), 2);
    hone_tensor after = evaluate(g, 7);
    assert_same_result(&before, &after, 1e-6f);
    hone_graph_free(g);
}

static void simplifying_twice_is_simplifying_once(void **state) {
    (void)state;
    hone_graph *g = untidy(NULL);
    hone_text once, twice;
    hone__text_init(&once, NULL);
    hone__text_init(&twice, NULL);
    assert_ok(hone__simplify(g, NULL));
    hone_graph_print(g, &once);
    assert_ok(hone__simplify(g, NULL));
    hone_graph_print(g, &twice);
    assert_string_equal(once.data, twice.data);
    hone__text_release(&once);
    hone__text_release(&twice);
    hone_graph_free(g);
}

static void a_contradiction_is_an_error_and_no_crash(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_error error = {0};
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3));
    give_back(g, apply(g, HONE_OP_MatMul, INPUTS(x, x)));
    assert_int_equal(hone__simplify(g, &error), HONE_SHAPE);
    assert_non_null(strstr(error.message, "inner dimensions"));
    hone_graph_free(g);
}

static void running_out_of_memory_anywhere_is_reported(void **state) {
    (void)state;
    for (size_t fail_at = 1; fail_at < 10000; ++fail_at) {
        failing_allocator f;
        failing_allocator_init(&f, 0);
        hone_graph *g = untidy(&f.allocator);
        f.requests = 0;
        f.fail_at = fail_at;
        hone_status status = hone__simplify(g, NULL);
        hone_graph_free(g);
        assert_int_equal(f.live_bytes, 0);
        if (status == HONE_OK && f.requests < fail_at) return;
        /* A reference without memory is one that a fold does without. */
        if (status != HONE_OK) assert_int_equal(status, HONE_MEMORY);
    }
    fail_msg("simplifying never had enough memory");
}

static void assert_model_keeps_its_results(const char *path, float tolerance) {
    hone_model *model = NULL;
    hone_error error = {0};
    assert_ok_or(hone_model_load(path, NULL, &model, &error), error);
    char name[256];
    snprintf(name, sizeof name, "%s", model->graph->outputs[0]->name);
    hone_tensor before = evaluate(model->graph, 7);
    assert_ok_or(hone_model_simplify(model, &error), error);
    assert_string_equal(model->graph->outputs[0]->name, name);
    assert_ok_or(hone_graph_verify(model->graph, &error), error);
    hone_tensor after = evaluate(model->graph, 7);
    assert_same_result(&before, &after, tolerance);
    hone_model_free(model);
}

static void the_mnist_model_gives_the_same_results_simplified(void **state) {
    (void)state;
    assert_model_keeps_its_results(asset("models/mnist-cnn-opset8.onnx"), 1e-6f);
}

static void the_face_detector_gives_the_same_results_simplified(void **state) {
    (void)state;
    assert_model_keeps_its_results(asset("models/ultraface-rfb-320.onnx"), 1e-5f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untidy_graph_becomes_a_conv_and_a_reshape),
        cmocka_unit_test(simplifying_twice_is_simplifying_once),
        cmocka_unit_test(a_contradiction_is_an_error_and_no_crash),
        cmocka_unit_test(running_out_of_memory_anywhere_is_reported),
        cmocka_unit_test(the_mnist_model_gives_the_same_results_simplified),
        cmocka_unit_test(the_face_detector_gives_the_same_results_simplified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

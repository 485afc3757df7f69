/* SPDX-License-Identifier: Apache-2.0 */
/* Lifting: nodes of old opsets become those of the IR's. */
#include "onnx_bytes.h"

#define DIMS(...) ((const int64_t[]){__VA_ARGS__, -1})

/* x [1,4,2,3] -> node -> y. */
static hone_status read_node(pb *node, int64_t opset, hone_graph **graph, hone_error *error) {
    pb g = {.size = 0};
    static pb model;
    onnx_floats(&g, "scales", DIMS(4), (const float[]){1, 1, 2, 2}, 4);
    onnx_floats(&g, "smaller", DIMS(4), (const float[]){1, 1, 0.5f, 0.5f}, 4);
    onnx_floats(&g, "four", DIMS(4), (const float[]){1, 2, 3, 4}, 4);
    onnx_floats(&g, "two", DIMS(2), (const float[]){1, 2}, 2);
    onnx_floats(&g, "none", DIMS(0), NULL, 0);
    pb_part(&g, 1, node);
    onnx_port(&g, 11, "x", DIMS(1, 4, 2, 3));
    onnx_names(&g, 99, "unknown field");
    pb info = {.size = 0};
    pb_text(&info, 1, "y");
    pb_part(&g, 12, &info);
    onnx_model(&model, opset, &g);
    return onnx_read(model.data, model.size, NULL, NULL, graph, error);
}

static hone_graph *lifted(pb *node, int64_t opset) {
    hone_graph *graph;
    hone_error error = {0};
    assert_ok_or(read_node(node, opset, &graph, &error), error);
    assert_ok_or(hone_graph_verify(graph, &error), error);
    assert_ok_or(hone_graph_infer(graph, &error), error);
    return graph;
}

static void check_ints(const hone_node *node, uint32_t index, const int64_t *want, uint32_t count) {
    int64_t have[16];
    uint32_t found;
    assert_true(index < node->input_count);
    assert_true(hone_value_ints(node->inputs[index], have, 16, &found));
    assert_int_equal(found, count);
    assert_memory_equal(have, want, count * sizeof *want);
}

static void check_scalar(const hone_node *node, uint32_t index, float want) {
    float have;
    assert_true(index < node->input_count);
    assert_true(hone_value_scalar(node->inputs[index], &have));
    assert_float_equal(have, want, 0);
}

static void clip_bounds_become_inputs(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "Clip", "x", "y");
    onnx_attr_float(&node, "max", 6);
    hone_graph *g = lifted(&node, 6 + 1);
    assert_int_equal(g->first_node->input_count, 3);
    assert_null(g->first_node->inputs[1]);
    check_scalar(g->first_node, 2, 6);
    assert_null(g->first_node->attrs);
    hone_graph_free(g);
}

static void pads_become_inputs(void **state) {
    (void)state;
    pb node;
    const int64_t pads[] = {0, 0, 1, 1, 0, 0, 1, 1};
    onnx_node_begin(&node, "Pad", "x", "y");
    onnx_attr_text(&node, "mode", "constant");
    onnx_attr_ints(&node, "pads", pads, 8);
    onnx_attr_float(&node, "value", 7);
    hone_graph *g = lifted(&node, 10);
    check_ints(g->first_node, 1, pads, 8);
    check_scalar(g->first_node, 2, 7);
    assert_int_equal(g->outputs[0]->shape.dim[3], 5);
    hone_graph_free(g);
}

static void slice_bounds_become_inputs(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "Slice", "x", "y");
    onnx_attr_ints(&node, "starts", (const int64_t[]){1}, 1);
    onnx_attr_ints(&node, "ends", (const int64_t[]){3}, 1);
    onnx_attr_ints(&node, "axes", (const int64_t[]){1}, 1);
    hone_graph *g = lifted(&node, 9);
    check_ints(g->first_node, 3, (const int64_t[]){1}, 1);
    assert_int_equal(g->outputs[0]->shape.dim[1], 2);
    hone_graph_free(g);
}

static void axes_become_inputs(void **state) {
    (void)state;
    static const struct {
        const char *op;
        int64_t opset, axis;
        int32_t rank;
    } cases[] = {{"Squeeze", 11, 0, 3},
                 {"Unsqueeze", 11, 0, 5},
                 {"ReduceSum", 12, 1, 4},
                 {"ReduceMean", 17, 1, 4},
                 {"ReduceMax", 13, 1, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pb node;
        onnx_node_begin(&node, cases[i].op, "x", "y");
        onnx_attr_ints(&node, "axes", &cases[i].axis, 1);
        hone_graph *g = lifted(&node, cases[i].opset);
        check_ints(g->first_node, 1, &cases[i].axis, 1);
        assert_int_equal(g->outputs[0]->shape.rank, cases[i].rank);
        hone_graph_free(g);
    }
}

static void splits_become_an_input_or_a_count(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "Split", "x", "y z");
    onnx_attr_int(&node, "axis", 1);
    onnx_attr_ints(&node, "split", (const int64_t[]){1, 3}, 2);
    hone_graph *g = lifted(&node, 11);
    check_ints(g->first_node, 1, (const int64_t[]){1, 3}, 2);
    assert_null(hone_node_attr(g->first_node, "num_outputs"));
    hone_graph_free(g);
    onnx_node_begin(&node, "Split", "x", "y z");
    onnx_attr_int(&node, "axis", 1);
    g = lifted(&node, 13);
    assert_int_equal(hone_node_int(g->first_node, "num_outputs", 0), 2);
    hone_graph_free(g);
}

static void topk_takes_k_as_an_input(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "TopK", "x", "y i");
    onnx_attr_int(&node, "k", 2);
    onnx_attr_int(&node, "axis", 1);
    hone_graph *g = lifted(&node, 9);
    check_ints(g->first_node, 1, (const int64_t[]){2}, 1);
    hone_graph_free(g);
}

static void dropout_ratio_becomes_an_input(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "Dropout", "x", "y");
    onnx_attr_float(&node, "ratio", 0.25f);
    hone_graph *g = lifted(&node, 10);
    check_scalar(g->first_node, 1, 0.25f);
    hone_graph_free(g);
}

static void batch_norm_loses_training_outputs_and_spatial(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "BatchNormalization", "x four four four four", "y m v sm sv");
    onnx_attr_int(&node, "spatial", 1);
    hone_graph *g = lifted(&node, 7);
    assert_int_equal(g->first_node->output_count, 1);
    assert_null(g->first_node->attrs);
    hone_graph_free(g);
    onnx_node_begin(&node, "BatchNormalization", "x four four four four", "y");
    onnx_attr_int(&node, "spatial", 0);
    assert_int_equal(read_node(&node, 7, &g, NULL), HONE_UNSUPPORTED);
}

static void check_resize(const hone_graph *g, const char *mode, const char *nearest) {
    const hone_node *node = g->first_node;
    assert_string_equal(hone_op_get(node->op)->name, "Resize");
    assert_int_equal(node->input_count, 3);
    assert_null(node->inputs[1]);
    assert_string_equal(hone_node_string(node, "mode", ""), mode);
    assert_string_equal(hone_node_string(node, "nearest_mode", ""), nearest);
    assert_string_equal(hone_node_string(node, "coordinate_transformation_mode", ""), "asymmetric");
}

static void upsample_becomes_resize(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "Upsample", "x", "y");
    onnx_attr_text(&node, "mode", "nearest");
    onnx_attr_floats(&node, "scales", (const float[]){1, 1, 2, 2}, 4);
    hone_graph *g = lifted(&node, 7);
    check_resize(g, "nearest", "floor");
    assert_int_equal(g->outputs[0]->shape.dim[2], 4);
    hone_graph_free(g);
    onnx_node_begin(&node, "Upsample", "x scales", "y");
    onnx_attr_text(&node, "mode", "linear");
    g = lifted(&node, 9);
    check_resize(g, "linear", "");
    hone_graph_free(g);
}

static void resize_of_opset_10_rounds_as_runtimes_did(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "Resize", "x smaller", "y");
    onnx_attr_text(&node, "mode", "nearest");
    hone_graph *g = lifted(&node, 10);
    check_resize(g, "nearest", "ceil");
    hone_graph_free(g);
}

static void resize_of_opset_11_loses_empty_inputs_and_old_modes(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "Resize", "x none scales", "y");
    onnx_attr_text(&node, "coordinate_transformation_mode", "tf_half_pixel_for_nn");
    onnx_attr_text(&node, "nearest_mode", "floor");
    hone_graph *g = lifted(&node, 11);
    assert_null(g->first_node->inputs[1]);
    assert_string_equal(hone_node_string(g->first_node, "coordinate_transformation_mode", ""),
                        "half_pixel");
    assert_string_equal(hone_node_string(g->first_node, "nearest_mode", ""), "round_prefer_ceil");
    hone_graph_free(g);
}

static void softmax_of_opset_11_flattens_unless_its_axis_is_the_last(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "Softmax", "x", "y");
    onnx_attr_int(&node, "axis", 3);
    hone_graph *g = lifted(&node, 11);
    assert_ptr_equal(g->first_node, g->last_node);
    assert_int_equal(hone_node_int(g->first_node, "axis", 0), -1);
    hone_graph_free(g);
    onnx_node_begin(&node, "Softmax", "x", "y"); /* axis 1 by default */
    g = lifted(&node, 11);
    static const char *const ops[] = {"Shape", "Flatten", "Softmax", "Reshape"};
    const hone_node *at = g->first_node;
    for (size_t i = 0; i < 4; i++, at = at->next)
        assert_string_equal(hone_op_get(at->op)->name, ops[i]);
    assert_null(at);
    assert_int_equal(g->outputs[0]->shape.rank, 4);
    assert_int_equal(g->outputs[0]->shape.dim[1], 4);
    hone_graph_free(g);
}

static void group_norm_of_opset_18_gets_a_scale_for_each_channel(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "GroupNormalization", "x two two", "y");
    onnx_attr_int(&node, "num_groups", 2);
    hone_graph *g = lifted(&node, 18);
    const hone_node *last = g->last_node;
    assert_string_equal(hone_op_get(last->op)->name, "GroupNormalization");
    assert_int_equal(last->inputs[1]->shape.rank, 1);
    assert_int_equal(last->inputs[1]->shape.dim[0], 4);
    hone_graph_free(g);
}

static void roi_align_and_grid_sample_keep_their_old_meaning(void **state) {
    (void)state;
    pb node;
    hone_graph *g;
    onnx_node_begin(&node, "GridSample", "x x", "y");
    onnx_attr_text(&node, "mode", "bicubic");
    assert_int_equal(read_node(&node, 16, &g, NULL), HONE_OK);
    assert_string_equal(hone_node_string(g->first_node, "mode", ""), "cubic");
    hone_graph_free(g);
    onnx_node_begin(&node, "RoiAlign", "x x x", "y");
    assert_int_equal(read_node(&node, 10, &g, NULL), HONE_OK);
    assert_string_equal(hone_node_string(g->first_node, "coordinate_transformation_mode", ""),
                        "output_half_pixel");
    hone_graph_free(g);
}

static void todays_nodes_are_left_as_they_are(void **state) {
    (void)state;
    pb node;
    onnx_node_begin(&node, "Softmax", "x", "y");
    onnx_attr_int(&node, "axis", 1);
    hone_graph *g = lifted(&node, 13);
    assert_ptr_equal(g->first_node, g->last_node);
    assert_int_equal(hone_node_int(g->first_node, "axis", 0), 1);
    hone_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clip_bounds_become_inputs),
        cmocka_unit_test(pads_become_inputs),
        cmocka_unit_test(slice_bounds_become_inputs),
        cmocka_unit_test(axes_become_inputs),
        cmocka_unit_test(splits_become_an_input_or_a_count),
        cmocka_unit_test(topk_takes_k_as_an_input),
        cmocka_unit_test(dropout_ratio_becomes_an_input),
        cmocka_unit_test(batch_norm_loses_training_outputs_and_spatial),
        cmocka_unit_test(upsample_becomes_resize),
        cmocka_unit_test(resize_of_opset_10_rounds_as_runtimes_did),
        cmocka_unit_test(resize_of_opset_11_loses_empty_inputs_and_old_modes),
        cmocka_unit_test(softmax_of_opset_11_flattens_unless_its_axis_is_the_last),
        cmocka_unit_test(group_norm_of_opset_18_gets_a_scale_for_each_channel),
        cmocka_unit_test(roi_align_and_grid_sample_keep_their_old_meaning),
        cmocka_unit_test(todays_nodes_are_left_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Post-training quantization: what becomes integers, with which parameters, and how well. */
#include "network.h"

#include <math.h>
#include <unistd.h>

static hone_model *quantize(const hone_model *model, const hone_quantize_options *options,
                            hone_quantize_report *report) {
    samples s;
    hone_sample_source source = source_of(&s, 32);
    hone_model *quantized;
    hone_error error = {0};
    assert_ok_or(hone_quantize(model, &source, options, &quantized, report, &error), error);
    return quantized;
}

static const hone_node *dequantizer(const hone_node *n, uint32_t index) {
    const hone_node *from = n->inputs[index]->producer;
    assert_non_null(from);
    assert_int_equal(from->op, HONE_OP_DequantizeLinear);
    return from;
}

static float scale_at(const hone_node *q, size_t index) {
    float scale;
    assert_true((index + 1) * 4 <= q->inputs[1]->bytes);
    memcpy(&scale, (const uint8_t *)q->inputs[1]->data + index * 4, 4);
    return scale;
}

static uint8_t zero_of(const hone_node *q) {
    assert_int_equal(q->inputs[2]->dtype, HONE_U8);
    return *(const uint8_t *)q->inputs[2]->data;
}

static void weights_are_int8_symmetric_per_channel(void **state) {
    (void)state;
    hone_model *model = build_network(NULL), *q = quantize(model, NULL, NULL);
    static const char *const names[] = {"conv1", "depthwise", "conv2", "fc"};
    for (size_t i = 0; i < 4; i++) {
        const hone_node *dq = dequantizer(find_node(q, names[i]), 1);
        const hone_value *w = dq->inputs[0];
        int64_t axis = hone_node_int(dq, "axis", -1), channels = w->shape.dim[axis];
        size_t inner = (size_t)hone__shape_span(&w->shape, (int32_t)axis + 1, w->shape.rank);
        int largest[8] = {0};
        assert_int_equal(w->dtype, HONE_S8);
        assert_int_equal(dq->inputs[1]->bytes / 4, channels);
        for (size_t at = 0; at < w->bytes; at++) {
            int value = ((const int8_t *)w->data)[at];
            int *most = &largest[at / inner % (size_t)channels];
            assert_true(value >= -127);
            if (abs(value) > *most) *most = abs(value);
        }
        for (int64_t c = 0; c < channels; c++) assert_int_equal(largest[c], 127);
    }
    hone_model_free(q), hone_model_free(model);
}

static void biases_are_int32_in_units_of_input_scale_times_weight_scale(void **state) {
    (void)state;
    hone_model *model = build_network(NULL), *q = quantize(model, NULL, NULL);
    const hone_node *conv2 = find_node(q, "conv2");
    const hone_node *x = dequantizer(conv2, 0), *w = dequantizer(conv2, 1),
                    *b = dequantizer(conv2, 2);
    const float *original = find_node(model, "conv2")->inputs[2]->data;
    assert_int_equal(b->inputs[0]->dtype, HONE_S32);
    for (size_t c = 0; c < 6; c++) {
        float unit = scale_at(x, 0) * scale_at(w, c);
        assert_float_equal(scale_at(b, c), unit, 0);
        float back = (float)((const int32_t *)b->inputs[0]->data)[c] * unit;
        assert_float_equal(back, original[c], unit);
    }
    hone_model_free(q), hone_model_free(model);
}

static void an_activation_right_behind_its_layer_is_rounded_once(void **state) {
    (void)state;
    hone_model *model = build_network(NULL), *q = quantize(model, NULL, NULL);
    assert_ptr_equal(find_node(q, "relu1")->inputs[0]->producer, find_node(q, "conv1"));
    assert_ptr_equal(find_node(q, "relu2")->inputs[0]->producer, find_node(q, "add"));
    const hone_node *after = dequantizer(find_node(q, "conv2"), 0);
    assert_int_equal(zero_of(after), 0); /* a Relu gives nothing below zero */
    hone_model_free(q), hone_model_free(model);
}

static void what_only_moves_keeps_its_parameters(void **state) {
    (void)state;
    hone_model *model = build_network(NULL), *q = quantize(model, NULL, NULL);
    static const char *const movers[] = {"pool", "flat"};
    static const char *const readers[] = {"depthwise", "fc"};
    for (size_t i = 0; i < 2; i++) {
        const hone_node *in = dequantizer(find_node(q, movers[i]), 0);
        const hone_node *out = dequantizer(find_node(q, readers[i]), 0);
        assert_float_equal(scale_at(in, 0), scale_at(out, 0), 0);
        assert_int_equal(zero_of(in), zero_of(out));
    }
    hone_model_free(q), hone_model_free(model);
}

static void what_comes_after_the_last_layer_stays_float(void **state) {
    (void)state;
    hone_model *model = build_network(NULL), *q = quantize(model, NULL, NULL);
    assert_ptr_equal(find_node(q, "softmax")->inputs[0]->producer, find_node(q, "fc"));
    assert_string_equal(q->graph->outputs[0]->name, model->graph->outputs[0]->name);
    /* x, relu1, pool, depthwise, relu2, conv2, mean, flat */
    assert_int_equal(count_nodes(q, HONE_OP_QuantizeLinear), 8);
    hone_model_free(q), hone_model_free(model);
}

static void results_stay_near_those_of_float(void **state) {
    (void)state;
    hone_model *model = build_network(NULL), *q = quantize(model, NULL, NULL);
    for (uint32_t round = 0; round < 4; round++) {
        samples s;
        float before[5], after[5];
        source_of(&s, 32);
        for (uint32_t i = 0; i < round; i++) samples_next(&s, &(hone_tensor){0}, NULL);
        run_model(model, &s, before, 5);
        source_of(&s, 32);
        for (uint32_t i = 0; i < round; i++) samples_next(&s, &(hone_tensor){0}, NULL);
        run_model(q, &s, after, 5);
        for (size_t i = 0; i < 5; i++) assert_float_equal(before[i], after[i], 0.03);
    }
    hone_model_free(q), hone_model_free(model);
}

static void the_report_names_each_layer_with_its_noise(void **state) {
    (void)state;
    hone_quantize_report report;
    hone_model *model = build_network(NULL), *q = quantize(model, NULL, &report);
    static const char *const names[] = {"conv1", "depthwise", "conv2", "fc"};
    assert_int_equal(report.samples, 32);
    assert_int_equal(report.layer_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_string_equal(report.layers[i].name, names[i]);
        assert_int_equal(report.layers[i].bits, 8);
        assert_true(report.layers[i].sqnr_db > 20 && report.layers[i].sqnr_db < 70);
    }
    hone_quantize_report_free(&report);
    hone_model_free(q), hone_model_free(model);
}

static void a_node_named_to_stay_float_does(void **state) {
    (void)state;
    static const char *const names[] = {"conv2"};
    hone_quantize_options options = {.float_nodes = names, .float_node_count = 1};
    hone_quantize_report report;
    hone_model *model = build_network(NULL), *q = quantize(model, &options, &report);
    assert_int_equal(find_node(q, "conv2")->inputs[1]->kind, HONE_VALUE_CONSTANT);
    assert_int_equal(find_node(q, "conv2")->inputs[1]->dtype, HONE_F32);
    for (uint32_t i = 0; i < report.layer_count; i++)
        assert_int_equal(report.layers[i].bits, strcmp(report.layers[i].name, "conv2") ? 8 : 32);
    hone_quantize_report_free(&report);
    hone_model_free(q), hone_model_free(model);
}

static void a_lower_percentile_gives_a_narrower_range(void **state) {
    (void)state;
    hone_quantize_options all = {.calibration = HONE_CALIBRATE_MINMAX};
    hone_quantize_options part = {.calibration = HONE_CALIBRATE_PERCENTILE, .percentile = 80};
    hone_model *model = build_network(NULL), *a = quantize(model, &all, NULL),
               *b = quantize(model, &part, NULL);
    assert_true(scale_at(dequantizer(find_node(b, "conv1"), 0), 0) <
                scale_at(dequantizer(find_node(a, "conv1"), 0), 0) * 0.9f);
    hone_model_free(a), hone_model_free(b), hone_model_free(model);
}

static void a_channel_without_weights_keeps_its_bias(void **state) {
    (void)state;
    hone_model *model = build_network(NULL);
    hone_value *w = find_node(model, "conv2")->inputs[1];
    memset((void *)(uintptr_t)w->data, 0, 36 * sizeof(float)); /* its first output channel */
    const float want = *(const float *)find_node(model, "conv2")->inputs[2]->data;
    hone_model *q = quantize(model, NULL, NULL);
    const hone_node *bias = dequantizer(find_node(q, "conv2"), 2);
    float have = (float)*(const int32_t *)bias->inputs[0]->data * scale_at(bias, 0);
    assert_float_equal(have, want, fabsf(want) * 1e-6f);
    hone_model_free(q), hone_model_free(model);
}

static void an_addition_of_a_constant_becomes_a_bias(void **state) {
    (void)state;
    builder b;
    hone_value *x, *sum = NULL, *y = NULL;
    hone__rng_seed(&b.rng, 9, 9);
    assert_ok(hone_graph_new(NULL, &b.graph, NULL));
    assert_ok(hone_graph_add_value(b.graph, "x", &x, NULL));
    x->dtype = HONE_F32;
    x->shape = hone__shape(4, (const int64_t[]){1, 3, 8, 8});
    assert_ok(hone_graph_add_input(b.graph, x, NULL));
    hone_value *w = weights(&b, "w", 4, (const int64_t[]){2, 3, 1, 1}, 1);
    hone_value *bias = weights(&b, "b", 3, (const int64_t[]){2, 1, 1}, 1);
    hone_value *product = NULL;
    node(&b, HONE_OP_Conv, "conv", x, w, NULL, &product);
    node(&b, HONE_OP_Add, "plus", product, bias, NULL, &sum);
    node(&b, HONE_OP_Relu, "relu", sum, NULL, NULL, &y);
    assert_ok(hone_graph_add_output(b.graph, y, NULL));
    hone_model *model = model_of(NULL, b.graph), *q = quantize(model, NULL, NULL);
    assert_int_equal(count_nodes(q, HONE_OP_Add), 0);
    assert_int_equal(dequantizer(find_node(q, "conv"), 2)->inputs[0]->dtype, HONE_S32);
    hone_model_free(q), hone_model_free(model);
}

/* conv(Concat(a * 2.5, b)), where a and b come from convolutions whose weights differ in size. */
static hone_model *build_concat(void) {
    builder b;
    hone_value *x, *scaled = NULL, *both = NULL, *two;
    const hone_shape scalar = {0};
    const float number = 2.5f;
    hone__rng_seed(&b.rng, 3, 1);
    assert_ok(hone_graph_new(NULL, &b.graph, NULL));
    assert_ok(hone_graph_add_value(b.graph, "x", &x, NULL));
    x->dtype = HONE_F32;
    x->shape = hone__shape(4, (const int64_t[]){1, 3, 8, 8});
    assert_ok(hone_graph_add_input(b.graph, x, NULL));
    assert_ok(
        hone_graph_copy_constant(b.graph, "two", HONE_F32, &scalar, &number, 4, NULL, &two, NULL));
    hone_value *left = unary(&b, HONE_OP_Relu, "left_relu", conv(&b, "left", x, 2, 3, 1));
    node(&b, HONE_OP_Mul, "twice", left, two, NULL, &scaled);
    hone_value *right = unary(&b, HONE_OP_Sigmoid, "gate", conv(&b, "right", x, 2, 3, 1));
    hone_node *joined = node(&b, HONE_OP_Concat, "both", scaled, right, NULL, &both);
    assert_ok(hone_node_set_int(b.graph, joined, "axis", 1, NULL));
    assert_ok(hone_graph_add_output(b.graph, conv(&b, "last", both, 2, 4, 1), NULL));
    return model_of(NULL, b.graph);
}

static void a_concatenation_of_unlike_ranges_keeps_each_ones_parameters(void **state) {
    (void)state;
    hone_model *model = build_concat(), *q = quantize(model, NULL, NULL);
    const hone_node *both = find_node(q, "both");
    float wide = scale_at(dequantizer(both, 0), 0), narrow = scale_at(dequantizer(both, 1), 0);
    assert_true(narrow < wide / 2);
    assert_true(narrow <= 1.0f / 255 * 1.001f); /* a sigmoid gives 0 to 1 */
    hone_model_free(q), hone_model_free(model);
}

static void a_number_among_integers_is_kept_exactly(void **state) {
    (void)state;
    hone_model *model = build_concat(), *q = quantize(model, NULL, NULL);
    const hone_node *number = dequantizer(find_node(q, "twice"), 1);
    float back =
        (float)(*(const uint8_t *)number->inputs[0]->data - zero_of(number)) * scale_at(number, 0);
    assert_float_equal(back, 2.5f, 1e-6f);
    samples s;
    float before[128], after[128];
    source_of(&s, 1);
    run_model(model, &s, before, 128);
    source_of(&s, 1);
    run_model(q, &s, after, 128);
    for (size_t i = 0; i < 128; i++) assert_float_equal(before[i], after[i], 0.2f);
    hone_model_free(q), hone_model_free(model);
}

static void the_float_weights_are_left_behind(void **state) {
    (void)state;
    hone_model *model = build_network(NULL), *q = quantize(model, NULL, NULL);
    hone_model_info info;
    assert_null(hone_graph_find_value(q->graph, "conv1_w"));
    assert_non_null(hone_graph_find_value(model->graph, "conv1_w")); /* the original is untouched */
    assert_ok(hone_model_get_info(q, &info, NULL));
    assert_string_equal(info.precision, "int8");
    hone_model_free(q), hone_model_free(model);
}

static void a_quantized_model_survives_its_files_and_simplifying(void **state) {
    (void)state;
    static const char *const endings[] = {".onnx", ".hone"};
    hone_model *model = build_network(NULL), *q = quantize(model, NULL, NULL);
    for (size_t i = 0; i < 2; i++) {
        char path[64];
        samples s;
        float before[5], after[5];
        hone_model *again;
        hone_error error = {0};
        snprintf(path, sizeof path, "/tmp/hone-quantized-%d%s", (int)getpid(), endings[i]);
        assert_ok_or(hone_model_save(q, path, &error), error);
        assert_ok_or(hone_model_load(path, NULL, &again, &error), error);
        assert_ok_or(hone_model_simplify(again, &error), error);
        assert_int_equal(count_nodes(again, HONE_OP_DequantizeLinear),
                         count_nodes(q, HONE_OP_DequantizeLinear));
        source_of(&s, 1);
        run_model(q, &s, before, 5);
        source_of(&s, 1);
        run_model(again, &s, after, 5);
        assert_memory_equal(before, after, sizeof before);
        hone_model_free(again);
        unlink(path);
    }
    hone_model_free(q), hone_model_free(model);
}

static bool stop_at_once(void *user, const char *what, uint64_t done, uint64_t total) {
    (void)user, (void)what, (void)total;
    return done == 0;
}

static void wrong_calls_are_errors_and_leave_nothing(void **state) {
    (void)state;
    samples s;
    hone_sample_source none = source_of(&s, 0);
    hone_model *model = build_network(NULL), *q;
    hone_quantize_report report;
    assert_int_equal(hone_quantize(model, &none, NULL, &q, &report, NULL), HONE_USAGE);
    assert_null(q);
    hone_sample_source some = source_of(&s, 4);
    hone_quantize_options wrong = {.calibration = HONE_CALIBRATE_PERCENTILE, .percentile = 12};
    assert_int_equal(hone_quantize(model, &some, &wrong, &q, NULL, NULL), HONE_USAGE);
    hone_quantize_options stopped = {.progress = stop_at_once};
    assert_int_equal(hone_quantize(model, &some, &stopped, &q, NULL, NULL), HONE_CANCELLED);
    static const char *const all[] = {"conv1", "depthwise", "conv2", "fc"};
    hone_quantize_options nothing = {.float_nodes = all, .float_node_count = 4};
    assert_int_equal(hone_quantize(model, &some, &nothing, &q, NULL, NULL), HONE_UNSUPPORTED);
    assert_null(q);
    hone_model_free(model);
}

static void failing_allocations_are_errors_and_leak_nothing(void **state) {
    (void)state;
    failing_allocator counting;
    failing_allocator_init(&counting, 0);
    hone_model *model = build_network(&counting.allocator), *q = NULL;
    size_t before = counting.live_bytes, start = counting.requests;
    hone_status status = HONE_MEMORY;
    for (size_t at = 1; status != HONE_OK; at += 13) {
        samples s;
        hone_sample_source source = source_of(&s, 1);
        counting.fail_at = counting.requests + at;
        status = hone_quantize(model, &source, NULL, &q, NULL, NULL);
        assert_true(status == HONE_OK || status == HONE_MEMORY);
        if (status != HONE_OK) assert_int_equal(counting.live_bytes, before);
    }
    assert_true(counting.requests > start);
    counting.fail_at = 0;
    hone_model_free(q), hone_model_free(model);
    assert_int_equal(counting.live_bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_int8_symmetric_per_channel),
        cmocka_unit_test(biases_are_int32_in_units_of_input_scale_times_weight_scale),
        cmocka_unit_test(an_activation_right_behind_its_layer_is_rounded_once),
        cmocka_unit_test(what_only_moves_keeps_its_parameters),
        cmocka_unit_test(what_comes_after_the_last_layer_stays_float),
        cmocka_unit_test(results_stay_near_those_of_float),
        cmocka_unit_test(the_report_names_each_layer_with_its_noise),
        cmocka_unit_test(a_node_named_to_stay_float_does),
        cmocka_unit_test(a_lower_percentile_gives_a_narrower_range),
        cmocka_unit_test(a_channel_without_weights_keeps_its_bias),
        cmocka_unit_test(an_addition_of_a_constant_becomes_a_bias),
        cmocka_unit_test(a_concatenation_of_unlike_ranges_keeps_each_ones_parameters),
        cmocka_unit_test(a_number_among_integers_is_kept_exactly),
        cmocka_unit_test(the_float_weights_are_left_behind),
        cmocka_unit_test(a_quantized_model_survives_its_files_and_simplifying),
        cmocka_unit_test(wrong_calls_are_errors_and_leave_nothing),
        cmocka_unit_test(failing_allocations_are_errors_and_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

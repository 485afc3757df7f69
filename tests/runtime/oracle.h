/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of the runtime's tests: a graph run node by node on its reference operators, dense, in
 * ONNX's layout. And what the tests share: random inputs, models from graphs, comparing. */
#ifndef HONE_TESTS_RUNTIME_ORACLE_H
#define HONE_TESTS_RUNTIME_ORACLE_H

#include "graph/build.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "formats/model.h"
#include "ops/ops.h"
#include <hone/session.h>
#include <math.h>

#define MOST_PORTS 8

static inline void fill_random(hone_tensor *tensor, uint64_t seed) {
    hone_rng rng;
    hone__rng_seed(&rng, seed, 7);
    if (tensor->dtype == HONE_F32)
        for (size_t i = 0; i < tensor->bytes / sizeof(float); i++)
            ((float *)tensor->data)[i] = hone__rng_float(&rng) * 4 - 2;
    else
        for (size_t i = 0; i < tensor->bytes; i++)
            ((uint8_t *)tensor->data)[i] = (uint8_t)hone__rng_below(&rng, 256);
}

/* A constant of random floats within +-scale. */
static inline hone_value *weights(hone_graph *graph, float scale, uint64_t seed, uint32_t rank,
                                  const int64_t *dims) {
    hone_value *value = constant(graph, HONE_F32, NULL, rank, dims);
    hone_rng rng;
    hone__rng_seed(&rng, seed, 11);
    float *data = (float *)(uintptr_t)value->data; /* the graph's own memory, still being built */
    for (size_t i = 0; i < value->bytes / sizeof *data; i++)
        data[i] = (hone__rng_float(&rng) * 2 - 1) * scale;
    return value;
}

static inline void output(hone_graph *graph, hone_value *value) {
    assert_ok(hone_graph_add_output(graph, value, NULL));
}

/* Takes the graph. */
static inline hone_model *model_of(hone_graph *graph) {
    hone_error error = {0};
    hone_model *model = NULL;
    assert_ok_or(hone__model_new(NULL, graph, &model, &error), error);
    return model;
}

static inline hone_tensor view_of(const hone_value *value, hone_tensor *made) {
    if (value->kind != HONE_VALUE_CONSTANT) return made[value->id];
    return (hone_tensor){.dtype = value->dtype,
                         .shape = value->shape,
                         .data = (void *)(uintptr_t)value->data,
                         .bytes = value->bytes};
}

static inline void oracle_node(const hone_node *node, hone_tensor *made) {
    hone_error error = {0};
    hone_tensor in[MOST_PORTS] = {{0}}, out[MOST_PORTS] = {{0}};
    hone_op_run run = NULL;
    assert_true(node->input_count <= MOST_PORTS && node->output_count <= MOST_PORTS);
    assert_ok_or(hone__op_bind(node, &run, &error), error);
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i]) in[i] = view_of(node->inputs[i], made);
    for (uint32_t i = 0; i < node->output_count; i++) {
        const hone_value *value = node->outputs[i];
        assert_ok_or(hone_tensor_new(value->dtype, &value->shape, &out[i], &error), error);
        made[value->id] = out[i];
    }
    size_t bytes = hone__op_scratch(node);
    void *scratch = hone__alloc_aligned(NULL, bytes + 1);
    hone_op_call call = {.node = node, .inputs = in, .outputs = out, .scratch = scratch};
    assert_ok_or(run(&call, &error), error);
    hone__free_aligned(NULL, scratch, bytes + 1);
}

/* What the model gives for `inputs`; outputs are new tensors. All dimensions must be known. */
static inline void oracle(const hone_model *model, const hone_tensor *inputs,
                          hone_tensor *outputs) {
    hone_error error = {0};
    hone_graph *graph = NULL;
    assert_ok(hone_graph_clone(model->graph, &graph, NULL));
    assert_ok_or(hone_graph_infer(graph, &error), error);
    hone_tensor *made = (hone_tensor *)calloc(graph->value_count, sizeof *made);
    for (uint32_t i = 0; i < graph->input_count; i++) made[graph->inputs[i]->id] = inputs[i];
    for (const hone_node *node = graph->first_node; node; node = node->next)
        oracle_node(node, made);
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const hone_value *value = graph->outputs[i];
        hone_tensor from = view_of(value, made);
        assert_ok(hone_tensor_new(value->dtype, &value->shape, &outputs[i], NULL));
        if (from.bytes) memcpy(outputs[i].data, from.data, outputs[i].bytes);
    }
    for (const hone_node *node = graph->first_node; node; node = node->next)
        for (uint32_t i = 0; i < node->output_count; i++)
            hone_tensor_free(&made[node->outputs[i]->id]);
    free(made);
    hone_graph_free(graph);
}

/* Random inputs in the shapes that the session planned. */
static inline void make_inputs(const hone_session *session, hone_tensor *inputs) {
    for (uint32_t i = 0; i < hone_session_inputs(session); i++) {
        hone_port port;
        assert_ok(hone_session_input(session, i, &port));
        assert_ok(hone_tensor_new(port.dtype, &port.shape, &inputs[i], NULL));
        fill_random(&inputs[i], 100 + i);
    }
}

static inline hone_session *session_of(const hone_model *model,
                                       const hone_session_options *options) {
    hone_error error = {0};
    hone_session *session = NULL;
    assert_ok_or(hone_session_create(model, options, &session, &error), error);
    return session;
}

/* The largest difference as a share of the largest wanted value; 0 where both are equal. */
static inline double distance(const hone_tensor *got, const hone_tensor *want) {
    double apart = 0, largest = 0;
    assert_int_equal(got->dtype, want->dtype);
    assert_true(hone_shape_equal(&got->shape, &want->shape));
    if (want->dtype != HONE_F32) return want->bytes && memcmp(got->data, want->data, want->bytes);
    for (size_t i = 0; i < want->bytes / sizeof(float); i++) {
        double w = ((float *)want->data)[i], g = ((float *)got->data)[i];
        assert_true(g == g); /* no NaN */
        if (fabs(w) > largest) largest = fabs(w);
        if (fabs(g - w) > apart) apart = fabs(g - w);
    }
    return largest > 0 ? apart / largest : apart;
}

static inline void free_all(hone_tensor *tensors, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) hone_tensor_free(&tensors[i]);
}

/* Two runs (the second must not see what the first left) under one set of options. */
static inline void check_options(const hone_model *model, const hone_session_options *options,
                                 double tolerance) {
    hone_error error = {0};
    hone_session *session = session_of(model, options);
    hone_tensor in[MOST_PORTS] = {{0}}, out[MOST_PORTS], want[MOST_PORTS] = {{0}};
    uint32_t outputs = hone_session_outputs(session);
    make_inputs(session, in);
    oracle(model, in, want);
    for (int run = 0; run < 2; run++) {
        memset(out, 0, sizeof out);
        assert_ok_or(hone_session_run(session, in, out, &error), error);
        for (uint32_t i = 0; i < outputs; i++) {
            double apart = distance(&out[i], &want[i]);
            if (!(apart <= tolerance))
                fail_msg("output %u is %g apart (%u threads, tier %s, keep %d)", i, apart,
                         options->threads, hone_cpu_tier_name(options->cpu), options->keep_all);
        }
    }
    free_all(in, hone_session_inputs(session));
    free_all(want, outputs);
    hone_session_free(session);
}

/* Every way to run a model agrees with the references. Frees the model. */
static inline void check_model(hone_model *model, double tolerance) {
    static const hone_session_options all[] = {
        {.threads = 1, .cpu = HONE_CPU_SCALAR},
        {.threads = 1},
        {.threads = 3},
        {.threads = 1, .keep_all = true},
        {.threads = 2, .cpu = HONE_CPU_SCALAR, .keep_all = true},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_options(model, &all[i], tolerance);
    hone_model_free(model);
}

#endif

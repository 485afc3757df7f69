/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a graph node by node on the references: what a pass must leave unchanged. */
#ifndef HONE_TESTS_PASSES_EVALUATE_H
#define HONE_TESTS_PASSES_EVALUATE_H

#include "graph/build.h"
#include "ops/ops.h"

/* Numbers that differ from place to place, the same every time. */
static inline void fill_floats(float *out, size_t count, uint32_t seed) {
    for (size_t i = 0; i < count; ++i) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
}

static inline hone_value *randoms(hone_graph *graph, uint32_t seed, uint32_t rank,
                                  const int64_t *dims) {
    hone_value *value = zeros(graph, rank, dims);
    float *data = malloc(value->bytes + 1);
    assert_non_null(data);
    fill_floats(data, value->bytes / sizeof *data, seed);
    hone_value *made = constant(graph, HONE_F32, data, rank, dims);
    free(data);
    return made;
}

static inline void run_node(const hone_node *node, hone_tensor *tensors) {
    hone_tensor *in = calloc(node->input_count + 1u, sizeof *in);
    hone_tensor *out = calloc(node->output_count + 1u, sizeof *out);
    void *scratch = aligned_alloc(64, (hone__op_scratch(node) + 64) / 64 * 64);
    hone_op_run run = NULL;
    hone_error error = {0};
    assert_true(in && out && scratch);
    for (uint32_t i = 0; i < node->input_count; ++i)
        if (node->inputs[i]) in[i] = tensors[node->inputs[i]->id];
    for (uint32_t i = 0; i < node->output_count; ++i) {
        const hone_value *value = node->outputs[i];
        if (!value) continue;
        assert_ok_or(hone_tensor_new(value->dtype, &value->shape, &out[i], &error), error);
        tensors[value->id] = out[i];
    }
    const hone_op_call call = {node, in, out, scratch};
    assert_ok_or(hone__op_bind(node, &run, &error), error);
    assert_ok_or(run(&call, &error), error);
    free(in);
    free(out);
    free(scratch);
}

/* The graph's first output for its first input filled from `seed`; freed with hone_tensor_free.
 * Symbols must have been bound. */
static inline hone_tensor evaluate(hone_graph *graph, uint32_t seed) {
    hone_tensor *tensors = calloc(graph->value_count, sizeof *tensors), result;
    const hone_value *x = graph->inputs[0], *y = graph->outputs[0];
    assert_non_null(tensors);
    infer(graph);
    assert_ok(hone_tensor_new(x->dtype, &x->shape, &tensors[x->id], NULL));
    fill_floats(tensors[x->id].data, tensors[x->id].bytes / sizeof(float), seed);
    for (hone_value *v = graph->first_value; v; v = v->next) {
        if (v->kind != HONE_VALUE_CONSTANT) continue;
        assert_ok(hone_tensor_new(v->dtype, &v->shape, &tensors[v->id], NULL));
        if (v->bytes) memcpy(tensors[v->id].data, v->data, v->bytes);
    }
    for (const hone_node *node = graph->first_node; node; node = node->next)
        run_node(node, tensors);
    result = tensors[y->id];
    for (uint32_t i = 0; i < graph->value_count; ++i)
        if (i != y->id) hone_tensor_free(&tensors[i]);
    free(tensors);
    return result;
}

/* Same type and shape; floats within `tolerance` of the largest. */
static inline void assert_same_result(hone_tensor *a, hone_tensor *b, float tolerance) {
    const float *x = a->data, *y = b->data;
    float largest = 0;
    assert_int_equal(a->dtype, HONE_F32);
    assert_int_equal(b->dtype, HONE_F32);
    assert_true(hone_shape_equal(&a->shape, &b->shape));
    size_t count = a->bytes / sizeof *x;
    for (size_t i = 0; i < count; ++i)
        largest = x[i] > largest ? x[i] : -x[i] > largest ? -x[i] : largest;
    for (size_t i = 0; i < count; ++i) {
        float gap = x[i] > y[i] ? x[i] - y[i] : y[i] - x[i];
        if (!(gap <= tolerance * largest))
            fail_msg("element %zu: %g and %g", i, (double)x[i], (double)y[i]);
    }
    hone_tensor_free(a);
    hone_tensor_free(b);
}

static inline uint32_t count_nodes(const hone_graph *graph, hone_op op) {
    uint32_t count = 0;
    for (const hone_node *node = graph->first_node; node; node = node->next)
        count += op == HONE_OP_COUNT || node->op == op;
    return count;
}
#define count_all(graph) count_nodes(graph, HONE_OP_COUNT)

static inline void give_back(hone_graph *graph, hone_value *value) {
    assert_ok(hone_graph_add_output(graph, value, NULL));
}

/* Runs one pass; the graph still verifies. */
#define run_pass(graph, pass) run_pass_checked(graph, pass, #pass)
static inline bool run_pass_checked(hone_graph *graph,
                                    hone_status (*pass)(hone_graph *, bool *, hone_error *),
                                    const char *name) {
    hone_error error = {0};
    bool changed = false;
    if (pass(graph, &changed, &error) != HONE_OK) fail_msg("%s: %s", name, error.message);
    if (hone_graph_verify(graph, &error) != HONE_OK) fail_msg("after %s: %s", name, error.message);
    return changed;
}

#endif

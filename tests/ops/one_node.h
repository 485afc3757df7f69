/* SPDX-License-Identifier: Apache-2.0 */
/* A graph of one node on constant inputs: built, inferred, bound, run, looked at. */
#ifndef HONE_TESTS_OPS_ONE_NODE_H
#define HONE_TESTS_OPS_ONE_NODE_H

#include "testing.h"

#include "base/alloc.h"
#include "ops/element.h"
#include "ops/ops.h"
#include <math.h>

#define ONE_NODE_PORTS 9

typedef struct one_node {
    hone_graph *graph;
    hone_op op;
    hone_value *in[ONE_NODE_PORTS], *out[ONE_NODE_PORTS];
    uint32_t in_count, out_count;
    hone_node *node;
    hone_tensor results[ONE_NODE_PORTS];
    hone_error error;
} one_node;

#define SHAPE(...)                                                                                 \
    hone__shape((int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                     \
                (int64_t[]){__VA_ARGS__})
#define SCALAR      hone__shape(0, (int64_t[]){0})
#define FLOATS(...) ((const float[]){__VA_ARGS__})
#define LONGS(...)  ((const int64_t[]){__VA_ARGS__})
#define BYTES(...)  ((const uint8_t[]){__VA_ARGS__})
#define SIGNED(...) ((const int8_t[]){__VA_ARGS__})

static inline one_node one_node_of(hone_op op, uint32_t outputs) {
    one_node n = {.op = op, .out_count = outputs};
    assert_ok(hone_graph_new(NULL, &n.graph, NULL));
    return n;
}

static inline void one_node_input(one_node *n, hone_dtype dtype, hone_shape shape,
                                  const void *data) {
    size_t bytes;
    assert_ok(hone_tensor_bytes(dtype, &shape, &bytes, NULL));
    assert_ok(hone_graph_copy_constant(n->graph, NULL, dtype, &shape, data, bytes, NULL,
                                       &n->in[n->in_count++], NULL));
}

static inline void one_node_skip_input(one_node *n) {
    n->in[n->in_count++] = NULL;
}

/* After the last input; attributes may be set from here on. */
static inline void one_node_build(one_node *n) {
    for (uint32_t i = 0; i < n->out_count; i++)
        assert_ok(hone_graph_add_value(n->graph, NULL, &n->out[i], NULL));
    assert_ok(hone_graph_add_node(n->graph, n->op, "it", n->in, n->in_count, n->out, n->out_count,
                                  NULL, &n->node, NULL));
    for (uint32_t i = 0; i < n->out_count; i++)
        assert_ok(hone_graph_add_output(n->graph, n->out[i], NULL));
}

static inline void set_int(one_node *n, const char *name, int64_t value) {
    assert_ok(hone_node_set_int(n->graph, n->node, name, value, NULL));
}
static inline void set_float(one_node *n, const char *name, float value) {
    assert_ok(hone_node_set_float(n->graph, n->node, name, value, NULL));
}
static inline void set_text(one_node *n, const char *name, const char *value) {
    assert_ok(hone_node_set_string(n->graph, n->node, name, value, NULL));
}
#define set_ints(n, name, ...)                                                                     \
    assert_ok(hone_node_set_ints((n)->graph, (n)->node, name, LONGS(__VA_ARGS__),                  \
                                 (uint32_t)(sizeof(LONGS(__VA_ARGS__)) / sizeof(int64_t)), NULL))

/* Runs it on outputs of the inferred shapes; the caller judges the status. */
static inline hone_status one_node_try(one_node *n) {
    hone_op_run run = NULL;
    hone_tensor inputs[ONE_NODE_PORTS] = {{0}};
    assert_ok_or(hone_graph_infer(n->graph, &n->error), n->error);
    for (uint32_t i = 0; i < n->in_count; i++)
        if (n->in[i])
            inputs[i] = (hone_tensor){n->in[i]->dtype, n->in[i]->shape,
                                      (void *)(uintptr_t)n->in[i]->data, n->in[i]->bytes};
    for (uint32_t i = 0; i < n->out_count; i++)
        assert_ok_or(
            hone_tensor_new(n->out[i]->dtype, &n->out[i]->shape, &n->results[i], &n->error),
            n->error);
    hone_status status = hone__op_bind(n->node, &run, &n->error);
    if (status != HONE_OK) return status;
    size_t bytes = hone__op_scratch(n->node);
    void *scratch = hone__alloc_aligned(NULL, bytes + 1);
    assert_non_null(scratch);
    hone_op_call call = {n->node, inputs, n->results, scratch};
    status = run(&call, &n->error);
    hone__free_aligned(NULL, scratch, bytes + 1);
    return status;
}

static inline void one_node_run(one_node *n) {
    assert_ok_or(one_node_try(n), n->error);
}

static inline void one_node_done(one_node *n) {
    for (uint32_t i = 0; i < n->out_count; i++) hone_tensor_free(&n->results[i]);
    hone_graph_free(n->graph);
}

static inline void check_shape(const hone_tensor *got, const hone_shape *wanted) {
    char text[128];
    hone__shape_print(&got->shape, text, sizeof text);
    if (!hone_shape_equal(&got->shape, wanted)) fail_msg("the shape is %s", text);
}

/* Numbers of any type; NaN equals NaN. */
static inline void expect_near(const one_node *n, uint32_t output, hone_shape shape,
                               const float *wanted, double tolerance) {
    const hone_tensor *got = &n->results[output];
    check_shape(got, &shape);
    int64_t count = hone__shape_span(&shape, 0, shape.rank);
    for (int64_t i = 0; i < count; i++) {
        double a = hone__real_at(got->dtype, got->data, i), b = (double)wanted[i];
        if (isnan(a) && isnan(b)) continue;
        if (!(a == b || fabs(a - b) <= tolerance))
            fail_msg("element %lld is %.9g, not %.9g", (long long)i, a, b);
    }
}

static inline void expect(const one_node *n, uint32_t output, hone_shape shape,
                          const float *wanted) {
    expect_near(n, output, shape, wanted, 0.0);
}

static inline void expect_refusal(one_node *n, hone_status status, const char *words) {
    assert_int_equal(one_node_try(n), status);
    if (!strstr(n->error.message, words)) fail_msg("the message is: %s", n->error.message);
    one_node_done(n);
}

#endif

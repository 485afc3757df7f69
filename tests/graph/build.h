/* SPDX-License-Identifier: Apache-2.0 */
/* Small graphs, built in a few lines; every failure is the test's. */
#ifndef HONE_TESTS_GRAPH_BUILD_H
#define HONE_TESTS_GRAPH_BUILD_H

#include "testing.h"

#include "base/error.h"
#include "graph/graph.h"

/* A list of int64 and its length: LIST(1, 3, 8, 8). */
#define LENGTH(...) (sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#define LIST(...)                                                                                  \
    (uint32_t) LENGTH(__VA_ARGS__), (const int64_t[]) {                                            \
        __VA_ARGS__                                                                                \
    }
#define SCALAR 0, NULL
#define INPUTS(...)                                                                                \
    (uint32_t)(sizeof((hone_value *[]){__VA_ARGS__}) / sizeof(hone_value *)), (hone_value *[]) {   \
        __VA_ARGS__                                                                                \
    }

static inline hone_graph *new_graph(void) {
    hone_graph *graph = NULL;
    assert_ok(hone_graph_new(NULL, &graph, NULL));
    return graph;
}

static inline int64_t symbol(hone_graph *graph, const char *name) {
    int64_t dim = 0;
    assert_ok(hone_graph_symbol(graph, name, &dim, NULL));
    return dim;
}

static inline hone_value *input(hone_graph *graph, const char *name, hone_dtype dtype,
                                uint32_t rank, const int64_t *dims) {
    hone_value *value = NULL;
    assert_ok(hone_graph_add_value(graph, name, &value, NULL));
    assert_ok(hone_graph_add_input(graph, value, NULL));
    value->dtype = dtype;
    value->shape = hone__shape((int32_t)rank, dims);
    return value;
}

/* A constant of any type; data NULL: zeros. */
static inline hone_value *constant(hone_graph *graph, hone_dtype dtype, const void *data,
                                   uint32_t rank, const int64_t *dims) {
    hone_shape shape = hone__shape((int32_t)rank, dims);
    hone_value *value = NULL;
    size_t bytes = 0;
    assert_ok(hone_tensor_bytes(dtype, &shape, &bytes, NULL));
    assert_ok(
        hone_graph_copy_constant(graph, NULL, dtype, &shape, data, bytes, NULL, &value, NULL));
    return value;
}

static inline hone_value *zeros(hone_graph *graph, uint32_t rank, const int64_t *dims) {
    return constant(graph, HONE_F32, NULL, rank, dims);
}

/* A vector of int64: a shape, axes, bounds. */
static inline hone_value *ints(hone_graph *graph, uint32_t count, const int64_t *values) {
    return constant(graph, HONE_S64, values, LIST(count));
}

static inline hone_value *one_int(hone_graph *graph, int64_t value) {
    return constant(graph, HONE_S64, &value, SCALAR);
}

/* A node with one output, which is returned. */
static inline hone_value *apply(hone_graph *graph, hone_op op, uint32_t count,
                                hone_value *const *inputs) {
    hone_value *output = NULL;
    assert_ok(hone_graph_add_value(graph, NULL, &output, NULL));
    assert_ok(hone_graph_add_node(graph, op, NULL, inputs, count, &output, 1, NULL, NULL, NULL));
    return output;
}

/* Attributes of the node that was made last. */
static inline void with_ints(hone_graph *graph, const char *name, uint32_t count,
                             const int64_t *values) {
    assert_ok(hone_node_set_ints(graph, graph->last_node, name, values, count, NULL));
}
static inline void with_int(hone_graph *graph, const char *name, int64_t value) {
    assert_ok(hone_node_set_int(graph, graph->last_node, name, value, NULL));
}
static inline void with_text(hone_graph *graph, const char *name, const char *value) {
    assert_ok(hone_node_set_string(graph, graph->last_node, name, value, NULL));
}

static inline void infer(hone_graph *graph) {
    hone_error error = {0};
    assert_ok_or(hone_graph_infer(graph, &error), error);
}

static inline void assert_shape(const hone_value *value, uint32_t rank, const int64_t *dims) {
    hone_shape wanted = hone__shape((int32_t)rank, dims);
    char is[128], should[128];
    hone__shape_print(&value->shape, is, sizeof is);
    hone__shape_print(&wanted, should, sizeof should);
    if (!hone_shape_equal(&value->shape, &wanted)) fail_msg("%s instead of %s", is, should);
}

/* Inference gives HONE_SHAPE, and the message says `why`. */
static inline void assert_refused(hone_graph *graph, const char *why) {
    hone_error error = {0};
    assert_int_equal(hone_graph_infer(graph, &error), HONE_SHAPE);
    if (!strstr(error.message, why)) fail_msg("'%s' does not say '%s'", error.message, why);
    hone_graph_free(graph);
}

#endif

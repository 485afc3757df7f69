/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const float weights[2 * 1 * 3 * 3] = {0.5f, -1.0f, 0.25f, 2.0f, -0.125f, 1.5f,
                                             0.0f, 3.0f,  -2.5f, 1.0f, 0.75f,   -0.5f,
                                             8.0f, 0.1f,  -4.0f, 6.0f, 0.2f,    0.3f};
static const float bias[2] = {0.5f, -0.5f};
static const int64_t flat_shape[2] = {0, -1};
static const uint8_t mask[5] = {1, 0, 1, 1, 0};
static const int8_t table[3] = {-128, 0, 127};

static hone_shape shape_of(int32_t rank, int64_t a, int64_t b, int64_t c, int64_t d) {
    int64_t dims[4] = {a, b, c, d};
    return hone__shape(rank, dims);
}

static hone_status add_input(hone_graph *graph, hone_value **x, hone_error *error) {
    int64_t batch;
    HONE_TRY(hone_graph_symbol(graph, "batch", &batch, error));
    HONE_TRY(hone_graph_add_value(graph, "x", x, error));
    (*x)->dtype = HONE_F32;
    (*x)->shape = shape_of(4, batch, 1, 5, 5);
    return hone_graph_add_input(graph, *x, error);
}

static hone_status add_constant(hone_graph *graph, const char *name, hone_dtype dtype,
                                hone_shape shape, const void *data, size_t bytes,
                                hone_value **value, hone_error *error) {
    return hone_graph_copy_constant(graph, name, dtype, &shape, data, bytes, NULL, value, error);
}

static hone_status add_conv(hone_graph *graph, hone_value *x, hone_value **y, hone_error *error) {
    hone_value *in[3] = {x};
    hone_node *node;
    HONE_TRY(add_constant(graph, "conv.w", HONE_F32, shape_of(4, 2, 1, 3, 3), weights,
                          sizeof weights, &in[1], error));
    HONE_TRY(add_constant(graph, "conv.b", HONE_F32, shape_of(1, 2, 0, 0, 0), bias, sizeof bias,
                          &in[2], error));
    HONE_TRY(hone_graph_add_value(graph, "conv.y", y, error));
    HONE_TRY(hone_graph_add_node(graph, HONE_OP_Conv, "conv", in, 3, y, 1, NULL, &node, error));
    HONE_TRY(hone_node_set_ints(graph, node, "pads", (int64_t[]){1, 1, 1, 1}, 4, error));
    return hone_node_set_int(graph, node, "group", 1, error);
}

static hone_status add_clip(hone_graph *graph, hone_value *x, hone_value **y, hone_error *error) {
    float six = 6;
    hone_value *in[3] = {x, NULL};
    HONE_TRY(add_constant(graph, "six", HONE_F32, shape_of(0, 0, 0, 0, 0), &six, sizeof six, &in[2],
                          error));
    HONE_TRY(hone_graph_add_value(graph, "clip.y", y, error));
    return hone_graph_add_node(graph, HONE_OP_Clip, "clip", in, 3, y, 1, NULL, NULL, error);
}

static hone_status add_reshape(hone_graph *graph, hone_value *x, hone_value **y,
                               hone_error *error) {
    hone_value *in[2] = {x};
    HONE_TRY(add_constant(graph, "flat", HONE_S64, shape_of(1, 2, 0, 0, 0), flat_shape,
                          sizeof flat_shape, &in[1], error));
    HONE_TRY(hone_graph_add_value(graph, "y", y, error));
    HONE_TRY(
        hone_graph_add_node(graph, HONE_OP_Reshape, "reshape", in, 2, y, 1, NULL, NULL, error));
    return hone_graph_add_output(graph, *y, error);
}

/* Identity of a value of the graph around it. */
static hone_status fill_subgraph(hone_graph *sub, hone_error *error) {
    hone_value *outer, *out;
    HONE_TRY(hone_graph_add_value(sub, "y", &outer, error));
    outer->kind = HONE_VALUE_OUTER;
    HONE_TRY(hone_graph_add_value(sub, "copy", &out, error));
    HONE_TRY(
        hone_graph_add_node(sub, HONE_OP_Identity, "inner", &outer, 1, &out, 1, NULL, NULL, error));
    return hone_graph_add_output(sub, out, error);
}

/* One attribute of each kind, on an operator that no table knows. */
static hone_status add_attributes(hone_graph *graph, hone_node *node, hone_error *error) {
    static const float floats[3] = {1.5f, -2.0f, 0.0f};
    static const hone_text_ref strings[2] = {{"one", 3}, {"t\0o", 3}};
    static hone_tensor tensor;
    hone_graph *sub;
    tensor = (hone_tensor){HONE_S8, shape_of(1, 3, 0, 0, 0), (void *)(uintptr_t)table, 3};
    HONE_TRY(hone_graph_new_sub(graph, &sub, error));
    HONE_TRY(fill_subgraph(sub, error));
    const hone_attr attrs[] = {
        {.name = "i", .kind = HONE_ATTR_INT, .count = 1, .as.i = INT64_MIN},
        {.name = "f", .kind = HONE_ATTR_FLOAT, .count = 1, .as.f = -0.75f},
        {.name = "s", .kind = HONE_ATTR_STRING, .count = 1, .as.s = {"text", 4}},
        {.name = "floats", .kind = HONE_ATTR_FLOATS, .count = 3, .as.floats = floats},
        {.name = "strings", .kind = HONE_ATTR_STRINGS, .count = 2, .as.strings = strings},
        {.name = "none", .kind = HONE_ATTR_INTS, .count = 0, .as.ints = NULL},
        {.name = "tensor", .kind = HONE_ATTR_TENSOR, .count = 1, .as.tensor = &tensor},
        {.name = "graph", .kind = HONE_ATTR_GRAPH, .count = 1, .as.graph = sub}};
    for (size_t i = 0; i < sizeof attrs / sizeof *attrs; i++)
        HONE_TRY(hone_node_put_attr(graph, node, &attrs[i], error));
    return HONE_OK;
}

static hone_status add_foreign(hone_graph *graph, hone_value *x, hone_error *error) {
    hone_value *in[2] = {x}, *out[2] = {NULL};
    hone_node *node;
    HONE_TRY(add_constant(graph, "mask", HONE_BOOL, shape_of(1, 5, 0, 0, 0), mask, sizeof mask,
                          &in[1], error));
    HONE_TRY(hone_graph_add_value(graph, "odd", &out[1], error));
    HONE_TRY(hone_graph_add_node(graph, HONE_OP_FOREIGN, "odd", in, 2, out, 2, NULL, &node, error));
    node->foreign = "com.example:Odd";
    HONE_TRY(add_attributes(graph, node, error));
    return hone_graph_add_output(graph, out[1], error);
}

hone_status sample_build(hone_graph *graph, hone_error *error) {
    hone_value *x, *conv, *clip, *y, *unused;
    graph->name = "sample";
    graph->source_opset = 13;
    HONE_TRY(add_input(graph, &x, error));
    HONE_TRY(add_conv(graph, x, &conv, error));
    HONE_TRY(hone_graph_add_value(graph, "nobody uses this", &unused, error));
    HONE_TRY(add_clip(graph, conv, &clip, error));
    HONE_TRY(add_reshape(graph, clip, &y, error));
    return add_foreign(graph, y, error);
}

hone_graph *sample_graph(void) {
    hone_graph *graph;
    hone_error error = {0};
    assert_int_equal(hone_graph_new(NULL, &graph, &error), HONE_OK);
    if (sample_build(graph, &error) != HONE_OK) fail_msg("%s", error.message);
    return graph;
}

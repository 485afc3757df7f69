/* SPDX-License-Identifier: Apache-2.0 */
/* GraphProto in passes over its fields, since nodes come before the values that they use:
 * initializers, inputs, nodes, outputs. Names that nothing in the graph makes are outer references
 * in a subgraph and an error in the main graph. */
#include "base/error.h"
#include "formats/onnx/onnx.h"

#include <string.h>

enum { /* fields of GraphProto */
       FIELD_NODE = 1,
       FIELD_NAME = 2,
       FIELD_INITIALIZER = 5,
       FIELD_INPUT = 11,
       FIELD_OUTPUT = 12,
       FIELD_SPARSE_INITIALIZER = 15
};

typedef hone_status (*part_reader)(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                   hone_error *error);

static hone_status each(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                        uint32_t number, part_reader read, hone_error *error) {
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number != number) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        HONE_TRY(read(reader, graph, part, error));
    }
    return HONE_OK;
}

static hone_status refuse_sparse(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                 hone_error *error) {
    return hone__wire_fail(error, HONE_UNSUPPORTED, hone__wire_offset(&message),
                           "sparse initializers are not supported");
}

static hone_status read_initializer(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                    hone_error *error) {
    hone_onnx_tensor t;
    hone_value *value;
    void *fill;
    HONE_TRY(hone__onnx_tensor(reader, graph, message, &t, error));
    HONE_TRY(hone__onnx_scoped(reader, &t.name, error));
    if (!*t.name || hone_graph_find_value(graph, t.name))
        return hone__wire_fail(
            error, HONE_FORMAT, t.offset,
            *t.name ? "two initializers are named '%s'" : "an initializer has no name%s", t.name);
    if (t.data)
        return hone_graph_add_constant(graph, t.name, t.dtype, &t.shape, t.data, t.bytes, &value,
                                       error);
    HONE_TRY(hone_graph_copy_constant(graph, t.name, t.dtype, &t.shape, NULL, t.bytes, &fill,
                                      &value, error));
    return hone__onnx_tensor_fill(&t, fill, error);
}

/* An input that has an initializer is a constant with a default nobody changes. */
static hone_status read_input(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                              hone_error *error) {
    const char *name;
    hone_onnx_type type;
    uint64_t offset = hone__wire_offset(&message);
    HONE_TRY(hone__onnx_value_info(reader, graph, message, &name, &type, error));
    HONE_TRY(hone__onnx_scoped(reader, &name, error));
    hone_value *value = hone_graph_find_value(graph, name);
    if (value && value->kind == HONE_VALUE_CONSTANT) return HONE_OK;
    if (value || !*name)
        return hone__wire_fail(error, HONE_FORMAT, offset, "two inputs are named '%s'", name);
    if (type.dtype == HONE_DTYPE_NONE && !graph->parent)
        return hone__wire_fail(error, HONE_UNSUPPORTED, offset,
                               "input '%s' is not a tensor of a known element type", name);
    HONE_TRY(hone_graph_add_value(graph, name, &value, error));
    value->type = type.kind;
    value->dtype = type.dtype;
    value->shape = type.shape;
    return hone_graph_add_input(graph, value, error);
}

static hone_status read_output(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                               hone_error *error) {
    const char *name;
    hone_onnx_type type;
    hone_value *value;
    uint64_t offset = hone__wire_offset(&message);
    HONE_TRY(hone__onnx_value_info(reader, graph, message, &name, &type, error));
    HONE_TRY(hone__onnx_scoped(reader, &name, error));
    if (!*name) return hone__wire_fail(error, HONE_FORMAT, offset, "an output has no name");
    HONE_TRY(hone__onnx_value(graph, name, &value, error));
    if (value->kind == HONE_VALUE_COMPUTED && value->dtype == HONE_DTYPE_NONE) {
        value->type = type.kind;
        value->dtype = type.dtype;
        value->shape = type.shape;
    }
    return hone_graph_add_output(graph, value, error);
}

/* Values without a producer: outer ones in a subgraph, an error in the main graph when used. */
static hone_status settle(hone_graph *graph, hone_error *error) {
    for (hone_value *value = graph->first_value; value; value = value->next) {
        if (value->kind != HONE_VALUE_COMPUTED || value->producer) continue;
        if (graph->parent) value->kind = HONE_VALUE_OUTER;
    }
    if (graph->parent) return HONE_OK;
    for (hone_node *node = graph->first_node; node; node = node->next)
        for (uint32_t i = 0; i < node->input_count; i++) {
            hone_value *value = node->inputs[i];
            if (value && value->kind == HONE_VALUE_COMPUTED && !value->producer)
                return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                                 "node '%s': nothing makes its input '%s'", node->name,
                                 value->name);
        }
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i]->kind == HONE_VALUE_COMPUTED && !graph->outputs[i]->producer)
            return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET, "nothing makes the output '%s'",
                             graph->outputs[i]->name);
    return HONE_OK;
}

/* ONNX demands topological order; files that do not keep it are put in order. */
static bool in_order(const hone_graph *graph, uint8_t *made) {
    for (const hone_node *node = graph->first_node; node; node = node->next) {
        for (uint32_t i = 0; i < node->input_count; i++) {
            const hone_value *value = node->inputs[i];
            if (value && value->producer && !made[value->id]) return false;
        }
        for (uint32_t i = 0; i < node->output_count; i++)
            if (node->outputs[i]) made[node->outputs[i]->id] = 1;
    }
    return true;
}

static hone_status order(hone_graph *graph, hone_error *error) {
    const hone_allocator *allocator = graph->arena.allocator;
    size_t count = (size_t)graph->value_count + 1;
    uint8_t *made = hone__calloc(allocator, count, 1);
    if (!made) return hone_fail_memory(error, count);
    bool sorted = in_order(graph, made);
    hone__free(allocator, made, count);
    return sorted ? HONE_OK : hone_graph_sort(graph, error);
}

static hone_status read_name(hone_graph *graph, hone_wire message, hone_error *error) {
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number == FIELD_NAME)
            HONE_TRY(hone__onnx_text(&graph->arena, &field, &graph->name, error));
    }
    return HONE_OK;
}

hone_status hone__onnx_graph(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                             hone_error *error) {
    HONE_TRY(read_name(graph, message, error));
    HONE_TRY(each(reader, graph, message, FIELD_SPARSE_INITIALIZER, refuse_sparse, error));
    HONE_TRY(each(reader, graph, message, FIELD_INITIALIZER, read_initializer, error));
    HONE_TRY(each(reader, graph, message, FIELD_INPUT, read_input, error));
    HONE_TRY(each(reader, graph, message, FIELD_NODE, hone__onnx_node, error));
    HONE_TRY(each(reader, graph, message, FIELD_OUTPUT, read_output, error));
    HONE_TRY(settle(graph, error));
    return order(graph, error);
}

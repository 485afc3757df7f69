/* SPDX-License-Identifier: Apache-2.0 */
/* A model as text one can read, one line a node:
 *
 *   graph "main" (image: float32[N,1,28,28]) -> (logits: float32[N,10]) {
 *     conv1 = Conv(image, w1: float32[32,1,3,3], b1: float32[32]) {pads=[1,1,1,1]} :
 * float32[N,32,28,28]
 *   }
 */
#include "graph/graph.h"

#include <inttypes.h>

static void print_graph(const hone_graph *graph, int depth, hone_text *text);

static void print_type(const hone_graph *graph, const hone_value *value, hone_text *text) {
    hone__text_format(text, "%s", value->dtype ? hone_dtype_name(value->dtype) : "?");
    if (value->shape.rank < 0) {
        hone__text_format(text, "[...]");
        return;
    }
    hone__text_format(text, "[");
    for (int32_t i = 0; i < value->shape.rank; i++) {
        int64_t dim = value->shape.dim[i];
        hone__text_format(text, i ? "," : "");
        if (dim < 0)
            hone__text_format(text, "%s", hone_graph_symbol_name(graph, dim));
        else
            hone__text_format(text, "%" PRId64, dim);
    }
    hone__text_format(text, "]");
}

static void print_value(const hone_graph *graph, const hone_value *value, bool typed,
                        hone_text *text) {
    if (!value) {
        hone__text_format(text, "_");
        return;
    }
    hone__text_format(text, "%s", value->name);
    if (!typed && value->kind != HONE_VALUE_CONSTANT) return;
    hone__text_format(text, ": ");
    print_type(graph, value, text);
}

static void print_values(const hone_graph *graph, hone_value *const *values, uint32_t count,
                         bool typed, hone_text *text) {
    for (uint32_t i = 0; i < count; i++) {
        if (i) hone__text_format(text, ", ");
        print_value(graph, values[i], typed, text);
    }
}

#define MOST_PRINTED 16 /* of a list */

static void print_item(const hone_attr *attr, uint32_t i, hone_text *text) {
    if (i) hone__text_format(text, ",");
    if (attr->kind == HONE_ATTR_INTS)
        hone__text_format(text, "%" PRId64, attr->as.ints[i]);
    else if (attr->kind == HONE_ATTR_FLOATS)
        hone__text_format(text, "%g", (double)attr->as.floats[i]);
    else
        hone__text_format(text, "'%s'", attr->as.strings[i].data);
}

static void print_list(const hone_attr *attr, hone_text *text) {
    hone__text_format(text, "[");
    for (uint32_t i = 0; i < attr->count && i < MOST_PRINTED; i++) print_item(attr, i, text);
    hone__text_format(text, attr->count > MOST_PRINTED ? ",...]" : "]");
}

static void print_attr(const hone_graph *graph, const hone_attr *attr, int depth, hone_text *text) {
    hone__text_format(text, "%s=", attr->name);
    switch (attr->kind) {
    case HONE_ATTR_INT:
        hone__text_format(text, "%" PRId64, attr->as.i);
        break;
    case HONE_ATTR_FLOAT:
        hone__text_format(text, "%g", (double)attr->as.f);
        break;
    case HONE_ATTR_STRING:
        hone__text_format(text, "'%s'", attr->as.s.data);
        break;
    case HONE_ATTR_INTS:
    case HONE_ATTR_FLOATS:
    case HONE_ATTR_STRINGS:
        print_list(attr, text);
        break;
    case HONE_ATTR_TENSOR: {
        const hone_value shown = {.dtype = attr->as.tensor->dtype, .shape = attr->as.tensor->shape};
        print_type(graph, &shown, text);
        break;
    }
    case HONE_ATTR_GRAPH:
        print_graph(attr->as.graph, depth + 1, text);
        break;
    }
}

static void print_node(const hone_graph *graph, const hone_node *node, int depth, hone_text *text) {
    hone__text_format(text, "%*s", 2 * depth + 2, "");
    print_values(graph, node->outputs, node->output_count, false, text);
    hone__text_format(text, " = %s(", node->op ? hone_op_get(node->op)->name : node->foreign);
    print_values(graph, node->inputs, node->input_count, false, text);
    hone__text_format(text, ")");
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next) {
        hone__text_format(text, attr == node->attrs ? " {" : ", ");
        print_attr(graph, attr, depth, text);
        if (!attr->next) hone__text_format(text, "}");
    }
    if (node->output_count && node->outputs[0]) {
        hone__text_format(text, " : ");
        print_type(graph, node->outputs[0], text);
    }
    hone__text_format(text, "\n");
}

static void print_graph(const hone_graph *graph, int depth, hone_text *text) {
    hone__text_format(text, "graph \"%s\" (", graph->name);
    print_values(graph, graph->inputs, graph->input_count, true, text);
    hone__text_format(text, ") -> (");
    print_values(graph, graph->outputs, graph->output_count, true, text);
    hone__text_format(text, ") {\n");
    for (const hone_node *node = graph->first_node; node; node = node->next)
        print_node(graph, node, depth, text);
    hone__text_format(text, "%*s}%s", 2 * depth, "", depth ? "" : "\n");
}

void hone_graph_print(const hone_graph *graph, hone_text *text) {
    print_graph(graph, 0, text);
}

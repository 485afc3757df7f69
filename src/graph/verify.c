/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants of graph.h, checked one by one. What passes here may be trusted by every pass. */
#include "base/error.h"
#include "graph/graph.h"

#include <string.h>

/* Each value is defined before it is used: by an input, a constant, an enclosing graph, or an
 * earlier node. */
typedef struct {
    const hone_graph *graph;
    uint8_t *defined; /* by value id */
    hone_error *error;
} checker;

static hone_status bad(const checker *c, const hone_node *node, const char *why, const char *what) {
    return hone_fail(c->error, HONE_FORMAT, HONE_NO_OFFSET, "node '%s' (%s): %s%s", node->name,
                     node->op ? hone_op_get(node->op)->name : node->foreign, why, what);
}

static hone_status check_arity(const checker *c, const hone_node *node) {
    const hone_op_info *info = hone_op_get(node->op);
    if (node->input_count < info->min_inputs) return bad(c, node, "too few inputs", "");
    if (info->max_inputs != 255 && node->input_count > info->max_inputs)
        return bad(c, node, "too many inputs", "");
    if (node->output_count < info->min_outputs) return bad(c, node, "too few outputs", "");
    if (info->max_outputs != 255 && node->output_count > info->max_outputs)
        return bad(c, node, "too many outputs", "");
    for (uint32_t i = 0; i < info->min_inputs; i++)
        if (!node->inputs[i]) return bad(c, node, "a required input is missing", "");
    return HONE_OK;
}

static char letter(hone_attr_kind kind) {
    static const char letters[] = {
        [HONE_ATTR_INT] = 'i',    [HONE_ATTR_FLOAT] = 'f',  [HONE_ATTR_STRING] = 's',
        [HONE_ATTR_INTS] = 'I',   [HONE_ATTR_FLOATS] = 'F', [HONE_ATTR_STRINGS] = 'S',
        [HONE_ATTR_TENSOR] = 't', [HONE_ATTR_GRAPH] = 'g'};
    return (size_t)kind < sizeof letters ? letters[kind] : 0;
}

static hone_status check_attributes(const checker *c, const hone_node *node) {
    for (const hone_attr *attr = node->attrs; attr && node->op; attr = attr->next) {
        char wanted = hone_op_attribute(node->op, attr->name);
        if (!wanted) return bad(c, node, "it has no attribute ", attr->name);
        bool empty_list =
            !attr->count && strchr("IFS", wanted); /* an empty list has no kind in ONNX */
        if (wanted != letter(attr->kind) && !empty_list)
            return bad(c, node, "wrong kind of attribute ", attr->name);
    }
    return HONE_OK;
}

static const char *foreign_value(const checker *c, const hone_value *value) {
    return hone_graph_find_value(c->graph, value->name) == value || value->kind == HONE_VALUE_OUTER
               ? NULL
               : "uses a value of another graph: ";
}

static hone_status check_inputs(const checker *c, const hone_node *node) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        const hone_value *value = node->inputs[i];
        if (!value) continue;
        const char *foreign = foreign_value(c, value);
        if (foreign) return bad(c, node, foreign, value->name);
        if (!c->defined[value->id]) return bad(c, node, "nothing makes its input ", value->name);
    }
    return HONE_OK;
}

static hone_status define_outputs(const checker *c, const hone_node *node) {
    for (uint32_t i = 0; i < node->output_count; i++) {
        const hone_value *value = node->outputs[i];
        if (!value) continue;
        if (value->producer != node) return bad(c, node, "does not own its output ", value->name);
        if (c->defined[value->id]) return bad(c, node, "makes again the value ", value->name);
        c->defined[value->id] = 1;
    }
    return HONE_OK;
}

static hone_status check_subgraphs(const checker *c, const hone_node *node) {
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next) {
        if (attr->kind != HONE_ATTR_GRAPH) continue;
        if (attr->as.graph->parent != c->graph) return bad(c, node, "stray subgraph ", attr->name);
        HONE_TRY(hone_graph_verify(attr->as.graph, c->error));
    }
    return HONE_OK;
}

static hone_status check_node(const checker *c, const hone_node *node) {
    HONE_TRY(check_arity(c, node));
    HONE_TRY(check_attributes(c, node));
    HONE_TRY(check_inputs(c, node));
    HONE_TRY(check_subgraphs(c, node));
    return define_outputs(c, node);
}

static hone_status check_outputs(const checker *c) {
    for (uint32_t i = 0; i < c->graph->output_count; i++)
        if (!c->defined[c->graph->outputs[i]->id])
            return hone_fail(c->error, HONE_FORMAT, HONE_NO_OFFSET,
                             "nothing makes the graph's output '%s'", c->graph->outputs[i]->name);
    return HONE_OK;
}

hone_status hone_graph_verify(const hone_graph *graph, hone_error *error) {
    const hone_allocator *allocator = graph->arena.allocator;
    checker c = {.graph = graph, .error = error};
    c.defined = hone__calloc(allocator, graph->value_count, 1);
    if (!c.defined) return hone_fail_memory(error, graph->value_count);
    for (const hone_value *value = graph->first_value; value; value = value->next)
        c.defined[value->id] = value->kind != HONE_VALUE_COMPUTED;
    hone_status status = HONE_OK;
    for (const hone_node *n = graph->first_node; n && status == HONE_OK; n = n->next)
        status = check_node(&c, n);
    if (status == HONE_OK) status = check_outputs(&c);
    hone__free(allocator, c.defined, graph->value_count);
    return status;
}

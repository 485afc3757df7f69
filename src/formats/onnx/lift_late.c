/* SPDX-License-Identifier: Apache-2.0 */
/* Lifting that needs shapes: after reading, shapes are inferred once and the marked nodes are
 * rewritten. */
#include "base/error.h"
#include "formats/onnx/lift.h"

#include <string.h>

/* What the rewriting of one node needs. */
typedef struct late {
    hone_graph *graph;
    hone_node *node, *before;
} late;

static hone_status fresh_value(const late *at, const char *what, hone_value **value,
                               hone_error *error) {
    const char *name;
    HONE_TRY(hone__onnx_fresh(at->graph, at->node->name, what, &name, error));
    return hone_graph_add_value(at->graph, name, value, error);
}

static hone_status fresh_ints(const late *at, const char *what, const int64_t *ints, uint32_t count,
                              hone_value **value, hone_error *error) {
    const char *name;
    hone_shape shape = {1, {count}};
    HONE_TRY(hone__onnx_fresh(at->graph, at->node->name, what, &name, error));
    return hone_graph_copy_constant(at->graph, name, HONE_S64, &shape, ints, count * sizeof *ints,
                                    NULL, value, error);
}

/* Adds `op` in front of at->before. *output NULL: a new value. */
static hone_status emit(const late *at, const char *op, hone_value *a, hone_value *b,
                        hone_value **output, hone_node **node, hone_error *error) {
    hone_value *inputs[2] = {a, b};
    hone_op number = hone_op_find(op, strlen(op));
    const char *name;
    if (number == HONE_OP_FOREIGN)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "node '%s': lifting it needs operator %s, which is not known",
                         at->node->name, op);
    if (!*output) HONE_TRY(fresh_value(at, op, output, error));
    HONE_TRY(hone__onnx_fresh(at->graph, at->node->name, op, &name, error));
    return hone_graph_add_node(at->graph, number, name, inputs, b ? 2 : 1, output, 1, at->before,
                               node, error);
}

/* Softmax over the matrix [d0 .. d(axis-1), d(axis) ..]: Flatten, Softmax, and back to the shape
 * that came. Where axis is the last one the matrix has the same rows as the tensor. */
static hone_status lift_flatten(const late *at, hone_error *error) {
    hone_node *node = at->node, *made;
    if (node->input_count != 1 || node->output_count != 1 || !node->inputs[0] || !node->outputs[0])
        return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                         "node '%s' needs one input and one output", node->name);
    hone_value *input = node->inputs[0], *output = node->outputs[0];
    int64_t axis = hone_node_int(node, "axis", 1);
    int32_t rank = input->shape.rank;
    if (rank != HONE_RANK_UNKNOWN && axis < 0) axis += rank;
    if (rank != HONE_RANK_UNKNOWN && axis == rank - 1)
        return hone_node_set_int(at->graph, node, "axis", -1, error);
    hone_value *matrix = NULL, *soft = NULL, *shape = NULL;
    hone_graph_remove_node(at->graph, node);
    HONE_TRY(emit(at, "Shape", input, NULL, &shape, &made, error));
    HONE_TRY(emit(at, "Flatten", input, NULL, &matrix, &made, error));
    HONE_TRY(hone_node_set_int(at->graph, made, "axis", axis, error));
    HONE_TRY(emit(at, hone_op_get(node->op)->name, matrix, NULL, &soft, &made, error));
    HONE_TRY(hone_node_set_int(at->graph, made, "axis", -1, error));
    return emit(at, "Reshape", soft, shape, &output, &made, error);
}

/* [groups] to [channels]: [groups, 1] widened to [groups, channels / groups], then flattened. */
static hone_status widen(const late *at, uint32_t index, int64_t groups, int64_t channels,
                         hone_error *error) {
    hone_node *node = at->node, *made;
    hone_value *tall = NULL, *wide = NULL, *flat = NULL, *dims;
    const int64_t column[] = {groups, 1}, matrix[] = {groups, channels / groups}, all[] = {-1};
    HONE_TRY(fresh_ints(at, "column", column, 2, &dims, error));
    HONE_TRY(emit(at, "Reshape", node->inputs[index], dims, &tall, &made, error));
    HONE_TRY(fresh_ints(at, "matrix", matrix, 2, &dims, error));
    HONE_TRY(emit(at, "Expand", tall, dims, &wide, &made, error));
    HONE_TRY(fresh_ints(at, "flat", all, 1, &dims, error));
    HONE_TRY(emit(at, "Reshape", wide, dims, &flat, &made, error));
    return hone_node_set_input(at->graph, node, index, flat, error);
}

/* Scale and bias of opset 18 are one a group, those of 21 one a channel. */
static hone_status lift_group_norm(const late *at, hone_error *error) {
    hone_node *node = at->node;
    const hone_value *input = node->input_count == 3 ? node->inputs[0] : NULL;
    int64_t groups = hone_node_int(node, "num_groups", 0);
    if (!input || !node->inputs[1] || !node->inputs[2] || groups <= 0)
        return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                         "node '%s' needs three inputs and num_groups", node->name);
    int64_t channels = input->shape.rank > 1 ? input->shape.dim[1] : -1;
    if (channels <= 0 || channels % groups)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "node '%s': GroupNormalization of opset 18 needs a known number of "
                         "channels that its groups divide",
                         node->name);
    HONE_TRY(widen(at, 1, groups, channels, error));
    return widen(at, 2, groups, channels, error);
}

static hone_status lift_graph(hone_graph *graph, hone_error *error);

static hone_status lift_node(hone_graph *graph, hone_node *node, hone_error *error) {
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next)
        if (attr->kind == HONE_ATTR_GRAPH) HONE_TRY(lift_graph(attr->as.graph, error));
    if (!hone_node_int(node, HONE_LATE, 0)) return HONE_OK;
    hone_node_remove_attr(node, HONE_LATE);
    const char *op = hone_op_get(node->op)->name;
    if (node->op == HONE_OP_FOREIGN)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "node '%s': '%s' of opset %lld cannot be lifted", node->name,
                         node->foreign, (long long)graph->source_opset);
    if (!strcmp(op, "GroupNormalization"))
        return lift_group_norm(&(late){graph, node, node}, error);
    return lift_flatten(&(late){graph, node, node->next}, error);
}

static hone_status lift_graph(hone_graph *graph, hone_error *error) {
    for (hone_node *node = graph->first_node, *next; node; node = next) {
        next = node->next;
        HONE_TRY(lift_node(graph, node, error));
    }
    return HONE_OK;
}

hone_status hone__onnx_lift_late(hone_graph *graph, hone_error *error) {
    HONE_TRY(hone_graph_infer(graph, error));
    return lift_graph(graph, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Removes nodes that give their input back, and merges chains that move the same elements twice:
 * Transpose of Transpose, Reshape of Reshape. */
#include "base/error.h"
#include "passes/passes.h"
#include "passes/rewrite.h"
#include <string.h>

static hone_value *input(const hone_node *node, uint32_t index) {
    return index < node->input_count ? node->inputs[index] : NULL;
}

static bool output_missing(const hone_node *node, uint32_t index) {
    return index >= node->output_count || node->outputs[index] == NULL;
}

static bool same_shape(const hone_node *node) {
    const hone_value *x = node->inputs[0], *y = node->outputs[0];
    return x->shape.rank >= 0 && hone_shape_equal(&x->shape, &y->shape);
}

/* Every entry of a constant list is `wanted`; a missing list counts as such. */
static bool all_are(const hone_value *list, int64_t wanted) {
    int64_t values[2 * HONE_MAX_RANK];
    uint32_t count;
    if (list == NULL) return true;
    if (!hone_value_ints(list, values, 2 * HONE_MAX_RANK, &count)) return false;
    for (uint32_t i = 0; i < count; ++i) {
        if (values[i] != wanted) return false;
    }
    return true;
}

static bool dropout_is_off(const hone_node *node) {
    const hone_value *training = input(node, 2);
    if (!output_missing(node, 1)) return false;
    if (training == NULL) return true;
    return training->kind == HONE_VALUE_CONSTANT && training->bytes == 1 &&
           *(const uint8_t *)training->data == 0;
}

static bool perm_is_identity(const hone_node *node) {
    const int64_t *perm;
    uint32_t count = hone_node_ints(node, "perm", &perm);
    if (count == 0) return node->inputs[0]->shape.rank == 0 || node->inputs[0]->shape.rank == 1;
    for (uint32_t i = 0; i < count; ++i) {
        if (perm[i] != i) return false;
    }
    return true;
}

/* The node's first output is its first input, element by element. */
static bool is_identity(const hone_node *node) {
    switch (node->op) {
    case HONE_OP_Identity:
        return true;
    case HONE_OP_Dropout:
        return dropout_is_off(node);
    case HONE_OP_Cast:
    case HONE_OP_CastLike:
        return node->inputs[0]->dtype != HONE_DTYPE_NONE &&
               node->inputs[0]->dtype == node->outputs[0]->dtype;
    case HONE_OP_Reshape:
    case HONE_OP_Flatten:
    case HONE_OP_Squeeze:
    case HONE_OP_Unsqueeze:
    case HONE_OP_Expand:
    case HONE_OP_Tile:
        return same_shape(node);
    case HONE_OP_Slice:
        return same_shape(node) && all_are(input(node, 4), 1);
    case HONE_OP_Pad:
        return same_shape(node) && all_are(input(node, 1), 0);
    case HONE_OP_Transpose:
        return perm_is_identity(node);
    case HONE_OP_Clip:
        return input(node, 1) == NULL && input(node, 2) == NULL;
    case HONE_OP_Concat:
    case HONE_OP_Max:
    case HONE_OP_Min:
    case HONE_OP_Mean:
    case HONE_OP_Sum:
        return node->input_count == 1;
    case HONE_OP_Split:
        return node->output_count == 1 && same_shape(node);
    default:
        return false;
    }
}

/* Transpose(Transpose(x, p), q) is Transpose(x, r) with r[i] = p[q[i]]. */
static hone_status merge_transposes(hone_graph *graph, hone_node *node, bool *changed,
                                    hone_error *error) {
    hone_node *before = node->inputs[0]->producer;
    const int64_t *first, *second;
    int64_t merged[HONE_MAX_RANK];
    if (before == NULL || before->op != HONE_OP_Transpose) return HONE_OK;
    uint32_t count = hone_node_ints(node, "perm", &second);
    if (count == 0 || count > HONE_MAX_RANK || hone_node_ints(before, "perm", &first) != count)
        return HONE_OK;
    for (uint32_t i = 0; i < count; ++i) {
        if (second[i] < 0 || second[i] >= count) return HONE_OK;
        merged[i] = first[second[i]];
    }
    HONE_TRY(hone_node_set_ints(graph, node, "perm", merged, count, error));
    HONE_TRY(hone_node_set_input(graph, node, 0, before->inputs[0], error));
    *changed = true;
    return HONE_OK;
}

/* The shape that an earlier Reshape gave does not matter, unless a 0 copies a dimension of it. */
static hone_status merge_reshapes(hone_graph *graph, hone_node *node, bool *changed,
                                  hone_error *error) {
    hone_node *before = node->inputs[0]->producer;
    int64_t shape[HONE_MAX_RANK];
    uint32_t count;
    if (before == NULL) return HONE_OK;
    if (before->op != HONE_OP_Reshape && before->op != HONE_OP_Flatten &&
        before->op != HONE_OP_Squeeze && before->op != HONE_OP_Unsqueeze)
        return HONE_OK;
    if (!hone_value_ints(node->inputs[1], shape, HONE_MAX_RANK, &count)) return HONE_OK;
    for (uint32_t i = 0; i < count; ++i) {
        if (shape[i] == 0) return HONE_OK;
    }
    *changed = true;
    return hone_node_set_input(graph, node, 0, before->inputs[0], error);
}

static hone_status visit(hone_graph *graph, hone_node *node, bool *changed, hone_error *error) {
    if (node->input_count == 0 || node->inputs[0] == NULL || output_missing(node, 0))
        return HONE_OK;
    if (node->op == HONE_OP_Transpose) HONE_TRY(merge_transposes(graph, node, changed, error));
    if (node->op == HONE_OP_Reshape) HONE_TRY(merge_reshapes(graph, node, changed, error));
    if (is_identity(node) && hone__bypass(graph, node, node->inputs[0])) *changed = true;
    return HONE_OK;
}

hone_status hone__pass_identity(hone_graph *graph, bool *changed, hone_error *error) {
    *changed = false;
    HONE_TRY(hone_graph_infer(graph, error));
    for (hone_node *node = graph->first_node, *next; node != NULL; node = next) {
        next = node->next;
        HONE_TRY(visit(graph, node, changed, error));
    }
    return HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrites before planning, so that what a kernel does in one go is one node: a constant added to a
 * convolution or matrix product becomes its bias, zero padding becomes the convolution's own. */
#include "base/error.h"
#include "compress/compress.h"
#include "passes/passes.h"
#include "passes/rewrite.h"
#include "runtime/lower/lower.h"

#include <string.h>

static float load(const hone_value *value, size_t index) {
    float number;
    memcpy(&number, (const uint8_t *)value->data + index * sizeof number, sizeof number);
    return number;
}

/* Dimension of the output channels in what `node` gives, or -1. */
static int32_t channel_axis(const hone_node *node) {
    const hone_value *output = node->outputs[0];
    hone_qweights weights;
    if (!hone__qweights_of(node, &weights)) return -1;
    if (node->op == HONE_OP_Conv) return output->shape.rank >= 3 ? 1 : -1;
    return output->shape.rank == 2 ? 1 : -1;
}

/* The one node that reads what `node` gives, if it adds a constant a channel. */
static hone_node *added_vector(const hone_graph *graph, const hone_node *node,
                               hone_node *const *users, const uint32_t *uses, hone_value **vector) {
    const hone_value *output = node->outputs[0];
    int32_t axis = channel_axis(node);
    if (axis < 0 || uses[output->id] != 1 || hone__is_graph_output(graph, output)) return NULL;
    hone_node *add = users[output->id];
    if (!add || add->op != HONE_OP_Add) return NULL;
    *vector = add->inputs[add->inputs[0] == output];
    bool fits = hone__value_is_constant(*vector) && hone__value_is_float(*vector) &&
                hone_shape_equal(&add->outputs[0]->shape, &output->shape) &&
                hone__is_channel_vector(*vector, &output->shape, axis);
    return fits ? add : NULL;
}

static hone_status make_bias(hone_graph *graph, const hone_node *node, const hone_value *vector,
                             hone_value **bias, hone_error *error) {
    const hone_value *old = node->input_count > 2 ? node->inputs[2] : NULL;
    size_t channels = vector->bytes / sizeof(float);
    hone_shape shape = {1, {(int64_t)channels}};
    char name[160];
    void *fill;
    HONE_TRY(hone__compress_name(graph, node->outputs[0]->name, "bias", name, sizeof name));
    HONE_TRY(hone_graph_copy_constant(graph, name, HONE_F32, &shape, NULL, vector->bytes, &fill,
                                      bias, error));
    for (size_t i = 0; i < channels; i++)
        ((float *)fill)[i] = load(vector, i) + (old ? load(old, i) : 0.0f);
    return HONE_OK;
}

/* The product takes the sum's output value, so that names of what others read stay. */
static hone_status absorb_add(hone_graph *graph, hone_node *node, hone_node *add,
                              const hone_value *vector, hone_error *error) {
    hone_value *bias, *result = add->outputs[0];
    HONE_TRY(make_bias(graph, node, vector, &bias, error));
    hone_graph_remove_node(graph, add);
    if (node->op != HONE_OP_MatMul) {
        HONE_TRY(hone_node_set_input(graph, node, 2, bias, error));
        hone__take_over_output(graph, node, 0, result);
        return HONE_OK;
    }
    hone_value *inputs[] = {node->inputs[0], node->inputs[1], bias};
    hone_node *gemm, *before = node->next;
    hone_graph_remove_node(graph, node);
    return hone_graph_add_node(graph, HONE_OP_Gemm, node->name, inputs, 3, &result, 1, before,
                               &gemm, error);
}

/* A vector that is shorter than the channels (one number for all) is not taken. */
static bool counts_match(const hone_node *node, const hone_value *vector) {
    hone_qweights weights;
    return hone__qweights_of(node, &weights) && vector->bytes == weights.channels * sizeof(float) &&
           (node->op != HONE_OP_MatMul || node->inputs[0]->shape.rank == 2);
}

static hone_status absorb_adds(hone_graph *graph, hone_node **users, const uint32_t *uses,
                               hone_error *error) {
    for (hone_node *node = graph->first_node; node; node = node->next)
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i]) users[node->inputs[i]->id] = node;
    for (hone_node *node = graph->first_node, *next; node; node = next) {
        hone_value *vector = NULL;
        next = node->next;
        if (node->output_count != 1 || !node->outputs[0]) continue;
        hone_node *add = added_vector(graph, node, users, uses, &vector);
        if (!add || !counts_match(node, vector)) continue;
        if (next == add) next = add->next;
        HONE_TRY(absorb_add(graph, node, add, vector, error));
    }
    return HONE_OK;
}

hone_status hone__compress_prepare(hone_graph *graph, hone_error *error) {
    const hone_allocator *allocator = graph->arena.allocator;
    size_t count = (size_t)graph->value_count + 1;
    uint32_t *uses = hone__calloc(allocator, count, sizeof *uses);
    hone_node **users = hone__calloc(allocator, count, sizeof *users);
    hone_status status = uses && users ? HONE_OK : hone_fail_memory(error, count * sizeof *users);
    if (status == HONE_OK) {
        hone_graph_count_uses(graph, uses);
        status = absorb_adds(graph, users, uses, error);
    }
    hone__free(allocator, uses, count * sizeof *uses);
    hone__free(allocator, users, count * sizeof *users);
    if (status == HONE_OK) status = hone__lower_prepare(graph, error); /* pads into convolutions */
    return status == HONE_OK ? hone__simplify(graph, error) : status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Folds BatchNormalization into the weights of the Conv, ConvTranspose or Gemm before it:
 *
 *   y = (conv(x, W) + b - mean) * s + beta  with  s = scale / sqrt(variance + epsilon)
 *     = conv(x, W * s) + (b - mean) * s + beta,  s one number an output channel.
 *
 * Computed in double and rounded once. New constants are made, since weights may be shared. */
#include "base/alloc.h"
#include "base/error.h"
#include "passes/passes.h"
#include "passes/rewrite.h"
#include <math.h>
#include <string.h>

typedef struct norm {
    hone_node *node, *weighted; /* the batch norm, and what it goes into */
    uint32_t channels;
    double *factor, *offset; /* y = x * factor + offset, an entry a channel */
} norm;

/* Element `i` of a float32 constant, which may lie unaligned in a file. */
static double load(const hone_value *value, size_t i) {
    float f;
    memcpy(&f, (const uint8_t *)value->data + i * sizeof f, sizeof f);
    return (double)f;
}

static bool is_constant(const hone_value *value, int32_t rank) {
    return value != NULL && value->kind == HONE_VALUE_CONSTANT && value->dtype == HONE_F32 &&
           value->shape.rank == rank;
}

static bool is_vector(const hone_value *value, int64_t count) {
    return is_constant(value, 1) && value->shape.dim[0] == count;
}

static hone_value *input(const hone_node *node, uint32_t index) {
    return index < node->input_count ? node->inputs[index] : NULL;
}

/* --- does it fit? --------------------------------------------------------------------------------
 */

/* Output channels of the weights, 0 where the node is not one that is understood. */
static int64_t output_channels(const hone_node *node) {
    const hone_value *weights = input(node, 1);
    if (weights == NULL || weights->kind != HONE_VALUE_CONSTANT || weights->dtype != HONE_F32)
        return 0;
    const hone_shape *shape = &weights->shape;
    int64_t group = hone_node_int(node, "group", 1);
    switch (node->op) {
    case HONE_OP_Conv:
        return shape->rank >= 3 ? shape->dim[0] : 0;
    case HONE_OP_ConvTranspose:
        if (shape->rank < 3 || group < 1 || shape->dim[0] % group != 0) return 0;
        return shape->dim[1] * group;
    case HONE_OP_Gemm:
        if (shape->rank != 2) return 0;
        return shape->dim[hone_node_int(node, "transB", 0) == 0];
    default:
        return 0;
    }
}

/* One number a channel: [C], and for Gemm also [1, C]. */
static bool bias_fits(const hone_node *node, int64_t channels) {
    const hone_value *bias = input(node, 2);
    if (bias == NULL || is_vector(bias, channels)) return true;
    return node->op == HONE_OP_Gemm && is_constant(bias, 2) && bias->shape.dim[0] == 1 &&
           bias->shape.dim[1] == channels;
}

static bool has_unused_statistics(const hone_node *node, const uint32_t *uses) {
    if (hone_node_int(node, "training_mode", 0) != 0) return false;
    for (uint32_t i = 1; i < node->output_count; ++i) {
        if (node->outputs[i] != NULL && uses[node->outputs[i]->id] > 0) return false;
    }
    return true;
}

static bool matches(hone_node *node, const uint32_t *uses, norm *found) {
    if (node->op != HONE_OP_BatchNormalization || !has_unused_statistics(node, uses)) return false;
    const hone_value *x = node->inputs[0];
    hone_node *weighted = x->producer;
    if (weighted == NULL || uses[x->id] != 1) return false;
    int64_t channels = output_channels(weighted);
    if (channels < 1 || channels > INT32_MAX || !bias_fits(weighted, channels)) return false;
    for (uint32_t i = 1; i < 5; ++i) {
        if (!is_vector(input(node, i), channels)) return false;
    }
    *found = (norm){.node = node, .weighted = weighted, .channels = (uint32_t)channels};
    return true;
}

/* --- the new weights
 * ------------------------------------------------------------------------------ */

static hone_status read_norm(hone_graph *graph, norm *n, hone_error *error) {
    double epsilon = (double)hone_node_float(n->node, "epsilon", 1e-5f);
    n->factor = hone__alloc(graph->arena.allocator, n->channels, 2 * sizeof *n->factor);
    if (n->factor == NULL) return hone_fail_memory(error, n->channels * 2 * sizeof *n->factor);
    n->offset = n->factor + n->channels;
    for (uint32_t c = 0; c < n->channels; ++c) {
        double variance = load(n->node->inputs[4], c), mean = load(n->node->inputs[3], c);
        n->factor[c] = load(n->node->inputs[1], c) / sqrt(variance + epsilon);
        n->offset[c] = load(n->node->inputs[2], c) - mean * n->factor[c];
    }
    return HONE_OK;
}

/* Which output channel weight element `i` belongs to. */
static size_t channel_of(const norm *n, const hone_shape *shape, size_t i) {
    size_t inner = (size_t)hone__shape_span(shape, 1, shape->rank);
    size_t row = i / inner;
    if (n->weighted->op == HONE_OP_Conv) return row;
    if (n->weighted->op == HONE_OP_Gemm)
        return hone_node_int(n->weighted, "transB", 0) != 0 ? row : i % inner;
    /* [channels, filters / group, kernel...]: the group is the input channel's. */
    size_t filters = (size_t)shape->dim[1],
           kernel = (size_t)hone__shape_span(shape, 2, shape->rank);
    size_t group = (size_t)hone_node_int(n->weighted, "group", 1);
    size_t in_group = (size_t)shape->dim[0] / group;
    return row / in_group * filters + i % inner / kernel;
}

static hone_status scale_weights(hone_graph *graph, const norm *n, hone_error *error) {
    const hone_value *old = n->weighted->inputs[1];
    hone_value *made;
    void *memory;
    HONE_TRY(hone_graph_copy_constant(graph, NULL, HONE_F32, &old->shape, NULL, old->bytes, &memory,
                                      &made, error));
    float *out = (float *)memory;
    for (size_t i = 0; i < old->bytes / sizeof *out; ++i)
        out[i] = (float)(load(old, i) * n->factor[channel_of(n, &old->shape, i)]);
    return hone_node_set_input(graph, n->weighted, 1, made, error);
}

static hone_status scale_bias(hone_graph *graph, const norm *n, hone_error *error) {
    const hone_value *old = input(n->weighted, 2);
    hone_shape shape = {.rank = 1, .dim = {n->channels}};
    bool gemm = n->weighted->op == HONE_OP_Gemm;
    double weight = gemm ? (double)hone_node_float(n->weighted, "beta", 1.0f) : 1.0;
    hone_value *made;
    void *memory;
    HONE_TRY(hone_graph_copy_constant(graph, NULL, HONE_F32, &shape, NULL,
                                      n->channels * sizeof(float), &memory, &made, error));
    float *out = (float *)memory;
    for (uint32_t c = 0; c < n->channels; ++c) {
        double bias = old != NULL ? load(old, c) * weight : 0.0;
        out[c] = (float)(bias * n->factor[c] + n->offset[c]);
    }
    if (gemm) HONE_TRY(hone_node_set_float(graph, n->weighted, "beta", 1.0f, error));
    return hone_node_set_input(graph, n->weighted, 2, made, error);
}

static hone_status fold(hone_graph *graph, norm *n, hone_error *error) {
    size_t bytes = n->channels * 2 * sizeof *n->factor;
    hone_value *result = n->node->outputs[0];
    hone_status status = read_norm(graph, n, error);
    if (status == HONE_OK) status = scale_weights(graph, n, error);
    if (status == HONE_OK) status = scale_bias(graph, n, error);
    if (status == HONE_OK) {
        hone_graph_remove_node(graph, n->node);
        hone__take_over_output(graph, n->weighted, 0, result);
    }
    hone__free(graph->arena.allocator, n->factor, bytes);
    return status;
}

hone_status hone__pass_fold_batch_norm(hone_graph *graph, bool *changed, hone_error *error) {
    const hone_allocator *allocator = graph->arena.allocator;
    size_t bytes = (graph->value_count + 1u) * sizeof(uint32_t);
    uint32_t *uses = hone__alloc(allocator, bytes, 1);
    hone_status status = HONE_OK;
    *changed = false;
    if (uses == NULL) return hone_fail_memory(error, bytes);
    hone_graph_count_uses(graph, uses);
    for (hone_node *node = graph->first_node, *next; node != NULL && status == HONE_OK;
         node = next) {
        norm found;
        next = node->next;
        if (!matches(node, uses, &found)) continue;
        status = fold(graph, &found, error);
        *changed = true;
    }
    hone__free(allocator, uses, bytes);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the samples of a batch stay apart all the way through a graph, operator by operator.
 *
 * A value is batched when its first dimension is the batch and what it says of a sample depends on
 * that sample alone. Inputs are; an operator's outputs are where the operator is known here to keep
 * it so. Whatever is not known is taken to mix the samples. */
#include "graph/graph.h"
#include "runtime/lanes.h"

typedef struct apart {
    int64_t batch;
    const bool *batched; /* by value id */
    const hone_node *node;
} apart;

static const hone_value *in(const apart *a, uint32_t index) {
    return index < a->node->input_count ? a->node->inputs[index] : NULL;
}

static bool is_batched(const apart *a, const hone_value *value) {
    return value && a->batched[value->id];
}

/* All inputs behind the first are the same for every sample. */
static bool only_first(const apart *a) {
    for (uint32_t i = 1; i < a->node->input_count; i++)
        if (is_batched(a, a->node->inputs[i])) return false;
    return is_batched(a, in(a, 0));
}

/* Broadcasting puts batches onto batches, and what is the same for all beside them. */
static bool broadcasts(const apart *a) {
    int32_t rank = a->node->outputs[0]->shape.rank;
    for (uint32_t i = 0; i < a->node->input_count; i++) {
        const hone_value *value = a->node->inputs[i];
        if (!value) continue;
        bool whole = value->shape.rank == rank;
        if (is_batched(a, value) ? !whole : whole && value->shape.dim[0] != 1) return false;
    }
    return true;
}

/* Attribute `name` is an axis, and not the batch's. */
static bool other_axis(const apart *a, const char *name, int64_t otherwise) {
    int64_t axis = hone_node_int(a->node, name, otherwise);
    return axis != 0 && axis != -in(a, 0)->shape.rank;
}

/* Input `index` is a known list of axes without the batch's. */
static bool other_axes(const apart *a, uint32_t index) {
    int64_t axes[HONE_MAX_RANK];
    uint32_t count = 0;
    if (!in(a, index) || !hone_value_ints(in(a, index), axes, HONE_MAX_RANK, &count)) return false;
    for (uint32_t i = 0; i < count; i++)
        if (axes[i] == 0 || axes[i] == -in(a, 0)->shape.rank) return false;
    return count > 0;
}

static bool all_batched(const apart *a) {
    for (uint32_t i = 0; i < a->node->input_count; i++)
        if (!is_batched(a, a->node->inputs[i])) return false;
    return true;
}

static bool keeps_first_axis(const apart *a) {
    const int64_t *perm = NULL;
    return hone_node_ints(a->node, "perm", &perm) > 0 && perm[0] == 0;
}

/* Matrices of samples by matrices of weights. */
static bool multiplies(const apart *a) {
    const hone_value *right = in(a, 1);
    if (is_batched(a, right))
        return all_batched(a) && in(a, 0)->shape.rank == right->shape.rank && right->shape.rank > 2;
    return in(a, 0)->shape.rank >= 2 &&
           (right->shape.rank <= 2 || right->shape.rank < in(a, 0)->shape.rank ||
            right->shape.dim[0] == 1);
}

static bool gemm(const apart *a) {
    const hone_value *c = in(a, 2);
    return only_first(a) && hone_node_int(a->node, "transA", 0) == 0 &&
           (!c || c->shape.rank < 2 || c->shape.dim[0] == 1);
}

static bool quantizes(const apart *a) {
    const hone_value *scale = in(a, 1);
    int64_t one = 1;
    for (int32_t i = 0; i < scale->shape.rank; i++) one *= scale->shape.dim[i];
    return only_first(a) && (one == 1 || other_axis(a, "axis", 1));
}

static bool pads(const apart *a) {
    int64_t sizes[2 * HONE_MAX_RANK];
    uint32_t count = 0;
    return only_first(a) && !in(a, 3) && in(a, 1) &&
           hone_value_ints(in(a, 1), sizes, 2 * HONE_MAX_RANK, &count) && count > 1 &&
           sizes[0] == 0 && sizes[count / 2] == 0;
}

static bool keeps_apart(const apart *a) {
    switch (a->node->op) {
    case HONE_OP_Conv:
    case HONE_OP_ConvTranspose:
    case HONE_OP_MaxPool:
    case HONE_OP_AveragePool:
    case HONE_OP_GlobalAveragePool:
    case HONE_OP_GlobalMaxPool:
    case HONE_OP_InstanceNormalization:
    case HONE_OP_BatchNormalization:
    case HONE_OP_LRN:
    case HONE_OP_Resize: /* along the batch by 1: its size is checked below */
    case HONE_OP_Reshape:
    case HONE_OP_Flatten:
    case HONE_OP_Squeeze:
    case HONE_OP_Unsqueeze:
    case HONE_OP_DepthToSpace:
    case HONE_OP_SpaceToDepth:
    case HONE_OP_Clip:
        return only_first(a) && a->node->output_count == 1;
    case HONE_OP_Relu:
    case HONE_OP_LeakyRelu:
    case HONE_OP_PRelu:
    case HONE_OP_Elu:
    case HONE_OP_Sigmoid:
    case HONE_OP_HardSigmoid:
    case HONE_OP_HardSwish:
    case HONE_OP_Tanh:
    case HONE_OP_Exp:
    case HONE_OP_Sqrt:
    case HONE_OP_Erf:
    case HONE_OP_Neg:
    case HONE_OP_Cast:
    case HONE_OP_Identity:
    case HONE_OP_Add:
    case HONE_OP_Sub:
    case HONE_OP_Mul:
    case HONE_OP_Div:
    case HONE_OP_Pow:
        return broadcasts(a);
    case HONE_OP_MatMul:
        return multiplies(a);
    case HONE_OP_Gemm:
        return gemm(a);
    case HONE_OP_QuantizeLinear:
    case HONE_OP_DequantizeLinear:
        return quantizes(a);
    case HONE_OP_Softmax:
    case HONE_OP_LogSoftmax:
        return other_axis(a, "axis", -1);
    case HONE_OP_Split:
        return only_first(a) && other_axis(a, "axis", 0);
    case HONE_OP_Gather:
        return only_first(a) && other_axis(a, "axis", 0);
    case HONE_OP_Concat:
        return all_batched(a) && other_axis(a, "axis", 0);
    case HONE_OP_Transpose:
        return keeps_first_axis(a);
    case HONE_OP_Pad:
        return pads(a);
    case HONE_OP_Slice:
        return only_first(a) && other_axes(a, 3);
    case HONE_OP_ReduceMean:
    case HONE_OP_ReduceSum:
    case HONE_OP_ReduceMax:
        return only_first(a) && other_axes(a, 1);
    default:
        return false;
    }
}

static bool begins_with(const hone_value *value, int64_t batch) {
    return value && hone__shape_known(&value->shape) && value->shape.rank > 0 &&
           value->shape.dim[0] == batch;
}

bool hone__graph_samples_apart(const hone_graph *graph, int64_t batch, bool *batched) {
    apart a = {.batch = batch, .batched = batched};
    for (uint32_t i = 0; i < graph->input_count; i++) {
        if (!begins_with(graph->inputs[i], batch)) return false;
        batched[graph->inputs[i]->id] = true;
    }
    for (const hone_node *node = graph->first_node; node; node = node->next) {
        bool any = false;
        a.node = node;
        for (uint32_t i = 0; i < node->input_count; i++)
            any = any || is_batched(&a, node->inputs[i]);
        if (!any) continue;
        if (!keeps_apart(&a)) return false;
        for (uint32_t i = 0; i < node->output_count; i++) {
            if (!node->outputs[i]) continue;
            if (!begins_with(node->outputs[i], batch)) return false;
            batched[node->outputs[i]->id] = true;
        }
    }
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (!batched[graph->outputs[i]->id]) return false;
    return true;
}

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

/* What reads the same weights for each sample; sizes are checked by the walk. */
static bool shares(const apart *a) {
    return only_first(a) && a->node->output_count == 1;
}

static bool softmax(const apart *a) {
    return other_axis(a, "axis", -1);
}

static bool splits(const apart *a) {
    return only_first(a) && other_axis(a, "axis", 0);
}

static bool concat(const apart *a) {
    return all_batched(a) && other_axis(a, "axis", 0);
}

static bool slices(const apart *a) {
    return only_first(a) && other_axes(a, 3);
}

static bool reduces(const apart *a) {
    return only_first(a) && other_axes(a, 1);
}

typedef bool (*rule)(const apart *a);

static const rule rules[HONE_OP_COUNT] = {
    [HONE_OP_Conv] = shares,
    [HONE_OP_ConvTranspose] = shares,
    [HONE_OP_MaxPool] = shares,
    [HONE_OP_AveragePool] = shares,
    [HONE_OP_GlobalAveragePool] = shares,
    [HONE_OP_GlobalMaxPool] = shares,
    [HONE_OP_InstanceNormalization] = shares,
    [HONE_OP_BatchNormalization] = shares,
    [HONE_OP_LRN] = shares,
    [HONE_OP_Reshape] = shares,
    [HONE_OP_Flatten] = shares,
    [HONE_OP_Squeeze] = shares,
    [HONE_OP_Unsqueeze] = shares,
    [HONE_OP_DepthToSpace] = shares,
    [HONE_OP_SpaceToDepth] = shares,
    [HONE_OP_Clip] = shares,
    [HONE_OP_Resize] = shares,
    [HONE_OP_Relu] = broadcasts,
    [HONE_OP_LeakyRelu] = broadcasts,
    [HONE_OP_PRelu] = broadcasts,
    [HONE_OP_Elu] = broadcasts,
    [HONE_OP_Sigmoid] = broadcasts,
    [HONE_OP_HardSigmoid] = broadcasts,
    [HONE_OP_HardSwish] = broadcasts,
    [HONE_OP_Tanh] = broadcasts,
    [HONE_OP_Exp] = broadcasts,
    [HONE_OP_Sqrt] = broadcasts,
    [HONE_OP_Erf] = broadcasts,
    [HONE_OP_Neg] = broadcasts,
    [HONE_OP_Cast] = broadcasts,
    [HONE_OP_Identity] = broadcasts,
    [HONE_OP_Add] = broadcasts,
    [HONE_OP_Sub] = broadcasts,
    [HONE_OP_Mul] = broadcasts,
    [HONE_OP_Div] = broadcasts,
    [HONE_OP_Pow] = broadcasts,
    [HONE_OP_MatMul] = multiplies,
    [HONE_OP_Gemm] = gemm,
    [HONE_OP_QuantizeLinear] = quantizes,
    [HONE_OP_DequantizeLinear] = quantizes,
    [HONE_OP_Softmax] = softmax,
    [HONE_OP_LogSoftmax] = softmax,
    [HONE_OP_Split] = splits,
    [HONE_OP_Gather] = splits,
    [HONE_OP_Concat] = concat,
    [HONE_OP_Transpose] = keeps_first_axis,
    [HONE_OP_Pad] = pads,
    [HONE_OP_Slice] = slices,
    [HONE_OP_ReduceMean] = reduces,
    [HONE_OP_ReduceSum] = reduces,
    [HONE_OP_ReduceMax] = reduces,
};

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
        if (!rules[node->op] || !rules[node->op](&a)) return false;
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

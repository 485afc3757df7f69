/* SPDX-License-Identifier: Apache-2.0 */
/* Integer groups: nodes whose inputs are behind DequantizeLinear, with the clamp and the
 * QuantizeLinear that follow them.
 *
 *   Conv | Gemm | MatMul [+ constant vector]  [Relu | Clip]  [QuantizeLinear]   float without it
 *   Conv  [Relu | Clip]  QuantizeLinear  DequantizeLinear  + other  [Relu | Clip]  QuantizeLinear
 *   Add | Mul  [Relu | Clip]  QuantizeLinear
 *   AveragePool | GlobalAveragePool | mean  [Relu | Clip]  QuantizeLinear
 *   Concat  QuantizeLinear
 *   any function of one element  QuantizeLinear   a table
 *
 * What only moves elements needs no group: it passes bytes on. */
#include "base/error.h"
#include "runtime/lower/qdq.h"

#include <math.h>
#include <string.h>

static bool is_free(const hone_lowering *lowering, const hone_node *node) {
    return node && lowering->roles[node->id] == HONE_ROLE_ALONE;
}

static hone_node *next_of(const hone_lowering *lowering, const hone_node *node) {
    hone_node *next = hone__lower_only_user(lowering, node->outputs[0]);
    return is_free(lowering, next) ? next : NULL;
}

static bool all_bytes(const hone_node *node) {
    hone_params params;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!hone__qdq_is_bytes(node->inputs[i], &params)) return false;
    return node->input_count > 0;
}

typedef enum kind {
    KIND_NONE,
    KIND_WEIGHTED,
    KIND_BINARY,
    KIND_POOL,
    KIND_CONCAT,
    KIND_TABLE
} kind;

static kind kind_of(const hone_node *node) {
    hone_pool2d_dims dims;
    hone_params params;
    bool average;
    if (node->output_count != 1 || !hone__value_is_float(node->outputs[0])) return KIND_NONE;
    if (hone__qdq_weighted(node)) return KIND_WEIGHTED;
    if (node->input_count == 0 || !hone__qdq_is_bytes(node->inputs[0], &params)) return KIND_NONE;
    if (node->op == HONE_OP_Add || node->op == HONE_OP_Mul)
        return all_bytes(node) ? KIND_BINARY : KIND_NONE;
    if (node->op == HONE_OP_Concat) return all_bytes(node) ? KIND_CONCAT : KIND_NONE;
    if (hone__pool_dims_of(node, &dims, &average) && average) return KIND_POOL;
    return hone__qdq_is_table(node) ? KIND_TABLE : KIND_NONE;
}

/* MatMul + a constant vector: the bias of the product. */
static hone_node *take_bias(const hone_lowering *lowering, hone_group *group) {
    const hone_node *head = group->head;
    hone_node *next = next_of(lowering, group->tail);
    hone_qbias bias;
    if (!next || next->op != HONE_OP_Add || (head->input_count > 2 && head->inputs[2])) return NULL;
    const hone_value *mine = group->tail->outputs[0];
    const hone_value *other = next->inputs[0] == mine ? next->inputs[1] : next->inputs[0];
    if (head->op == HONE_OP_Conv || !hone_shape_equal(&next->outputs[0]->shape, &mine->shape))
        return NULL;
    if (!hone__qdq_bias(other, mine->shape.dim[mine->shape.rank - 1], &bias)) return NULL;
    group->bias = other;
    return next;
}

/* Grows the group; nodes are only marked when it is complete. */
typedef struct chain {
    hone_node *nodes[8];
    uint32_t count;
} chain;

static void add(chain *c, hone_group *group, hone_node *node) {
    c->nodes[c->count++] = node;
    group->tail = node;
}

static void grow(const hone_lowering *lowering, hone_group *group, kind what, chain *c) {
    hone_params params;
    hone_node *next = what == KIND_WEIGHTED ? take_bias(lowering, group) : NULL;
    if (next) add(c, group, next);
    next = what == KIND_CONCAT || what == KIND_TABLE ? NULL : next_of(lowering, group->tail);
    if (next && hone__clamp_of(next, &group->lo, &group->hi)) add(c, group, next);
    next = next_of(lowering, group->tail);
    if (next && next->op == HONE_OP_QuantizeLinear && next->inputs[0] == group->tail->outputs[0] &&
        hone__qdq_params(next, &params)) {
        add(c, group, next);
        group->quantize = next;
    }
}

static bool is_depthwise(const hone_node *head) {
    hone_conv_dims dims;
    return head->op == HONE_OP_Conv && hone__conv_dims_of(head, &dims) &&
           dims.groups == dims.in_c && dims.groups == dims.out_c;
}

/* Depthwise kernels write bytes only. */
static bool needs_quantize(const hone_node *head, kind what) {
    return what != KIND_WEIGHTED || is_depthwise(head);
}

/* Whether the kernel can add `other` to the group's result, both held as bytes. */
static bool can_add(const hone_group *group, const hone_node *add, const hone_value *mine,
                    const hone_value *other) {
    hone_params params;
    return other != mine && hone__qdq_is_bytes(other, &params) &&
           !hone__value_is_constant(other->producer->inputs[0]) &&
           hone_shape_equal(&other->shape, &mine->shape) &&
           hone_shape_equal(&add->outputs[0]->shape, &group->tail->outputs[0]->shape);
}

/* DequantizeLinear, Add, a clamp and QuantizeLinear behind the convolution's own QuantizeLinear: a
 * residual. Models of TensorFlow Lite round sums in a way of their own, in a step of their own. */
static void take_sum(const hone_lowering *lowering, hone_group *group, chain *c) {
    hone_params params;
    hone_group_sum sum = {.lo = -INFINITY, .hi = INFINITY};
    if (group->head->op != HONE_OP_Conv || !group->quantize || is_depthwise(group->head)) return;
    if (lowering->graph->source_opset == 0) return;
    hone_node *real = next_of(lowering, group->tail), *clamp = NULL;
    if (!real || !hone__qdq_is_bytes(real->outputs[0], &params)) return;
    hone_node *add_node = next_of(lowering, real);
    if (!add_node || add_node->op != HONE_OP_Add) return;
    const hone_value *mine = real->outputs[0];
    sum.with = add_node->inputs[0] == mine ? add_node->inputs[1] : add_node->inputs[0];
    if (!can_add(group, add_node, mine, sum.with)) return;
    hone_node *last = next_of(lowering, add_node);
    if (last && hone__clamp_of(last, &sum.lo, &sum.hi)) {
        clamp = last;
        last = next_of(lowering, clamp);
    }
    if (!last || last->op != HONE_OP_QuantizeLinear || !hone__qdq_params(last, &params)) return;
    if (last->inputs[0] != (clamp ? clamp : add_node)->outputs[0]) return;
    add(c, group, real);
    add(c, group, add_node);
    if (clamp) add(c, group, clamp);
    add(c, group, last);
    sum.quantize = last;
    group->sum = sum;
}

static const char *name_of(const hone_group *group) {
    bool clamped = group->lo > -INFINITY || group->hi < INFINITY;
    if (group->sum.with)
        return group->sum.lo > -INFINITY || group->sum.hi < INFINITY ? "QConv+Add+Clip"
                                                                     : "QConv+Add";
    switch (group->head->op) {
    case HONE_OP_Conv:
        return clamped ? "QConv+Clip" : "QConv";
    case HONE_OP_Gemm:
        return clamped ? "QGemm+Clip" : "QGemm";
    case HONE_OP_MatMul:
        return clamped ? "QMatMul+Clip" : "QMatMul";
    case HONE_OP_Add:
        return clamped ? "QAdd+Clip" : "QAdd";
    case HONE_OP_Mul:
        return clamped ? "QMul+Clip" : "QMul";
    case HONE_OP_Concat:
        return "QConcat";
    default:
        return hone_op_get(group->head->op)->name;
    }
}

/* Weights and biases that the group reads as they are stored need no floats, if nobody else does.
 */
static void claim_constants(hone_lowering *lowering, const hone_group *group) {
    const hone_value *read[3] = {group->head->inputs[1],
                                 group->head->input_count > 2 ? group->head->inputs[2] : NULL,
                                 group->bias};
    for (int i = 0; i < 3; i++)
        if (read[i] && read[i]->producer && lowering->uses[read[i]->id] == 1 &&
            is_free(lowering, read[i]->producer))
            lowering->roles[read[i]->producer->id] = HONE_ROLE_ABSORBED;
}

/* Constant operands are read as bytes. */
static void claim_operands(hone_lowering *lowering, const hone_node *head) {
    for (uint32_t i = 0; i < head->input_count; i++)
        if (is_free(lowering, head->inputs[i]->producer) &&
            hone__value_is_constant(head->inputs[i]->producer->inputs[0]))
            lowering->roles[head->inputs[i]->producer->id] = HONE_ROLE_ABSORBED;
}

static hone_status fuse_node(hone_lowering *lowering, hone_node *node, hone_error *error) {
    kind what = kind_of(node);
    if (what == KIND_NONE) return HONE_OK;
    hone_group group = {
        .head = node, .tail = node, .lo = -INFINITY, .hi = INFINITY, .integer = true};
    chain c = {{node}, 1};
    grow(lowering, &group, what, &c);
    if (!group.quantize && needs_quantize(node, what)) return HONE_OK;
    take_sum(lowering, &group, &c);
    group.op = name_of(&group);
    for (uint32_t i = 0; i < c.count; i++) lowering->roles[c.nodes[i]->id] = HONE_ROLE_ABSORBED;
    lowering->roles[group.tail->id] = HONE_ROLE_TAIL;
    if (what == KIND_WEIGHTED)
        claim_constants(lowering, &group);
    else
        claim_operands(lowering, node);
    hone_group *kept = NULL;
    HONE_TRY(hone__program_alloc(lowering->program, 1, sizeof *kept, (void **)&kept, error));
    *kept = group;
    lowering->groups[group.tail->id] = kept;
    return HONE_OK;
}

/* DequantizeLinear of activations costs nothing until somebody asks for floats. */
static bool waits(const hone_node *node) {
    hone_params params;
    return node->op == HONE_OP_DequantizeLinear && hone__qdq_params(node, &params) &&
           !hone__value_is_constant(node->inputs[0]);
}

hone_status hone__lower_fuse_qdq(hone_lowering *lowering, hone_error *error) {
    if (lowering->keep_all) return HONE_OK;
    for (hone_node *node = lowering->graph->first_node; node; node = node->next)
        if (is_free(lowering, node)) HONE_TRY(fuse_node(lowering, node, error));
    for (hone_node *node = lowering->graph->first_node; node; node = node->next)
        if (is_free(lowering, node) && waits(node)) lowering->roles[node->id] = HONE_ROLE_ABSORBED;
    return HONE_OK;
}

void hone__qdq_clamp(const hone_group *group, hone_params out, float *lo, float *hi) {
    *lo = -(float)out.zero, *hi = (float)(255 - out.zero);
    float low = rintf(group->lo / out.scale), high = rintf(group->hi / out.scale);
    if (low > *lo) *lo = low > *hi ? *hi : low;
    if (high < *hi) *hi = high < *lo ? *lo : high;
}

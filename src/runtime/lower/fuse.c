/* SPDX-License-Identifier: Apache-2.0 */
/* Which float nodes are emitted together. A chain grows from its head over values that only the
 * next node reads:
 *
 *   Conv | MatMul | Gemm   [+ constant channel vector]   [+ residual]   [Relu | Clip]
 *   Add | Sub | Mul | ...  [Relu | Clip]
 *   x * Sigmoid(x), x * HardSigmoid(x) with alpha 1/6, beta 1/2
 *
 * A residual is added in the kernel before the clamp, so its Add must come before the activation.
 * The group is emitted at the place of its tail, when everything it reads has been made. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <math.h>

static bool is_free(const hone_lowering *lowering, const hone_node *node) {
    return node && lowering->roles[node->id] == HONE_ROLE_ALONE;
}

/* The node behind the chain so far, if the chain may grow over it. */
static hone_node *next_of(const hone_lowering *lowering, const hone_group *group) {
    hone_node *next = hone__lower_only_user(lowering, group->tail->outputs[0]);
    return is_free(lowering, next) ? next : NULL;
}

static void grow(hone_lowering *lowering, hone_group *group, hone_node *node, const char *op) {
    lowering->roles[group->tail->id] = HONE_ROLE_ABSORBED;
    lowering->roles[node->id] = HONE_ROLE_TAIL;
    group->tail = node;
    group->op = op;
}

static const hone_value *other_input(const hone_node *node, const hone_value *one) {
    return node->inputs[0] == one ? node->inputs[1] : node->inputs[0];
}

typedef struct head_facts {
    bool conv, product, depthwise, has_bias;
} head_facts;

static bool facts_of(const hone_node *node, head_facts *facts) {
    *facts = (head_facts){0};
    hone_conv_dims dims;
    hone_product product;
    if (node->input_count < 2 || !hone__value_is_float(node->inputs[0]) ||
        !hone__value_is_float(node->inputs[1]) || !hone__value_is_constant(node->inputs[1]))
        return false;
    if (node->op == HONE_OP_Conv) {
        facts->conv = hone__conv_dims_of(node, &dims);
        facts->depthwise = dims.groups == dims.in_c && dims.groups == dims.out_c;
        facts->has_bias = node->input_count > 2 && node->inputs[2];
        return facts->conv && (!facts->has_bias || hone__value_is_constant(node->inputs[2]));
    }
    facts->product = hone__product_of(node, &product);
    facts->has_bias = product.bias != NULL;
    const hone_shape *shape = &node->outputs[0]->shape;
    return facts->product &&
           (!product.bias || hone__is_channel_vector(product.bias, shape, shape->rank - 1));
}

/* Adds that the kernel does: of a constant vector, of another image. */
static void take_add(hone_lowering *lowering, hone_group *group, const head_facts *facts) {
    hone_node *next = next_of(lowering, group);
    const hone_value *mine = group->tail->outputs[0];
    if (!next || next->op != HONE_OP_Add) return;
    const hone_value *other = other_input(next, mine);
    if (!hone__value_is_float(other) || !hone_shape_equal(&next->outputs[0]->shape, &mine->shape))
        return;
    int32_t axis = facts->conv ? 1 : mine->shape.rank - 1;
    if (!facts->has_bias && !group->bias && !group->residual &&
        hone__is_channel_vector(other, &mine->shape, axis)) {
        group->bias = other;
        grow(lowering, group, next, group->op);
    } else if (facts->conv && !facts->depthwise && !group->residual &&
               !hone__value_is_constant(other) && other != mine &&
               hone_shape_equal(&other->shape, &mine->shape)) {
        group->residual = other;
        grow(lowering, group, next, "Conv+Add");
    }
}

static const char *with_clamp(const hone_group *group, const hone_node *clamp) {
    bool relu = clamp->op == HONE_OP_Relu;
    if (group->residual) return relu ? "Conv+Add+Relu" : "Conv+Add+Clip";
    switch (group->head->op) {
    case HONE_OP_Conv:
        return relu ? "Conv+Relu" : "Conv+Clip";
    case HONE_OP_Gemm:
        return relu ? "Gemm+Relu" : "Gemm+Clip";
    case HONE_OP_MatMul:
        return relu ? "MatMul+Relu" : "MatMul+Clip";
    case HONE_OP_Add:
        return relu ? "Add+Relu" : "Add+Clip";
    case HONE_OP_Mul:
        return relu ? "Mul+Relu" : "Mul+Clip";
    default:
        return hone_op_get(group->head->op)->name;
    }
}

static void take_clamp(hone_lowering *lowering, hone_group *group) {
    hone_node *next = next_of(lowering, group);
    float lo, hi;
    if (!next || !hone__clamp_of(next, &lo, &hi)) return;
    group->lo = lo, group->hi = hi;
    grow(lowering, group, next, with_clamp(group, next));
}

/* Mul(x, f(x)), where f's result has no other reader. */
static void take_gate(hone_lowering *lowering, hone_group *group) {
    hone_node *next = next_of(lowering, group);
    const hone_node *head = group->head;
    if (!next || next->op != HONE_OP_Mul) return;
    if (other_input(next, head->outputs[0]) != head->inputs[0]) return;
    if (head->op == HONE_OP_HardSigmoid &&
        (fabsf(hone_node_float(head, "alpha", 0.2f) - 1.0f / 6) > 1e-6f ||
         hone_node_float(head, "beta", 0.5f) != 0.5f))
        return;
    grow(lowering, group, next, head->op == HONE_OP_Sigmoid ? "SiLU" : "HardSwish");
}

static bool is_arithmetic(const hone_node *node) {
    return (node->op == HONE_OP_Add || node->op == HONE_OP_Mul || node->op == HONE_OP_Sub ||
            node->op == HONE_OP_Div) &&
           hone__value_is_float(node->inputs[0]) && hone__value_is_float(node->inputs[1]);
}

static hone_status fuse_node(hone_lowering *lowering, hone_node *node, hone_error *error) {
    hone_group group = {.head = node,
                        .tail = node,
                        .lo = -INFINITY,
                        .hi = INFINITY,
                        .op = hone_op_get(node->op)->name};
    head_facts facts;
    if (facts_of(node, &facts)) {
        take_add(lowering, &group, &facts);
        take_add(lowering, &group, &facts); /* a vector and a residual */
        take_clamp(lowering, &group);
    } else if (is_arithmetic(node)) {
        take_clamp(lowering, &group);
    } else if ((node->op == HONE_OP_Sigmoid || node->op == HONE_OP_HardSigmoid) &&
               hone__value_is_float(node->inputs[0])) {
        take_gate(lowering, &group);
    }
    if (group.tail == node) return HONE_OK;
    hone_group *kept = NULL;
    HONE_TRY(hone__program_alloc(lowering->program, 1, sizeof *kept, (void **)&kept, error));
    *kept = group;
    lowering->groups[group.tail->id] = kept;
    return HONE_OK;
}

hone_status hone__lower_fuse(hone_lowering *lowering, hone_error *error) {
    if (lowering->keep_all) return HONE_OK; /* every named value must exist */
    for (hone_node *node = lowering->graph->first_node; node; node = node->next)
        if (is_free(lowering, node) && node->output_count > 0 && node->outputs[0])
            HONE_TRY(fuse_node(lowering, node, error));
    return HONE_OK;
}

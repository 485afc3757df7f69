/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions of floats over constant axes, in whatever strides the input has, as long as a kept or
 * a reduced dimension is a run. */
#include "base/error.h"
#include "runtime/lower/lower.h"

static const struct {
    hone_op op;
    hone_reduce_op kernel;
    bool mean, root;
} reductions[] = {
    {HONE_OP_ReduceSum, HONE_REDUCE_SUM, false, false},
    {HONE_OP_ReduceMean, HONE_REDUCE_SUM, true, false},
    {HONE_OP_ReduceL1, HONE_REDUCE_ABS, false, false},
    {HONE_OP_ReduceL2, HONE_REDUCE_SQUARE, false, true},
    {HONE_OP_ReduceSumSquare, HONE_REDUCE_SQUARE, false, false},
    {HONE_OP_ReduceMax, HONE_REDUCE_MAX, false, false},
    {HONE_OP_ReduceMin, HONE_REDUCE_MIN, false, false},
};

/* The reduced axes as bits. No axes: all, unless the node says that it does nothing then. */
static bool axes_of(const hone_node *node, uint32_t *mask) {
    int64_t axes[HONE_MAX_RANK];
    uint32_t count = 0;
    int32_t rank = node->inputs[0]->shape.rank;
    const hone_value *list = node->input_count > 1 ? node->inputs[1] : NULL;
    if (list && !hone_value_ints(list, axes, HONE_MAX_RANK, &count)) return false;
    *mask = 0;
    if (count == 0) {
        *mask = (1u << rank) - 1;
        return !hone_node_int(node, "noop_with_empty_axes", 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (axes[i] < -rank || axes[i] >= rank) return false;
        *mask |= 1u << (axes[i] < 0 ? axes[i] + rank : axes[i]);
    }
    return true;
}

/* Elements that become one; 0 where a dimension is empty or unknown. */
static int64_t reduced_count(const hone_shape *shape, uint32_t mask) {
    int64_t count = 1;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1) return 0;
        if (mask >> i & 1) count *= shape->dim[i];
    }
    return count;
}

static bool call_of(const hone_node *node, hone_reduce_call *call) {
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
        if (reductions[i].op != node->op) continue;
        if (!hone__value_is_float(node->inputs[0]) || !axes_of(node, &call->axes)) return false;
        int64_t count = reduced_count(&node->inputs[0]->shape, call->axes);
        call->op = reductions[i].kernel, call->root = reductions[i].root;
        call->scale = reductions[i].mean && count ? 1.0F / (float)count : 1.0F;
        return count > 0;
    }
    return false;
}

hone_status hone__emit_reduce(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error) {
    hone_reduce_call call = {0};
    if (group || node->input_count == 0 || !node->inputs[0] || !call_of(node, &call))
        return HONE_OK;
    *taken = true;
    hone_view in, out;
    HONE_TRY(hone__lower_view(lowering, node->inputs[0], HONE_CODE_PLAIN, &in, error));
    if (!hone__step_reduce_fits(&in, call.axes))
        HONE_TRY(hone__lower_form(lowering, node->inputs[0], HONE_CODE_PLAIN, HONE_FORM_DENSE, &in,
                                  error));
    HONE_TRY(hone__lower_output(lowering, node->outputs[0], HONE_CODE_PLAIN, HONE_FORM_DENSE, &out,
                                error));
    call.in = &in, call.out = &out;
    hone_label label = {.name = node->name, .op = hone_op_get(node->op)->name};
    return hone__step_reduce(lowering->program, &label, &call, error);
}

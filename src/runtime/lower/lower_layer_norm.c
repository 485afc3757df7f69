/* SPDX-License-Identifier: Apache-2.0 */
/* Normalizations by moments that are computed while running: layer, RMS, instance, group. */
#include "base/error.h"
#include "runtime/lower/lower.h"

/* Whether `value` has the shape of the dimensions from `axis` on, perhaps behind ones. */
static bool covers_run(const hone_value *value, const hone_shape *shape, int32_t axis) {
    if (!hone__value_is_float(value)) return false;
    int32_t rank = value->shape.rank, run = shape->rank - axis;
    if (rank < run) return false;
    for (int32_t i = 0; i < rank; i++) {
        int32_t at = i - (rank - run);
        if (value->shape.dim[i] != (at < 0 ? 1 : shape->dim[axis + at])) return false;
    }
    return true;
}

static bool has_elements(const hone_shape *shape) {
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 1) return false;
    return shape->rank > 0;
}

static hone_status lower_factors(hone_lowering *lowering, const hone_node *node, hone_view *views,
                                 hone_norm_call *call, hone_error *error) {
    HONE_TRY(hone__lower_form(lowering, node->inputs[1], HONE_CODE_PLAIN, HONE_FORM_DENSE,
                              &views[0], error));
    call->scale = &views[0];
    if (node->input_count < 3 || !node->inputs[2]) return HONE_OK;
    call->bias = &views[1];
    return hone__lower_form(lowering, node->inputs[2], HONE_CODE_PLAIN, HONE_FORM_DENSE, &views[1],
                            error);
}

hone_status hone__emit_layer_norm(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                  bool *taken, hone_error *error) {
    bool layer = node->op == HONE_OP_LayerNormalization;
    if (group || (!layer && node->op != HONE_OP_RMSNormalization)) return HONE_OK;
    const hone_shape *shape = &node->inputs[0]->shape;
    int64_t axis = hone_node_int(node, "axis", -1);
    if (axis < 0) axis += shape->rank;
    if (!hone__value_is_float(node->inputs[0]) || !has_elements(shape) || axis < 0 ||
        axis >= shape->rank || !covers_run(node->inputs[1], shape, (int32_t)axis))
        return HONE_OK;
    if (node->input_count > 2 && node->inputs[2] &&
        !covers_run(node->inputs[2], shape, (int32_t)axis))
        return HONE_OK;
    for (uint32_t i = 1; i < node->output_count; i++)
        if (node->outputs[i]) return HONE_OK;
    *taken = true;
    hone_view in, out, factors[2];
    hone_norm_call call = {.epsilon = hone_node_float(node, "epsilon", 1e-5f), .center = layer};
    call.run = hone__shape_span(shape, (int32_t)axis, shape->rank);
    HONE_TRY(lower_factors(lowering, node, factors, &call, error));
    HONE_TRY(
        hone__lower_form(lowering, node->inputs[0], HONE_CODE_PLAIN, HONE_FORM_DENSE, &in, error));
    HONE_TRY(hone__lower_output(lowering, node->outputs[0], HONE_CODE_PLAIN, HONE_FORM_DENSE, &out,
                                error));
    call.in = &in, call.out = &out;
    hone_label label = {.name = node->name, .op = hone_op_get(node->op)->name};
    return hone__step_layer_norm(lowering->program, &label, &call, error);
}

hone_status hone__emit_group_norm(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                  bool *taken, hone_error *error) {
    bool instance = node->op == HONE_OP_InstanceNormalization;
    if (group || (!instance && node->op != HONE_OP_GroupNormalization)) return HONE_OK;
    const hone_value *x = node->inputs[0];
    if (!hone__value_is_float(x) || x->shape.rank < 2 || !has_elements(&x->shape)) return HONE_OK;
    int64_t channels = x->shape.dim[1];
    int64_t groups = instance ? channels : hone_node_int(node, "num_groups", 1);
    hone_shape vector = {.rank = 1, .dim = {channels}};
    if (groups < 1 || channels % groups || !covers_run(node->inputs[1], &vector, 0) ||
        !covers_run(node->inputs[2], &vector, 0))
        return HONE_OK;
    *taken = true;
    hone_form form = hone__lower_is_pixels(lowering, x) ? HONE_FORM_PIXELS : HONE_FORM_DENSE;
    hone_view in, out, factors[2];
    hone_norm_call call = {.run = channels / groups,
                           .epsilon = hone_node_float(node, "epsilon", 1e-5f)};
    HONE_TRY(lower_factors(lowering, node, factors, &call, error));
    HONE_TRY(hone__lower_form(lowering, x, HONE_CODE_PLAIN, form, &in, error));
    HONE_TRY(hone__lower_output(lowering, node->outputs[0], HONE_CODE_PLAIN, form, &out, error));
    call.in = &in, call.out = &out;
    hone_label label = {.name = node->name, .op = hone_op_get(node->op)->name};
    return hone__step_group_norm(lowering->program, &label, &call, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Float elementwise operators, in whatever form their inputs already have. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <math.h>

hone_status hone__emit_unary(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error) {
    hone_unary_call call = {0};
    const hone_node *head = group ? group->head : node;
    if (group && group->integer) return HONE_OK;
    if (head->input_count == 0 || !hone__value_is_float(head->inputs[0])) return HONE_OK;
    if (!hone__unary_of(head, &call.op, &call.alpha, &call.beta)) return HONE_OK;
    if (group) { /* x * Sigmoid(x), x * HardSigmoid(x): see fuse.c */
        if (head->op != HONE_OP_Sigmoid && head->op != HONE_OP_HardSigmoid) return HONE_OK;
        call.op = head->op == HONE_OP_Sigmoid ? HONE_UNARY_SILU : HONE_UNARY_HARDSWISH;
    }
    *taken = true;
    hone_form form =
        hone__lower_is_pixels(lowering, head->inputs[0]) ? HONE_FORM_PIXELS : HONE_FORM_DENSE;
    hone_view in, out;
    HONE_TRY(hone__lower_form(lowering, head->inputs[0], HONE_CODE_PLAIN, form, &in, error));
    HONE_TRY(hone__lower_output(lowering, node->outputs[0], HONE_CODE_PLAIN, form, &out, error));
    call.in = &in, call.out = &out;
    hone_label label = {.name = node->name, .op = group ? group->op : hone_op_get(node->op)->name};
    return hone__step_unary(lowering->program, &label, &call, error);
}

/* A square is a product of x with itself. */
static bool is_square(const hone_node *node) {
    float power;
    return node->op == HONE_OP_Pow && hone__value_is_constant(node->inputs[1]) &&
           hone_value_scalar(node->inputs[1], &power) && power == 2.0F;
}

static bool binary_of(const hone_node *node, hone_binary_op *kernel) {
    switch (node->op) {
    case HONE_OP_Add:
        *kernel = HONE_BINARY_ADD;
        return true;
    case HONE_OP_Sum:
        *kernel = HONE_BINARY_ADD;
        return true;
    case HONE_OP_Sub:
        *kernel = HONE_BINARY_SUB;
        return true;
    case HONE_OP_Mul:
        *kernel = HONE_BINARY_MUL;
        return true;
    case HONE_OP_Div:
        *kernel = HONE_BINARY_DIV;
        return true;
    case HONE_OP_Min:
        *kernel = HONE_BINARY_MIN;
        return true;
    case HONE_OP_Max:
        *kernel = HONE_BINARY_MAX;
        return true;
    case HONE_OP_PRelu:
        *kernel = HONE_BINARY_PRELU;
        return true;
    default:
        *kernel = HONE_BINARY_MUL;
        return is_square(node);
    }
}

hone_form hone__lower_binary_form(hone_lowering *lowering, const hone_node *node,
                                  const hone_shape *shape) {
    if (shape->rank < 3) return HONE_FORM_DENSE;
    for (uint32_t i = 0; i < 2; i++)
        if (hone_shape_equal(&node->inputs[i]->shape, shape) &&
            hone__lower_is_pixels(lowering, node->inputs[i]))
            return HONE_FORM_PIXELS;
    return HONE_FORM_DENSE;
}

hone_status hone__lower_binary_operand(hone_lowering *lowering, const hone_value *value,
                                       hone_code code, hone_form form, const hone_shape *shape,
                                       hone_view *view, hone_error *error) {
    if (value->shape.rank < shape->rank) form = HONE_FORM_DENSE;
    HONE_TRY(hone__lower_form(lowering, value, code, form, view, error));
    *view = hone__view_broadcast(view, shape);
    return HONE_OK;
}

/* Where a broadcast leaves no runs in channels last (a tensor of lower rank that varies along the
 * width), everything is dense. */
static hone_status lower_binary(hone_lowering *lowering, const hone_node *head, hone_form form,
                                const hone_shape *shape, hone_view *a, hone_view *b,
                                hone_error *error) {
    const hone_value *right = head->inputs[head->op != HONE_OP_Pow];
    HONE_TRY(hone__lower_binary_operand(lowering, head->inputs[0], HONE_CODE_PLAIN, form, shape, a,
                                        error));
    return hone__lower_binary_operand(lowering, right, HONE_CODE_PLAIN, form, shape, b, error);
}

hone_status hone__emit_binary(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error) {
    const hone_node *head = group ? group->head : node;
    hone_binary_call call = {.lo = group ? group->lo : -INFINITY,
                             .hi = group ? group->hi : INFINITY};
    if ((group && group->integer) || head->input_count != 2 || !binary_of(head, &call.op))
        return HONE_OK;
    if (!hone__value_is_float(head->inputs[0]) || !hone__value_is_float(head->inputs[1]))
        return HONE_OK;
    const hone_value *result = node->outputs[0];
    const hone_shape *shape = &result->shape;
    hone_form form = hone__lower_binary_form(lowering, head, shape);
    *taken = true;
    hone_view a, b, out;
    HONE_TRY(lower_binary(lowering, head, form, shape, &a, &b, error));
    if (form == HONE_FORM_PIXELS) {
        out = hone__view_pixels(0, shape, shape->dim[1]);
        if (!hone__step_binary_fits(&out, &a, &b)) {
            form = HONE_FORM_DENSE;
            HONE_TRY(lower_binary(lowering, head, form, shape, &a, &b, error));
        }
    }
    HONE_TRY(hone__lower_output(lowering, result, HONE_CODE_PLAIN, form, &out, error));
    call.a = &a, call.b = &b, call.out = &out;
    hone_label label = {.name = node->name, .op = group ? group->op : hone_op_get(node->op)->name};
    return hone__step_binary(lowering->program, &label, &call, error);
}

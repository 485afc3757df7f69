/* SPDX-License-Identifier: Apache-2.0 */
/* Float convolutions and matrix products with constant weights. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <math.h>

/* What is emitted for a node alone: the node itself, no clamp. */
static hone_group alone(hone_node *node) {
    return (hone_group){.head = node,
                        .tail = node,
                        .lo = -INFINITY,
                        .hi = INFINITY,
                        .op = hone_op_get(node->op)->name};
}

static bool usable(const hone_node *head) {
    return hone__value_is_float(head->inputs[0]) && hone__value_is_float(head->inputs[1]) &&
           hone__value_is_constant(head->inputs[1]);
}

/* Whether the input lies there in planes, as pictures come, and a kernel takes it so. */
static hone_status reads_planes(hone_lowering *lowering, const hone_value *value,
                                const hone_conv_dims *dims, bool *planes, hone_error *error) {
    const hone_conv_kernel *kernel = lowering->program->kernels.conv.planes;
    hone_view view;
    hone_code code;
    *planes = false;
    if (!kernel || !kernel->supports(kernel, dims)) return HONE_OK;
    HONE_TRY(hone__lower_held(lowering, value, &code, &view, error));
    *planes = code == HONE_CODE_PLAIN && hone__view_is_dense(&view) &&
              !hone__lower_is_pixels(lowering, value);
    return HONE_OK;
}

hone_status hone__emit_conv(hone_lowering *lowering, hone_node *node, const hone_group *group,
                            bool *taken, hone_error *error) {
    hone_group own = group ? *group : alone(node);
    const hone_node *head = own.head;
    hone_conv_call call = {.lo = own.lo, .hi = own.hi};
    if (own.integer || head->op != HONE_OP_Conv || !usable(head)) return HONE_OK;
    if (!hone__conv_dims_of(head, &call.dims)) return HONE_OK;
    const hone_value *bias = head->input_count > 2 ? head->inputs[2] : NULL;
    if (bias && !hone__value_is_constant(bias)) return HONE_OK;
    if (!bias) bias = own.bias;
    *taken = true;
    call.weights =
        hone__conv_weights_oihw(&call.dims, head->inputs[1]->data, bias ? bias->data : NULL);
    hone_view in, out, residual;
    HONE_TRY(reads_planes(lowering, head->inputs[0], &call.dims, &call.planes, error));
    HONE_TRY(hone__lower_form(lowering, head->inputs[0], HONE_CODE_PLAIN,
                              call.planes ? HONE_FORM_DENSE : HONE_FORM_PIXELS, &in, error));
    if (own.residual)
        HONE_TRY(hone__lower_form(lowering, own.residual, HONE_CODE_PLAIN, HONE_FORM_PIXELS,
                                  &residual, error));
    HONE_TRY(hone__lower_output(lowering, own.tail->outputs[0], HONE_CODE_PLAIN, HONE_FORM_PIXELS,
                                &out, error));
    call.in = &in, call.out = &out, call.residual = own.residual ? &residual : NULL;
    hone_label label = {
        .name = own.tail->name, .op = own.op, .multiply_adds = hone__conv_macs(&call.dims)};
    return hone__step_conv(lowering->program, &label, &call, error);
}

hone_view hone__lower_rows(const hone_view *dense, int64_t cols) {
    hone_shape shape = {.rank = 2, .dim = {hone__view_elements(dense) / cols, cols}};
    hone_view rows = hone__view_dense(dense->buffer, &shape);
    rows.offset = dense->offset;
    return rows;
}

hone_status hone__emit_product(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error) {
    hone_group own = group ? *group : alone(node);
    const hone_node *head = own.head;
    hone_product product;
    if (own.integer || (head->op != HONE_OP_MatMul && head->op != HONE_OP_Gemm)) return HONE_OK;
    if (!usable(head) || !hone__product_of(head, &product)) return HONE_OK;
    const hone_shape *shape = &head->outputs[0]->shape;
    if (product.bias && !hone__is_channel_vector(product.bias, shape, shape->rank - 1))
        return HONE_OK;
    const hone_value *bias = product.bias ? product.bias : own.bias;
    *taken = true;
    product.weights.bias = bias ? bias->data : NULL;
    hone_view in, out;
    HONE_TRY(
        hone__lower_form(lowering, head->inputs[0], HONE_CODE_PLAIN, HONE_FORM_DENSE, &in, error));
    HONE_TRY(hone__lower_output(lowering, own.tail->outputs[0], HONE_CODE_PLAIN, HONE_FORM_DENSE,
                                &out, error));
    in = hone__lower_rows(&in, product.dims.in_c), out = hone__lower_rows(&out, product.dims.out_c);
    hone_conv_call call = {.dims = product.dims,
                           .weights = product.weights,
                           .in = &in,
                           .out = &out,
                           .lo = own.lo,
                           .hi = own.hi};
    hone_label label = {
        .name = own.tail->name, .op = own.op, .multiply_adds = hone__conv_macs(&call.dims)};
    return hone__step_conv(lowering->program, &label, &call, error);
}

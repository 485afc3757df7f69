/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeLinear and DequantizeLinear themselves, and integer operators without weights. */
#include "base/error.h"
#include "ops/ops.h"
#include "runtime/lower/qdq.h"

#include <math.h>
#include <string.h>

/* Bytes get a meaning: nothing runs. */
hone_status hone__emit_dequantize(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                  bool *taken, hone_error *error) {
    hone_params params;
    if (group || node->op != HONE_OP_DequantizeLinear || !hone__qdq_params(node, &params))
        return HONE_OK;
    *taken = true;
    hone_view view;
    HONE_TRY(hone__lower_view(lowering, node->inputs[0], HONE_CODE_U8, &view, error));
    hone__lower_alias(lowering, node->outputs[0], HONE_CODE_QUANT, &view);
    hone__lower_set_params(lowering, node->outputs[0], params);
    return HONE_OK;
}

/* The same real numbers in other parameters: q' = rint(clamp((q - zero) * (scale / scale'))) +
 * zero'. */
static void requantize_table(hone_params from, hone_params to, uint8_t *table) {
    float multiplier = (float)((double)from.scale / to.scale);
    for (int i = 0; i < 256; i++) {
        float y = (float)(i - from.zero) * multiplier;
        if (y < -(float)to.zero) y = -(float)to.zero;
        if (y > (float)(255 - to.zero)) y = (float)(255 - to.zero);
        table[i] = (uint8_t)((int)rintf(y) + to.zero);
    }
}

static bool same_params(hone_params a, hone_params b) {
    return a.scale == b.scale && a.zero == b.zero;
}

static hone_form form_of(hone_lowering *lowering, const hone_value *value) {
    return hone__lower_is_pixels(lowering, value) ? HONE_FORM_PIXELS : HONE_FORM_DENSE;
}

/* Bytes that become other bytes by a table. */
static hone_status emit_table(hone_lowering *lowering, const hone_value *from, const hone_value *to,
                              const hone_label *label, const uint8_t *table, hone_error *error) {
    hone_form form = form_of(lowering, from);
    hone_view in, out;
    HONE_TRY(hone__lower_form(lowering, from, HONE_CODE_QUANT, form, &in, error));
    HONE_TRY(hone__lower_output(lowering, to, HONE_CODE_U8, form, &out, error));
    return hone__step_lookup(lowering->program, label, &out, &in, table, error);
}

hone_status hone__emit_quantize(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                bool *taken, hone_error *error) {
    hone_params from, to;
    if (group || node->op != HONE_OP_QuantizeLinear || !hone__qdq_params(node, &to)) return HONE_OK;
    *taken = true;
    const hone_value *in = node->inputs[0], *out = node->outputs[0];
    hone_label label = {.name = node->name, .op = "QuantizeLinear"};
    hone_view view, result;
    if (hone__lower_is_quant(lowering, in, &from)) {
        if (same_params(from, to)) {
            HONE_TRY(hone__lower_view(lowering, in, HONE_CODE_QUANT, &view, error));
            hone__lower_alias(lowering, out, HONE_CODE_U8, &view);
            return HONE_OK;
        }
        uint8_t table[256];
        requantize_table(from, to, table);
        return emit_table(lowering, in, out, &label, table, error);
    }
    hone_form form = form_of(lowering, in);
    HONE_TRY(hone__lower_form(lowering, in, HONE_CODE_PLAIN, form, &view, error));
    HONE_TRY(hone__lower_output(lowering, out, HONE_CODE_U8, form, &result, error));
    return hone__step_quantize(lowering->program, &label, &result, &view, to.scale, to.zero, error);
}

/* --- sums, products ------------------------------------------------------------------------------
 */

static hone_qbinary_call binary_call(const hone_group *group, hone_params a, hone_params b,
                                     hone_params out) {
    hone_qbinary_call call = {.multiply = group->head->op == HONE_OP_Mul,
                              .a_zero = a.zero,
                              .b_zero = b.zero,
                              .output_zero = out.zero};
    call.a_multiplier = (float)(call.multiply ? (double)a.scale * b.scale / out.scale
                                              : (double)a.scale / out.scale);
    call.b_multiplier = (float)((double)b.scale / out.scale);
    hone__qdq_clamp(group, out, &call.lo, &call.hi);
    return call;
}

/* Sums of models that came from TensorFlow Lite, in integers as XNNPACK makes them: the larger of
 * both multipliers gets 21 bits. Where its exponent is beyond what XNNPACK takes, they stay float.
 */
static void set_fixed(hone_qbinary_call *call, hone_params a, hone_params b, hone_params out) {
    float from_a = a.scale / out.scale, from_b = b.scale / out.scale;
    float larger = from_a > from_b ? from_a : from_b;
    if (!(larger >= 0x1p-10F && larger < 0x1p8F)) return;
    int exponent = 20 - ilogbf(larger);
    call->shift = (uint32_t)exponent;
    call->a_fixed = (int32_t)lrintf(ldexpf(from_a, exponent));
    call->b_fixed = (int32_t)lrintf(ldexpf(from_b, exponent));
}

hone_status hone__emit_qbinary(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error) {
    hone_params a, b, out;
    const hone_node *head = group ? group->head : node;
    if (!group || !group->integer || (head->op != HONE_OP_Add && head->op != HONE_OP_Mul))
        return HONE_OK;
    if (!hone__lower_is_quant(lowering, head->inputs[0], &a) ||
        !hone__lower_is_quant(lowering, head->inputs[1], &b) ||
        !hone__qdq_params(group->quantize, &out))
        return HONE_OK;
    *taken = true;
    const hone_value *result = group->tail->outputs[0];
    hone_form form = hone__lower_binary_form(lowering, head, &result->shape);
    hone_qbinary_call call = binary_call(group, a, b, out);
    if (!call.multiply && lowering->graph->source_opset == 0) set_fixed(&call, a, b, out);
    hone_view views[2], to;
    for (int i = 0; i < 2; i++)
        HONE_TRY(hone__lower_binary_operand(lowering, head->inputs[i], HONE_CODE_QUANT, form,
                                            &result->shape, &views[i], error));
    HONE_TRY(hone__lower_output(lowering, result, HONE_CODE_U8, form, &to, error));
    call.a = &views[0], call.b = &views[1], call.out = &to;
    hone_label label = {.name = head->name, .op = group->op};
    return hone__step_qbinary(lowering->program, &label, &call, error);
}

/* --- pools ---------------------------------------------------------------------------------------
 */

/* A maximum keeps its input's parameters and needs no QuantizeLinear; an average ends with one. */
hone_status hone__emit_qpool(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error) {
    hone_pool_call call = {0};
    hone_params in, out;
    const hone_node *head = group ? group->head : node;
    if ((group && !group->integer) || !hone__pool_dims_of(head, &call.dims, &call.average))
        return HONE_OK;
    if (!hone__value_is_float(head->inputs[0]) || call.average != (group != NULL) ||
        !hone__lower_is_quant(lowering, head->inputs[0], &in))
        return HONE_OK;
    *taken = true;
    const hone_value *result = group ? group->tail->outputs[0] : node->outputs[0];
    hone_view from, to;
    HONE_TRY(hone__lower_form(lowering, head->inputs[0], HONE_CODE_QUANT, HONE_FORM_PIXELS, &from,
                              error));
    HONE_TRY(hone__lower_output(lowering, result, group ? HONE_CODE_U8 : HONE_CODE_QUANT,
                                HONE_FORM_PIXELS, &to, error));
    if (group && hone__qdq_params(group->quantize, &out)) {
        call.multiplier = (float)((double)in.scale / out.scale);
        call.input_zero = in.zero, call.output_zero = out.zero;
        hone__qdq_clamp(group, out, &call.lo, &call.hi);
    } else {
        hone__lower_set_params(lowering, result, in);
    }
    call.in = &from, call.out = &to;
    hone_label label = {.name = head->name, .op = hone_op_get(head->op)->name};
    return hone__step_pool(lowering->program, &label, &call, error);
}

/* --- functions of one element
 * --------------------------------------------------------------------- */

bool hone__qdq_is_table(const hone_node *node) {
    float lo, hi;
    if (hone__clamp_of(node, &lo, &hi)) return true;
    return node->input_count == 1 && node->output_count == 1 &&
           !strcmp(hone_op_get(node->op)->quantizes, "table");
}

/* The reference on all 256 numbers that the input can be. */
static hone_status evaluate(const hone_node *node, const float *in, float *out, hone_error *error) {
    float lo, hi;
    if (hone__clamp_of(node, &lo, &hi)) {
        for (int i = 0; i < 256; i++) out[i] = in[i] < lo ? lo : in[i] > hi ? hi : in[i];
        return HONE_OK;
    }
    hone_op_run run = NULL;
    HONE_TRY(hone__op_bind(node, &run, error));
    float copy[256];
    memcpy(copy, in, sizeof copy);
    hone_tensor input = {
        .dtype = HONE_F32, .shape = {.rank = 1, .dim = {256}}, .data = copy, .bytes = sizeof copy};
    hone_tensor output = input;
    output.data = out;
    hone_op_call call = {.node = node, .inputs = &input, .outputs = &output};
    return run(&call, error);
}

hone_status hone__emit_qtable(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error) {
    (void)node;
    hone_params in, out;
    float real[256], result[256];
    uint8_t table[256];
    if (!group || !group->integer || !hone__qdq_is_table(group->head) ||
        !hone__lower_is_quant(lowering, group->head->inputs[0], &in) ||
        !hone__qdq_params(group->quantize, &out))
        return HONE_OK;
    *taken = true;
    for (int i = 0; i < 256; i++) real[i] = (float)(i - in.zero) * in.scale;
    HONE_TRY(evaluate(group->head, real, result, error));
    hone_kernels scalar; /* one rounding rule: that of the quantize kernel's reference */
    hone__kernels_init(&scalar, HONE_CPU_SCALAR);
    scalar.eltwise.quantize(&(hone_quantize_args){.rows = 1,
                                                  .cols = 256,
                                                  .input = result,
                                                  .input_stride = 256,
                                                  .output = table,
                                                  .output_stride = 256,
                                                  .multiplier = 1.0f / out.scale,
                                                  .zero = out.zero});
    hone_label label = {.name = group->head->name, .op = hone_op_get(group->head->op)->name};
    return emit_table(lowering, group->head->inputs[0], group->tail->outputs[0], &label, table,
                      error);
}

/* --- concatenation
 * -------------------------------------------------------------------------------- */

static bool lies_there(const hone_view *have, const hone_view *want) {
    if (have->buffer != want->buffer || have->offset != want->offset) return false;
    for (int32_t i = 0; i < have->rank; i++)
        if (have->dim[i] != 1 && have->stride[i] != want->stride[i]) return false;
    return true;
}

/* A part with other parameters is moved by a table. */
static hone_status place_part(hone_lowering *lowering, const hone_node *head,
                              const hone_value *part, hone_params out, hone_form form,
                              const hone_view *place, hone_error *error) {
    hone_params own;
    hone_view in;
    hone_label label = {.name = head->name, .op = "QConcat"};
    if (!hone__lower_is_quant(lowering, part, &own))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "node '%s': '%s' is not quantized", head->name, part->name);
    if (same_params(own, out)) {
        HONE_TRY(hone__lower_view(lowering, part, HONE_CODE_QUANT, &in, error));
        if (hone__view_elements(&in) == 0 || lies_there(&in, place)) return HONE_OK;
        return hone__step_move(lowering->program, &label, place, &in, error);
    }
    uint8_t table[256];
    requantize_table(own, out, table);
    HONE_TRY(hone__lower_form(lowering, part, HONE_CODE_QUANT, form, &in, error));
    return hone__step_lookup(lowering->program, &label, place, &in, table, error);
}

hone_status hone__emit_qconcat(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error) {
    (void)node;
    hone_params out;
    if (!group || !group->integer || group->head->op != HONE_OP_Concat ||
        !hone__qdq_params(group->quantize, &out))
        return HONE_OK;
    *taken = true;
    const hone_node *head = group->head;
    const hone_value *result = group->tail->outputs[0];
    int64_t axis = hone_node_int(head, "axis", 0), at = 0;
    if (axis < 0) axis += result->shape.rank;
    hone_form form = lowering->values[result->id].reserved ? HONE_FORM_PIXELS : HONE_FORM_DENSE;
    for (uint32_t i = 0; i < head->input_count && result->shape.rank >= 3; i++) {
        hone_params ignored;
        (void)hone__lower_is_quant(lowering, head->inputs[i], &ignored);
        if (hone__lower_is_pixels(lowering, head->inputs[i])) form = HONE_FORM_PIXELS;
    }
    hone_view to;
    HONE_TRY(hone__lower_output(lowering, result, HONE_CODE_U8, form, &to, error));
    for (uint32_t i = 0; i < head->input_count; i++) {
        int64_t size = head->inputs[i]->shape.dim[axis];
        hone_view place = hone__view_slice(&to, (int32_t)axis, at, 1, size);
        HONE_TRY(place_part(lowering, head, head->inputs[i], out, form, &place, error));
        at += size;
    }
    return HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Integer convolutions and matrix products. */
#include "base/error.h"
#include "runtime/lower/qdq.h"

#include <math.h>
#include <string.h>

/* What the kernel's pack() reads; made in the program's memory, needed until the step is made. */
typedef struct constants {
    const void *weights; /* s8 */
    int32_t *bias;
    float *multiplier;
} constants;

static float float_at(const hone_value *value, size_t index) {
    float f;
    memcpy(&f, (const uint8_t *)value->data + index * sizeof f, sizeof f);
    return f;
}

static hone_status make_weights(hone_lowering *lowering, const hone_qweight *weight,
                                const void **out, hone_error *error) {
    const hone_value *stored = weight->stored;
    if (stored->dtype == HONE_S8) {
        *out = stored->data;
        return HONE_OK;
    }
    uint8_t *shifted = NULL; /* u8 round 128 */
    HONE_TRY(hone__program_alloc(lowering->program, stored->bytes, 1, (void **)&shifted, error));
    for (size_t i = 0; i < stored->bytes; i++)
        shifted[i] = ((const uint8_t *)stored->data)[i] ^ 0x80;
    *out = shifted;
    return HONE_OK;
}

static int32_t to_int32(double value) {
    value = nearbyint(value);
    if (!(value > -2147483648.0)) return INT32_MIN; /* NaN too */
    return value >= 2147483647.0 ? INT32_MAX : (int32_t)value;
}

/* In units of scale_in * scale_weight. Stored numbers are taken as they are where their scale is
 * that product, as it should be. */
static int32_t bias_at(const hone_qbias *bias, size_t channel, double unit) {
    if (bias->real) return to_int32(float_at(bias->real, channel) / unit);
    if (!bias->stored) return 0;
    int32_t stored;
    memcpy(&stored, (const uint8_t *)bias->stored->data + channel * sizeof stored, sizeof stored);
    bool per_channel = bias->scale->bytes > sizeof(float);
    double scale = float_at(bias->scale, per_channel ? channel : 0);
    return fabs(scale / unit - 1) < 1e-5 ? stored : to_int32(stored * scale / unit);
}

static hone_status make_constants(hone_lowering *lowering, const hone_group *group,
                                  const hone_conv_dims *dims, hone_params in,
                                  const hone_params *out, constants *made, hone_error *error) {
    hone_qweight weight;
    hone_qbias bias;
    const hone_node *head = group->head;
    const hone_value *given =
        head->input_count > 2 && head->inputs[2] ? head->inputs[2] : group->bias;
    if (!hone__qdq_weights(head, &weight) || !hone__qdq_bias(given, dims->out_c, &bias))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "node '%s': its weights are not int8", head->name);
    HONE_TRY(make_weights(lowering, &weight, &made->weights, error));
    HONE_TRY(hone__program_alloc(lowering->program, dims->out_c, sizeof *made->bias,
                                 (void **)&made->bias, error));
    HONE_TRY(hone__program_alloc(lowering->program, dims->out_c, sizeof *made->multiplier,
                                 (void **)&made->multiplier, error));
    for (size_t i = 0; i < dims->out_c; i++) {
        float scale = float_at(weight.scale, weight.per_channel ? i : 0);
        float unit = in.scale * scale; /* rounded, as ONNX Runtime and TensorFlow Lite do */
        made->bias[i] = bias_at(&bias, i, (double)in.scale * scale);
        made->multiplier[i] = out ? unit / out->scale : unit;
    }
    return HONE_OK;
}

/* The sum behind a convolution, rounded as hone__emit_qbinary would have it. */
static hone_status set_sum(hone_lowering *lowering, const hone_group *group, hone_params own,
                           hone_qconv_call *call, hone_view *addend, hone_error *error) {
    hone_params other, out;
    hone_group clamp = {.lo = group->sum.lo, .hi = group->sum.hi};
    if (!hone__lower_is_quant(lowering, group->sum.with, &other) ||
        !hone__qdq_params(group->sum.quantize, &out))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "node '%s': what is added to it is not held as bytes", group->head->name);
    HONE_TRY(hone__lower_form(lowering, group->sum.with, HONE_CODE_QUANT, HONE_FORM_PIXELS, addend,
                              error));
    call->addend = addend;
    call->sum.zero = other.zero, call->sum.output_zero = out.zero;
    call->sum.own = (float)((double)own.scale / out.scale);
    call->sum.other = (float)((double)other.scale / out.scale);
    hone__qdq_clamp(&clamp, out, &call->sum.lo, &call->sum.hi);
    return HONE_OK;
}

/* The output's bytes are of the QuantizeLinear; without one it is float. */
static hone_status finish(hone_lowering *lowering, const hone_group *group, hone_qconv_call *call,
                          hone_params in, const constants *made, hone_error *error) {
    hone_params out = {0};
    call->lo = group->lo, call->hi = group->hi;
    if (group->quantize && hone__qdq_params(group->quantize, &out)) {
        hone__qdq_clamp(group, out, &call->lo, &call->hi);
        call->output_zero = out.zero;
    }
    call->source.weights.bias = made->bias;
    call->source.multiplier = made->multiplier;
    call->source.input_zero = in.zero;
    hone_label label = {
        .name = group->head->name, .op = group->op, .multiply_adds = hone__conv_macs(&call->dims)};
    return hone__step_qconv(lowering->program, &label, call, error);
}

static hone_code output_code(const hone_group *group) {
    return group->quantize ? HONE_CODE_U8 : HONE_CODE_PLAIN;
}

hone_status hone__emit_qconv(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error) {
    (void)node;
    hone_params in, out, *wanted = NULL;
    constants made;
    hone_qconv_call call = {0};
    if (!group || !group->integer || group->head->op != HONE_OP_Conv) return HONE_OK;
    if (!hone__lower_is_quant(lowering, group->head->inputs[0], &in) ||
        !hone__conv_dims_of(group->head, &call.dims))
        return HONE_OK;
    *taken = true;
    if (group->quantize && hone__qdq_params(group->quantize, &out)) wanted = &out;
    HONE_TRY(make_constants(lowering, group, &call.dims, in, wanted, &made, error));
    call.source.weights = hone__conv_weights_oihw(&call.dims, made.weights, NULL);
    hone_view from, to, addend;
    HONE_TRY(hone__lower_form(lowering, group->head->inputs[0], HONE_CODE_QUANT, HONE_FORM_PIXELS,
                              &from, error));
    if (group->sum.with) HONE_TRY(set_sum(lowering, group, out, &call, &addend, error));
    HONE_TRY(hone__lower_output(lowering, group->tail->outputs[0], output_code(group),
                                HONE_FORM_PIXELS, &to, error));
    call.in = &from, call.out = &to;
    return finish(lowering, group, &call, in, &made, error);
}

static hone_view rows_of(const hone_view *dense, int64_t cols) {
    hone_shape shape = {.rank = 2, .dim = {hone__view_elements(dense) / cols, cols}};
    hone_view rows = hone__view_dense(dense->buffer, &shape);
    rows.offset = dense->offset;
    return rows;
}

hone_status hone__emit_qproduct(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                bool *taken, hone_error *error) {
    (void)node;
    hone_params in, out, *wanted = NULL;
    constants made;
    hone_product product;
    if (!group || !group->integer || !hone__product_of(group->head, &product)) return HONE_OK;
    const hone_value *a = group->head->inputs[0];
    if (!hone__lower_is_quant(lowering, a, &in)) return HONE_OK;
    *taken = true;
    if (group->quantize && hone__qdq_params(group->quantize, &out)) wanted = &out;
    HONE_TRY(make_constants(lowering, group, &product.dims, in, wanted, &made, error));
    hone_qconv_call call = {.dims = product.dims, .source.weights = product.weights};
    call.source.weights.data = made.weights;
    hone_view from, to;
    HONE_TRY(hone__lower_form(lowering, a, HONE_CODE_QUANT, HONE_FORM_DENSE, &from, error));
    HONE_TRY(hone__lower_output(lowering, group->tail->outputs[0], output_code(group),
                                HONE_FORM_DENSE, &to, error));
    from = rows_of(&from, call.dims.in_c), to = rows_of(&to, call.dims.out_c);
    call.in = &from, call.out = &to;
    return finish(lowering, group, &call, in, &made, error);
}

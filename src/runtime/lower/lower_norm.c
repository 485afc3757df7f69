/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalization that no pass folded into a convolution: a product and a sum a channel. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <math.h>
#include <string.h>

static bool is_constant_vector(const hone_value *value, int64_t channels) {
    return hone__value_is_constant(value) && value->dtype == HONE_F32 && value->shape.rank == 1 &&
           value->shape.dim[0] == channels;
}

static bool usable(const hone_node *node) {
    const hone_value *x = node->inputs[0];
    if (!hone__value_is_float(x) || x->shape.rank < 2 || hone_node_int(node, "training_mode", 0))
        return false;
    for (uint32_t i = 1; i < node->output_count; i++)
        if (node->outputs[i]) return false;
    for (uint32_t i = 1; i < 5; i++)
        if (!is_constant_vector(node->inputs[i], x->shape.dim[1])) return false;
    return true;
}

static double at(const hone_value *value, int64_t index) {
    float f;
    memcpy(&f, (const uint8_t *)value->data + (size_t)index * sizeof f, sizeof f);
    return f;
}

/* factor = scale / sqrt(variance + epsilon), offset = bias - mean * factor, in double. */
static void fold(const hone_node *node, int64_t channels, float *factor, float *offset) {
    double epsilon = hone_node_float(node, "epsilon", 1e-5f);
    for (int64_t c = 0; c < channels; c++) {
        double f = at(node->inputs[1], c) / sqrt(at(node->inputs[4], c) + epsilon);
        factor[c] = (float)f;
        offset[c] = (float)(at(node->inputs[2], c) - at(node->inputs[3], c) * f);
    }
}

/* Memory for one number a channel, and the view that repeats it over `shape`. */
static hone_status channel_vector(hone_lowering *lowering, const hone_node *node,
                                  const hone_shape *shape, float **data, hone_view *view,
                                  hone_error *error) {
    hone_shape own = {.rank = shape->rank};
    for (int32_t i = 0; i < shape->rank; i++) own.dim[i] = i == 1 ? shape->dim[1] : 1;
    size_t bytes = (size_t)shape->dim[1] * sizeof(float);
    uint32_t buffer = 0;
    HONE_TRY(hone__program_keep(lowering->program, bytes, (void **)data, error));
    HONE_TRY(hone__program_add_constant(lowering->program, node->name, HONE_F32, *data, bytes,
                                        &buffer, error));
    hone_view dense = hone__view_dense(buffer, &own);
    *view = hone__view_broadcast(&dense, shape);
    return HONE_OK;
}

hone_status hone__emit_batch_norm(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                  bool *taken, hone_error *error) {
    if (group || node->op != HONE_OP_BatchNormalization || !usable(node)) return HONE_OK;
    *taken = true;
    const hone_value *x = node->inputs[0];
    hone_form form = hone__lower_is_pixels(lowering, x) ? HONE_FORM_PIXELS : HONE_FORM_DENSE;
    float *factor = NULL, *offset = NULL;
    hone_view in, out, factors, offsets;
    HONE_TRY(channel_vector(lowering, node, &x->shape, &factor, &factors, error));
    HONE_TRY(channel_vector(lowering, node, &x->shape, &offset, &offsets, error));
    fold(node, x->shape.dim[1], factor, offset);
    HONE_TRY(hone__lower_form(lowering, x, HONE_CODE_PLAIN, form, &in, error));
    HONE_TRY(hone__lower_output(lowering, node->outputs[0], HONE_CODE_PLAIN, form, &out, error));
    hone_label label = {.name = node->name, .op = "BatchNormalization"};
    hone_binary_call call = {.op = HONE_BINARY_MUL,
                             .a = &in,
                             .b = &factors,
                             .out = &out,
                             .lo = -INFINITY,
                             .hi = INFINITY};
    HONE_TRY(hone__step_binary(lowering->program, &label, &call, error));
    call.op = HONE_BINARY_ADD, call.a = &out, call.b = &offsets;
    return hone__step_binary(lowering->program, &label, &call, error);
}

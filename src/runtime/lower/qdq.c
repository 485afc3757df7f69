/* SPDX-License-Identifier: Apache-2.0 */
/* What QuantizeLinear and DequantizeLinear say, and constants behind them. */
#include "runtime/lower/qdq.h"
#include "base/error.h"
#include "ops/ops.h"

#include <math.h>
#include <string.h>

static bool is_byte(hone_dtype dtype) {
    return dtype == HONE_U8 || dtype == HONE_S8;
}

static bool is_one(const hone_value *value) {
    return hone__value_is_constant(value) && hone__shape_known(&value->shape) &&
           hone__shape_span(&value->shape, 0, value->shape.rank) == 1;
}

bool hone__qdq_params(const hone_node *node, hone_params *params) {
    bool quantizes = node->op == HONE_OP_QuantizeLinear;
    if (!quantizes && node->op != HONE_OP_DequantizeLinear) return false;
    const hone_value *stored = quantizes ? node->outputs[0] : node->inputs[0];
    const hone_value *real = quantizes ? node->inputs[0] : node->outputs[0];
    const hone_value *scale = node->inputs[1];
    const hone_value *zero = node->input_count > 2 ? node->inputs[2] : NULL;
    if (!is_byte(stored->dtype) || real->dtype != HONE_F32) return false;
    if (hone_node_int(node, "block_size", 0) != 0) return false;
    if (!is_one(scale) || scale->dtype != HONE_F32 || (zero && !is_one(zero))) return false;
    memcpy(&params->scale, scale->data, sizeof params->scale);
    uint8_t bits = 0;
    if (zero) memcpy(&bits, zero->data, 1);
    params->zero = stored->dtype == HONE_S8 ? bits ^ 0x80 : bits;
    return params->scale > 0 && isfinite(params->scale);
}

bool hone__qdq_is_bytes(const hone_value *value, hone_params *params) {
    const hone_node *node = value ? value->producer : NULL;
    return node && node->op == HONE_OP_DequantizeLinear && hone__qdq_params(node, params);
}

/* The DequantizeLinear that makes a constant, or NULL. */
static const hone_node *constant_source(const hone_value *value) {
    const hone_node *node = value ? value->producer : NULL;
    bool fits =
        node && node->op == HONE_OP_DequantizeLinear && hone__value_is_constant(node->inputs[0]) &&
        hone__value_is_constant(node->inputs[1]) &&
        (node->input_count < 3 || !node->inputs[2] || hone__value_is_constant(node->inputs[2]));
    return fits ? node : NULL;
}

/* Every zero point must be the middle: 0 for s8, 128 for u8. */
static bool is_symmetric(const hone_node *node) {
    const hone_value *zero = node->input_count > 2 ? node->inputs[2] : NULL;
    uint8_t middle = node->inputs[0]->dtype == HONE_U8 ? 128 : 0;
    if (!zero) return middle == 0;
    for (size_t i = 0; i < zero->bytes; i++)
        if (((const uint8_t *)zero->data)[i] != middle) return false;
    return true;
}

/* The output channels' dimension of the weights. */
static int32_t channel_axis(const hone_node *node) {
    if (node->op == HONE_OP_Conv) return 0;
    if (node->op == HONE_OP_Gemm) return hone_node_int(node, "transB", 0) ? 0 : 1;
    return node->inputs[1]->shape.rank - 1;
}

bool hone__qdq_weights(const hone_node *node, hone_qweight *weight) {
    const hone_node *source = constant_source(node->inputs[1]);
    if (!source || !is_byte(source->inputs[0]->dtype) || !is_symmetric(source)) return false;
    if (hone_node_int(source, "block_size", 0) != 0) return false;
    const hone_value *scale = source->inputs[1];
    int32_t axis = channel_axis(node), rank = node->inputs[1]->shape.rank;
    int64_t given = hone_node_int(source, "axis", 1);
    int64_t channels = node->inputs[1]->shape.dim[axis];
    if (scale->dtype != HONE_F32 || !hone__shape_known(&scale->shape)) return false;
    int64_t count = hone__shape_span(&scale->shape, 0, scale->shape.rank);
    if (given < 0) given += rank;
    if (count != 1 && (count != channels || given != axis)) return false;
    *weight = (hone_qweight){.stored = source->inputs[0], .scale = scale, .per_channel = count > 1};
    return true;
}

bool hone__qdq_bias(const hone_value *value, int64_t channels, hone_qbias *bias) {
    *bias = (hone_qbias){0};
    if (!value) return true;
    const hone_node *source = constant_source(value);
    if (source && source->inputs[0]->dtype == HONE_S32 && source->inputs[1]->dtype == HONE_F32 &&
        hone_node_int(source, "block_size", 0) == 0) {
        bias->stored = source->inputs[0], bias->scale = source->inputs[1];
        value = source->inputs[0];
        size_t scales = bias->scale->bytes / sizeof(float);
        if (scales != 1 && scales != (size_t)channels) return false;
        const hone_value *zero = source->input_count > 2 ? source->inputs[2] : NULL;
        for (size_t i = 0; zero && i < zero->bytes; i++)
            if (((const uint8_t *)zero->data)[i] != 0) return false;
    } else {
        bias->real = value;
        if (!hone__value_is_constant(value) || value->dtype != HONE_F32) return false;
    }
    const hone_shape *shape = &value->shape;
    return hone__shape_known(shape) && shape->rank > 0 &&
           hone__shape_span(shape, 0, shape->rank) == channels &&
           shape->dim[shape->rank - 1] == channels;
}

bool hone__qdq_weighted(const hone_node *node) {
    hone_params in;
    hone_qweight weight;
    hone_qbias bias;
    hone_conv_dims dims;
    hone_product product;
    if (node->op == HONE_OP_Conv) {
        if (!hone__conv_dims_of(node, &dims)) return false;
    } else {
        if (node->op != HONE_OP_Gemm && node->op != HONE_OP_MatMul) return false;
        if (!hone__product_of(node, &product)) return false;
        dims = product.dims;
    }
    const hone_value *given = node->input_count > 2 ? node->inputs[2] : NULL;
    return hone__qdq_is_bytes(node->inputs[0], &in) && hone__qdq_weights(node, &weight) &&
           hone__qdq_bias(given, dims.out_c, &bias);
}

/* --- constants stored small --------------------------------------------------------------------
 */

static bool all_constant(const hone_node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] && !hone__value_is_constant(node->inputs[i])) return false;
    return node->output_count == 1 && node->input_count > 0;
}

static hone_tensor tensor_of(const hone_value *value, const void *data) {
    return (hone_tensor){.dtype = value->dtype,
                         .shape = value->shape,
                         .data = (void *)(uintptr_t)data, /* inputs are only read */
                         .bytes = value->bytes};
}

/* A constant at an address that suits its type. */
static hone_status aligned(hone_lowering *lowering, const hone_value *value, hone_tensor *tensor,
                           hone_error *error) {
    uint32_t buffer = 0;
    HONE_TRY(hone__program_add_constant(lowering->program, value->name, value->dtype, value->data,
                                        value->bytes, &buffer, error));
    *tensor = tensor_of(value, lowering->program->buffers[buffer].constant);
    return HONE_OK;
}

/* Runs the node's reference and makes its output a constant; the node stays its producer, for
 * those who read what is stored. */
static hone_status evaluate(hone_lowering *lowering, hone_node *node, hone_error *error) {
    hone_value *value = node->outputs[0];
    hone_tensor inputs[3] = {{0}}, output = {0};
    hone_op_run run = NULL;
    void *memory = NULL, *scratch = NULL;
    if (node->input_count > 3) return HONE_OK;
    HONE_TRY(hone__op_bind(node, &run, error));
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i]) HONE_TRY(aligned(lowering, node->inputs[i], &inputs[i], error));
    HONE_TRY(hone_tensor_bytes(value->dtype, &value->shape, &output.bytes, error));
    HONE_TRY(hone__program_keep(lowering->program, output.bytes, &memory, error));
    size_t scratch_bytes = hone__op_scratch(node);
    if (scratch_bytes)
        HONE_TRY(hone__program_keep(lowering->program, scratch_bytes, &scratch, error));
    output = (hone_tensor){
        .dtype = value->dtype, .shape = value->shape, .data = memory, .bytes = output.bytes};
    hone_op_call call = {.node = node, .inputs = inputs, .outputs = &output, .scratch = scratch};
    HONE_TRY(run(&call, error));
    value->kind = HONE_VALUE_CONSTANT;
    value->data = memory, value->bytes = output.bytes;
    lowering->roles[node->id] = HONE_ROLE_DEAD;
    return HONE_OK;
}

hone_status hone__lower_widen(hone_lowering *lowering, bool half_only, hone_error *error) {
    for (hone_node *node = lowering->graph->first_node; node; node = node->next) {
        bool dequantizes = node->op == HONE_OP_DequantizeLinear;
        if (lowering->roles[node->id] != HONE_ROLE_ALONE || !all_constant(node)) continue;
        if (dequantizes ? half_only : node->op != HONE_OP_Cast) continue;
        HONE_TRY(evaluate(lowering, node, error));
    }
    return HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Two and more inputs with broadcasting.
 *
 * Channels first only where every operand can be had so: four dimensions, one element, or constant
 * (which then gets its leading ones, so that it lines up). */
#include "base/error.h"
#include "formats/tflite/ops.h"

#include <string.h>

static bool is_one(const hone_tfl_tensor *tensor) {
    return hone__shape_span(&tensor->shape, 0, tensor->shape.rank) == 1 && tensor->shape.rank < 2;
}

/* A vector along the channels, or one element. */
static bool lines_up(const hone_tfl_tensor *tensor) {
    return tensor->shape.rank == 4 || is_one(tensor) ||
           (hone__tfl_constant(tensor) && tensor->shape.rank == 1);
}

static hone_tfl_layout common_layout(const hone_tfl_op *op) {
    bool first = false;
    for (uint32_t i = 0; i < op->input_count; i++) {
        if (!op->inputs[i] || !lines_up(op->inputs[i])) return HONE_TFL_FILE;
        if (hone__tfl_at_hand(op->inputs[i]) == HONE_TFL_FIRST) first = true;
    }
    return first && op->outputs[0]->shape.rank == 4 ? HONE_TFL_FIRST : HONE_TFL_FILE;
}

/* [C] becomes [C, 1, 1]: the same bytes. */
static hone_status operand(hone_tfl_op *op, hone_tfl_tensor *tensor, hone_tfl_layout layout,
                           hone_value **value, hone_error *error) {
    bool vector = layout == HONE_TFL_FIRST && tensor->shape.rank == 1 && !is_one(tensor);
    if (!vector) return hone__tfl_real(op->reader, tensor, layout, value, error);
    hone_tfl_tensor raised = *tensor;
    raised.shape = (hone_shape){.rank = 3, .dim = {tensor->shape.dim[0], 1, 1}};
    raised.stored[HONE_TFL_FILE] = raised.real[HONE_TFL_FILE] = NULL;
    return hone__tfl_real(op->reader, &raised, HONE_TFL_FILE, value, error);
}

static hone_status operands(hone_tfl_op *op, hone_tfl_layout *layout, hone_value *values[],
                            hone_error *error) {
    *layout = common_layout(op);
    for (uint32_t i = 0; i < op->input_count; i++) {
        if (!op->inputs[i]) return hone__tfl_fail(op, error, HONE_FORMAT, "an input is missing");
        HONE_TRY(operand(op, op->inputs[i], *layout, &values[i], error));
    }
    return HONE_OK;
}

static hone_status two(hone_tfl_op *op, hone_tfl_layout *layout, hone_value *values[2],
                       hone_error *error) {
    if (op->input_count != 2) return hone__tfl_fail(op, error, HONE_FORMAT, "it takes two inputs");
    return operands(op, layout, values, error);
}

/* Those with a fused activation have it first in their options; the rest read none. */
hone_status hone__tfl_op_binary(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *values[2], *value = NULL;
    HONE_TRY(two(op, &layout, values, error));
    HONE_TRY(hone__tfl_binary(op, op->row->op, values[0], values[1], &value, error));
    HONE_TRY(hone__tfl_activate(op, hone__flat_i8(&op->options, 0, 0), &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

/* Comparisons and logic: of real numbers, to bool. */
hone_status hone__tfl_op_compare(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *values[2], *value = NULL;
    HONE_TRY(two(op, &layout, values, error));
    HONE_TRY(hone__tfl_binary(op, op->row->op, values[0], values[1], &value, error));
    return hone__tfl_finish_stored(op, 0, layout, value, error);
}

hone_status hone__tfl_op_not_equal(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *values[2], *value = NULL;
    HONE_TRY(two(op, &layout, values, error));
    HONE_TRY(hone__tfl_binary(op, HONE_OP_Equal, values[0], values[1], &value, error));
    HONE_TRY(hone__tfl_unary(op, HONE_OP_Not, value, &value, error));
    return hone__tfl_finish_stored(op, 0, layout, value, error);
}

static hone_status floats_only(const hone_tfl_op *op, hone_error *error) {
    if (op->outputs[0]->dtype == HONE_F32 || op->outputs[0]->quantized) return HONE_OK;
    return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "it is read for float numbers only");
}

hone_status hone__tfl_op_floor_div(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *values[2], *value = NULL;
    HONE_TRY(floats_only(op, error));
    HONE_TRY(two(op, &layout, values, error));
    HONE_TRY(hone__tfl_binary(op, HONE_OP_Div, values[0], values[1], &value, error));
    HONE_TRY(hone__tfl_unary(op, HONE_OP_Floor, value, &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

/* The remainder has the divisor's sign: a - floor(a / b) * b; integers have Mod for it. */
hone_status hone__tfl_op_floor_mod(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *values[2], *value = NULL;
    HONE_TRY(two(op, &layout, values, error));
    if (op->outputs[0]->dtype != HONE_F32 && !op->outputs[0]->quantized) {
        HONE_TRY(hone__tfl_binary(op, HONE_OP_Mod, values[0], values[1], &value, error));
        return hone__tfl_finish(op, 0, layout, value, error);
    }
    HONE_TRY(hone__tfl_binary(op, HONE_OP_Div, values[0], values[1], &value, error));
    HONE_TRY(hone__tfl_unary(op, HONE_OP_Floor, value, &value, error));
    HONE_TRY(hone__tfl_binary(op, HONE_OP_Mul, value, values[1], &value, error));
    HONE_TRY(hone__tfl_binary(op, HONE_OP_Sub, values[0], value, &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

hone_status hone__tfl_op_squared_difference(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *values[2], *value = NULL;
    HONE_TRY(two(op, &layout, values, error));
    HONE_TRY(hone__tfl_binary(op, HONE_OP_Sub, values[0], values[1], &value, error));
    HONE_TRY(hone__tfl_binary(op, HONE_OP_Mul, value, value, &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

/* in [..., C], slopes [1, 1, C] as a rule: made as long as the input has dimensions. */
hone_status hone__tfl_op_prelu(hone_tfl_op *op, hone_error *error) {
    hone_tfl_tensor *in = op->inputs[0], slope = *op->inputs[1];
    hone_tfl_layout layout = HONE_TFL_FILE;
    hone_value *values[2], *value = NULL;
    int32_t more = in->shape.rank - slope.shape.rank;
    if (more < 0) return hone__tfl_fail(op, error, HONE_SHAPE, "its slopes do not fit its input");
    if (hone__tfl_constant(&slope) && in->shape.rank == 4) {
        layout = HONE_TFL_FIRST;
        hone_shape full = {.rank = 4, .dim = {1, 1, 1, 1}};
        for (int32_t i = 0; i < slope.shape.rank; i++) full.dim[i + more] = slope.shape.dim[i];
        slope.shape = full;
        slope.stored[HONE_TFL_FILE] = slope.real[HONE_TFL_FILE] = NULL;
    }
    HONE_TRY(hone__tfl_real(op->reader, in, layout, &values[0], error));
    HONE_TRY(hone__tfl_real(op->reader, &slope, layout, &values[1], error));
    HONE_TRY(hone__tfl_binary(op, HONE_OP_PRelu, values[0], values[1], &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

hone_status hone__tfl_op_select(hone_tfl_op *op, hone_error *error) {
    hone_value *values[3], *value = NULL;
    hone_node *node;
    const hone_shape *condition = &op->inputs[0]->shape;
    if (condition->rank == 1 && op->inputs[1]->shape.rank > 1 && !strcmp(op->row->name, "SELECT"))
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "a condition for rows is not read");
    for (uint32_t i = 0; i < 3; i++)
        HONE_TRY(hone__tfl_real(op->reader, op->inputs[i], HONE_TFL_FILE, &values[i], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Where, values, 3, &node, &value, error));
    return hone__tfl_finish(op, 0, HONE_TFL_FILE, value, error);
}

hone_status hone__tfl_op_add_n(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_node *node;
    hone_value *value = NULL;
    hone_value **values =
        hone__arena_alloc(&op->reader->scratch, op->input_count, sizeof(hone_value *));
    if (!values) return hone_fail_memory(error, op->input_count * sizeof(hone_value *));
    HONE_TRY(operands(op, &layout, values, error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Sum, values, op->input_count, &node, &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

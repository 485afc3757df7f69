/* SPDX-License-Identifier: Apache-2.0 */
/* One input, element by element: in whatever layout it is at hand. */
#include "base/error.h"
#include "formats/tflite/ops.h"

#include <math.h>

static hone_status take(hone_tfl_op *op, hone_tfl_layout *layout, hone_value **value,
                        hone_error *error) {
    *layout = hone__tfl_at_hand(op->inputs[0]);
    return hone__tfl_real(op->reader, op->inputs[0], *layout, value, error);
}

hone_status hone__tfl_op_unary(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *value = NULL;
    HONE_TRY(take(op, &layout, &value, error));
    HONE_TRY(hone__tfl_unary(op, op->row->op, value, &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

static hone_status clip(hone_tfl_op *op, float lo, float hi, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *value = NULL;
    HONE_TRY(take(op, &layout, &value, error));
    HONE_TRY(hone__tfl_clip(op, lo, hi, &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

hone_status hone__tfl_op_relu_n(hone_tfl_op *op, hone_error *error) {
    return clip(op, -1.0f, 1.0f, error);
}

hone_status hone__tfl_op_relu_01(hone_tfl_op *op, hone_error *error) {
    return clip(op, 0.0f, 1.0f, error);
}

hone_status hone__tfl_op_relu_6(hone_tfl_op *op, hone_error *error) {
    return clip(op, 0.0f, 6.0f, error);
}

hone_status hone__tfl_op_leaky_relu(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *value = NULL;
    hone_node *node = NULL;
    HONE_TRY(take(op, &layout, &value, error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_LeakyRelu, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_float(op->reader->graph, node, "alpha",
                                 hone__flat_f32(&op->options, 0, 0), error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

hone_status hone__tfl_op_gelu(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *value = NULL;
    hone_node *node = NULL;
    HONE_TRY(take(op, &layout, &value, error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Gelu, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_string(op->reader->graph, node, "approximate",
                                  hone__flat_u8(&op->options, 0, 0) ? "tanh" : "none", error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

hone_status hone__tfl_op_rsqrt(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *value = NULL;
    HONE_TRY(take(op, &layout, &value, error));
    HONE_TRY(hone__tfl_unary(op, HONE_OP_Sqrt, value, &value, error));
    HONE_TRY(hone__tfl_unary(op, HONE_OP_Reciprocal, value, &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

hone_status hone__tfl_op_square(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *value = NULL;
    HONE_TRY(take(op, &layout, &value, error));
    HONE_TRY(hone__tfl_binary(op, HONE_OP_Mul, value, value, &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

/* On what is stored: a cast knows no scales. */
hone_status hone__tfl_op_cast(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout = hone__tfl_at_hand(op->inputs[0]);
    hone_value *value = NULL;
    hone_node *node = NULL;
    if (op->outputs[0]->dtype == HONE_DTYPE_NONE)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its type is not read");
    HONE_TRY(hone__tfl_stored(op->reader, op->inputs[0], layout, &value, error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Cast, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "to", op->outputs[0]->dtype, error));
    return hone__tfl_finish_stored(op, 0, layout, value, error);
}

/* QUANTIZE and DEQUANTIZE: the real value, stored anew. float16 becomes float32. */
hone_status hone__tfl_op_convert(hone_tfl_op *op, hone_error *error) {
    hone_tfl_layout layout;
    hone_value *value = NULL;
    hone_node *node = NULL;
    const hone_tfl_tensor *in = op->inputs[0], *out = op->outputs[0];
    HONE_TRY(take(op, &layout, &value, error));
    if (!in->quantized && !out->quantized && in->dtype != out->dtype) {
        if (in->dtype != HONE_F16 || out->dtype != HONE_F32)
            return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its types are not quantized");
        HONE_TRY(hone__tfl_node(op, HONE_OP_Cast, &value, 1, &node, &value, error));
        HONE_TRY(hone_node_set_int(op->reader->graph, node, "to", HONE_F32, error));
    }
    return hone__tfl_finish(op, 0, layout, value, error);
}

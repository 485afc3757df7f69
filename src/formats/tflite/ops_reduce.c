/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions, normalizations, and others along an axis. */
#include "base/error.h"
#include "formats/tflite/ops.h"

/* The axes to go, in the input's layout of choice: channels first wherever what is left does not
 * tell the difference. */
static hone_status choose_axes(const hone_tfl_op *op, int64_t *axes, uint32_t *count, bool keep,
                               hone_tfl_layout *layout, hone_error *error) {
    const hone_tfl_tensor *in = op->inputs[0];
    bool gone[HONE_MAX_RANK] = {false};
    HONE_TRY(hone__tfl_read_ints(op, 1, axes, HONE_MAX_RANK, count, error));
    for (uint32_t i = 0; i < *count; i++) {
        HONE_TRY(hone__tfl_wrap(op, &axes[i], in->shape.rank, error));
        gone[axes[i]] = true;
    }
    *count = 0;
    *layout = hone__tfl_at_hand(in);
    if (!keep && !(gone[1] && gone[2])) *layout = HONE_TFL_FILE;
    for (int32_t i = 0; i < in->shape.rank; i++)
        if (gone[i]) axes[(*count)++] = hone__tfl_axis(in, *layout, i);
    return HONE_OK;
}

static hone_status reduce(hone_tfl_op *op, hone_op kind, hone_value *in, const int64_t *axes,
                          uint32_t count, bool keep, hone_value **value, hone_error *error) {
    hone_value *inputs[2] = {in, NULL};
    hone_node *node = NULL;
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, axes, count, &inputs[1], error));
    HONE_TRY(hone__tfl_node(op, kind, inputs, 2, &node, value, error));
    if (count == 0)
        HONE_TRY(hone_node_set_int(op->reader->graph, node, "noop_with_empty_axes", 1, error));
    return hone_node_set_int(op->reader->graph, node, "keepdims", keep, error);
}

hone_status hone__tfl_op_reduce(hone_tfl_op *op, hone_error *error) {
    int64_t axes[HONE_MAX_RANK];
    uint32_t count;
    hone_tfl_layout layout;
    hone_value *value = NULL;
    bool keep = hone__flat_u8(&op->options, 0, 0) != 0;
    HONE_TRY(choose_axes(op, axes, &count, keep, &layout, error));
    HONE_TRY(hone__tfl_real(op->reader, op->inputs[0], layout, &value, error));
    HONE_TRY(reduce(op, op->row->op, value, axes, count, keep, &value, error));
    return hone__tfl_finish(op, 0, keep ? layout : HONE_TFL_FILE, value, error);
}

/* any is the greatest, all the least, of numbers */
hone_status hone__tfl_op_reduce_bool(hone_tfl_op *op, hone_error *error) {
    int64_t axes[HONE_MAX_RANK];
    uint32_t count;
    hone_tfl_layout layout;
    hone_value *value = NULL;
    hone_node *node = NULL;
    bool keep = hone__flat_u8(&op->options, 0, 0) != 0;
    HONE_TRY(choose_axes(op, axes, &count, keep, &layout, error));
    HONE_TRY(hone__tfl_stored(op->reader, op->inputs[0], layout, &value, error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Cast, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "to", HONE_S32, error));
    HONE_TRY(reduce(op, op->row->op, value, axes, count, keep, &value, error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Cast, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "to", HONE_BOOL, error));
    return hone__tfl_finish_stored(op, 0, keep ? layout : HONE_TFL_FILE, value, error);
}

static hone_status cast_to(hone_tfl_op *op, hone_dtype dtype, hone_value **value,
                           hone_error *error) {
    hone_node *node = NULL;
    if (dtype == HONE_S64) return HONE_OK; /* as ONNX has it */
    HONE_TRY(hone__tfl_node(op, HONE_OP_Cast, value, 1, &node, value, error));
    return hone_node_set_int(op->reader->graph, node, "to", dtype, error);
}

hone_status hone__tfl_op_arg(hone_tfl_op *op, hone_error *error) {
    int64_t axis;
    uint32_t count;
    hone_value *value = NULL;
    hone_node *node = NULL;
    HONE_TRY(hone__tfl_read_ints(op, 1, &axis, 1, &count, error));
    if (count != 1) return hone__tfl_fail(op, error, HONE_FORMAT, "it needs one axis");
    HONE_TRY(hone__tfl_wrap(op, &axis, op->inputs[0]->shape.rank, error));
    HONE_TRY(hone__tfl_real(op->reader, op->inputs[0], HONE_TFL_FILE, &value, error));
    HONE_TRY(hone__tfl_node(op, op->row->op, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "axis", axis, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "keepdims", 0, error));
    HONE_TRY(cast_to(op, op->outputs[0]->dtype, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* SOFTMAX (of beta * x) and LOG_SOFTMAX: along the last axis, the channels. */
hone_status hone__tfl_op_softmax(hone_tfl_op *op, hone_error *error) {
    const hone_tfl_tensor *in = op->inputs[0];
    hone_tfl_layout layout = hone__tfl_at_hand(in);
    hone_value *value = NULL, *factor = NULL;
    hone_node *node = NULL;
    float beta = hone__flat_f32(&op->options, 0, op->row->op == HONE_OP_Softmax ? 0.0f : 1.0f);
    if (!op->options.at) beta = 1.0f;
    HONE_TRY(hone__tfl_real(op->reader, op->inputs[0], layout, &value, error));
    if (beta != 1.0f) {
        HONE_TRY(hone__tfl_float(op->reader, op->outputs[0]->name, beta, &factor, error));
        HONE_TRY(hone__tfl_binary(op, HONE_OP_Mul, value, factor, &value, error));
    }
    HONE_TRY(hone__tfl_node(op, op->row->op, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "axis",
                               hone__tfl_axis(in, layout, in->shape.rank - 1), error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

hone_status hone__tfl_op_l2_norm(hone_tfl_op *op, hone_error *error) {
    const hone_tfl_tensor *in = op->inputs[0];
    hone_tfl_layout layout = hone__tfl_at_hand(in);
    hone_value *value = NULL;
    hone_node *node = NULL;
    HONE_TRY(hone__tfl_real(op->reader, op->inputs[0], layout, &value, error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_LpNormalization, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "axis",
                               hone__tfl_axis(in, layout, in->shape.rank - 1), error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "p", 2, error));
    HONE_TRY(hone__tfl_activate(op, hone__flat_i8(&op->options, 0, 0), &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

/* TFLite's alpha is for one channel, ONNX's for the window of 2 * radius + 1. */
hone_status hone__tfl_op_local_norm(hone_tfl_op *op, hone_error *error) {
    const hone_flat_table *o = &op->options;
    hone_graph *graph = op->reader->graph;
    hone_value *value = NULL;
    hone_node *node = NULL;
    int64_t radius = hone__flat_i32(o, 0, 0), size = 2 * radius + 1;
    if (op->inputs[0]->shape.rank != 4 || radius < 0)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its input or radius is unusual");
    HONE_TRY(hone__tfl_real(op->reader, op->inputs[0], HONE_TFL_FIRST, &value, error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_LRN, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_int(graph, node, "size", size, error));
    HONE_TRY(hone_node_set_float(graph, node, "bias", hone__flat_f32(o, 1, 0), error));
    HONE_TRY(
        hone_node_set_float(graph, node, "alpha", hone__flat_f32(o, 2, 0) * (float)size, error));
    HONE_TRY(hone_node_set_float(graph, node, "beta", hone__flat_f32(o, 3, 0), error));
    return hone__tfl_finish(op, 0, HONE_TFL_FIRST, value, error);
}

hone_status hone__tfl_op_cumsum(hone_tfl_op *op, hone_error *error) {
    hone_value *inputs[2], *value = NULL;
    hone_node *node = NULL;
    hone_graph *graph = op->reader->graph;
    for (uint32_t i = 0; i < 2; i++)
        HONE_TRY(hone__tfl_real(op->reader, op->inputs[i], HONE_TFL_FILE, &inputs[i], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_CumSum, inputs, 2, &node, &value, error));
    HONE_TRY(
        hone_node_set_int(graph, node, "exclusive", hone__flat_u8(&op->options, 0, 0) != 0, error));
    HONE_TRY(
        hone_node_set_int(graph, node, "reverse", hone__flat_u8(&op->options, 1, 0) != 0, error));
    return hone__tfl_finish(op, 0, HONE_TFL_FILE, value, error);
}

/* values and indices of the k greatest along the last axis */
hone_status hone__tfl_op_top_k(hone_tfl_op *op, hone_error *error) {
    hone_tfl_reader *reader = op->reader;
    hone_value *inputs[2], *outputs[2];
    hone_node *node = NULL;
    int64_t k;
    uint32_t count;
    HONE_TRY(hone__tfl_read_ints(op, 1, &k, 1, &count, error));
    if (count != 1) return hone__tfl_fail(op, error, HONE_FORMAT, "it needs one number k");
    HONE_TRY(hone__tfl_real(reader, op->inputs[0], HONE_TFL_FILE, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(reader, op->outputs[0]->name, &k, 1, &inputs[1], error));
    for (uint32_t i = 0; i < 2; i++)
        HONE_TRY(hone__tfl_add_value(reader, op->outputs[i]->name, "TopK", &outputs[i], error));
    HONE_TRY(hone_graph_add_node(reader->graph, HONE_OP_TopK, outputs[0]->name, inputs, 2, outputs,
                                 2, NULL, &node, error));
    HONE_TRY(hone__tfl_finish(op, 0, HONE_TFL_FILE, outputs[0], error));
    HONE_TRY(cast_to(op, op->outputs[1]->dtype, &outputs[1], error));
    return hone__tfl_finish_stored(op, 1, HONE_TFL_FILE, outputs[1], error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions and pools: channels first here, explicit paddings. */
#include "formats/tflite/ops_conv.h"
#include "base/error.h"
#include "formats/tflite/schema.h"

typedef hone_tfl_window window;

static hone_status check_window(const hone_tfl_op *op, const window *w, hone_error *error) {
    for (int i = 0; i < 2; i++)
        if (w->stride[i] < 1 || w->dilation[i] < 1 || w->kernel[i] < 1)
            return hone__tfl_fail(op, error, HONE_FORMAT,
                                  "its window, strides and dilations must be positive");
    if (w->padding > PADDING_VALID)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its padding is neither SAME nor VALID");
    return HONE_OK;
}

/* SAME: as many outputs as strides fit in; what is missing is split, the odd one at the end. */
static void same_pads(window *w, const hone_shape *in) {
    for (int i = 0; i < 2 && w->padding == PADDING_SAME; i++) {
        int64_t size = in->dim[1 + i], reach = (w->kernel[i] - 1) * w->dilation[i] + 1;
        int64_t out = (size + w->stride[i] - 1) / w->stride[i];
        int64_t missing = out > 0 ? (out - 1) * w->stride[i] + reach - size : 0;
        if (missing < 0) missing = 0;
        w->pads[i] = missing / 2, w->pads[i + 2] = missing - missing / 2;
    }
}

static hone_status set_window(const hone_tfl_op *op, hone_node *node, const window *w, bool dilates,
                              hone_error *error) {
    hone_graph *graph = op->reader->graph;
    HONE_TRY(hone_node_set_ints(graph, node, "kernel_shape", w->kernel, 2, error));
    HONE_TRY(hone_node_set_ints(graph, node, "strides", w->stride, 2, error));
    HONE_TRY(hone_node_set_ints(graph, node, "pads", w->pads, 4, error));
    if (!dilates) return HONE_OK;
    return hone_node_set_ints(graph, node, "dilations", w->dilation, 2, error);
}

static hone_status want_rank_4(const hone_tfl_op *op, const hone_tfl_tensor *tensor,
                               hone_error *error) {
    if (tensor && tensor->shape.rank == 4) return HONE_OK;
    return hone__tfl_fail(op, error, HONE_UNSUPPORTED,
                          "its input and weights must have four dimensions");
}

/* A PAD before a VALID convolution becomes its padding: the one of zeros, in both meanings. */
static hone_tfl_tensor *take_pad(hone_tfl_tensor *in, window *w) {
    if (!in->padded || w->padding != PADDING_VALID) return in;
    for (int i = 0; i < 4; i++) w->pads[i] = in->pads[i];
    return in->padded;
}

static hone_tfl_tensor *bias_of(const hone_tfl_op *op, uint32_t index) {
    return index < op->input_count ? op->inputs[index] : NULL;
}

hone_status hone__tfl_convolve(hone_tfl_op *op, hone_value *const inputs[3], const window *w,
                               int64_t groups, int8_t activation, hone_error *error) {
    hone_node *node = NULL;
    hone_value *value = NULL;
    HONE_TRY(hone__tfl_node(op, HONE_OP_Conv, inputs, inputs[2] ? 3 : 2, &node, &value, error));
    HONE_TRY(set_window(op, node, w, true, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "group", groups, error));
    HONE_TRY(hone__tfl_activate(op, activation, &value, error));
    return hone__tfl_finish(op, 0, HONE_TFL_FIRST, value, error);
}

static hone_status conv_inputs(hone_tfl_op *op, hone_tfl_tensor *in, const int64_t *perm,
                               int32_t channels, hone_value *inputs[3], hone_error *error) {
    hone_tfl_tensor *weights = op->inputs[1], *bias = bias_of(op, 2);
    HONE_TRY(hone__tfl_real(op->reader, in, HONE_TFL_FIRST, &inputs[0], error));
    HONE_TRY(hone__tfl_weights(op, weights, perm, channels, in, &inputs[1], error));
    if (!bias) return HONE_OK;
    return hone__tfl_bias(op, bias, in, weights, &inputs[2], error);
}

/* in NHWC, weights OHWI, bias [O] */
hone_status hone__tfl_op_conv(hone_tfl_op *op, hone_error *error) {
    static const int64_t to_oihw[4] = {0, 3, 1, 2};
    hone_tfl_tensor *in = op->inputs[0], *weights = op->inputs[1];
    const hone_flat_table *o = &op->options;
    hone_value *inputs[3] = {NULL};
    HONE_TRY(want_rank_4(op, in, error));
    HONE_TRY(want_rank_4(op, weights, error));
    window w = {.kernel = {weights->shape.dim[1], weights->shape.dim[2]},
                .stride = {hone__flat_i32(o, 2, 0), hone__flat_i32(o, 1, 0)},
                .dilation = {hone__flat_i32(o, 5, 1), hone__flat_i32(o, 4, 1)},
                .padding = hone__flat_u8(o, 0, PADDING_SAME)};
    HONE_TRY(check_window(op, &w, error));
    same_pads(&w, &in->shape);
    int64_t depth = weights->shape.dim[3], channels = in->shape.dim[3];
    if (depth == 0 || channels % depth != 0)
        return hone__tfl_fail(op, error, HONE_SHAPE, "its weights do not fit its channels");
    in = take_pad(in, &w);
    if (depth == channels && in->quantized && hone__tfl_is_wide(weights)) {
        HONE_TRY(hone__tfl_wide_inputs(op, in, weights, inputs, error));
        if (bias_of(op, 2))
            HONE_TRY(hone__tfl_bias(op, bias_of(op, 2), in, weights, &inputs[2], error));
    } else {
        HONE_TRY(conv_inputs(op, in, to_oihw, 0, inputs, error));
    }
    return hone__tfl_convolve(op, inputs, &w, channels / depth, hone__flat_i8(o, 3, 0), error);
}

/* in NHWC, weights [1, H, W, C * multiplier] */
hone_status hone__tfl_op_depthwise(hone_tfl_op *op, hone_error *error) {
    static const int64_t to_oihw[4] = {3, 0, 1, 2};
    hone_tfl_tensor *in = op->inputs[0], *weights = op->inputs[1];
    const hone_flat_table *o = &op->options;
    hone_value *inputs[3] = {NULL};
    HONE_TRY(want_rank_4(op, in, error));
    HONE_TRY(want_rank_4(op, weights, error));
    window w = {.kernel = {weights->shape.dim[1], weights->shape.dim[2]},
                .stride = {hone__flat_i32(o, 2, 0), hone__flat_i32(o, 1, 0)},
                .dilation = {hone__flat_i32(o, 6, 1), hone__flat_i32(o, 5, 1)},
                .padding = hone__flat_u8(o, 0, PADDING_SAME)};
    HONE_TRY(check_window(op, &w, error));
    same_pads(&w, &in->shape);
    int64_t channels = in->shape.dim[3], outputs = weights->shape.dim[3];
    if (weights->shape.dim[0] != 1 || channels == 0 || outputs % channels != 0)
        return hone__tfl_fail(op, error, HONE_SHAPE, "its weights do not fit its channels");
    in = take_pad(in, &w);
    const hone_tfl_tensor stored = *weights; /* before conv_inputs narrows it */
    bool wide = outputs == channels && in->quantized && hone__tfl_is_wide(weights);
    HONE_TRY(conv_inputs(op, in, to_oihw, 3, inputs, error));
    HONE_TRY(hone__tfl_convolve(op, inputs, &w, channels, hone__flat_i8(o, 4, 0), error));
    if (!wide) return HONE_OK;
    return hone__tfl_wide_channels(op, in, &stored, &w, hone__flat_i8(o, 4, 0), error);
}

/* ---- transposed ---- */

/* What is cut from the full result, or added to it where the strides leave gaps. */
static void cut(window *w, const hone_shape *in, const hone_shape *out, int64_t extra[2]) {
    for (int i = 0; i < 2; i++) {
        int64_t full = (in->dim[1 + i] - 1) * w->stride[i] + w->kernel[i];
        int64_t over = full - out->dim[1 + i];
        extra[i] = over < 0 ? -over : 0;
        if (over < 0) over = 0;
        w->pads[i] = over / 2, w->pads[i + 2] = over - over / 2;
    }
}

/* output shape, weights OHWI, in NHWC, bias */
hone_status hone__tfl_op_transpose_conv(hone_tfl_op *op, hone_error *error) {
    static const int64_t to_iohw[4] = {3, 0, 1, 2};
    hone_tfl_tensor *weights = op->inputs[1], *in = op->inputs[2], *bias = bias_of(op, 3);
    const hone_flat_table *o = &op->options;
    hone_value *inputs[3] = {NULL}, *value = NULL;
    hone_node *node = NULL;
    int64_t extra[2];
    HONE_TRY(want_rank_4(op, in, error));
    HONE_TRY(want_rank_4(op, weights, error));
    HONE_TRY(want_rank_4(op, op->outputs[0], error));
    window w = {.kernel = {weights->shape.dim[1], weights->shape.dim[2]},
                .stride = {hone__flat_i32(o, 2, 0), hone__flat_i32(o, 1, 0)},
                .dilation = {1, 1},
                .padding = hone__flat_u8(o, 0, PADDING_SAME)};
    HONE_TRY(check_window(op, &w, error));
    cut(&w, &in->shape, &op->outputs[0]->shape, extra);
    HONE_TRY(hone__tfl_real(op->reader, in, HONE_TFL_FIRST, &inputs[0], error));
    HONE_TRY(hone__tfl_weights(op, weights, to_iohw, 0, in, &inputs[1], error));
    if (bias) HONE_TRY(hone__tfl_bias(op, bias, in, weights, &inputs[2], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_ConvTranspose, inputs, bias ? 3 : 2, &node, &value, error));
    HONE_TRY(set_window(op, node, &w, false, error));
    if (extra[0] || extra[1])
        HONE_TRY(hone_node_set_ints(op->reader->graph, node, "output_padding", extra, 2, error));
    HONE_TRY(hone__tfl_activate(op, hone__flat_i8(o, 3, 0), &value, error));
    return hone__tfl_finish(op, 0, HONE_TFL_FIRST, value, error);
}

/* ---- pools ---- */

/* An average of n integers is often a tie; TFLite rounds its stored value away from 0, ours goes to
 * the even one. Where all that is stored lies above its zero point (behind a ReLU), a slightly
 * wider or narrower step decides ties as TFLite does: up for uint8, down for int8, whose averages
 * are below 0 unless they are large. 2^-20 of 255 steps is far less than one n-th of a step. */
static float tie_breaker(const hone_tfl_op *op) {
    const hone_tfl_tensor *out = op->outputs[0];
    if (op->row->op != HONE_OP_AveragePool || !out->quantized) return 1.0f;
    int64_t zero = hone__tfl_zero(out, 0);
    if (out->dtype == HONE_U8 && zero == 0) return 1.0f - 0x1p-20f;
    return out->dtype == HONE_S8 && zero == -128 ? 1.0f + 0x1p-20f : 1.0f;
}

/* Averages leave the padding out of the count, as ONNX does unless told. */
hone_status hone__tfl_op_pool(hone_tfl_op *op, hone_error *error) {
    hone_tfl_tensor *in = op->inputs[0];
    const hone_flat_table *o = &op->options;
    hone_value *value = NULL;
    hone_node *node = NULL;
    HONE_TRY(want_rank_4(op, in, error));
    window w = {.kernel = {hone__flat_i32(o, 4, 0), hone__flat_i32(o, 3, 0)},
                .stride = {hone__flat_i32(o, 2, 0), hone__flat_i32(o, 1, 0)},
                .dilation = {1, 1},
                .padding = hone__flat_u8(o, 0, PADDING_SAME)};
    HONE_TRY(check_window(op, &w, error));
    same_pads(&w, &in->shape);
    HONE_TRY(hone__tfl_real(op->reader, in, HONE_TFL_FIRST, &value, error));
    HONE_TRY(hone__tfl_node(op, op->row->op, &value, 1, &node, &value, error));
    HONE_TRY(set_window(op, node, &w, false, error));
    HONE_TRY(hone__tfl_activate(op, hone__flat_i8(o, 5, 0), &value, error));
    return hone__tfl_finish_nudged(op, HONE_TFL_FIRST, tie_breaker(op), value, error);
}

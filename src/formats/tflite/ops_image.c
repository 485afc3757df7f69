/* SPDX-License-Identifier: Apache-2.0 */
/* Padding, resizing, and blocks of pixels. */
#include "base/bytes.h"
#include "base/error.h"
#include "formats/tflite/ops.h"

/* ---- padding ---- */

/* pairs [rank, 2] to ONNX's begins, then ends */
static hone_status read_pads(const hone_tfl_op *op, int64_t pads[2 * HONE_MAX_RANK], uint32_t *rank,
                             hone_error *error) {
    int64_t pairs[2 * HONE_MAX_RANK];
    uint32_t count;
    HONE_TRY(hone__tfl_read_ints(op, 1, pairs, 2 * HONE_MAX_RANK, &count, error));
    *rank = count / 2;
    if (count % 2 || (int32_t)*rank != op->inputs[0]->shape.rank)
        return hone__tfl_fail(op, error, HONE_FORMAT, "its paddings do not fit its dimensions");
    for (uint32_t i = 0; i < *rank; i++) {
        pads[i] = pairs[2 * i], pads[i + *rank] = pairs[2 * i + 1];
        if (pads[i] < 0 || pads[i + *rank] < 0)
            return hone__tfl_fail(op, error, HONE_FORMAT, "a padding is negative");
    }
    return HONE_OK;
}

/* Zeros round height and width only: left to the convolution that reads it (ops_conv.c), or made
 * when somebody else asks (values.c). */
static bool wait_for_convolution(hone_tfl_op *op, const int64_t *pads, uint32_t rank) {
    hone_tfl_tensor *in = op->inputs[0], *out = op->outputs[0];
    if (rank != 4 || out->shape.rank != 4 || pads[0] || pads[3] || pads[4] || pads[7]) return false;
    if (op->input_count > 2 || in->quantized != out->quantized || in->dtype != out->dtype)
        return false;
    if (in->padded || in->scales.count > 1 || hone_dtype_bits(in->dtype) < 8) return false;
    if (in->quantized && (hone__tfl_scale(in, 0) != hone__tfl_scale(out, 0) ||
                          hone__tfl_zero(in, 0) != hone__tfl_zero(out, 0)))
        return false;
    out->padded = in;
    out->pads[0] = pads[1], out->pads[1] = pads[2], out->pads[2] = pads[5], out->pads[3] = pads[6];
    return true;
}

static hone_status zero_of(hone_tfl_op *op, const hone_tfl_tensor *tensor, hone_value **value,
                           hone_error *error) {
    hone_shape scalar = {0};
    void *fill = NULL;
    int64_t zero = tensor->quantized ? hone__tfl_zero(tensor, 0) : 0;
    if (hone_dtype_bits(tensor->dtype) < 8)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its type is not read");
    HONE_TRY(hone__tfl_copy(op->reader, tensor->name, tensor->dtype, &scalar, &fill, value, error));
    memcpy(fill, &zero, (*value)->bytes); /* little-endian: the low bytes */
    return HONE_OK;
}

/* PADV2's value is stored like the input; it may be a vector of one. */
static hone_status value_of(hone_tfl_op *op, hone_tfl_tensor *tensor, hone_value **value,
                            hone_error *error) {
    hone_tfl_tensor scalar = *tensor;
    if (!tensor->data || hone__shape_span(&tensor->shape, 0, tensor->shape.rank) != 1)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its value is not one constant");
    scalar.shape = (hone_shape){0};
    scalar.stored[HONE_TFL_FILE] = NULL;
    return hone__tfl_stored(op->reader, &scalar, HONE_TFL_FILE, value, error);
}

hone_status hone__tfl_op_pad(hone_tfl_op *op, hone_error *error) {
    int64_t pads[2 * HONE_MAX_RANK];
    uint32_t rank;
    hone_value *inputs[3], *value = NULL;
    hone_node *node;
    HONE_TRY(read_pads(op, pads, &rank, error));
    if (wait_for_convolution(op, pads, rank)) return HONE_OK;
    HONE_TRY(hone__tfl_stored(op->reader, op->inputs[0], HONE_TFL_FILE, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, pads, 2 * rank, &inputs[1], error));
    if (op->input_count > 2 && op->inputs[2])
        HONE_TRY(value_of(op, op->inputs[2], &inputs[2], error));
    else
        HONE_TRY(zero_of(op, op->inputs[0], &inputs[2], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Pad, inputs, 3, &node, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* REFLECT leaves the edge out. SYMMETRIC, which repeats it, ONNX does not have. */
hone_status hone__tfl_op_mirror_pad(hone_tfl_op *op, hone_error *error) {
    int64_t pads[2 * HONE_MAX_RANK];
    uint32_t rank;
    hone_value *inputs[2], *value = NULL;
    hone_node *node = NULL;
    if (hone__flat_i8(&op->options, 0, 0) != 0)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "only the mode REFLECT is read");
    HONE_TRY(read_pads(op, pads, &rank, error));
    HONE_TRY(hone__tfl_stored(op->reader, op->inputs[0], HONE_TFL_FILE, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, pads, 2 * rank, &inputs[1], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Pad, inputs, 2, &node, &value, error));
    HONE_TRY(hone_node_set_string(op->reader->graph, node, "mode", "reflect", error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* ---- resizing ---- */

static hone_status resize(hone_tfl_op *op, const char *mode, const char *place, const char *nearest,
                          hone_error *error) {
    const hone_shape *out = &op->outputs[0]->shape;
    hone_graph *graph = op->reader->graph;
    hone_value *inputs[4] = {NULL}, *value = NULL;
    hone_node *node = NULL;
    if (op->inputs[0]->shape.rank != 4 || out->rank != 4)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its input has not four dimensions");
    int64_t sizes[4] = {out->dim[0], out->dim[3], out->dim[1], out->dim[2]};
    HONE_TRY(hone__tfl_real(op->reader, op->inputs[0], HONE_TFL_FIRST, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, sizes, 4, &inputs[3], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Resize, inputs, 4, &node, &value, error));
    HONE_TRY(hone_node_set_string(graph, node, "mode", mode, error));
    HONE_TRY(hone_node_set_string(graph, node, "coordinate_transformation_mode", place, error));
    if (nearest) HONE_TRY(hone_node_set_string(graph, node, "nearest_mode", nearest, error));
    return hone__tfl_finish(op, 0, HONE_TFL_FIRST, value, error);
}

static const char *placement(bool corners, bool centers) {
    return corners ? "align_corners" : centers ? "half_pixel" : "asymmetric";
}

hone_status hone__tfl_op_resize_linear(hone_tfl_op *op, hone_error *error) {
    bool corners = hone__flat_u8(&op->options, 2, 0), centers = hone__flat_u8(&op->options, 3, 0);
    return resize(op, "linear", placement(corners, centers), NULL, error);
}

/* TFLite takes floor(x * scale), or floor((x + 0.5) * scale), or the nearest with halves up. */
hone_status hone__tfl_op_resize_nearest(hone_tfl_op *op, hone_error *error) {
    bool corners = hone__flat_u8(&op->options, 0, 0), centers = hone__flat_u8(&op->options, 1, 0);
    return resize(op, "nearest", placement(corners, centers),
                  corners || centers ? "round_prefer_ceil" : "floor", error);
}

/* ---- blocks ---- */

static hone_status blocks(hone_tfl_op *op, bool depth_first, hone_error *error) {
    hone_value *value = NULL;
    hone_node *node = NULL;
    if (op->inputs[0]->shape.rank != 4)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its input has not four dimensions");
    HONE_TRY(hone__tfl_stored(op->reader, op->inputs[0], HONE_TFL_FIRST, &value, error));
    HONE_TRY(hone__tfl_node(op, op->row->op, &value, 1, &node, &value, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "blocksize",
                               hone__flat_i32(&op->options, 0, 0), error));
    if (depth_first) HONE_TRY(hone_node_set_string(op->reader->graph, node, "mode", "DCR", error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FIRST, value, error);
}

hone_status hone__tfl_op_space_to_depth(hone_tfl_op *op, hone_error *error) {
    return blocks(op, false, error);
}

hone_status hone__tfl_op_depth_to_space(hone_tfl_op *op, hone_error *error) {
    return blocks(op, true, error);
}

/* [N, H, W, C], blocks of (b, d) pixels: each pixel of a block goes to an image of its own, image
 * number block pixel * N + n. */
typedef struct block_plan {
    int64_t block[2], edge[4]; /* top, bottom, left, right */
} block_plan;

static hone_status read_plan(const hone_tfl_op *op, block_plan *plan, hone_error *error) {
    uint32_t count, edges;
    if (op->inputs[0]->shape.rank != 4 || op->outputs[0]->shape.rank != 4)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its input has not four dimensions");
    HONE_TRY(hone__tfl_read_ints(op, 1, plan->block, 2, &count, error));
    HONE_TRY(hone__tfl_read_ints(op, 2, plan->edge, 4, &edges, error));
    bool fits = count == 2 && edges == 4 && plan->block[0] > 0 && plan->block[1] > 0 &&
                plan->block[0] < 65536 && plan->block[1] < 65536;
    for (int i = 0; fits && i < 4; i++) fits = plan->edge[i] >= 0;
    return fits ? HONE_OK : hone__tfl_fail(op, error, HONE_FORMAT, "its blocks make no sense");
}

static hone_status reshape(hone_tfl_op *op, const int64_t *dims, uint32_t rank, hone_value **value,
                           hone_error *error) {
    hone_value *inputs[2] = {*value, NULL};
    hone_node *node;
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, dims, rank, &inputs[1], error));
    return hone__tfl_node(op, HONE_OP_Reshape, inputs, 2, &node, value, error);
}

/* in, block, paddings */
hone_status hone__tfl_op_space_to_batch(hone_tfl_op *op, hone_error *error) {
    static const int64_t perm[6] = {2, 4, 0, 1, 3, 5};
    block_plan p;
    hone_value *inputs[3] = {NULL}, *value = NULL;
    hone_node *node;
    HONE_TRY(read_plan(op, &p, error));
    const hone_shape *in = &op->inputs[0]->shape, *out = &op->outputs[0]->shape;
    int64_t pads[8] = {0, p.edge[0], p.edge[2], 0, 0, p.edge[1], p.edge[3], 0};
    HONE_TRY(hone__tfl_stored(op->reader, op->inputs[0], HONE_TFL_FILE, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, pads, 8, &inputs[1], error));
    HONE_TRY(zero_of(op, op->inputs[0], &inputs[2], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Pad, inputs, 3, &node, &value, error));
    int64_t parts[6] = {in->dim[0], out->dim[1], p.block[0], out->dim[2], p.block[1], in->dim[3]};
    HONE_TRY(reshape(op, parts, 6, &value, error));
    HONE_TRY(hone__tfl_transpose(op->reader, op->outputs[0]->name, value, perm, 6, &value, error));
    HONE_TRY(reshape(op, out->dim, 4, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* in, block, crops */
hone_status hone__tfl_op_batch_to_space(hone_tfl_op *op, hone_error *error) {
    static const int64_t perm[6] = {2, 3, 0, 4, 1, 5}, axes[2] = {1, 2};
    block_plan p;
    hone_value *inputs[4] = {NULL}, *value = NULL;
    hone_node *node;
    HONE_TRY(read_plan(op, &p, error));
    const hone_shape *in = &op->inputs[0]->shape, *out = &op->outputs[0]->shape;
    int64_t parts[6] = {p.block[0], p.block[1], out->dim[0], in->dim[1], in->dim[2], in->dim[3]};
    int64_t whole[4] = {out->dim[0], in->dim[1] * p.block[0], in->dim[2] * p.block[1], in->dim[3]};
    int64_t start[2] = {p.edge[0], p.edge[2]};
    int64_t end[2] = {whole[1] - p.edge[1], whole[2] - p.edge[3]};
    HONE_TRY(hone__tfl_stored(op->reader, op->inputs[0], HONE_TFL_FILE, &value, error));
    HONE_TRY(reshape(op, parts, 6, &value, error));
    HONE_TRY(hone__tfl_transpose(op->reader, op->outputs[0]->name, value, perm, 6, &value, error));
    HONE_TRY(reshape(op, whole, 4, &value, error));
    inputs[0] = value;
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, start, 2, &inputs[1], error));
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, end, 2, &inputs[2], error));
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, axes, 2, &inputs[3], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Slice, inputs, 4, &node, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

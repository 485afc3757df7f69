/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products. */
#include "base/error.h"
#include "formats/tflite/ops.h"

/* The stored input as a matrix of `depth` columns. */
static hone_status as_rows(hone_tfl_op *op, hone_tfl_tensor *in, int64_t depth,
                           hone_tfl_tensor *rows, hone_error *error) {
    hone_value *inputs[2];
    hone_node *node;
    int64_t dims[2] = {depth ? hone__shape_span(&in->shape, 0, in->shape.rank) / depth : 0, depth};
    *rows = *in;
    if (in->shape.rank == 2 && in->shape.dim[1] == depth) return HONE_OK;
    HONE_TRY(hone__tfl_stored(op->reader, in, HONE_TFL_FILE, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(op->reader, in->name, dims, 2, &inputs[1], error));
    HONE_TRY(
        hone__tfl_node(op, HONE_OP_Reshape, inputs, 2, &node, &rows->stored[HONE_TFL_FILE], error));
    rows->shape = hone__shape(2, dims);
    rows->data = NULL, rows->padded = NULL;
    rows->stored[HONE_TFL_FIRST] = rows->real[HONE_TFL_FILE] = rows->real[HONE_TFL_FIRST] = NULL;
    return HONE_OK;
}

/* From a matrix to the shape the file gives the output, on what is stored. */
static hone_status finish_rows(hone_tfl_op *op, hone_value *value, hone_error *error) {
    hone_tfl_tensor *out = op->outputs[0];
    hone_value *inputs[2];
    hone_node *node;
    hone_shape shape = out->shape;
    if (shape.rank == 2) return hone__tfl_finish(op, 0, HONE_TFL_FILE, value, error);
    HONE_TRY(hone__tfl_finish(op, 0, HONE_TFL_FILE, value, error));
    inputs[0] = out->stored[HONE_TFL_FILE];
    HONE_TRY(
        hone__tfl_ints(op->reader, out->name, shape.dim, (uint32_t)shape.rank, &inputs[1], error));
    return hone__tfl_node(op, HONE_OP_Reshape, inputs, 2, &node, &out->stored[HONE_TFL_FILE],
                          error);
}

/* in [..., depth], weights [out, depth], bias [out] */
hone_status hone__tfl_op_fully_connected(hone_tfl_op *op, hone_error *error) {
    static const int64_t as_it_is[2] = {0, 1};
    hone_tfl_tensor *weights = op->inputs[1];
    hone_tfl_tensor *bias = op->input_count > 2 ? op->inputs[2] : NULL, rows;
    hone_value *inputs[3] = {NULL}, *value = NULL;
    hone_node *node = NULL;
    if (weights->shape.rank != 2)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its weights are not a matrix");
    if (hone__flat_i8(&op->options, 1, 0) != 0)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its weights are shuffled");
    HONE_TRY(as_rows(op, op->inputs[0], weights->shape.dim[1], &rows, error));
    HONE_TRY(hone__tfl_real(op->reader, &rows, HONE_TFL_FILE, &inputs[0], error));
    HONE_TRY(hone__tfl_weights(op, weights, as_it_is, 0, &rows, &inputs[1], error));
    if (bias) HONE_TRY(hone__tfl_bias(op, bias, &rows, weights, &inputs[2], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Gemm, inputs, bias ? 3 : 2, &node, &value, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "transB", 1, error));
    HONE_TRY(hone__tfl_activate(op, hone__flat_i8(&op->options, 0, 0), &value, error));
    return finish_rows(op, value, error);
}

/* The last two dimensions change places. */
static hone_status turn(hone_tfl_op *op, const hone_tfl_tensor *tensor, hone_value **value,
                        hone_error *error) {
    int64_t perm[HONE_MAX_RANK];
    int32_t rank = tensor->shape.rank;
    if (rank < 2) return hone__tfl_fail(op, error, HONE_FORMAT, "its input is not a matrix");
    for (int32_t i = 0; i < rank; i++) perm[i] = i;
    perm[rank - 1] = rank - 2, perm[rank - 2] = rank - 1;
    return hone__tfl_transpose(op->reader, op->outputs[0]->name, *value, perm, (uint32_t)rank,
                               value, error);
}

hone_status hone__tfl_op_batch_matmul(hone_tfl_op *op, hone_error *error) {
    hone_value *sides[2], *value = NULL;
    for (uint32_t i = 0; i < 2; i++) {
        HONE_TRY(hone__tfl_real(op->reader, op->inputs[i], HONE_TFL_FILE, &sides[i], error));
        if (hone__flat_u8(&op->options, i, 0)) HONE_TRY(turn(op, op->inputs[i], &sides[i], error));
    }
    HONE_TRY(hone__tfl_binary(op, HONE_OP_MatMul, sides[0], sides[1], &value, error));
    return hone__tfl_finish(op, 0, HONE_TFL_FILE, value, error);
}

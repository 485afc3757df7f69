/* SPDX-License-Identifier: Apache-2.0 */
/* What only moves elements works on stored values, in the file's layout: integers stay as they
 * are. Concatenation may join parts of different scales, so it works on real ones. */
#include "base/error.h"
#include "formats/tflite/ops.h"

/* A node on stored values whose second input is a vector of integers. */
static hone_status with_ints(hone_tfl_op *op, hone_op kind, uint32_t input, const int64_t *ints,
                             uint32_t count, hone_error *error) {
    hone_value *inputs[2], *value = NULL;
    hone_node *node;
    HONE_TRY(hone__tfl_stored(op->reader, op->inputs[input], HONE_TFL_FILE, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, ints, count, &inputs[1], error));
    HONE_TRY(hone__tfl_node(op, kind, inputs, 2, &node, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* RESHAPE, SQUEEZE, EXPAND_DIMS: the file says what comes out. */
hone_status hone__tfl_op_reshape(hone_tfl_op *op, hone_error *error) {
    const hone_shape *shape = &op->outputs[0]->shape;
    return with_ints(op, HONE_OP_Reshape, 0, shape->dim, (uint32_t)shape->rank, error);
}

hone_status hone__tfl_op_transpose(hone_tfl_op *op, hone_error *error) {
    int64_t perm[HONE_MAX_RANK];
    uint32_t count;
    hone_value *value = NULL;
    HONE_TRY(hone__tfl_read_ints(op, 1, perm, HONE_MAX_RANK, &count, error));
    if ((int32_t)count != op->inputs[0]->shape.rank)
        return hone__tfl_fail(op, error, HONE_FORMAT, "its order has a wrong length");
    for (uint32_t i = 0; i < count; i++) HONE_TRY(hone__tfl_wrap(op, &perm[i], count, error));
    HONE_TRY(hone__tfl_stored(op->reader, op->inputs[0], HONE_TFL_FILE, &value, error));
    HONE_TRY(
        hone__tfl_transpose(op->reader, op->outputs[0]->name, value, perm, count, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* ---- joining ---- */

static hone_status input_array(hone_tfl_op *op, hone_value ***values, hone_error *error) {
    *values = hone__arena_alloc(&op->reader->scratch, op->input_count, sizeof **values);
    if (!*values) return hone_fail_memory(error, op->input_count * sizeof **values);
    for (uint32_t i = 0; i < op->input_count; i++)
        if (!op->inputs[i]) return hone__tfl_fail(op, error, HONE_FORMAT, "an input is missing");
    return HONE_OK;
}

static hone_tfl_layout join_layout(const hone_tfl_op *op) {
    bool first = false;
    for (uint32_t i = 0; i < op->input_count; i++) {
        if (op->inputs[i]->shape.rank != 4) return HONE_TFL_FILE;
        if (hone__tfl_at_hand(op->inputs[i]) == HONE_TFL_FIRST) first = true;
    }
    return first && op->outputs[0]->shape.rank == 4 ? HONE_TFL_FIRST : HONE_TFL_FILE;
}

static hone_status join(hone_tfl_op *op, hone_value *const *values, int64_t axis,
                        hone_value **value, hone_error *error) {
    hone_node *node = NULL;
    HONE_TRY(hone__tfl_node(op, HONE_OP_Concat, values, op->input_count, &node, value, error));
    return hone_node_set_int(op->reader->graph, node, "axis", axis, error);
}

hone_status hone__tfl_op_concat(hone_tfl_op *op, hone_error *error) {
    hone_value **values = NULL, *value = NULL;
    int64_t axis = hone__flat_i32(&op->options, 0, 0);
    HONE_TRY(input_array(op, &values, error));
    HONE_TRY(hone__tfl_wrap(op, &axis, op->inputs[0]->shape.rank, error));
    hone_tfl_layout layout = join_layout(op);
    for (uint32_t i = 0; i < op->input_count; i++)
        HONE_TRY(hone__tfl_real(op->reader, op->inputs[i], layout, &values[i], error));
    axis = hone__tfl_axis(op->inputs[0], layout, axis);
    HONE_TRY(join(op, values, axis, &value, error));
    HONE_TRY(hone__tfl_activate(op, hone__flat_i8(&op->options, 1, 0), &value, error));
    return hone__tfl_finish(op, 0, layout, value, error);
}

/* A dimension of 1 in each, then joined along it. */
hone_status hone__tfl_op_pack(hone_tfl_op *op, hone_error *error) {
    hone_value **values = NULL, *value = NULL;
    int64_t axis = hone__flat_i32(&op->options, 1, 0);
    HONE_TRY(input_array(op, &values, error));
    HONE_TRY(hone__tfl_wrap(op, &axis, op->inputs[0]->shape.rank + 1, error));
    for (uint32_t i = 0; i < op->input_count; i++) {
        hone_value *inputs[2] = {NULL};
        hone_node *node;
        HONE_TRY(hone__tfl_real(op->reader, op->inputs[i], HONE_TFL_FILE, &inputs[0], error));
        HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, &axis, 1, &inputs[1], error));
        HONE_TRY(hone__tfl_node(op, HONE_OP_Unsqueeze, inputs, 2, &node, &values[i], error));
    }
    HONE_TRY(join(op, values, axis, &value, error));
    return hone__tfl_finish(op, 0, HONE_TFL_FILE, value, error);
}

/* ---- parting ---- */

static hone_status part(hone_tfl_op *op, uint32_t input, int64_t axis, const int64_t *sizes,
                        hone_value **outputs, hone_error *error) {
    hone_tfl_reader *reader = op->reader;
    hone_value *inputs[2] = {NULL};
    hone_node *node = NULL;
    HONE_TRY(hone__tfl_stored(reader, op->inputs[input], HONE_TFL_FILE, &inputs[0], error));
    HONE_TRY(
        hone__tfl_ints(reader, op->outputs[0]->name, sizes, op->output_count, &inputs[1], error));
    for (uint32_t i = 0; i < op->output_count; i++)
        HONE_TRY(hone__tfl_add_value(reader, op->outputs[i]->name, "Split", &outputs[i], error));
    HONE_TRY(hone_graph_add_node(reader->graph, HONE_OP_Split, outputs[0]->name, inputs, 2, outputs,
                                 op->output_count, NULL, &node, error));
    return hone_node_set_int(reader->graph, node, "axis", axis, error);
}

/* Sizes as the outputs have them along the axis; 1 each where the axis is dropped. */
static hone_status split(hone_tfl_op *op, uint32_t input, int64_t axis, bool drop,
                         hone_error *error) {
    hone_arena *scratch = &op->reader->scratch;
    int64_t *sizes = hone__arena_alloc(scratch, op->output_count, sizeof *sizes);
    hone_value **outputs = hone__arena_alloc(scratch, op->output_count, sizeof *outputs);
    if (!sizes || !outputs) return hone_fail_memory(error, op->output_count * sizeof *outputs);
    HONE_TRY(hone__tfl_wrap(op, &axis, op->inputs[input]->shape.rank, error));
    for (uint32_t i = 0; i < op->output_count; i++) {
        if (!drop && op->outputs[i]->shape.rank != op->inputs[input]->shape.rank)
            return hone__tfl_fail(op, error, HONE_SHAPE, "its outputs have other dimensions");
        sizes[i] = drop ? 1 : op->outputs[i]->shape.dim[axis];
    }
    HONE_TRY(part(op, input, axis, sizes, outputs, error));
    for (uint32_t i = 0; i < op->output_count; i++) {
        hone_value *inputs[2] = {outputs[i], NULL};
        hone_node *node;
        if (drop) {
            HONE_TRY(hone__tfl_ints(op->reader, op->outputs[i]->name, &axis, 1, &inputs[1], error));
            HONE_TRY(hone__tfl_node_of(op->reader, op->outputs[i]->name, HONE_OP_Squeeze, inputs, 2,
                                       &node, &outputs[i], error));
        }
        HONE_TRY(hone__tfl_finish_stored(op, i, HONE_TFL_FILE, outputs[i], error));
    }
    return HONE_OK;
}

static hone_status split_at(hone_tfl_op *op, uint32_t input, uint32_t axis_input,
                            hone_error *error) {
    int64_t axis;
    uint32_t count;
    HONE_TRY(hone__tfl_read_ints(op, axis_input, &axis, 1, &count, error));
    if (count != 1) return hone__tfl_fail(op, error, HONE_FORMAT, "it needs one axis");
    return split(op, input, axis, false, error);
}

/* axis, in */
hone_status hone__tfl_op_split(hone_tfl_op *op, hone_error *error) {
    return split_at(op, 1, 0, error);
}

/* in, sizes, axis */
hone_status hone__tfl_op_split_v(hone_tfl_op *op, hone_error *error) {
    return split_at(op, 0, 2, error);
}

hone_status hone__tfl_op_unpack(hone_tfl_op *op, hone_error *error) {
    return split(op, 0, hone__flat_i32(&op->options, 1, 0), true, error);
}

/* ---- repeating, picking ---- */

hone_status hone__tfl_op_tile(hone_tfl_op *op, hone_error *error) {
    int64_t repeats[HONE_MAX_RANK];
    uint32_t count;
    HONE_TRY(hone__tfl_read_ints(op, 1, repeats, HONE_MAX_RANK, &count, error));
    return with_ints(op, HONE_OP_Tile, 0, repeats, count, error);
}

hone_status hone__tfl_op_broadcast_to(hone_tfl_op *op, hone_error *error) {
    const hone_shape *shape = &op->outputs[0]->shape;
    return with_ints(op, HONE_OP_Expand, 0, shape->dim, (uint32_t)shape->rank, error);
}

/* dims, value */
hone_status hone__tfl_op_fill(hone_tfl_op *op, hone_error *error) {
    const hone_shape *shape = &op->outputs[0]->shape;
    return with_ints(op, HONE_OP_Expand, 1, shape->dim, (uint32_t)shape->rank, error);
}

hone_status hone__tfl_op_gather(hone_tfl_op *op, hone_error *error) {
    hone_value *inputs[2], *value = NULL;
    hone_node *node = NULL;
    int64_t axis = hone__flat_i32(&op->options, 0, 0);
    if (hone__flat_i32(&op->options, 1, 0) != 0)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "batch dimensions are not read");
    HONE_TRY(hone__tfl_wrap(op, &axis, op->inputs[0]->shape.rank, error));
    for (uint32_t i = 0; i < 2; i++)
        HONE_TRY(hone__tfl_stored(op->reader, op->inputs[i], HONE_TFL_FILE, &inputs[i], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Gather, inputs, 2, &node, &value, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "axis", axis, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

hone_status hone__tfl_op_gather_nd(hone_tfl_op *op, hone_error *error) {
    hone_value *inputs[2], *value = NULL;
    hone_node *node = NULL;
    for (uint32_t i = 0; i < 2; i++)
        HONE_TRY(hone__tfl_stored(op->reader, op->inputs[i], HONE_TFL_FILE, &inputs[i], error));
    if (op->inputs[1]->dtype != HONE_S64) {
        HONE_TRY(hone__tfl_node(op, HONE_OP_Cast, &inputs[1], 1, &node, &inputs[1], error));
        HONE_TRY(hone_node_set_int(op->reader->graph, node, "to", HONE_S64, error));
    }
    HONE_TRY(hone__tfl_node(op, HONE_OP_GatherND, inputs, 2, &node, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* ---- constants of a shape ---- */

hone_status hone__tfl_op_shape(hone_tfl_op *op, hone_error *error) {
    const hone_shape *shape = &op->inputs[0]->shape;
    hone_value *value = NULL;
    hone_node *node = NULL;
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, shape->dim, (uint32_t)shape->rank,
                            &value, error));
    if (op->outputs[0]->dtype != HONE_S64) {
        HONE_TRY(hone__tfl_node(op, HONE_OP_Cast, &value, 1, &node, &value, error));
        HONE_TRY(hone_node_set_int(op->reader->graph, node, "to", op->outputs[0]->dtype, error));
    }
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* One zero, expanded. */
hone_status hone__tfl_op_zeros_like(hone_tfl_op *op, hone_error *error) {
    const hone_tfl_tensor *out = op->outputs[0];
    hone_shape scalar = {0};
    hone_value *inputs[2] = {NULL}, *value = NULL;
    hone_node *node;
    void *fill;
    if (out->quantized || hone_dtype_bits(out->dtype) < 8)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its type is not read");
    HONE_TRY(hone__tfl_copy(op->reader, out->name, out->dtype, &scalar, &fill, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(op->reader, out->name, out->shape.dim, (uint32_t)out->shape.rank,
                            &inputs[1], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Expand, inputs, 2, &node, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

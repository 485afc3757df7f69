/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a tensor, made when they are asked for; see tflite.h. */
#include "base/error.h"
#include "formats/tflite/tflite.h"

#include <string.h>

static const int64_t to_first[4] = {0, 3, 1, 2}, to_last[4] = {0, 2, 3, 1};

/* Only four dimensions have two layouts. */
static hone_tfl_layout layout_of(const hone_tfl_tensor *tensor, hone_tfl_layout wanted) {
    return tensor->shape.rank == 4 ? wanted : HONE_TFL_FILE;
}

hone_tfl_layout hone__tfl_at_hand(const hone_tfl_tensor *tensor) {
    if (tensor->padded) return HONE_TFL_FIRST;
    return layout_of(tensor, tensor->stored[HONE_TFL_FIRST] ? HONE_TFL_FIRST : HONE_TFL_FILE);
}

int64_t hone__tfl_axis(const hone_tfl_tensor *tensor, hone_tfl_layout layout, int64_t axis) {
    static const int64_t place[4] = {0, 2, 3, 1};
    return layout_of(tensor, layout) == HONE_TFL_FIRST && axis >= 0 && axis < 4 ? place[axis]
                                                                                : axis;
}

/* ---- constants ---- */

/* Four bits, low half first, become bytes. */
static hone_status widen_nibbles(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                                 hone_error *error) {
    hone_value *value = NULL;
    void *fill = NULL;
    HONE_TRY(hone__tfl_copy(reader, tensor->name, HONE_S8, &tensor->shape, &fill, &value, error));
    int8_t *out = fill;
    for (size_t i = 0; i < value->bytes; i++) {
        int nibble = tensor->data[i / 2] >> (i % 2 ? 4 : 0) & 15;
        out[i] = (int8_t)(nibble >= 8 ? nibble - 16 : nibble);
    }
    tensor->dtype = HONE_S8, tensor->data = value->data, tensor->bytes = value->bytes;
    tensor->stored[HONE_TFL_FILE] = value;
    return HONE_OK;
}

static hone_status constant(hone_tfl_reader *reader, hone_tfl_tensor *tensor, hone_error *error) {
    if (tensor->sparse || tensor->dtype == HONE_DTYPE_NONE)
        return hone_fail(error, HONE_UNSUPPORTED, tensor->at,
                         "byte %zu: the constant '%s' is sparse or of a type that is not read",
                         tensor->at, tensor->name);
    if (tensor->dtype == HONE_S4) return widen_nibbles(reader, tensor, error);
    return hone_graph_add_constant(reader->graph, "", tensor->dtype, &tensor->shape, tensor->data,
                                   tensor->bytes, &tensor->stored[HONE_TFL_FILE], error);
}

/* ---- padding that no convolution has taken ---- */

static hone_status pad_value(hone_tfl_reader *reader, const hone_tfl_tensor *tensor,
                             hone_value **value, hone_error *error) {
    hone_shape scalar = {0};
    void *fill = NULL;
    HONE_TRY(hone__tfl_copy(reader, tensor->name, tensor->dtype, &scalar, &fill, value, error));
    int64_t zero = tensor->quantized ? hone__tfl_zero(tensor, 0) : 0;
    memcpy(fill, &zero, (*value)->bytes); /* little-endian: the low bytes */
    return HONE_OK;
}

static hone_status make_padded(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                               hone_error *error) {
    hone_value *inputs[3] = {NULL};
    hone_node *node;
    const int64_t *p = tensor->pads;
    int64_t pads[8] = {0, 0, p[0], p[1], 0, 0, p[2], p[3]};
    HONE_TRY(hone__tfl_stored(reader, tensor->padded, HONE_TFL_FIRST, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(reader, tensor->name, pads, 8, &inputs[1], error));
    HONE_TRY(pad_value(reader, tensor, &inputs[2], error));
    tensor->padded = NULL;
    return hone__tfl_node_of(reader, tensor->name, HONE_OP_Pad, inputs, 3, &node,
                             &tensor->stored[HONE_TFL_FIRST], error);
}

/* ---- values ---- */

hone_status hone__tfl_stored(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                             hone_tfl_layout layout, hone_value **value, hone_error *error) {
    layout = layout_of(tensor, layout);
    if (tensor->padded) HONE_TRY(make_padded(reader, tensor, error));
    hone_value **have = tensor->stored;
    if (tensor->data && !have[HONE_TFL_FILE]) HONE_TRY(constant(reader, tensor, error));
    if (!have[HONE_TFL_FILE] && !have[HONE_TFL_FIRST])
        return hone_fail(error, HONE_FORMAT, tensor->at,
                         "byte %zu: nothing makes the tensor '%s' before it is read", tensor->at,
                         tensor->name);
    if (!have[layout])
        HONE_TRY(hone__tfl_transpose(reader, tensor->name, have[!layout],
                                     layout == HONE_TFL_FIRST ? to_first : to_last, 4,
                                     &have[layout], error));
    *value = have[layout];
    return HONE_OK;
}

/* Scales and zero points as constants; one serves all values of the tensor. */
static hone_status make_params(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                               hone_error *error) {
    uint32_t count = tensor->scales.count;
    hone_shape shape = {.rank = count > 1, .dim = {count}};
    hone_dtype dtype = tensor->dtype == HONE_S4 ? HONE_S8 : tensor->dtype;
    size_t width = hone_dtype_bits(dtype) / 8;
    void *fill = NULL;
    if (tensor->scale_value) return HONE_OK;
    HONE_TRY(
        hone__tfl_copy(reader, tensor->name, dtype, &shape, &fill, &tensor->zero_value, error));
    for (uint32_t i = 0; i < count; i++) {
        int64_t zero = hone__tfl_zero(tensor, i);
        memcpy((uint8_t *)fill + i * width, &zero, width);
    }
    return hone_graph_add_constant(reader->graph, "", HONE_F32, &shape, tensor->scales.data,
                                   count * sizeof(float), &tensor->scale_value, error);
}

static hone_status convert(hone_tfl_reader *reader, hone_tfl_tensor *tensor, hone_op kind,
                           hone_tfl_layout layout, hone_value *in, hone_value **out,
                           hone_error *error) {
    hone_node *node = NULL;
    HONE_TRY(make_params(reader, tensor, error));
    hone_value *inputs[3] = {in, tensor->scale_value, tensor->zero_value};
    HONE_TRY(hone__tfl_node_of(reader, tensor->name, kind, inputs, 3, &node, out, error));
    if (tensor->scales.count < 2) return HONE_OK;
    return hone_node_set_int(reader->graph, node, "axis",
                             hone__tfl_axis(tensor, layout, tensor->axis), error);
}

hone_status hone__tfl_real(hone_tfl_reader *reader, hone_tfl_tensor *tensor, hone_tfl_layout layout,
                           hone_value **value, hone_error *error) {
    hone_value *stored = NULL;
    layout = layout_of(tensor, layout);
    if (tensor->real[layout]) {
        *value = tensor->real[layout];
        return HONE_OK;
    }
    HONE_TRY(hone__tfl_stored(reader, tensor, layout, &stored, error));
    if (tensor->quantized)
        HONE_TRY(convert(reader, tensor, HONE_OP_DequantizeLinear, layout, stored,
                         &tensor->real[layout], error));
    else
        tensor->real[layout] = stored;
    *value = tensor->real[layout];
    return HONE_OK;
}

/* ---- outputs ---- */

hone_status hone__tfl_finish_stored(hone_tfl_op *op, uint32_t output, hone_tfl_layout layout,
                                    hone_value *stored, hone_error *error) {
    hone_tfl_tensor *tensor = op->outputs[output];
    if (tensor->shape.rank != 4 && layout == HONE_TFL_FIRST)
        return hone__tfl_fail(op, error, HONE_FORMAT, "its output must have four dimensions");
    tensor->stored[layout] = stored;
    return HONE_OK;
}

hone_status hone__tfl_finish(hone_tfl_op *op, uint32_t output, hone_tfl_layout layout,
                             hone_value *real, hone_error *error) {
    hone_tfl_tensor *tensor = op->outputs[output];
    if (tensor->quantized)
        HONE_TRY(convert(op->reader, tensor, HONE_OP_QuantizeLinear, layout, real, &real, error));
    return hone__tfl_finish_stored(op, output, layout, real, error);
}

hone_status hone__tfl_finish_nudged(hone_tfl_op *op, hone_tfl_layout layout, float factor,
                                    hone_value *real, hone_error *error) {
    hone_tfl_tensor *tensor = op->outputs[0];
    hone_value *nudged = NULL;
    if (!tensor->quantized || tensor->scales.count != 1)
        return hone__tfl_finish(op, 0, layout, real, error);
    HONE_TRY(make_params(op->reader, tensor, error));
    HONE_TRY(hone__tfl_float(op->reader, tensor->name, hone__tfl_scale(tensor, 0) * factor, &nudged,
                             error));
    hone_value *own = tensor->scale_value;
    tensor->scale_value = nudged;
    hone_status status = hone__tfl_finish(op, 0, layout, real, error);
    tensor->scale_value = own;
    return status;
}

/* Makes the node that produces `old` produce `with` instead, in its place. */
static hone_status retarget(hone_graph *graph, hone_value *old, hone_value *with,
                            hone_error *error) {
    hone_node *node = old->producer, *again = NULL, *before = node->next;
    hone_value **outputs =
        hone__arena_alloc(&graph->arena, node->output_count, sizeof(hone_value *));
    if (!outputs) return hone_fail_memory(error, node->output_count * sizeof(hone_value *));
    for (uint32_t i = 0; i < node->output_count; i++)
        outputs[i] = node->outputs[i] == old ? with : node->outputs[i];
    hone_graph_remove_node(graph, node);
    HONE_TRY(hone_graph_add_node(graph, node->op, with->name, node->inputs, node->input_count,
                                 outputs, node->output_count, before, &again, error));
    again->attrs = node->attrs;
    again->foreign = node->foreign;
    hone_graph_replace_uses(graph, old, with);
    return HONE_OK;
}

/* Who reads an integer output or feeds an integer input looks for its scale at the border. */
static hone_status through_real(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                                hone_value **value, hone_error *error) {
    HONE_TRY(
        convert(reader, tensor, HONE_OP_DequantizeLinear, HONE_TFL_FILE, *value, value, error));
    return convert(reader, tensor, HONE_OP_QuantizeLinear, HONE_TFL_FILE, *value, value, error);
}

hone_status hone__tfl_settle_input(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                                   hone_error *error) {
    hone_value *input = tensor->stored[HONE_TFL_FILE], *value = input;
    if (!tensor->quantized || tensor->real[HONE_TFL_FILE]) return HONE_OK;
    HONE_TRY(through_real(reader, tensor, &value, error));
    hone_node *first = value->producer->inputs[0]->producer;
    hone_graph_replace_uses(reader->graph, input, value);
    HONE_TRY(hone_node_set_input(reader->graph, first, 0, input, error));
    return hone_graph_sort(reader->graph, error); /* they stand at the end so far */
}

/* Inputs, constants, and values that two tensors share pass through an Identity. */
hone_status hone__tfl_output_value(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                                   hone_value **value, hone_error *error) {
    hone_value *old = NULL, *named = NULL;
    hone_node *node;
    HONE_TRY(hone__tfl_stored(reader, tensor, HONE_TFL_FILE, &old, error));
    bool rounds = old->producer && old->producer->op == HONE_OP_QuantizeLinear;
    if (tensor->quantized && !rounds) HONE_TRY(through_real(reader, tensor, &old, error));
    HONE_TRY(hone__tfl_add_value(reader, tensor->name, "", &named, error));
    bool own = old->producer != NULL;
    for (uint32_t i = 0; own && i < reader->graph->output_count; i++)
        own = reader->graph->outputs[i] != old;
    if (own) {
        named->dtype = old->dtype, named->shape = old->shape;
        HONE_TRY(retarget(reader->graph, old, named, error));
    } else {
        HONE_TRY(hone_graph_add_node(reader->graph, HONE_OP_Identity, named->name, &old, 1, &named,
                                     1, NULL, &node, error));
    }
    for (int i = 0; i < 2; i++) {
        if (tensor->stored[i] == old) tensor->stored[i] = named;
        if (tensor->real[i] == old) tensor->real[i] = named;
    }
    *value = named;
    return HONE_OK;
}

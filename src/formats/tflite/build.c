/* SPDX-License-Identifier: Apache-2.0 */
/* Making nodes and constants. Values are named after the tensor they lead to. */
#include "base/bytes.h"
#include "base/error.h"
#include "formats/tflite/schema.h"
#include "formats/tflite/tflite.h"

#include <stdio.h>
#include <string.h>

hone_status hone__tfl_fail(const hone_tfl_op *op, hone_error *error, hone_status status,
                           const char *why) {
    const char *out = op->output_count && op->outputs[0] ? op->outputs[0]->name : "";
    return hone_fail(error, status, op->at, "byte %zu: %s '%s': %s", op->at, op->row->name, out,
                     why);
}

/* Converters join the names of what they fused with ';': the first one will do inside. */
static int stem_length(const char *stem, const char *what) {
    size_t length = *what ? strcspn(stem, ";") : strlen(stem);
    return length > 180 ? 180 : (int)length;
}

hone_status hone__tfl_add_value(hone_tfl_reader *reader, const char *stem, const char *what,
                                hone_value **value, hone_error *error) {
    char name[256];
    int length = stem_length(stem, what);
    const char *mark = length && *what ? "/" : "";
    snprintf(name, sizeof name, "%.*s%s%.40s", length, stem, mark, what);
    if (*name && hone_graph_find_value(reader->graph, name))
        snprintf(name, sizeof name, "%.*s%s%.40s#%u", length, stem, mark, what, ++reader->serial);
    if (*name && hone_graph_find_value(reader->graph, name)) *name = 0; /* any name will do */
    return hone_graph_add_value(reader->graph, name, value, error);
}

hone_status hone__tfl_node_of(hone_tfl_reader *reader, const char *stem, hone_op kind,
                              hone_value *const *inputs, uint32_t count, hone_node **node,
                              hone_value **value, hone_error *error) {
    hone_value *out = NULL;
    HONE_TRY(hone__tfl_add_value(reader, stem, hone_op_get(kind)->name, &out, error));
    HONE_TRY(hone_graph_add_node(reader->graph, kind, out->name, inputs, count, &out, 1, NULL, node,
                                 error));
    *value = out;
    return HONE_OK;
}

hone_status hone__tfl_node(hone_tfl_op *op, hone_op kind, hone_value *const *inputs, uint32_t count,
                           hone_node **node, hone_value **value, hone_error *error) {
    return hone__tfl_node_of(op->reader, op->outputs[0]->name, kind, inputs, count, node, value,
                             error);
}

hone_status hone__tfl_unary(hone_tfl_op *op, hone_op kind, hone_value *in, hone_value **value,
                            hone_error *error) {
    hone_node *node;
    return hone__tfl_node(op, kind, &in, 1, &node, value, error);
}

hone_status hone__tfl_binary(hone_tfl_op *op, hone_op kind, hone_value *a, hone_value *b,
                             hone_value **value, hone_error *error) {
    hone_node *node;
    hone_value *inputs[2] = {a, b};
    return hone__tfl_node(op, kind, inputs, 2, &node, value, error);
}

hone_status hone__tfl_transpose(hone_tfl_reader *reader, const char *stem, hone_value *in,
                                const int64_t *perm, uint32_t rank, hone_value **value,
                                hone_error *error) {
    hone_node *node = NULL;
    HONE_TRY(hone__tfl_node_of(reader, stem, HONE_OP_Transpose, &in, 1, &node, value, error));
    return hone_node_set_ints(reader->graph, node, "perm", perm, rank, error);
}

/* ---- constants ---- */

hone_status hone__tfl_ints(hone_tfl_reader *reader, const char *stem, const int64_t *values,
                           uint32_t count, hone_value **value, hone_error *error) {
    hone_shape shape = {.rank = 1, .dim = {count}};
    void *fill = NULL;
    HONE_TRY(hone__tfl_copy(reader, stem, HONE_S64, &shape, &fill, value, error));
    memcpy(fill, values, count * sizeof *values);
    return HONE_OK;
}

hone_status hone__tfl_float(hone_tfl_reader *reader, const char *stem, float number,
                            hone_value **value, hone_error *error) {
    hone_shape shape = {0};
    void *fill = NULL;
    HONE_TRY(hone__tfl_copy(reader, stem, HONE_F32, &shape, &fill, value, error));
    memcpy(fill, &number, sizeof number);
    return HONE_OK;
}

hone_status hone__tfl_copy(hone_tfl_reader *reader, const char *stem, hone_dtype dtype,
                           const hone_shape *shape, void **fill, hone_value **value,
                           hone_error *error) {
    size_t bytes = 0;
    HONE_TRY(hone_tensor_bytes(dtype, shape, &bytes, error));
    if (bytes > 64) { /* small ones cost no more than the operator that needs them */
        if (bytes > reader->copies_left)
            return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET,
                             "'%s': constants made from the file would be many times its size",
                             stem);
        reader->copies_left -= bytes;
    }
    return hone_graph_copy_constant(reader->graph, "", dtype, shape, NULL, bytes, fill, value,
                                    error);
}

/* ---- activations ---- */

hone_status hone__tfl_clip(hone_tfl_op *op, float lo, float hi, hone_value **value,
                           hone_error *error) {
    hone_value *inputs[3] = {*value, NULL, NULL};
    hone_node *node;
    HONE_TRY(hone__tfl_float(op->reader, op->outputs[0]->name, lo, &inputs[1], error));
    HONE_TRY(hone__tfl_float(op->reader, op->outputs[0]->name, hi, &inputs[2], error));
    return hone__tfl_node(op, HONE_OP_Clip, inputs, 3, &node, value, error);
}

hone_status hone__tfl_activate(hone_tfl_op *op, int8_t activation, hone_value **value,
                               hone_error *error) {
    switch (activation) {
    case ACTIVATION_NONE:
        return HONE_OK;
    case ACTIVATION_RELU:
        return hone__tfl_unary(op, HONE_OP_Relu, *value, value, error);
    case ACTIVATION_RELU_N1_TO_1:
        return hone__tfl_clip(op, -1.0f, 1.0f, value, error);
    case ACTIVATION_RELU6:
        return hone__tfl_clip(op, 0.0f, 6.0f, value, error);
    case ACTIVATION_TANH:
        return hone__tfl_unary(op, HONE_OP_Tanh, *value, value, error);
    default:
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its fused activation is not known");
    }
}

/* ---- what an operator's constant inputs say ---- */

hone_status hone__tfl_read_ints(const hone_tfl_op *op, uint32_t input, int64_t *out, uint32_t most,
                                uint32_t *count, hone_error *error) {
    const hone_tfl_tensor *tensor = input < op->input_count ? op->inputs[input] : NULL;
    if (!tensor) return hone__tfl_fail(op, error, HONE_FORMAT, "an input is missing");
    bool wide = tensor->dtype == HONE_S64;
    int64_t elements = hone__shape_span(&tensor->shape, 0, tensor->shape.rank);
    if (!wide && tensor->dtype != HONE_S32)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its sizes or axes are not int32");
    if (!tensor->data && elements != 0)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED,
                              "its sizes or axes are computed, not constant");
    if (tensor->sparse || elements > (int64_t)most)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "it has too many sizes or axes");
    *count = (uint32_t)elements;
    for (uint32_t i = 0; i < *count; i++)
        out[i] = wide ? (int64_t)hone__load64(tensor->data + 8 * (size_t)i)
                      : (int32_t)hone__load32(tensor->data + 4 * (size_t)i);
    return HONE_OK;
}

hone_status hone__tfl_wrap(const hone_tfl_op *op, int64_t *axis, int64_t rank, hone_error *error) {
    if (*axis < 0) *axis += rank;
    if (*axis >= 0 && *axis < rank) return HONE_OK;
    return hone__tfl_fail(op, error, HONE_FORMAT, "an axis is out of range");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ValueInfoProto and TypeProto, as far as they speak of tensors. */
#include "base/error.h"
#include "formats/onnx/onnx.h"

#include <string.h>

/* TensorShapeProto.Dimension: a size, a name, or nothing. */
static hone_status read_dim(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                            int64_t *dim, hone_error *error) {
    const char *name = NULL;
    uint64_t offset = hone__wire_offset(&message);
    int64_t size = -1;
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number == 1) {
            HONE_TRY(hone__wire_int(&field, &size, error));
            name = NULL;
        }
        if (field.number == 2) HONE_TRY(hone__onnx_text(&reader->scratch, &field, &name, error));
    }
    *dim = size;
    if (size >= 0 && !name) return HONE_OK;
    if (size < -1) /* -1 is what some writers mean by unknown */
        return hone__wire_fail(error, HONE_FORMAT, offset, "a dimension is negative");
    return hone_graph_symbol(graph, name && *name ? name : NULL, dim, error);
}

static hone_status read_shape(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                              hone_shape *shape, hone_error *error) {
    *shape = (hone_shape){0};
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number != 1) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        if (shape->rank == HONE_MAX_RANK)
            return hone__wire_fail(error, HONE_LIMIT, field.offset, "more than %d dimensions",
                                   HONE_MAX_RANK);
        HONE_TRY(read_dim(reader, graph, part, &shape->dim[shape->rank], error));
        shape->rank++;
    }
    return HONE_OK;
}

static hone_status read_tensor_type(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                    hone_dtype *dtype, hone_shape *shape, hone_error *error) {
    int64_t number = 0;
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number == 1) HONE_TRY(hone__wire_int(&field, &number, error));
        if (field.number != 2) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        HONE_TRY(read_shape(reader, graph, part, shape, error));
    }
    *dtype = number > 0 && number < HONE_DTYPE_COUNT ? (hone_dtype)number : HONE_DTYPE_NONE;
    return HONE_OK;
}

enum { /* fields of TypeProto */
       FIELD_TENSOR = 1,
       FIELD_SEQUENCE = 4,
       FIELD_OPTIONAL = 9
};

static hone_status read_type(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                             unsigned depth, hone_onnx_type *type, hone_error *error);

/* TypeProto.Sequence and TypeProto.Optional: field 1 is the type of what is inside. */
static hone_status read_inner_type(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                   unsigned depth, hone_onnx_type *type, hone_error *error) {
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number != 1) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        HONE_TRY(read_type(reader, graph, part, depth + 1, type, error));
    }
    return HONE_OK;
}

/* Tensors, sequences of tensors, and either of them optional; anything else has dtype NONE. */
static hone_status read_type(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                             unsigned depth, hone_onnx_type *type, hone_error *error) {
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        bool inner = field.number == FIELD_SEQUENCE || field.number == FIELD_OPTIONAL;
        if (field.number != FIELD_TENSOR && !inner) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        if (field.number == FIELD_TENSOR)
            HONE_TRY(read_tensor_type(reader, graph, part, &type->dtype, &type->shape, error));
        if (!inner || depth >= 2) continue;
        HONE_TRY(read_inner_type(reader, graph, part, depth, type, error));
        bool sequence = type->kind == HONE_TYPE_SEQUENCE;
        if (field.number == FIELD_SEQUENCE && type->kind == HONE_TYPE_TENSOR)
            type->kind = HONE_TYPE_SEQUENCE;
        else if (field.number == FIELD_OPTIONAL && (sequence || type->kind == HONE_TYPE_TENSOR))
            type->kind = sequence ? HONE_TYPE_OPTIONAL_SEQUENCE : HONE_TYPE_OPTIONAL;
        else
            type->dtype = HONE_DTYPE_NONE; /* sequences of sequences and the like */
    }
    return HONE_OK;
}

hone_status hone__onnx_value_info(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                  const char **name, hone_onnx_type *type, hone_error *error) {
    *name = "";
    *type = (hone_onnx_type){.shape = hone__shape_unknown()};
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number == 1) HONE_TRY(hone__onnx_text(&reader->scratch, &field, name, error));
        if (field.number != 2) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        HONE_TRY(read_type(reader, graph, part, 0, type, error));
    }
    return HONE_OK;
}

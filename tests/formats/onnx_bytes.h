/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX files made by hand: a tiny protobuf writer and the messages that tests need most. */
#ifndef HONE_TESTS_FORMATS_ONNX_BYTES_H
#define HONE_TESTS_FORMATS_ONNX_BYTES_H

#include "testing.h"

#include "formats/model.h"

typedef struct pb {
    uint8_t data[16384];
    size_t size;
} pb;

static inline void pb_raw(pb *to, const void *data, size_t size) {
    assert_true(to->size + size <= sizeof to->data);
    if (size) memcpy(to->data + to->size, data, size);
    to->size += size;
}

static inline void pb_varint(pb *to, uint64_t value) {
    for (; value >= 0x80; value >>= 7) pb_raw(to, &(uint8_t){(uint8_t)(value | 0x80)}, 1);
    pb_raw(to, &(uint8_t){(uint8_t)value}, 1);
}

static inline void pb_int(pb *to, unsigned field, int64_t value) {
    pb_varint(to, field << 3);
    pb_varint(to, (uint64_t)value);
}

static inline void pb_float(pb *to, unsigned field, float value) {
    pb_varint(to, field << 3 | 5);
    pb_raw(to, &value, sizeof value);
}

static inline void pb_bytes(pb *to, unsigned field, const void *data, size_t size) {
    pb_varint(to, field << 3 | 2);
    pb_varint(to, size);
    pb_raw(to, data, size);
}

static inline void pb_text(pb *to, unsigned field, const char *text) {
    pb_bytes(to, field, text, strlen(text));
}

static inline void pb_part(pb *to, unsigned field, const pb *part) {
    pb_bytes(to, field, part->data, part->size);
}

/* ---- messages ---- */

/* TensorProto head: dimensions end with -1. */
static inline void onnx_tensor_head(pb *tensor, const char *name, int dtype, const int64_t *dims) {
    for (; *dims >= 0; dims++) pb_int(tensor, 1, *dims);
    pb_int(tensor, 2, dtype);
    pb_text(tensor, 8, name);
}

/* GraphProto.initializer of float32. */
static inline void onnx_floats(pb *graph, const char *name, const int64_t *dims,
                               const float *values, size_t count) {
    pb tensor = {.size = 0};
    onnx_tensor_head(&tensor, name, HONE_F32, dims);
    pb_bytes(&tensor, 9, values, count * sizeof *values);
    pb_part(graph, 5, &tensor);
}

/* ValueInfoProto of a float32 tensor; field 11 is an input, 12 an output. A dimension of -2 is
 * called "batch". */
static inline void onnx_port(pb *graph, unsigned field, const char *name, const int64_t *dims) {
    pb shape = {.size = 0}, tensor = {.size = 0}, type = {.size = 0}, info = {.size = 0};
    for (; *dims != -1; dims++) {
        pb dim = {.size = 0};
        if (*dims == -2)
            pb_text(&dim, 2, "batch");
        else
            pb_int(&dim, 1, *dims);
        pb_part(&shape, 1, &dim);
    }
    pb_int(&tensor, 1, HONE_F32);
    pb_part(&tensor, 2, &shape);
    pb_part(&type, 1, &tensor);
    pb_text(&info, 1, name);
    pb_part(&info, 2, &type);
    pb_part(graph, field, &info);
}

/* Names apart by spaces, "-" for a missing one. */
static inline void onnx_names(pb *node, unsigned field, const char *names) {
    char copy[256];
    snprintf(copy, sizeof copy, "%s", names);
    for (char *at = strtok(copy, " "); at; at = strtok(NULL, " "))
        pb_text(node, field, strcmp(at, "-") ? at : "");
}

static inline void onnx_node_begin(pb *node, const char *op, const char *inputs,
                                   const char *outputs) {
    node->size = 0;
    onnx_names(node, 1, inputs);
    onnx_names(node, 2, outputs);
    pb_text(node, 3, op);
    pb_text(node, 4, op);
}

static inline void onnx_attr_int(pb *node, const char *name, int64_t value) {
    pb attr = {.size = 0};
    pb_text(&attr, 1, name);
    pb_int(&attr, 3, value);
    pb_int(&attr, 20, 2);
    pb_part(node, 5, &attr);
}

static inline void onnx_attr_float(pb *node, const char *name, float value) {
    pb attr = {.size = 0};
    pb_text(&attr, 1, name);
    pb_float(&attr, 2, value);
    pb_int(&attr, 20, 1);
    pb_part(node, 5, &attr);
}

static inline void onnx_attr_text(pb *node, const char *name, const char *value) {
    pb attr = {.size = 0};
    pb_text(&attr, 1, name);
    pb_text(&attr, 4, value);
    pb_int(&attr, 20, 3);
    pb_part(node, 5, &attr);
}

static inline void onnx_attr_ints(pb *node, const char *name, const int64_t *values, size_t count) {
    pb attr = {.size = 0};
    pb_text(&attr, 1, name);
    for (size_t i = 0; i < count; i++) pb_int(&attr, 8, values[i]);
    pb_int(&attr, 20, 7);
    pb_part(node, 5, &attr);
}

static inline void onnx_attr_floats(pb *node, const char *name, const float *values, size_t count) {
    pb attr = {.size = 0};
    pb_text(&attr, 1, name);
    for (size_t i = 0; i < count; i++) pb_float(&attr, 7, values[i]);
    pb_int(&attr, 20, 6);
    pb_part(node, 5, &attr);
}

static inline void onnx_attr_part(pb *node, const char *name, unsigned field, int type,
                                  const pb *value) {
    pb attr = {.size = 0};
    pb_text(&attr, 1, name);
    pb_part(&attr, field, value);
    pb_int(&attr, 20, type);
    pb_part(node, 5, &attr);
}

/* OperatorSetIdProto. */
static inline void onnx_opset(pb *model, const char *domain, int64_t version) {
    pb opset = {.size = 0};
    pb_text(&opset, 1, domain);
    pb_int(&opset, 2, version);
    pb_part(model, 8, &opset);
}

static inline void onnx_model(pb *model, int64_t opset, const pb *graph) {
    model->size = 0;
    pb_int(model, 1, 8);
    onnx_opset(model, "", opset);
    pb_part(model, 7, graph);
}

/* ---- reading ---- */

static inline hone_status onnx_read(const void *data, size_t size, const char *folder,
                                    const hone_load_options *options, hone_graph **graph,
                                    hone_error *error) {
    hone_blob *blob;
    const hone_allocator *allocator = options ? options->allocator : NULL;
    *graph = NULL;
    hone_status status = hone_blob_borrow(allocator, data, size, &blob, error);
    if (status != HONE_OK) return status;
    status = hone__onnx_read(blob, folder, options, graph, error);
    hone_blob_release(blob);
    return status;
}

#endif

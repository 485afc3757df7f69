/* SPDX-License-Identifier: Apache-2.0 */
/* Stored test data: a TensorProto, a SequenceProto of them, or an OptionalProto of either. */
#include "base/error.h"
#include "base/file.h"
#include "formats/onnx/onnx.h"

enum { /* fields of SequenceProto and OptionalProto */
       FIELD_SEQUENCE_TENSORS = 3,
       FIELD_OPTIONAL_TENSOR = 3,
       FIELD_OPTIONAL_SEQUENCE = 5
};

#define MOST_TENSORS 65536

static hone_status add_tensor(hone_onnx_reader *reader, hone_wire message, hone_tensor_list *list,
                              hone_error *error) {
    hone_onnx_tensor found;
    size_t size = sizeof *list->tensors;
    if (list->count == MOST_TENSORS)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "more than %d tensors", MOST_TENSORS);
    hone_tensor *grown = (hone_tensor *)hone__grow(NULL, list->tensors, list->count * size,
                                                   (list->count + 1) * size);
    if (!grown) return hone_fail_memory(error, size);
    list->tensors = grown;
    grown[list->count] = (hone_tensor){0};
    HONE_TRY(hone__onnx_tensor(reader, NULL, message, &found, error));
    HONE_TRY(hone_tensor_new(found.dtype, &found.shape, &grown[list->count], error));
    list->count++;
    return hone__onnx_tensor_fill(&found, grown[list->count - 1].data, error);
}

static hone_status read_sequence(hone_onnx_reader *reader, hone_wire message,
                                 hone_tensor_list *list, hone_error *error) {
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number != FIELD_SEQUENCE_TENSORS) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        HONE_TRY(add_tensor(reader, part, list, error));
    }
    return HONE_OK;
}

static hone_status read_optional(hone_onnx_reader *reader, hone_wire message,
                                 hone_tensor_list *list, hone_error *error) {
    list->nothing = true;
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        bool tensor = field.number == FIELD_OPTIONAL_TENSOR;
        if (!tensor && field.number != FIELD_OPTIONAL_SEQUENCE) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        list->nothing = false;
        list->sequence = !tensor;
        HONE_TRY(tensor ? add_tensor(reader, part, list, error)
                        : read_sequence(reader, part, list, error));
    }
    return HONE_OK;
}

hone_status hone__onnx_read_item(const char *path, hone_value_type type, hone_tensor_list *list,
                                 hone_error *error) {
    hone_mapping file;
    hone_onnx_reader reader;
    *list = (hone_tensor_list){.sequence = type == HONE_TYPE_SEQUENCE};
    HONE_TRY(hone__file_map(path, &file, error));
    hone__onnx_reader_init(&reader, NULL, NULL);
    hone_wire message = hone__wire(file.data, file.size);
    hone_status status = type == HONE_TYPE_TENSOR ? add_tensor(&reader, message, list, error)
                         : type == HONE_TYPE_SEQUENCE
                             ? read_sequence(&reader, message, list, error)
                             : read_optional(&reader, message, list, error);
    hone__arena_release(&reader.scratch);
    hone__file_unmap(&file);
    if (status == HONE_OK) return HONE_OK;
    hone__tensor_list_free(list);
    hone_error_prefix(error, "%s", path);
    return status;
}

void hone__tensor_list_free(hone_tensor_list *list) {
    for (uint32_t i = 0; i < list->count; i++) hone_tensor_free(&list->tensors[i]);
    hone__free(NULL, list->tensors, list->count * sizeof *list->tensors);
    *list = (hone_tensor_list){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto: raw data stays where it is, typed data is converted on demand. */
#include "base/bytes.h"
#include "base/error.h"
#include "formats/onnx/onnx.h"

enum { /* fields of TensorProto */
       FIELD_DIMS = 1,
       FIELD_DATA_TYPE = 2,
       FIELD_SEGMENT = 3,
       FIELD_FLOAT_DATA = 4,
       FIELD_INT32_DATA = 5,
       FIELD_STRING_DATA = 6,
       FIELD_INT64_DATA = 7,
       FIELD_NAME = 8,
       FIELD_RAW_DATA = 9,
       FIELD_DOUBLE_DATA = 10,
       FIELD_UINT64_DATA = 11,
       FIELD_EXTERNAL_DATA = 13,
       FIELD_DATA_LOCATION = 14
};

/* Where onnx.proto puts the data of a type that is not raw, and how many bytes one item fills. */
typedef struct typed_form {
    hone_dtype dtype;
    uint8_t field, item_bytes;
} typed_form;

static const typed_form typed_forms[] = {
    {HONE_F32, FIELD_FLOAT_DATA, 4},      {HONE_C64, FIELD_FLOAT_DATA, 4},
    {HONE_U8, FIELD_INT32_DATA, 1},       {HONE_S8, FIELD_INT32_DATA, 1},
    {HONE_U16, FIELD_INT32_DATA, 2},      {HONE_S16, FIELD_INT32_DATA, 2},
    {HONE_S32, FIELD_INT32_DATA, 4},      {HONE_BOOL, FIELD_INT32_DATA, 1},
    {HONE_F16, FIELD_INT32_DATA, 2},      {HONE_BF16, FIELD_INT32_DATA, 2},
    {HONE_F8E4M3FN, FIELD_INT32_DATA, 1}, {HONE_F8E4M3FNUZ, FIELD_INT32_DATA, 1},
    {HONE_F8E5M2, FIELD_INT32_DATA, 1},   {HONE_F8E5M2FNUZ, FIELD_INT32_DATA, 1},
    {HONE_U4, FIELD_INT32_DATA, 1},       {HONE_S4, FIELD_INT32_DATA, 1},
    {HONE_F4E2M1, FIELD_INT32_DATA, 1},   {HONE_F8E8M0, FIELD_INT32_DATA, 1},
    {HONE_U2, FIELD_INT32_DATA, 1},       {HONE_S2, FIELD_INT32_DATA, 1},
    {HONE_F8E8M0, FIELD_INT32_DATA, 1},   {HONE_U2, FIELD_INT32_DATA, 1},
    {HONE_S2, FIELD_INT32_DATA, 1},       {HONE_S64, FIELD_INT64_DATA, 8},
    {HONE_F64, FIELD_DOUBLE_DATA, 8},     {HONE_C128, FIELD_DOUBLE_DATA, 8},
    {HONE_U32, FIELD_UINT64_DATA, 4},     {HONE_U64, FIELD_UINT64_DATA, 8},
};

static const typed_form *typed_form_of(hone_dtype dtype) {
    for (size_t i = 0; i < sizeof typed_forms / sizeof *typed_forms; i++)
        if (typed_forms[i].dtype == dtype) return &typed_forms[i];
    return NULL;
}

static hone_wire_type item_type(uint32_t field) {
    if (field == FIELD_FLOAT_DATA) return HONE_WIRE_FIXED32;
    return field == FIELD_DOUBLE_DATA ? HONE_WIRE_FIXED64 : HONE_WIRE_VARINT;
}

/* What the first pass over a TensorProto finds. */
typedef struct facts {
    hone_wire raw;
    bool has_raw;
    uint64_t typed[FIELD_UINT64_DATA + 1]; /* items by field number */
    int64_t dtype, location;
    const char *path;
    int64_t offset, length; /* of external data; -1: not given */
} facts;

static hone_status add_dims(hone_wire_field *field, hone_onnx_tensor *tensor, hone_error *error) {
    uint64_t count, bits;
    HONE_TRY(hone__wire_items(field, HONE_WIRE_VARINT, &count, error));
    for (; count; count--) {
        HONE_TRY(hone__wire_item(field, HONE_WIRE_VARINT, &bits, error));
        if ((int64_t)bits < 0)
            return hone__wire_fail(error, HONE_FORMAT, field->offset,
                                   "tensor '%s' has a negative dimension", tensor->name);
        if (tensor->shape.rank == HONE_MAX_RANK)
            return hone__wire_fail(error, HONE_LIMIT, field->offset,
                                   "tensor '%s' has more than %d dimensions", tensor->name,
                                   HONE_MAX_RANK);
        tensor->shape.dim[tensor->shape.rank++] = (int64_t)bits;
    }
    return HONE_OK;
}

/* "123" in a text field; anything else is HONE_FORMAT. */
static hone_status decimal(const hone_wire_field *field, int64_t *value, hone_error *error) {
    const uint8_t *at = field->bytes.at, *end = field->bytes.end;
    if (at == end || end - at > 18)
        return hone__wire_fail(error, HONE_FORMAT, field->offset, "not a size in bytes");
    for (*value = 0; at < end; at++) {
        if (*at < '0' || *at > '9')
            return hone__wire_fail(error, HONE_FORMAT, field->offset, "not a size in bytes");
        *value = *value * 10 + (*at - '0');
    }
    return HONE_OK;
}

/* One StringStringEntryProto of external_data; keys that are not known (checksum) are skipped. */
static hone_status external_entry(hone_onnx_reader *reader, hone_wire entry, facts *found,
                                  hone_error *error) {
    hone_wire_field field, value = {0};
    const char *key = "";
    while (hone__wire_left(&entry)) {
        HONE_TRY(hone__wire_next(&entry, &field, error));
        if (field.number == 1) HONE_TRY(hone__onnx_text(&reader->scratch, &field, &key, error));
        if (field.number == 2) value = field;
    }
    if (!value.number) return HONE_OK;
    if (!strcmp(key, "location"))
        return hone__onnx_text(&reader->scratch, &value, &found->path, error);
    if (!strcmp(key, "offset")) return decimal(&value, &found->offset, error);
    if (!strcmp(key, "length")) return decimal(&value, &found->length, error);
    return HONE_OK;
}

static hone_status tensor_field(hone_onnx_reader *reader, hone_wire_field *field,
                                hone_onnx_tensor *tensor, facts *found, hone_error *error) {
    uint64_t count;
    hone_wire message;
    switch (field->number) {
    case FIELD_DIMS:
        return add_dims(field, tensor, error);
    case FIELD_DATA_TYPE:
        return hone__wire_int(field, &found->dtype, error);
    case FIELD_NAME:
        return hone__onnx_text(&reader->scratch, field, &tensor->name, error);
    case FIELD_SEGMENT:
        return hone__wire_fail(error, HONE_UNSUPPORTED, field->offset,
                               "a tensor in segments is not supported");
    case FIELD_RAW_DATA:
        found->has_raw = true;
        return hone__wire_message(field, &found->raw, error);
    case FIELD_FLOAT_DATA:
    case FIELD_INT32_DATA:
    case FIELD_INT64_DATA:
    case FIELD_DOUBLE_DATA:
    case FIELD_UINT64_DATA:
        HONE_TRY(hone__wire_items(field, item_type(field->number), &count, error));
        found->typed[field->number] += count;
        return HONE_OK;
    case FIELD_EXTERNAL_DATA:
        HONE_TRY(hone__wire_message(field, &message, error));
        return external_entry(reader, message, found, error);
    case FIELD_DATA_LOCATION:
        return hone__wire_int(field, &found->location, error);
    default:
        return HONE_OK;
    }
}

static hone_status check_type(const hone_onnx_reader *reader, const facts *found,
                              hone_onnx_tensor *tensor, hone_error *error) {
    bool known = found->dtype > 0 && found->dtype < HONE_DTYPE_COUNT;
    if (!known || found->dtype == HONE_STRING)
        return hone__wire_fail(error, HONE_UNSUPPORTED, tensor->offset,
                               "tensor '%s' has element type %lld (%s), which is not supported",
                               tensor->name, (long long)found->dtype, known ? "string" : "unknown");
    tensor->dtype = (hone_dtype)found->dtype;
    hone_status status = hone_tensor_bytes(tensor->dtype, &tensor->shape, &tensor->bytes, error);
    if (status != HONE_OK) {
        hone_error_prefix(error, "byte %llu: tensor '%s'", (unsigned long long)tensor->offset,
                          tensor->name);
        return status;
    }
    if (tensor->bytes <= reader->limits.max_tensor_bytes) return HONE_OK;
    return hone__wire_fail(error, HONE_LIMIT, tensor->offset,
                           "tensor '%s' has %zu bytes; the limit is %llu", tensor->name,
                           tensor->bytes, (unsigned long long)reader->limits.max_tensor_bytes);
}

static hone_status external_data(hone_onnx_reader *reader, hone_graph *graph, const facts *found,
                                 hone_onnx_tensor *tensor, hone_error *error) {
    if (!found->path || !graph || !reader->folder)
        return hone__wire_fail(error, HONE_UNSUPPORTED, tensor->offset,
                               "the data of tensor '%s' lies in another file, which cannot be "
                               "read here",
                               tensor->name);
    hone_blob *blob;
    hone_status status = hone__onnx_external(reader, graph, found->path, &blob, error);
    if (status != HONE_OK) {
        hone_error_prefix(error, "byte %llu: tensor '%s'", (unsigned long long)tensor->offset,
                          tensor->name);
        return status;
    }
    uint64_t size = hone_blob_size(blob), at = found->offset < 0 ? 0 : (uint64_t)found->offset;
    uint64_t length = found->length < 0 ? tensor->bytes : (uint64_t)found->length;
    if (length != tensor->bytes || at > size || size - at < length)
        return hone__wire_fail(error, HONE_FORMAT, tensor->offset,
                               "tensor '%s' needs %zu bytes and names %llu at %llu of '%s', which "
                               "has %llu",
                               tensor->name, tensor->bytes, (unsigned long long)length,
                               (unsigned long long)at, found->path, (unsigned long long)size);
    tensor->data = tensor->bytes ? hone_blob_data(blob) + at : (const void *)"";
    return HONE_OK;
}

static hone_status fail_count(const hone_onnx_tensor *tensor, uint64_t have, uint64_t want,
                              const char *unit, hone_error *error) {
    return hone__wire_fail(error, HONE_FORMAT, tensor->offset,
                           "tensor '%s' has %llu %s of data where its shape needs %llu",
                           tensor->name, (unsigned long long)have, unit, (unsigned long long)want);
}

/* Either raw or typed data must fit the shape to the byte. */
static hone_status inline_data(const facts *found, hone_onnx_tensor *tensor, hone_error *error) {
    const typed_form *form = typed_form_of(tensor->dtype);
    uint64_t items = 0, raw = hone__wire_left(&found->raw);
    for (size_t i = 0; i < sizeof found->typed / sizeof *found->typed; i++)
        items += found->typed[i];
    if (raw || !items) {
        if (items || raw != tensor->bytes)
            return fail_count(tensor, raw, tensor->bytes, "raw bytes", error);
        tensor->data = raw ? (const void *)found->raw.at : (const void *)"";
        return HONE_OK;
    }
    if (!form)
        return hone__wire_fail(error, HONE_UNSUPPORTED, tensor->offset,
                               "tensor '%s' has no typed form for its elements", tensor->name);
    uint64_t wanted = tensor->bytes / form->item_bytes;
    if (found->typed[form->field] != items || items != wanted)
        return fail_count(tensor, found->typed[form->field], wanted, "items", error);
    return HONE_OK;
}

hone_status hone__onnx_tensor(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                              hone_onnx_tensor *tensor, hone_error *error) {
    facts found = {.raw = {message.base, message.at, message.at}, .offset = -1, .length = -1};
    *tensor =
        (hone_onnx_tensor){.name = "", .offset = hone__wire_offset(&message), .message = message};
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        HONE_TRY(hone__wire_next(&message, &field, error));
        HONE_TRY(tensor_field(reader, &field, tensor, &found, error));
    }
    HONE_TRY(check_type(reader, &found, tensor, error));
    if (found.location == 1) return external_data(reader, graph, &found, tensor, error);
    return inline_data(&found, tensor, error);
}

/* Little-endian, as everywhere in the IR; BOOL is 0 or 1. */
static void store(uint8_t *to, uint64_t bits, const typed_form *form) {
    if (form->dtype == HONE_BOOL) bits = bits != 0;
    for (unsigned i = 0; i < form->item_bytes; i++) to[i] = (uint8_t)(bits >> 8 * i);
}

hone_status hone__onnx_tensor_fill(const hone_onnx_tensor *tensor, void *to, hone_error *error) {
    if (tensor->data) {
        memcpy(to, tensor->data, tensor->bytes);
        return HONE_OK;
    }
    const typed_form *form = typed_form_of(tensor->dtype);
    hone_wire message = tensor->message;
    uint8_t *out = (uint8_t *)to;
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        uint64_t count, bits;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number != form->field) continue;
        HONE_TRY(hone__wire_items(&field, item_type(form->field), &count, error));
        for (; count; count--, out += form->item_bytes) {
            HONE_TRY(hone__wire_item(&field, item_type(form->field), &bits, error));
            store(out, bits, form);
        }
    }
    return HONE_OK;
}

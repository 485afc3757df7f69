/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/onnx/wire.h"

#include "base/bytes.h"
#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>

hone_wire hone__wire(const void *data, size_t size) {
    const uint8_t *bytes = (const uint8_t *)data;
    return (hone_wire){bytes, bytes, bytes + size};
}

uint64_t hone__wire_offset(const hone_wire *wire) {
    return (uint64_t)(wire->at - wire->base);
}

size_t hone__wire_left(const hone_wire *wire) {
    return (size_t)(wire->end - wire->at);
}

hone_status hone__wire_fail(hone_error *error, hone_status status, uint64_t offset,
                            const char *format, ...) {
    char text[HONE_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return hone_fail(error, status, offset, "byte %llu: %.*s", (unsigned long long)offset,
                     HONE_ERROR_TEXT - 40, text);
}

/* Ten groups of seven bits, low ones first; the tenth may only bring bit 63. */
hone_status hone__wire_varint(hone_wire *wire, uint64_t *value, hone_error *error) {
    uint64_t start = hone__wire_offset(wire), result = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (wire->at == wire->end)
            return hone__wire_fail(error, HONE_FORMAT, start, "the file ends inside a number");
        uint8_t byte = *wire->at++;
        if (shift == 63 && byte > 1) break;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = result;
            return HONE_OK;
        }
    }
    return hone__wire_fail(error, HONE_FORMAT, start, "a number is longer than 64 bits");
}

static hone_status take(hone_wire *wire, uint64_t count, uint64_t offset, hone_wire *taken,
                        hone_error *error) {
    if (count > hone__wire_left(wire))
        return hone__wire_fail(error, HONE_FORMAT, offset,
                               "a field of %llu bytes reaches past its end: only %llu are left",
                               (unsigned long long)count,
                               (unsigned long long)hone__wire_left(wire));
    *taken = (hone_wire){wire->base, wire->at, wire->at + count};
    wire->at += count;
    return HONE_OK;
}

static hone_status payload(hone_wire *wire, hone_wire_field *field, hone_error *error) {
    hone_wire part = {0};
    uint64_t length;
    switch (field->type) {
    case HONE_WIRE_VARINT:
        return hone__wire_varint(wire, &field->bits, error);
    case HONE_WIRE_FIXED32:
        HONE_TRY(take(wire, 4, field->offset, &part, error));
        field->bits = hone__load32(part.at);
        return HONE_OK;
    case HONE_WIRE_FIXED64:
        HONE_TRY(take(wire, 8, field->offset, &part, error));
        field->bits = hone__load64(part.at);
        return HONE_OK;
    case HONE_WIRE_BYTES:
        HONE_TRY(hone__wire_varint(wire, &length, error));
        return take(wire, length, field->offset, &field->bytes, error);
    }
    return hone__wire_fail(error, HONE_FORMAT, field->offset,
                           "wire type %u does not occur in ONNX: not an ONNX file, or damaged",
                           (unsigned)field->type);
}

hone_status hone__wire_next(hone_wire *wire, hone_wire_field *field, hone_error *error) {
    uint64_t tag = 0;
    field->offset = hone__wire_offset(wire);
    field->bits = 0;
    field->bytes = (hone_wire){wire->base, wire->at, wire->at};
    HONE_TRY(hone__wire_varint(wire, &tag, error));
    if (tag > UINT32_MAX || tag >> 3 == 0)
        return hone__wire_fail(error, HONE_FORMAT, field->offset, "not a field number");
    field->number = (uint32_t)(tag >> 3);
    field->type = (hone_wire_type)(tag & 7);
    return payload(wire, field, error);
}

static hone_status want(const hone_wire_field *field, hone_wire_type type, hone_error *error) {
    if (field->type == type) return HONE_OK;
    return hone__wire_fail(error, HONE_FORMAT, field->offset,
                           "field %u has wire type %u where %u belongs", (unsigned)field->number,
                           (unsigned)field->type, (unsigned)type);
}

hone_status hone__wire_int(const hone_wire_field *field, int64_t *value, hone_error *error) {
    HONE_TRY(want(field, HONE_WIRE_VARINT, error));
    *value = (int64_t)field->bits;
    return HONE_OK;
}

hone_status hone__wire_float(const hone_wire_field *field, float *value, hone_error *error) {
    HONE_TRY(want(field, HONE_WIRE_FIXED32, error));
    uint32_t bits = (uint32_t)field->bits;
    memcpy(value, &bits, sizeof bits);
    return HONE_OK;
}

hone_status hone__wire_message(const hone_wire_field *field, hone_wire *message,
                               hone_error *error) {
    HONE_TRY(want(field, HONE_WIRE_BYTES, error));
    *message = field->bytes;
    return HONE_OK;
}

hone_status hone__wire_items(const hone_wire_field *field, hone_wire_type type, uint64_t *count,
                             hone_error *error) {
    *count = 1;
    if (field->type != HONE_WIRE_BYTES) return want(field, type, error);
    size_t size = hone__wire_left(&field->bytes), width = type == HONE_WIRE_FIXED32 ? 4 : 8;
    if (type != HONE_WIRE_VARINT) {
        *count = size / width;
        if (size % width == 0) return HONE_OK;
        return hone__wire_fail(error, HONE_FORMAT, field->offset,
                               "%zu bytes are not a whole number of %zu-byte items", size, width);
    }
    *count = 0;
    for (const uint8_t *at = field->bytes.at; at < field->bytes.end; at++) *count += *at < 0x80;
    return HONE_OK;
}

hone_status hone__wire_item(hone_wire_field *field, hone_wire_type type, uint64_t *bits,
                            hone_error *error) {
    if (field->type != HONE_WIRE_BYTES) {
        *bits = field->bits;
        return HONE_OK;
    }
    if (type == HONE_WIRE_VARINT) return hone__wire_varint(&field->bytes, bits, error);
    hone_wire item = {0};
    uint64_t width = type == HONE_WIRE_FIXED32 ? 4 : 8;
    HONE_TRY(take(&field->bytes, width, field->offset, &item, error));
    *bits = width == 4 ? hone__load32(item.at) : hone__load64(item.at);
    return HONE_OK;
}

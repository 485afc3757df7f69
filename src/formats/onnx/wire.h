/* SPDX-License-Identifier: Apache-2.0 */
/* A zero-copy reader of the protobuf wire format.
 *
 * Source: protobuf.dev/programming-guides/encoding. A message is a row of fields, each a tag (field
 * number and wire type) and a payload. Invariant: base <= at <= end, and nothing outside
 * [at, end) is ever read. Groups (wire types 3 and 4) are not part of ONNX and are errors. */
#ifndef HONE_FORMATS_ONNX_WIRE_H
#define HONE_FORMATS_ONNX_WIRE_H

#include <hone/base.h>

typedef struct hone_wire {
    const uint8_t *base; /* of the whole file: offsets in errors count from here */
    const uint8_t *at, *end;
} hone_wire;

typedef enum hone_wire_type {
    HONE_WIRE_VARINT = 0,
    HONE_WIRE_FIXED64 = 1,
    HONE_WIRE_BYTES = 2,
    HONE_WIRE_FIXED32 = 5
} hone_wire_type;

typedef struct hone_wire_field {
    uint32_t number;
    hone_wire_type type;
    uint64_t offset; /* of the tag */
    uint64_t bits;   /* varint and fixed payloads */
    hone_wire bytes; /* HONE_WIRE_BYTES payloads */
} hone_wire_field;

hone_wire hone__wire(const void *data, size_t size);
uint64_t hone__wire_offset(const hone_wire *wire);
size_t hone__wire_left(const hone_wire *wire);

/* hone_fail with "byte N: " before the message. */
hone_status hone__wire_fail(hone_error *error, hone_status status, uint64_t offset,
                            const char *format, ...) HONE_PRINTF(4, 5);

/* The next field; call only while bytes are left. */
hone_status hone__wire_next(hone_wire *wire, hone_wire_field *field, hone_error *error);
hone_status hone__wire_varint(hone_wire *wire, uint64_t *value, hone_error *error);

/* The payload as one kind of thing; another wire type is HONE_FORMAT. */
hone_status hone__wire_int(const hone_wire_field *field, int64_t *value, hone_error *error);
hone_status hone__wire_float(const hone_wire_field *field, float *value, hone_error *error);
hone_status hone__wire_message(const hone_wire_field *field, hone_wire *message, hone_error *error);

/* A repeated scalar field, packed or not: how many items one occurrence holds, ... */
hone_status hone__wire_items(const hone_wire_field *field, hone_wire_type type, uint64_t *count,
                             hone_error *error);
/* ... and each of them, in the low bits: *items is advanced; call it as often as hone__wire_items
 * said. */
hone_status hone__wire_item(hone_wire_field *field, hone_wire_type type, uint64_t *bits,
                            hone_error *error);

#endif

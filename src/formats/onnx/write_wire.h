/* SPDX-License-Identifier: Apache-2.0 */
/* A writer of the protobuf wire format. A message's length stands before it, so each is encoded
 * twice: by a sink that only counts, then for good. */
#ifndef HONE_FORMATS_ONNX_WRITE_WIRE_H
#define HONE_FORMATS_ONNX_WRITE_WIRE_H

#include "base/file.h"

#define HONE_SINK_BUFFER 65536

typedef struct hone_sink {
    hone_writer *writer; /* NULL: count only */
    uint8_t *buffer;     /* HONE_SINK_BUFFER bytes of small pieces on their way to the writer */
    size_t used;
    uint64_t count;
    hone_status status; /* of the first failure; later puts do nothing */
    hone_error *error;
} hone_sink;

typedef void (*hone_encode)(hone_sink *sink, const void *what);

void hone__sink_bytes(hone_sink *sink, const void *data, size_t size);
void hone__sink_varint(hone_sink *sink, uint64_t value);
void hone__sink_flush(hone_sink *sink);

/* Whole fields. */
void hone__sink_int(hone_sink *sink, uint32_t number, int64_t value);
void hone__sink_float(hone_sink *sink, uint32_t number, float value);
void hone__sink_blob(hone_sink *sink, uint32_t number, const void *data, size_t size);
void hone__sink_text(hone_sink *sink, uint32_t number, const char *text);
void hone__sink_message(hone_sink *sink, uint32_t number, hone_encode encode, const void *what);

#endif

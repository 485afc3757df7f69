/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/onnx/write_wire.h"

#include "base/bytes.h"
#include "formats/onnx/wire.h"

void hone__sink_flush(hone_sink *sink) {
    if (!sink->writer || !sink->used || sink->status != HONE_OK) return;
    sink->status = hone__writer_put(sink->writer, sink->buffer, sink->used, sink->error);
    sink->used = 0;
}

void hone__sink_bytes(hone_sink *sink, const void *data, size_t size) {
    sink->count += size;
    if (!sink->writer || !size || sink->status != HONE_OK) return;
    if (size > HONE_SINK_BUFFER - sink->used) hone__sink_flush(sink);
    if (sink->status != HONE_OK) return;
    if (size > HONE_SINK_BUFFER) {
        sink->status = hone__writer_put(sink->writer, data, size, sink->error);
        return;
    }
    memcpy(sink->buffer + sink->used, data, size);
    sink->used += size;
}

void hone__sink_varint(hone_sink *sink, uint64_t value) {
    uint8_t bytes[10];
    size_t size = 0;
    do {
        bytes[size] = (uint8_t)(value & 0x7f);
        value >>= 7;
        if (value) bytes[size] |= 0x80;
        size++;
    } while (value);
    hone__sink_bytes(sink, bytes, size);
}

static void tag(hone_sink *sink, uint32_t number, hone_wire_type type) {
    hone__sink_varint(sink, (uint64_t)number << 3 | (uint64_t)type);
}

void hone__sink_int(hone_sink *sink, uint32_t number, int64_t value) {
    tag(sink, number, HONE_WIRE_VARINT);
    hone__sink_varint(sink, (uint64_t)value);
}

void hone__sink_float(hone_sink *sink, uint32_t number, float value) {
    uint8_t bytes[4];
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    hone__store32(bytes, bits);
    tag(sink, number, HONE_WIRE_FIXED32);
    hone__sink_bytes(sink, bytes, sizeof bytes);
}

void hone__sink_blob(hone_sink *sink, uint32_t number, const void *data, size_t size) {
    tag(sink, number, HONE_WIRE_BYTES);
    hone__sink_varint(sink, size);
    hone__sink_bytes(sink, data, size);
}

void hone__sink_text(hone_sink *sink, uint32_t number, const char *text) {
    hone__sink_blob(sink, number, text, strlen(text));
}

void hone__sink_message(hone_sink *sink, uint32_t number, hone_encode encode, const void *what) {
    hone_sink counter = {0};
    counter.error = sink->error;
    encode(&counter, what);
    if (sink->status == HONE_OK) sink->status = counter.status;
    tag(sink, number, HONE_WIRE_BYTES);
    hone__sink_varint(sink, counter.count);
    if (sink->writer)
        encode(sink, what);
    else
        sink->count += counter.count;
}

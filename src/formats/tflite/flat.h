/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of FlatBuffers bytes that trusts nothing.
 *
 * Format: flatbuffers.dev, "FlatBuffer Internals". A table begins with a signed distance back to
 * its vtable; the vtable lists its own size, the table's size, and where in the table each field
 * lies (0: absent). Vectors, strings and tables are reached by unsigned forward distances.
 *
 * Every table, vtable, field, vector and string is checked against the bytes there are before it is
 * read. A fault is remembered (the first one, with its byte) and what was asked for counts as
 * absent, so that a caller reads on and asks hone__flat_status once. Nothing here recurses: how
 * deep a reader goes is how deep its schema is. */
#ifndef HONE_FORMATS_TFLITE_FLAT_H
#define HONE_FORMATS_TFLITE_FLAT_H

#include <hone/base.h>

typedef struct hone_flat {
    const uint8_t *data;
    size_t size;
    hone_status status; /* of the first fault */
    hone_error error;
} hone_flat;

/* at == 0: no table, all its fields are absent. */
typedef struct hone_flat_table {
    hone_flat *flat;
    size_t at, vtable;
    uint32_t fields, bytes;
} hone_flat_table;

/* data points into the file; `at` is where data lies there. */
typedef struct hone_flat_vector {
    hone_flat *flat;
    const uint8_t *data;
    size_t at;
    uint32_t count;
} hone_flat_vector;

void hone__flat_init(hone_flat *flat, const void *data, size_t size);
/* Remembers a fault at byte `at`, unless there is one already. */
void hone__flat_fault(hone_flat *flat, size_t at, const char *what);
/* HONE_OK, or the first fault. */
hone_status hone__flat_status(const hone_flat *flat, hone_error *error);

/* The root table of a file that carries this identifier. */
hone_flat_table hone__flat_root(hone_flat *flat, const char *identifier);

bool hone__flat_has(const hone_flat_table *table, uint32_t field);
uint8_t hone__flat_u8(const hone_flat_table *table, uint32_t field, uint8_t otherwise);
int8_t hone__flat_i8(const hone_flat_table *table, uint32_t field, int8_t otherwise);
int32_t hone__flat_i32(const hone_flat_table *table, uint32_t field, int32_t otherwise);
uint32_t hone__flat_u32(const hone_flat_table *table, uint32_t field, uint32_t otherwise);
uint64_t hone__flat_u64(const hone_flat_table *table, uint32_t field, uint64_t otherwise);
float hone__flat_f32(const hone_flat_table *table, uint32_t field, float otherwise);

hone_flat_table hone__flat_child(const hone_flat_table *table, uint32_t field);
/* A vector of scalars, or of distances to tables (element_bytes 4). */
hone_flat_vector hone__flat_vector(const hone_flat_table *table, uint32_t field,
                                   size_t element_bytes);
hone_flat_table hone__flat_element(const hone_flat_vector *vector, uint32_t index);
int32_t hone__flat_element_i32(const hone_flat_vector *vector, uint32_t index);
/* NUL-terminated, inside the file; "" where absent. */
const char *hone__flat_text(const hone_flat_table *table, uint32_t field);

#endif

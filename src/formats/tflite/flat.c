/* SPDX-License-Identifier: Apache-2.0 */
/* See flat.h. */
#include "formats/tflite/flat.h"
#include "base/bytes.h"
#include "base/error.h"

void hone__flat_init(hone_flat *flat, const void *data, size_t size) {
    *flat = (hone_flat){.data = data, .size = size};
}

void hone__flat_fault(hone_flat *flat, size_t at, const char *what) {
    if (flat->status == HONE_OK)
        flat->status = hone_fail(&flat->error, HONE_FORMAT, at, "byte %zu: %s", at, what);
}

hone_status hone__flat_status(const hone_flat *flat, hone_error *error) {
    if (flat->status != HONE_OK && error) *error = flat->error;
    return flat->status;
}

/* Whether [at, at + bytes) lies in the file. */
static bool inside(const hone_flat *flat, size_t at, size_t bytes) {
    return at <= flat->size && bytes <= flat->size - at;
}

/* Where the unsigned distance at `at` leads; 0 after a fault. */
static size_t follow(hone_flat *flat, size_t at) {
    if (!inside(flat, at, 4)) {
        hone__flat_fault(flat, at, "a distance lies outside the file");
        return 0;
    }
    uint32_t distance = hone__load32(flat->data + at);
    if (distance < 4 || !inside(flat, at, distance) || !inside(flat, at + distance, 4)) {
        hone__flat_fault(flat, at, "a distance leads outside the file");
        return 0;
    }
    return at + distance;
}

static hone_flat_table table_fault(hone_flat *flat, size_t at, const char *what) {
    hone__flat_fault(flat, at, what);
    return (hone_flat_table){.flat = flat};
}

static hone_flat_table table_at(hone_flat *flat, size_t at) {
    if (at == 0) return (hone_flat_table){.flat = flat};
    int64_t back = (int32_t)hone__load32(flat->data + at); /* follow() has checked four bytes */
    int64_t vtable = (int64_t)at - back;
    if (vtable < 4 || !inside(flat, (size_t)vtable, 4))
        return table_fault(flat, at, "a table's list of fields lies outside the file");
    uint32_t list = hone__load16(flat->data + vtable);
    uint32_t bytes = hone__load16(flat->data + vtable + 2);
    if (list < 4 || list % 2 || !inside(flat, (size_t)vtable, list))
        return table_fault(flat, (size_t)vtable, "a table's list of fields has a wrong size");
    if (bytes < 4 || !inside(flat, at, bytes))
        return table_fault(flat, at, "a table runs past the file's end");
    return (hone_flat_table){
        .flat = flat, .at = at, .vtable = (size_t)vtable, .fields = (list - 4) / 2, .bytes = bytes};
}

hone_flat_table hone__flat_root(hone_flat *flat, const char *identifier) {
    if (flat->size < 8 || memcmp(flat->data + 4, identifier, 4))
        return table_fault(flat, 4, "the file's identifier is not that of a TFLite model");
    return table_at(flat, follow(flat, 0));
}

/* Where a field of `bytes` bytes lies; 0: absent. */
static size_t field_at(const hone_flat_table *table, uint32_t field, size_t bytes) {
    if (table->at == 0 || field >= table->fields) return 0;
    const size_t entry = table->vtable + 4 + 2 * (size_t)field;
    uint32_t offset = hone__load16(table->flat->data + entry);
    if (offset == 0) return 0;
    if (offset >= 4 && offset + bytes <= table->bytes) return table->at + offset;
    hone__flat_fault(table->flat, entry, "a field lies outside its table");
    return 0;
}

bool hone__flat_has(const hone_flat_table *table, uint32_t field) {
    return field_at(table, field, 1) != 0;
}

uint8_t hone__flat_u8(const hone_flat_table *table, uint32_t field, uint8_t otherwise) {
    size_t at = field_at(table, field, 1);
    return at ? table->flat->data[at] : otherwise;
}

int8_t hone__flat_i8(const hone_flat_table *table, uint32_t field, int8_t otherwise) {
    size_t at = field_at(table, field, 1);
    return at ? (int8_t)table->flat->data[at] : otherwise;
}

uint32_t hone__flat_u32(const hone_flat_table *table, uint32_t field, uint32_t otherwise) {
    size_t at = field_at(table, field, 4);
    return at ? hone__load32(table->flat->data + at) : otherwise;
}

int32_t hone__flat_i32(const hone_flat_table *table, uint32_t field, int32_t otherwise) {
    return (int32_t)hone__flat_u32(table, field, (uint32_t)otherwise);
}

uint64_t hone__flat_u64(const hone_flat_table *table, uint32_t field, uint64_t otherwise) {
    size_t at = field_at(table, field, 8);
    return at ? hone__load64(table->flat->data + at) : otherwise;
}

float hone__flat_f32(const hone_flat_table *table, uint32_t field, float otherwise) {
    uint32_t bits;
    float value = otherwise;
    memcpy(&bits, &otherwise, sizeof bits);
    bits = hone__flat_u32(table, field, bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

hone_flat_table hone__flat_child(const hone_flat_table *table, uint32_t field) {
    size_t at = field_at(table, field, 4);
    return table_at(table->flat, at ? follow(table->flat, at) : 0);
}

hone_flat_vector hone__flat_vector(const hone_flat_table *table, uint32_t field,
                                   size_t element_bytes) {
    hone_flat_vector none = {.flat = table->flat, .data = (const uint8_t *)""};
    size_t field_place = field_at(table, field, 4);
    size_t at = field_place ? follow(table->flat, field_place) : 0;
    if (at == 0) return none;
    uint32_t count = hone__load32(table->flat->data + at);
    if (count > (table->flat->size - at - 4) / element_bytes) {
        hone__flat_fault(table->flat, at, "a vector runs past the file's end");
        return none;
    }
    return (hone_flat_vector){
        .flat = table->flat, .data = table->flat->data + at + 4, .at = at + 4, .count = count};
}

hone_flat_table hone__flat_element(const hone_flat_vector *vector, uint32_t index) {
    if (index >= vector->count) return (hone_flat_table){.flat = vector->flat};
    return table_at(vector->flat, follow(vector->flat, vector->at + 4 * (size_t)index));
}

int32_t hone__flat_element_i32(const hone_flat_vector *vector, uint32_t index) {
    return index < vector->count ? (int32_t)hone__load32(vector->data + 4 * (size_t)index) : 0;
}

const char *hone__flat_text(const hone_flat_table *table, uint32_t field) {
    hone_flat_vector text = hone__flat_vector(table, field, 1);
    if (text.count == 0) return "";
    if (!inside(text.flat, text.at, (size_t)text.count + 1) || text.data[text.count] != 0 ||
        memchr(text.data, 0, text.count)) {
        hone__flat_fault(text.flat, text.at, "a string does not end where it should");
        return "";
    }
    return (const char *)text.data;
}

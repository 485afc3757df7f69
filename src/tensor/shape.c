/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes: sizes with overflow checked, broadcasting, printing. */
#include "base/alloc.h"
#include "base/error.h"
#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

hone_shape hone__shape(int32_t rank, const int64_t *dims) {
    hone_shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank && i < HONE_MAX_RANK; i++) shape.dim[i] = dims[i];
    return shape;
}

hone_shape hone__shape_unknown(void) {
    return (hone_shape){.rank = HONE_RANK_UNKNOWN};
}

bool hone__shape_known(const hone_shape *shape) {
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0) return false;
    return shape->rank >= 0;
}

int64_t hone__shape_span(const hone_shape *shape, int32_t from, int32_t to) {
    int64_t product = 1;
    for (int32_t i = from; i < to; i++) product *= shape->dim[i];
    return product;
}

bool hone_shape_equal(const hone_shape *a, const hone_shape *b) {
    if (a->rank != b->rank) return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

void hone__shape_print(const hone_shape *shape, char *out, size_t size) {
    if (!size) return;
    if (shape->rank < 0) {
        snprintf(out, size, "[...]");
        return;
    }
    char text[HONE_MAX_RANK * 21 + 3] = "[";
    size_t at = 1;
    for (int32_t i = 0; i < shape->rank; i++) {
        const char *comma = i ? "," : "";
        int n = shape->dim[i] < 0
                    ? snprintf(text + at, sizeof text - at, "%s?", comma)
                    : snprintf(text + at, sizeof text - at, "%s%" PRId64, comma, shape->dim[i]);
        at += (size_t)n;
    }
    memcpy(text + at, "]", 2);
    snprintf(out, size, "%s", text);
}

/* The product saturates over the non-zero dimensions too: [2^40, 2^40, 0] is hostile, not empty. */
hone_status hone_shape_elements(const hone_shape *shape, int64_t *elements, hone_error *error) {
    int64_t product = 1;
    bool empty = false;
    if (!hone__shape_known(shape))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "the shape is not fully known");
    for (int32_t i = 0; i < shape->rank; i++) {
        int64_t dim = shape->dim[i];
        if (!dim) empty = true;
        if (dim > 0 && product > INT64_MAX / dim)
            return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "the shape has over 2^63 elements");
        if (dim > 0) product *= dim;
    }
    *elements = empty ? 0 : product;
    return HONE_OK;
}

hone_status hone__shape_broadcast(const hone_shape *a, const hone_shape *b, hone_shape *out,
                                  hone_error *error) {
    int32_t rank = a->rank > b->rank ? a->rank : b->rank;
    hone_shape result = {.rank = rank};
    for (int32_t i = 1; i <= rank; i++) {
        int64_t x = i <= a->rank ? a->dim[a->rank - i] : 1;
        int64_t y = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (x != y && x != 1 && y != 1)
            return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                             "dimensions %" PRId64 " and %" PRId64 " do not broadcast", x, y);
        result.dim[rank - i] = x == 1 ? y : x;
    }
    *out = result;
    return HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* New weights told by means of the old ones: each element's difference, range coded.
 *
 * Floats are compared as integers of the same order (their bits, negative ones turned over), so
 * that a difference counts representable numbers. What a difference costs depends on how many bits
 * it has; that number is coded in the context of those before it. A step of training moves all
 * weights of a layer by about the same amount, which is more representable numbers where the old
 * weight is small: for floats the context is therefore shifted by the old weight's exponent. int8
 * rows (the weights of an output channel) carry a factor that says how far the row's scale has
 * moved.
 *
 * The coded bytes decode to something whatever they are: the caller compares checksums. */
#ifndef HONE_STORE_DELTA_RESIDUAL_H
#define HONE_STORE_DELTA_RESIDUAL_H

#include "store/delta/range_coder.h"

typedef enum hone_element {
    HONE_ELEMENT_BYTES = 0, /* no numbers */
    HONE_ELEMENT_INT8,
    HONE_ELEMENT_INT16,
    HONE_ELEMENT_INT32,
    HONE_ELEMENT_FLOAT16,
    HONE_ELEMENT_BFLOAT16,
    HONE_ELEMENT_FLOAT32,
    HONE_ELEMENT_FLOAT64,
    HONE_ELEMENTS
} hone_element;

/* Bytes of one element. */
size_t hone__residual_width(hone_element element);

enum { HONE_RESIDUAL_CONTEXTS = 64, HONE_RESIDUAL_TREE = 128, HONE_RESIDUAL_SIZES = 65 };

/* All models of one coding; about 40 KB, so not for the stack. */
typedef struct hone_residual {
    hone_bit_model size[HONE_RESIDUAL_CONTEXTS][HONE_RESIDUAL_TREE];
    hone_bit_model sign[HONE_RESIDUAL_SIZES];
    hone_bit_model top[HONE_RESIDUAL_SIZES][4];
    hone_bit_model same[2];
    hone_bit_model factor[256];
} hone_residual;

typedef struct hone_residual_span {
    hone_element element;
    size_t row;      /* elements of one output channel; 0: unknown */
    size_t elements; /* of both sides */
} hone_residual_span;

/* Returns the bytes written to `out`, or SIZE_MAX where `room` was too small. */
size_t hone__residual_encode(hone_residual *models, const hone_residual_span *span,
                             const uint8_t *old_bytes, const uint8_t *new_bytes, uint8_t *out,
                             size_t room);
/* Writes all elements to `new_bytes`, which may be `old_bytes`. */
void hone__residual_decode(hone_residual *models, const hone_residual_span *span,
                           const uint8_t *old_bytes, uint8_t *new_bytes, const uint8_t *in,
                           size_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of a block of output pixels: as pointers (indirection) or copied into dense rows. */
#ifndef HONE_KERNELS_GATHER_H
#define HONE_KERNELS_GATHER_H

#include "kernels/shared/geometry.h"

/* Where the channels of one group lie. */
typedef struct hone_gather {
    const hone_conv_dims *dims;
    const void *input;   /* first channel of the group in pixel 0 */
    size_t pixel_bytes;  /* from an input pixel to the next */
    size_t channels;     /* of the group */
    size_t in_bytes;     /* of an input element */
    size_t out_bytes;    /* of an element of a copied row */
    size_t row_elements; /* of a copied row: taps * channels, and what follows is filled */
    int32_t zero;        /* given to copy */
    uint8_t fill;        /* every byte of a copied row that is outside the input */
    /* Copies `count` elements, converting them. */
    void (*copy)(void *out, const void *in, size_t count, int32_t zero);
    void *strips; /* hone__gather_strip_bytes() of memory, 64-byte aligned */
} hone_gather;

/* rows[p][tap][channel] for the output pixels [pixel, pixel + count), dense, row_elements a row.
 * Writes up to HONE_GATHER_SLACK bytes behind them.
 *
 * With few channels, copying a handful of elements at a time would cost more than the products: the
 * input rows under an output row are converted as whole strips first, and rows are cut from those
 * in fixed blocks. */
void hone__gather_rows(const hone_gather *gather, size_t pixel, size_t count, void *rows);
#define HONE_GATHER_SLACK 64

/* Memory for strips: uses dims, channels and out_bytes. */
size_t hone__gather_strip_bytes(const hone_gather *gather);

/* pointers[tile][tap][r], r < mr: the input pixel under a tap of output pixel
 * pixel + tile * mr + r, or `outside` in the padding. The last tile repeats its last pixel. Uses
 * dims, input and pixel_bytes. */
void hone__gather_pointers(const hone_gather *gather, size_t pixel, size_t count, size_t mr,
                           const void *outside, const void **pointers);

#endif

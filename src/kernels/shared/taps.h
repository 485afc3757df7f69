/* SPDX-License-Identifier: Apache-2.0 */
/* Walks along an output row of a depthwise convolution in groups of pixels. Within a group the
 * input under a tap moves by a constant step from pixel to pixel, so one pointer a tap says all. */
#ifndef HONE_KERNELS_TAPS_H
#define HONE_KERNELS_TAPS_H

#include "kernels/shared/geometry.h"

typedef struct hone_taps {
    const hone_conv_dims *dims;
    const void *input;
    size_t pixel_bytes;
    const void *outside;   /* a pixel that stands for the padding */
    const void **pointers; /* [taps], of the group's first pixel; memory of the caller */
    bool clipped;        /* the caller leaves out kernel rows in the padding, or has a whole row of
                          * `outside` for them: they do not break groups */
    size_t row, x, next; /* the group begins at output column x of row = image * out_h + y */
    size_t inner, inner_end; /* columns whose taps are all inside the input's width */
    size_t ky, ky_end;       /* kernel rows inside the input's height; may be none */
} hone_taps;

/* Goes before the first group of an output row. */
void hone__taps_start(hone_taps *taps, size_t row);
/* The next group: sets x and pointers, returns how many pixels it has, 0 at the end. Columns whose
 * taps are all inside the input (or, when `clipped`, all those of kernel rows inside) make one
 * group, others one each. */
size_t hone__taps_next(hone_taps *taps);
/* Whether all taps of the group are inside the input. */
bool hone__taps_whole(const hone_taps *taps);

/* How many output rows one task should take, so that it has work worth a task. */
size_t hone__taps_rows_per_task(const hone_conv_dims *dims);

#endif

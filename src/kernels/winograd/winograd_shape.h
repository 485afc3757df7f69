/* SPDX-License-Identifier: Apache-2.0 */
/* What the reference and the fast kernels share: the tiles of an output, and the weights. */
#ifndef HONE_KERNELS_WINOGRAD_SHAPE_H
#define HONE_KERNELS_WINOGRAD_SHAPE_H

#include "kernels/shared/geometry.h"

enum { HONE_WINOGRAD_SIDE = 6, HONE_WINOGRAD_POINTS = 36 }; /* the most: m = 4 */

/* Tiles of m x m outputs, in the order of memory; those at the right and lower edge may stand
 * over it. */
typedef struct hone_winograd_shape {
    size_t m, side, points; /* side = m + 2, points = side^2 */
    size_t across, down, tiles;
} hone_winograd_shape;

/* Where a tile is: its first output pixel. */
typedef struct hone_winograd_place {
    size_t image, y, x;
} hone_winograd_place;

/* 3 x 3, stride 1, no dilation, one group. */
bool hone__winograd_fits(const hone_conv_dims *dims);
hone_winograd_shape hone__winograd_shape(const hone_conv_dims *dims, size_t m);
hone_winograd_place hone__winograd_place(const hone_winograd_shape *shape, size_t tile);

/* Index of the input pixel under point (i, j) of a tile, or HONE_CONV_OUTSIDE. */
size_t hone__winograd_pixel(const hone_conv_dims *dims, const hone_winograd_place *place, size_t i,
                            size_t j);

/* points[(m + 2)^2] = G g G^T of the weights between input channel i and output channel o. Worked
 * out in double and rounded once. */
void hone__winograd_weights(const hone_conv_weights *weights, size_t m, size_t o, size_t i,
                            float *points);

#endif

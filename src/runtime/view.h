/* SPDX-License-Identifier: Apache-2.0 */
/* Views: where the elements of a tensor lie in a buffer. Strides and offset are in elements.
 *
 * Two forms have names. Dense: row-major without gaps, ONNX's own layout. Pixels (channels last):
 * dimensions [N, C, spatial...]; channels lie next to each other, pixels `stride` >= C apart
 * without gaps between rows and images; what kernels want. A dimension of size 1 fits any stride.
 */
#ifndef HONE_RUNTIME_VIEW_H
#define HONE_RUNTIME_VIEW_H

#include "tensor/tensor.h"

typedef struct hone_view {
    uint32_t buffer;
    int32_t rank;
    int64_t offset;
    int64_t dim[HONE_MAX_RANK], stride[HONE_MAX_RANK];
} hone_view;

hone_view hone__view_dense(uint32_t buffer, const hone_shape *shape);
/* rank >= 2; `pixel_stride` >= dim[1]. */
hone_view hone__view_pixels(uint32_t buffer, const hone_shape *shape, int64_t pixel_stride);

int64_t hone__view_elements(const hone_view *view);
bool hone__view_is_dense(const hone_view *view);
/* Whether it has pixels form, and with what stride (of one pixel: its channels). */
bool hone__view_is_pixels(const hone_view *view, int64_t *pixel_stride);

/* The same elements under another shape of as many elements; false where strides cannot say it. */
bool hone__view_reshape(const hone_view *view, const hone_shape *shape, hone_view *out);
hone_view hone__view_permute(const hone_view *view, const int32_t *perm);
/* Elements begin, begin + step, ... of `axis`, `count` of them; step may be negative. */
hone_view hone__view_slice(const hone_view *view, int32_t axis, int64_t begin, int64_t step,
                           int64_t count);
/* numpy's broadcast to `shape` (it must fit): new dimensions get stride 0. */
hone_view hone__view_broadcast(const hone_view *view, const hone_shape *shape);

/* Drops dimensions of size 1 and merges neighbours that all `count` views (of the same dims) walk
 * in one stride. views[0] decides the order: its largest stride comes first. At least rank 1 is
 * left. */
void hone__views_collapse(hone_view *views, uint32_t count);

#endif

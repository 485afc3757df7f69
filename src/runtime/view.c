/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/view.h"

#include <string.h>

hone_view hone__view_dense(uint32_t buffer, const hone_shape *shape) {
    hone_view view = {.buffer = buffer, .rank = shape->rank};
    int64_t stride = 1;
    for (int32_t i = shape->rank - 1; i >= 0; i--) {
        view.dim[i] = shape->dim[i];
        view.stride[i] = stride;
        stride *= shape->dim[i];
    }
    return view;
}

hone_view hone__view_pixels(uint32_t buffer, const hone_shape *shape, int64_t pixel_stride) {
    hone_view view = {.buffer = buffer, .rank = shape->rank};
    int64_t stride = pixel_stride;
    for (int32_t i = shape->rank - 1; i >= 0; i--) {
        view.dim[i] = shape->dim[i];
        if (i == 1) continue;
        view.stride[i] = stride;
        stride *= shape->dim[i];
    }
    view.stride[1] = 1;
    return view;
}

int64_t hone__view_elements(const hone_view *view) {
    int64_t count = 1;
    for (int32_t i = 0; i < view->rank; i++) count *= view->dim[i];
    return count;
}

bool hone__view_is_dense(const hone_view *view) {
    int64_t stride = 1;
    for (int32_t i = view->rank - 1; i >= 0; i--) {
        if (view->dim[i] == 0) return true;
        if (view->dim[i] != 1 && view->stride[i] != stride) return false;
        stride *= view->dim[i];
    }
    return true;
}

bool hone__view_is_pixels(const hone_view *view, int64_t *pixel_stride) {
    if (view->rank < 2) return false;
    if (view->dim[1] != 1 && view->stride[1] != 1) return false;
    int64_t span = 1, pixel = 0; /* pixels walked so far, stride of one */
    for (int32_t i = view->rank - 1; i >= 0; i--) {
        if (i == 1 || view->dim[i] == 1) continue;
        if (pixel == 0) pixel = view->stride[i];
        if (pixel < view->dim[1] || view->stride[i] != pixel * span) return false;
        span *= view->dim[i];
    }
    *pixel_stride = pixel ? pixel : view->dim[1];
    return true;
}

/* As numpy's attempt at a reshape without a copy: runs of old dimensions that lie without gaps are
 * matched with runs of new ones of the same product. */
bool hone__view_reshape(const hone_view *view, const hone_shape *shape, hone_view *out) {
    hone_view old = {.rank = 0};
    for (int32_t i = 0; i < view->rank; i++)
        if (view->dim[i] != 1) {
            old.dim[old.rank] = view->dim[i];
            old.stride[old.rank++] = view->stride[i];
        }
    *out = hone__view_dense(view->buffer, shape);
    out->offset = view->offset;
    if (hone__view_elements(view) == 0) return true;
    int32_t from = 0, to = 0;
    while (from < old.rank) {
        int32_t from_end = from + 1, to_end = to;
        int64_t from_size = old.dim[from], to_size = 1;
        while (from_size != to_size || to_end == to) {
            if (to_size < from_size || to_end == to)
                to_size *= shape->dim[to_end++];
            else
                from_size *= old.dim[from_end++];
        }
        for (int32_t i = from; i + 1 < from_end; i++)
            if (old.stride[i] != old.dim[i + 1] * old.stride[i + 1]) return false;
        int64_t stride = old.stride[from_end - 1];
        for (int32_t i = to_end - 1; i >= to; i--) {
            out->stride[i] = stride;
            stride *= shape->dim[i];
        }
        from = from_end, to = to_end;
    }
    return true;
}

hone_view hone__view_permute(const hone_view *view, const int32_t *perm) {
    hone_view out = *view;
    for (int32_t i = 0; i < view->rank; i++) {
        out.dim[i] = view->dim[perm[i]];
        out.stride[i] = view->stride[perm[i]];
    }
    return out;
}

hone_view hone__view_slice(const hone_view *view, int32_t axis, int64_t begin, int64_t step,
                           int64_t count) {
    hone_view out = *view;
    if (count > 0) out.offset += begin * view->stride[axis];
    out.dim[axis] = count;
    if (count > 1) out.stride[axis] = view->stride[axis] * step; /* |step| < dim: no overflow */
    return out;
}

hone_view hone__view_broadcast(const hone_view *view, const hone_shape *shape) {
    hone_view out = {.buffer = view->buffer, .offset = view->offset, .rank = shape->rank};
    int32_t shift = shape->rank - view->rank;
    for (int32_t i = 0; i < shape->rank; i++) {
        out.dim[i] = shape->dim[i];
        if (i >= shift && view->dim[i - shift] == shape->dim[i])
            out.stride[i] = view->stride[i - shift];
    }
    return out;
}

static void drop_dim(hone_view *view, int32_t axis) {
    int32_t behind = view->rank - axis - 1;
    memmove(view->dim + axis, view->dim + axis + 1, (size_t)behind * sizeof *view->dim);
    memmove(view->stride + axis, view->stride + axis + 1, (size_t)behind * sizeof *view->stride);
    view->rank--;
}

static void swap_dims(hone_view *view, int32_t a, int32_t b) {
    int64_t dim = view->dim[a], stride = view->stride[a];
    view->dim[a] = view->dim[b], view->stride[a] = view->stride[b];
    view->dim[b] = dim, view->stride[b] = stride;
}

static int64_t magnitude(int64_t value) {
    return value < 0 ? -value : value;
}

/* Insertion sort: stable, and ranks are tiny. */
static void order_by_first(hone_view *views, uint32_t count) {
    for (int32_t i = 1; i < views[0].rank; i++)
        for (int32_t j = i; j > 0; j--) {
            if (magnitude(views[0].stride[j - 1]) >= magnitude(views[0].stride[j])) break;
            for (uint32_t v = 0; v < count; v++) swap_dims(&views[v], j - 1, j);
        }
}

static bool walks_as_one(const hone_view *views, uint32_t count, int32_t axis) {
    for (uint32_t v = 0; v < count; v++)
        if (views[v].stride[axis] != views[v].dim[axis + 1] * views[v].stride[axis + 1])
            return false;
    return true;
}

void hone__views_collapse(hone_view *views, uint32_t count) {
    for (int32_t i = views[0].rank - 1; i >= 0; i--)
        if (views[0].dim[i] == 1)
            for (uint32_t v = 0; v < count; v++) drop_dim(&views[v], i);
    order_by_first(views, count);
    for (int32_t i = views[0].rank - 2; i >= 0; i--)
        if (walks_as_one(views, count, i))
            for (uint32_t v = 0; v < count; v++) {
                views[v].dim[i + 1] *= views[v].dim[i];
                drop_dim(&views[v], i);
            }
    if (views[0].rank == 0)
        for (uint32_t v = 0; v < count; v++)
            views[v].rank = 1, views[v].dim[0] = 1, views[v].stride[0] = 1;
}

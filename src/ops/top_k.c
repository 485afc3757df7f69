/* SPDX-License-Identifier: Apache-2.0 */
/* TopK: the indices of one line are sorted in scratch memory by a heap sort that the index breaks
 * ties of, so that equal values come in their order. NaN counts as the largest. */
#include "ops/family.h"

#include <math.h>

typedef struct line {
    const hone_tensor *in;
    int64_t base, step;
    bool largest;
} line;

static int order_values(const line *row, int64_t a, int64_t b) {
    const hone_tensor *in = row->in;
    int64_t i = row->base + a * row->step, j = row->base + b * row->step;
    if (hone__kind_of(in->dtype) == HONE__REAL) {
        double x = hone__real_at(in->dtype, in->data, i), y = hone__real_at(in->dtype, in->data, j);
        if (isnan(x) || isnan(y)) return (int)isnan(x) - (int)isnan(y);
        return (x > y) - (x < y);
    }
    int64_t x = hone__int_at(in->dtype, in->data, i), y = hone__int_at(in->dtype, in->data, j);
    bool less = hone__kind_of(in->dtype) == HONE__SIGNED ? x < y : (uint64_t)x < (uint64_t)y;
    return x == y ? 0 : less ? -1 : 1;
}

/* a is to stand before b. */
static bool before(const line *row, int64_t a, int64_t b) {
    int order = order_values(row, a, b);
    if (order == 0) return a < b;
    return row->largest ? order > 0 : order < 0;
}

/* Heap with the last in order on top. */
static void sift(const line *row, int64_t *heap, int64_t at, int64_t count) {
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= count) return;
        if (child + 1 < count && before(row, heap[child], heap[child + 1])) child++;
        if (!before(row, heap[at], heap[child])) return;
        int64_t kept = heap[at];
        heap[at] = heap[child];
        heap[child] = kept;
        at = child;
    }
}

/* The first k of 0..dim-1 in order, in heap[0..k-1]. */
static void select_first(const line *row, int64_t *heap, int64_t k, int64_t dim) {
    for (int64_t i = 0; i < k; i++) heap[i] = i;
    for (int64_t i = k / 2 - 1; i >= 0; i--) sift(row, heap, i, k);
    for (int64_t i = k; i < dim; i++) {
        if (!before(row, i, heap[0])) continue;
        heap[0] = i;
        sift(row, heap, 0, k);
    }
    for (int64_t end = k - 1; end > 0; end--) {
        int64_t last = heap[0];
        heap[0] = heap[end];
        heap[end] = last;
        sift(row, heap, 0, end);
    }
}

static hone_status run_top_k(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *count = &call->inputs[1];
    hone_tensor *values = hone__output(call, 0), *indices = hone__output(call, 1);
    const hone_tensor *any = values ? values : indices;
    int64_t *heap = (int64_t *)call->scratch;
    int32_t axis;
    if (!any) return HONE_OK;
    HONE_TRY(hone__axis_attribute(call->node, "axis", -1, in->shape.rank, &axis, error));
    if (any->shape.rank != in->shape.rank || hone__elements(&count->shape) != 1)
        return hone__mismatch(call->node, error, "K must be a scalar");
    int64_t dim = in->shape.dim[axis], k = any->shape.dim[axis];
    int64_t inner = hone__shape_span(&in->shape, axis + 1, in->shape.rank);
    int64_t lines = hone__shape_span(&in->shape, 0, axis) * inner;
    if (k > dim || hone__int_at(count->dtype, count->data, 0) != k ||
        hone__elements(&any->shape) != lines * k)
        return hone__mismatch(call->node, error, "K is not the planned one");
    for (int64_t i = 0; i < lines && k > 0; i++) {
        line row = {in, i / inner * dim * inner + i % inner, inner,
                    hone_node_int(call->node, "largest", 1) != 0};
        select_first(&row, heap, k, dim);
        for (int64_t j = 0; j < k; j++) {
            int64_t to = (i / inner * k + j) * inner + i % inner;
            if (values) hone__copy_element(in, row.base + heap[j] * inner, values, to);
            if (indices) hone__int_put(indices->dtype, indices->data, to, heap[j]);
        }
    }
    return HONE_OK;
}

static size_t scratch_top_k(const hone_node *node) {
    int64_t most = 0;
    for (uint32_t o = 0; o < node->output_count; o++)
        for (int32_t d = 0; node->outputs[o] && d < node->outputs[o]->shape.rank; d++)
            if (node->outputs[o]->shape.dim[d] > most) most = node->outputs[o]->shape.dim[d];
    return (size_t)most * sizeof(int64_t);
}

const hone_op_family hone__family_top_k = {run_top_k, HONE__TAKES_NUMBER, NULL, scratch_top_k};

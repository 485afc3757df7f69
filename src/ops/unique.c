/* SPDX-License-Identifier: Apache-2.0 */
/* Unique: slices along an axis, or single elements, each once. Slices are sorted by contents, then
 * by place, so that equal ones are neighbours and the first of them comes first. The scratch memory
 * holds the order and the groups. */
#include "ops/measure.h"

typedef struct slices {
    const hone_tensor *in;
    int64_t count, outer, inner; /* slice i: elements (o * count + i) * inner + k */
    bool real;
    int64_t *order;  /* [count] slices, sorted */
    int64_t *starts; /* [count] where in `order` a group begins */
    int64_t groups;
} slices;

static int compare_elements(const slices *s, int64_t a, int64_t b) {
    if (s->real) {
        double x = hone__real_at(s->in->dtype, s->in->data, a);
        double y = hone__real_at(s->in->dtype, s->in->data, b);
        if (x != x || y != y) return (x != x) - (y != y); /* NaN is the largest, once */
        return (x > y) - (x < y);
    }
    int64_t x = hone__int_at(s->in->dtype, s->in->data, a);
    int64_t y = hone__int_at(s->in->dtype, s->in->data, b);
    if (s->in->dtype == HONE_U64) return ((uint64_t)x > (uint64_t)y) - ((uint64_t)x < (uint64_t)y);
    return (x > y) - (x < y);
}

static int compare(const slices *s, int64_t a, int64_t b) {
    for (int64_t o = 0; o < s->outer; o++)
        for (int64_t k = 0; k < s->inner; k++) {
            int order = compare_elements(s, (o * s->count + a) * s->inner + k,
                                         (o * s->count + b) * s->inner + k);
            if (order) return order;
        }
    return 0;
}

/* Whether slice a comes behind slice b. */
static bool behind(const slices *s, int64_t a, int64_t b, bool by_contents) {
    int order = by_contents ? compare(s, a, b) : 0;
    return order > 0 || (order == 0 && a > b);
}

typedef struct heap {
    const slices *s;
    int64_t *items;
    bool by_contents; /* items are slices; else places in `order`, compared by their slice */
} heap;

static bool heap_behind(const heap *h, int64_t a, int64_t b) {
    if (h->by_contents) return behind(h->s, a, b, true);
    return behind(h->s, h->s->order[a], h->s->order[b], false);
}

static void sift(const heap *h, int64_t at, int64_t count) {
    for (int64_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && heap_behind(h, h->items[child + 1], h->items[child])) child++;
        if (!heap_behind(h, h->items[child], h->items[at])) return;
        int64_t moved = h->items[at];
        h->items[at] = h->items[child];
        h->items[child] = moved;
        at = child;
    }
}

static void heap_sort(const heap *h, int64_t count) {
    for (int64_t i = count / 2 - 1; i >= 0; i--) sift(h, i, count);
    for (int64_t end = count - 1; end > 0; end--) {
        int64_t last = h->items[0];
        h->items[0] = h->items[end];
        h->items[end] = last;
        sift(h, 0, end);
    }
}

static hone_status describe(const hone_op_call *call, slices *s, hone_error *error) {
    const hone_shape *shape = &call->inputs[0].shape;
    *s = (slices){.in = &call->inputs[0], .count = hone__elements(shape), .outer = 1, .inner = 1};
    if (hone_node_attr(call->node, "axis")) {
        int32_t axis;
        HONE_TRY(hone__axis_attribute(call->node, "axis", 0, shape->rank, &axis, error));
        s->count = shape->dim[axis];
        s->outer = hone__shape_span(shape, 0, axis);
        s->inner = hone__shape_span(shape, axis + 1, shape->rank);
    }
    s->real = hone__kind_of(s->in->dtype) == HONE__REAL;
    s->order = (int64_t *)call->scratch;
    s->starts = s->order + s->count;
    return HONE_OK;
}

static size_t scratch_unique(const hone_node *node) {
    const hone_shape *shape = &node->inputs[0]->shape;
    int64_t most = hone__elements(shape);
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] > most) most = shape->dim[i];
    return (size_t)most * 2 * sizeof(int64_t);
}

static void group(const hone_op_call *call, slices *s) {
    for (int64_t i = 0; i < s->count; i++) s->order[i] = i;
    heap_sort(&(heap){s, s->order, true}, s->count);
    s->groups = 0;
    for (int64_t i = 0; i < s->count; i++)
        if (i == 0 || compare(s, s->order[i - 1], s->order[i]) != 0) s->starts[s->groups++] = i;
    if (!hone_node_int(call->node, "sorted", 1)) heap_sort(&(heap){s, s->starts, false}, s->groups);
}

hone_status hone__measure_unique(const hone_op_call *call, hone_shape *shapes, hone_error *error) {
    slices s;
    int32_t axis = 0;
    const hone_shape *shape = &call->inputs[0].shape;
    HONE_TRY(describe(call, &s, error));
    group(call, &s);
    bool flat = hone_node_attr(call->node, "axis") == NULL;
    if (!flat) HONE_TRY(hone__axis_attribute(call->node, "axis", 0, shape->rank, &axis, error));
    hone_shape list = {.rank = 1, .dim = {s.groups}}, all = {.rank = 1, .dim = {s.count}};
    shapes[0] = flat ? list : *shape;
    shapes[0].dim[axis] = s.groups;
    for (uint32_t i = 1; i < call->node->output_count; i++) shapes[i] = i == 2 ? all : list;
    return HONE_OK;
}

static void put(hone_tensor *out, int64_t at, int64_t value) {
    if (out) hone__int_put(out->dtype, out->data, at, value);
}

/* Where the group that begins at `start` ends. */
static int64_t group_end(const slices *s, int64_t start) {
    int64_t end = start + 1;
    while (end < s->count && compare(s, s->order[start], s->order[end]) == 0) end++;
    return end;
}

static hone_status run_unique(const hone_op_call *call, hone_error *error) {
    slices s;
    hone_tensor *out = hone__output(call, 0), *first = hone__output(call, 1);
    hone_tensor *inverse = hone__output(call, 2), *counts = hone__output(call, 3);
    HONE_TRY(describe(call, &s, error));
    group(call, &s);
    for (int64_t g = 0; g < s.groups; g++) {
        int64_t start = s.starts[g], end = group_end(&s, start), slice = s.order[start];
        for (int64_t o = 0; out && o < s.outer; o++)
            for (int64_t k = 0; k < s.inner; k++)
                hone__copy_element(s.in, (o * s.count + slice) * s.inner + k, out,
                                   (o * s.groups + g) * s.inner + k);
        put(first, g, slice);
        put(counts, g, end - start);
        for (int64_t i = start; i < end; i++) put(inverse, s.order[i], g);
    }
    return HONE_OK;
}

const hone_op_family hone__family_unique = {run_unique, HONE__TAKES_NUMBER, NULL, scratch_unique};

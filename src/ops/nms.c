/* SPDX-License-Identifier: Apache-2.0 */
/* NonMaxSuppression: of each image and class, boxes in the order of their scores, left out where
 * they overlap one that was taken before. Float32 throughout, as in ONNX Runtime, so that the same
 * boxes are left. The scratch memory holds, of each image and class, how many were taken and
 * which. */
#include "ops/measure.h"

typedef struct box {
    float x0, y0, x1, y1, area;
} box;

typedef struct candidate {
    float score;
    int32_t index;
} candidate;

typedef struct suppression {
    const hone_tensor *boxes, *scores;
    int64_t batches, classes, count, most;
    float overlap, least;
    bool has_least, centers;
    int64_t *taken; /* [batches * classes][1 + count]: how many, then their indices */
    box *corners;   /* [count] */
    candidate *heap;
} suppression;

static hone_status check_nms(const hone_node *node, hone_error *error) {
    const hone_value *boxes = node->inputs[0], *scores = node->inputs[1];
    if (boxes->dtype != HONE_F32 || scores->dtype != HONE_F32)
        return hone__unsupported(node, error, "boxes and scores must be float32");
    return HONE_OK;
}

static bool dims_fit(const hone_shape *boxes, const hone_shape *scores) {
    return boxes->rank == 3 && scores->rank == 3 && boxes->dim[2] == 4 &&
           boxes->dim[0] == scores->dim[0] && boxes->dim[1] == scores->dim[2] &&
           boxes->dim[1] < INT32_MAX;
}

static size_t taken_bytes(const hone_shape *scores) {
    size_t lists = (size_t)scores->dim[0] * (size_t)scores->dim[1];
    return lists * ((size_t)scores->dim[2] + 1) * sizeof(int64_t);
}

static size_t scratch_nms(const hone_node *node) {
    const hone_shape *scores = &node->inputs[1]->shape;
    if (!dims_fit(&node->inputs[0]->shape, scores)) return 0;
    return taken_bytes(scores) + (size_t)scores->dim[2] * (sizeof(box) + sizeof(candidate));
}

static float scalar(const hone_op_call *call, uint32_t index, float otherwise) {
    const hone_tensor *t = hone__input(call, index);
    return t && hone__elements(&t->shape) > 0 ? (float)hone__real_at(t->dtype, t->data, 0)
                                              : otherwise;
}

static void find_corners(const suppression *s, int64_t batch) {
    const float *at = (const float *)s->boxes->data + batch * s->count * 4;
    for (int64_t i = 0; i < s->count; i++, at += 4) {
        float x0 = at[1], y0 = at[0], x1 = at[3], y1 = at[2];
        if (s->centers) {
            x0 = at[0] - at[2] / 2, x1 = at[0] + at[2] / 2;
            y0 = at[1] - at[3] / 2, y1 = at[1] + at[3] / 2;
        }
        box *b = &s->corners[i];
        b->x0 = x0 < x1 ? x0 : x1, b->x1 = x0 < x1 ? x1 : x0;
        b->y0 = y0 < y1 ? y0 : y1, b->y1 = y0 < y1 ? y1 : y0;
        b->area = (b->x1 - b->x0) * (b->y1 - b->y0);
    }
}

static bool overlaps(const suppression *s, const box *a, const box *b) {
    float x0 = a->x0 > b->x0 ? a->x0 : b->x0, x1 = a->x1 < b->x1 ? a->x1 : b->x1;
    float y0 = a->y0 > b->y0 ? a->y0 : b->y0, y1 = a->y1 < b->y1 ? a->y1 : b->y1;
    if (!(x1 > x0) || !(y1 > y0)) return false;
    float common = (x1 - x0) * (y1 - y0), either = a->area + b->area - common;
    return a->area > 0 && b->area > 0 && either > 0 && common / either > s->overlap;
}

static bool worse(const candidate *a, const candidate *b) {
    return a->score < b->score || (a->score == b->score && a->index > b->index);
}

static void sift(candidate *heap, int64_t at, int64_t count) {
    for (int64_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && worse(&heap[child], &heap[child + 1])) child++;
        if (!worse(&heap[at], &heap[child])) return;
        candidate moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
        at = child;
    }
}

/* Those worth looking at, as a heap with the best first. */
static int64_t collect(const suppression *s, const float *scores) {
    int64_t count = 0;
    for (int64_t i = 0; i < s->count; i++)
        if (!s->has_least || scores[i] > s->least)
            s->heap[count++] = (candidate){scores[i], (int32_t)i};
    for (int64_t i = count / 2 - 1; i >= 0; i--) sift(s->heap, i, count);
    return count;
}

static void suppress(const suppression *s, int64_t list) {
    int64_t *taken = s->taken + list * (s->count + 1), *kept = taken + 1;
    int64_t left = collect(s, (const float *)s->scores->data + list * s->count);
    *taken = 0;
    while (left > 0 && *taken < s->most) {
        int32_t best = s->heap[0].index;
        bool covered = false;
        s->heap[0] = s->heap[--left];
        sift(s->heap, 0, left);
        for (int64_t k = 0; k < *taken && !covered; k++)
            covered = overlaps(s, &s->corners[best], &s->corners[kept[k]]);
        if (!covered) kept[(*taken)++] = best;
    }
}

static void prepare(const hone_op_call *call, suppression *s) {
    const hone_tensor *most = hone__input(call, 2);
    s->boxes = &call->inputs[0], s->scores = &call->inputs[1];
    s->batches = s->scores->shape.dim[0], s->classes = s->scores->shape.dim[1];
    s->count = s->scores->shape.dim[2];
    s->most = most && hone__elements(&most->shape) ? hone__int_at(most->dtype, most->data, 0) : 0;
    s->overlap = scalar(call, 3, 0.0f);
    s->has_least = hone__input(call, 4) != NULL;
    s->least = scalar(call, 4, 0.0f);
    s->centers = hone_node_int(call->node, "center_point_box", 0) != 0;
    s->taken = (int64_t *)call->scratch;
    uint8_t *behind = (uint8_t *)call->scratch + taken_bytes(&s->scores->shape);
    s->corners = (box *)(void *)behind;
    s->heap = (candidate *)(void *)(behind + (size_t)s->count * sizeof(box));
}

hone_status hone__measure_nms(const hone_op_call *call, hone_shape *shapes, hone_error *error) {
    suppression s;
    int64_t total = 0;
    if (!dims_fit(&call->inputs[0].shape, &call->inputs[1].shape))
        return hone__mismatch(call->node, error, "boxes and scores do not fit together");
    prepare(call, &s);
    for (int64_t batch = 0; batch < s.batches; batch++) {
        find_corners(&s, batch);
        for (int64_t c = 0; c < s.classes; c++) {
            suppress(&s, batch * s.classes + c);
            total += s.taken[(batch * s.classes + c) * (s.count + 1)];
        }
    }
    shapes[0] = (hone_shape){.rank = 2, .dim = {total, 3}};
    return HONE_OK;
}

static hone_status run_nms(const hone_op_call *call, hone_error *error) {
    (void)error;
    suppression s;
    prepare(call, &s);
    int64_t *row = (int64_t *)call->outputs[0].data;
    for (int64_t list = 0; list < s.batches * s.classes; list++) {
        const int64_t *taken = s.taken + list * (s.count + 1);
        for (int64_t k = 0; k < *taken; k++, row += 3)
            row[0] = list / s.classes, row[1] = list % s.classes, row[2] = taken[k + 1];
    }
    return HONE_OK;
}

const hone_op_family hone__family_nms = {run_nms, HONE__TAKES_REAL, check_nms, scratch_nms};

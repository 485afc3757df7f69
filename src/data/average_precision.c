/* SPDX-License-Identifier: Apache-2.0 */
#include "data/average_precision.h"

#include "base/alloc.h"
#include "base/error.h"
#include <stdlib.h>
#include <string.h>

#define THRESHOLDS 10 /* 0.50 to 0.95 */

double hone__box_iou(const hone_box *a, const hone_box *b) {
    double x0 = a->x0 > b->x0 ? a->x0 : b->x0, x1 = a->x1 < b->x1 ? a->x1 : b->x1;
    double y0 = a->y0 > b->y0 ? a->y0 : b->y0, y1 = a->y1 < b->y1 ? a->y1 : b->y1;
    double both = x1 > x0 && y1 > y0 ? (x1 - x0) * (y1 - y0) : 0.0;
    double all = ((double)a->x1 - a->x0) * ((double)a->y1 - a->y0) +
                 ((double)b->x1 - b->x0) * ((double)b->y1 - b->y0) - both;
    return both > 0 && all > 0 ? both / all : 0.0;
}

/* Class, then score from the best, then the order given. */
static int best_first(const void *a, const void *b) {
    const hone_detection *x = a, *y = b;
    if (x->box.class_index != y->box.class_index)
        return x->box.class_index < y->box.class_index ? -1 : 1;
    if (x->box.score != y->box.score) return x->box.score > y->box.score ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Class, then image. */
static int by_image(const void *a, const void *b) {
    const hone_detection *x = a, *y = b;
    if (x->box.class_index != y->box.class_index)
        return x->box.class_index < y->box.class_index ? -1 : 1;
    if (x->image != y->image) return x->image < y->image ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* First element of a[0..count) whose class, or class and image, is not less. */
static size_t lower_bound(const hone_detection *a, size_t count, int32_t class_index,
                          uint32_t image) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        bool less = a[mid].box.class_index < class_index ||
                    (a[mid].box.class_index == class_index && a[mid].image < image);
        if (less)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* right[i]: detection i of one class found a free true box at this threshold. */
static void match(const hone_detection *found, size_t found_count, const hone_detection *truth,
                  size_t truth_count, double threshold, uint8_t *taken, uint8_t *right) {
    memset(taken, 0, truth_count);
    for (size_t i = 0; i < found_count; i++) {
        size_t t = lower_bound(truth, truth_count, found[i].box.class_index, found[i].image);
        size_t best = truth_count;
        double best_iou = threshold;
        for (; t < truth_count && truth[t].image == found[i].image; t++) {
            double iou = taken[t] ? -1.0 : hone__box_iou(&found[i].box, &truth[t].box);
            if (iou < best_iou || (best < truth_count && iou == best_iou)) continue;
            best = t;
            best_iou = iou;
        }
        right[i] = best < truth_count;
        if (right[i]) taken[best] = 1;
    }
}

/* Area under every step of recall, and the mean of precision at 101 recalls. precision[found_count]
 * is scratch. */
static void areas(const uint8_t *right, size_t found_count, size_t truth_count, double *precision,
                  double *area, double *mean101) {
    size_t hits = 0, at = 0;
    double sum = 0.0;
    *area = 0.0;
    for (size_t i = 0; i < found_count; i++) {
        hits += right[i];
        precision[i] = (double)hits / (double)(i + 1);
    }
    for (size_t i = found_count; i-- > 1;)
        if (precision[i] > precision[i - 1]) precision[i - 1] = precision[i];
    for (size_t i = 0; i < found_count; i++)
        if (right[i]) *area += precision[i] / (double)truth_count;
    hits = 0;
    for (int r = 0; r <= 100; r++) {
        for (; at < found_count; at++) {
            if ((double)(hits + right[at]) / (double)truth_count >= r * 0.01) break;
            hits += right[at];
        }
        if (at < found_count) sum += precision[at];
    }
    *mean101 = sum / 101.0;
}

static void judge_class(const hone_detection *found, size_t found_count,
                        const hone_detection *truth, size_t truth_count, uint8_t *taken,
                        uint8_t *right, double *precision, hone_class_result *result) {
    double area = 0.0, mean101 = 0.0;
    for (int i = 0; i < THRESHOLDS; i++) {
        match(found, found_count, truth, truth_count, 0.5 + 0.05 * i, taken, right);
        areas(right, found_count, truth_count, precision, &area, &mean101);
        if (i == 0) result->ap50 = area;
        result->ap += mean101 / THRESHOLDS;
    }
}

static void judge(const hone_detection *found, size_t found_count, const hone_detection *truth,
                  size_t truth_count, hone_class_result *classes, uint32_t class_count,
                  uint8_t *flags, double *precision) {
    for (uint32_t c = 0; c < class_count; c++) {
        size_t f = lower_bound(found, found_count, (int32_t)c, 0);
        size_t f_end = f, t = lower_bound(truth, truth_count, (int32_t)c, 0);
        size_t t_end = lower_bound(truth, truth_count, (int32_t)c + 1, 0);
        classes[c] = (hone_class_result){.count = t_end - t};
        while (f_end < found_count && found[f_end].box.class_index == (int32_t)c) f_end++;
        if (t_end > t)
            judge_class(found + f, f_end - f, truth + t, t_end - t, flags, flags + truth_count,
                        precision, &classes[c]);
    }
}

static void sort(hone_detection *d, size_t count, int (*order)(const void *, const void *)) {
    for (size_t i = 0; i < count; i++) d[i].order = (uint32_t)i;
    if (count) qsort(d, count, sizeof *d, order);
}

hone_status hone__average_precision(hone_detection *found, size_t found_count,
                                    hone_detection *truth, size_t truth_count,
                                    hone_class_result *classes, uint32_t class_count, double *map50,
                                    double *map, hone_error *error) {
    uint8_t *flags = hone__alloc(NULL, found_count + truth_count + 1, 1);
    double *precision = hone__alloc(NULL, found_count + 1, sizeof *precision);
    uint32_t judged = 0;
    hone_status status = HONE_OK;
    *map50 = *map = 0.0;
    if (flags && precision) {
        sort(found, found_count, best_first);
        sort(truth, truth_count, by_image);
        judge(found, found_count, truth, truth_count, classes, class_count, flags, precision);
        for (uint32_t c = 0; c < class_count; c++) {
            if (classes[c].count == 0) continue;
            judged++;
            *map50 += classes[c].ap50;
            *map += classes[c].ap;
        }
        *map50 = judged ? *map50 / judged : 0.0;
        *map = judged ? *map / judged : 0.0;
    } else {
        status = hone_fail_memory(error, found_count * sizeof *precision);
    }
    hone__free(NULL, flags, found_count + truth_count + 1);
    hone__free(NULL, precision, (found_count + 1) * sizeof *precision);
    return status;
}

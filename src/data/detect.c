/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs of detectors to boxes: decoding, then suppression per class. Corners leave here relative
 * to the whole picture, whatever resize and crop the model saw, and may reach over its edge. */
#include "data/average_precision.h"
#include "data/card.h"
#include "data/feed.h"
#include "data/values.h"

#include "base/error.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CANDIDATES 30000u /* the best of them, before suppression */

typedef struct decoding {
    const hone_model *model;
    const hone_card *card;
    const hone_tensor *outputs;
    uint32_t output_count, row;
    float score;
    hone_view view;
    uint32_t width, height; /* of the picture */
    hone_boxes *boxes;
    hone_error *error;
} decoding;

static hone_status add(const decoding *d, float score, int32_t class_index, float x0, float y0,
                       float x1, float y1) {
    hone_boxes *b = d->boxes;
    if (b->count == b->capacity) {
        uint32_t capacity = b->capacity ? b->capacity * 2 : 64;
        hone_box *grown =
            hone__grow(NULL, b->box, b->capacity * sizeof *grown, (size_t)capacity * sizeof *grown);
        if (!grown) return hone_fail_memory(d->error, capacity * sizeof *grown);
        b->box = grown;
        b->capacity = capacity;
    }
    b->box[b->count++] = (hone_box){x0, y0, x1, y1, score, class_index};
    return HONE_OK;
}

/* The real values of output `index` for the row; freed by values_free. */
typedef struct values {
    float *data;
    size_t count;
    const hone_shape *shape;
} values;

static hone_status values_read(const decoding *d, uint32_t index, values *v) {
    const hone_tensor *t = &d->outputs[index];
    uint32_t rows = t->shape.rank > 0 && t->shape.dim[0] > 0 ? (uint32_t)t->shape.dim[0] : 1;
    hone_row row;
    if (d->row >= rows)
        return hone_fail(d->error, HONE_USAGE, HONE_NO_OFFSET, "row %u of %u", d->row, rows);
    HONE_TRY(hone__row(t, d->row, rows, hone__output_quant(d->model, index), &row, d->error));
    v->data = hone__alloc(NULL, row.count + 1, sizeof *v->data);
    if (!v->data) return hone_fail_memory(d->error, row.count * sizeof *v->data);
    v->count = row.count;
    v->shape = &t->shape;
    hone__row_values(&row, v->data);
    return HONE_OK;
}

static void values_free(values *v) {
    hone__free(NULL, v->data, (v->count + 1) * sizeof *v->data);
    v->data = NULL;
}

static float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

/* One cell of FastestDet: v points at its first channel, channels lie `plane` apart. */
static hone_status fastestdet_cell(const decoding *d, const float *v, size_t plane, size_t classes,
                                   size_t x, size_t y, size_t w, size_t h) {
    size_t offset = d->card->class_offset, best = offset;
    float score = 0, cx = 0, cy = 0, bw = 0, bh = 0;
    for (size_t c = offset; c < classes; c++)
        if (v[(5 + c) * plane] > v[(5 + best) * plane]) best = c;
    score = powf(v[0], 0.6f) * powf(v[(5 + best) * plane], 0.4f);
    if (!(score > d->score)) return HONE_OK;
    cx = ((float)x + tanhf(v[plane])) / (float)w;
    cy = ((float)y + tanhf(v[2 * plane])) / (float)h;
    bw = sigmoid(v[3 * plane]);
    bh = sigmoid(v[4 * plane]);
    return add(d, score, (int32_t)(best - offset), cx - bw / 2, cy - bh / 2, cx + bw / 2,
               cy + bh / 2);
}

static hone_status fastestdet(const decoding *d) {
    values v = {0};
    const hone_shape *s = &d->outputs[0].shape;
    size_t h = 0, w = 0, channels = 0;
    hone_status status = HONE_OK;
    if (s->rank != 4 || s->dim[1] <= 5 + (int64_t)d->card->class_offset)
        return hone_fail(d->error, HONE_SHAPE, HONE_NO_OFFSET,
                         "the decoder 'fastestdet' wants an output of [1, 5 + classes, H, W]");
    channels = (size_t)s->dim[1], h = (size_t)s->dim[2], w = (size_t)s->dim[3];
    HONE_TRY(values_read(d, 0, &v));
    for (size_t i = 0; status == HONE_OK && i < h * w; i++)
        status = fastestdet_cell(d, v.data + i, h * w, channels - 5, i % w, i / w, w, h);
    values_free(&v);
    return status;
}

/* The output that the card names, or the one at the place of old. */
static hone_status output_named(const decoding *d, const char *name, uint32_t otherwise,
                                uint32_t *index) {
    hone_port port;
    *index = otherwise;
    for (uint32_t i = 0; name && i < d->output_count; i++) {
        if (hone_model_output(d->model, i, &port) != HONE_OK || strcmp(port.name, name) != 0)
            continue;
        *index = i;
        return HONE_OK;
    }
    if (!name && otherwise < d->output_count) return HONE_OK;
    return hone_fail(d->error, HONE_NOT_FOUND, HONE_NO_OFFSET,
                     "the card's decoder names output '%s', which the model does not have",
                     name ? name : "(the second)");
}

static hone_status box_of_scores(const decoding *d, const float *corner, const float *scores,
                                 size_t classes) {
    float w = d->card->decoder.pixels ? (float)d->view.width : 1.0f;
    float h = d->card->decoder.pixels ? (float)d->view.height : 1.0f;
    for (size_t c = d->card->class_offset; c < classes; c++)
        if (scores[c] > d->score)
            HONE_TRY(add(d, scores[c], (int32_t)(c - d->card->class_offset), corner[0] / w,
                         corner[1] / h, corner[2] / w, corner[3] / h));
    return HONE_OK;
}

static hone_status boxes_scores(const decoding *d) {
    values corners = {0}, scores = {0};
    uint32_t b = 0, s = 0;
    size_t count = 0, classes = 0;
    hone_status status = HONE_OK;
    HONE_TRY(output_named(d, d->card->decoder.boxes, 0, &b));
    HONE_TRY(output_named(d, d->card->decoder.scores, 1, &s));
    status = values_read(d, b, &corners);
    if (status == HONE_OK) status = values_read(d, s, &scores);
    count = corners.count / 4;
    classes = count ? scores.count / count : 0;
    if (status == HONE_OK && (corners.count % 4 || count * classes != scores.count))
        status = hone_fail(d->error, HONE_SHAPE, HONE_NO_OFFSET,
                           "the decoder 'boxes_scores' wants outputs of [1, N, 4] and [1, N, "
                           "classes]");
    for (size_t i = 0; status == HONE_OK && i < count; i++)
        status = box_of_scores(d, corners.data + 4 * i, scores.data + classes * i, classes);
    values_free(&corners);
    values_free(&scores);
    return status;
}

static int best_first(const void *a, const void *b) {
    float x = ((const hone_box *)a)->score, y = ((const hone_box *)b)->score;
    return x > y ? -1 : x < y;
}

/* Keeps, from the best on, what overlaps no kept box of its class by more than the threshold. */
static void suppress(hone_boxes *b, float threshold) {
    uint32_t kept = 0;
    if (b->count) qsort(b->box, b->count, sizeof *b->box, best_first);
    if (b->count > MAX_CANDIDATES) b->count = MAX_CANDIDATES;
    for (uint32_t i = 0; i < b->count; i++) {
        bool free_of_others = true;
        for (uint32_t k = 0; k < kept && free_of_others; k++)
            free_of_others = b->box[k].class_index != b->box[i].class_index ||
                             hone__box_iou(&b->box[k], &b->box[i]) <= (double)threshold;
        if (free_of_others) b->box[kept++] = b->box[i];
    }
    b->count = kept;
}

/* From what the model saw to the whole picture. */
static void uncrop(const decoding *d) {
    const hone_view *v = &d->view;
    if (v->width == v->resized_width && v->height == v->resized_height) return;
    for (uint32_t i = 0; i < d->boxes->count; i++) {
        hone_box *b = &d->boxes->box[i];
        b->x0 = (b->x0 * (float)v->width + (float)v->left) / (float)v->resized_width;
        b->x1 = (b->x1 * (float)v->width + (float)v->left) / (float)v->resized_width;
        b->y0 = (b->y0 * (float)v->height + (float)v->top) / (float)v->resized_height;
        b->y1 = (b->y1 * (float)v->height + (float)v->top) / (float)v->resized_height;
    }
}

hone_status hone_detect(const hone_model *model, const hone_card *card, const hone_tensor *outputs,
                        uint32_t output_count, uint32_t row, uint32_t width, uint32_t height,
                        float score, hone_boxes *boxes, hone_error *error) {
    decoding d = {.model = model,
                  .card = card,
                  .outputs = outputs,
                  .output_count = output_count,
                  .row = row,
                  .boxes = boxes,
                  .error = error,
                  .score = score > 0 ? score : card->decoder.score};
    boxes->count = 0;
    if (output_count == 0 || card->decoder.type == HONE_DECODER_NONE)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                         "the card names no decoder ('fastestdet' or 'boxes_scores')");
    d.view = (hone_view){width, height, 0, 0, width, height};
    if (card->input_count)
        HONE_TRY(hone__view_plan(&card->inputs[0], width, height, &d.view, error));
    HONE_TRY(card->decoder.type == HONE_DECODER_FASTESTDET ? fastestdet(&d) : boxes_scores(&d));
    suppress(boxes, card->decoder.nms_iou);
    uncrop(&d);
    return HONE_OK;
}

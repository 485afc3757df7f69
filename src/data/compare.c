/* SPDX-License-Identifier: Apache-2.0 */
/* Two models on the same samples, decoded once. */
#include "data/evaluate.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include <math.h>
#include <string.h>

#define AGREE_SCORE 0.3 /* boxes below it are noise, of which models need not agree */
#define AGREE_IOU   0.5

typedef struct comparison {
    hone_runner runner[2];
    hone_judge judge[2];
    hone_stage stage;
    const hone_dataset *dataset;
    const hone_eval_options *options;
    hone_compare_result *result;
    uint64_t agreed, asked; /* answers, or boxes of both models */
    double cosines;
    float *values[2]; /* one row of one output */
    size_t value_count;
} comparison;

/* ---- Cosine ---- */

static hone_status open_values(comparison *c, hone_error *error) {
    const hone_runner *a = &c->runner[0], *b = &c->runner[1];
    if (a->output_count != b->output_count)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                         "the models have %u and %u outputs and cannot be compared",
                         a->output_count, b->output_count);
    for (uint32_t i = 0; i < a->output_count; i++) {
        hone_port x, y;
        int64_t n = 0, m = 0;
        HONE_TRY(hone_session_output(a->session, i, &x));
        HONE_TRY(hone_session_output(b->session, i, &y));
        HONE_TRY(hone_shape_elements(&x.shape, &n, error));
        HONE_TRY(hone_shape_elements(&y.shape, &m, error));
        if (n / a->batch != m / b->batch)
            return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                             "output %u has %lld values in one model and %lld in the other", i,
                             (long long)(n / a->batch), (long long)(m / b->batch));
        if ((size_t)(n / a->batch) > c->value_count) c->value_count = (size_t)(n / a->batch);
    }
    for (int k = 0; k < 2; k++) {
        c->values[k] = hone__alloc(NULL, c->value_count + 1, sizeof(float));
        if (!c->values[k]) return hone_fail_memory(error, c->value_count * sizeof(float));
    }
    return HONE_OK;
}

/* Over all outputs of one sample as one vector; two zero vectors are alike. */
static hone_status add_cosine(comparison *c, const uint32_t row[2], hone_error *error) {
    double ab = 0, aa = 0, bb = 0;
    for (uint32_t i = 0; i < c->runner[0].output_count; i++) {
        hone_row view[2];
        for (int k = 0; k < 2; k++) {
            hone_runner *r = &c->runner[k];
            HONE_TRY(hone__row(&r->outputs[i], row[k], r->batch, r->quant[i], &view[k], error));
            hone__row_values(&view[k], c->values[k]);
        }
        for (size_t v = 0; v < view[0].count; v++) {
            double x = (double)c->values[0][v], y = (double)c->values[1][v];
            ab += x * y, aa += x * x, bb += y * y;
        }
    }
    c->cosines += aa > 0 && bb > 0 ? ab / (sqrt(aa) * sqrt(bb)) : aa == bb ? 1.0 : 0.0;
    return HONE_OK;
}

/* ---- Agreement ---- */

static uint64_t strong(const hone_boxes *b) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < b->count; i++) count += (double)b->box[i].score >= AGREE_SCORE;
    return count;
}

/* Strong boxes of `a` that `b` has too, at whatever score. */
static uint64_t shared(const hone_boxes *a, const hone_boxes *b) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        bool found = false;
        if ((double)a->box[i].score < AGREE_SCORE) continue;
        for (uint32_t k = 0; k < b->count && !found; k++)
            found = a->box[i].class_index == b->box[k].class_index &&
                    hone__box_iou(&a->box[i], &b->box[k]) >= AGREE_IOU;
        count += found;
    }
    return count;
}

static void add_agreement(comparison *c, size_t index) {
    const hone_judge *a = &c->judge[0], *b = &c->judge[1];
    if (a->result->task == HONE_TASK_DETECTION) {
        c->asked += strong(&a->boxes) + strong(&b->boxes);
        c->agreed += shared(&a->boxes, &b->boxes) + shared(&b->boxes, &a->boxes);
        return;
    }
    c->asked++;
    c->agreed += a->result->answers[index] == b->result->answers[index];
}

/* ---- Running ---- */

/* The two batches may differ; both divide the block, or reach its end. */
static hone_status run_block(comparison *c, uint32_t count, hone_error *error) {
    uint32_t from[2] = {0, 0}, upto[2] = {0, 0};
    for (uint32_t i = 0; i < count; i++) {
        size_t index = c->stage.first + i;
        uint32_t row[2];
        for (int k = 0; k < 2; k++) {
            hone_runner *r = &c->runner[k];
            if (i == upto[k]) {
                from[k] = i;
                upto[k] = count - i < r->batch ? count : i + r->batch;
                HONE_TRY(hone__runner_run(r, c->stage.bytes[k] + i * hone__feed_bytes(r->feed),
                                          upto[k] - i, error));
            }
            row[k] = i - from[k];
            HONE_TRY(hone__judge_sample(&c->judge[k], index, row[k], &c->stage.samples[i], error));
        }
        add_agreement(c, index);
        HONE_TRY(add_cosine(c, row, error));
        if (c->options && c->options->progress &&
            !c->options->progress(c->options->progress_user, "compare", index + 1,
                                  hone_dataset_count(c->dataset)))
            return hone_fail(error, HONE_CANCELLED, HONE_NO_OFFSET, "cancelled");
    }
    return HONE_OK;
}

static hone_status run_all(comparison *c, hone_error *error) {
    size_t total = hone_dataset_count(c->dataset);
    for (size_t first = 0; first < total; first += c->stage.capacity) {
        size_t left = total - first;
        uint32_t count = left < c->stage.capacity ? (uint32_t)left : c->stage.capacity;
        HONE_TRY(hone__stage_load(&c->stage, first, count, error));
        HONE_TRY(run_block(c, count, error));
    }
    HONE_TRY(hone__judge_end(&c->judge[0], error));
    return hone__judge_end(&c->judge[1], error);
}

static hone_status open_all(comparison *c, const hone_model *a, const hone_model *b,
                            hone_error *error) {
    hone_runner *runners[2] = {&c->runner[0], &c->runner[1]};
    hone_eval_result *results[2] = {&c->result->a, &c->result->b};
    HONE_TRY(hone__runner_open(&c->runner[0], a, c->dataset, c->options, error));
    HONE_TRY(hone__runner_open(&c->runner[1], b, c->dataset, c->options, error));
    for (int k = 0; k < 2; k++)
        HONE_TRY(hone__judge_open(&c->judge[k], runners[k], c->dataset, false, results[k], error));
    if (c->result->a.task != c->result->b.task)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                         "one model's task is '%s', the other's '%s'",
                         hone_task_name(c->result->a.task), hone_task_name(c->result->b.task));
    HONE_TRY(open_values(c, error));
    return hone__stage_open(&c->stage, c->dataset, runners, 2, c->options ? c->options->threads : 0,
                            error);
}

static void finish(comparison *c, double seconds) {
    hone_compare_result *r = c->result;
    r->a.seconds = r->b.seconds = seconds;
    r->agree_percent = c->asked ? 100.0 * (double)c->agreed / (double)c->asked : 100.0;
    r->cosine = r->a.count ? c->cosines / (double)r->a.count : 1.0;
    r->drop_points = (r->a.value - r->b.value) * 100.0;
}

static void close_all(comparison *c) {
    hone__stage_close(&c->stage);
    for (int k = 0; k < 2; k++) {
        hone__free(NULL, c->values[k], (c->value_count + 1) * sizeof(float));
        hone__judge_close(&c->judge[k]);
        hone__runner_close(&c->runner[k]);
    }
}

hone_status hone_compare(const hone_model *a, const hone_model *b, const hone_dataset *dataset,
                         const hone_eval_options *options, hone_compare_result *result,
                         hone_error *error) {
    double started = hone__now_ms();
    comparison c = {.dataset = dataset, .options = options, .result = result};
    hone_status status = HONE_OK;
    memset(result, 0, sizeof *result);
    status = open_all(&c, a, b, error);
    if (status == HONE_OK) status = run_all(&c, error);
    if (status == HONE_OK) finish(&c, (hone__now_ms() - started) / 1e3);
    close_all(&c);
    if (status != HONE_OK) hone_compare_result_free(result);
    return status;
}

void hone_compare_result_free(hone_compare_result *result) {
    hone_eval_result_free(&result->a);
    hone_eval_result_free(&result->b);
    memset(result, 0, sizeof *result);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "data/evaluate.h"

#include "base/alloc.h"
#include "base/error.h"
#include "data/card.h"
#include <string.h>

static hone_task_kind task_of(const hone_runner *r, const hone_dataset *dataset) {
    if (r->card) return hone_card_task(r->card);
    return hone_dataset_classes(dataset) ? HONE_TASK_CLASSIFICATION : HONE_TASK_REGRESSION;
}

static bool is_classifier(hone_task_kind task) {
    return task == HONE_TASK_CLASSIFICATION || task == HONE_TASK_KEYWORD;
}

static const char *metric_of(hone_task_kind task) {
    if (task == HONE_TASK_DETECTION) return "map50";
    return task == HONE_TASK_REGRESSION ? "mse" : "accuracy";
}

static bool has_labels(hone_task_kind task, const hone_dataset *dataset) {
    hone_form form = hone_dataset_form(dataset);
    if (task == HONE_TASK_DETECTION) return form == HONE_FORM_YOLO;
    if (task == HONE_TASK_REGRESSION) return form == HONE_FORM_NPY;
    return form != HONE_FORM_YOLO && hone_dataset_classes(dataset) > 0;
}

static hone_status allocate(hone_judge *j, const hone_dataset *dataset, hone_error *error) {
    hone_eval_result *r = j->result;
    hone_port port;
    int64_t elements = 0;
    size_t answers = r->task == HONE_TASK_DETECTION ? 0 : r->count;
    HONE_TRY(hone_session_output(j->runner->session, 0, &port));
    HONE_TRY(hone_shape_elements(&port.shape, &elements, error));
    j->value_count = (size_t)elements / j->runner->batch;
    j->values = hone__alloc(NULL, j->value_count + 1, sizeof *j->values);
    r->class_count = hone_dataset_classes(dataset);
    r->classes = hone__calloc(NULL, r->class_count + 1, sizeof *r->classes);
    r->answers = hone__alloc(NULL, answers + 1, sizeof *r->answers);
    return j->values && r->classes && r->answers
               ? HONE_OK
               : hone_fail_memory(error, r->count * sizeof *r->answers);
}

hone_status hone__judge_open(hone_judge *j, hone_runner *runner, const hone_dataset *dataset,
                             bool labels_needed, hone_eval_result *result, hone_error *error) {
    uint32_t offset = runner->card ? hone_card_class_offset(runner->card) : 0;
    memset(j, 0, sizeof *j);
    memset(result, 0, sizeof *result);
    j->runner = runner;
    j->result = result;
    result->task = task_of(runner, dataset);
    result->metric = metric_of(result->task);
    result->count = hone_dataset_count(dataset);
    if (result->task == HONE_TASK_ANOMALY)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "models of the task 'anomaly' are not judged yet");
    j->labelled = has_labels(result->task, dataset);
    if (!j->labelled && labels_needed)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                         "data of the form '%s' has no labels for the task '%s'",
                         hone_form_name(hone_dataset_form(dataset)), hone_task_name(result->task));
    HONE_TRY(allocate(j, dataset, error));
    if (j->labelled && is_classifier(result->task) &&
        hone_dataset_classes(dataset) + (size_t)offset > j->value_count)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                         "the data has classes up to %u (and an offset of %u), the model has %zu "
                         "outputs",
                         hone_dataset_classes(dataset) - 1, offset, j->value_count);
    return HONE_OK;
}

static hone_status push(hone_detection **list, size_t *count, size_t *capacity, uint32_t image,
                        const hone_box *box, hone_error *error) {
    if (*count == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 1024;
        hone_detection *grown =
            hone__grow(NULL, *list, *capacity * sizeof *grown, more * sizeof *grown);
        if (!grown) return hone_fail_memory(error, more * sizeof *grown);
        *list = grown;
        *capacity = more;
    }
    (*list)[(*count)++] = (hone_detection){image, 0, *box};
    return HONE_OK;
}

static hone_status judge_boxes(hone_judge *j, size_t index, uint32_t row, const hone_sample *sample,
                               hone_error *error) {
    hone_runner *r = j->runner;
    HONE_TRY(hone_detect(r->model, r->card, r->outputs, r->output_count, row, sample->picture.width,
                         sample->picture.height, 0, &j->boxes, error));
    for (uint32_t i = 0; i < j->boxes.count; i++)
        HONE_TRY(push(&j->found, &j->found_count, &j->found_capacity, (uint32_t)index,
                      &j->boxes.box[i], error));
    for (uint32_t i = 0; i < sample->boxes.count; i++)
        HONE_TRY(push(&j->truth, &j->truth_count, &j->truth_capacity, (uint32_t)index,
                      &sample->boxes.box[i], error));
    return HONE_OK;
}

/* How many outputs come before `wanted`: larger ones, and equal ones of a lower index. */
static size_t rank_of(const float *v, size_t count, size_t wanted) {
    size_t rank = 0;
    for (size_t i = 0; i < count; i++)
        rank += v[i] > v[wanted] || (v[i] == v[wanted] && i < wanted);
    return v[wanted] == v[wanted] ? rank : count; /* NaN is never right */
}

static size_t largest(const float *v, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (v[i] > v[best] || v[best] != v[best]) best = i;
    return best;
}

static void judge_class(hone_judge *j, size_t index, const hone_sample *sample) {
    uint32_t offset = j->runner->card ? hone_card_class_offset(j->runner->card) : 0;
    hone_class_result *class_result = NULL;
    size_t rank = 0;
    j->result->answers[index] =
        (int32_t)((int64_t)largest(j->values, j->value_count) - (int64_t)offset);
    if (j->result->answers[index] < 0) j->result->answers[index] = -1;
    if (!j->labelled || sample->class_index < 0) return;
    rank = rank_of(j->values, j->value_count, (size_t)sample->class_index + offset);
    class_result = &j->result->classes[sample->class_index];
    class_result->count++;
    class_result->correct += rank == 0;
    j->right += rank == 0;
    j->right5 += rank < 5;
}

hone_status hone__judge_sample(hone_judge *j, size_t index, uint32_t row, const hone_sample *sample,
                               hone_error *error) {
    hone_runner *r = j->runner;
    hone_row view;
    double error_of_one = 0;
    if (j->result->task == HONE_TASK_DETECTION) return judge_boxes(j, index, row, sample, error);
    HONE_TRY(hone__row(&r->outputs[0], row, r->batch, r->quant[0], &view, error));
    if (view.count != j->value_count || view.count == 0)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "the output changed its size");
    hone__row_values(&view, j->values);
    if (is_classifier(j->result->task)) {
        judge_class(j, index, sample);
        return HONE_OK;
    }
    error_of_one = (double)j->values[0] - (double)sample->target;
    j->squares += error_of_one * error_of_one;
    j->result->answers[index] = -1;
    return HONE_OK;
}

hone_status hone__judge_end(hone_judge *j, hone_error *error) {
    hone_eval_result *r = j->result;
    if (!j->labelled || r->count == 0) return HONE_OK;
    if (r->task == HONE_TASK_DETECTION) {
        HONE_TRY(hone__average_precision(j->found, j->found_count, j->truth, j->truth_count,
                                         r->classes, r->class_count, &r->map50, &r->map, error));
        r->value = r->map50;
    } else if (r->task == HONE_TASK_REGRESSION) {
        r->value = j->squares / (double)r->count;
    } else {
        r->value = (double)j->right / (double)r->count;
        r->top5 = (double)j->right5 / (double)r->count;
    }
    return HONE_OK;
}

void hone__judge_close(hone_judge *j) {
    hone__free(NULL, j->values, (j->value_count + 1) * sizeof *j->values);
    hone__free(NULL, j->found, j->found_capacity * sizeof *j->found);
    hone__free(NULL, j->truth, j->truth_capacity * sizeof *j->truth);
    hone_boxes_free(&j->boxes);
    j->values = NULL;
    j->found = j->truth = NULL;
}

void hone_eval_result_free(hone_eval_result *result) {
    bool boxes = result->task == HONE_TASK_DETECTION;
    hone__free(NULL, result->classes, (result->class_count + 1) * sizeof *result->classes);
    hone__free(NULL, result->answers, ((boxes ? 0 : result->count) + 1) * sizeof *result->answers);
    memset(result, 0, sizeof *result);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Judging models on data: accuracy, mean average precision, agreement of two models; and what one
 * output says (top classes, boxes). */
#ifndef HONE_EVAL_H
#define HONE_EVAL_H

#include <hone/data.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_eval_options {
    const hone_allocator *allocator;
    uint32_t threads;
    hone_cpu_tier cpu;
    uint32_t batch; /* samples a run where the model's leading dimension is free; 0: chosen */
    const hone_card *card;  /* instead of the model's own; NULL: the model's */
    hone_progress progress; /* may be NULL; returning false ends with HONE_CANCELLED */
    void *progress_user;
} hone_eval_options;

/* One class of the data. */
typedef struct hone_class_result {
    uint64_t count;   /* samples (classification) or boxes (detection) of this class */
    uint64_t correct; /* classification: answered right at first */
    double ap50, ap;  /* detection: average precision; 0 for a class without boxes */
} hone_class_result;

typedef struct hone_eval_result {
    hone_task_kind task;
    const char *metric; /* "accuracy", "map50" or "mse": a constant */
    double value;       /* a fraction, 0 to 1; mse: the mean squared error */
    size_t count;
    double seconds;
    double top5;       /* classification */
    double map50, map; /* detection */
    uint32_t class_count;
    hone_class_result *classes; /* owned */
    int32_t *answers; /* classification: the data's class answered for each sample (-1: a class the
                         data cannot have, as background); owned */
} hone_eval_result;

/* Runs `model` over `dataset`. `options` may be NULL. Free the result with hone_eval_result_free.
 * HONE_USAGE where the data lacks what the task needs (labels, boxes), HONE_NOT_FOUND without a
 * card where one is needed. */
HONE_API hone_status hone_evaluate(const hone_model *model, const hone_dataset *dataset,
                                   const hone_eval_options *options, hone_eval_result *result,
                                   hone_error *error);
HONE_API void hone_eval_result_free(hone_eval_result *result);

typedef struct hone_compare_result {
    hone_eval_result a, b;
    double agree_percent; /* classification: samples with the same first answer. detection: boxes of
                             score 0.3 and more that the other model has too (class, IoU 0.5) */
    double cosine;        /* mean over samples of the cosine between all raw outputs */
    double drop_points;   /* (a.value - b.value) * 100 */
} hone_compare_result;

/* Both models on the same samples, each with its own card (options->card is for both). */
HONE_API hone_status hone_compare(const hone_model *a, const hone_model *b,
                                  const hone_dataset *dataset, const hone_eval_options *options,
                                  hone_compare_result *result, hone_error *error);
HONE_API void hone_compare_result_free(hone_compare_result *result);

/* ---- One output ---- */

typedef struct hone_ranked {
    int32_t output;    /* index in the output */
    float score;       /* probability: the value itself where the row is a distribution, else its
                          softmax */
    const char *label; /* of the card, or NULL; lives as long as the card */
} hone_ranked;

/* The k largest of row `row` of a classifier's output, ties to the lower index. `*count` becomes
 * min(k, classes). Integer outputs are read with the model's scale. `card` may be NULL. */
HONE_API hone_status hone_top_k(const hone_model *model, const hone_card *card,
                                const hone_tensor *output, uint32_t row, uint32_t k,
                                hone_ranked *ranked, uint32_t *count, hone_error *error);

/* The boxes of row `row` of a detector's outputs, as the card's decoder says, best first, after
 * suppression per class. `score` > 0 replaces the card's threshold. `width`, `height`: of the
 * picture before resize and crop, to which the boxes are relative. Replaces what *boxes holds. */
HONE_API hone_status hone_detect(const hone_model *model, const hone_card *card,
                                 const hone_tensor *outputs, uint32_t output_count, uint32_t row,
                                 uint32_t width, uint32_t height, float score, hone_boxes *boxes,
                                 hone_error *error);

/* Draws boxes with labels and scores onto an RGB picture, in place. */
HONE_API hone_status hone_picture_draw_boxes(hone_picture *picture, const hone_card *card,
                                             const hone_boxes *boxes, hone_error *error);

#ifdef __cplusplus
}
#endif
#endif

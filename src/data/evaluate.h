/* SPDX-License-Identifier: Apache-2.0 */
/* Judging the rows of one model's outputs, sample by sample; evaluation and comparison use it. */
#ifndef HONE_DATA_EVALUATE_H
#define HONE_DATA_EVALUATE_H

#include "data/average_precision.h"
#include "data/runner.h"

typedef struct hone_judge {
    hone_runner *runner;
    hone_eval_result *result;
    bool labelled; /* the data has what the task is judged by */
    uint64_t right, right5;
    double squares;
    float *values; /* one row of the first output */
    size_t value_count;
    hone_boxes boxes; /* of the last sample, detection */
    hone_detection *found, *truth;
    size_t found_count, found_capacity, truth_count, truth_capacity;
} hone_judge;

/* `labels_needed`: HONE_USAGE where the data cannot judge the task. */
hone_status hone__judge_open(hone_judge *judge, hone_runner *runner, const hone_dataset *dataset,
                             bool labels_needed, hone_eval_result *result, hone_error *error);
/* After a run: row `row` holds the answer for sample `index`. */
hone_status hone__judge_sample(hone_judge *judge, size_t index, uint32_t row,
                               const hone_sample *sample, hone_error *error);
hone_status hone__judge_end(hone_judge *judge, hone_error *error);
void hone__judge_close(hone_judge *judge);

#endif

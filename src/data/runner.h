/* SPDX-License-Identifier: Apache-2.0 */
/* What evaluation and comparison share: a model opened for data, and samples decoded and encoded
 * ahead on the pool's threads. */
#ifndef HONE_DATA_RUNNER_H
#define HONE_DATA_RUNNER_H

#include "base/pool.h"
#include "data/feed.h"
#include "data/values.h"
#include <hone/eval.h>

typedef struct hone_runner {
    const hone_model *model;
    hone_card *own_card;
    const hone_card *card; /* NULL: none */
    hone_session *session;
    hone_feed *feed;
    uint32_t batch, output_count;
    hone_tensor *outputs;   /* views after a run */
    hone_port_quant *quant; /* of the outputs */
} hone_runner;

/* Opens the session and chooses the batch. Close it in any case. */
hone_status hone__runner_open(hone_runner *runner, const hone_model *model,
                              const hone_dataset *dataset, const hone_eval_options *options,
                              hone_error *error);
void hone__runner_close(hone_runner *runner);
/* Runs `count` <= batch encoded samples that lie one after the other. */
hone_status hone__runner_run(hone_runner *runner, const uint8_t *samples, uint32_t count,
                             hone_error *error);

#define HONE_STAGE_FEEDS 2

/* A block of samples, encoded for every feed; the samples' pictures are gone, their sizes stay. */
typedef struct hone_stage {
    const hone_dataset *dataset;
    const hone_feed *feed[HONE_STAGE_FEEDS];
    uint32_t feed_count, capacity;
    uint8_t *bytes[HONE_STAGE_FEEDS];
    hone_sample *samples;
    hone_error *errors;
    hone_pool *pool;
    uint32_t threads;
    size_t first;
} hone_stage;

hone_status hone__stage_open(hone_stage *stage, const hone_dataset *dataset,
                             hone_runner *const *runners, uint32_t runner_count, uint32_t threads,
                             hone_error *error);
void hone__stage_close(hone_stage *stage);
hone_status hone__stage_load(hone_stage *stage, size_t first, uint32_t count, hone_error *error);

#endif

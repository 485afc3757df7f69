/* SPDX-License-Identifier: Apache-2.0 */
#include "data/evaluate.h"

#include "base/clock.h"
#include "base/error.h"
#include <string.h>

static hone_status tell(const hone_eval_options *options, size_t done, size_t total,
                        hone_error *error) {
    if (!options || !options->progress) return HONE_OK;
    if (options->progress(options->progress_user, "eval", done, total)) return HONE_OK;
    return hone_fail(error, HONE_CANCELLED, HONE_NO_OFFSET, "cancelled after %zu of %zu samples",
                     done, total);
}

/* Runs and judges the samples that the stage holds. */
static hone_status run_block(hone_runner *r, hone_stage *stage, hone_judge *judge, uint32_t count,
                             const hone_eval_options *options, hone_error *error) {
    size_t bytes = hone__feed_bytes(r->feed);
    for (uint32_t at = 0; at < count; at += r->batch) {
        uint32_t now = count - at < r->batch ? count - at : r->batch;
        HONE_TRY(hone__runner_run(r, stage->bytes[0] + at * bytes, now, error));
        for (uint32_t i = 0; i < now; i++)
            HONE_TRY(hone__judge_sample(judge, stage->first + at + i, i, &stage->samples[at + i],
                                        error));
        HONE_TRY(tell(options, stage->first + at + now, hone_dataset_count(stage->dataset), error));
    }
    return HONE_OK;
}

static hone_status run_all(hone_runner *r, hone_stage *stage, hone_judge *judge,
                           const hone_eval_options *options, hone_error *error) {
    size_t total = hone_dataset_count(stage->dataset);
    for (size_t first = 0; first < total; first += stage->capacity) {
        size_t left = total - first;
        uint32_t count = left < stage->capacity ? (uint32_t)left : stage->capacity;
        HONE_TRY(hone__stage_load(stage, first, count, error));
        HONE_TRY(run_block(r, stage, judge, count, options, error));
    }
    return hone__judge_end(judge, error);
}

hone_status hone_evaluate(const hone_model *model, const hone_dataset *dataset,
                          const hone_eval_options *options, hone_eval_result *result,
                          hone_error *error) {
    double started = hone__now_ms();
    hone_runner runner = {0}, *runners[1] = {&runner};
    hone_stage stage = {0};
    hone_judge judge = {0};
    hone_status status = HONE_OK;
    memset(result, 0, sizeof *result);
    status = hone__runner_open(&runner, model, dataset, options, error);
    if (status == HONE_OK) status = hone__judge_open(&judge, &runner, dataset, true, result, error);
    if (status == HONE_OK)
        status =
            hone__stage_open(&stage, dataset, runners, 1, options ? options->threads : 0, error);
    if (status == HONE_OK) status = run_all(&runner, &stage, &judge, options, error);
    result->seconds = (hone__now_ms() - started) / 1e3;
    hone__stage_close(&stage);
    hone__judge_close(&judge);
    hone__runner_close(&runner);
    if (status != HONE_OK) hone_eval_result_free(result);
    return status;
}

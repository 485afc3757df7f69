/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline: split the data, make and measure the candidates, choose, judge the choice once on
 * samples that nothing else has seen. */
#include "base/clock.h"
#include "base/error.h"
#include "search/internal.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_CALIBRATION 512
#define DEFAULT_CHOICE      4000

static hone_status drawn(hone_dataset **from, uint64_t limit, uint64_t seed, hone_dataset **out,
                         hone_error *error) {
    hone_status status = hone_dataset_limit(*from, limit, seed, out, error);
    hone_dataset_free(*from);
    *from = NULL;
    return status;
}

/* A fifth for the final judgement where no test data is given; of the rest a quarter to calibrate,
 * the others to choose. */
static hone_status split(hone__search *s, hone_error *error) {
    const hone_optimize_options *o = s->options;
    hone_dataset *rest = NULL, *calibration = NULL, *choice = NULL;
    hone_status status = o->test ? hone_dataset_part(o->test, 1, 1, false, &s->test, error)
                                 : hone_dataset_part(o->data, 5, 5, false, &s->test, error);
    if (status == HONE_OK)
        status = o->test ? hone_dataset_part(o->data, 1, 1, false, &rest, error)
                         : hone_dataset_part(o->data, 5, 5, true, &rest, error);
    if (status == HONE_OK) status = hone_dataset_part(rest, 1, 4, false, &calibration, error);
    if (status == HONE_OK) status = hone_dataset_part(rest, 1, 4, true, &choice, error);
    if (status == HONE_OK)
        status =
            drawn(&calibration, o->calibration_limit ? o->calibration_limit : DEFAULT_CALIBRATION,
                  o->seed, &s->calibration, error);
    if (status == HONE_OK)
        status = drawn(&choice, o->choice_limit ? o->choice_limit : DEFAULT_CHOICE, o->seed + 1,
                       &s->choice, error);
    hone_dataset_free(rest);
    hone_dataset_free(calibration);
    hone_dataset_free(choice);
    return status;
}

static hone_status check_split(hone__search *s, hone_error *error) {
    hone_optimize_result *r = s->result;
    r->calibration_samples = hone_dataset_count(s->calibration);
    r->choice_samples = hone_dataset_count(s->choice);
    r->test_samples = hone_dataset_count(s->test);
    if (r->calibration_samples && r->choice_samples && r->test_samples) return HONE_OK;
    return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                     "too little data: calibration, choice and test need samples of their own");
}

static bool out_of_time(const hone__search *s) {
    double limit = s->options->minutes * 6e4;
    return limit > 0 && hone__now_ms() - s->started_ms > limit;
}

/* float32 is always tried; the others while time lasts. */
static hone_status try_candidates(hone__search *s, hone_error *error) {
    bool made = true;
    for (uint32_t i = 0; i < HONE__MOST_CANDIDATES && made; i++) {
        if (i && out_of_time(s)) break;
        HONE_TRY(hone__candidate_make(s, i, &made, error));
        if (!made) break;
        s->count = s->result->candidate_count = i + 1;
        HONE_TRY(hone__measure_size(s, i, error));
        HONE_TRY(hone__measure_quality(s, i, error));
    }
    return hone__measure_speed(s, error);
}

/* The float model and the choice on the test data. Where nothing was chosen the nearest one is
 * judged. */
static hone_status judge(hone__search *s, hone_error *error) {
    hone_optimize_result *r = s->result;
    const hone_eval_options options = {.threads = s->options->threads,
                                       .cpu = s->options->cpu,
                                       .card = s->card,
                                       .progress = s->options->progress,
                                       .progress_user = s->options->progress_user};
    hone_compare_result both = {0};
    hone_status status = hone_compare(s->trials[0].model, s->trials[r->nearest].model, s->test,
                                      &options, &both, error);
    r->test_before = both.a.value;
    r->test_after = both.b.value;
    r->drop_points = both.drop_points;
    hone_compare_result_free(&both);
    double limit = r->budget.max_drop_points;
    r->met = r->chosen >= 0 && (limit < 0 || r->drop_points <= limit);
    return status;
}

/* The layers of the chosen candidate; where that is a float one, of the first quantized. */
static hone_status take_sensitivity(hone__search *s, hone_error *error) {
    hone_optimize_result *r = s->result;
    const hone_quantize_report *from = &s->trials[r->nearest].layers;
    for (uint32_t i = 0; i < s->count && !from->layer_count; i++) from = &s->trials[i].layers;
    if (!from->layer_count) return HONE_OK;
    r->sensitivity = calloc(from->layer_count, sizeof *r->sensitivity);
    if (!r->sensitivity) return hone_fail_memory(error, from->layer_count);
    for (uint32_t i = 0; i < from->layer_count; i++) {
        if (!(from->layers[i].sqnr_db > -1e9 && from->layers[i].sqnr_db < 1e9)) continue;
        hone_layer_sensitivity *to = &r->sensitivity[r->sensitivity_count++];
        *to = (hone_layer_sensitivity){strdup(from->layers[i].name), from->layers[i].op,
                                       from->layers[i].sqnr_db};
        if (!to->name) return hone_fail_memory(error, strlen(from->layers[i].name));
    }
    return HONE_OK;
}

static hone_status finish(hone__search *s, hone_error *error) {
    hone_optimize_result *r = s->result;
    hone__choose(r);
    HONE_TRY(judge(s, error));
    const hone_candidate *after = &r->candidates[r->nearest];
    uint64_t original = s->options->original_bytes;
    r->original_bytes = original ? original : r->candidates[0].file_bytes;
    r->ratio_size = (double)after->file_bytes / (double)r->original_bytes;
    r->ratio_latency = after->median_ms / r->candidates[0].median_ms;
    r->tier = hone_session_tier(s->trials[0].session);
    r->threads = hone_session_threads(s->trials[0].session);
    HONE_TRY(take_sensitivity(s, error));
    HONE_TRY(hone__profile(s, 0, &r->time_before, &r->time_before_count, error));
    HONE_TRY(hone__profile(s, r->nearest, &r->time_after, &r->time_after_count, error));
    HONE_TRY(hone__show_samples(s, error));
    if (r->chosen >= 0) return hone_model_clone(s->trials[r->chosen].model, &r->model, error);
    return HONE_OK;
}

static hone_status begin(hone__search *s, const hone_model *model, hone_error *error) {
    hone_optimize_result *r = s->result;
    *r = (hone_optimize_result){.budget = s->options->budget, .chosen = -1};
    r->candidates = calloc(HONE__MOST_CANDIDATES, sizeof *r->candidates);
    if (!r->candidates) return hone_fail_memory(error, sizeof *r->candidates);
    HONE_TRY(hone_model_clone(model, &s->base, error));
    HONE_TRY(hone_model_simplify(s->base, error));
    HONE_TRY(hone_card_of(s->base, &s->card, error));
    HONE_TRY(split(s, error));
    return check_split(s, error);
}

static void close_trial(hone__trial *trial) {
    hone_feed_free(trial->feed);
    hone_session_free(trial->session);
    hone_model_free(trial->model);
    hone_quantize_report_free(&trial->layers);
    free(trial->ms);
}

static void end(hone__search *s) {
    for (uint32_t i = 0; i < HONE__MOST_CANDIDATES; i++) close_trial(&s->trials[i]);
    hone_dataset_free(s->calibration);
    hone_dataset_free(s->choice);
    hone_dataset_free(s->test);
    hone_card_free(s->card);
    hone_model_free(s->base);
}

hone_status hone_optimize(const hone_model *model, const hone_optimize_options *options,
                          hone_optimize_result *result, hone_error *error) {
    hone__search s = {.options = options, .result = result, .started_ms = hone__now_ms()};
    hone_status status = begin(&s, model, error);
    if (status == HONE_OK) status = try_candidates(&s, error);
    if (status == HONE_OK) status = finish(&s, error);
    end(&s);
    if (status != HONE_OK) hone_optimize_result_free(result);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is tried. A further candidate is one more row. */
#include "base/error.h"
#include "search/internal.h"

#include <stdio.h>

typedef enum { AS_IT_IS, FLOAT16_WEIGHTS, INT8 } recipe_kind;

typedef struct {
    const char *name;
    recipe_kind kind;
    hone_calibration calibration;
    double percentile;
} recipe;

static const recipe recipes[] = {
    {"float32", AS_IT_IS, HONE_CALIBRATE_MINMAX, 0},
    {"float16 weights", FLOAT16_WEIGHTS, HONE_CALIBRATE_MINMAX, 0},
    {"int8 min-max", INT8, HONE_CALIBRATE_MINMAX, 0},
    {"int8 percentile 99.99", INT8, HONE_CALIBRATE_PERCENTILE, 99.99},
    {"int8 percentile 99.9", INT8, HONE_CALIBRATE_PERCENTILE, 99.9},
};

/* The calibration samples, one by one, as the session of the float model takes them. */
typedef struct {
    hone__search *s;
    size_t at;
} feeder;

static hone_status feeder_next(void *user, hone_tensor *inputs, hone_error *error) {
    feeder *f = user;
    hone_feed *feed = f->s->trials[0].feed;
    if (f->at >= hone_dataset_count(f->s->calibration)) return HONE_NOT_FOUND;
    HONE_TRY(hone_feed_load(feed, f->s->calibration, f->at++, 1, error));
    for (uint32_t i = 0; i < hone_model_inputs(f->s->base); i++)
        inputs[i] = hone_feed_inputs(feed)[i];
    return HONE_OK;
}

static hone_status feeder_restart(void *user, hone_error *error) {
    (void)error;
    ((feeder *)user)->at = 0;
    return HONE_OK;
}

static hone_status make_int8(hone__search *s, const recipe *from, hone__trial *trial,
                             hone_error *error) {
    const hone_optimize_options *o = s->options;
    feeder f = {.s = s};
    const hone_sample_source source = {feeder_next, feeder_restart, &f};
    const hone_quantize_options options = {.calibration = from->calibration,
                                           .percentile = from->percentile,
                                           .threads = o->threads,
                                           .cpu = o->cpu,
                                           .progress = o->progress,
                                           .progress_user = o->progress_user};
    return hone_quantize(s->base, &source, &options, &trial->model, &trial->layers, error);
}

static hone_status make_model(hone__search *s, const recipe *from, hone__trial *trial,
                              hone_error *error) {
    switch (from->kind) {
    case AS_IT_IS:
        return hone_model_clone(s->base, &trial->model, error);
    case FLOAT16_WEIGHTS:
        return hone_model_to_float16(s->base, &trial->model, error);
    case INT8:
        return make_int8(s, from, trial, error);
    }
    return HONE_USAGE;
}

static hone_status open_session(hone__search *s, hone__trial *trial, hone_error *error) {
    const hone_session_options options = {
        .threads = s->options->threads, .cpu = s->options->cpu, .batch = 1};
    HONE_TRY(hone_session_create(trial->model, &options, &trial->session, error));
    return hone_feed_create(trial->model, trial->session, s->card, &trial->feed, error);
}

hone_status hone__candidate_make(hone__search *s, uint32_t index, bool *made, hone_error *error) {
    *made = index < sizeof recipes / sizeof *recipes;
    if (!*made) return HONE_OK;
    hone__trial *trial = &s->trials[index];
    hone_status status = make_model(s, &recipes[index], trial, error);
    if (status == HONE_OK) status = open_session(s, trial, error);
    if (status != HONE_OK) {
        hone_error_prefix(error, "%s", recipes[index].name);
        return status;
    }
    snprintf(s->result->candidates[index].name, HONE_CANDIDATE_NAME, "%s", recipes[index].name);
    return HONE_OK;
}

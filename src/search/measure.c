/* SPDX-License-Identifier: Apache-2.0 */
/* Size, quality, speed and memory of the candidates, each measured on this machine. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "search/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The size of the .hone file it makes; the file is written for real and removed. */
hone_status hone__measure_size(hone__search *s, uint32_t index, hone_error *error) {
    const char *root = getenv("TMPDIR");
    char folder[512], path[544];
    struct stat facts;
    snprintf(folder, sizeof folder, "%s/hone-XXXXXX", root && *root ? root : "/tmp");
    if (!mkdtemp(folder))
        return hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: cannot make a folder", folder);
    snprintf(path, sizeof path, "%s/candidate.hone", folder);
    hone_status status = hone_model_save(s->trials[index].model, path, error);
    if (status == HONE_OK && stat(path, &facts))
        status = hone_fail(error, HONE_IO, HONE_NO_OFFSET, "%s: cannot look at it", path);
    if (status == HONE_OK) s->result->candidates[index].file_bytes = (uint64_t)facts.st_size;
    unlink(path);
    rmdir(folder);
    return status;
}

hone_status hone__measure_quality(hone__search *s, uint32_t index, hone_error *error) {
    const hone_optimize_options *o = s->options;
    const hone_eval_options options = {.threads = o->threads,
                                       .cpu = o->cpu,
                                       .card = s->card,
                                       .progress = o->progress,
                                       .progress_user = o->progress_user};
    hone_eval_result result = {0};
    hone_status status = hone_evaluate(s->trials[index].model, s->choice, &options, &result, error);
    s->result->candidates[index].value = result.value;
    s->result->metric = result.metric;
    hone_eval_result_free(&result);
    return status;
}

static hone_status run_once(hone__trial *trial, double *ms, hone_error *error) {
    hone_tensor *outputs = calloc(hone_session_outputs(trial->session) + 1, sizeof *outputs);
    if (!outputs) return hone_fail_memory(error, sizeof *outputs);
    double start = hone__now_ms();
    hone_status status =
        hone_session_run(trial->session, hone_feed_inputs(trial->feed), outputs, error);
    *ms = hone__now_ms() - start;
    free(outputs);
    return status;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static hone_status warm_up(hone__search *s, double *longest, hone_error *error) {
    double ms;
    for (uint32_t i = 0; i < s->count; i++) {
        hone__trial *trial = &s->trials[i];
        trial->ms = calloc(HONE__MOST_ROUNDS, sizeof *trial->ms);
        if (!trial->ms) return hone_fail_memory(error, HONE__MOST_ROUNDS * sizeof *trial->ms);
        HONE_TRY(hone_feed_load(trial->feed, s->choice, 0, 1, error));
        for (int again = 0; again < 3; again++) HONE_TRY(run_once(trial, &ms, error));
        if (ms > *longest) *longest = ms;
    }
    return HONE_OK;
}

#define TIMING_BUDGET_MS 2000.0 /* for each candidate */

static hone_status rounds(hone__search *s, uint32_t count, hone_error *error) {
    for (uint32_t round = 0; round < count; round++) {
        for (uint32_t i = 0; i < s->count; i++) {
            /* Whoever goes first in a round pays for a cold cache: take turns. */
            hone__trial *trial = &s->trials[(i + round) % s->count];
            HONE_TRY(run_once(trial, &trial->ms[round], error));
        }
        if (s->options->progress &&
            !s->options->progress(s->options->progress_user, "timing", round + 1, count))
            return hone_fail(error, HONE_CANCELLED, HONE_NO_OFFSET, "cancelled");
    }
    return HONE_OK;
}

hone_status hone__measure_speed(hone__search *s, hone_error *error) {
    double longest = 0.001;
    HONE_TRY(warm_up(s, &longest, error));
    double fit = TIMING_BUDGET_MS / longest;
    uint32_t count = fit > HONE__MOST_ROUNDS ? HONE__MOST_ROUNDS : fit < 5 ? 5 : (uint32_t)fit;
    HONE_TRY(rounds(s, count, error));
    for (uint32_t i = 0; i < s->count; i++) {
        hone_candidate *c = &s->result->candidates[i];
        hone_session_memory memory;
        qsort(s->trials[i].ms, count, sizeof(double), ascending);
        c->median_ms = s->trials[i].ms[count / 2];
        c->min_ms = s->trials[i].ms[0];
        hone_session_get_memory(s->trials[i].session, &memory);
        c->arena_bytes = memory.arena_bytes;
        c->weight_bytes = memory.weight_bytes;
    }
    return HONE_OK;
}

static hone_status copy_layers(const hone_session *session, hone_layer_time **times,
                               uint32_t *count, hone_error *error) {
    uint32_t layers = hone_session_layers(session);
    *times = calloc(layers + 1, sizeof **times);
    if (!*times) return hone_fail_memory(error, layers * sizeof **times);
    for (*count = 0; *count < layers; ++*count) {
        hone_layer_profile layer;
        hone_layer_time *t = &(*times)[*count];
        HONE_TRY(hone_session_layer(session, *count, &layer));
        *t =
            (hone_layer_time){strdup(layer.name), strdup(layer.op), strdup(layer.kernel), layer.ms};
        if (!t->name || !t->op || !t->kernel) return hone_fail_memory(error, sizeof *t);
    }
    return HONE_OK;
}

#define PROFILE_RUNS 30

hone_status hone__profile(hone__search *s, uint32_t index, hone_layer_time **times, uint32_t *count,
                          hone_error *error) {
    const hone_session_options options = {
        .threads = s->options->threads, .cpu = s->options->cpu, .batch = 1, .profile = true};
    hone__trial profiled = {.feed = s->trials[index].feed};
    double ms;
    HONE_TRY(hone_session_create(s->trials[index].model, &options, &profiled.session, error));
    hone_status status = run_once(&profiled, &ms, error);
    hone_session_reset_profile(profiled.session);
    for (int i = 0; i < PROFILE_RUNS && status == HONE_OK; i++)
        status = run_once(&profiled, &ms, error);
    if (status == HONE_OK) status = copy_layers(profiled.session, times, count, error);
    hone_session_free(profiled.session);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Ten test samples, spread over the data, with what both models say of them. Only pictures with
 * classes are shown. */
#include "base/error.h"
#include "search/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *label;
    double score;
    bool right;
} answer;

static char *label_text(const hone__search *s, int64_t output) {
    char made[32];
    const char *label = output >= 0 ? hone_card_label(s->card, (uint32_t)output) : NULL;
    snprintf(made, sizeof made, "class %" PRId64, output);
    return strdup(label ? label : made);
}

static hone_status ask(hone__search *s, const hone__trial *trial, size_t index, int64_t truth,
                       answer *out, hone_error *error) {
    hone_tensor *outputs = calloc(hone_session_outputs(trial->session) + 1, sizeof *outputs);
    hone_ranked best = {0};
    uint32_t count = 0;
    if (!outputs) return hone_fail_memory(error, sizeof *outputs);
    hone_status status = hone_feed_load(trial->feed, s->test, index, 1, error);
    if (status == HONE_OK)
        status = hone_session_run(trial->session, hone_feed_inputs(trial->feed), outputs, error);
    if (status == HONE_OK)
        status = hone_top_k(trial->model, s->card, &outputs[0], 0, 1, &best, &count, error);
    free(outputs);
    if (status != HONE_OK) return status;
    out->score = (double)best.score;
    out->right = count && best.output == truth;
    out->label = label_text(s, count ? best.output : -1);
    return out->label ? HONE_OK : hone_fail_memory(error, 32);
}

static hone_status show(hone__search *s, size_t index, const hone__trial *after,
                        hone_shown_sample *shown, hone_error *error) {
    hone_sample sample = {0};
    answer first = {0}, second = {0};
    int64_t truth = -1;
    hone_status status = hone_dataset_read(s->test, index, &sample, error);
    if (status == HONE_OK)
        status = hone_picture_encode_png(&sample.picture, &shown->png, &shown->png_bytes, error);
    if (status == HONE_OK) truth = sample.class_index + hone_card_class_offset(s->card);
    hone_sample_free(&sample);
    if (status == HONE_OK) status = ask(s, &s->trials[0], index, truth, &first, error);
    if (status == HONE_OK) status = ask(s, after, index, truth, &second, error);
    shown->truth = label_text(s, truth);
    shown->before = first.label, shown->before_score = first.score;
    shown->after = second.label, shown->after_score = second.score;
    shown->before_right = first.right, shown->after_right = second.right;
    return status == HONE_OK && !shown->truth ? hone_fail_memory(error, 32) : status;
}

static bool can_show(const hone__search *s) {
    hone_sample sample = {0};
    bool shows = hone_card_task(s->card) == HONE_TASK_CLASSIFICATION &&
                 hone_dataset_count(s->test) > 0 &&
                 hone_dataset_read(s->test, 0, &sample, NULL) == HONE_OK && sample.picture.data;
    hone_sample_free(&sample);
    return shows;
}

hone_status hone__show_samples(hone__search *s, hone_error *error) {
    hone_optimize_result *r = s->result;
    if (!s->card || !can_show(s)) return HONE_OK;
    size_t count = hone_dataset_count(s->test);
    uint32_t shown = count < HONE_SHOWN_SAMPLES ? (uint32_t)count : HONE_SHOWN_SAMPLES;
    for (r->sample_count = 0; r->sample_count < shown; r->sample_count++)
        HONE_TRY(show(s, r->sample_count * count / shown, &s->trials[r->nearest],
                      &r->samples[r->sample_count], error));
    return HONE_OK;
}

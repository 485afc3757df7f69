/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of src/search share: one optimization under way. */
#ifndef HONE_SEARCH_INTERNAL_H
#define HONE_SEARCH_INTERNAL_H

#include <hone/optimize.h>
#include <hone/quantize.h>

#define HONE__MOST_CANDIDATES 8

/* One candidate and what it takes to measure it. */
typedef struct hone__trial {
    hone_model *model;
    hone_session *session;
    hone_feed *feed;
    hone_quantize_report layers; /* of quantized ones */
    double *ms;                  /* HONE__MOST_ROUNDS entries, sorted in the end */
} hone__trial;

#define HONE__MOST_ROUNDS 400

typedef struct hone__search {
    const hone_optimize_options *options;
    hone_model *base; /* the float model, simplified */
    hone_card *card;
    hone_dataset *calibration, *choice, *test; /* parts that share no sample */
    hone__trial trials[HONE__MOST_CANDIDATES];
    uint32_t count;
    hone_optimize_result *result;
    double started_ms;
} hone__search;

/* candidates.c: what is tried, in order; makes trial `index` and its candidate's name. *made is
 * false past the last. */
hone_status hone__candidate_make(hone__search *s, uint32_t index, bool *made, hone_error *error);

/* measure.c */
hone_status hone__measure_size(hone__search *s, uint32_t index, hone_error *error);
hone_status hone__measure_quality(hone__search *s, uint32_t index, hone_error *error);
hone_status hone__measure_speed(hone__search *s, hone_error *error); /* all trials, interleaved */
hone_status hone__profile(hone__search *s, uint32_t index, hone_layer_time **times, uint32_t *count,
                          hone_error *error);

/* choose.c: fills drop_points, meets, on_front, why; result->chosen and nearest. No samples are
 * read. */
void hone__choose(hone_optimize_result *result);

/* show.c: ten test samples with both models' answers. */
hone_status hone__show_samples(hone__search *s, hone_error *error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Freeing what an optimization gave. */
#include "search/internal.h"

#include <stdlib.h>

static void free_times(hone_layer_time *times, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        free(times[i].name);
        free(times[i].op);
        free(times[i].kernel);
    }
    free(times);
}

static void free_sample(hone_shown_sample *sample) {
    free(sample->png);
    free(sample->truth);
    free(sample->before);
    free(sample->after);
}

void hone_optimize_result_free(hone_optimize_result *r) {
    for (uint32_t i = 0; i < r->sensitivity_count; i++) free(r->sensitivity[i].name);
    free(r->sensitivity);
    free_times(r->time_before, r->time_before_count);
    free_times(r->time_after, r->time_after_count);
    for (uint32_t i = 0; i < HONE_SHOWN_SAMPLES; i++) free_sample(&r->samples[i]);
    free(r->candidates);
    hone_model_free(r->model);
    *r = (hone_optimize_result){.chosen = -1};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest and fastest model inside a budget, and the report that proves it. */
#ifndef HONE_OPTIMIZE_H
#define HONE_OPTIMIZE_H

#include <hone/eval.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a candidate has to keep; 0 (drop: negative) means no limit. */
typedef struct hone_budget {
    double
        max_drop_points; /* percentage points below the float model, judged on the choice samples */
    uint64_t max_size_bytes;
    double max_latency_ms;
    uint64_t max_memory_bytes; /* arena and weights */
} hone_budget;

#define HONE_CANDIDATE_NAME 48
#define HONE_CANDIDATE_WHY  160

typedef struct hone_candidate {
    char name[HONE_CANDIDATE_NAME]; /* "float32", "float16 weights", "int8 percentile", ... */
    uint64_t file_bytes;            /* as a .hone file */
    double value;                   /* of the metric, on the choice samples */
    double drop_points;             /* below float32, same samples */
    double median_ms, min_ms;       /* one run of one sample, all candidates interleaved */
    uint64_t arena_bytes, weight_bytes;
    bool meets;                   /* the budget */
    bool on_front;                /* no other is better in value, size and latency at once */
    char why[HONE_CANDIDATE_WHY]; /* why it was chosen, or why not */
} hone_candidate;

typedef struct hone_layer_sensitivity {
    char *name;
    const char *op;
    double sqnr_db; /* of its output when the model is quantized: signal to noise */
} hone_layer_sensitivity;

typedef struct hone_layer_time {
    char *name;
    char *op, *kernel;
    double ms;
} hone_layer_time;

/* One picture of the test data and what both models say. */
typedef struct hone_shown_sample {
    uint8_t *png; /* png_bytes, owned */
    size_t png_bytes;
    char *truth, *before, *after; /* labels */
    double before_score, after_score;
    bool before_right, after_right;
} hone_shown_sample;

#define HONE_SHOWN_SAMPLES 10

typedef struct hone_optimize_result {
    hone_budget budget;
    hone_candidate *candidates; /* [0] is the float model */
    uint32_t candidate_count;
    int32_t chosen;    /* index; -1: none meets the budget */
    uint32_t nearest;  /* the candidate that misses it least; equals chosen where one was chosen */
    bool met;          /* chosen, and the final judgement keeps max_drop_points too */
    hone_model *model; /* the chosen one (or NULL), owned */
    const char *metric;
    uint64_t calibration_samples, choice_samples, test_samples;
    double test_before, test_after,
        drop_points;         /* final judgement, on samples used for nothing else */
    double ratio_size;       /* chosen file over the original file */
    double ratio_latency;    /* chosen median over float median */
    uint64_t original_bytes; /* the file that came in */
    hone_layer_sensitivity *sensitivity;
    uint32_t sensitivity_count;
    hone_layer_time *time_before, *time_after;
    uint32_t time_before_count, time_after_count;
    hone_shown_sample samples[HONE_SHOWN_SAMPLES];
    uint32_t sample_count;
    hone_cpu_tier tier;
    uint32_t threads;
} hone_optimize_result;

typedef struct hone_optimize_options {
    hone_budget budget;
    const hone_dataset
        *data; /* calibration and choice; and the final judgement where test is NULL */
    const hone_dataset *test;   /* may be NULL: a fifth of data is set aside */
    uint64_t calibration_limit; /* most samples to calibrate on; 0: 512 */
    uint64_t choice_limit;      /* most samples to choose on; 0: 4000 */
    double minutes;             /* stop trying further candidates after that; 0: no limit */
    uint32_t threads;
    hone_cpu_tier cpu;
    uint64_t seed;
    uint64_t original_bytes; /* size of the file the model came from */
    hone_progress progress;
    void *progress_user;
} hone_optimize_options;

/* Tries float32, float16 weights and int8 in several calibrations, measures size, quality, latency
 * and memory of each here, and keeps the best inside the budget. HONE_OK also when none meets it:
 * see result->met. On any other status the result is empty. Free it with hone_optimize_result_free.
 */
HONE_API hone_status hone_optimize(const hone_model *model, const hone_optimize_options *options,
                                   hone_optimize_result *result, hone_error *error);
HONE_API void hone_optimize_result_free(hone_optimize_result *result);

/* What the report says of its making. */
typedef struct hone_report_about {
    const char *title;   /* the model's name */
    const char *command; /* exactly what was typed */
    const char *data, *test;
    const char *out;  /* the file written, may be NULL */
    const char *cpu;  /* the processor's name, may be NULL */
    const char *date; /* ISO 8601 */
} hone_report_about;

/* One HTML file without outside references, readable on a phone; written beside `path` and renamed.
 */
HONE_API hone_status hone_report_write(const hone_optimize_result *result,
                                       const hone_report_about *about, const char *path,
                                       hone_error *error);

#ifdef __cplusplus
}
#endif
#endif

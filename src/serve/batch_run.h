/* SPDX-License-Identifier: Apache-2.0 */
/* Samples from many callers run together: sessions of 1, 2, 4, ... samples over one model, and the
 * memory in which samples are laid side by side. Used by one thread at a time. */
#ifndef HONE_SERVE_BATCH_RUN_H
#define HONE_SERVE_BATCH_RUN_H

#include <hone/serve.h>

#define HONE_MOST_SIZES 8 /* 1 to 128 samples */

typedef struct hone_batch_runs {
    const hone_allocator *allocator;
    hone_session *sessions[HONE_MOST_SIZES]; /* [k]: of 2^k samples */
    uint32_t sizes;
    uint32_t input_count, output_count;
    hone_port *inputs, *outputs; /* of one sample */
    size_t *input_bytes, *output_bytes;
    hone_tensor *side_by_side; /* one a model input: room for the largest batch */
    hone_tensor *views;        /* one a model output */
    uint64_t runs, samples;
} hone_batch_runs;

/* One sample on its way: what the caller gave, and what came of it. */
typedef struct hone_sample {
    const hone_tensor *inputs;
    hone_tensor *outputs;
    hone_status status;
    hone_error error;
} hone_sample;

hone_status hone__batch_runs_init(hone_batch_runs *runs, const hone_model *model,
                                  const hone_session_options *options, uint32_t max_batch,
                                  hone_error *error);
void hone__batch_runs_release(hone_batch_runs *runs); /* half-made ones too */

/* HONE_SHAPE where the tensors are not one sample of the model. */
hone_status hone__batch_check(const hone_batch_runs *runs, const hone_tensor *inputs,
                              const hone_tensor *outputs, hone_error *error);

/* Runs them all. A run that fails is repeated sample by sample, so that each gets its own status.
 */
void hone__batch_run(hone_batch_runs *runs, hone_sample *const *samples, uint32_t count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "data/runner.h"

#include "base/alloc.h"
#include "base/error.h"
#include <string.h>

static hone_status open_session(hone_runner *r, const hone_eval_options *options, int64_t batch,
                                hone_error *error) {
    hone_session_options so = {0};
    if (options) {
        so.allocator = options->allocator;
        so.threads = options->threads;
        so.cpu = options->cpu;
    }
    so.batch = batch;
    return hone_session_create(r->model, &so, &r->session, error);
}

/* Small inputs go in larger batches: the work a run is then worth its fixed cost. */
static int64_t choose_batch(const hone_runner *r, const hone_dataset *dataset,
                            const hone_eval_options *options) {
    hone_port port;
    int64_t elements = 1, batch = options ? options->batch : 0;
    if (hone_model_inputs(r->model) < 1 || hone_model_input(r->model, 0, &port) != HONE_OK)
        return 1;
    if (port.shape.rank < 1 || port.shape.dim[0] >= 0) return 1;
    for (int32_t i = 1; i < port.shape.rank; i++)
        if (port.shape.dim[i] > 0 && elements < INT32_MAX) elements *= port.shape.dim[i];
    if (!batch) batch = elements <= 4096 ? 32 : elements <= 65536 ? 8 : 1;
    if (batch > (int64_t)hone_dataset_count(dataset)) batch = (int64_t)hone_dataset_count(dataset);
    return batch;
}

/* Do all outputs of the open session have the batch as their leading dimension? */
static bool batch_goes_through(const hone_runner *r, int64_t batch) {
    for (uint32_t i = 0; i < hone_session_outputs(r->session); i++) {
        hone_port port;
        if (hone_session_output(r->session, i, &port) != HONE_OK) return false;
        if (batch > 1 && (port.shape.rank < 1 || port.shape.dim[0] != batch)) return false;
    }
    return true;
}

/* A model whose inside is fixed to one sample runs one at a time. */
static hone_status open_batched(hone_runner *r, const hone_dataset *dataset,
                                const hone_eval_options *options, hone_error *error) {
    int64_t batch = choose_batch(r, dataset, options);
    if (batch > 1 && open_session(r, options, batch, NULL) == HONE_OK) {
        if (batch_goes_through(r, batch)) return HONE_OK;
        hone_session_free(r->session);
        r->session = NULL;
    }
    return open_session(r, options, 1, error);
}

static hone_status open_card(hone_runner *r, const hone_dataset *dataset,
                             const hone_eval_options *options, hone_error *error) {
    size_t size = 0;
    r->card = options ? options->card : NULL;
    if (r->card) return HONE_OK;
    if (!hone_model_card(r->model, &size) && hone_dataset_form(dataset) == HONE_FORM_NPY)
        return HONE_OK;
    HONE_TRY(hone_card_of(r->model, &r->own_card, error));
    r->card = r->own_card;
    return HONE_OK;
}

static hone_status open_outputs(hone_runner *r, hone_error *error) {
    r->output_count = hone_session_outputs(r->session);
    if (r->output_count == 0)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "the model has no output");
    r->outputs = hone__calloc(NULL, r->output_count, sizeof *r->outputs);
    r->quant = hone__calloc(NULL, r->output_count, sizeof *r->quant);
    if (!r->outputs || !r->quant) return hone_fail_memory(error, sizeof *r->outputs);
    for (uint32_t i = 0; i < r->output_count; i++) r->quant[i] = hone__output_quant(r->model, i);
    return HONE_OK;
}

hone_status hone__runner_open(hone_runner *r, const hone_model *model, const hone_dataset *dataset,
                              const hone_eval_options *options, hone_error *error) {
    memset(r, 0, sizeof *r);
    r->model = model;
    HONE_TRY(open_card(r, dataset, options, error));
    HONE_TRY(open_batched(r, dataset, options, error));
    HONE_TRY(hone_feed_create(model, r->session, r->card, &r->feed, error));
    r->batch = hone_feed_batch(r->feed);
    return open_outputs(r, error);
}

void hone__runner_close(hone_runner *r) {
    hone_feed_free(r->feed);
    hone_session_free(r->session);
    hone_card_free(r->own_card);
    hone__free(NULL, r->outputs, r->output_count * sizeof *r->outputs);
    hone__free(NULL, r->quant, r->output_count * sizeof *r->quant);
    memset(r, 0, sizeof *r);
}

hone_status hone__runner_run(hone_runner *r, const uint8_t *samples, uint32_t count,
                             hone_error *error) {
    memcpy(hone__feed_slot(r->feed, 0), samples, count * hone__feed_bytes(r->feed));
    for (uint32_t i = 0; i < r->output_count; i++) r->outputs[i].data = NULL;
    return hone_session_run(r->session, hone_feed_inputs(r->feed), r->outputs, error);
}

/* ---- Stage ---- */

#define STAGE_BYTES ((size_t)64 << 20) /* about what a block of encoded samples may take */

static uint32_t stage_capacity(hone_runner *const *runners, uint32_t runner_count,
                               uint32_t threads) {
    uint32_t capacity = 4 * threads, batch = 1;
    size_t bytes = 0;
    for (uint32_t i = 0; i < runner_count; i++) {
        if (runners[i]->batch > batch) batch = runners[i]->batch;
        bytes += hone__feed_bytes(runners[i]->feed);
    }
    while (capacity > 1 && capacity * bytes > STAGE_BYTES) capacity /= 2;
    /* A whole number of the larger batch: blocks then do not cut batches short. */
    return (capacity + batch - 1) / batch * batch;
}

hone_status hone__stage_open(hone_stage *s, const hone_dataset *dataset,
                             hone_runner *const *runners, uint32_t runner_count, uint32_t threads,
                             hone_error *error) {
    memset(s, 0, sizeof *s);
    s->dataset = dataset;
    s->threads = threads ? threads : hone__cpu_count();
    s->feed_count = runner_count;
    s->capacity = stage_capacity(runners, runner_count, s->threads);
    HONE_TRY(hone__pool_acquire(s->threads, &s->pool, error));
    for (uint32_t i = 0; i < runner_count; i++) {
        s->feed[i] = runners[i]->feed;
        s->bytes[i] = hone__alloc(NULL, s->capacity, hone__feed_bytes(s->feed[i]));
        if (!s->bytes[i]) return hone_fail_memory(error, hone__feed_bytes(s->feed[i]));
    }
    s->samples = hone__calloc(NULL, s->capacity, sizeof *s->samples);
    s->errors = hone__calloc(NULL, s->capacity, sizeof *s->errors);
    return s->samples && s->errors ? HONE_OK : hone_fail_memory(error, sizeof *s->errors);
}

void hone__stage_close(hone_stage *s) {
    for (uint32_t i = 0; s->samples && i < s->capacity; i++) hone_sample_free(&s->samples[i]);
    for (uint32_t i = 0; i < s->feed_count && s->feed[i]; i++)
        hone__free(NULL, s->bytes[i], s->capacity * hone__feed_bytes(s->feed[i]));
    hone__free(NULL, s->samples, s->capacity * sizeof *s->samples);
    hone__free(NULL, s->errors, s->capacity * sizeof *s->errors);
    if (s->pool) hone__pool_release(s->pool);
    memset(s, 0, sizeof *s);
}

static void load_one(void *context, uint32_t index, uint32_t worker) {
    hone_stage *s = context;
    hone_sample *sample = &s->samples[index];
    hone_error *error = &s->errors[index];
    hone_status status = hone_dataset_read(s->dataset, s->first + index, sample, error);
    char name[256];
    (void)worker;
    for (uint32_t i = 0; status == HONE_OK && i < s->feed_count; i++) {
        status = hone__feed_encode(s->feed[i], sample,
                                   s->bytes[i] + index * hone__feed_bytes(s->feed[i]), error);
        if (status == HONE_OK) continue;
        hone_dataset_item_name(s->dataset, s->first + index, name, sizeof name);
        (void)hone_error_prefix(error, "%s", name);
    }
    error->status = status;
    if (sample->picture.data) {
        hone_picture size = sample->picture;
        hone_picture_free(&sample->picture);
        sample->picture = (hone_picture){size.width, size.height, size.channels, NULL};
    }
}

hone_status hone__stage_load(hone_stage *s, size_t first, uint32_t count, hone_error *error) {
    s->first = first;
    hone__pool_run(s->pool, s->threads, count, load_one, s);
    for (uint32_t i = 0; i < count; i++) {
        if (s->errors[i].status == HONE_OK) continue;
        if (error) *error = s->errors[i];
        return s->errors[i].status;
    }
    return HONE_OK;
}

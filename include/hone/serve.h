/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a model to many: requests of several threads gathered into one run, and answers that are
 * remembered. */
#ifndef HONE_SERVE_H
#define HONE_SERVE_H

#include <hone/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Answers by inputs. Found by a hash of the inputs' types, shapes and bytes, decided by comparing
 * them; bounded in bytes, the least recently used answer goes first. One cache serves one model
 * with one set of session options: it cannot tell models apart. All functions may be called from
 * several threads at once. */
typedef struct hone_result_cache hone_result_cache;

/* `max_bytes`: inputs, outputs and book-keeping of all that is remembered. HONE_USAGE where it is
 * 0; HONE_MEMORY. */
HONE_API hone_status hone_result_cache_create(const hone_allocator *allocator, size_t max_bytes,
                                              hone_result_cache **cache, hone_error *error);
HONE_API void hone_result_cache_free(hone_result_cache *cache);

/* The answer to these inputs. outputs[i].data is the caller's memory of at least outputs[i].bytes;
 * type and shape are filled in, and `bytes` becomes what the answer has. *hit tells whether there
 * was one; where not, outputs are untouched. HONE_SHAPE where an output has less room than the
 * answer, or their number is another. */
HONE_API hone_status hone_result_cache_get(hone_result_cache *cache, const hone_tensor *inputs,
                                           uint32_t input_count, hone_tensor *outputs,
                                           uint32_t output_count, bool *hit, hone_error *error);

/* Remembers an answer in place of one that is there; everything is copied. An answer larger than
 * the whole cache changes nothing. HONE_UNSUPPORTED for tensors of strings; HONE_MEMORY; both leave
 * the cache as it was. */
HONE_API hone_status hone_result_cache_put(hone_result_cache *cache, const hone_tensor *inputs,
                                           uint32_t input_count, const hone_tensor *outputs,
                                           uint32_t output_count, hone_error *error);

/* hone_session_run_with, unless the answer is known; a new answer is remembered as far as memory
 * allows. Every outputs[i].data is the caller's memory: an answer that is remembered may be dropped
 * at any time, so there are no views. *hit may be NULL. */
HONE_API hone_status hone_result_cache_run(hone_result_cache *cache, hone_session *session,
                                           const hone_tensor *inputs, hone_tensor *outputs,
                                           const hone_run_options *options, bool *hit,
                                           hone_error *error);

typedef struct hone_result_cache_stats {
    uint64_t hits, misses; /* of get and run */
    uint64_t evicted;      /* answers that made room */
    uint64_t answers;      /* remembered now */
    size_t bytes;          /* in use now, at most max_bytes */
} hone_result_cache_stats;

HONE_API void hone_result_cache_get_stats(hone_result_cache *cache, hone_result_cache_stats *stats);

/* Requests from many threads, gathered along the leading dimension and run together.
 *
 * The model has to treat the samples of a batch one by one: its inputs and outputs have a leading
 * dimension that is symbolic or 1 in the file (hone_session_options.batch). A request is one
 * sample, shaped as a session of batch 1 has it. */
typedef struct hone_batcher hone_batcher;

typedef struct hone_batcher_options {
    const hone_allocator *allocator;
    uint32_t max_batch; /* samples a run, at most 128; 0: 8. Runs of 1, 2, 4, ... samples are
                           planned at creation; other numbers are made of these */
    double max_wait_ms; /* how long the first of a batch waits for others; 0: runs with those that
                           are there */
    uint32_t max_queue; /* requests that may wait; beyond, HONE_BUSY. 0: 1024 */
    hone_session_options session; /* threads, cpu, executor and so on; batch and input_shapes are
                                     not used, the allocator is the one above */
    hone_result_cache *cache;     /* asked first, in the caller's thread; or NULL */
} hone_batcher_options;

/* The model must outlive the batcher. Errors: those of hone_session_create, for every size of
 * batch; HONE_UNSUPPORTED where an output does not grow with the batch. `options` may be NULL. */
HONE_API hone_status hone_batcher_create(const hone_model *model,
                                         const hone_batcher_options *options,
                                         hone_batcher **batcher, hone_error *error);

/* Runs one sample and returns with its answer.
 *
 * inputs   one sample of each model input, read until the call returns.
 * outputs  the caller's memory, data not NULL: one sample of each model output.
 * options  may be NULL. The time counts while the request waits; once its batch runs, the batch is
 *          not ended for one request, and the answer is given even if it is late.
 * From any number of threads. Returns HONE_OK; HONE_SHAPE; HONE_BUSY when too many wait;
 * HONE_CANCELLED after a request to cancel, when time is over, or when the batcher closed; else
 * what the run of this very sample returned. */
HONE_API hone_status hone_batcher_run(hone_batcher *batcher, const hone_tensor *inputs,
                                      hone_tensor *outputs, const hone_run_options *options,
                                      hone_error *error);

/* Told once how a request ended, in a thread of the batcher or, with an answer from the cache, in
 * that of the call. `error` is valid during the call and says something where status is not
 * HONE_OK. Must not call functions of the batcher that wait: run, close, free. */
typedef void (*hone_batcher_done)(void *user, hone_status status, const hone_error *error);

/* The same without waiting. Inputs, outputs, what their data points to, and options->cancel stay
 * the caller's and in place until `done` was called; it is not called where this returns an error.
 */
HONE_API hone_status hone_batcher_submit(hone_batcher *batcher, const hone_tensor *inputs,
                                         hone_tensor *outputs, const hone_run_options *options,
                                         hone_batcher_done done, void *user, hone_error *error);

/* No more requests: later ones get HONE_CANCELLED. Those that wait are answered (`answer`) or
 * refused with HONE_CANCELLED; returns when all have been told. */
HONE_API void hone_batcher_close(hone_batcher *batcher, bool answer);

/* Closes, refusing what waits, and frees. No call may be under way but those that wait for an
 * answer, which get one. NULL is fine. */
HONE_API void hone_batcher_free(hone_batcher *batcher);

typedef struct hone_batcher_stats {
    uint64_t requests;  /* answered, in whatever way */
    uint64_t batches;   /* gathered */
    uint64_t runs;      /* of sessions: a batch of 5 is a run of 4 and one of 1 */
    uint64_t samples;   /* in those runs */
    uint64_t cancelled; /* requests ended before they ran */
    uint32_t largest;   /* batch gathered */
} hone_batcher_stats;

HONE_API void hone_batcher_get_stats(hone_batcher *batcher, hone_batcher_stats *stats);

#ifdef __cplusplus
}
#endif
#endif

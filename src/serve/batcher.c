/* SPDX-License-Identifier: Apache-2.0 */
/* The batcher: a queue of requests and one thread that gathers and runs them.
 *
 * A request lives on its caller's stack (run) or on the heap (submit), linked into the queue until
 * the thread takes it. Whoever unlinks it answers it: the thread after its run, the waiting caller
 * when its time is over, close. Time already spent waiting for the run before counts, so a busy
 * batcher waits for nobody and its batches grow by themselves. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "serve/batch_run.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define BATCH     8
#define MOST_WAIT 1024

typedef struct request request;
struct request {
    hone_sample sample; /* first: the runs know requests as samples */
    request *next;
    const hone_cancel *cancel;
    double came_ms, deadline_ms; /* 0: none */
    hone_batcher_done done;      /* NULL: somebody waits at `answered` */
    void *user;
    pthread_cond_t answered;
    bool over;
};

struct hone_batcher {
    const hone_allocator *allocator;
    hone_batch_runs runs; /* the thread's; its ports do not change */
    hone_result_cache *cache;
    uint32_t max_batch, max_queue;
    double max_wait_ms;
    pthread_mutex_t lock;
    pthread_cond_t news, quiet;
    pthread_condattr_t clock;
    request *first, **last;
    uint32_t waiting; /* in the queue */
    uint32_t open;    /* not answered */
    uint32_t callers; /* inside hone_batcher_run */
    bool closed, started;
    hone_batcher_stats stats;
    pthread_t thread;
    hone_sample *batch[1u << (HONE_MOST_SIZES - 1)];
};

static struct timespec moment(double ms) {
    double seconds = ms / 1e3;
    struct timespec at = {.tv_sec = (time_t)seconds};
    at.tv_nsec = (long)((seconds - (double)at.tv_sec) * 1e9);
    return at;
}

/* ---- answering ---- */

/* The lock is held, and is held again at the end: callbacks run without it. */
static void answer(hone_batcher *batcher, request *r) {
    hone_batcher_done done = r->done;
    batcher->stats.requests++;
    if (done) {
        pthread_mutex_unlock(&batcher->lock);
        done(r->user, r->sample.status, &r->sample.error);
        hone__free(batcher->allocator, r, sizeof *r);
        pthread_mutex_lock(&batcher->lock);
    } else {
        r->over = true;
        pthread_cond_signal(&r->answered);
    }
    if (--batcher->open == 0) pthread_cond_broadcast(&batcher->quiet);
}

static void refuse(hone_batcher *batcher, request *r, const char *why) {
    r->sample.status = hone_fail(&r->sample.error, HONE_CANCELLED, HONE_NO_OFFSET, "%s", why);
    batcher->stats.cancelled++;
    answer(batcher, r);
}

/* Why a request that has not run is not to run, or NULL. */
static const char *ended(const request *r) {
    if (r->cancel && hone_cancel_requested(r->cancel)) return "the run was cancelled";
    if (r->deadline_ms != 0 && hone__now_ms() >= r->deadline_ms) return "the run's time is over";
    return NULL;
}

/* ---- the queue; the lock is held ---- */

static void push(hone_batcher *batcher, request *r) {
    r->came_ms = hone__now_ms();
    *batcher->last = r;
    batcher->last = &r->next;
    batcher->waiting++;
    batcher->open++;
    if (batcher->waiting == 1 || batcher->waiting >= batcher->max_batch)
        pthread_cond_signal(&batcher->news);
}

static request *pop(hone_batcher *batcher) {
    request *r = batcher->first;
    batcher->first = r->next;
    if (!batcher->first) batcher->last = &batcher->first;
    batcher->waiting--;
    return r;
}

/* False when the thread has it already. */
static bool take_back(hone_batcher *batcher, request *r) {
    request **at = &batcher->first;
    while (*at && *at != r) at = &(*at)->next;
    if (!*at) return false;
    *at = r->next;
    if (!r->next) batcher->last = at;
    batcher->waiting--;
    return true;
}

/* ---- the thread ---- */

/* Until there are enough, or the first has waited long enough, or nobody more will come. */
static void gather(hone_batcher *batcher) {
    while (!batcher->first && !batcher->closed) pthread_cond_wait(&batcher->news, &batcher->lock);
    while (batcher->first && batcher->waiting < batcher->max_batch && !batcher->closed) {
        double until = batcher->first->came_ms + batcher->max_wait_ms;
        if (hone__now_ms() >= until) return;
        struct timespec at = moment(until);
        pthread_cond_timedwait(&batcher->news, &batcher->lock, &at);
    }
}

static uint32_t take_batch(hone_batcher *batcher) {
    uint32_t count = 0;
    while (batcher->first && count < batcher->max_batch) {
        request *r = pop(batcher);
        const char *why = ended(r);
        if (why)
            refuse(batcher, r, why);
        else
            batcher->batch[count++] = &r->sample;
    }
    return count;
}

static void run_batch(hone_batcher *batcher, uint32_t count) {
    hone__batch_run(&batcher->runs, batcher->batch, count);
    for (uint32_t i = 0; batcher->cache && i < count; i++) {
        const hone_sample *s = batcher->batch[i];
        if (s->status == HONE_OK) /* what cannot be remembered is computed again */
            (void)hone_result_cache_put(batcher->cache, s->inputs, batcher->runs.input_count,
                                        s->outputs, batcher->runs.output_count, NULL);
    }
}

static void *thread_main(void *argument) {
    hone_batcher *batcher = (hone_batcher *)argument;
    pthread_mutex_lock(&batcher->lock);
    while (batcher->first || !batcher->closed) {
        gather(batcher);
        uint32_t count = take_batch(batcher);
        if (count == 0) continue;
        pthread_mutex_unlock(&batcher->lock);
        run_batch(batcher, count);
        pthread_mutex_lock(&batcher->lock);
        hone_batcher_stats *stats = &batcher->stats;
        stats->batches++;
        stats->runs = batcher->runs.runs, stats->samples = batcher->runs.samples;
        if (count > stats->largest) stats->largest = count;
        for (uint32_t i = 0; i < count; i++) answer(batcher, (request *)batcher->batch[i]);
    }
    pthread_mutex_unlock(&batcher->lock);
    return NULL;
}

/* ---- requests ---- */

/* Known from the cache, wrong, refused, or queued (*queued). */
static hone_status enter(hone_batcher *batcher, request *r, bool *queued, hone_error *error) {
    bool hit = false;
    HONE_TRY(hone__batch_check(&batcher->runs, r->sample.inputs, r->sample.outputs, error));
    if (batcher->cache)
        HONE_TRY(hone_result_cache_get(batcher->cache, r->sample.inputs, batcher->runs.input_count,
                                       r->sample.outputs, batcher->runs.output_count, &hit, error));
    hone_status status = HONE_OK;
    pthread_mutex_lock(&batcher->lock);
    if (batcher->closed)
        status = hone_fail(error, HONE_CANCELLED, HONE_NO_OFFSET, "the batcher is closed");
    else if (!hit && batcher->waiting >= batcher->max_queue)
        status = hone_fail(error, HONE_BUSY, HONE_NO_OFFSET, "%u requests wait already",
                           batcher->waiting);
    else if (hit)
        batcher->stats.requests++;
    else
        push(batcher, r);
    *queued = status == HONE_OK && !hit;
    pthread_mutex_unlock(&batcher->lock);
    return status;
}

static void fill_request(request *r, const hone_tensor *inputs, hone_tensor *outputs,
                         const hone_run_options *options) {
    r->sample.inputs = inputs, r->sample.outputs = outputs;
    if (!options) return;
    r->cancel = options->cancel;
    if (options->timeout_ms > 0) r->deadline_ms = hone__now_ms() + options->timeout_ms;
}

static void wait_for_answer(hone_batcher *batcher, request *r) {
    struct timespec at = moment(r->deadline_ms);
    pthread_mutex_lock(&batcher->lock);
    while (!r->over) {
        if (r->deadline_ms == 0)
            pthread_cond_wait(&r->answered, &batcher->lock);
        else
            pthread_cond_timedwait(&r->answered, &batcher->lock, &at);
        const char *why = r->over ? NULL : ended(r);
        if (why && take_back(batcher, r)) refuse(batcher, r, why);
        if (why) r->deadline_ms = 0; /* it runs: its answer will come */
    }
    pthread_mutex_unlock(&batcher->lock);
}

static void leave(hone_batcher *batcher) {
    pthread_mutex_lock(&batcher->lock);
    if (--batcher->callers == 0) pthread_cond_broadcast(&batcher->quiet);
    pthread_mutex_unlock(&batcher->lock);
}

hone_status hone_batcher_run(hone_batcher *batcher, const hone_tensor *inputs, hone_tensor *outputs,
                             const hone_run_options *options, hone_error *error) {
    request r = {0};
    bool queued = false;
    fill_request(&r, inputs, outputs, options);
    pthread_mutex_lock(&batcher->lock);
    batcher->callers++;
    pthread_mutex_unlock(&batcher->lock);
    pthread_cond_init(&r.answered, &batcher->clock);
    hone_status status = enter(batcher, &r, &queued, error);
    if (queued) {
        wait_for_answer(batcher, &r);
        status = r.sample.status;
        if (status != HONE_OK && error) *error = r.sample.error;
    }
    pthread_cond_destroy(&r.answered);
    leave(batcher);
    return status;
}

hone_status hone_batcher_submit(hone_batcher *batcher, const hone_tensor *inputs,
                                hone_tensor *outputs, const hone_run_options *options,
                                hone_batcher_done done, void *user, hone_error *error) {
    bool queued = false;
    if (!done) return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "nobody to tell the answer");
    request *r = (request *)hone__calloc(batcher->allocator, 1, sizeof *r);
    if (!r) return hone_fail_memory(error, sizeof *r);
    fill_request(r, inputs, outputs, options);
    r->done = done, r->user = user;
    hone_status status = enter(batcher, r, &queued, error);
    if (queued) return HONE_OK;
    if (status == HONE_OK) done(user, HONE_OK, &r->sample.error);
    hone__free(batcher->allocator, r, sizeof *r);
    return status;
}

/* ---- its life ---- */

/* Signals belong to the program's own threads. */
static hone_status start_thread(hone_batcher *batcher, hone_error *error) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    batcher->started = pthread_create(&batcher->thread, NULL, thread_main, batcher) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (batcher->started) return HONE_OK;
    return hone_fail(error, HONE_MEMORY, HONE_NO_OFFSET, "cannot start the batcher's thread");
}

static void init_waiting(hone_batcher *batcher) {
    pthread_condattr_init(&batcher->clock);
    pthread_condattr_setclock(&batcher->clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&batcher->lock, NULL);
    pthread_cond_init(&batcher->news, &batcher->clock);
    pthread_cond_init(&batcher->quiet, &batcher->clock);
    batcher->last = &batcher->first;
}

hone_status hone_batcher_create(const hone_model *model, const hone_batcher_options *options,
                                hone_batcher **batcher, hone_error *error) {
    static const hone_batcher_options defaults = {0};
    if (!options) options = &defaults;
    const hone_allocator *allocator = options->allocator;
    *batcher = NULL;
    if (options->max_batch > 1u << (HONE_MOST_SIZES - 1))
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "batches of at most %u samples",
                         1u << (HONE_MOST_SIZES - 1));
    hone_batcher *made = (hone_batcher *)hone__calloc(allocator, 1, sizeof *made);
    if (!made) return hone_fail_memory(error, sizeof *made);
    made->allocator = made->runs.allocator = allocator;
    made->cache = options->cache;
    made->max_batch = options->max_batch ? options->max_batch : BATCH;
    made->max_queue = options->max_queue ? options->max_queue : MOST_WAIT;
    made->max_wait_ms = options->max_wait_ms;
    init_waiting(made);
    hone_status status =
        hone__batch_runs_init(&made->runs, model, &options->session, made->max_batch, error);
    if (status == HONE_OK) status = start_thread(made, error);
    if (status == HONE_OK)
        *batcher = made;
    else
        hone_batcher_free(made);
    return status;
}

/* All are taken before the first is told: telling gives the lock away, and the thread would run the
 * others. */
static void refuse_all(hone_batcher *batcher) {
    request *r = batcher->first;
    batcher->first = NULL;
    batcher->last = &batcher->first;
    batcher->waiting = 0;
    while (r) {
        request *next = r->next;
        refuse(batcher, r, "the batcher is closed");
        r = next;
    }
}

void hone_batcher_close(hone_batcher *batcher, bool answer_waiting) {
    pthread_mutex_lock(&batcher->lock);
    batcher->closed = true;
    pthread_cond_broadcast(&batcher->news);
    if (!answer_waiting) refuse_all(batcher);
    while (batcher->open > 0) pthread_cond_wait(&batcher->quiet, &batcher->lock);
    pthread_mutex_unlock(&batcher->lock);
}

void hone_batcher_free(hone_batcher *batcher) {
    if (!batcher) return;
    hone_batcher_close(batcher, false);
    if (batcher->started) pthread_join(batcher->thread, NULL);
    pthread_mutex_lock(&batcher->lock);
    while (batcher->callers > 0) pthread_cond_wait(&batcher->quiet, &batcher->lock);
    pthread_mutex_unlock(&batcher->lock);
    pthread_cond_destroy(&batcher->news);
    pthread_cond_destroy(&batcher->quiet);
    pthread_condattr_destroy(&batcher->clock);
    pthread_mutex_destroy(&batcher->lock);
    hone__batch_runs_release(&batcher->runs);
    hone__free(batcher->allocator, batcher, sizeof *batcher);
}

void hone_batcher_get_stats(hone_batcher *batcher, hone_batcher_stats *stats) {
    pthread_mutex_lock(&batcher->lock);
    *stats = batcher->stats;
    pthread_mutex_unlock(&batcher->lock);
}

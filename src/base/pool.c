/* SPDX-License-Identifier: Apache-2.0 */
/* One pool for the process.
 *
 * A run is a job on its caller's stack, linked into a list while it wants helpers. A worker joins a
 * job under the lock (so the job cannot go away), takes task indices from an atomic counter, and
 * leaves by counting itself out. The caller works too, unlinks the job when no index is left, and
 * then waits for the helpers that are still inside their last task: progress never depends on a
 * worker being free.
 *
 * The process has as many threads for all sessions as its widest session asked for, or as it has
 * cores where several sessions together ask for more. Callers that are inside a run count: where
 * they alone fill the cores, nobody helps anybody, and each session runs as if it were alone on a
 * core of its own. That is why two sessions together are not slower than one after the other.
 *
 * An idle worker spins for a moment on the count of posted jobs (the steps of a model follow each
 * other within microseconds) and then parks on a condition variable. After fork the child's copy of
 * the pool has no threads: it forgets them and starts its own on the next run. */
#include "base/pool.h"
#include "base/alloc.h"
#include "base/error.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#define MAX_WORKERS 255 /* beside the caller */
#define SPIN_ROUNDS 2000

typedef struct job {
    hone_task task;
    void *context;
    uint32_t count;        /* of tasks */
    uint32_t helpers_left; /* how many more may join; under the lock */
    uint32_t joined;       /* helpers so far; under the lock */
    atomic_uint next;      /* first index nobody took */
    atomic_uint inside;    /* helpers that have not left */
    struct job *prev, *after;
} job;

/* What a session holds: the process's pool, or the caller's threads under the same name. */
struct hone_pool {
    const hone_executor *executor; /* NULL: the process's */
    const hone_allocator *allocator;
};

typedef struct crew {
    hone_pool face; /* what hone__pool_acquire gives out */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    job *jobs;
    uint32_t references, asked;  /* sessions, their threads; under `lifetime` */
    uint32_t sleeping, helping;  /* workers; under the lock */
    atomic_uint wanted, started; /* workers; written under `lifetime` */
    atomic_uint running;         /* callers inside a run */
    bool stopping;
    atomic_uint posted; /* counts jobs, so that spinners see news without the lock */
    pthread_t workers[MAX_WORKERS];
} crew;

static crew process_pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
/* Starting and stopping threads; never taken while `lock` is held. */
static pthread_mutex_t lifetime = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_handlers = PTHREAD_ONCE_INIT;

static void relax(void) {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_ia32_pause();
#endif
}

static void work(job *j, uint32_t worker) {
    for (;;) {
        uint32_t index = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);
        if (index >= j->count) return;
        j->task(j->context, index, worker);
    }
}

/* How many workers may work at once: callers that run use cores too. */
static uint32_t most_helpers(const crew *pool) {
    uint32_t cores = atomic_load_explicit(&pool->started, memory_order_relaxed) + 1;
    uint32_t callers = atomic_load_explicit(&pool->running, memory_order_relaxed);
    if (callers == 0) callers = 1;
    return callers < cores ? cores - callers : 0;
}

/* The first job that has tasks and room for a helper; the lock is held. */
static job *joinable(const crew *pool) {
    if (pool->helping >= most_helpers(pool)) return NULL;
    job *j = pool->jobs;
    while (j && (j->helpers_left == 0 ||
                 atomic_load_explicit(&j->next, memory_order_relaxed) >= j->count))
        j = j->after;
    return j;
}

static void help(crew *pool, job *j) { /* called and left with the lock held */
    pool->helping++;
    j->helpers_left--;
    uint32_t worker = ++j->joined;
    atomic_fetch_add_explicit(&j->inside, 1, memory_order_relaxed);
    pthread_mutex_unlock(&pool->lock);
    work(j, worker);
    atomic_fetch_sub_explicit(&j->inside, 1, memory_order_release);
    pthread_mutex_lock(&pool->lock);
    pool->helping--;
}

static void spin_for_news(crew *pool, unsigned seen) {
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        if (atomic_load_explicit(&pool->posted, memory_order_relaxed) != seen) return;
        relax();
    }
}

static void *worker_main(void *argument) {
    crew *pool = (crew *)argument;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        job *j = joinable(pool);
        if (j) {
            help(pool, j);
            continue;
        }
        unsigned seen = atomic_load(&pool->posted);
        pthread_mutex_unlock(&pool->lock);
        spin_for_news(pool, seen);
        pthread_mutex_lock(&pool->lock);
        if (atomic_load(&pool->posted) != seen || pool->stopping) continue;
        pool->sleeping++;
        pthread_cond_wait(&pool->wake, &pool->lock);
        pool->sleeping--;
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Workers take no signals: those belong to the program's own threads. */
static hone_status start_workers(crew *pool, uint32_t wanted, hone_error *error) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    while (!failed && pool->started < wanted) {
        failed = pthread_create(&pool->workers[pool->started], NULL, worker_main, pool);
        if (!failed) pool->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return hone_fail(error, HONE_MEMORY, HONE_NO_OFFSET, "cannot start thread %u of %u",
                         pool->started + 2, wanted + 1);
    return HONE_OK;
}

static void stop_workers(crew *pool) {
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    atomic_fetch_add(&pool->posted, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->started; i++) pthread_join(pool->workers[i], NULL);
    pool->started = pool->wanted = 0;
    pool->asked = 0;
    pool->stopping = false;
}

static void before_fork(void) {
    pthread_mutex_lock(&lifetime);
    pthread_mutex_lock(&process_pool.lock);
}

static void parent_after_fork(void) {
    pthread_mutex_unlock(&process_pool.lock);
    pthread_mutex_unlock(&lifetime);
}

/* The child has the forking thread only: other threads' jobs and all workers are gone. */
static void child_after_fork(void) {
    pthread_mutex_init(&process_pool.lock, NULL);
    pthread_cond_init(&process_pool.wake, NULL);
    process_pool.jobs = NULL;
    process_pool.started = process_pool.running = 0;
    process_pool.sleeping = process_pool.helping = 0;
    pthread_mutex_unlock(&lifetime);
}

static void install_fork_handlers(void) {
    pthread_atfork(before_fork, parent_after_fork, child_after_fork);
}

/* Workers for a session of `threads` threads beside those there are; `lifetime` is held. */
static uint32_t workers_wanted(uint32_t threads) {
    uint32_t cores = hone__cpu_count(), most = process_pool.wanted + 1;
    uint32_t shared = process_pool.asked < cores ? process_pool.asked : cores;
    if (threads > most) most = threads;
    if (shared > most) most = shared;
    return most - 1 > MAX_WORKERS ? MAX_WORKERS : most - 1;
}

hone_status hone__pool_acquire(uint32_t threads, hone_pool **pool, hone_error *error) {
    if (threads == 0) threads = hone__cpu_count();
    pthread_once(&fork_handlers, install_fork_handlers);
    pthread_mutex_lock(&lifetime);
    process_pool.asked += threads > MAX_WORKERS ? MAX_WORKERS : threads;
    process_pool.wanted = workers_wanted(threads);
    hone_status status = start_workers(&process_pool, process_pool.wanted, error);
    if (status == HONE_OK)
        process_pool.references++;
    else if (process_pool.references == 0)
        stop_workers(&process_pool);
    pthread_mutex_unlock(&lifetime);
    *pool = status == HONE_OK ? &process_pool.face : NULL;
    return status;
}

hone_status hone__pool_wrap(const hone_executor *executor, const hone_allocator *allocator,
                            hone_pool **pool, hone_error *error) {
    *pool = (hone_pool *)hone__calloc(allocator, 1, sizeof **pool);
    if (!*pool) return hone_fail_memory(error, sizeof **pool);
    **pool = (hone_pool){.executor = executor, .allocator = allocator};
    return HONE_OK;
}

void hone__pool_release(hone_pool *pool) {
    if (!pool) return;
    if (pool->executor) {
        hone__free(pool->allocator, pool, sizeof *pool);
        return;
    }
    pthread_mutex_lock(&lifetime);
    if (--process_pool.references == 0) stop_workers(&process_pool);
    pthread_mutex_unlock(&lifetime);
}

void hone__pool_enter(hone_pool *pool) {
    if (pool && !pool->executor) atomic_fetch_add(&process_pool.running, 1);
}

void hone__pool_leave(hone_pool *pool) {
    if (pool && !pool->executor) atomic_fetch_sub(&process_pool.running, 1);
}

/* In a child of fork the workers are started again here; without them the caller works alone. */
static void restart_after_fork(crew *pool) {
    pthread_mutex_lock(&lifetime);
    if (pool->started < pool->wanted) (void)start_workers(pool, pool->wanted, NULL);
    pthread_mutex_unlock(&lifetime);
}

static void post(crew *pool, job *j) {
    pthread_mutex_lock(&pool->lock);
    j->after = pool->jobs;
    if (j->after) j->after->prev = j;
    pool->jobs = j;
    atomic_fetch_add(&pool->posted, 1);
    uint32_t most = most_helpers(pool);
    uint32_t wake = most > pool->helping ? most - pool->helping : 0;
    if (wake > j->helpers_left) wake = j->helpers_left;
    if (wake > pool->sleeping) wake = pool->sleeping;
    for (; wake > 0; wake--) pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

static void withdraw(crew *pool, job *j) {
    pthread_mutex_lock(&pool->lock);
    if (j->prev)
        j->prev->after = j->after;
    else
        pool->jobs = j->after;
    if (j->after) j->after->prev = j->prev;
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; atomic_load_explicit(&j->inside, memory_order_acquire) != 0; i++) {
        if (i < SPIN_ROUNDS)
            relax();
        else
            sched_yield();
    }
}

void hone__pool_run(hone_pool *pool, uint32_t threads, uint32_t count, hone_task task,
                    void *context) {
    crew *own = &process_pool;
    if (threads > count) threads = count;
    if (pool && pool->executor && threads > 1) {
        pool->executor->run(pool->executor->user, threads, count, task, context);
        return;
    }
    if (pool && threads > 1 && own->started < own->wanted) restart_after_fork(own);
    if (!pool || threads <= 1 || most_helpers(own) == 0) {
        for (uint32_t i = 0; i < count; i++) task(context, i, 0);
        return;
    }
    job j = {.task = task, .context = context, .count = count, .helpers_left = threads - 1};
    post(own, &j);
    work(&j, 0);
    withdraw(own, &j);
}

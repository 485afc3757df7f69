/* SPDX-License-Identifier: Apache-2.0 */
/* A pool of threads that sessions share. Workers park when idle. */
#ifndef HONE_BASE_POOL_H
#define HONE_BASE_POOL_H

#include <hone/base.h>

typedef struct hone_pool hone_pool;

/* The process's pool of at least `threads` threads (the caller counts as one), made on first use
 * and counted by reference. threads 0: physical cores within affinity and cgroup share. Safe after
 * fork: a child makes its own. */
hone_status hone__pool_acquire(uint32_t threads, hone_pool **pool, hone_error *error);
void hone__pool_release(hone_pool *pool);

/* The caller's threads as a pool; *executor must outlive it. */
hone_status hone__pool_wrap(const hone_executor *executor, const hone_allocator *allocator,
                            hone_pool **pool, hone_error *error);

/* Round all that a caller does with the pool for one run of a session: as long as callers fill the
 * cores by themselves, workers leave them alone. */
void hone__pool_enter(hone_pool *pool);
void hone__pool_leave(hone_pool *pool);

/* Runs tasks on at most `threads` threads, the caller among them, and returns when all are done.
 * Allocates nothing. Concurrent calls from several sessions are allowed; none waits for another
 * longer than one task. threads <= 1 runs inline. */
void hone__pool_run(hone_pool *pool, uint32_t threads, uint32_t count, hone_task task,
                    void *context);

/* Physical cores, cut by sched_getaffinity and the cgroup's CPU quota; at least 1. */
uint32_t hone__cpu_count(void);

#endif

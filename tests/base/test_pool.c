/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TASKS 500

typedef struct tally {
    atomic_uint hits[TASKS];
    atomic_uint busy[64]; /* by worker: inside a task */
    atomic_bool bad_worker, shared_worker;
    uint32_t threads;
} tally;

static void count_task(void *context, uint32_t index, uint32_t worker) {
    tally *t = (tally *)context;
    if (worker >= t->threads) {
        atomic_store(&t->bad_worker, true);
        return;
    }
    if (atomic_fetch_add(&t->busy[worker], 1) != 0) atomic_store(&t->shared_worker, true);
    atomic_fetch_add(&t->hits[index], 1);
    if (index % 64 == 0) sched_yield();
    atomic_fetch_sub(&t->busy[worker], 1);
}

static void check_once_each(const tally *t, uint32_t count) {
    for (uint32_t i = 0; i < TASKS; i++) assert_int_equal(t->hits[i], i < count ? 1 : 0);
    assert_false(t->bad_worker);
    assert_false(t->shared_worker);
}

static void every_task_runs_exactly_once_on_any_number_of_threads(void **state) {
    (void)state;
    for (uint32_t threads = 1; threads <= 8; threads++) {
        hone_pool *pool = NULL;
        assert_int_equal(hone__pool_acquire(threads, &pool, NULL), HONE_OK);
        for (uint32_t count = 0; count <= TASKS; count += 100) {
            tally t = {.threads = threads};
            hone__pool_run(pool, threads, count, count_task, &t);
            check_once_each(&t, count);
        }
        hone__pool_release(pool);
    }
}

static void a_run_uses_no_more_workers_than_it_asked_for(void **state) {
    (void)state;
    hone_pool *pool = NULL;
    assert_int_equal(hone__pool_acquire(8, &pool, NULL), HONE_OK);
    for (int round = 0; round < 200; round++) {
        tally t = {.threads = 2};
        hone__pool_run(pool, 2, 50, count_task, &t);
        check_once_each(&t, 50);
    }
    hone__pool_release(pool);
}

typedef struct meeting {
    atomic_uint here;
} meeting;

/* Returns only when both tasks run at the same time. */
static void meet(void *context, uint32_t index, uint32_t worker) {
    meeting *m = (meeting *)context;
    (void)index, (void)worker;
    atomic_fetch_add(&m->here, 1);
    while (atomic_load(&m->here) < 2) sched_yield();
}

static void two_tasks_run_at_the_same_time_even_after_the_workers_parked(void **state) {
    (void)state;
    hone_pool *pool = NULL;
    assert_int_equal(hone__pool_acquire(2, &pool, NULL), HONE_OK);
    for (int round = 0; round < 3; round++) {
        meeting m = {0};
        hone__pool_run(pool, 2, 2, meet, &m);
        assert_int_equal(m.here, 2);
        usleep(20000);
    }
    hone__pool_release(pool);
}

static void *session_thread(void *argument) {
    hone_pool *pool = (hone_pool *)argument;
    for (int round = 0; round < 100; round++) {
        tally t = {.threads = 3};
        hone__pool_run(pool, 3, 40, count_task, &t);
        for (uint32_t i = 0; i < 40; i++)
            if (t.hits[i] != 1) return pool;
        if (t.bad_worker || t.shared_worker) return pool;
    }
    return NULL;
}

static void several_callers_share_the_pool(void **state) {
    (void)state;
    hone_pool *pool = NULL;
    pthread_t threads[4];
    assert_int_equal(hone__pool_acquire(3, &pool, NULL), HONE_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, session_thread, pool), 0);
    for (int i = 0; i < 4; i++) {
        void *failed = pool;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    hone__pool_release(pool);
}

static void a_child_of_fork_runs_on_threads_of_its_own(void **state) {
    (void)state;
    if (getenv("HONE_EMULATED")) {
        print_message("skipped: qemu-user fails an assertion of its own in a child that threads\n");
        skip();
    }
    hone_pool *pool = NULL;
    assert_int_equal(hone__pool_acquire(2, &pool, NULL), HONE_OK);
    pid_t child = fork();
    if (child == 0) {
        meeting m = {0};
        alarm(30);
        hone__pool_run(pool, 2, 2, meet, &m); /* hangs for ever without a second thread */
        hone__pool_release(pool);
        _exit(m.here == 2 ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    tally t = {.threads = 2};
    hone__pool_run(pool, 2, TASKS, count_task, &t);
    check_once_each(&t, TASKS);
    hone__pool_release(pool);
}

static void a_released_pool_starts_again(void **state) {
    (void)state;
    for (int round = 0; round < 20; round++) {
        hone_pool *pool = NULL, *second = NULL;
        assert_int_equal(hone__pool_acquire(2, &pool, NULL), HONE_OK);
        assert_int_equal(hone__pool_acquire(3, &second, NULL), HONE_OK);
        assert_ptr_equal(pool, second);
        hone__pool_release(pool);
        tally t = {.threads = 3};
        hone__pool_run(second, 3, 100, count_task, &t);
        check_once_each(&t, 100);
        hone__pool_release(second);
    }
}

static void the_cpu_count_respects_affinity(void **state) {
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_in_range(hone__cpu_count(), 1, CPU_COUNT(&before));
    int first = 0;
    while (!CPU_ISSET((size_t)first, &before)) first++;
    CPU_ZERO(&one);
    CPU_SET((size_t)first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    uint32_t count = hone__cpu_count();
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_int_equal(count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_exactly_once_on_any_number_of_threads),
        cmocka_unit_test(a_run_uses_no_more_workers_than_it_asked_for),
        cmocka_unit_test(two_tasks_run_at_the_same_time_even_after_the_workers_parked),
        cmocka_unit_test(several_callers_share_the_pool),
        cmocka_unit_test(a_child_of_fork_runs_on_threads_of_its_own),
        cmocka_unit_test(a_released_pool_starts_again),
        cmocka_unit_test(the_cpu_count_respects_affinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

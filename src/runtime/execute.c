/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program, step after step. */
#include "base/clock.h"
#include "base/error.h"
#include "runtime/program.h"

#define TASK_BYTES     (32u * 1024) /* below this a task is not worth its hand-over */
#define TASKS_A_THREAD 4            /* so that a slow thread does not hold up the others */

uint32_t hone__program_tasks(const hone_program *program, size_t items, size_t bytes) {
    if (items == 0 || bytes == 0) return 0;
    size_t tasks = bytes / TASK_BYTES, most = (size_t)program->threads * TASKS_A_THREAD;
    if (program->threads == 1 || tasks <= 1) return 1;
    if (tasks > most) tasks = most;
    return (uint32_t)(tasks > items ? items : tasks);
}

hone_status hone__stop_check(const hone_stop *stop, hone_error *error) {
    if (!stop) return HONE_OK;
    if (stop->cancel && hone_cancel_requested(stop->cancel))
        return hone_fail(error, HONE_CANCELLED, HONE_NO_OFFSET, "the run was cancelled");
    if (stop->deadline_ms != 0 && hone__now_ms() >= stop->deadline_ms)
        return hone_fail(error, HONE_CANCELLED, HONE_NO_OFFSET, "the run's time is over");
    return HONE_OK;
}

typedef struct step_context {
    const hone_step *step;
    hone_run *run;
} step_context;

static void run_task(void *context, uint32_t index, uint32_t worker) {
    const step_context *c = (const step_context *)context;
    c->step->run(c->step, c->run, index, worker);
}

static void run_step(const hone_step *step, hone_run *run, hone_pool *pool) {
    if (step->tasks == 1) {
        step->run(step, run, 0, 0);
        return;
    }
    step_context context = {.step = step, .run = run};
    hone__pool_run(pool, run->program->threads, step->tasks, run_task, &context);
}

hone_status hone__program_run(hone_program *program, hone_pool *pool, uint8_t **base, bool profile,
                              const hone_stop *stop, hone_error *error) {
    hone_run run = {.program = program, .base = base, .error = error, .stop = stop};
    double before = profile ? hone__now_ms() : 0;
    for (uint32_t i = 0; i < program->step_count && run.status == HONE_OK; i++) {
        hone_step *step = program->steps[i];
        HONE_TRY(hone__stop_check(stop, error));
        run_step(step, &run, pool);
        if (!profile) continue;
        double now = hone__now_ms();
        step->total_ms += now - before;
        before = now;
    }
    return run.status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of products of two computed matrices. The views' last two dimensions are the matrices,
 * those before them the batch, broadcast by stride 0. */
#include "base/error.h"
#include "runtime/steps/steps.h"

typedef struct matmul_params {
    hone_matmul_dims dims;
    hone_matmul_args args;
    uint32_t tasks; /* of one product */
    int32_t bias_slot, residual_slot;
} matmul_params;

static int64_t batch_offset(const hone_view *view, const hone_view *out, int64_t batch) {
    int64_t offset = 0;
    for (int32_t i = out->rank - 3; i >= 0; i--) {
        offset += batch % out->dim[i] * view->stride[i];
        batch /= out->dim[i];
    }
    return offset;
}

static const float *operand(const hone_step *step, hone_run *run, int32_t slot, int64_t batch) {
    if (slot < 0) return NULL;
    const hone_view *view = &step->slots[slot];
    return (const float *)hone__run_at(run, view) + batch_offset(view, &step->slots[0], batch);
}

static void run_matmul(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    const matmul_params *p = (const matmul_params *)step->params;
    const hone_matmul_table *kernels = &run->program->kernels.matmul;
    int64_t batch = task / p->tasks;
    hone_matmul_args args = p->args;
    args.dims = &p->dims;
    args.output = (float *)hone__run_at(run, &step->slots[0]) +
                  batch_offset(&step->slots[0], &step->slots[0], batch);
    args.a = operand(step, run, 1, batch);
    args.b = operand(step, run, 2, batch);
    args.bias = operand(step, run, p->bias_slot, batch);
    args.residual = operand(step, run, p->residual_slot, batch);
    kernels->run_task(kernels, &args, task % p->tasks, hone__run_scratch(run, step, worker));
}

bool hone__step_matmul_fits(const hone_view *view) {
    const int64_t *dim = view->dim + view->rank - 2, *stride = view->stride + view->rank - 2;
    for (int32_t i = 0; i < view->rank; i++)
        if (view->stride[i] < 0) return false;
    return stride[1] == 1 || dim[1] == 1 || stride[0] == 1 || dim[0] == 1;
}

/* Whether the matrix lies column by column, and how far apart its lines are. */
static bool turned(const hone_view *view, size_t *line) {
    const int64_t *dim = view->dim + view->rank - 2, *stride = view->stride + view->rank - 2;
    bool columns = stride[1] != 1 && dim[1] != 1;
    *line = (size_t)stride[columns];
    return columns;
}

hone_status hone__step_matmul(hone_program *program, const hone_label *label,
                              const hone_matmul_call *call, hone_error *error) {
    hone_step *step = NULL;
    const hone_matmul_table *kernels = &program->kernels.matmul;
    const hone_view *views[5] = {call->out, call->a, call->b};
    uint32_t count = 3;
    matmul_params made = {.bias_slot = -1, .residual_slot = -1};
    if (call->bias) made.bias_slot = (int32_t)count, views[count++] = call->bias;
    if (call->residual) made.residual_slot = (int32_t)count, views[count++] = call->residual;
    HONE_TRY(hone__program_add_step(program, label, 1, count, sizeof made, &step, error));
    for (uint32_t i = 0; i < count; i++) step->slots[i] = *views[i];
    int32_t r = call->out->rank - 2;
    made.dims = (hone_matmul_dims){.rows = (size_t)call->out->dim[r],
                                   .depth = (size_t)call->a->dim[r + 1],
                                   .cols = (size_t)call->out->dim[r + 1]};
    made.dims.a_turned = turned(call->a, &made.args.a_stride);
    made.dims.b_turned = turned(call->b, &made.args.b_stride);
    made.args.output_stride = (size_t)call->out->stride[r];
    if (call->residual) made.args.residual_stride = (size_t)call->residual->stride[r];
    made.args.alpha = call->alpha, made.args.lo = call->lo, made.args.hi = call->hi;
    made.tasks = kernels->task_count(kernels, &made.dims);
    int64_t batches = 1;
    for (int32_t i = 0; i < r; i++) batches *= call->out->dim[i];
    *(matmul_params *)step->params = made;
    step->run = run_matmul;
    step->kernel = kernels->name;
    step->tasks = made.tasks * (uint32_t)batches;
    step->scratch_bytes = kernels->scratch_bytes(kernels, &made.dims);
    return HONE_OK;
}

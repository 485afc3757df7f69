/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise steps on float. */
#include "base/error.h"
#include "runtime/steps/steps.h"
#include "runtime/steps/walk.h"

typedef struct element_params {
    hone_walk walk;
    hone_unary_args unary;
    hone_binary_args binary;
} element_params;

typedef struct element_context {
    const element_params *params;
    const hone_eltwise_table *kernels;
    float *out;
    const float *a, *b;
} element_context;

static void unary_plane(const void *context, const hone_plane *plane) {
    const element_context *c = (const element_context *)context;
    hone_unary_args args = c->params->unary;
    args.rows = plane->rows, args.cols = plane->cols;
    args.input = c->a + plane->offset[1];
    args.input_stride = (size_t)plane->row_stride[1];
    args.output = c->out + plane->offset[0];
    args.output_stride = (size_t)plane->row_stride[0];
    c->kernels->unary(&args);
}

static hone_operand operand(const float *data, const hone_plane *plane, uint32_t view) {
    return (hone_operand){.data = data + plane->offset[view],
                          .row_stride = (size_t)plane->row_stride[view],
                          .scalar = plane->col_stride[view] == 0};
}

static void binary_plane(const void *context, const hone_plane *plane) {
    const element_context *c = (const element_context *)context;
    hone_binary_args args = c->params->binary;
    args.rows = plane->rows, args.cols = plane->cols;
    args.a = operand(c->a, plane, 1);
    args.b = operand(c->b, plane, 2);
    args.output = c->out + plane->offset[0];
    args.output_stride = (size_t)plane->row_stride[0];
    c->kernels->binary(&args);
}

static void run_planes(const hone_step *step, hone_run *run, uint32_t task, hone_plane_run plane) {
    const element_params *p = (const element_params *)step->params;
    element_context c = {.params = p,
                         .kernels = &run->program->kernels.eltwise,
                         .out = (float *)hone__run_at(run, &step->slots[0]),
                         .a = (const float *)hone__run_at(run, &step->slots[1])};
    if (step->slot_count > 2) c.b = (const float *)hone__run_at(run, &step->slots[2]);
    hone__walk_run(&p->walk, task, step->tasks, plane, &c);
}

static void run_unary(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    run_planes(step, run, task, unary_plane);
}

static void run_binary(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    run_planes(step, run, task, binary_plane);
}

static hone_status add_step(hone_program *program, const hone_label *label, const hone_view *views,
                            uint32_t count, const hone_walk *walk, hone_step **made,
                            hone_error *error) {
    HONE_TRY(hone__program_add_step(program, label, 1, count, sizeof(element_params), made, error));
    hone_step *step = *made;
    ((element_params *)step->params)->walk = *walk;
    for (uint32_t i = 0; i < count; i++) step->slots[i] = views[i];
    step->in_place = 1;
    step->tasks = hone__program_tasks(program, (size_t)walk->dim[walk->cut],
                                      (size_t)hone__view_elements(&views[0]) * 4 * count);
    return HONE_OK;
}

static hone_status no_runs(const hone_label *label, hone_error *error) {
    return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "step '%s': views do not fit", label->name);
}

hone_status hone__step_unary(hone_program *program, const hone_label *label,
                             const hone_unary_call *call, hone_error *error) {
    const hone_view views[2] = {*call->out, *call->in};
    hone_walk walk;
    hone_step *step = NULL;
    if (!hone__walk_runs(views, 2, false, &walk)) return no_runs(label, error);
    HONE_TRY(add_step(program, label, views, 2, &walk, &step, error));
    ((element_params *)step->params)->unary =
        (hone_unary_args){.op = call->op, .alpha = call->alpha, .beta = call->beta};
    step->run = run_unary;
    step->kernel = program->kernels.eltwise.unary_name;
    return HONE_OK;
}

bool hone__step_binary_fits(const hone_view *out, const hone_view *a, const hone_view *b) {
    const hone_view views[3] = {*out, *a, *b};
    hone_walk walk = hone__walk(views, 3);
    return hone__walk_has_runs(&walk, true);
}

hone_status hone__step_binary(hone_program *program, const hone_label *label,
                              const hone_binary_call *call, hone_error *error) {
    const hone_view views[3] = {*call->out, *call->a, *call->b};
    hone_walk walk;
    hone_step *step = NULL;
    if (!hone__walk_runs(views, 3, true, &walk)) return no_runs(label, error);
    HONE_TRY(add_step(program, label, views, 3, &walk, &step, error));
    ((element_params *)step->params)->binary =
        (hone_binary_args){.op = call->op, .lo = call->lo, .hi = call->hi};
    step->run = run_binary;
    step->kernel = program->kernels.eltwise.binary_name;
    return HONE_OK;
}

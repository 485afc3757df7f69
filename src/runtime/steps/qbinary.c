/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized sums and products. */
#include "base/error.h"
#include "runtime/steps/steps.h"
#include "runtime/steps/walk.h"

typedef struct qbinary_params {
    hone_walk walk;
    hone_binary_u8_args args; /* zero points, multipliers, clamp */
    bool multiply;
} qbinary_params;

typedef struct qbinary_context {
    const qbinary_params *params;
    const hone_eltwise_table *kernels;
    uint8_t *out;
    const uint8_t *a, *b;
} qbinary_context;

static void point(hone_operand_u8 *operand, const uint8_t *data, const hone_plane *plane,
                  uint32_t view) {
    operand->data = data + plane->offset[view];
    operand->row_stride = (size_t)plane->row_stride[view];
    operand->scalar = plane->col_stride[view] == 0;
}

static void run_plane(const void *context, const hone_plane *plane) {
    const qbinary_context *c = (const qbinary_context *)context;
    hone_binary_u8_args args = c->params->args;
    args.rows = plane->rows, args.cols = plane->cols;
    point(&args.a, c->a, plane, 1);
    point(&args.b, c->b, plane, 2);
    args.output = c->out + plane->offset[0];
    args.output_stride = (size_t)plane->row_stride[0];
    if (c->params->multiply)
        c->kernels->mul_u8(&args);
    else if (args.shift > 0)
        c->kernels->add_fixed_u8(&args);
    else
        c->kernels->add_u8(&args);
}

static void run_qbinary(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    const qbinary_params *p = (const qbinary_params *)step->params;
    qbinary_context c = {.params = p,
                         .kernels = &run->program->kernels.eltwise,
                         .out = (uint8_t *)hone__run_at(run, &step->slots[0]),
                         .a = (const uint8_t *)hone__run_at(run, &step->slots[1]),
                         .b = (const uint8_t *)hone__run_at(run, &step->slots[2])};
    hone__walk_run(&p->walk, task, step->tasks, run_plane, &c);
}

hone_status hone__step_qbinary(hone_program *program, const hone_label *label,
                               const hone_qbinary_call *call, hone_error *error) {
    const hone_view views[3] = {*call->out, *call->a, *call->b};
    const hone_eltwise_table *kernels = &program->kernels.eltwise;
    hone_walk walk;
    hone_step *step = NULL;
    if (!hone__walk_runs(views, 3, true, &walk))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "step '%s': views do not fit",
                         label->name);
    HONE_TRY(hone__program_add_step(program, label, 1, 3, sizeof(qbinary_params), &step, error));
    qbinary_params *p = (qbinary_params *)step->params;
    p->walk = walk, p->multiply = call->multiply;
    p->args = (hone_binary_u8_args){.a.zero = call->a_zero,
                                    .b.zero = call->b_zero,
                                    .a_multiplier = call->a_multiplier,
                                    .b_multiplier = call->b_multiplier,
                                    .a_fixed = call->a_fixed,
                                    .b_fixed = call->b_fixed,
                                    .shift = call->shift,
                                    .output_zero = call->output_zero,
                                    .lo = call->lo,
                                    .hi = call->hi};
    for (int i = 0; i < 3; i++) step->slots[i] = views[i];
    step->in_place = 1;
    step->run = run_qbinary;
    step->kernel = call->multiply    ? kernels->mul_u8_name
                   : call->shift > 0 ? kernels->add_fixed_u8_name
                                     : kernels->add_u8_name;
    step->tasks = hone__program_tasks(program, (size_t)walk.dim[walk.cut],
                                      (size_t)hone__view_elements(call->out) * 4);
    return HONE_OK;
}

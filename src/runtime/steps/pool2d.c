/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling steps. Tasks share the output's rows. */
#include "base/error.h"
#include "runtime/steps/steps.h"

typedef struct pool_params {
    hone_pool2d_dims dims;
    hone_pool2d_f32 f32; /* all but the pointers */
    hone_pool2d_u8 u8;
    hone_pool2d_f32_run run_f32;
    hone_pool2d_u8_run run_u8;
} pool_params;

static void rows_of(const hone_step *step, const hone_pool2d_dims *dims, uint32_t task,
                    size_t *begin, size_t *end) {
    hone__task_range((size_t)dims->n * dims->out_h, step->tasks, task, begin, end);
}

static void run_f32(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    const pool_params *p = (const pool_params *)step->params;
    hone_pool2d_f32 args = p->f32;
    size_t begin, end;
    rows_of(step, &p->dims, task, &begin, &end);
    args.output = (float *)hone__run_at(run, &step->slots[0]);
    args.input = (const float *)hone__run_at(run, &step->slots[1]);
    p->run_f32(&args, begin, end);
}

static void run_u8(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    const pool_params *p = (const pool_params *)step->params;
    hone_pool2d_u8 args = p->u8;
    size_t begin, end;
    rows_of(step, &p->dims, task, &begin, &end);
    args.output = (uint8_t *)hone__run_at(run, &step->slots[0]);
    args.input = (const uint8_t *)hone__run_at(run, &step->slots[1]);
    p->run_u8(&args, begin, end);
}

static void fill_f32(pool_params *p, const hone_pool_call *call, size_t in_stride,
                     size_t out_stride) {
    p->f32 = (hone_pool2d_f32){.dims = &p->dims,
                               .input_stride = in_stride,
                               .output_stride = out_stride,
                               .lo = call->lo,
                               .hi = call->hi};
}

static void fill_u8(pool_params *p, const hone_pool_call *call, size_t in_stride,
                    size_t out_stride) {
    p->u8 = (hone_pool2d_u8){.dims = &p->dims,
                             .input_stride = in_stride,
                             .output_stride = out_stride,
                             .input_zero = call->input_zero,
                             .output_zero = call->output_zero,
                             .multiplier = call->multiplier,
                             .lo = call->lo,
                             .hi = call->hi};
}

hone_status hone__step_pool(hone_program *program, const hone_label *label,
                            const hone_pool_call *call, hone_error *error) {
    const hone_pool2d_table *table = &program->kernels.pool;
    const hone_pool2d_f32_kernel *f32 = call->average ? &table->average_f32 : &table->max_f32;
    const hone_pool2d_u8_kernel *u8 = call->average ? &table->average_u8 : &table->max_u8;
    bool bytes = program->buffers[call->in->buffer].dtype == HONE_U8;
    int64_t in_stride = 0, out_stride = 0;
    (void)hone__view_is_pixels(call->in, &in_stride);
    (void)hone__view_is_pixels(call->out, &out_stride);
    hone_step *step = NULL;
    HONE_TRY(hone__program_add_step(program, label, 1, 2, sizeof(pool_params), &step, error));
    pool_params *p = (pool_params *)step->params;
    p->dims = call->dims;
    p->run_f32 = f32->run, p->run_u8 = u8->run;
    if (bytes)
        fill_u8(p, call, (size_t)in_stride, (size_t)out_stride);
    else
        fill_f32(p, call, (size_t)in_stride, (size_t)out_stride);
    step->slots[0] = *call->out, step->slots[1] = *call->in;
    step->run = bytes ? run_u8 : run_f32;
    step->kernel = bytes ? u8->name : f32->name;
    step->tasks =
        hone__program_tasks(program, (size_t)p->dims.n * p->dims.out_h,
                            (size_t)hone__view_elements(call->out) * 4 * p->dims.kernel_h);
    return HONE_OK;
}

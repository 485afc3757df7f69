/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that take one tensor and write one of the same shape, one side or both of them bytes:
 * tables, quantizing, dequantizing. */
#include "base/error.h"
#include "runtime/steps/steps.h"
#include "runtime/steps/walk.h"

#include <string.h>

typedef struct bytes_params {
    hone_walk walk; /* [0] output, [1] input */
    uint8_t table[256];
    float multiplier;
    uint8_t zero;
} bytes_params;

typedef struct bytes_context {
    const bytes_params *params;
    const hone_eltwise_table *kernels;
    void *out;
    const void *in;
} bytes_context;

static void lookup_plane(const void *context, const hone_plane *plane) {
    const bytes_context *c = (const bytes_context *)context;
    c->kernels->lookup(&(hone_lookup_args){
        .table = c->params->table,
        .rows = plane->rows,
        .cols = plane->cols,
        .input = (const uint8_t *)c->in + plane->offset[1],
        .input_stride = (size_t)plane->row_stride[1],
        .output = (uint8_t *)c->out + plane->offset[0],
        .output_stride = (size_t)plane->row_stride[0],
    });
}

static void quantize_plane(const void *context, const hone_plane *plane) {
    const bytes_context *c = (const bytes_context *)context;
    c->kernels->quantize(&(hone_quantize_args){
        .rows = plane->rows,
        .cols = plane->cols,
        .input = (const float *)c->in + plane->offset[1],
        .input_stride = (size_t)plane->row_stride[1],
        .output = (uint8_t *)c->out + plane->offset[0],
        .output_stride = (size_t)plane->row_stride[0],
        .multiplier = c->params->multiplier,
        .zero = c->params->zero,
    });
}

static void dequantize_plane(const void *context, const hone_plane *plane) {
    const bytes_context *c = (const bytes_context *)context;
    c->kernels->dequantize(&(hone_dequantize_args){
        .rows = plane->rows,
        .cols = plane->cols,
        .input = (const uint8_t *)c->in + plane->offset[1],
        .input_stride = (size_t)plane->row_stride[1],
        .output = (float *)c->out + plane->offset[0],
        .output_stride = (size_t)plane->row_stride[0],
        .multiplier = c->params->multiplier,
        .zero = c->params->zero,
    });
}

static void run_planes(const hone_step *step, hone_run *run, uint32_t task, hone_plane_run plane) {
    const bytes_params *p = (const bytes_params *)step->params;
    bytes_context c = {.params = p,
                       .kernels = &run->program->kernels.eltwise,
                       .out = hone__run_at(run, &step->slots[0]),
                       .in = hone__run_at(run, &step->slots[1])};
    hone__walk_run(&p->walk, task, step->tasks, plane, &c);
}

static void run_lookup(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    run_planes(step, run, task, lookup_plane);
}

static void run_quantize(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    run_planes(step, run, task, quantize_plane);
}

static void run_dequantize(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    run_planes(step, run, task, dequantize_plane);
}

static hone_status add_step(hone_program *program, const hone_label *label, const hone_view *out,
                            const hone_view *in, hone_step **made, hone_error *error) {
    const hone_view views[2] = {*out, *in};
    hone_walk walk;
    if (!hone__walk_runs(views, 2, false, &walk))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "step '%s': views do not fit",
                         label->name);
    HONE_TRY(hone__program_add_step(program, label, 1, 2, sizeof(bytes_params), made, error));
    hone_step *step = *made;
    ((bytes_params *)step->params)->walk = walk;
    step->slots[0] = *out, step->slots[1] = *in;
    step->tasks = hone__program_tasks(program, (size_t)walk.dim[walk.cut],
                                      (size_t)hone__view_elements(out) * 4);
    return HONE_OK;
}

hone_status hone__step_lookup(hone_program *program, const hone_label *label, const hone_view *out,
                              const hone_view *in, const uint8_t *table, hone_error *error) {
    hone_step *step = NULL;
    HONE_TRY(add_step(program, label, out, in, &step, error));
    memcpy(((bytes_params *)step->params)->table, table, 256);
    step->run = run_lookup;
    step->kernel = program->kernels.eltwise.lookup_name;
    step->in_place = 1;
    return HONE_OK;
}

hone_status hone__step_quantize(hone_program *program, const hone_label *label,
                                const hone_view *out, const hone_view *in, float scale,
                                uint8_t zero, hone_error *error) {
    hone_step *step = NULL;
    HONE_TRY(add_step(program, label, out, in, &step, error));
    bytes_params *p = (bytes_params *)step->params;
    p->multiplier = 1.0f / scale, p->zero = zero;
    step->run = run_quantize;
    step->kernel = program->kernels.eltwise.quantize_name;
    return HONE_OK;
}

hone_status hone__step_dequantize(hone_program *program, const hone_label *label,
                                  const hone_view *out, const hone_view *in, float scale,
                                  uint8_t zero, hone_error *error) {
    hone_step *step = NULL;
    HONE_TRY(add_step(program, label, out, in, &step, error));
    bytes_params *p = (bytes_params *)step->params;
    p->multiplier = scale, p->zero = zero;
    step->run = run_dequantize;
    step->kernel = program->kernels.eltwise.dequantize_name;
    return HONE_OK;
}

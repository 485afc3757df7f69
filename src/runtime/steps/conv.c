/* SPDX-License-Identifier: Apache-2.0 */
/* Float convolutions; weights are packed when the step is made. */
#include "base/error.h"
#include "runtime/steps/conv_params.h"

static size_t pixel_stride(const hone_view *view) {
    int64_t stride = 0;
    (void)hone__view_is_pixels(view, &stride); /* lowering asked for pixels */
    return (size_t)stride;
}

static void run_conv(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    const conv_params *p = (const conv_params *)step->params;
    hone_conv_args args = p->args;
    args.output = (float *)hone__run_at(run, &step->slots[0]);
    args.input = (const float *)hone__run_at(run, &step->slots[1]);
    if (step->slot_count > 2) args.residual = (const float *)hone__run_at(run, &step->slots[2]);
    p->kernel->run_task(p->kernel, &args, task, hone__run_scratch(run, step, worker));
}

static void run_dwconv(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    const dwconv_params *p = (const dwconv_params *)step->params;
    hone_dwconv_args args = p->args;
    args.output = (float *)hone__run_at(run, &step->slots[0]);
    args.input = (const float *)hone__run_at(run, &step->slots[1]);
    p->kernel->run_task(p->kernel, &args, task, hone__run_scratch(run, step, worker));
}

const conv_params *hone__step_conv_params(const hone_step *step) {
    return step->run == run_conv ? (const conv_params *)step->params : NULL;
}

const dwconv_params *hone__step_dwconv_params(const hone_step *step) {
    return step->run == run_dwconv ? (const dwconv_params *)step->params : NULL;
}

/* Winograd's way where its table says that it is the better one, else the direct way. */
static const hone_conv_kernel *choose(const hone_kernels *kernels, const hone_conv_dims *dims) {
    const hone_conv_kernel *winograd = hone__winograd_choose(&kernels->winograd, dims);
    return winograd ? winograd : hone__conv_choose(&kernels->conv, dims);
}

static void make_conv(const void *recipe, void *packed) {
    const conv_params *p = (const conv_params *)recipe;
    p->kernel->pack(p->kernel, &p->dims, &p->weights, packed);
}

static hone_status pack_conv(hone_program *program, conv_params *p, hone_error *error) {
    hone_pack pack = {.layout = p->kernel->name,
                      .bytes = p->kernel->pack_bytes(p->kernel, &p->dims),
                      .make = make_conv,
                      .recipe = p};
    hone__pack_conv(&pack, &p->dims, &p->weights, sizeof(float));
    return hone__program_pack(program, &pack, &p->args.packed, error);
}

static void make_dwconv(const void *recipe, void *packed) {
    const dwconv_params *p = (const dwconv_params *)recipe;
    p->kernel->pack(p->kernel, &p->dims, &p->weights, packed);
}

static hone_status pack_dwconv(hone_program *program, dwconv_params *p, hone_error *error) {
    hone_pack pack = {.layout = p->kernel->name,
                      .bytes = p->kernel->pack_bytes(p->kernel, &p->dims),
                      .make = make_dwconv,
                      .recipe = p};
    hone__pack_conv(&pack, &p->dims, &p->weights, sizeof(float));
    return hone__program_pack(program, &pack, &p->args.packed, error);
}

static hone_status add_conv(hone_program *program, const hone_label *label,
                            const hone_conv_call *call, hone_error *error) {
    hone_step *step = NULL;
    uint32_t slots = call->residual ? 3 : 2;
    HONE_TRY(hone__program_add_step(program, label, 1, slots, sizeof(conv_params), &step, error));
    conv_params *p = (conv_params *)step->params;
    p->dims = call->dims;
    p->kernel = call->planes ? program->kernels.conv.planes : choose(&program->kernels, &p->dims);
    p->weights = call->weights;
    p->args = (hone_conv_args){.dims = &p->dims,
                               .input_stride = pixel_stride(call->in),
                               .output_stride = pixel_stride(call->out),
                               .lo = call->lo,
                               .hi = call->hi};
    HONE_TRY(pack_conv(program, p, error));
    step->slots[0] = *call->out, step->slots[1] = *call->in;
    if (call->residual) {
        step->slots[2] = *call->residual;
        step->in_place = 2;
        p->args.residual_stride = pixel_stride(call->residual);
    }
    step->run = run_conv;
    step->kernel = p->kernel->name;
    step->tasks = p->kernel->task_count(p->kernel, &p->dims);
    step->scratch_bytes = p->kernel->scratch_bytes(p->kernel, &p->dims);
    return HONE_OK;
}

static hone_status add_dwconv(hone_program *program, const hone_label *label,
                              const hone_conv_call *call, const hone_dwconv_kernel *kernel,
                              hone_error *error) {
    hone_step *step = NULL;
    HONE_TRY(hone__program_add_step(program, label, 1, 2, sizeof(dwconv_params), &step, error));
    dwconv_params *p = (dwconv_params *)step->params;
    p->dims = call->dims;
    p->kernel = kernel;
    p->weights = call->weights;
    p->args = (hone_dwconv_args){.dims = &p->dims,
                                 .input_stride = pixel_stride(call->in),
                                 .output_stride = pixel_stride(call->out),
                                 .lo = call->lo,
                                 .hi = call->hi};
    HONE_TRY(pack_dwconv(program, p, error));
    step->slots[0] = *call->out, step->slots[1] = *call->in;
    step->run = run_dwconv;
    step->kernel = kernel->name;
    step->tasks = kernel->task_count(kernel, &p->dims);
    step->scratch_bytes = kernel->scratch_bytes(kernel, &p->dims);
    return HONE_OK;
}

hone_status hone__step_conv(hone_program *program, const hone_label *label,
                            const hone_conv_call *call, hone_error *error) {
    if (call->planes) return add_conv(program, label, call, error);
    if (hone__step_rows_fits(program, call)) return hone__step_rows(program, label, call, error);
    const hone_dwconv_kernel *depthwise =
        call->residual ? NULL : hone__dwconv_choose(&program->kernels.dwconv, &call->dims);
    if (depthwise) return add_dwconv(program, label, call, depthwise, error);
    return add_conv(program, label, call, error);
}

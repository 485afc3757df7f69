/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized convolutions; weights, bias and multipliers are packed when the step is made. */
#include "base/error.h"
#include "runtime/steps/steps.h"

typedef struct qconv_params {
    hone_conv_dims dims;
    const hone_qconv_kernel *kernel;
    hone_qconv_pack source; /* as given; read when it is packed */
    hone_qconv_args args;   /* all but the pointers to activations */
    bool to_float;
} qconv_params;

typedef struct qdwconv_params {
    hone_conv_dims dims;
    const hone_qdwconv_kernel *kernel;
    hone_qconv_pack source;
    hone_qdwconv_args args;
} qdwconv_params;

static size_t pixel_stride(const hone_view *view) {
    int64_t stride = 0;
    (void)hone__view_is_pixels(view, &stride); /* lowering asked for pixels */
    return (size_t)stride;
}

static void run_qconv(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    const qconv_params *p = (const qconv_params *)step->params;
    hone_qconv_args args = p->args;
    if (p->to_float)
        args.output_f32 = (float *)hone__run_at(run, &step->slots[0]);
    else
        args.output = (uint8_t *)hone__run_at(run, &step->slots[0]);
    args.input = (const uint8_t *)hone__run_at(run, &step->slots[1]);
    if (step->slot_count > 2) args.sum.data = (const uint8_t *)hone__run_at(run, &step->slots[2]);
    p->kernel->run_task(p->kernel, &args, task, hone__run_scratch(run, step, worker));
}

static void run_qdwconv(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    const qdwconv_params *p = (const qdwconv_params *)step->params;
    hone_qdwconv_args args = p->args;
    args.output = (uint8_t *)hone__run_at(run, &step->slots[0]);
    args.input = (const uint8_t *)hone__run_at(run, &step->slots[1]);
    p->kernel->run_task(p->kernel, &args, task, hone__run_scratch(run, step, worker));
}

static void describe_source(hone_pack *pack, const hone_conv_dims *dims,
                            const hone_qconv_pack *source) {
    hone__pack_conv(pack, dims, &source->weights, sizeof(int8_t));
    pack->numbers[HONE_PACK_NUMBERS - 1] = source->input_zero;
    pack->pieces[2].data = source->multiplier;
    pack->pieces[2].bytes = dims->out_c * sizeof(float);
}

static void make_qconv(const void *recipe, void *packed) {
    const qconv_params *p = (const qconv_params *)recipe;
    p->kernel->pack(p->kernel, &p->dims, &p->source, packed);
}

static hone_status pack_qconv(hone_program *program, qconv_params *p, hone_error *error) {
    hone_pack pack = {.layout = p->kernel->name,
                      .bytes = p->kernel->pack_bytes(p->kernel, &p->dims),
                      .make = make_qconv,
                      .recipe = p};
    describe_source(&pack, &p->dims, &p->source);
    return hone__program_pack(program, &pack, &p->args.packed, error);
}

static void make_qdwconv(const void *recipe, void *packed) {
    const qdwconv_params *p = (const qdwconv_params *)recipe;
    p->kernel->pack(p->kernel, &p->dims, &p->source, packed);
}

static hone_status pack_qdwconv(hone_program *program, qdwconv_params *p, hone_error *error) {
    hone_pack pack = {.layout = p->kernel->name,
                      .bytes = p->kernel->pack_bytes(p->kernel, &p->dims),
                      .make = make_qdwconv,
                      .recipe = p};
    describe_source(&pack, &p->dims, &p->source);
    return hone__program_pack(program, &pack, &p->args.packed, error);
}

/* Winograd's way where it is the better one and these weights allow it, else the direct way. */
static const hone_qconv_kernel *choose(const hone_kernels *kernels, const hone_qconv_call *call) {
    const hone_qconv_kernel *winograd =
        hone__qwinograd_choose(&kernels->qwinograd, &call->dims, &call->source.weights);
    return winograd ? winograd : hone__qconv_choose(&kernels->qconv, &call->dims);
}

/* The tensor that is added may become the output. */
static void set_slots(hone_step *step, const hone_qconv_call *call) {
    qconv_params *p = (qconv_params *)step->params;
    step->slots[0] = *call->out, step->slots[1] = *call->in;
    if (!call->addend) return;
    step->slots[2] = *call->addend;
    step->in_place = 2;
    p->args.sum = call->sum;
    p->args.sum.stride = pixel_stride(call->addend);
}

static hone_status add_qconv(hone_program *program, const hone_label *label,
                             const hone_qconv_call *call, hone_error *error) {
    hone_step *step = NULL;
    uint32_t slots = call->addend ? 3 : 2;
    HONE_TRY(hone__program_add_step(program, label, 1, slots, sizeof(qconv_params), &step, error));
    qconv_params *p = (qconv_params *)step->params;
    p->dims = call->dims;
    p->kernel = choose(&program->kernels, call);
    p->source = call->source;
    p->to_float = program->buffers[call->out->buffer].dtype == HONE_F32;
    p->args = (hone_qconv_args){.dims = &p->dims,
                                .input_stride = pixel_stride(call->in),
                                .input_zero = call->source.input_zero,
                                .output_stride = pixel_stride(call->out),
                                .output_zero = call->output_zero,
                                .lo = call->lo,
                                .hi = call->hi};
    HONE_TRY(pack_qconv(program, p, error));
    set_slots(step, call);
    step->run = run_qconv;
    step->kernel = p->kernel->name;
    step->tasks = p->kernel->task_count(p->kernel, &p->dims);
    step->scratch_bytes = p->kernel->scratch_bytes(p->kernel, &p->dims);
    return HONE_OK;
}

static hone_status add_qdwconv(hone_program *program, const hone_label *label,
                               const hone_qconv_call *call, const hone_qdwconv_kernel *kernel,
                               hone_error *error) {
    hone_step *step = NULL;
    HONE_TRY(hone__program_add_step(program, label, 1, 2, sizeof(qdwconv_params), &step, error));
    qdwconv_params *p = (qdwconv_params *)step->params;
    p->dims = call->dims;
    p->kernel = kernel;
    p->source = call->source;
    p->args = (hone_qdwconv_args){.dims = &p->dims,
                                  .input_stride = pixel_stride(call->in),
                                  .input_zero = call->source.input_zero,
                                  .output_stride = pixel_stride(call->out),
                                  .output_zero = call->output_zero,
                                  .lo = call->lo,
                                  .hi = call->hi};
    HONE_TRY(pack_qdwconv(program, p, error));
    step->slots[0] = *call->out, step->slots[1] = *call->in;
    step->run = run_qdwconv;
    step->kernel = kernel->name;
    step->tasks = kernel->task_count(kernel, &p->dims);
    step->scratch_bytes = kernel->scratch_bytes(kernel, &p->dims);
    return HONE_OK;
}

hone_status hone__step_qconv(hone_program *program, const hone_label *label,
                             const hone_qconv_call *call, hone_error *error) {
    bool to_bytes = program->buffers[call->out->buffer].dtype == HONE_U8;
    const hone_qdwconv_kernel *depthwise =
        to_bytes ? hone__qdwconv_choose(&program->kernels.qdwconv, &call->dims) : NULL;
    if (depthwise) return add_qdwconv(program, label, call, depthwise, error);
    return add_qconv(program, label, call, error);
}

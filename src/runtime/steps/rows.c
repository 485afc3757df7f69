/* SPDX-License-Identifier: Apache-2.0 */
/* Fully connected layers (and 1 x 1 convolutions) of so few rows that memory bounds them: weights
 * that lie output channel by output channel are read once, where they are, in the mapped file or
 * wherever, and never packed. Milliseconds on a Zen 3 core, one row: packed / in place
 *
 *   1280 x 1000   0.111 / 0.088      4096 x 4096    3.7 / 3.1
 *   2048 x 1000   0.229 / 0.158      25088 x 4096  42.9 / 25.5
 *
 * Weights the other way round (MatMul's) are 3 times as slow in place as packed, and are packed. */
#include "base/error.h"
#include "runtime/steps/steps.h"

#include <string.h>

enum { MOST_ROWS = 3, WEIGHTS_ATLEAST = 1024, WHOLE_VECTORS = 16 };

typedef struct rows_params {
    hone_matmul_dims dims;
    hone_matmul_args args; /* all but the pointers to activations */
} rows_params;

static void run_rows(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    const rows_params *p = (const rows_params *)step->params;
    const hone_matmul_table *kernels = &run->program->kernels.matmul;
    hone_matmul_args args = p->args;
    args.output = (float *)hone__run_at(run, &step->slots[0]);
    args.a = (const float *)hone__run_at(run, &step->slots[1]);
    if (step->slot_count > 2) args.residual = (const float *)hone__run_at(run, &step->slots[2]);
    kernels->run_task(kernels, &args, task, hone__run_scratch(run, step, worker));
}

static bool is_aligned(const void *data) {
    return (uintptr_t)data % sizeof(float) == 0;
}

/* Files in ONNX's format put weights anywhere. Whole vectors are loaded from any address, what is
 * left behind them is not. */
static bool can_be_read(const void *data, size_t depth) {
    return is_aligned(data) || depth % WHOLE_VECTORS == 0;
}

bool hone__step_rows_fits(const hone_program *program, const hone_conv_call *call) {
    const hone_conv_dims *d = &call->dims;
    bool plain = d->kernel_h == 1 && d->kernel_w == 1 && d->stride_h == 1 && d->stride_w == 1 &&
                 d->groups == 1 && !d->pad_top && !d->pad_left && d->out_h == d->in_h &&
                 d->out_w == d->in_w;
    return plain && program->kernels.tier != HONE_CPU_SCALAR && hone__conv_pixels(d) <= MOST_ROWS &&
           (uint64_t)d->in_c * d->out_c >= WEIGHTS_ATLEAST && call->weights.in_step == 1 &&
           call->weights.out_step == d->in_c && can_be_read(call->weights.data, d->in_c);
}

/* The bias at an address that suits floats. */
static hone_status bias_of(hone_program *program, const hone_conv_call *call, const float **bias,
                           hone_error *error) {
    void *copy = NULL;
    size_t bytes = call->dims.out_c * sizeof(float);
    *bias = (const float *)call->weights.bias;
    if (is_aligned(call->weights.bias)) return HONE_OK;
    HONE_TRY(hone__program_keep(program, bytes, &copy, error));
    memcpy(copy, call->weights.bias, bytes);
    *bias = (const float *)copy;
    return HONE_OK;
}

static size_t pixel_stride(const hone_view *view) {
    int64_t stride = 0;
    (void)hone__view_is_pixels(view, &stride); /* lowering asked for pixels */
    return (size_t)stride;
}

hone_status hone__step_rows(hone_program *program, const hone_label *label,
                            const hone_conv_call *call, hone_error *error) {
    hone_step *step = NULL;
    const hone_matmul_table *kernels = &program->kernels.matmul;
    uint32_t slots = call->residual ? 3 : 2;
    HONE_TRY(hone__program_add_step(program, label, 1, slots, sizeof(rows_params), &step, error));
    rows_params *p = (rows_params *)step->params;
    p->dims = (hone_matmul_dims){.rows = hone__conv_pixels(&call->dims),
                                 .depth = call->dims.in_c,
                                 .cols = call->dims.out_c,
                                 .b_turned = true};
    p->args = (hone_matmul_args){.dims = &p->dims,
                                 .a_stride = pixel_stride(call->in),
                                 .b = (const float *)call->weights.data, /* see can_be_read */
                                 .b_stride = call->dims.in_c,
                                 .alpha = 1,
                                 .output_stride = pixel_stride(call->out),
                                 .lo = call->lo,
                                 .hi = call->hi};
    HONE_TRY(bias_of(program, call, &p->args.bias, error));
    program->weight_bytes += (p->dims.cols * p->dims.depth) * sizeof(float);
    step->slots[0] = *call->out, step->slots[1] = *call->in;
    if (call->residual) {
        step->slots[2] = *call->residual;
        step->in_place = 2;
        p->args.residual_stride = pixel_stride(call->residual);
    }
    step->run = run_rows;
    step->kernel = kernels->name;
    step->tasks = kernels->task_count(kernels, &p->dims);
    step->scratch_bytes = kernels->scratch_bytes(kernels, &p->dims);
    return HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and its logarithm along one dimension: rows of numbers side by side, or (what lies behind
 * the dimension being more than one element) columns, cut into blocks that tasks share. */
#include "base/error.h"
#include "runtime/steps/steps.h"

enum { BLOCK = 64 };

typedef struct softmax_params {
    bool columns;
    hone_soft_args args;        /* rows: of all; columns: of one outer element */
    size_t outer, outer_stride; /* columns */
    size_t blocks;              /* columns: of an outer element */
    size_t items;               /* what tasks share: rows, or blocks */
} softmax_params;

static void run_softmax(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    const softmax_params *p = (const softmax_params *)step->params;
    const hone_norm_table *kernels = &run->program->kernels.norm;
    float *out = (float *)hone__run_at(run, &step->slots[0]);
    const float *in = (const float *)hone__run_at(run, &step->slots[1]);
    hone_soft_args args = p->args;
    size_t begin, end;
    hone__task_range(p->items, step->tasks, task, &begin, &end);
    if (!p->columns) {
        args.rows = end - begin;
        args.input = in + begin * args.input_stride, args.output = out + begin * args.output_stride;
        kernels->soft_rows(&args);
        return;
    }
    for (size_t i = begin; i < end; i++) {
        size_t first = i % p->blocks * BLOCK, at = i / p->blocks * p->outer_stride + first;
        args.cols = p->args.cols - first < BLOCK ? p->args.cols - first : BLOCK;
        args.input = in + at, args.output = out + at;
        kernels->soft_columns(&args);
    }
}

/* The walk over [outer, dim, inner], or over pixels when `axis` is their channel. */
static softmax_params walk_of(const hone_view *out, const hone_view *in, int32_t axis) {
    softmax_params p = {.outer = 1};
    int64_t strides[2], dim = out->dim[axis];
    if (!hone__view_is_dense(out) || !hone__view_is_dense(in)) {
        (void)hone__view_is_pixels(in, &strides[0]);
        (void)hone__view_is_pixels(out, &strides[1]);
    } else {
        size_t inner = 1;
        for (int32_t i = axis + 1; i < out->rank; i++) inner *= (size_t)out->dim[i];
        p.columns = inner > 1;
        strides[0] = strides[1] = p.columns ? (int64_t)inner : dim;
    }
    size_t all = (size_t)hone__view_elements(out);
    p.args.input_stride = (size_t)strides[0], p.args.output_stride = (size_t)strides[1];
    p.args.cols = p.columns ? p.args.input_stride : (size_t)dim;
    p.args.rows = p.columns ? (size_t)dim : all / (size_t)(dim ? dim : 1);
    p.items = p.args.rows;
    if (!p.columns || all == 0) return p;
    p.outer_stride = p.args.rows * p.args.cols;
    p.outer = all / p.outer_stride;
    p.blocks = (p.args.cols + BLOCK - 1) / BLOCK;
    p.items = p.outer * p.blocks;
    return p;
}

hone_status hone__step_softmax(hone_program *program, const hone_label *label, const hone_view *out,
                               const hone_view *in, int32_t axis, bool log, hone_error *error) {
    hone_step *step = NULL;
    softmax_params p = walk_of(out, in, axis);
    p.args.log = log;
    HONE_TRY(hone__program_add_step(program, label, 1, 2, sizeof p, &step, error));
    *(softmax_params *)step->params = p;
    step->slots[0] = *out, step->slots[1] = *in;
    step->in_place = 1;
    step->run = run_softmax;
    step->kernel = program->kernels.norm.name;
    /* exp is worth some twenty times the bytes it is made of */
    step->tasks = hone__program_tasks(program, p.items, (size_t)hone__view_elements(out) * 32);
    return HONE_OK;
}

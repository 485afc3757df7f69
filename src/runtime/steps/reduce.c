/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions over any axes. The dimensions of the input are merged as far as strides allow and fall
 * into: the run (stride 1; kept or reduced), a second one that the kernel walks with it, and outer
 * ones that are walked here. Tasks share kept elements, so that no sum depends on their number. */
#include "base/error.h"
#include "runtime/steps/steps.h"

#include <math.h>

typedef struct axis {
    int64_t dim, stride, out_stride; /* out_stride of kept ones */
    bool reduced;
} axis;

typedef struct reduce_params {
    hone_reduce_op op;
    float scale;
    bool root;
    bool columns;    /* the run is kept */
    axis run, other; /* walked by the kernel; one of them kept, one reduced */
    axis kept[HONE_MAX_RANK], reduced[HONE_MAX_RANK];
    int32_t kept_count, reduced_count;
    int64_t outer, again; /* products of the two */
    int64_t width;        /* elements of the kept one of the kernel's dimensions */
} reduce_params;

static int64_t offset_of(const axis *axes, int32_t count, int64_t index, int64_t *out) {
    int64_t at = 0;
    for (int32_t i = count - 1; i >= 0; i--) {
        int64_t k = index % axes[i].dim;
        index /= axes[i].dim;
        at += k * axes[i].stride;
        if (out) *out += k * axes[i].out_stride;
    }
    return at;
}

/* Kept elements [begin, end) of the outer element `index`. */
static void reduce_part(const reduce_params *p, const hone_reduce_table *kernels, const float *in,
                        float *out, int64_t index, int64_t begin, int64_t end) {
    int64_t out_at = begin, at = offset_of(p->kept, p->kept_count, index, &out_at);
    size_t count = (size_t)(end - begin);
    hone_reduce_args args = {.op = p->op,
                             .rows = p->columns ? (size_t)p->other.dim : count,
                             .cols = p->columns ? count : (size_t)p->run.dim,
                             .input_stride = (size_t)p->other.stride,
                             .output = out + out_at};
    at += begin * (p->columns ? 1 : p->other.stride);
    for (int64_t i = 0; i < p->again; i++, args.more = true) {
        args.input = in + at + offset_of(p->reduced, p->reduced_count, i, NULL);
        p->columns ? kernels->columns(&args) : kernels->rows(&args);
    }
    for (size_t i = 0; i < count; i++)
        args.output[i] = (p->root ? sqrtf(args.output[i]) : args.output[i]) * p->scale;
}

static void run_reduce(const hone_step *step, hone_run *run, uint32_t task, uint32_t worker) {
    (void)worker;
    const reduce_params *p = (const reduce_params *)step->params;
    float *out = (float *)hone__run_at(run, &step->slots[0]);
    const float *in = (const float *)hone__run_at(run, &step->slots[1]);
    size_t begin, end;
    hone__task_range((size_t)(p->outer * p->width), step->tasks, task, &begin, &end);
    for (int64_t at = (int64_t)begin; at < (int64_t)end;) {
        int64_t index = at / p->width, first = at % p->width;
        int64_t last = (int64_t)end - index * p->width;
        if (last > p->width) last = p->width;
        reduce_part(p, &run->program->kernels.reduce, in, out, index, first, last);
        at = index * p->width + last;
    }
}

/* Appends a dimension, or lengthens the last one of its kind that it continues. */
static void append(axis *list, int32_t *count, const axis *one) {
    axis *last = *count ? &list[*count - 1] : NULL;
    if (one->dim == 1) return;
    if (last && last->stride == one->stride * one->dim &&
        (one->reduced || last->out_stride == one->out_stride * one->dim)) {
        last->dim *= one->dim;
        last->stride = one->stride, last->out_stride = one->out_stride;
        return;
    }
    list[(*count)++] = *one;
}

/* Reduced dimensions with the largest stride first: their order means nothing. */
static void sort_reduced(axis *list, int32_t count) {
    for (int32_t i = 1; i < count; i++)
        for (int32_t j = i; j > 0 && list[j - 1].stride < list[j].stride; j--) {
            axis one = list[j];
            list[j] = list[j - 1], list[j - 1] = one;
        }
}

static axis take_last(axis *list, int32_t *count, bool reduced) {
    if (*count == 0) return (axis){.dim = 1, .stride = 1, .out_stride = 1, .reduced = reduced};
    return list[--*count];
}

/* Fills in the walk; false where no dimension of stride 1 can be the run. */
static bool plan(const hone_view *in, uint32_t mask, reduce_params *p) {
    axis split[HONE_MAX_RANK];
    int32_t found = 0;
    int64_t out_stride = 1;
    for (int32_t i = in->rank - 1; i >= 0; i--) {
        if (in->stride[i] < 0) return false;
        bool reduced = mask >> i & 1;
        split[i] = (axis){in->dim[i], in->stride[i], out_stride, reduced};
        if (!reduced) out_stride *= in->dim[i];
    }
    axis reduced[HONE_MAX_RANK];
    for (int32_t i = 0; i < in->rank; i++)
        if (split[i].reduced) reduced[found++] = split[i];
    sort_reduced(reduced, found);
    for (int32_t i = 0; i < found; i++) append(p->reduced, &p->reduced_count, &reduced[i]);
    for (int32_t i = 0; i < in->rank; i++)
        if (!split[i].reduced) append(p->kept, &p->kept_count, &split[i]);
    axis kept = take_last(p->kept, &p->kept_count, false);
    axis gone = take_last(p->reduced, &p->reduced_count, true);
    p->columns = kept.dim > 1 && kept.stride == 1;
    if (!p->columns && gone.stride != 1) return false;
    p->run = p->columns ? kept : gone, p->other = p->columns ? gone : kept;
    p->width = kept.dim, p->outer = p->again = 1;
    for (int32_t i = 0; i < p->kept_count; i++) p->outer *= p->kept[i].dim;
    for (int32_t i = 0; i < p->reduced_count; i++) p->again *= p->reduced[i].dim;
    return true;
}

bool hone__step_reduce_fits(const hone_view *in, uint32_t axes) {
    reduce_params p = {0};
    return plan(in, axes, &p);
}

hone_status hone__step_reduce(hone_program *program, const hone_label *label,
                              const hone_reduce_call *call, hone_error *error) {
    hone_step *step = NULL;
    reduce_params p = {.op = call->op, .scale = call->scale, .root = call->root};
    if (!plan(call->in, call->axes, &p))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "step '%s': views do not fit",
                         label->name);
    HONE_TRY(hone__program_add_step(program, label, 1, 2, sizeof p, &step, error));
    *(reduce_params *)step->params = p;
    step->slots[0] = *call->out, step->slots[1] = *call->in;
    step->run = run_reduce;
    step->kernel = program->kernels.reduce.name;
    step->tasks = hone__program_tasks(program, (size_t)(p.outer * p.width),
                                      (size_t)hone__view_elements(call->in) * sizeof(float));
    return HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Pools with a sliding window, and those over the whole plane. */
#include "graph/window.h"
#include "ops/family.h"

#include <math.h>

typedef struct pool_job {
    const hone_op_call *call;
    hone_window window;
    int64_t dim[HONE_WINDOW_RANK]; /* of one plane of input */
    int64_t area, p;
    bool count_pads, column_major;
} pool_job;

/* What a window gathers. */
typedef struct gathered {
    double sum, most;
    int64_t count,
        most_at; /* elements inside of the input; place of `most` in the plane, -1: none */
} gathered;

static void take(const pool_job *job, gathered *all, int64_t plane, int64_t at) {
    const hone_tensor *in = &job->call->inputs[0];
    double x = hone__real_at(in->dtype, in->data, plane + at);
    all->count++;
    if (all->most_at < 0 || x > all->most || isnan(x)) {
        if (all->most_at < 0 || !isnan(all->most)) all->most = x, all->most_at = at;
    }
    if (job->call->node->op == HONE_OP_LpPool || job->call->node->op == HONE_OP_GlobalLpPool)
        x = job->p == 1 ? fabs(x) : job->p == 2 ? x * x : pow(fabs(x), (double)job->p);
    all->sum += x;
}

static gathered gather(const pool_job *job, int64_t plane, const int64_t *o) {
    const hone_window *w = &job->window;
    gathered all = {0.0, 0.0, 0, -1};
    int64_t k[HONE_WINDOW_RANK] = {0};
    do {
        int64_t at = 0;
        bool inside = true;
        for (int32_t d = 0; d < w->rank && inside; d++) {
            int64_t place = o[d] * w->stride[d] + k[d] * w->dilation[d] - w->pad_begin[d];
            inside = place >= 0 && place < job->dim[d];
            at = at * job->dim[d] + place;
        }
        if (inside) take(job, &all, plane, at);
    } while (hone__next(w->rank, w->kernel, k));
    return all;
}

/* Places of the window inside of input and padding: what ceil_mode adds beyond is not counted. */
static int64_t padded_count(const pool_job *job, const int64_t *o) {
    const hone_window *w = &job->window;
    int64_t all = 1;
    for (int32_t d = 0; d < w->rank; d++) {
        int64_t from = o[d] * w->stride[d], end = job->dim[d] + w->pad_begin[d] + w->pad_end[d];
        int64_t places = end <= from ? 0 : (end - from + w->dilation[d] - 1) / w->dilation[d];
        all *= places < w->kernel[d] ? places : w->kernel[d];
    }
    return all;
}

/* The index MaxPool gives for place `at` of plane `plane`: into the whole tensor, row by row or, in
 * its last dimensions, column by column. */
static int64_t max_index(const pool_job *job, int64_t plane, int64_t at) {
    if (!job->column_major) return plane + at;
    int64_t index[HONE_WINDOW_RANK], flat = 0;
    for (int32_t d = job->window.rank - 1; d >= 0; d--) {
        index[d] = at % job->dim[d];
        at /= job->dim[d];
    }
    for (int32_t d = job->window.rank - 1; d >= 0; d--) flat = flat * job->dim[d] + index[d];
    return plane + flat;
}

static void put_pooled(const pool_job *job, int64_t to, int64_t plane, const int64_t *o) {
    hone_tensor *out = hone__output(job->call, 0), *indices = hone__output(job->call, 1);
    gathered all = gather(job, plane, o);
    double value = all.most;
    if (job->call->node->op == HONE_OP_AveragePool)
        value = all.sum / (double)(job->count_pads ? padded_count(job, o) : all.count);
    else if (job->call->node->op == HONE_OP_LpPool)
        value = pow(all.sum, 1.0 / (double)job->p);
    else if (all.most_at < 0)
        value = -(double)INFINITY;
    hone__real_put(out->dtype, out->data, to, value);
    if (indices)
        hone__int_put(indices->dtype, indices->data, to,
                      all.most_at < 0 ? -1 : max_index(job, plane, all.most_at));
}

static hone_status prepare(const hone_op_call *call, pool_job *job, hone_error *error) {
    const hone_shape *in = &call->inputs[0].shape, *out = &call->outputs[0].shape;
    if (in->rank < 3 || out->rank != in->rank)
        return hone__mismatch(call->node, error, "the input has no spatial dimensions");
    HONE_TRY(hone__window_read(call->node, in->rank - 2, NULL, &job->window, error));
    for (int32_t d = 0; d < job->window.rank; d++) {
        int64_t size;
        job->dim[d] = in->dim[d + 2];
        HONE_TRY(hone__window_place(&job->window, call->node, d, job->dim[d], &size, error));
        if (size != out->dim[d + 2])
            return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    }
    job->call = call;
    job->area = hone__shape_span(in, 2, in->rank);
    job->p = hone_node_int(call->node, "p", 2);
    job->count_pads = hone_node_int(call->node, "count_include_pad", 0) != 0;
    job->column_major = hone_node_int(call->node, "storage_order", 0) != 0;
    return HONE_OK;
}

static hone_status run_pool(const hone_op_call *call, hone_error *error) {
    const hone_shape *in = &call->inputs[0].shape, *out = &call->outputs[0].shape;
    pool_job job;
    int64_t to = 0;
    HONE_TRY(prepare(call, &job, error));
    if (hone__elements(out) == 0) return HONE_OK;
    for (int64_t plane = 0; plane < in->dim[0] * in->dim[1]; plane++) {
        int64_t o[HONE_WINDOW_RANK] = {0};
        do {
            put_pooled(&job, to++, plane * job.area, o);
        } while (hone__next(job.window.rank, out->dim + 2, o));
    }
    return HONE_OK;
}

static hone_status check_pool(const hone_node *node, hone_error *error) {
    if (hone_node_int(node, "p", 2) < 1) return hone__unsupported(node, error, "p below 1");
    if (node->op == HONE_OP_MaxPool) return HONE_OK;
    return hone__check_input(node, 0, HONE__TAKES_REAL, error);
}

const hone_op_family hone__family_pool = {run_pool, HONE__TAKES_NUMBER, check_pool, NULL};

static hone_status run_global(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    pool_job job = {.call = call, .p = hone_node_int(call->node, "p", 2)};
    if (in->shape.rank < 2) return hone__mismatch(call->node, error, "the input has no planes");
    int64_t area = hone__shape_span(&in->shape, 2, in->shape.rank);
    int64_t planes = in->shape.dim[0] * in->shape.dim[1];
    if (hone__elements(&out->shape) != planes)
        return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    for (int64_t plane = 0; plane < planes; plane++) {
        gathered all = {0.0, 0.0, 0, -1};
        for (int64_t i = 0; i < area; i++) take(&job, &all, plane * area, i);
        double value = all.most;
        if (call->node->op == HONE_OP_GlobalAveragePool) value = all.sum / (double)area;
        if (call->node->op == HONE_OP_GlobalLpPool) value = pow(all.sum, 1.0 / (double)job.p);
        hone__real_put(out->dtype, out->data, plane, value);
    }
    return HONE_OK;
}

const hone_op_family hone__family_global_pool = {run_global, HONE__TAKES_REAL, check_pool, NULL};

/* MaxUnpool: every number goes back to where MaxPool's indices say it came from. The indices are
 * those of the plane sizes that the pool had, which an explicit output_shape only surrounds. */
static hone_status run_max_unpool(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *indices = &call->inputs[1];
    hone_tensor *out = &call->outputs[0];
    const hone_shape *shape = &out->shape;
    hone_window w;
    int64_t inner[HONE_MAX_RANK], steps[HONE_MAX_RANK], total = 1;
    if (!hone_shape_equal(&in->shape, &indices->shape) || shape->rank != in->shape.rank)
        return hone__mismatch(call->node, error, "input and indices differ in shape");
    HONE_TRY(hone__window_read(call->node, shape->rank - 2, NULL, &w, error));
    for (int32_t d = 0; d < shape->rank; d++) {
        inner[d] = in->shape.dim[d];
        if (d >= 2)
            inner[d] = (inner[d] - 1) * w.stride[d - 2] + w.kernel[d - 2] - w.pad_begin[d - 2] -
                       w.pad_end[d - 2];
        if (inner[d] < 1 || inner[d] > shape->dim[d])
            return hone__mismatch(call->node, error, "the output is too small");
        total *= inner[d];
    }
    hone__steps(shape, steps);
    size_t bytes = (size_t)hone__elements(shape) * hone__element_bytes(out->dtype);
    if (bytes > 0) memset(out->data, 0, bytes);
    for (int64_t i = 0; i < hone__elements(&in->shape); i++) {
        int64_t index = hone__int_at(indices->dtype, indices->data, i), to = 0;
        if (index < 0 || index >= total)
            return hone__mismatch(call->node, error, "index %lld is outside of the output",
                                  (long long)index);
        for (int32_t d = shape->rank - 1; d >= 0; d--) {
            to += index % inner[d] * steps[d];
            index /= inner[d];
        }
        hone__copy_element(in, i, out, to);
    }
    return HONE_OK;
}

const hone_op_family hone__family_max_unpool = {run_max_unpool, HONE__TAKES_BYTES, NULL, NULL};

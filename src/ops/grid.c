/* SPDX-License-Identifier: Apache-2.0 */
/* GridSample, AffineGrid, DeformConv: pictures read where a grid says. */
#include "ops/sample.h"

static int find(const char *text, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0) return i;
    return -1;
}

static const char *const paddings[] = {"zeros", "border", "reflection"};
static const char *const modes[] = {"nearest", "linear", "bilinear", "cubic", "bicubic"};
static const int taps_of[] = {1, 2, 2, 4, 4};

/* -1..1 to the element coordinates of a dimension, in float32 as the reference does. */
static double denormalize(double x, int64_t dim, bool align_corners) {
    double at =
        align_corners ? (x + 1.0) / 2.0 * (double)(dim - 1) : ((x + 1.0) * (double)dim - 1.0) / 2.0;
    return (double)(float)at;
}

static hone_status run_grid_sample(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *grid = &call->inputs[1];
    const hone_tensor *out = &call->outputs[0];
    int32_t rank = in->shape.rank - 2;
    if (rank < 1 || grid->shape.rank != in->shape.rank || grid->shape.dim[rank + 1] != rank ||
        grid->shape.dim[0] != in->shape.dim[0])
        return hone__mismatch(call->node, error, "the grid does not fit the input");
    hone__sampler s = {.in = in, .rank = rank, .dim = in->shape.dim + 2};
    s.taps = taps_of[find(hone_node_string(call->node, "mode", "linear"), modes, 5)];
    s.outside =
        (hone__outside)find(hone_node_string(call->node, "padding_mode", "zeros"), paddings, 3);
    s.align_corners = hone_node_int(call->node, "align_corners", 0) != 0;
    int64_t area = hone__shape_span(&in->shape, 2, in->shape.rank), channels = in->shape.dim[1];
    int64_t places = hone__shape_span(&grid->shape, 1, rank + 1);
    if (hone__elements(&out->shape) != in->shape.dim[0] * channels * places)
        return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    for (int64_t n = 0; n < in->shape.dim[0]; n++)
        for (int64_t p = 0; p < places; p++) {
            double x[HONE_WINDOW_RANK];
            for (int32_t d = 0; d < rank; d++) /* the grid names the last dimension first */
                x[d] = denormalize(
                    hone__real_at(grid->dtype, grid->data, (n * places + p) * rank + rank - 1 - d),
                    s.dim[d], s.align_corners);
            for (int64_t c = n * channels; c < (n + 1) * channels; c++)
                hone__real_put(out->dtype, out->data, c * places + p,
                               hone__sample(&s, c * area, x));
        }
    return HONE_OK;
}

static hone_status check_grid_sample(const hone_node *node, hone_error *error) {
    if (find(hone_node_string(node, "mode", "linear"), modes, 5) < 0 ||
        find(hone_node_string(node, "padding_mode", "zeros"), paddings, 3) < 0)
        return hone__unsupported(node, error, "an unknown mode");
    return hone__check_input(node, 1, HONE__TAKES_REAL, error);
}

const hone_op_family hone__family_grid_sample = {run_grid_sample, HONE__TAKES_NUMBER,
                                                 check_grid_sample, NULL};

/* AffineGrid: theta (N, r, r + 1) times (x, y[, z], 1) of every place of the output grid. */
static double grid_place(int64_t i, int64_t dim, bool align_corners) {
    if (align_corners) return dim == 1 ? -1.0 : -1.0 + 2.0 * (double)i / (double)(dim - 1);
    return -1.0 + (2.0 * (double)i + 1.0) / (double)dim;
}

static hone_status run_affine_grid(const hone_op_call *call, hone_error *error) {
    const hone_tensor *theta = &call->inputs[0], *out = &call->outputs[0];
    bool align = hone_node_int(call->node, "align_corners", 0) != 0;
    int32_t rank = out->shape.rank - 2;
    int64_t index[HONE_MAX_RANK] = {0}, to = 0;
    if ((rank != 2 && rank != 3) || theta->shape.rank != 3 || theta->shape.dim[1] != rank ||
        theta->shape.dim[2] != rank + 1 || theta->shape.dim[0] != out->shape.dim[0] ||
        out->shape.dim[rank + 1] != rank)
        return hone__mismatch(call->node, error, "theta does not fit the grid");
    if (hone__elements(&out->shape) == 0) return HONE_OK;
    do {
        int64_t row = (index[0] * rank + index[rank + 1]) * (rank + 1);
        double sum = hone__real_at(theta->dtype, theta->data, row + rank);
        for (int32_t d = 0; d < rank; d++) {
            int32_t dim = rank - d; /* x runs along the last spatial dimension */
            sum += hone__real_at(theta->dtype, theta->data, row + d) *
                   grid_place(index[dim], out->shape.dim[dim], align);
        }
        hone__real_put(out->dtype, out->data, to++, sum);
    } while (hone__next(out->shape.rank, out->shape.dim, index));
    return HONE_OK;
}

const hone_op_family hone__family_affine_grid = {run_affine_grid, HONE__TAKES_REAL, NULL, NULL};

/* DeformConv: a convolution whose kernel places are moved by offsets, (N, offset_group * kernel *
 * 2, out...), and weighted by a mask, (N, offset_group * kernel, out...). */

typedef struct deform {
    const hone_op_call *call;
    hone__sampler sampler;
    hone_window window;
    int64_t group, offset_group, kernel_area, out_area, in_area;
} deform;

static double value_at(const hone_tensor *tensor, int64_t i) {
    return hone__real_at(tensor->dtype, tensor->data, i);
}

/* The part of input channel c under kernel place k of output place o. */
static double deformed(const deform *job, int64_t n, int64_t c, const int64_t *k, int64_t place,
                       const int64_t *o, int64_t at) {
    const hone_tensor *offset = &job->call->inputs[2], *mask = hone__input(job->call, 4);
    const hone_shape *x = &job->call->inputs[0].shape;
    int64_t group = c / (x->dim[1] / job->offset_group);
    int64_t row = (n * job->offset_group + group) * job->kernel_area + place;
    double where[2];
    for (int32_t d = 0; d < 2; d++)
        where[d] = (double)(o[d] * job->window.stride[d] - job->window.pad_begin[d] +
                            k[d] * job->window.dilation[d]) +
                   value_at(offset, (row * 2 + d) * job->out_area + at);
    double x_value = hone__sample(&job->sampler, (n * x->dim[1] + c) * job->in_area, where);
    return mask ? x_value * value_at(mask, row * job->out_area + at) : x_value;
}

static double deform_sum(const deform *job, int64_t n, int64_t m, const int64_t *o, int64_t at) {
    const hone_tensor *w = &job->call->inputs[1], *bias = hone__input(job->call, 3);
    int64_t channels = w->shape.dim[1], per_group = w->shape.dim[0] / job->group;
    int64_t first = m / per_group * channels, place = 0, k[HONE_WINDOW_RANK] = {0};
    double sum = bias ? value_at(bias, m) : 0.0;
    do {
        for (int64_t c = 0; c < channels; c++)
            sum += value_at(w, (m * channels + c) * job->kernel_area + place) *
                   deformed(job, n, first + c, k, place, o, at);
        place++;
    } while (hone__next(2, job->window.kernel, k));
    return sum;
}

static hone_status prepare_deform(const hone_op_call *call, deform *job, hone_error *error) {
    const hone_shape *x = &call->inputs[0].shape, *w = &call->inputs[1].shape;
    const hone_shape *out = &call->outputs[0].shape;
    const hone_tensor *bias = hone__input(call, 3), *mask = hone__input(call, 4);
    if (x->rank != 4 || w->rank != 4 || out->rank != 4)
        return hone__mismatch(call->node, error, "it takes two spatial dimensions");
    *job = (deform){.call = call};
    job->group = hone_node_int(call->node, "group", 1);
    job->offset_group = hone_node_int(call->node, "offset_group", 1);
    HONE_TRY(hone__window_read(call->node, 2, w, &job->window, error));
    for (int32_t d = 0; d < 2; d++) {
        int64_t size;
        HONE_TRY(hone__window_place(&job->window, call->node, d, x->dim[d + 2], &size, error));
        if (size != out->dim[d + 2])
            return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    }
    job->sampler = (hone__sampler){.in = &call->inputs[0], .rank = 2, .taps = 2};
    job->sampler.dim = call->inputs[0].shape.dim + 2;
    job->kernel_area = w->dim[2] * w->dim[3];
    job->out_area = out->dim[2] * out->dim[3];
    job->in_area = x->dim[2] * x->dim[3];
    if (job->group < 1 || job->offset_group < 1 || x->dim[1] != w->dim[1] * job->group ||
        w->dim[0] % job->group != 0 || x->dim[1] % job->offset_group != 0)
        return hone__mismatch(call->node, error, "channels, groups and weights do not fit");
    int64_t places = x->dim[0] * job->offset_group * job->kernel_area * job->out_area;
    if (out->dim[1] != w->dim[0] || out->dim[0] != x->dim[0] ||
        hone__elements(&call->inputs[2].shape) != 2 * places ||
        (mask && hone__elements(&mask->shape) != places) ||
        (bias && hone__elements(&bias->shape) != w->dim[0]))
        return hone__mismatch(call->node, error, "offsets, mask or bias do not fit the output");
    return HONE_OK;
}

static hone_status run_deform_conv(const hone_op_call *call, hone_error *error) {
    const hone_tensor *out = &call->outputs[0];
    deform job;
    int64_t index[HONE_MAX_RANK] = {0}, to = 0;
    HONE_TRY(prepare_deform(call, &job, error));
    if (hone__elements(&out->shape) == 0) return HONE_OK;
    do {
        int64_t at = index[2] * out->shape.dim[3] + index[3];
        hone__real_put(out->dtype, out->data, to++,
                       deform_sum(&job, index[0], index[1], index + 2, at));
    } while (hone__next(4, out->shape.dim, index));
    return HONE_OK;
}

static hone_status check_deform(const hone_node *node, hone_error *error) {
    for (uint32_t i = 1; i < 5; i++) HONE_TRY(hone__check_input(node, i, HONE__TAKES_REAL, error));
    return HONE_OK;
}

const hone_op_family hone__family_deform_conv = {run_deform_conv, HONE__TAKES_REAL, check_deform,
                                                 NULL};

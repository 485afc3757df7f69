/* SPDX-License-Identifier: Apache-2.0 */
/* LpNormalization, LRN (across channels), MeanVarianceNormalization. */
#include "ops/family.h"

#include <math.h>

static double value_at(const hone_tensor *tensor, int64_t i) {
    return hone__real_at(tensor->dtype, tensor->data, i);
}

static hone_status run_lp_norm(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    bool first = hone_node_int(call->node, "p", 2) == 1;
    int32_t axis;
    HONE_TRY(hone__axis_attribute(call->node, "axis", -1, in->shape.rank, &axis, error));
    int64_t dim = in->shape.dim[axis];
    int64_t inner = hone__shape_span(&in->shape, axis + 1, in->shape.rank);
    int64_t lines = hone__shape_span(&in->shape, 0, axis) * inner;
    for (int64_t i = 0; i < lines && dim > 0; i++) {
        int64_t base = i / inner * dim * inner + i % inner;
        double sum = 0.0;
        for (int64_t k = 0; k < dim; k++) {
            double x = value_at(in, base + k * inner);
            sum += first ? fabs(x) : x * x;
        }
        double length = first ? sum : sqrt(sum);
        for (int64_t k = 0; k < dim; k++) {
            double x = value_at(in, base + k * inner);
            hone__real_put(out->dtype, out->data, base + k * inner, x / length);
        }
    }
    return HONE_OK;
}

static hone_status check_lp(const hone_node *node, hone_error *error) {
    int64_t p = hone_node_int(node, "p", 2);
    if (p == 1 || p == 2) return HONE_OK;
    return hone__unsupported(node, error, "p = %lld; only 1 and 2 are", (long long)p);
}

const hone_op_family hone__family_lp_norm = {run_lp_norm, HONE__TAKES_REAL, check_lp, NULL};

static double neighbour_squares(const hone_tensor *in, int64_t at, int64_t channel, int64_t area,
                                int64_t size) {
    int64_t channels = in->shape.dim[1];
    int64_t from = channel - (size - 1) / 2, to = channel + size / 2;
    double sum = 0.0;
    for (int64_t c = from < 0 ? 0 : from; c <= to && c < channels; c++) {
        double x = value_at(in, at + (c - channel) * area);
        sum += x * x;
    }
    return sum;
}

static hone_status run_lrn(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    int64_t size = hone_node_int(call->node, "size", 1);
    double alpha = (double)hone_node_float(call->node, "alpha", 0.0001f);
    double beta = (double)hone_node_float(call->node, "beta", 0.75f);
    double bias = (double)hone_node_float(call->node, "bias", 1.0f);
    if (in->shape.rank < 2 || size < 1 || size > INT32_MAX)
        return hone__mismatch(call->node, error, "there are no channels to look across");
    int64_t area = hone__shape_span(&in->shape, 2, in->shape.rank);
    int64_t count = hone__elements(&in->shape);
    for (int64_t i = 0; i < count; i++) {
        double squares = neighbour_squares(in, i, i / area % in->shape.dim[1], area, size);
        double scale = pow(bias + alpha / (double)size * squares, beta);
        hone__real_put(out->dtype, out->data, i, value_at(in, i) / scale);
    }
    return HONE_OK;
}

const hone_op_family hone__family_lrn = {run_lrn, HONE__TAKES_REAL, NULL, NULL};

/* The sum of (x - shift)^power over the axes of `mask` around the kept index. */
static double sum_over(const hone_tensor *in, const int64_t *kept, uint32_t mask, double shift,
                       bool square, int64_t *count) {
    int64_t dims[HONE_MAX_RANK], index[HONE_MAX_RANK] = {0}, steps[HONE_MAX_RANK];
    double sum = 0.0;
    hone__steps(&in->shape, steps);
    *count = 0;
    for (int32_t d = 0; d < in->shape.rank; d++) dims[d] = mask >> d & 1 ? in->shape.dim[d] : 1;
    do {
        int64_t at = 0;
        for (int32_t d = 0; d < in->shape.rank; d++) at += (kept[d] + index[d]) * steps[d];
        double x = value_at(in, at) - shift;
        sum += square ? x * x : x;
        ++*count;
    } while (hone__next(in->shape.rank, dims, index));
    return sum;
}

/* One group of numbers that share their kept index: normalized to mean 0, deviation 1. */
static void normalize_group(const hone_op_call *call, const int64_t *kept, uint32_t mask) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    int64_t dims[HONE_MAX_RANK], index[HONE_MAX_RANK] = {0}, steps[HONE_MAX_RANK], count;
    double mean = sum_over(in, kept, mask, 0.0, false, &count) / (double)count;
    double variance = sum_over(in, kept, mask, mean, true, &count) / (double)count;
    double deviation = sqrt(variance) + 1e-9;
    hone__steps(&in->shape, steps);
    for (int32_t d = 0; d < in->shape.rank; d++) dims[d] = mask >> d & 1 ? in->shape.dim[d] : 1;
    do {
        int64_t at = 0;
        for (int32_t d = 0; d < in->shape.rank; d++) at += (kept[d] + index[d]) * steps[d];
        hone__real_put(out->dtype, out->data, at, (value_at(in, at) - mean) / deviation);
    } while (hone__next(in->shape.rank, dims, index));
}

static hone_status run_mvn(const hone_op_call *call, hone_error *error) {
    const hone_shape *shape = &call->inputs[0].shape;
    int64_t kept_dims[HONE_MAX_RANK], kept[HONE_MAX_RANK] = {0};
    uint32_t mask;
    bool given;
    HONE_TRY(hone__axes(call, 1, "axes", shape->rank, &mask, &given, error));
    if (!given) mask = 0xd & ((1u << shape->rank) - 1); /* [0, 2, 3] */
    if (hone__elements(shape) == 0) return HONE_OK;
    for (int32_t d = 0; d < shape->rank; d++) kept_dims[d] = mask >> d & 1 ? 1 : shape->dim[d];
    do {
        normalize_group(call, kept, mask);
    } while (hone__next(shape->rank, kept_dims, kept));
    return HONE_OK;
}

const hone_op_family hone__family_mvn = {run_mvn, HONE__TAKES_REAL, NULL, NULL};

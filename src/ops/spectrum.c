/* SPDX-License-Identifier: Apache-2.0 */
/* DFT and STFT by their definition (a sum over the signal for every frequency), and Det. Real
 * signals end in a dimension of 1, complex ones in one of 2. */
#include "ops/family.h"

#include <math.h>

#define TURN 6.28318530717958647692

static double value_at(const hone_tensor *tensor, int64_t i) {
    return hone__real_at(tensor->dtype, tensor->data, i);
}

/* `count` samples, `step` elements of (re[, im]) apart; those behind `limit` are zero. */
typedef struct signal {
    const hone_tensor *in, *window; /* window: NULL or a weight a sample */
    int64_t first, step, count, parts;
    double direction; /* -1 forward, 1 inverse */
} signal;

/* The coefficient of frequency k in a transform of `length`. */
static void frequency(const signal *s, int64_t k, int64_t length, double *re, double *im) {
    *re = *im = 0.0;
    for (int64_t n = 0; n < s->count; n++) {
        double angle = s->direction * TURN * (double)(k * n % length) / (double)length;
        double weight = s->window ? value_at(s->window, n) : 1.0;
        int64_t at = (s->first + n * s->step) * s->parts;
        double a = value_at(s->in, at) * weight;
        double b = s->parts == 2 ? value_at(s->in, at + 1) * weight : 0.0;
        *re += a * cos(angle) - b * sin(angle);
        *im += a * sin(angle) + b * cos(angle);
    }
}

static void put_pair(const hone_tensor *out, int64_t at, double re, double im) {
    hone__real_put(out->dtype, out->data, 2 * at, re);
    hone__real_put(out->dtype, out->data, 2 * at + 1, im);
}

static hone_status scalar(const hone_op_call *call, uint32_t index, int64_t otherwise,
                          int64_t *value, hone_error *error) {
    const hone_tensor *in = hone__input(call, index);
    *value = otherwise;
    if (!in) return HONE_OK;
    if (hone__elements(&in->shape) != 1)
        return hone__mismatch(call->node, error, "input %u must be a scalar", (unsigned)index);
    *value = hone__int_at(in->dtype, in->data, 0);
    return HONE_OK;
}

static hone_status run_dft(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    bool inverse = hone_node_int(call->node, "inverse", 0) != 0;
    bool half = hone_node_int(call->node, "onesided", 0) != 0;
    int32_t rank = in->shape.rank, axis;
    int64_t named, length;
    HONE_TRY(scalar(call, 2, -2, &named, error));
    HONE_TRY(hone__axis(call->node, named, rank, &axis, error));
    HONE_TRY(scalar(call, 1, in->shape.dim[axis], &length, error));
    int64_t parts = in->shape.dim[rank - 1], dim = in->shape.dim[axis];
    if (axis == rank - 1 || parts < 1 || parts > 2 || length < 1 || length > INT32_MAX)
        return hone__mismatch(call->node, error, "the signal has no such transform");
    int64_t outer = hone__shape_span(&in->shape, 0, axis);
    int64_t inner = hone__shape_span(&in->shape, axis + 1, rank - 1);
    int64_t bins = half ? length / 2 + 1 : length;
    if (hone__elements(&out->shape) != outer * bins * inner * 2)
        return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    signal s = {.in = in, .step = inner, .parts = parts, .direction = inverse ? 1.0 : -1.0};
    s.count = dim < length ? dim : length;
    double scale = inverse ? 1.0 / (double)length : 1.0;
    for (int64_t i = 0; i < outer * bins * inner; i++) {
        double re, im;
        s.first = i / (bins * inner) * dim * inner + i % inner;
        frequency(&s, i / inner % bins, length, &re, &im);
        put_pair(out, i, re * scale, im * scale);
    }
    return HONE_OK;
}

static hone_status check_dft(const hone_node *node, hone_error *error) {
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_INTEGER, error));
    return hone__check_input(
        node, 2, node->op == HONE_OP_STFT ? HONE__TAKES_REAL : HONE__TAKES_INTEGER, error);
}

const hone_op_family hone__family_dft = {run_dft, HONE__TAKES_REAL, check_dft, NULL};

/* signal (batch, length, parts), step, window, frame length; out (batch, frames, bins, 2) */
static hone_status run_stft(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *window = hone__input(call, 2);
    const hone_tensor *out = &call->outputs[0];
    int64_t step, length;
    HONE_TRY(scalar(call, 1, 1, &step, error));
    HONE_TRY(scalar(call, 3, window ? hone__elements(&window->shape) : 0, &length, error));
    if (in->shape.rank != 3 || out->shape.rank != 4 || step < 1 || length < 1 ||
        in->shape.dim[1] < length || in->shape.dim[2] < 1 || in->shape.dim[2] > 2 ||
        (window && hone__elements(&window->shape) != length))
        return hone__mismatch(call->node, error, "signal, window and frames do not fit together");
    bool half = hone_node_int(call->node, "onesided", 1) != 0;
    int64_t frames = (in->shape.dim[1] - length) / step + 1;
    int64_t bins = half ? length / 2 + 1 : length;
    if (hone__elements(&out->shape) != in->shape.dim[0] * frames * bins * 2)
        return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    signal s = {in, window, 0, 1, length, in->shape.dim[2], -1.0};
    for (int64_t i = 0; i < in->shape.dim[0] * frames * bins; i++) {
        double re, im;
        int64_t frame = i / bins % frames;
        s.first = i / (bins * frames) * in->shape.dim[1] + frame * step;
        frequency(&s, i % bins, length, &re, &im);
        put_pair(out, i, re, im);
    }
    return HONE_OK;
}

const hone_op_family hone__family_stft = {run_stft, HONE__TAKES_REAL, check_dft, NULL};

/* Gauss's elimination with the largest pivot; the matrix is used up. */
static double determinant(double *m, int64_t n) {
    double product = 1.0;
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(m[i * n + k]) > fabs(m[pivot * n + k])) pivot = i;
        if (m[pivot * n + k] == 0.0) return 0.0;
        for (int64_t j = 0; j < n && pivot != k; j++) {
            double kept = m[k * n + j];
            m[k * n + j] = m[pivot * n + j];
            m[pivot * n + j] = kept;
        }
        product *= pivot == k ? m[k * n + k] : -m[k * n + k];
        for (int64_t i = k + 1; i < n; i++) {
            double by = m[i * n + k] / m[k * n + k];
            for (int64_t j = k; j < n; j++) m[i * n + j] -= by * m[k * n + j];
        }
    }
    return product;
}

static hone_status run_det(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    int32_t rank = in->shape.rank;
    if (rank < 2 || in->shape.dim[rank - 1] != in->shape.dim[rank - 2])
        return hone__mismatch(call->node, error, "the matrices are not square");
    int64_t n = in->shape.dim[rank - 1], count = hone__shape_span(&in->shape, 0, rank - 2);
    double *matrix = (double *)call->scratch;
    if (hone__elements(&out->shape) != count)
        return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    for (int64_t i = 0; i < count; i++) {
        hone__reals_load(in->dtype, in->data, i * n * n, 1, n * n, matrix);
        hone__real_put(out->dtype, out->data, i, determinant(matrix, n));
    }
    return HONE_OK;
}

static size_t scratch_det(const hone_node *node) {
    const hone_shape *shape = &node->inputs[0]->shape;
    int64_t n =
        shape->rank > 0 && shape->dim[shape->rank - 1] > 0 ? shape->dim[shape->rank - 1] : 0;
    return (size_t)(n * n) * sizeof(double);
}

const hone_op_family hone__family_det = {run_det, HONE__TAKES_REAL, NULL, scratch_det};

/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, LogSoftmax and Hardmax along one axis (the meaning of opset 13 and later). */
#include "ops/family.h"

#include <math.h>

typedef struct line {
    const hone_tensor *in, *out;
    int64_t base, dim, step;
} line;

static double at(const line *row, int64_t i) {
    return hone__real_at(row->in->dtype, row->in->data, row->base + i * row->step);
}

static void put(const line *row, int64_t i, double value) {
    hone__real_put(row->out->dtype, row->out->data, row->base + i * row->step, value);
}

static int64_t largest(const line *row) {
    int64_t best = 0;
    for (int64_t i = 1; i < row->dim; i++)
        if (at(row, i) > at(row, best)) best = i;
    return best;
}

static void soft_line(hone_op op, const line *row) {
    int64_t best = largest(row);
    double shift = at(row, best), sum = 0.0;
    for (int64_t i = 0; i < row->dim && op != HONE_OP_Hardmax; i++) sum += exp(at(row, i) - shift);
    double log_sum = log(sum);
    for (int64_t i = 0; i < row->dim; i++) {
        double x = at(row, i) - shift;
        if (op == HONE_OP_Hardmax)
            put(row, i, i == best);
        else
            put(row, i, op == HONE_OP_Softmax ? exp(x) / sum : x - log_sum);
    }
}

static hone_status run_softmax(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    int32_t axis;
    HONE_TRY(hone__axis_attribute(call->node, "axis", -1, in->shape.rank, &axis, error));
    int64_t dim = in->shape.dim[axis];
    int64_t inner = hone__shape_span(&in->shape, axis + 1, in->shape.rank);
    int64_t lines = hone__shape_span(&in->shape, 0, axis) * inner;
    for (int64_t i = 0; i < lines && dim > 0; i++) {
        line row = {in, &call->outputs[0], i / inner * dim * inner + i % inner, dim, inner};
        soft_line(call->node->op, &row);
    }
    return HONE_OK;
}

const hone_op_family hone__family_softmax = {run_softmax, HONE__TAKES_REAL, NULL, NULL};

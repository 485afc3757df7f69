/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions over any set of axes: for every output element the reduced part of the input is walked
 * twice (the largest first where exp needs it). Reals in double, integers exactly. */
#include "ops/family.h"

#include <math.h>

/* The input seen as kept and reduced dimensions. */
typedef struct split_axes {
    int32_t kept, reduced;
    int64_t kept_dim[HONE_MAX_RANK], kept_step[HONE_MAX_RANK];
    int64_t reduced_dim[HONE_MAX_RANK], reduced_step[HONE_MAX_RANK];
    int64_t count; /* elements reduced into one */
} split_axes;

static split_axes split(const hone_shape *shape, uint32_t mask) {
    split_axes axes = {.count = 1};
    int64_t steps[HONE_MAX_RANK];
    hone__steps(shape, steps);
    for (int32_t d = 0; d < shape->rank; d++) {
        if (mask >> d & 1) {
            axes.reduced_dim[axes.reduced] = shape->dim[d];
            axes.reduced_step[axes.reduced++] = steps[d];
            axes.count *= shape->dim[d];
        } else {
            axes.kept_dim[axes.kept] = shape->dim[d];
            axes.kept_step[axes.kept++] = steps[d];
        }
    }
    return axes;
}

static int64_t offset(int32_t rank, const int64_t *index, const int64_t *step) {
    int64_t at = 0;
    for (int32_t d = 0; d < rank; d++) at += index[d] * step[d];
    return at;
}

typedef struct reduction {
    hone_op op;
    double start;
    double (*real)(double sum, double x, double shift);
    int64_t (*integer)(int64_t sum, int64_t x, bool is_signed);
} reduction;

static double real_abs(double sum, double x, double shift) {
    return sum + fabs(x);
}
static double real_square(double sum, double x, double shift) {
    return sum + x * x;
}
static double real_sum(double sum, double x, double shift) {
    return sum + x;
}
static double real_prod(double sum, double x, double shift) {
    return sum * x;
}
static double real_max(double sum, double x, double shift) {
    return isnan(sum) || sum > x ? sum : x;
}
static double real_min(double sum, double x, double shift) {
    return isnan(sum) || sum < x ? sum : x;
}
static double real_exp(double sum, double x, double shift) {
    return sum + exp(x - shift);
}

static int64_t wrap(uint64_t x) {
    return (int64_t)x;
}
static int64_t int_sum(int64_t sum, int64_t x, bool s) {
    return wrap((uint64_t)sum + (uint64_t)x);
}
static int64_t int_prod(int64_t sum, int64_t x, bool s) {
    return wrap((uint64_t)sum * (uint64_t)x);
}
static int64_t int_abs(int64_t sum, int64_t x, bool s) {
    return int_sum(sum, s && x < 0 ? wrap(0 - (uint64_t)x) : x, s);
}
static int64_t int_square(int64_t sum, int64_t x, bool s) {
    return int_sum(sum, int_prod(x, x, s), s);
}
static int64_t int_max(int64_t sum, int64_t x, bool s) {
    return (s ? sum < x : (uint64_t)sum < (uint64_t)x) ? x : sum;
}
static int64_t int_min(int64_t sum, int64_t x, bool s) {
    return (s ? x < sum : (uint64_t)x < (uint64_t)sum) ? x : sum;
}

/* integer NULL: integers are reduced as reals and truncated. */
static const reduction table[] = {
    {HONE_OP_ReduceL1, 0.0, real_abs, int_abs},
    {HONE_OP_ReduceL2, 0.0, real_square, NULL},
    {HONE_OP_ReduceLogSum, 0.0, real_sum, NULL},
    {HONE_OP_ReduceLogSumExp, 0.0, real_exp, NULL},
    {HONE_OP_ReduceMax, -(double)INFINITY, real_max, int_max},
    {HONE_OP_ReduceMean, 0.0, real_sum, NULL},
    {HONE_OP_ReduceMin, (double)INFINITY, real_min, int_min},
    {HONE_OP_ReduceProd, 1.0, real_prod, int_prod},
    {HONE_OP_ReduceSum, 0.0, real_sum, int_sum},
    {HONE_OP_ReduceSumSquare, 0.0, real_square, int_square},
};

static const reduction *find(hone_op op) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].op == op) return &table[i];
    return NULL;
}

static double finish(hone_op op, double sum, double shift, int64_t count) {
    switch (op) {
    case HONE_OP_ReduceL2:
        return sqrt(sum);
    case HONE_OP_ReduceLogSum:
        return log(sum);
    case HONE_OP_ReduceLogSumExp:
        return log(sum) + shift;
    case HONE_OP_ReduceMean:
        return sum / (double)count;
    default:
        return sum;
    }
}

static double fold_reals(const hone_tensor *in, const split_axes *axes, int64_t base,
                         const reduction *how, double shift) {
    int64_t index[HONE_MAX_RANK] = {0};
    double sum = how->start;
    if (axes->count == 0) return sum;
    do {
        int64_t at = base + offset(axes->reduced, index, axes->reduced_step);
        sum = how->real(sum, hone__real_at(in->dtype, in->data, at), shift);
    } while (hone__next(axes->reduced, axes->reduced_dim, index));
    return sum;
}

static double reduce_reals(const hone_tensor *in, const split_axes *axes, int64_t base,
                           const reduction *how) {
    double shift = 0.0;
    if (how->op == HONE_OP_ReduceLogSumExp) {
        shift = fold_reals(in, axes, base, find(HONE_OP_ReduceMax), 0.0);
        if (!isfinite(shift)) shift = 0.0;
    }
    return finish(how->op, fold_reals(in, axes, base, how, shift), shift, axes->count);
}

/* What an empty set of integers gives: the type's own end for Max and Min. */
static int64_t int_start(const reduction *how, hone_dtype dtype) {
    int64_t least, most;
    hone__integer_range(dtype, &least, &most);
    if (how->op == HONE_OP_ReduceMax) return least;
    if (how->op == HONE_OP_ReduceMin) return dtype == HONE_U64 ? -1 : most;
    return how->op == HONE_OP_ReduceProd;
}

static int64_t reduce_ints(const hone_tensor *in, const split_axes *axes, int64_t base,
                           const reduction *how) {
    int64_t index[HONE_MAX_RANK] = {0}, sum = int_start(how, in->dtype);
    bool is_signed = hone__kind_of(in->dtype) == HONE__SIGNED;
    if (axes->count == 0) return sum;
    do {
        int64_t at = base + offset(axes->reduced, index, axes->reduced_step);
        sum = how->integer(sum, hone__int_at(in->dtype, in->data, at), is_signed);
    } while (hone__next(axes->reduced, axes->reduced_dim, index));
    return sum;
}

static hone_status reduce_over(const hone_op_call *call, uint32_t mask, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    hone_tensor *out = &call->outputs[0];
    const reduction *how = find(call->node->op);
    split_axes axes = split(&in->shape, mask);
    int64_t index[HONE_MAX_RANK] = {0}, to = 0;
    int64_t count = 1;
    for (int32_t d = 0; d < axes.kept; d++) count *= axes.kept_dim[d];
    if (hone__elements(&out->shape) != count)
        return hone__mismatch(call->node, error, "the axes are not the planned ones");
    if (count == 0) return HONE_OK;
    bool exact = how->integer && hone__kind_of(in->dtype) != HONE__REAL;
    do {
        int64_t base = offset(axes.kept, index, axes.kept_step);
        if (exact)
            hone__int_put(out->dtype, out->data, to++, reduce_ints(in, &axes, base, how));
        else
            hone__real_put(out->dtype, out->data, to++, reduce_reals(in, &axes, base, how));
    } while (hone__next(axes.kept, axes.kept_dim, index));
    return HONE_OK;
}

static hone_status run_reduce(const hone_op_call *call, hone_error *error) {
    uint32_t mask;
    bool given;
    const hone_shape *shape = &call->inputs[0].shape;
    HONE_TRY(hone__axes(call, 1, NULL, shape->rank, &mask, &given, error));
    /* no axes: all of them, or with noop_with_empty_axes none (each element is a sum of one) */
    if (!given && hone_node_int(call->node, "noop_with_empty_axes", 0) == 0)
        mask = (1u << shape->rank) - 1;
    return reduce_over(call, mask, error);
}

const hone_op_family hone__family_reduce = {run_reduce, HONE__TAKES_NUMBER, NULL, NULL};

static hone_status run_arg(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    hone_tensor *out = &call->outputs[0];
    bool last = hone_node_int(call->node, "select_last_index", 0) != 0;
    double turn = call->node->op == HONE_OP_ArgMin ? -1.0 : 1.0;
    int32_t axis;
    HONE_TRY(hone__axis_attribute(call->node, "axis", 0, in->shape.rank, &axis, error));
    int64_t dim = in->shape.dim[axis], outer = hone__shape_span(&in->shape, 0, axis);
    int64_t inner = hone__shape_span(&in->shape, axis + 1, in->shape.rank);
    if (dim == 0 || hone__elements(&out->shape) != outer * inner)
        return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    for (int64_t i = 0; i < outer * inner; i++) {
        int64_t base = i / inner * dim * inner + i % inner, best = 0;
        double most = turn * hone__real_at(in->dtype, in->data, base);
        for (int64_t k = 1; k < dim; k++) {
            double x = turn * hone__real_at(in->dtype, in->data, base + k * inner);
            if (x > most || (last && x == most)) most = x, best = k;
        }
        hone__int_put(out->dtype, out->data, i, best);
    }
    return HONE_OK;
}

const hone_op_family hone__family_arg_reduce = {run_arg, HONE__TAKES_NUMBER, NULL, NULL};

/* One line of CumSum, forwards or backwards; an exclusive sum leaves the element itself out. */
static void cum_line(const hone_op_call *call, int64_t base, int64_t dim, int64_t step,
                     bool exclusive) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    bool real = hone__kind_of(in->dtype) == HONE__REAL;
    double sum = 0.0;
    uint64_t whole = 0;
    for (int64_t i = 0; i < dim; i++) {
        int64_t at = base + i * step;
        double x = real ? hone__real_at(in->dtype, in->data, at) : 0.0;
        uint64_t n = real ? 0 : (uint64_t)hone__int_at(in->dtype, in->data, at);
        if (real)
            hone__real_put(out->dtype, out->data, at, exclusive ? sum : sum + x);
        else
            hone__int_put(out->dtype, out->data, at, (int64_t)(exclusive ? whole : whole + n));
        sum += x;
        whole += n;
    }
}

static hone_status run_cum_sum(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *which = &call->inputs[1];
    bool exclusive = hone_node_int(call->node, "exclusive", 0) != 0;
    bool reverse = hone_node_int(call->node, "reverse", 0) != 0;
    int32_t axis;
    if (hone__elements(&which->shape) != 1)
        return hone__mismatch(call->node, error, "the axis must be a scalar");
    HONE_TRY(hone__axis(call->node, hone__int_at(which->dtype, which->data, 0), in->shape.rank,
                        &axis, error));
    int64_t dim = in->shape.dim[axis], outer = hone__shape_span(&in->shape, 0, axis);
    int64_t inner = hone__shape_span(&in->shape, axis + 1, in->shape.rank);
    if (dim == 0) return HONE_OK;
    for (int64_t i = 0; i < outer * inner; i++) {
        int64_t base = i / inner * dim * inner + i % inner;
        if (reverse)
            cum_line(call, base + (dim - 1) * inner, dim, -inner, exclusive);
        else
            cum_line(call, base, dim, inner, exclusive);
    }
    return HONE_OK;
}

const hone_op_family hone__family_cum_sum = {run_cum_sum, HONE__TAKES_NUMBER, NULL, NULL};

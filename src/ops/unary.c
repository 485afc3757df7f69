/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one number. Reals are computed in double and rounded once; NaN goes through. */
#include "ops/elementwise.h"

#include <math.h>

/* Attributes of the operator, in the order of its row in the table. */
typedef struct settings {
    double a, b;
} settings;

static double real_abs(double x, const settings *s) {
    return fabs(x);
}
static double real_acos(double x, const settings *s) {
    return acos(x);
}
static double real_acosh(double x, const settings *s) {
    return acosh(x);
}
static double real_asin(double x, const settings *s) {
    return asin(x);
}
static double real_asinh(double x, const settings *s) {
    return asinh(x);
}
static double real_atan(double x, const settings *s) {
    return atan(x);
}
static double real_atanh(double x, const settings *s) {
    return atanh(x);
}
static double real_ceil(double x, const settings *s) {
    return ceil(x);
}
static double real_cos(double x, const settings *s) {
    return cos(x);
}
static double real_cosh(double x, const settings *s) {
    return cosh(x);
}
static double real_erf(double x, const settings *s) {
    return erf(x);
}
static double real_exp(double x, const settings *s) {
    return exp(x);
}
static double real_floor(double x, const settings *s) {
    return floor(x);
}
static double real_log(double x, const settings *s) {
    return log(x);
}
static double real_neg(double x, const settings *s) {
    return -x;
}
static double real_reciprocal(double x, const settings *s) {
    return 1.0 / x;
}
static double real_round(double x, const settings *s) {
    return nearbyint(x);
}
static double real_sin(double x, const settings *s) {
    return sin(x);
}
static double real_sinh(double x, const settings *s) {
    return sinh(x);
}
static double real_sqrt(double x, const settings *s) {
    return sqrt(x);
}
static double real_tan(double x, const settings *s) {
    return tan(x);
}
static double real_tanh(double x, const settings *s) {
    return tanh(x);
}
static double real_softsign(double x, const settings *s) {
    return x / (1.0 + fabs(x));
}

/* Comparisons are turned so that NaN falls through to x itself. */
static double real_relu(double x, const settings *s) {
    return x < 0.0 ? 0.0 : x;
}
static double real_leaky(double x, const settings *s) {
    return x < 0.0 ? s->a * x : x;
}
static double real_elu(double x, const settings *s) {
    return x < 0.0 ? s->a * expm1(x) : x;
}
static double real_celu(double x, const settings *s) {
    return x < 0.0 ? s->a * expm1(x / s->a) : x;
}
static double real_selu(double x, const settings *s) {
    return s->b * (x < 0.0 ? s->a * expm1(x) : x);
}
static double real_thresholded(double x, const settings *s) {
    return x <= s->a ? 0.0 : x;
}

static double real_sign(double x, const settings *s) {
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;
}

static double clamp_unit(double x) {
    return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x;
}

static double real_hard_sigmoid(double x, const settings *s) {
    return clamp_unit(s->a * x + s->b);
}
static double real_hard_swish(double x, const settings *s) {
    return x * clamp_unit(x / 6.0 + 0.5);
}

/* exp of a negative number never overflows. */
static double logistic(double x) {
    double e = exp(-fabs(x));
    return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

static double softplus(double x) {
    return (x > 0.0 ? x : 0.0 * x) + log1p(exp(-fabs(x)));
}

static double real_sigmoid(double x, const settings *s) {
    return logistic(x);
}
static double real_softplus(double x, const settings *s) {
    return softplus(x);
}
static double real_mish(double x, const settings *s) {
    return x * tanh(softplus(x));
}
static double real_swish(double x, const settings *s) {
    return x * logistic(s->a * x);
}

static double real_shrink(double x, const settings *s) {
    if (x < -s->b) return x + s->a;
    return x > s->b ? x - s->a : x * 0.0;
}

/* settings.a: 1 for the tanh approximation */
static double real_gelu(double x, const settings *s) {
    if (s->a == 0.0) return 0.5 * x * (1.0 + erf(x * 0.70710678118654752440));
    double inner = 0.79788456080286535588 * (x + 0.044715 * x * x * x);
    return 0.5 * x * (1.0 + tanh(inner));
}

/* Integers wrap, as two's complement does. */
static int64_t int_abs(int64_t x) {
    return x < 0 ? (int64_t)(0 - (uint64_t)x) : x;
}
static int64_t int_neg(int64_t x) {
    return (int64_t)(0 - (uint64_t)x);
}
static int64_t int_relu(int64_t x) {
    return x < 0 ? 0 : x;
}
static int64_t int_sign(int64_t x) {
    return (x > 0) - (x < 0);
}

typedef struct unary_row {
    hone_op op;
    double (*real)(double, const settings *);
    int64_t (*integer)(int64_t); /* of a signed type; NULL: reals only */
    const char *first, *second;  /* names of float attributes; NULL: none */
    float first_default, second_default;
} unary_row;

static const unary_row table[] = {
    {HONE_OP_Abs, real_abs, int_abs, NULL, NULL, 0, 0},
    {HONE_OP_Acos, real_acos, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Acosh, real_acosh, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Asin, real_asin, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Asinh, real_asinh, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Atan, real_atan, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Atanh, real_atanh, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Ceil, real_ceil, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Celu, real_celu, NULL, "alpha", NULL, 1.0f, 0},
    {HONE_OP_Cos, real_cos, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Cosh, real_cosh, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Elu, real_elu, NULL, "alpha", NULL, 1.0f, 0},
    {HONE_OP_Erf, real_erf, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Exp, real_exp, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Floor, real_floor, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Gelu, real_gelu, NULL, NULL, NULL, 0, 0},
    {HONE_OP_HardSigmoid, real_hard_sigmoid, NULL, "alpha", "beta", 0.2f, 0.5f},
    {HONE_OP_HardSwish, real_hard_swish, NULL, NULL, NULL, 0, 0},
    {HONE_OP_LeakyRelu, real_leaky, NULL, "alpha", NULL, 0.01f, 0},
    {HONE_OP_Log, real_log, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Mish, real_mish, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Neg, real_neg, int_neg, NULL, NULL, 0, 0},
    {HONE_OP_Reciprocal, real_reciprocal, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Relu, real_relu, int_relu, NULL, NULL, 0, 0},
    {HONE_OP_Round, real_round, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Selu, real_selu, NULL, "alpha", "gamma", 1.67326319217681884765625f,
     1.05070102214813232421875f},
    {HONE_OP_Shrink, real_shrink, NULL, "bias", "lambd", 0.0f, 0.5f},
    {HONE_OP_Sigmoid, real_sigmoid, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Sign, real_sign, int_sign, NULL, NULL, 0, 0},
    {HONE_OP_Sin, real_sin, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Sinh, real_sinh, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Softplus, real_softplus, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Softsign, real_softsign, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Sqrt, real_sqrt, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Swish, real_swish, NULL, "alpha", NULL, 1.0f, 0},
    {HONE_OP_Tan, real_tan, NULL, NULL, NULL, 0, 0},
    {HONE_OP_Tanh, real_tanh, NULL, NULL, NULL, 0, 0},
    {HONE_OP_ThresholdedRelu, real_thresholded, NULL, "alpha", NULL, 1.0f, 0},
};

static const unary_row *find(hone_op op) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].op == op) return &table[i];
    return NULL;
}

typedef struct unary_job {
    const hone_op_call *call;
    const unary_row *entry;
    settings set;
} unary_job;

static void real_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const unary_job *job = (const unary_job *)context;
    const hone_tensor *in = &job->call->inputs[0], *out = &job->call->outputs[0];
    double block[HONE__BLOCK];
    for (int64_t done = 0; done < count; done += HONE__BLOCK) {
        int64_t n = count - done < HONE__BLOCK ? count - done : HONE__BLOCK;
        hone__reals_load(in->dtype, in->data, at[0] + done * step[0], step[0], n, block);
        for (int64_t i = 0; i < n; i++) block[i] = job->entry->real(block[i], &job->set);
        hone__reals_store(out->dtype, out->data, at[1] + done * step[1], step[1], n, block);
    }
}

/* An unsigned number is its own magnitude, and its sign is 0 or 1. */
static int64_t unsigned_result(hone_op op, int64_t x) {
    if (op == HONE_OP_Sign) return x != 0;
    return op == HONE_OP_Neg ? int_neg(x) : x;
}

static void int_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const unary_job *job = (const unary_job *)context;
    const hone_tensor *in = &job->call->inputs[0], *out = &job->call->outputs[0];
    bool is_signed = hone__kind_of(in->dtype) == HONE__SIGNED;
    for (int64_t i = 0; i < count; i++) {
        int64_t x = hone__int_at(in->dtype, in->data, at[0] + i * step[0]);
        x = is_signed ? job->entry->integer(x) : unsigned_result(job->entry->op, x);
        hone__int_put(out->dtype, out->data, at[1] + i * step[1], x);
    }
}

static settings read_settings(const hone_node *node, const unary_row *entry) {
    settings set = {0.0, 0.0};
    if (entry->first) set.a = (double)hone_node_float(node, entry->first, entry->first_default);
    if (entry->second) set.b = (double)hone_node_float(node, entry->second, entry->second_default);
    if (entry->op == HONE_OP_Gelu)
        set.a = strcmp(hone_node_string(node, "approximate", "none"), "tanh") == 0;
    return set;
}

static hone_status run_unary(const hone_op_call *call, hone_error *error) {
    unary_job job = {call, find(call->node->op), {0.0, 0.0}};
    job.set = read_settings(call->node, job.entry);
    bool real = hone__kind_of(call->inputs[0].dtype) == HONE__REAL;
    return hone__elementwise(call, 1, real ? real_row : int_row, &job, error);
}

static hone_status check_unary(const hone_node *node, hone_error *error) {
    const unary_row *entry = find(node->op);
    const char *form = hone_node_string(node, "approximate", "none");
    if (strcmp(form, "none") != 0 && strcmp(form, "tanh") != 0)
        return hone__unsupported(node, error, "approximate '%s' is not known", form);
    return hone__check_input(node, 0, entry->integer ? HONE__TAKES_NUMBER : HONE__TAKES_REAL,
                             error);
}

const hone_op_family hone__family_unary = {run_unary, HONE__TAKES_NUMBER, check_unary, NULL};

static hone_status run_predicate(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    bool negative = hone_node_int(call->node, "detect_negative", 1) != 0;
    bool positive = hone_node_int(call->node, "detect_positive", 1) != 0;
    bool infinite = call->node->op == HONE_OP_IsInf;
    int64_t count = hone__elements(&in->shape);
    for (int64_t i = 0; i < count; i++) {
        double x = hone__real_at(in->dtype, in->data, i);
        bool answer = infinite ? isinf(x) && (x < 0.0 ? negative : positive) : isnan(x);
        hone__int_put(HONE_BOOL, call->outputs[0].data, i, answer);
    }
    return HONE_OK;
}

const hone_op_family hone__family_predicate = {run_predicate, HONE__TAKES_REAL, NULL, NULL};

/* Clip: bounds are optional scalars of the input's type; where least > most, most wins. */
static void clip_real(const hone_op_call *call, const hone_tensor *least, const hone_tensor *most) {
    const hone_tensor *in = &call->inputs[0];
    double low = least ? hone__real_at(least->dtype, least->data, 0) : -(double)INFINITY;
    double high = most ? hone__real_at(most->dtype, most->data, 0) : (double)INFINITY;
    int64_t count = hone__elements(&in->shape);
    for (int64_t i = 0; i < count; i++) {
        double x = hone__real_at(in->dtype, in->data, i);
        x = x < low ? low : x;
        hone__real_put(in->dtype, call->outputs[0].data, i, x > high ? high : x);
    }
}

/* Turning the top bit over lets unsigned 64-bit numbers compare as signed ones. */
static void clip_int(const hone_op_call *call, const hone_tensor *least, const hone_tensor *most) {
    const hone_tensor *in = &call->inputs[0];
    uint64_t turn = hone__kind_of(in->dtype) == HONE__UNSIGNED ? UINT64_C(1) << 63 : 0;
    int64_t low =
        least ? (int64_t)((uint64_t)hone__int_at(least->dtype, least->data, 0) ^ turn) : INT64_MIN;
    int64_t high =
        most ? (int64_t)((uint64_t)hone__int_at(most->dtype, most->data, 0) ^ turn) : INT64_MAX;
    int64_t count = hone__elements(&in->shape);
    for (int64_t i = 0; i < count; i++) {
        int64_t x = (int64_t)((uint64_t)hone__int_at(in->dtype, in->data, i) ^ turn);
        x = x < low ? low : x;
        x = x > high ? high : x;
        hone__int_put(in->dtype, call->outputs[0].data, i, (int64_t)((uint64_t)x ^ turn));
    }
}

static hone_status run_clip(const hone_op_call *call, hone_error *error) {
    const hone_tensor *least = hone__input(call, 1), *most = hone__input(call, 2);
    if (least && hone__elements(&least->shape) < 1)
        return hone__mismatch(call->node, error, "the lower bound is empty");
    if (most && hone__elements(&most->shape) < 1)
        return hone__mismatch(call->node, error, "the upper bound is empty");
    if (hone__kind_of(call->inputs[0].dtype) == HONE__REAL)
        clip_real(call, least, most);
    else
        clip_int(call, least, most);
    return HONE_OK;
}

const hone_op_family hone__family_clip = {run_clip, HONE__TAKES_NUMBER, NULL, NULL};

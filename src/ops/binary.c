/* SPDX-License-Identifier: Apache-2.0 */
/* Two or more numbers to one, broadcast. Reals in double and rounded once (exact for + - * / of
 * float32 and narrower: 53 bits are more than twice 24 and two); integers wrap. */
#include "ops/elementwise.h"

#include <math.h>

typedef double (*real_function)(double, double);
typedef int64_t (*int_function)(int64_t, int64_t, bool is_signed);

static double real_add(double a, double b) {
    return a + b;
}
static double real_sub(double a, double b) {
    return a - b;
}
static double real_mul(double a, double b) {
    return a * b;
}
static double real_div(double a, double b) {
    return a / b;
}
static double real_pow(double a, double b) {
    return pow(a, b);
}
static double real_fmod(double a, double b) {
    return fmod(a, b);
}
static double real_prelu(double x, double slope) {
    return x < 0.0 ? x * slope : x;
}
static double real_max(double a, double b) {
    return isnan(a) || a > b ? a : b;
}
static double real_min(double a, double b) {
    return isnan(a) || a < b ? a : b;
}

/* Python's sign rule: the result has the divisor's sign. */
static double real_mod(double a, double b) {
    double rest = fmod(a, b);
    return rest != 0.0 && (rest < 0.0) != (b < 0.0) ? rest + b : rest;
}

static int64_t int_add(int64_t a, int64_t b, bool is_signed) {
    return (int64_t)((uint64_t)a + (uint64_t)b);
}
static int64_t int_sub(int64_t a, int64_t b, bool is_signed) {
    return (int64_t)((uint64_t)a - (uint64_t)b);
}
static int64_t int_mul(int64_t a, int64_t b, bool is_signed) {
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* Division by zero gives 0; the one overflow wraps. */
static int64_t int_div(int64_t a, int64_t b, bool is_signed) {
    if (b == 0) return 0;
    if (!is_signed) return (int64_t)((uint64_t)a / (uint64_t)b);
    return b == -1 ? int_sub(0, a, true) : a / b;
}

static int64_t int_fmod(int64_t a, int64_t b, bool is_signed) {
    if (b == 0 || (is_signed && b == -1)) return 0;
    return is_signed ? a % b : (int64_t)((uint64_t)a % (uint64_t)b);
}

static int64_t int_mod(int64_t a, int64_t b, bool is_signed) {
    int64_t rest = int_fmod(a, b, is_signed);
    return is_signed && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static int64_t int_pow(int64_t a, int64_t b, bool is_signed) {
    if (is_signed && b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0;
    uint64_t power = 1, base = (uint64_t)a;
    for (uint64_t n = (uint64_t)b; n > 0; n >>= 1) {
        if (n & 1) power *= base;
        base *= base;
    }
    return (int64_t)power;
}

static bool int_less(int64_t a, int64_t b, bool is_signed) {
    return is_signed ? a < b : (uint64_t)a < (uint64_t)b;
}
static int64_t int_prelu(int64_t x, int64_t slope, bool is_signed) {
    return is_signed && x < 0 ? int_mul(x, slope, true) : x;
}
static int64_t int_max(int64_t a, int64_t b, bool is_signed) {
    return int_less(a, b, is_signed) ? b : a;
}
static int64_t int_min(int64_t a, int64_t b, bool is_signed) {
    return int_less(a, b, is_signed) ? a : b;
}

typedef struct binary_row {
    hone_op op;
    real_function real;
    int_function integer;
} binary_row;

static const binary_row table[] = {
    {HONE_OP_Add, real_add, int_add},       {HONE_OP_Sub, real_sub, int_sub},
    {HONE_OP_Mul, real_mul, int_mul},       {HONE_OP_Div, real_div, int_div},
    {HONE_OP_Pow, real_pow, int_pow},       {HONE_OP_Mod, real_mod, int_mod},
    {HONE_OP_PRelu, real_prelu, int_prelu}, {HONE_OP_Max, real_max, int_max},
    {HONE_OP_Min, real_min, int_min},       {HONE_OP_Sum, real_add, int_add},
    {HONE_OP_Mean, real_add, int_add},
};

static binary_row find(const hone_node *node) {
    static const binary_row fmod_row = {HONE_OP_Mod, real_fmod, int_fmod};
    if (node->op == HONE_OP_Mod && hone_node_int(node, "fmod", 0) != 0) return fmod_row;
    size_t i = 0;
    while (i + 1 < sizeof table / sizeof table[0] && table[i].op != node->op) i++;
    return table[i];
}

typedef struct binary_job {
    binary_row entry;
    const hone_tensor *a, *b, *out;
} binary_job;

static void real_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const binary_job *job = (const binary_job *)context;
    double a[HONE__BLOCK], b[HONE__BLOCK];
    for (int64_t done = 0; done < count; done += HONE__BLOCK) {
        int64_t n = count - done < HONE__BLOCK ? count - done : HONE__BLOCK;
        hone__reals_load(job->a->dtype, job->a->data, at[0] + done * step[0], step[0], n, a);
        hone__reals_load(job->b->dtype, job->b->data, at[1] + done * step[1], step[1], n, b);
        for (int64_t i = 0; i < n; i++) a[i] = job->entry.real(a[i], b[i]);
        hone__reals_store(job->out->dtype, job->out->data, at[2] + done * step[2], step[2], n, a);
    }
}

static void int_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const binary_job *job = (const binary_job *)context;
    bool is_signed = hone__kind_of(job->a->dtype) == HONE__SIGNED;
    for (int64_t i = 0; i < count; i++) {
        int64_t a = hone__int_at(job->a->dtype, job->a->data, at[0] + i * step[0]);
        int64_t b = hone__int_at(job->b->dtype, job->b->data, at[1] + i * step[1]);
        hone__int_put(job->out->dtype, job->out->data, at[2] + i * step[2],
                      job->entry.integer(a, b, is_signed));
    }
}

/* Both integers, and neither mixes signs: exact arithmetic; else reals. */
static hone__row row_for(const hone_tensor *a, const hone_tensor *b) {
    bool integers = hone__kind_of(a->dtype) != HONE__REAL && hone__kind_of(b->dtype) != HONE__REAL;
    return integers ? int_row : real_row;
}

static hone_status run_binary(const hone_op_call *call, hone_error *error) {
    binary_job job = {find(call->node), &call->inputs[0], &call->inputs[1], &call->outputs[0]};
    return hone__elementwise(call, 2, row_for(job.a, job.b), &job, error);
}

static hone_status check_binary(const hone_node *node, hone_error *error) {
    return hone__check_input(node, 1, HONE__TAKES_NUMBER, error);
}

const hone_op_family hone__family_binary = {run_binary, HONE__TAKES_NUMBER, check_binary, NULL};

/* Variadic operators fold their inputs into the output from left to right. */

static void copy_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const hone_op_call *call = (const hone_op_call *)context;
    for (int64_t i = 0; i < count; i++)
        hone__copy_element(&call->inputs[0], at[0] + i * step[0], &call->outputs[0],
                           at[1] + i * step[1]);
}

static void divide_by_count(const hone_tensor *out, uint32_t inputs) {
    int64_t count = hone__elements(&out->shape);
    for (int64_t i = 0; i < count; i++) {
        double sum = hone__real_at(out->dtype, out->data, i);
        hone__real_put(out->dtype, out->data, i, sum / (double)inputs);
    }
}

static hone_status run_variadic(const hone_op_call *call, hone_error *error) {
    hone_tensor *out = &call->outputs[0];
    hone_op_call copy = *call;
    HONE_TRY(hone__elementwise(call, 1, copy_row, &copy, error));
    for (uint32_t i = 1; i < call->node->input_count; i++) {
        binary_job job = {find(call->node), out, &call->inputs[i], out};
        hone__nest nest = hone__nest_over(&out->shape);
        hone__nest_add(&nest, &out->shape);
        HONE_TRY(hone__nest_add_checked(&nest, call, job.b, error));
        hone__nest_add(&nest, &out->shape);
        hone__nest_run(nest, row_for(job.a, job.b), &job);
    }
    if (call->node->op == HONE_OP_Mean) divide_by_count(out, call->node->input_count);
    return HONE_OK;
}

static hone_status check_variadic(const hone_node *node, hone_error *error) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (!node->inputs[i]) return hone__unsupported(node, error, "input %u is missing", i);
        if (node->inputs[i]->dtype != node->inputs[0]->dtype)
            return hone__unsupported(node, error, "its inputs differ in type");
    }
    return hone__element_bytes(node->inputs[0]->dtype) > 0
               ? HONE_OK
               : hone__unsupported(node, error, "packed types are not supported");
}

const hone_op_family hone__family_variadic = {run_variadic, HONE__TAKES_NUMBER, check_variadic,
                                              NULL};

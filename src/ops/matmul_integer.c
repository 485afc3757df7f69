/* SPDX-License-Identifier: Apache-2.0 */
/* MatMulInteger and QLinearMatMul: products of 8-bit integers less their zero points. Parameters of
 * a may be one a row, those of b one a column, each with or without the batch. */
#include "ops/matmul.h"
#include "ops/quantize.h"

/* Where the parameters of one batch entry lie, or HONE_SHAPE. `lines`: rows of a, columns of b. */
static hone_status place(const hone_op_call *call, const hone_tensor *parameter, int64_t lines,
                         int64_t batch, int64_t *first, int64_t *step, hone_error *error) {
    *first = *step = 0;
    if (!parameter) return HONE_OK;
    int64_t count = hone__elements(&parameter->shape);
    if (count == 1) return HONE_OK;
    *step = 1;
    if (count == lines) return HONE_OK;
    *first = batch * lines;
    if (lines > 0 && count % lines == 0 && *first + lines <= count) return HONE_OK;
    return hone__mismatch(call->node, error, "a quantization parameter does not fit its matrix");
}

typedef struct integer_job {
    const hone_op_call *call;
    const hone_tensor *a_zero, *b_zero, *a_scale, *b_scale; /* scales: QLinearMatMul only */
    hone_error *error;
    int64_t a_first, a_step, b_first, b_step;
} integer_job;

static hone_status visit(hone__product *p, int64_t batch, void *context) {
    integer_job *job = (integer_job *)context;
    p->a.zero = job->a_zero;
    p->b.zero = job->b_zero;
    HONE_TRY(place(job->call, job->a_zero, p->rows, batch, &p->a.zero_first, &p->a.zero_step,
                   job->error));
    HONE_TRY(place(job->call, job->b_zero, p->columns, batch, &p->b.zero_first, &p->b.zero_step,
                   job->error));
    HONE_TRY(
        place(job->call, job->a_scale, p->rows, batch, &job->a_first, &job->a_step, job->error));
    HONE_TRY(
        place(job->call, job->b_scale, p->columns, batch, &job->b_first, &job->b_step, job->error));
    hone__product_run(p);
    return HONE_OK;
}

static void keep_sums(const hone__product *p, int64_t row, int64_t left, int64_t count,
                      double *sums) {}

static hone_status visit_integer(hone__product *p, int64_t batch, void *context) {
    p->finish = keep_sums;
    return visit(p, batch, context);
}

static hone_status run_matmul_integer(const hone_op_call *call, hone_error *error) {
    integer_job job = {.call = call, .error = error};
    job.a_zero = hone__input(call, 2);
    job.b_zero = hone__input(call, 3);
    return hone__matmul_batches(call, &call->inputs[0], &call->inputs[1], visit_integer, &job,
                                error);
}

static hone_status check_bytes(const hone_node *node, const uint32_t *which, uint32_t count,
                               hone_error *error) {
    for (uint32_t i = 0; i < count; i++) {
        if (which[i] >= node->input_count || !node->inputs[which[i]]) continue;
        hone_dtype dtype = node->inputs[which[i]]->dtype;
        if (dtype != HONE_U8 && dtype != HONE_S8)
            return hone__unsupported(node, error, "input %u must be of 8 bits", (unsigned)which[i]);
    }
    return HONE_OK;
}

static hone_status check_matmul_integer(const hone_node *node, hone_error *error) {
    static const uint32_t which[] = {0, 1, 2, 3};
    return check_bytes(node, which, 4, error);
}

const hone_op_family hone__family_matmul_integer = {run_matmul_integer, HONE__TAKES_INTEGER,
                                                    check_matmul_integer, NULL};

static float scale_at(const hone_tensor *scale, int64_t i) {
    return (float)hone__real_at(scale->dtype, scale->data, i);
}

static void requantize(const hone__product *p, int64_t row, int64_t left, int64_t count,
                       double *sums) {
    const integer_job *job = (const integer_job *)p->user;
    const hone_tensor *zero = &job->call->inputs[7];
    float a = scale_at(job->a_scale, job->a_first + row * job->a_step);
    float out = scale_at(&job->call->inputs[6], 0);
    for (int64_t j = 0; j < count; j++) {
        float b = scale_at(job->b_scale, job->b_first + (left + j) * job->b_step);
        int32_t sum = (int32_t)hone__truncate(sums[j]);
        sums[j] = (double)hone__requantize(sum, a * b / out,
                                           hone__int_at(zero->dtype, zero->data, 0), p->out->dtype);
    }
}

static hone_status visit_qlinear(hone__product *p, int64_t batch, void *context) {
    p->finish = requantize;
    p->user = context;
    return visit(p, batch, context);
}

/* Inputs: a, its scale, its zero; b, scale, zero; the output's scale, zero. */
static hone_status run_qlinear_matmul(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = call->inputs;
    integer_job job = {.call = call, .error = error};
    job.a_scale = &in[1], job.a_zero = &in[2], job.b_scale = &in[4], job.b_zero = &in[5];
    if (hone__elements(&in[6].shape) != 1 || hone__elements(&in[7].shape) != 1)
        return hone__mismatch(call->node, error, "the output's parameters must be scalars");
    return hone__matmul_batches(call, &in[0], &in[3], visit_qlinear, &job, error);
}

static hone_status check_qlinear(const hone_node *node, hone_error *error) {
    static const uint32_t bytes[] = {0, 2, 3, 5, 7}, reals[] = {1, 4, 6};
    for (int i = 0; i < 3; i++)
        HONE_TRY(hone__check_input(node, reals[i], HONE__TAKES_REAL, error));
    return check_bytes(node, bytes, 5, error);
}

const hone_op_family hone__family_qlinear_matmul = {run_qlinear_matmul, HONE__TAKES_INTEGER,
                                                    check_qlinear, NULL};

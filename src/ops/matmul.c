/* SPDX-License-Identifier: Apache-2.0 */
/* MatMul, Gemm, and the product under them: a row of output at a time, the rows of b added up. */
#include "ops/matmul.h"

#include <math.h>

static double real_element(const hone__matrix *m, int64_t row, int64_t column) {
    int64_t at = m->first + row * m->row_step + column * m->column_step;
    return hone__real_at(m->tensor->dtype, m->tensor->data, at);
}

static double zero_of(const hone__matrix *m, int64_t i) {
    if (!m->zero) return 0.0;
    return hone__real_at(m->zero->dtype, m->zero->data, m->zero_first + i * m->zero_step);
}

static void add_scaled(const double *row, int64_t count, double by, double *sums) {
    for (int64_t j = 0; j < count; j++) sums[j] += by * row[j];
}

static void real_row(const hone__product *p, int64_t i, int64_t left, int64_t count) {
    double sums[HONE__BLOCK] = {0}, row[HONE__BLOCK], zeros[HONE__BLOCK];
    double a_zero = zero_of(&p->a, i);
    for (int64_t j = 0; j < count; j++) zeros[j] = zero_of(&p->b, left + j);
    for (int64_t k = 0; k < p->depth; k++) {
        double a = real_element(&p->a, i, k) - a_zero;
        hone__reals_load(p->b.tensor->dtype, p->b.tensor->data,
                         p->b.first + k * p->b.row_step + left * p->b.column_step, p->b.column_step,
                         count, row);
        if (p->b.zero)
            for (int64_t j = 0; j < count; j++) row[j] -= zeros[j];
        add_scaled(row, count, a, sums);
    }
    if (p->finish) p->finish(p, i, left, count, sums);
    hone__reals_store(p->out->dtype, p->out->data, p->out_first + i * p->columns + left, 1, count,
                      sums);
}

static void int_row(const hone__product *p, int64_t i) {
    for (int64_t j = 0; j < p->columns; j++) {
        uint64_t sum = 0;
        for (int64_t k = 0; k < p->depth; k++) {
            int64_t a = hone__int_at(p->a.tensor->dtype, p->a.tensor->data,
                                     p->a.first + i * p->a.row_step + k * p->a.column_step);
            int64_t b = hone__int_at(p->b.tensor->dtype, p->b.tensor->data,
                                     p->b.first + k * p->b.row_step + j * p->b.column_step);
            sum += (uint64_t)a * (uint64_t)b;
        }
        hone__int_put(p->out->dtype, p->out->data, p->out_first + i * p->columns + j, (int64_t)sum);
    }
}

static bool wide_integers(const hone__product *p) {
    hone_dtype dtype = p->a.tensor->dtype;
    return hone__kind_of(dtype) != HONE__REAL && hone_dtype_bits(dtype) > 8 && !p->finish;
}

void hone__product_run(const hone__product *product) {
    bool integers = wide_integers(product);
    for (int64_t i = 0; i < product->rows; i++) {
        for (int64_t left = 0; left < product->columns && !integers; left += HONE__BLOCK) {
            int64_t rest = product->columns - left;
            real_row(product, i, left, rest < HONE__BLOCK ? rest : HONE__BLOCK);
        }
        if (integers) int_row(product, i);
    }
}

/* Batches */

/* A shape as (batches, rows, columns): 1-D becomes one row, or one column when it stands right. */
static void as_matrix(const hone_shape *shape, bool right, hone_shape *batch, int64_t *rows,
                      int64_t *columns, hone__matrix *m) {
    int32_t rank = shape->rank;
    *batch = hone__shape(rank < 2 ? 0 : rank - 2, shape->dim);
    if (rank == 1) {
        *rows = right ? shape->dim[0] : 1;
        *columns = right ? 1 : shape->dim[0];
    } else {
        *rows = shape->dim[rank - 2];
        *columns = shape->dim[rank - 1];
    }
    m->row_step = *columns;
    m->column_step = 1;
}

static int64_t batch_offset(const hone_shape *batch, const hone_shape *all, const int64_t *index,
                            int64_t matrix) {
    int64_t at = 0;
    int32_t shift = all->rank - batch->rank;
    for (int32_t d = 0; d < batch->rank; d++)
        at = at * batch->dim[d] + (batch->dim[d] == 1 ? 0 : index[d + shift]);
    return at * matrix;
}

hone_status hone__matmul_batches(const hone_op_call *call, const hone_tensor *a,
                                 const hone_tensor *b, hone__batch_visit visit, void *context,
                                 hone_error *error) {
    hone_tensor *out = &call->outputs[0];
    hone__product p = {.a = {.tensor = a}, .b = {.tensor = b}, .out = out};
    hone_shape a_batch, b_batch, all;
    int64_t depth, index[HONE_MAX_RANK] = {0}, batch = 0;
    if (a->shape.rank < 1 || b->shape.rank < 1)
        return hone__mismatch(call->node, error, "scalars have no product of matrices");
    as_matrix(&a->shape, false, &a_batch, &p.rows, &p.depth, &p.a);
    as_matrix(&b->shape, true, &b_batch, &depth, &p.columns, &p.b);
    HONE_TRY(hone__shape_broadcast(&a_batch, &b_batch, &all, error));
    if (depth != p.depth ||
        hone__elements(&out->shape) != hone__elements(&all) * p.rows * p.columns)
        return hone__mismatch(call->node, error, "the matrices do not fit together");
    if (hone__elements(&out->shape) == 0) return HONE_OK;
    do {
        p.a.first = batch_offset(&a_batch, &all, index, p.rows * p.depth);
        p.b.first = batch_offset(&b_batch, &all, index, p.depth * p.columns);
        p.out_first = batch * p.rows * p.columns;
        HONE_TRY(visit(&p, batch++, context));
    } while (hone__next(all.rank, all.dim, index));
    return HONE_OK;
}

static hone_status visit_plain(hone__product *product, int64_t batch, void *context) {
    hone__product_run(product);
    return HONE_OK;
}

static hone_status run_matmul(const hone_op_call *call, hone_error *error) {
    return hone__matmul_batches(call, &call->inputs[0], &call->inputs[1], visit_plain, NULL, error);
}

static hone_status check_pair(const hone_node *node, hone_error *error) {
    if (node->inputs[0]->dtype == node->inputs[1]->dtype) return HONE_OK;
    return hone__unsupported(node, error, "its matrices differ in type");
}

const hone_op_family hone__family_matmul = {run_matmul, HONE__TAKES_NUMBER, check_pair, NULL};

/* Gemm: alpha * a * b + beta * c */

typedef struct gemm_job {
    const hone_tensor *c; /* NULL: none */
    int64_t row_step, column_step;
    double alpha, beta;
} gemm_job;

static void finish_gemm(const hone__product *p, int64_t row, int64_t left, int64_t count,
                        double *sums) {
    const gemm_job *job = (const gemm_job *)p->user;
    for (int64_t j = 0; j < count; j++) {
        sums[j] *= job->alpha;
        int64_t at = row * job->row_step + (left + j) * job->column_step;
        if (job->c) sums[j] += job->beta * hone__real_at(job->c->dtype, job->c->data, at);
    }
}

static hone__matrix operand(const hone_tensor *tensor, bool transposed, int64_t *rows,
                            int64_t *columns) {
    const int64_t *dim = tensor->shape.dim;
    hone__matrix m = {.tensor = tensor, .row_step = dim[1], .column_step = 1};
    *rows = dim[0], *columns = dim[1];
    if (transposed) {
        m.row_step = 1, m.column_step = dim[1];
        *rows = dim[1], *columns = dim[0];
    }
    return m;
}

/* c broadcasts to (rows, columns). */
static bool place_c(gemm_job *job, int64_t rows, int64_t columns) {
    hone_shape shape = job->c->shape;
    if (shape.rank > 2) return false;
    int64_t wide = shape.rank > 0 ? shape.dim[shape.rank - 1] : 1;
    int64_t high = shape.rank > 1 ? shape.dim[0] : 1;
    job->row_step = high == 1 ? 0 : wide;
    job->column_step = wide == 1 ? 0 : 1;
    return (wide == 1 || wide == columns) && (high == 1 || high == rows);
}

static hone_status run_gemm(const hone_op_call *call, hone_error *error) {
    const hone_tensor *a = &call->inputs[0], *b = &call->inputs[1];
    gemm_job job = {.c = hone__input(call, 2)};
    hone__product p = {.out = &call->outputs[0], .finish = finish_gemm, .user = &job};
    int64_t depth;
    job.alpha = (double)hone_node_float(call->node, "alpha", 1.0f);
    job.beta = (double)hone_node_float(call->node, "beta", 1.0f);
    if (a->shape.rank != 2 || b->shape.rank != 2)
        return hone__mismatch(call->node, error, "its operands must be matrices");
    p.a = operand(a, hone_node_int(call->node, "transA", 0) != 0, &p.rows, &p.depth);
    p.b = operand(b, hone_node_int(call->node, "transB", 0) != 0, &depth, &p.columns);
    if (depth != p.depth || hone__elements(&p.out->shape) != p.rows * p.columns ||
        (job.c && !place_c(&job, p.rows, p.columns)))
        return hone__mismatch(call->node, error, "the matrices do not fit together");
    hone__product_run(&p);
    return HONE_OK;
}

const hone_op_family hone__family_gemm = {run_gemm, HONE__TAKES_NUMBER, check_pair, NULL};

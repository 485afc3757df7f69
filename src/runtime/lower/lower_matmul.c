/* SPDX-License-Identifier: Apache-2.0 */
/* Float products that lower_conv.c leaves: of two computed operands, of constant batches, Gemm with
 * alpha or transA. Operands are read where they lie, as long as rows or columns are runs. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <math.h>

/* The operand as a view of at least two dimensions: a vector is a row, or standing right a column.
 */
static hone_view as_matrix(const hone_view *view, bool right) {
    hone_view matrix = *view;
    if (view->rank > 1) return matrix;
    int32_t at = right ? 0 : 1;
    matrix.rank = 2;
    matrix.dim[at] = view->dim[0], matrix.stride[at] = view->stride[0];
    matrix.dim[1 - at] = 1, matrix.stride[1 - at] = 1;
    return matrix;
}

static hone_status lower_operand(hone_lowering *lowering, const hone_value *value, bool right,
                                 hone_view *view, hone_error *error) {
    hone_view found;
    HONE_TRY(hone__lower_view(lowering, value, HONE_CODE_PLAIN, &found, error));
    *view = as_matrix(&found, right);
    if (hone__step_matmul_fits(view)) return HONE_OK;
    HONE_TRY(hone__lower_form(lowering, value, HONE_CODE_PLAIN, HONE_FORM_DENSE, &found, error));
    *view = as_matrix(&found, right);
    return HONE_OK;
}

static void turn(hone_view *view) {
    int32_t a = view->rank - 2, b = view->rank - 1;
    int64_t dim = view->dim[a], stride = view->stride[a];
    view->dim[a] = view->dim[b], view->stride[a] = view->stride[b];
    view->dim[b] = dim, view->stride[b] = stride;
}

/* The batch dimensions of `view` become those of `shape`, which has `rank` dimensions. */
static hone_view spread(const hone_view *view, const hone_view *like) {
    hone_shape shape = {.rank = like->rank};
    for (int32_t i = 0; i < like->rank; i++) shape.dim[i] = like->dim[i];
    for (int32_t i = 1; i <= 2; i++) shape.dim[shape.rank - i] = view->dim[view->rank - i];
    return hone__view_broadcast(view, &shape);
}

/* Where all products have one right operand, their rows are rows of one product. */
static void merge_batch(hone_matmul_call *call, hone_view *a, hone_view *b, hone_view *out) {
    int32_t r = out->rank - 2;
    hone_view rows, result;
    int64_t all = hone__view_elements(out) / out->dim[r + 1];
    for (int32_t i = 0; i < r; i++)
        if (out->dim[i] != 1 && b->stride[i] != 0) return;
    hone_shape a_shape = {.rank = 2, .dim = {all, a->dim[r + 1]}};
    hone_shape out_shape = {.rank = 2, .dim = {all, out->dim[r + 1]}};
    if (call->residual || !hone__view_reshape(a, &a_shape, &rows) ||
        !hone__view_reshape(out, &out_shape, &result) || !hone__step_matmul_fits(&rows))
        return;
    for (int32_t i = 0; i < 2; i++) b->dim[i] = b->dim[r + i], b->stride[i] = b->stride[r + i];
    b->rank = 2;
    *a = rows, *out = result;
}

/* Sizes that the kernels can count. */
static bool countable(const hone_shape *shape) {
    int64_t product = 1;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1 || shape->dim[i] > INT32_MAX / product) return false;
        product *= shape->dim[i];
    }
    return shape->rank >= 1;
}

/* Gemm's third operand: a vector for every row, or a matrix. */
static bool addend_fits(const hone_node *node, const hone_shape *out) {
    const hone_value *c = node->input_count > 2 ? node->inputs[2] : NULL;
    if (!c) return true;
    if (!hone__value_is_float(c) || hone_node_float(node, "beta", 1.0f) != 1.0f) return false;
    int32_t rank = c->shape.rank;
    if (rank < 1 || rank > 2 || c->shape.dim[rank - 1] != out->dim[1]) return false;
    return rank == 1 || c->shape.dim[0] == 1 || c->shape.dim[0] == out->dim[0];
}

static hone_status lower_addend(hone_lowering *lowering, const hone_node *node,
                                const hone_shape *out, hone_view *view, hone_matmul_call *call,
                                hone_error *error) {
    const hone_value *c =
        node->op == HONE_OP_Gemm && node->input_count > 2 ? node->inputs[2] : NULL;
    if (!c) return HONE_OK;
    HONE_TRY(hone__lower_form(lowering, c, HONE_CODE_PLAIN, HONE_FORM_DENSE, view, error));
    bool vector = c->shape.rank == 1 || c->shape.dim[0] == 1;
    *view = hone__view_broadcast(view, out);
    if (vector)
        call->bias = view;
    else
        call->residual = view;
    return HONE_OK;
}

hone_status hone__emit_matmul(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error) {
    bool gemm = node->op == HONE_OP_Gemm;
    if (group || (node->op != HONE_OP_MatMul && !gemm)) return HONE_OK;
    const hone_value *left = node->inputs[0], *right = node->inputs[1], *result = node->outputs[0];
    if (!hone__value_is_float(left) || !hone__value_is_float(right) || !countable(&left->shape) ||
        !countable(&right->shape) || (gemm && result->shape.rank != 2))
        return HONE_OK;
    if (result->shape.rank > 0 && !countable(&result->shape)) return HONE_OK;
    if (gemm && !addend_fits(node, &result->shape)) return HONE_OK;
    *taken = true;
    hone_view a, b, out, addend;
    hone_matmul_call call = {.alpha = 1, .lo = -INFINITY, .hi = INFINITY};
    HONE_TRY(lower_operand(lowering, left, false, &a, error));
    HONE_TRY(lower_operand(lowering, right, true, &b, error));
    HONE_TRY(lower_addend(lowering, node, &result->shape, &addend, &call, error));
    HONE_TRY(hone__lower_output(lowering, result, HONE_CODE_PLAIN, HONE_FORM_DENSE, &out, error));
    if (gemm && hone_node_int(node, "transA", 0)) turn(&a);
    if (gemm && hone_node_int(node, "transB", 0)) turn(&b);
    if (gemm) call.alpha = hone_node_float(node, "alpha", 1.0f);
    int32_t rank = a.rank > b.rank ? a.rank : b.rank;
    hone_shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank - 2; i++) {
        int64_t x = i + a.rank < rank ? 1 : a.dim[i + a.rank - rank];
        int64_t y = i + b.rank < rank ? 1 : b.dim[i + b.rank - rank];
        shape.dim[i] = x == 1 ? y : x;
    }
    shape.dim[rank - 2] = a.dim[a.rank - 2], shape.dim[rank - 1] = b.dim[b.rank - 1];
    hone_view whole = hone__view_dense(out.buffer, &shape);
    whole.offset = out.offset;
    a = spread(&a, &whole), b = spread(&b, &whole);
    merge_batch(&call, &a, &b, &whole);
    call.a = &a, call.b = &b, call.out = &whole;
    hone_label label = {.name = node->name,
                        .op = hone_op_get(node->op)->name,
                        .multiply_adds = hone_node_multiply_adds(node)};
    return hone__step_matmul(lowering->program, &label, &call, error);
}

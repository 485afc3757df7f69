/* SPDX-License-Identifier: Apache-2.0 */
/* Gather, GatherElements, GatherND, OneHot: every index is checked before it is used. */
#include "ops/family.h"

/* The index at `at` of `indices`, made 0..dim-1. */
static hone_status read_index(const hone_op_call *call, const hone_tensor *indices, int64_t at,
                              int64_t dim, int64_t *index, hone_error *error) {
    int64_t value = hone__int_at(indices->dtype, indices->data, at);
    if (value < -dim || value >= dim)
        return hone__mismatch(call->node, error, "index %lld is outside of a dimension of %lld",
                              (long long)value, (long long)dim);
    *index = value < 0 ? value + dim : value;
    return HONE_OK;
}

static hone_status check_indices(const hone_node *node, hone_error *error) {
    return hone__check_input(node, 1, HONE__TAKES_INTEGER, error);
}

static hone_status check_count(const hone_op_call *call, int64_t wanted, hone_error *error) {
    if (hone__elements(&call->outputs[0].shape) == wanted) return HONE_OK;
    return hone__mismatch(call->node, error, "the output's shape is not the planned one");
}

static hone_status run_gather(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *indices = &call->inputs[1];
    uint8_t *out = (uint8_t *)call->outputs[0].data;
    int32_t axis;
    HONE_TRY(hone__axis_attribute(call->node, "axis", 0, in->shape.rank, &axis, error));
    int64_t outer = hone__shape_span(&in->shape, 0, axis), dim = in->shape.dim[axis];
    int64_t inner = hone__shape_span(&in->shape, axis + 1, in->shape.rank);
    int64_t count = hone__elements(&indices->shape);
    size_t bytes = (size_t)inner * hone__element_bytes(in->dtype);
    HONE_TRY(check_count(call, outer * count * inner, error));
    for (int64_t i = 0; i < count; i++) {
        int64_t index;
        HONE_TRY(read_index(call, indices, i, dim, &index, error));
        for (int64_t o = 0; o < outer && bytes > 0; o++)
            memcpy(out + (size_t)(o * count + i) * bytes,
                   (const uint8_t *)in->data + (size_t)(o * dim + index) * bytes, bytes);
    }
    return HONE_OK;
}

const hone_op_family hone__family_gather = {run_gather, HONE__TAKES_BYTES, check_indices, NULL};

static hone_status run_gather_elements(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *indices = &call->inputs[1];
    int32_t axis, rank = in->shape.rank;
    int64_t steps[HONE_MAX_RANK], at[HONE_MAX_RANK] = {0}, i = 0;
    HONE_TRY(hone__axis_attribute(call->node, "axis", 0, rank, &axis, error));
    HONE_TRY(check_count(call, hone__elements(&indices->shape), error));
    for (int32_t d = 0; d < rank; d++)
        if (indices->shape.rank != rank || (d != axis && indices->shape.dim[d] > in->shape.dim[d]))
            return hone__mismatch(call->node, error, "the indices are larger than the data");
    hone__steps(&in->shape, steps);
    if (hone__elements(&indices->shape) == 0) return HONE_OK;
    do {
        int64_t index, from = 0;
        HONE_TRY(read_index(call, indices, i, in->shape.dim[axis], &index, error));
        for (int32_t d = 0; d < rank; d++) from += steps[d] * (d == axis ? index : at[d]);
        hone__copy_element(in, from, &call->outputs[0], i++);
    } while (hone__next(rank, indices->shape.dim, at));
    return HONE_OK;
}

const hone_op_family hone__family_gather_elements = {run_gather_elements, HONE__TAKES_BYTES,
                                                     check_indices, NULL};

static hone_status run_gather_nd(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *indices = &call->inputs[1];
    int64_t batch_dims = hone_node_int(call->node, "batch_dims", 0), steps[HONE_MAX_RANK];
    int32_t last = indices->shape.rank - 1;
    if (last < 0 || batch_dims < 0 || batch_dims > last ||
        batch_dims + indices->shape.dim[last] > in->shape.rank)
        return hone__mismatch(call->node, error, "the index tuples do not fit the data");
    int32_t depth = (int32_t)indices->shape.dim[last], batch = (int32_t)batch_dims;
    int64_t batches = hone__shape_span(&in->shape, 0, batch);
    if (batches != hone__shape_span(&indices->shape, 0, batch))
        return hone__mismatch(call->node, error, "the batches differ");
    int64_t tuples = hone__shape_span(&indices->shape, batch, last);
    int64_t inner = hone__shape_span(&in->shape, batch + depth, in->shape.rank);
    size_t bytes = (size_t)inner * hone__element_bytes(in->dtype);
    HONE_TRY(check_count(call, batches * tuples * inner, error));
    hone__steps(&in->shape, steps);
    for (int64_t i = 0; i < batches * tuples; i++) {
        int64_t from = i / tuples * hone__shape_span(&in->shape, batch, in->shape.rank);
        for (int32_t d = 0; d < depth; d++) {
            int64_t index;
            HONE_TRY(
                read_index(call, indices, i * depth + d, in->shape.dim[batch + d], &index, error));
            from += index * steps[batch + d];
        }
        if (bytes > 0)
            memcpy((uint8_t *)call->outputs[0].data + (size_t)i * bytes,
                   (const uint8_t *)in->data + (size_t)from * hone__element_bytes(in->dtype),
                   bytes);
    }
    return HONE_OK;
}

const hone_op_family hone__family_gather_nd = {run_gather_nd, HONE__TAKES_BYTES, check_indices,
                                               NULL};

/* OneHot: an index outside of -depth..depth-1 is no error but a row of off values (ONNX). */
static hone_status run_one_hot(const hone_op_call *call, hone_error *error) {
    const hone_tensor *indices = &call->inputs[0], *values = &call->inputs[2];
    hone_tensor *out = &call->outputs[0];
    int32_t axis;
    HONE_TRY(hone__axis_attribute(call->node, "axis", -1, out->shape.rank, &axis, error));
    int64_t depth = out->shape.dim[axis];
    int64_t inner = hone__shape_span(&out->shape, axis + 1, out->shape.rank);
    int64_t count = hone__elements(&indices->shape);
    if (hone__elements(&values->shape) != 2 || hone__elements(&call->inputs[1].shape) < 1 ||
        hone__int_at(call->inputs[1].dtype, call->inputs[1].data, 0) != depth)
        return hone__mismatch(call->node, error, "the depth is not the planned one");
    HONE_TRY(check_count(call, count * depth, error));
    for (int64_t i = 0; i < count; i++) {
        int64_t index = hone__int_at(indices->dtype, indices->data, i);
        if (index < 0) index += depth;
        for (int64_t k = 0; k < depth; k++)
            hone__copy_element(values, k == index, out,
                               (i / inner * depth + k) * inner + i % inner);
    }
    return HONE_OK;
}

static hone_status check_one_hot(const hone_node *node, hone_error *error) {
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_NUMBER, error));
    return hone__check_input(node, 2, HONE__TAKES_BYTES, error);
}

const hone_op_family hone__family_one_hot = {run_one_hot, HONE__TAKES_NUMBER, check_one_hot, NULL};

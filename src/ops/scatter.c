/* SPDX-License-Identifier: Apache-2.0 */
/* ScatterElements, ScatterND, TensorScatter: the data is copied, then updates are put into it. */
#include "ops/move.h"

#include <math.h>

typedef enum reduction { PUT, ADD, MUL, MAX, MIN } reduction;

static bool read_reduction(const hone_node *node, reduction *how) {
    static const char *const names[] = {"none", "add", "mul", "max", "min"};
    const char *text = hone_node_string(node, "reduction", "none");
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], text) == 0) return *how = (reduction)i, true;
    return false;
}

static hone_status check_scatter(const hone_node *node, hone_error *error) {
    reduction how;
    if (!read_reduction(node, &how))
        return hone__unsupported(node, error, "reduction '%s'",
                                 hone_node_string(node, "reduction", ""));
    if (how != PUT) HONE_TRY(hone__check_input(node, 0, HONE__TAKES_NUMBER, error));
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_INTEGER, error));
    if (node->inputs[2]->dtype == node->inputs[0]->dtype) return HONE_OK;
    return hone__unsupported(node, error, "the updates differ in type");
}

static void reduce_real(reduction how, hone_tensor *out, int64_t at, double update) {
    double old = hone__real_at(out->dtype, out->data, at);
    double both[] = {update, old + update, old * update, old < update ? update : old,
                     old > update ? update : old};
    hone__real_put(out->dtype, out->data, at, both[how]);
}

static void reduce_int(reduction how, hone_tensor *out, int64_t at, int64_t update) {
    int64_t old = hone__int_at(out->dtype, out->data, at);
    bool less =
        hone__kind_of(out->dtype) == HONE__SIGNED ? old < update : (uint64_t)old < (uint64_t)update;
    int64_t both[] = {update, (int64_t)((uint64_t)old + (uint64_t)update),
                      (int64_t)((uint64_t)old * (uint64_t)update), less ? update : old,
                      less ? old : update};
    hone__int_put(out->dtype, out->data, at, both[how]);
}

static void put_update(reduction how, const hone_tensor *updates, int64_t from, hone_tensor *out,
                       int64_t at) {
    if (how == PUT)
        hone__copy_element(updates, from, out, at);
    else if (hone__kind_of(out->dtype) == HONE__REAL)
        reduce_real(how, out, at, hone__real_at(updates->dtype, updates->data, from));
    else
        reduce_int(how, out, at, hone__int_at(updates->dtype, updates->data, from));
}

static hone_status read_index(const hone_op_call *call, int64_t at, int64_t dim, int64_t *index,
                              hone_error *error) {
    int64_t value = hone__int_at(call->inputs[1].dtype, call->inputs[1].data, at);
    if (value < -dim || value >= dim)
        return hone__mismatch(call->node, error, "index %lld is outside of a dimension of %lld",
                              (long long)value, (long long)dim);
    *index = value < 0 ? value + dim : value;
    return HONE_OK;
}

static hone_status run_scatter(const hone_op_call *call, hone_error *error) {
    const hone_shape *shape = &call->outputs[0].shape, *updates = &call->inputs[1].shape;
    int64_t steps[HONE_MAX_RANK], at[HONE_MAX_RANK] = {0}, i = 0;
    int32_t axis;
    reduction how = PUT;
    read_reduction(call->node, &how);
    HONE_TRY(hone__copy_all(call, &call->inputs[0], &call->outputs[0], error));
    HONE_TRY(hone__axis_attribute(call->node, "axis", 0, shape->rank, &axis, error));
    if (!hone_shape_equal(updates, &call->inputs[2].shape) || updates->rank != shape->rank)
        return hone__mismatch(call->node, error, "indices and updates differ in shape");
    for (int32_t d = 0; d < shape->rank; d++)
        if (d != axis && updates->dim[d] > shape->dim[d])
            return hone__mismatch(call->node, error, "the updates are larger than the data");
    hone__steps(shape, steps);
    if (hone__elements(updates) == 0) return HONE_OK;
    do {
        int64_t index, to = 0;
        HONE_TRY(read_index(call, i, shape->dim[axis], &index, error));
        for (int32_t d = 0; d < shape->rank; d++) to += steps[d] * (d == axis ? index : at[d]);
        put_update(how, &call->inputs[2], i++, &call->outputs[0], to);
    } while (hone__next(updates->rank, updates->dim, at));
    return HONE_OK;
}

const hone_op_family hone__family_scatter = {run_scatter, HONE__TAKES_BYTES, check_scatter, NULL};

static hone_status run_scatter_nd(const hone_op_call *call, hone_error *error) {
    const hone_shape *shape = &call->outputs[0].shape, *tuples = &call->inputs[1].shape;
    int32_t last = tuples->rank - 1;
    int64_t steps[HONE_MAX_RANK];
    reduction how = PUT;
    read_reduction(call->node, &how);
    HONE_TRY(hone__copy_all(call, &call->inputs[0], &call->outputs[0], error));
    if (last < 0 || tuples->dim[last] > shape->rank)
        return hone__mismatch(call->node, error, "the index tuples do not fit the data");
    int32_t depth = (int32_t)tuples->dim[last];
    int64_t count = hone__shape_span(tuples, 0, last);
    int64_t inner = hone__shape_span(shape, depth, shape->rank);
    if (hone__elements(&call->inputs[2].shape) != count * inner)
        return hone__mismatch(call->node, error, "the updates do not fit the indices");
    hone__steps(shape, steps);
    for (int64_t i = 0; i < count; i++) {
        int64_t to = 0;
        for (int32_t d = 0; d < depth; d++) {
            int64_t index;
            HONE_TRY(read_index(call, i * depth + d, shape->dim[d], &index, error));
            to += index * steps[d];
        }
        for (int64_t k = 0; k < inner; k++)
            put_update(how, &call->inputs[2], i * inner + k, &call->outputs[0], to + k);
    }
    return HONE_OK;
}

const hone_op_family hone__family_scatter_nd = {run_scatter_nd, HONE__TAKES_BYTES, check_scatter,
                                                NULL};

/* TensorScatter (a key-value cache): batch entry b's update goes to positions write[b].. of the
 * cache along the axis, which wrap round in circular mode. */
static hone_status run_tensor_scatter(const hone_op_call *call, hone_error *error) {
    const hone_tensor *update = &call->inputs[1], *write = hone__input(call, 2);
    hone_tensor *out = &call->outputs[0];
    int32_t axis, rank = out->shape.rank;
    int64_t steps[HONE_MAX_RANK], at[HONE_MAX_RANK] = {0}, from = 0;
    bool circular = strcmp(hone_node_string(call->node, "mode", "linear"), "circular") == 0;
    HONE_TRY(hone__copy_all(call, &call->inputs[0], out, error));
    HONE_TRY(hone__axis_attribute(call->node, "axis", -2, rank, &axis, error));
    for (int32_t d = 0; d < rank; d++)
        if (axis == 0 || update->shape.rank != rank ||
            (d == axis ? update->shape.dim[d] > out->shape.dim[d]
                       : update->shape.dim[d] != out->shape.dim[d]))
            return hone__mismatch(call->node, error, "the update does not fit the cache");
    if (write && hone__elements(&write->shape) != out->shape.dim[0])
        return hone__mismatch(call->node, error, "there must be one position a batch entry");
    hone__steps(&out->shape, steps);
    if (hone__elements(&update->shape) == 0) return HONE_OK;
    int64_t room = out->shape.dim[axis];
    do {
        int64_t place = write ? hone__int_at(write->dtype, write->data, at[0]) : 0, to = 0;
        if (place < 0 || place >= room || (!circular && place + at[axis] >= room))
            return hone__mismatch(call->node, error, "position %lld is outside of the cache",
                                  (long long)place);
        place = (place + at[axis]) % room;
        for (int32_t d = 0; d < rank; d++) to += steps[d] * (d == axis ? place : at[d]);
        hone__copy_element(update, from++, out, to);
    } while (hone__next(rank, update->shape.dim, at));
    return HONE_OK;
}

static hone_status check_tensor_scatter(const hone_node *node, hone_error *error) {
    const char *mode = hone_node_string(node, "mode", "linear");
    if (strcmp(mode, "linear") != 0 && strcmp(mode, "circular") != 0)
        return hone__unsupported(node, error, "mode '%s'", mode);
    if (node->inputs[0]->dtype == node->inputs[1]->dtype) return HONE_OK;
    return hone__unsupported(node, error, "the update differs in type");
}

const hone_op_family hone__family_tensor_scatter = {run_tensor_scatter, HONE__TAKES_BYTES,
                                                    check_tensor_scatter, NULL};

/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that are one nest of loops with the right steps: Transpose, Slice, Expand, Tile, blocks
 * to depth and back, CenterCropPad. */
#include "ops/move.h"
#include "ops/elementwise.h"

static hone_status run_transpose(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    hone_tensor *out = &call->outputs[0];
    const int64_t *perm;
    int64_t dense[HONE_MAX_RANK], steps[HONE_MAX_RANK];
    int32_t rank = in->shape.rank;
    bool given = hone_node_ints(call->node, "perm", &perm) > 0;
    hone__steps(&in->shape, dense);
    for (int32_t d = 0; d < rank; d++) {
        int64_t from = given ? perm[d] : rank - 1 - d;
        steps[d] = dense[from];
        if (out->shape.rank != rank || out->shape.dim[d] != in->shape.dim[from])
            return hone__mismatch(call->node, error, "the output's shape is not the permuted one");
    }
    hone__nest nest = hone__nest_over(&out->shape);
    hone__nest_add_steps(&nest, steps, 0);
    hone__nest_add(&nest, &out->shape);
    hone__move(&nest, in, out);
    return HONE_OK;
}

static hone_status check_transpose(const hone_node *node, hone_error *error) {
    const int64_t *perm;
    uint32_t count = hone_node_ints(node, "perm", &perm), seen = 0;
    int32_t rank = node->inputs[0]->shape.rank;
    if (count == 0) return HONE_OK;
    if (rank != HONE_RANK_UNKNOWN && (uint32_t)rank != count)
        return hone__mismatch(node, error, "perm has %u entries", (unsigned)count);
    for (uint32_t i = 0; i < count; i++) {
        if (perm[i] < 0 || perm[i] >= (int64_t)count || seen >> perm[i] & 1)
            return hone__mismatch(node, error, "perm is not a permutation");
        seen |= 1u << perm[i];
    }
    return HONE_OK;
}

const hone_op_family hone__family_transpose = {run_transpose, HONE__TAKES_BYTES, check_transpose,
                                               NULL};

/* Slice */

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

/* First element and count of dim[start:end:step] by Python's rule; step != 0. */
static int64_t slice_range(int64_t dim, int64_t *start, int64_t end, int64_t step) {
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
    if (*start < 0) *start += dim;
    if (end < 0) end = end < -dim ? low : end + dim;
    *start = clamp(*start, low, high);
    end = clamp(end, low, high + (step < 0));
    if (step > 0)
        return end <= *start ? 0 : (int64_t)((uint64_t)(end - *start - 1) / (uint64_t)step) + 1;
    return end >= *start ? 0 : (int64_t)((uint64_t)(*start - end - 1) / (0 - (uint64_t)step)) + 1;
}

typedef struct slice {
    int64_t start[HONE_MAX_RANK], step[HONE_MAX_RANK], count[HONE_MAX_RANK];
} slice;

static hone_status read_slice(const hone_op_call *call, slice *cut, hone_error *error) {
    const hone_shape *shape = &call->inputs[0].shape;
    const hone_tensor *starts = &call->inputs[1], *ends = &call->inputs[2];
    const hone_tensor *axes = hone__input(call, 3), *steps = hone__input(call, 4);
    int64_t count = hone__elements(&starts->shape);
    for (int32_t d = 0; d < shape->rank; d++)
        cut->start[d] = 0, cut->step[d] = 1, cut->count[d] = shape->dim[d];
    if (hone__elements(&ends->shape) != count || (axes && hone__elements(&axes->shape) != count) ||
        (steps && hone__elements(&steps->shape) != count))
        return hone__mismatch(call->node, error, "starts, ends, axes and steps differ in length");
    for (int64_t i = 0; i < count; i++) {
        int32_t axis;
        int64_t named = axes ? hone__int_at(axes->dtype, axes->data, i) : i;
        HONE_TRY(hone__axis(call->node, named, shape->rank, &axis, error));
        cut->step[axis] = steps ? hone__int_at(steps->dtype, steps->data, i) : 1;
        if (cut->step[axis] == 0) return hone__mismatch(call->node, error, "a step is zero");
        cut->start[axis] = hone__int_at(starts->dtype, starts->data, i);
        cut->count[axis] = slice_range(shape->dim[axis], &cut->start[axis],
                                       hone__int_at(ends->dtype, ends->data, i), cut->step[axis]);
    }
    return HONE_OK;
}

static hone_status run_slice(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    hone_tensor *out = &call->outputs[0];
    slice cut;
    int64_t dense[HONE_MAX_RANK], steps[HONE_MAX_RANK], start = 0;
    HONE_TRY(read_slice(call, &cut, error));
    hone__steps(&in->shape, dense);
    for (int32_t d = 0; d < in->shape.rank; d++) {
        if (out->shape.rank != in->shape.rank || out->shape.dim[d] != cut.count[d])
            return hone__mismatch(call->node, error, "the slice is not the one planned");
        /* a step past the end is taken at most once, so that it need not be multiplied */
        steps[d] = cut.count[d] > 1 ? dense[d] * cut.step[d] : 0;
        if (cut.count[d] > 0) start += dense[d] * cut.start[d];
    }
    hone__nest nest = hone__nest_over(&out->shape);
    hone__nest_add_steps(&nest, steps, start);
    hone__nest_add(&nest, &out->shape);
    hone__move(&nest, in, out);
    return HONE_OK;
}

const hone_op_family hone__family_slice = {run_slice, HONE__TAKES_BYTES, NULL, NULL};

static hone_status run_expand(const hone_op_call *call, hone_error *error) {
    hone_tensor *out = &call->outputs[0];
    hone__nest nest = hone__nest_over(&out->shape);
    HONE_TRY(hone__nest_add_checked(&nest, call, &call->inputs[0], error));
    hone__nest_add(&nest, &out->shape);
    hone__move(&nest, &call->inputs[0], out);
    return HONE_OK;
}

const hone_op_family hone__family_expand = {run_expand, HONE__TAKES_BYTES, NULL, NULL};

/* Tile: the whole input is placed once for every combination of repeats. */
static hone_status run_tile(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *repeats = &call->inputs[1];
    hone_tensor *out = &call->outputs[0];
    int64_t times[HONE_MAX_RANK], steps[HONE_MAX_RANK], index[HONE_MAX_RANK] = {0};
    int32_t rank = in->shape.rank;
    if (hone__elements(&repeats->shape) != rank || out->shape.rank != rank)
        return hone__mismatch(call->node, error, "there must be one repeat a dimension");
    for (int32_t d = 0; d < rank; d++) {
        times[d] = hone__int_at(repeats->dtype, repeats->data, d);
        if (times[d] < 0 || out->shape.dim[d] != in->shape.dim[d] * times[d])
            return hone__mismatch(call->node, error, "the repeats are not the planned ones");
    }
    if (hone__elements(&out->shape) == 0) return HONE_OK;
    hone__steps(&out->shape, steps);
    do {
        int64_t start = 0;
        for (int32_t d = 0; d < rank; d++) start += index[d] * in->shape.dim[d] * steps[d];
        hone__nest nest = hone__nest_over(&in->shape);
        hone__nest_add(&nest, &in->shape);
        hone__nest_add_steps(&nest, steps, start);
        hone__move(&nest, in, out);
    } while (hone__next(rank, times, index));
    return HONE_OK;
}

const hone_op_family hone__family_tile = {run_tile, HONE__TAKES_BYTES, NULL, NULL};

/* Depth and space: both are a transposition of six dimensions. The input is read in the order
 * `perm` of its six. */
static void shuffle(const hone_op_call *call, const int64_t *dims, const int *perm) {
    hone_shape six = hone__shape(6, dims), moved = six;
    int64_t dense[HONE_MAX_RANK], steps[HONE_MAX_RANK];
    hone__steps(&six, dense);
    for (int d = 0; d < 6; d++) moved.dim[d] = dims[perm[d]], steps[d] = dense[perm[d]];
    hone__nest nest = hone__nest_over(&moved);
    hone__nest_add_steps(&nest, steps, 0);
    hone__nest_add(&nest, &moved);
    hone__move(&nest, &call->inputs[0], &call->outputs[0]);
}

static hone_status check_block(const hone_op_call *call, int64_t *block, hone_error *error) {
    *block = hone_node_int(call->node, "blocksize", 1);
    if (call->inputs[0].shape.rank != 4 || *block < 1 || *block > INT32_MAX ||
        hone__elements(&call->inputs[0].shape) != hone__elements(&call->outputs[0].shape))
        return hone__mismatch(call->node, error, "blocks do not fit the input");
    return HONE_OK;
}

static hone_status run_depth_to_space(const hone_op_call *call, hone_error *error) {
    static const int dcr[] = {0, 3, 4, 1, 5, 2}, crd[] = {0, 1, 4, 2, 5, 3};
    const int64_t *in = call->inputs[0].shape.dim;
    int64_t b;
    HONE_TRY(check_block(call, &b, error));
    if (in[1] % (b * b) != 0)
        return hone__mismatch(call->node, error, "channels are not a multiple of the block");
    bool columns = strcmp(hone_node_string(call->node, "mode", "DCR"), "DCR") != 0;
    int64_t deep = in[1] / (b * b);
    const int64_t dcr_dims[] = {in[0], b, b, deep, in[2], in[3]};
    const int64_t crd_dims[] = {in[0], deep, b, b, in[2], in[3]};
    shuffle(call, columns ? crd_dims : dcr_dims, columns ? crd : dcr);
    return HONE_OK;
}

static hone_status run_space_to_depth(const hone_op_call *call, hone_error *error) {
    static const int perm[] = {0, 3, 5, 1, 2, 4};
    const int64_t *in = call->inputs[0].shape.dim;
    int64_t b;
    HONE_TRY(check_block(call, &b, error));
    if (in[2] % b != 0 || in[3] % b != 0)
        return hone__mismatch(call->node, error, "the image is not a multiple of the block");
    const int64_t dims[] = {in[0], in[1], in[2] / b, b, in[3] / b, b};
    shuffle(call, dims, perm);
    return HONE_OK;
}

const hone_op_family hone__family_depth_to_space = {run_depth_to_space, HONE__TAKES_BYTES, NULL,
                                                    NULL};
const hone_op_family hone__family_space_to_depth = {run_space_to_depth, HONE__TAKES_BYTES, NULL,
                                                    NULL};

/* CenterCropPad: where a dimension shrinks its middle is taken, where it grows zeros surround it.
 */
static hone_status run_center_crop_pad(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    hone_tensor *out = &call->outputs[0];
    int64_t from[HONE_MAX_RANK], to[HONE_MAX_RANK], from_start = 0, to_start = 0;
    hone_shape both = in->shape;
    if (out->shape.rank != in->shape.rank)
        return hone__mismatch(call->node, error, "the output differs in rank");
    hone__steps(&in->shape, from);
    hone__steps(&out->shape, to);
    for (int32_t d = 0; d < both.rank; d++) {
        int64_t a = in->shape.dim[d], b = out->shape.dim[d];
        both.dim[d] = a < b ? a : b;
        if (a > b) from_start += (a - b) / 2 * from[d];
        if (b > a) to_start += (b - a) / 2 * to[d];
    }
    size_t bytes = (size_t)hone__elements(&out->shape) * hone__element_bytes(out->dtype);
    if (bytes > 0) memset(out->data, 0, bytes);
    hone__nest nest = hone__nest_over(&both);
    hone__nest_add_steps(&nest, from, from_start);
    hone__nest_add_steps(&nest, to, to_start);
    hone__move(&nest, in, out);
    return HONE_OK;
}

const hone_op_family hone__family_center_crop_pad = {run_center_crop_pad, HONE__TAKES_BYTES, NULL,
                                                     NULL};

/* SPDX-License-Identifier: Apache-2.0 */
/* Pad (constant, reflect, edge, wrap; negative pads crop), ReverseSequence, Trilu. */
#include "ops/family.h"

typedef enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP } pad_mode;

static bool read_mode(const hone_node *node, pad_mode *mode) {
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    const char *text = hone_node_string(node, "mode", "constant");
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], text) == 0) return *mode = (pad_mode)i, true;
    return false;
}

/* Where coordinate `x` of a padded dimension of size `dim` comes from; -1: the constant. */
static int64_t pad_source(pad_mode mode, int64_t x, int64_t dim) {
    if (x >= 0 && x < dim) return x;
    if (mode == PAD_CONSTANT || dim == 0) return -1;
    if (mode == PAD_EDGE || dim == 1) return x < 0 ? 0 : dim - 1;
    int64_t period = mode == PAD_WRAP ? dim : 2 * (dim - 1);
    int64_t phase = ((x % period) + period) % period;
    return phase < dim ? phase : period - phase;
}

/* Pads in front of each dimension, checked against the shapes. */
static hone_status read_pads(const hone_op_call *call, int64_t *front, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *pads = &call->inputs[1];
    const hone_tensor *axes = hone__input(call, 3);
    int32_t rank = in->shape.rank;
    int64_t count = axes ? hone__elements(&axes->shape) : rank, total[HONE_MAX_RANK] = {0};
    memset(front, 0, sizeof(int64_t) * HONE_MAX_RANK);
    if (hone__elements(&pads->shape) != 2 * count || call->outputs[0].shape.rank != rank)
        return hone__mismatch(call->node, error, "there must be two pads a dimension");
    for (int64_t i = 0; i < count; i++) {
        int32_t axis;
        int64_t named = axes ? hone__int_at(axes->dtype, axes->data, i) : i;
        HONE_TRY(hone__axis(call->node, named, rank, &axis, error));
        int64_t begin = hone__int_at(pads->dtype, pads->data, i);
        int64_t end = hone__int_at(pads->dtype, pads->data, i + count);
        if (begin > INT32_MAX || begin < -INT32_MAX || end > INT32_MAX || end < -INT32_MAX)
            return hone__mismatch(call->node, error, "a pad is out of range");
        front[axis] = begin, total[axis] = begin + end;
    }
    for (int32_t d = 0; d < rank; d++)
        if (in->shape.dim[d] + total[d] != call->outputs[0].shape.dim[d])
            return hone__mismatch(call->node, error, "the pads are not the planned ones");
    return HONE_OK;
}

static void put_fill(const hone_op_call *call, int64_t at) {
    const hone_tensor *fill = hone__input(call, 2);
    hone_tensor *out = &call->outputs[0];
    size_t bytes = hone__element_bytes(out->dtype);
    if (fill && hone__elements(&fill->shape) > 0)
        hone__copy_element(fill, 0, out, at);
    else
        memset((uint8_t *)out->data + (size_t)at * bytes, 0, bytes);
}

static hone_status run_pad(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    hone_tensor *out = &call->outputs[0];
    int64_t front[HONE_MAX_RANK], steps[HONE_MAX_RANK], index[HONE_MAX_RANK] = {0}, at = 0;
    pad_mode mode = PAD_CONSTANT;
    read_mode(call->node, &mode);
    HONE_TRY(read_pads(call, front, error));
    hone__steps(&in->shape, steps);
    if (hone__elements(&out->shape) == 0) return HONE_OK;
    do {
        int64_t from = 0;
        for (int32_t d = 0; d < in->shape.rank && from >= 0; d++) {
            int64_t source = pad_source(mode, index[d] - front[d], in->shape.dim[d]);
            from = source < 0 ? -1 : from + source * steps[d];
        }
        if (from >= 0)
            hone__copy_element(in, from, out, at);
        else
            put_fill(call, at);
        at++;
    } while (hone__next(out->shape.rank, out->shape.dim, index));
    return HONE_OK;
}

static hone_status check_pad(const hone_node *node, hone_error *error) {
    pad_mode mode;
    if (!read_mode(node, &mode))
        return hone__unsupported(node, error, "mode '%s'", hone_node_string(node, "mode", ""));
    if (node->input_count > 2 && node->inputs[2] &&
        node->inputs[2]->dtype != node->inputs[0]->dtype)
        return hone__unsupported(node, error, "the constant differs in type");
    return HONE_OK;
}

const hone_op_family hone__family_pad = {run_pad, HONE__TAKES_BYTES, check_pad, NULL};

/* Batch b's first lengths[b] steps in time are turned round, the rest stays. */
static hone_status run_reverse(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *lengths = &call->inputs[1];
    int32_t rank = in->shape.rank, time, batch;
    int64_t steps[HONE_MAX_RANK], index[HONE_MAX_RANK] = {0}, at = 0;
    HONE_TRY(hone__axis_attribute(call->node, "time_axis", 0, rank, &time, error));
    HONE_TRY(hone__axis_attribute(call->node, "batch_axis", 1, rank, &batch, error));
    if (hone__elements(&lengths->shape) != in->shape.dim[batch])
        return hone__mismatch(call->node, error, "there must be one length a batch entry");
    hone__steps(&in->shape, steps);
    if (hone__elements(&in->shape) == 0) return HONE_OK;
    do {
        int64_t length = hone__int_at(lengths->dtype, lengths->data, index[batch]);
        if (length < 0 || length > in->shape.dim[time])
            return hone__mismatch(call->node, error, "length %lld is longer than the sequence",
                                  (long long)length);
        int64_t t = index[time], from = at;
        if (t < length) from += (length - 1 - 2 * t) * steps[time];
        hone__copy_element(in, from, &call->outputs[0], at++);
    } while (hone__next(rank, in->shape.dim, index));
    return HONE_OK;
}

const hone_op_family hone__family_reverse = {run_reverse, HONE__TAKES_BYTES, NULL, NULL};

static hone_status run_trilu(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *diagonal = hone__input(call, 1);
    int32_t rank = in->shape.rank;
    bool upper = hone_node_int(call->node, "upper", 1) != 0;
    if (rank < 2) return hone__mismatch(call->node, error, "a matrix has two dimensions");
    int64_t rows = in->shape.dim[rank - 2], columns = in->shape.dim[rank - 1], k = 0;
    if (diagonal && hone__elements(&diagonal->shape) > 0)
        k = hone__int_at(diagonal->dtype, diagonal->data, 0);
    if (k > rows + columns) k = rows + columns;
    if (k < -rows - columns) k = -rows - columns;
    size_t bytes = hone__element_bytes(in->dtype);
    int64_t count = hone__elements(&in->shape);
    for (int64_t i = 0; i < count; i++) {
        int64_t column = i % columns, row = i / columns % rows;
        bool kept = upper ? column >= row + k : column <= row + k;
        uint8_t *to = (uint8_t *)call->outputs[0].data + (size_t)i * bytes;
        if (kept)
            memcpy(to, (const uint8_t *)in->data + (size_t)i * bytes, bytes);
        else
            memset(to, 0, bytes);
    }
    return HONE_OK;
}

const hone_op_family hone__family_trilu = {run_trilu, HONE__TAKES_BYTES, NULL, NULL};

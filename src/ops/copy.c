/* SPDX-License-Identifier: Apache-2.0 */
/* Copies: operators that keep the order of elements, and those that join or cut tensors along one
 * axis. */
#include "ops/move.h"

typedef struct move_job {
    const uint8_t *from;
    uint8_t *to;
    size_t bytes; /* of an element */
} move_job;

static void move_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const move_job *job = (const move_job *)context;
    size_t bytes = job->bytes;
    if (step[0] == 1 && step[1] == 1) {
        memcpy(job->to + (size_t)at[1] * bytes, job->from + (size_t)at[0] * bytes,
               (size_t)count * bytes);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        memcpy(job->to + (size_t)(at[1] + i * step[1]) * bytes,
               job->from + (size_t)(at[0] + i * step[0]) * bytes, bytes);
}

void hone__move(const hone__nest *nest, const hone_tensor *from, hone_tensor *to) {
    move_job job = {(const uint8_t *)from->data, (uint8_t *)to->data,
                    hone__element_bytes(from->dtype)};
    hone__nest_run(*nest, move_row, &job);
}

hone_status hone__copy_all(const hone_op_call *call, const hone_tensor *from, hone_tensor *to,
                           hone_error *error) {
    size_t bytes;
    int64_t count = hone__elements(&from->shape);
    if (count != hone__elements(&to->shape) || from->dtype != to->dtype)
        return hone__mismatch(call->node, error, "%lld elements do not fill the output's %lld",
                              (long long)count, (long long)hone__elements(&to->shape));
    if (!hone__dtype_bytes(from->dtype, count, &bytes))
        return hone__unsupported(call->node, error, "type %s", hone_dtype_name(from->dtype));
    if (bytes > 0 && to->data != from->data) memmove(to->data, from->data, bytes);
    return HONE_OK;
}

static hone_status run_copy(const hone_op_call *call, hone_error *error) {
    return hone__copy_all(call, &call->inputs[0], &call->outputs[0], error);
}

static hone_status check_copy(const hone_node *node, hone_error *error) {
    if (node->inputs[0]->dtype != HONE_STRING) return HONE_OK;
    return hone__unsupported(node, error, "strings are not supported");
}

/* Packed types too: the bytes do not change. */
const hone_op_family hone__family_copy = {run_copy, HONE__TAKES_ANY, check_copy, NULL};
const hone_op_family hone__family_identity = {run_copy, HONE__TAKES_ANY, check_copy, NULL};

/* Dropout at inference keeps everything; its mask says so. */
static hone_status run_dropout(const hone_op_call *call, hone_error *error) {
    const hone_tensor *training = hone__input(call, 2), *ratio = hone__input(call, 1);
    hone_tensor *mask = hone__output(call, 1);
    bool on = training && hone__elements(&training->shape) > 0 &&
              hone__int_at(training->dtype, training->data, 0) != 0;
    bool drops = !ratio || hone__elements(&ratio->shape) < 1 ||
                 hone__real_at(ratio->dtype, ratio->data, 0) != 0.0;
    if (on && drops) return hone__unsupported(call->node, error, "training mode drops at random");
    if (mask && hone__elements(&mask->shape) > 0)
        memset(mask->data, 1, (size_t)hone__elements(&mask->shape));
    return run_copy(call, error);
}

const hone_op_family hone__family_dropout = {run_dropout, HONE__TAKES_ANY, check_copy, NULL};

/* Tensors seen along an axis: `outer` times a piece of dim[axis] * `inner` elements. */
typedef struct along {
    int64_t outer;
    size_t inner_bytes;
} along;

static along view_along(const hone_tensor *tensor, int32_t axis) {
    along view = {hone__shape_span(&tensor->shape, 0, axis), 0};
    int64_t inner = hone__shape_span(&tensor->shape, axis + 1, tensor->shape.rank);
    view.inner_bytes = (size_t)inner * hone__element_bytes(tensor->dtype);
    return view;
}

/* Copies `piece` (dim along the axis) between `whole` at `offset` and `part` that is all of it. */
static void copy_pieces(along view, uint8_t *to, int64_t to_dim, int64_t to_offset,
                        const uint8_t *from, int64_t from_dim, int64_t from_offset, int64_t piece) {
    size_t bytes = (size_t)piece * view.inner_bytes;
    if (bytes == 0) return;
    for (int64_t i = 0; i < view.outer; i++)
        memcpy(to + (size_t)(i * to_dim + to_offset) * view.inner_bytes,
               from + (size_t)(i * from_dim + from_offset) * view.inner_bytes, bytes);
}

/* Equal apart from the axis. */
static bool same_but(const hone_shape *a, const hone_shape *b, int32_t axis) {
    if (a->rank != b->rank) return false;
    for (int32_t d = 0; d < a->rank; d++)
        if (d != axis && a->dim[d] != b->dim[d]) return false;
    return true;
}

static hone_status run_concat(const hone_op_call *call, hone_error *error) {
    hone_tensor *out = &call->outputs[0];
    int32_t axis;
    int64_t offset = 0;
    HONE_TRY(hone__axis_attribute(call->node, "axis", 0, out->shape.rank, &axis, error));
    along view = view_along(out, axis);
    for (uint32_t i = 0; i < call->node->input_count; i++) {
        const hone_tensor *in = &call->inputs[i];
        if (!same_but(&in->shape, &out->shape, axis) ||
            offset + in->shape.dim[axis] > out->shape.dim[axis])
            return hone__mismatch(call->node, error, "input %u does not fit", (unsigned)i);
        int64_t dim = in->shape.dim[axis];
        copy_pieces(view, (uint8_t *)out->data, out->shape.dim[axis], offset,
                    (const uint8_t *)in->data, dim, 0, dim);
        offset += dim;
    }
    if (offset == out->shape.dim[axis]) return HONE_OK;
    return hone__mismatch(call->node, error, "the inputs do not fill the output");
}

static hone_status check_concat(const hone_node *node, hone_error *error) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!node->inputs[i] || node->inputs[i]->dtype != node->inputs[0]->dtype)
            return hone__unsupported(node, error, "its inputs differ in type");
    return HONE_OK;
}

const hone_op_family hone__family_concat = {run_concat, HONE__TAKES_BYTES, check_concat, NULL};

static hone_status run_split(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *sizes = hone__input(call, 1);
    int32_t axis;
    int64_t offset = 0;
    HONE_TRY(hone__axis_attribute(call->node, "axis", 0, in->shape.rank, &axis, error));
    if (sizes && hone__elements(&sizes->shape) < (int64_t)call->node->output_count)
        return hone__mismatch(call->node, error, "there are more outputs than sizes");
    along view = view_along(in, axis);
    int64_t even = ((int64_t)in->shape.dim[axis] + call->node->output_count - 1) /
                   (int64_t)call->node->output_count;
    for (uint32_t i = 0; i < call->node->output_count; i++) {
        hone_tensor *out = hone__output(call, i);
        int64_t left = in->shape.dim[axis] - offset;
        int64_t size =
            sizes ? hone__int_at(sizes->dtype, sizes->data, i) : (even < left ? even : left);
        if (size < 0 || size > left ||
            (out && (!same_but(&in->shape, &out->shape, axis) || out->shape.dim[axis] != size)))
            return hone__mismatch(call->node, error, "output %u does not fit", (unsigned)i);
        if (out)
            copy_pieces(view, (uint8_t *)out->data, size, 0, (const uint8_t *)in->data,
                        in->shape.dim[axis], offset, size);
        offset += size;
    }
    return HONE_OK;
}

const hone_op_family hone__family_split = {run_split, HONE__TAKES_BYTES, NULL, NULL};

/* Compress: keeps the slices whose condition is true. */
static hone_status run_compress(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *keep = &call->inputs[1];
    hone_tensor *out = &call->outputs[0];
    int32_t axis = 0;
    bool flat = hone_node_attr(call->node, "axis") == NULL;
    if (!flat) HONE_TRY(hone__axis_attribute(call->node, "axis", 0, in->shape.rank, &axis, error));
    along view = view_along(in, axis);
    if (flat) view.outer = 1, view.inner_bytes = hone__element_bytes(in->dtype);
    int64_t dim = flat ? hone__elements(&in->shape) : in->shape.dim[axis];
    if (out->shape.rank <= axis || hone__elements(&keep->shape) > dim)
        return hone__mismatch(call->node, error, "the condition is too long");
    int64_t taken = 0, room = out->shape.dim[axis], count = hone__elements(&keep->shape);
    for (int64_t i = 0; i < count; i++) {
        if (!hone__int_at(keep->dtype, keep->data, i)) continue;
        if (taken == room) return hone__mismatch(call->node, error, "the output is too small");
        copy_pieces(view, (uint8_t *)out->data, room, taken++, (const uint8_t *)in->data, dim, i,
                    1);
    }
    return taken == room ? HONE_OK : hone__mismatch(call->node, error, "the output is too large");
}

const hone_op_family hone__family_compress = {run_compress, HONE__TAKES_BYTES, NULL, NULL};

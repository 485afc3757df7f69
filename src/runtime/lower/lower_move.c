/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that only move elements. Most become views: nothing runs. */
#include "base/error.h"
#include "runtime/lower/lower.h"

/* Packed types (4 bits) have no strides. */
static bool movable(const hone_value *value) {
    unsigned bits = hone_dtype_bits(value->dtype);
    return bits >= 8 && bits % 8 == 0;
}

/* An output that is a view of the input, bytes and their parameters included. */
static void pass_on(hone_lowering *lowering, const hone_node *node, uint32_t output, hone_code code,
                    const hone_view *view) {
    hone__lower_alias(lowering, node->outputs[output], code, view);
    hone__lower_set_params(lowering, node->outputs[output],
                           lowering->values[node->inputs[0]->id].params);
}

/* Whether its dimension of stride 1 is another than the last: channels last, or transposed. */
static bool is_turned(const hone_view *view) {
    int32_t last = view->rank - 1;
    for (int32_t i = 0; i < last; i++)
        if (view->dim[i] > 1 && view->stride[i] == 1 && view->dim[last] > 1 &&
            view->stride[last] != 1)
            return true;
    return false;
}

/* A reshape that strides cannot say: the elements are moved once, to where the output wants them.
 */
static hone_status move_reshaped(hone_lowering *lowering, const hone_node *node,
                                 const hone_view *in, hone_code code, hone_error *error) {
    const hone_value *value = node->outputs[0];
    hone_shape from = {.rank = in->rank};
    for (int32_t i = 0; i < in->rank; i++) from.dim[i] = in->dim[i];
    hone_view probe, out;
    hone_form form = HONE_FORM_DENSE;
    if (value->shape.rank == 4 && is_turned(in)) {
        out = hone__view_pixels(0, &value->shape, value->shape.dim[1]);
        if (hone__view_reshape(&out, &from, &probe)) form = HONE_FORM_PIXELS;
    }
    HONE_TRY(hone__lower_output(lowering, value, code, form, &out, error));
    pass_on(lowering, node, 0, code, &out);
    if (!hone__view_reshape(&out, &from, &probe)) /* a wide stride, where it goes into a Concat */
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "node '%s': shapes do not fit",
                         node->name);
    hone_label label = {.name = node->name, .op = hone_op_get(node->op)->name};
    return hone__step_move(lowering->program, &label, &probe, in, error);
}

static bool only_reshapes(const hone_node *node) {
    switch (node->op) {
    case HONE_OP_Reshape:
    case HONE_OP_Flatten:
    case HONE_OP_Squeeze:
    case HONE_OP_Unsqueeze:
    case HONE_OP_Identity:
        return true;
    case HONE_OP_Dropout:
        return (node->output_count < 2 || !node->outputs[1]) &&
               (node->input_count < 3 || !node->inputs[2]); /* training may really drop */
    default:
        return false;
    }
}

hone_status hone__emit_reshape(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error) {
    if (group || !only_reshapes(node) || !movable(node->inputs[0])) return HONE_OK;
    *taken = true;
    hone_view in, out;
    hone_code code;
    HONE_TRY(hone__lower_held(lowering, node->inputs[0], &code, &in, error));
    if (!hone__view_reshape(&in, &node->outputs[0]->shape, &out))
        return move_reshaped(lowering, node, &in, code, error);
    pass_on(lowering, node, 0, code, &out);
    return HONE_OK;
}

hone_status hone__emit_transpose(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error) {
    if (group || node->op != HONE_OP_Transpose || !movable(node->inputs[0])) return HONE_OK;
    *taken = true;
    hone_view in;
    hone_code code;
    HONE_TRY(hone__lower_held(lowering, node->inputs[0], &code, &in, error));
    const int64_t *given = NULL;
    uint32_t count = hone_node_ints(node, "perm", &given);
    int32_t perm[HONE_MAX_RANK];
    for (int32_t i = 0; i < in.rank; i++)
        perm[i] = count == (uint32_t)in.rank ? (int32_t)given[i] : in.rank - 1 - i;
    hone_view out = hone__view_permute(&in, perm);
    pass_on(lowering, node, 0, code, &out);
    return HONE_OK;
}

/* Integers of an optional constant input; false when it is there but not constant. */
static bool ints_of(const hone_node *node, uint32_t index, int64_t *out, uint32_t *count) {
    *count = 0;
    if (index >= node->input_count || !node->inputs[index]) return true;
    return hone_value_ints(node->inputs[index], out, HONE_MAX_RANK, count);
}

static int64_t clamp(int64_t value, int64_t lo, int64_t hi) {
    return value < lo ? lo : value > hi ? hi : value;
}

/* ONNX's rule for one axis; the count is known from shape inference. */
static int64_t slice_begin(int64_t start, int64_t step, int64_t dim) {
    if (start < 0) start += dim;
    return step > 0 ? clamp(start, 0, dim) : clamp(start, 0, dim - 1);
}

hone_status hone__emit_slice(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error) {
    int64_t starts[HONE_MAX_RANK], axes[HONE_MAX_RANK], steps[HONE_MAX_RANK];
    uint32_t count, axis_count, step_count;
    if (group || node->op != HONE_OP_Slice || !movable(node->inputs[0])) return HONE_OK;
    if (!ints_of(node, 1, starts, &count) || !ints_of(node, 3, axes, &axis_count) ||
        !ints_of(node, 4, steps, &step_count))
        return HONE_OK;
    *taken = true;
    hone_view view;
    hone_code code;
    HONE_TRY(hone__lower_held(lowering, node->inputs[0], &code, &view, error));
    const hone_shape *shape = &node->outputs[0]->shape;
    for (uint32_t i = 0; i < count; i++) {
        int64_t axis = axis_count ? axes[i] : (int64_t)i, step = step_count ? steps[i] : 1;
        if (axis < 0) axis += view.rank;
        int64_t begin = slice_begin(starts[i], step, view.dim[axis]);
        view = hone__view_slice(&view, (int32_t)axis, begin, step, shape->dim[axis]);
    }
    pass_on(lowering, node, 0, code, &view);
    return HONE_OK;
}

hone_status hone__emit_split(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error) {
    if (group || node->op != HONE_OP_Split || !movable(node->inputs[0])) return HONE_OK;
    *taken = true;
    hone_view in;
    hone_code code;
    HONE_TRY(hone__lower_held(lowering, node->inputs[0], &code, &in, error));
    int64_t axis = hone_node_int(node, "axis", 0), begin = 0;
    if (axis < 0) axis += in.rank;
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (!node->outputs[i])
            return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                             "node '%s': output %u of a Split is missing", node->name, i);
        int64_t part = node->outputs[i]->shape.dim[axis];
        hone_view out = hone__view_slice(&in, (int32_t)axis, begin, 1, part);
        pass_on(lowering, node, i, code, &out);
        begin += part;
    }
    return HONE_OK;
}

/* Indices that are one number, or run in even steps, are a slice. */
static bool even_steps(const int64_t *index, uint32_t count, int64_t *step) {
    *step = count > 1 ? index[1] - index[0] : 1;
    for (uint32_t i = 1; i < count; i++)
        if (index[i] - index[i - 1] != *step) return false;
    return *step != 0;
}

#define GATHER_MOST 4096

hone_status hone__emit_gather(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error) {
    if (group || node->op != HONE_OP_Gather || !movable(node->inputs[0])) return HONE_OK;
    const hone_value *data = node->inputs[0], *indices = node->inputs[1];
    int64_t index[GATHER_MOST], step, axis = hone_node_int(node, "axis", 0);
    uint32_t count;
    if (indices->shape.rank > 1 || !hone__value_is_constant(indices)) return HONE_OK;
    if (!hone_value_ints(indices, index, GATHER_MOST, &count) || count == 0) return HONE_OK;
    if (axis < 0) axis += data->shape.rank;
    for (uint32_t i = 0; i < count; i++) {
        if (index[i] < 0) index[i] += data->shape.dim[axis];
        if (index[i] < 0 || index[i] >= data->shape.dim[axis]) return HONE_OK;
    }
    if (!even_steps(index, count, &step)) return HONE_OK;
    *taken = true;
    hone_view in, out;
    hone_code code;
    HONE_TRY(hone__lower_held(lowering, data, &code, &in, error));
    in = hone__view_slice(&in, (int32_t)axis, index[0], step, count);
    if (indices->shape.rank == 1)
        out = in;
    else
        (void)hone__view_reshape(&in, &node->outputs[0]->shape, &out); /* drops a size of 1 */
    pass_on(lowering, node, 0, code, &out);
    return HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Slices, on stored values. */
#include "base/error.h"
#include "formats/tflite/ops.h"

/* Along each axis: from, to, step, as ONNX's Slice counts them. */
typedef struct cut {
    int64_t start[HONE_MAX_RANK], end[HONE_MAX_RANK], axis[HONE_MAX_RANK], step[HONE_MAX_RANK];
    uint32_t count;
    int64_t dropped[HONE_MAX_RANK], added[HONE_MAX_RANK]; /* axes of the result to go and come */
    uint32_t drops, adds;
} cut;

static hone_status emit(hone_tfl_op *op, const cut *c, hone_value **value, hone_error *error) {
    hone_tfl_reader *reader = op->reader;
    const char *stem = op->outputs[0]->name;
    hone_value *inputs[5] = {NULL};
    hone_node *node;
    HONE_TRY(hone__tfl_stored(reader, op->inputs[0], HONE_TFL_FILE, &inputs[0], error));
    HONE_TRY(hone__tfl_ints(reader, stem, c->start, c->count, &inputs[1], error));
    HONE_TRY(hone__tfl_ints(reader, stem, c->end, c->count, &inputs[2], error));
    HONE_TRY(hone__tfl_ints(reader, stem, c->axis, c->count, &inputs[3], error));
    HONE_TRY(hone__tfl_ints(reader, stem, c->step, c->count, &inputs[4], error));
    return hone__tfl_node(op, HONE_OP_Slice, inputs, 5, &node, value, error);
}

static hone_status change_axes(hone_tfl_op *op, hone_op kind, const int64_t *axes, uint32_t count,
                               hone_value **value, hone_error *error) {
    hone_value *inputs[2] = {*value, NULL};
    hone_node *node;
    if (count == 0) return HONE_OK;
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, axes, count, &inputs[1], error));
    return hone__tfl_node(op, kind, inputs, 2, &node, value, error);
}

/* in, begin, size (-1: to the end) */
hone_status hone__tfl_op_slice(hone_tfl_op *op, hone_error *error) {
    cut c = {.count = 0};
    hone_value *value = NULL;
    uint32_t sizes;
    HONE_TRY(hone__tfl_read_ints(op, 1, c.start, HONE_MAX_RANK, &c.count, error));
    HONE_TRY(hone__tfl_read_ints(op, 2, c.end, HONE_MAX_RANK, &sizes, error));
    if (sizes != c.count || (int32_t)sizes != op->inputs[0]->shape.rank)
        return hone__tfl_fail(op, error, HONE_FORMAT, "its begin and size have wrong lengths");
    for (uint32_t i = 0; i < c.count; i++) {
        if (c.start[i] < 0 || c.start[i] > INT32_MAX || c.end[i] < -1 || c.end[i] > INT32_MAX)
            return hone__tfl_fail(op, error, HONE_FORMAT, "its begin or size is negative");
        c.end[i] = c.end[i] == -1 ? op->inputs[0]->shape.dim[i] : c.start[i] + c.end[i];
        c.axis[i] = i, c.step[i] = 1;
    }
    HONE_TRY(emit(op, &c, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* ---- strided ---- */

typedef struct strided {
    int64_t begin[HONE_MAX_RANK], end[HONE_MAX_RANK], stride[HONE_MAX_RANK];
    uint32_t count;
    uint32_t begin_mask, end_mask, ellipsis, new_axis, shrink;
} strided;

static hone_status read_strided(const hone_tfl_op *op, strided *s, hone_error *error) {
    const hone_flat_table *o = &op->options;
    uint32_t ends, strides;
    HONE_TRY(hone__tfl_read_ints(op, 1, s->begin, HONE_MAX_RANK, &s->count, error));
    HONE_TRY(hone__tfl_read_ints(op, 2, s->end, HONE_MAX_RANK, &ends, error));
    HONE_TRY(hone__tfl_read_ints(op, 3, s->stride, HONE_MAX_RANK, &strides, error));
    s->begin_mask = hone__flat_u32(o, 0, 0), s->end_mask = hone__flat_u32(o, 1, 0);
    s->ellipsis = hone__flat_u32(o, 2, 0), s->new_axis = hone__flat_u32(o, 3, 0);
    s->shrink = hone__flat_u32(o, 4, 0);
    if (ends != s->count || strides != s->count)
        return hone__tfl_fail(op, error, HONE_FORMAT, "begin, end and strides differ in length");
    if (hone__flat_u8(o, 5, 0))
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "ends counted from begins are not read");
    return HONE_OK;
}

/* One entry that speaks of an axis. Masks stand for the very first and last, whatever way the
 * stride goes. */
static hone_status add_entry(const hone_tfl_op *op, const strided *s, uint32_t i, int64_t axis,
                             cut *c, hone_error *error) {
    bool shrinks = s->shrink >> i & 1, back = s->stride[i] < 0;
    int64_t size = op->inputs[0]->shape.dim[axis], at = s->begin[i];
    uint32_t n = c->count++;
    if (s->stride[i] == 0) return hone__tfl_fail(op, error, HONE_FORMAT, "a stride is 0");
    c->axis[n] = axis, c->step[n] = shrinks ? 1 : s->stride[i];
    if (shrinks) {
        HONE_TRY(hone__tfl_wrap(op, &at, size, error));
        c->start[n] = at, c->end[n] = at + 1;
        return HONE_OK;
    }
    c->start[n] = s->begin_mask >> i & 1 ? (back ? INT32_MAX : 0) : at;
    c->end[n] = s->end_mask >> i & 1 ? (back ? INT32_MIN : INT32_MAX) : s->end[i];
    return HONE_OK;
}

/* Walks the entries: an ellipsis stands for as many axes as are left, a new axis for none. */
static hone_status plan_strided(const hone_tfl_op *op, const strided *s, cut *c,
                                hone_error *error) {
    int64_t axis = 0, rank = op->inputs[0]->shape.rank, out = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->ellipsis >> i & 1) {
            int64_t rest = 0;
            for (uint32_t j = i + 1; j < s->count; j++) rest += !(s->new_axis >> j & 1);
            int64_t skipped = rank - axis - rest;
            if (skipped > 0) axis += skipped, out += skipped;
        } else if (s->new_axis >> i & 1) {
            c->added[c->adds++] = out++;
        } else if (axis >= rank) {
            return hone__tfl_fail(op, error, HONE_FORMAT, "it slices more axes than there are");
        } else {
            if (s->shrink >> i & 1)
                c->dropped[c->drops++] = axis;
            else
                out++;
            HONE_TRY(add_entry(op, s, i, axis++, c, error));
        }
    }
    return HONE_OK;
}

hone_status hone__tfl_op_strided_slice(hone_tfl_op *op, hone_error *error) {
    strided s = {.count = 0};
    cut c = {.count = 0};
    hone_value *value = NULL;
    HONE_TRY(read_strided(op, &s, error));
    HONE_TRY(plan_strided(op, &s, &c, error));
    HONE_TRY(emit(op, &c, &value, error));
    HONE_TRY(change_axes(op, HONE_OP_Squeeze, c.dropped, c.drops, &value, error));
    HONE_TRY(change_axes(op, HONE_OP_Unsqueeze, c.added, c.adds, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

/* REVERSE_V2: steps of -1 */
hone_status hone__tfl_op_reverse(hone_tfl_op *op, hone_error *error) {
    cut c = {.count = 0};
    hone_value *value = NULL;
    HONE_TRY(hone__tfl_read_ints(op, 1, c.axis, HONE_MAX_RANK, &c.count, error));
    for (uint32_t i = 0; i < c.count; i++) {
        HONE_TRY(hone__tfl_wrap(op, &c.axis[i], op->inputs[0]->shape.rank, error));
        c.start[i] = INT32_MAX, c.end[i] = INT32_MIN, c.step[i] = -1;
    }
    HONE_TRY(emit(op, &c, &value, error));
    return hone__tfl_finish_stored(op, 0, HONE_TFL_FILE, value, error);
}

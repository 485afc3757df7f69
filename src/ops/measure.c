/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes that only data tell: Compress, NonMaxSuppression, NonZero, Unique. */
#include "ops/measure.h"

typedef hone_status (*measurer)(const hone_op_call *call, hone_shape *shapes, hone_error *error);

static const measurer measurers[HONE_OP_COUNT] = {
    [HONE_OP_Compress] = hone__measure_compress,
    [HONE_OP_NonMaxSuppression] = hone__measure_nms,
    [HONE_OP_NonZero] = hone__measure_nonzero,
    [HONE_OP_Unique] = hone__measure_unique,
};

bool hone__op_is_measured(hone_op op) {
    return (unsigned)op < HONE_OP_COUNT && measurers[op] != NULL;
}

hone_status hone__op_measure(const hone_op_call *call, hone_shape *shapes, hone_error *error) {
    return measurers[call->node->op](call, shapes, error);
}

hone_status hone__measure_compress(const hone_op_call *call, hone_shape *shapes,
                                   hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *keep = &call->inputs[1];
    int64_t taken = 0, count = hone__elements(&keep->shape);
    int32_t axis = 0;
    bool flat = hone_node_attr(call->node, "axis") == NULL;
    if (!flat) HONE_TRY(hone__axis_attribute(call->node, "axis", 0, in->shape.rank, &axis, error));
    for (int64_t i = 0; i < count; i++) taken += hone__int_at(keep->dtype, keep->data, i) != 0;
    shapes[0] = flat ? (hone_shape){.rank = 1} : in->shape;
    shapes[0].dim[axis] = taken;
    return HONE_OK;
}

/* ---- NonZero: the places of what is not zero, a row a dimension ---- */

static bool is_zero(const hone_tensor *in, int64_t at) {
    if (hone__kind_of(in->dtype) == HONE__REAL) return hone__real_at(in->dtype, in->data, at) == 0;
    return hone__int_at(in->dtype, in->data, at) == 0;
}

hone_status hone__measure_nonzero(const hone_op_call *call, hone_shape *shapes, hone_error *error) {
    (void)error;
    const hone_tensor *in = &call->inputs[0];
    int64_t found = 0, count = hone__elements(&in->shape);
    for (int64_t i = 0; i < count; i++) found += !is_zero(in, i);
    shapes[0] = (hone_shape){.rank = 2, .dim = {in->shape.rank, found}};
    return HONE_OK;
}

static hone_status run_nonzero(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    hone_tensor *out = &call->outputs[0];
    int64_t room = out->shape.dim[1], found = 0, count = hone__elements(&in->shape);
    for (int64_t i = 0; i < count; i++) {
        if (is_zero(in, i)) continue;
        if (found == room) return hone__mismatch(call->node, error, "the output is too small");
        int64_t rest = i;
        for (int32_t d = in->shape.rank - 1; d >= 0; d--) {
            hone__int_put(out->dtype, out->data, d * room + found, rest % in->shape.dim[d]);
            rest /= in->shape.dim[d];
        }
        found++;
    }
    return found == room ? HONE_OK : hone__mismatch(call->node, error, "the output is too large");
}

const hone_op_family hone__family_nonzero = {run_nonzero, HONE__TAKES_NUMBER, NULL, NULL};

/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/elementwise.h"

static bool broadcasts_to(const hone_shape *from, const hone__nest *nest) {
    int32_t shift = nest->rank - from->rank;
    if (shift < 0) return false;
    for (int32_t d = 0; d < from->rank; d++)
        if (from->dim[d] != 1 && from->dim[d] != nest->dim[d + shift]) return false;
    return true;
}

hone_status hone__nest_add_checked(hone__nest *nest, const hone_op_call *call,
                                   const hone_tensor *tensor, hone_error *error) {
    char text[128];
    if (!broadcasts_to(&tensor->shape, nest)) {
        hone__shape_print(&tensor->shape, text, sizeof text);
        return hone__mismatch(call->node, error, "%s does not broadcast to the output", text);
    }
    hone__nest_add(nest, &tensor->shape);
    return HONE_OK;
}

hone_status hone__elementwise(const hone_op_call *call, uint32_t inputs, hone__row row,
                              void *context, hone_error *error) {
    hone__nest nest = hone__nest_over(&call->outputs[0].shape);
    for (uint32_t i = 0; i < inputs; i++)
        HONE_TRY(hone__nest_add_checked(&nest, call, &call->inputs[i], error));
    hone__nest_add(&nest, &call->outputs[0].shape);
    hone__nest_run(nest, row, context);
    return HONE_OK;
}

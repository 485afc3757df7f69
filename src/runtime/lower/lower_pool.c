/* SPDX-License-Identifier: Apache-2.0 */
/* Float pooling, and means over an image. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <math.h>

/* The output of a pool as [N, C, ...], also where a mean without keepdims gave [N, C]. */
hone_status hone__emit_pool(hone_lowering *lowering, hone_node *node, const hone_group *group,
                            bool *taken, hone_error *error) {
    hone_pool_call call = {.lo = -INFINITY, .hi = INFINITY};
    if (group || node->input_count == 0 || !hone__value_is_float(node->inputs[0])) return HONE_OK;
    if (!hone__pool_dims_of(node, &call.dims, &call.average)) return HONE_OK;
    *taken = true;
    hone_view in, out;
    HONE_TRY(
        hone__lower_form(lowering, node->inputs[0], HONE_CODE_PLAIN, HONE_FORM_PIXELS, &in, error));
    HONE_TRY(hone__lower_output(lowering, node->outputs[0], HONE_CODE_PLAIN, HONE_FORM_PIXELS, &out,
                                error));
    call.in = &in, call.out = &out;
    hone_label label = {.name = node->name, .op = hone_op_get(node->op)->name};
    return hone__step_pool(lowering->program, &label, &call, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and LogSoftmax along any axis: pixels stay pixels when it is their channels. */
#include "base/error.h"
#include "runtime/lower/lower.h"

hone_status hone__emit_softmax(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error) {
    bool log = node->op == HONE_OP_LogSoftmax;
    if (group || (node->op != HONE_OP_Softmax && !log) || !hone__value_is_float(node->inputs[0]))
        return HONE_OK;
    int32_t rank = node->inputs[0]->shape.rank;
    int64_t axis = hone_node_int(node, "axis", -1);
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) return HONE_OK;
    *taken = true;
    bool pixels = axis == 1 && rank >= 3 && hone__lower_is_pixels(lowering, node->inputs[0]);
    hone_form form = pixels ? HONE_FORM_PIXELS : HONE_FORM_DENSE;
    hone_view in, out;
    HONE_TRY(hone__lower_form(lowering, node->inputs[0], HONE_CODE_PLAIN, form, &in, error));
    HONE_TRY(hone__lower_output(lowering, node->outputs[0], HONE_CODE_PLAIN, form, &out, error));
    hone_label label = {.name = node->name, .op = hone_op_get(node->op)->name};
    return hone__step_softmax(lowering->program, &label, &out, &in, (int32_t)axis, log, error);
}

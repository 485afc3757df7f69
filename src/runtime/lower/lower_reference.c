/* SPDX-License-Identifier: Apache-2.0 */
/* The last resort: the node's reference operator on dense tensors. */
#include "base/error.h"
#include "runtime/lower/lower.h"

typedef struct operands {
    hone_view *views;
    const hone_view **pointers; /* NULL: missing */
} operands;

static hone_status make_operands(hone_lowering *lowering, uint32_t count, operands *out,
                                 hone_error *error) {
    HONE_TRY(hone__program_alloc(lowering->program, count, sizeof *out->views, (void **)&out->views,
                                 error));
    return hone__program_alloc(lowering->program, count, sizeof *out->pointers,
                               (void **)&out->pointers, error);
}

hone_status hone__emit_reference(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error) {
    if (group) return HONE_OK;
    operands in, out;
    HONE_TRY(make_operands(lowering, node->input_count, &in, error));
    HONE_TRY(make_operands(lowering, node->output_count, &out, error));
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (!node->inputs[i]) continue;
        HONE_TRY(hone__lower_form(lowering, node->inputs[i], HONE_CODE_PLAIN, HONE_FORM_DENSE,
                                  &in.views[i], error));
        in.pointers[i] = &in.views[i];
    }
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (!node->outputs[i]) continue;
        HONE_TRY(hone__lower_output(lowering, node->outputs[i], HONE_CODE_PLAIN, HONE_FORM_DENSE,
                                    &out.views[i], error));
        out.pointers[i] = &out.views[i];
    }
    *taken = true;
    return hone__step_reference(lowering->program, node, out.pointers, in.pointers, error);
}

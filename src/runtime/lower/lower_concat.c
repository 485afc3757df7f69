/* SPDX-License-Identifier: Apache-2.0 */
/* Concatenation. Along the channels of images the parts are planned before anything is emitted: a
 * value that only the Concat reads is written by its producer straight to its channels of the
 * result. What does not lie there yet is moved. */
#include "base/error.h"
#include "runtime/lower/lower.h"

static int64_t axis_of(const hone_node *node) {
    int64_t axis = hone_node_int(node, "axis", 0);
    return axis < 0 ? axis + node->outputs[0]->shape.rank : axis;
}

static bool joins_channels(const hone_node *node) {
    return node->op == HONE_OP_Concat && hone__value_is_float(node->outputs[0]) &&
           node->outputs[0]->shape.rank == 4 && axis_of(node) == 1 &&
           hone__shape_known(&node->outputs[0]->shape);
}

/* What is written for input `part` of the Concat: the part itself, or in an integer group the bytes
 * behind its DequantizeLinear if they have the result's parameters. NULL: others read it too. */
static const hone_value *written_for(const hone_lowering *lowering, const hone_node *node,
                                     const hone_value *part, const hone_params *wanted) {
    hone_params own;
    if (hone__lower_only_user(lowering, part) != node) return NULL;
    if (wanted) {
        const hone_node *dequantize = part->producer;
        if (!hone__qdq_is_bytes(part, &own)) return NULL;
        if (own.scale != wanted->scale || own.zero != wanted->zero) return NULL;
        part = dequantize->inputs[0];
        if (hone__lower_only_user(lowering, part) != dequantize) return NULL;
    }
    return part->kind == HONE_VALUE_COMPUTED ? part : NULL;
}

static void plan_parts(hone_lowering *lowering, const hone_node *node, const hone_value *whole,
                       const hone_params *wanted) {
    int64_t at = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const hone_value *part = written_for(lowering, node, node->inputs[i], wanted);
        if (part) {
            lowering->values[part->id].into = whole;
            lowering->values[part->id].into_at = at;
        }
        at += node->inputs[i]->shape.dim[1];
    }
}

void hone__lower_plan_concats(hone_lowering *lowering) {
    for (hone_node *node = lowering->graph->first_node; node; node = node->next) {
        const hone_group *group = lowering->groups[node->id];
        hone_params wanted;
        if (group && group->integer && joins_channels(group->head)) {
            if (hone__qdq_params(group->quantize, &wanted))
                plan_parts(lowering, group->head, group->tail->outputs[0], &wanted);
        } else if (lowering->roles[node->id] == HONE_ROLE_ALONE && joins_channels(node)) {
            plan_parts(lowering, node, node->outputs[0], NULL);
        }
    }
}

/* Images stay channels last; anything else is joined dense. */
static hone_form form_of(hone_lowering *lowering, const hone_node *node) {
    if (lowering->values[node->outputs[0]->id].reserved) return HONE_FORM_PIXELS;
    if (node->outputs[0]->shape.rank < 3) return HONE_FORM_DENSE;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (hone__lower_is_pixels(lowering, node->inputs[i])) return HONE_FORM_PIXELS;
    return HONE_FORM_DENSE;
}

static bool lies_there(const hone_view *have, const hone_view *want) {
    if (have->buffer != want->buffer || have->offset != want->offset) return false;
    for (int32_t i = 0; i < have->rank; i++)
        if (have->dim[i] != 1 && have->stride[i] != want->stride[i]) return false;
    return true;
}

hone_status hone__emit_concat(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error) {
    if (group || node->op != HONE_OP_Concat || hone_dtype_bits(node->outputs[0]->dtype) < 8)
        return HONE_OK;
    *taken = true;
    int32_t axis = (int32_t)axis_of(node);
    hone_view out;
    HONE_TRY(hone__lower_output(lowering, node->outputs[0], HONE_CODE_PLAIN,
                                form_of(lowering, node), &out, error));
    int64_t at = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const hone_value *part = node->inputs[i];
        hone_view in, place = hone__view_slice(&out, axis, at, 1, part->shape.dim[axis]);
        at += part->shape.dim[axis];
        HONE_TRY(hone__lower_view(lowering, part, HONE_CODE_PLAIN, &in, error));
        if (hone__view_elements(&in) == 0 || lies_there(&in, &place)) continue;
        hone_label label = {.name = node->name, .op = "Concat"};
        HONE_TRY(hone__step_move(lowering->program, &label, &place, &in, error));
    }
    return HONE_OK;
}

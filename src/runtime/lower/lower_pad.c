/* SPDX-License-Identifier: Apache-2.0 */
/* Pad with a constant: the border is filled with the whole, the input is moved inside. Bytes stay
 * bytes where the border is 0, which is their zero point. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <string.h>

typedef struct padding {
    int64_t begin[HONE_MAX_RANK];
    uint8_t value[8]; /* in the tensor's type */
    bool zero;
} padding;

static bool padding_of(const hone_node *node, padding *pad) {
    const hone_value *in = node->inputs[0];
    const hone_value *value = node->input_count > 2 ? node->inputs[2] : NULL;
    int64_t pads[2 * HONE_MAX_RANK];
    uint32_t count;
    unsigned bits = hone_dtype_bits(in->dtype);
    if (strcmp(hone_node_string(node, "mode", "constant"), "constant")) return false;
    if (node->input_count > 3 && node->inputs[3]) return false; /* some axes only */
    if (bits % 8 || bits == 0 || bits > 64) return false;
    if (!hone_value_ints(node->inputs[1], pads, 2 * HONE_MAX_RANK, &count) ||
        count != 2 * (uint32_t)in->shape.rank)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (pads[i] < 0) return false;
    *pad = (padding){.zero = true};
    for (int32_t i = 0; i < in->shape.rank; i++) pad->begin[i] = pads[i];
    if (!value) return true;
    if (!hone__value_is_constant(value) || value->dtype != in->dtype || value->bytes != bits / 8)
        return false;
    memcpy(pad->value, value->data, value->bytes);
    for (size_t i = 0; i < value->bytes; i++) pad->zero &= pad->value[i] == 0;
    return true;
}

hone_status hone__emit_pad(hone_lowering *lowering, hone_node *node, const hone_group *group,
                           bool *taken, hone_error *error) {
    padding pad;
    hone_params params;
    if (group || node->op != HONE_OP_Pad || !padding_of(node, &pad)) return HONE_OK;
    *taken = true;
    const hone_value *from = node->inputs[0], *to = node->outputs[0];
    bool bytes = hone__lower_is_quant(lowering, from, &params) && pad.zero;
    hone_code code = bytes ? HONE_CODE_QUANT : HONE_CODE_PLAIN;
    hone_form form = hone__lower_is_pixels(lowering, from) ? HONE_FORM_PIXELS : HONE_FORM_DENSE;
    hone_view in, out;
    HONE_TRY(hone__lower_view(lowering, from, code, &in, error));
    HONE_TRY(hone__lower_output(lowering, to, code, form, &out, error));
    hone__lower_set_params(lowering, to, params);
    if (bytes) pad.value[0] = params.zero;
    hone_label label = {.name = node->name, .op = "Pad"};
    HONE_TRY(hone__step_fill(lowering->program, &label, &out, pad.value, error));
    if (hone__view_elements(&in) == 0) return HONE_OK;
    for (int32_t i = 0; i < in.rank; i++)
        out = hone__view_slice(&out, i, pad.begin[i], 1, in.dim[i]);
    return hone__step_move(lowering->program, &label, &out, &in, error);
}

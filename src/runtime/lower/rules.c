/* SPDX-License-Identifier: Apache-2.0 */
/* The rules in the order in which they are tried. The reference is the last resort, and says so in
 * the profile. */
#include "base/error.h"
#include "runtime/lower/lower.h"

static const hone_rule rules[] = {
    hone__emit_dequantize, hone__emit_quantize,  hone__emit_qconv,      hone__emit_qproduct,
    hone__emit_qbinary,    hone__emit_qpool,     hone__emit_qtable,     hone__emit_qconcat,
    hone__emit_conv,       hone__emit_product,   hone__emit_pool,       hone__emit_unary,
    hone__emit_binary,     hone__emit_softmax,   hone__emit_reshape,    hone__emit_transpose,
    hone__emit_slice,      hone__emit_split,     hone__emit_gather,     hone__emit_concat,
    hone__emit_batch_norm, hone__emit_resize,    hone__emit_pad,        hone__emit_attention,
    hone__emit_recurrent,  hone__emit_reduce,    hone__emit_layer_norm, hone__emit_group_norm,
    hone__emit_matmul,     hone__emit_reference,
};

hone_status hone__lower_node(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             hone_error *error) {
    bool taken = false;
    for (size_t i = 0; i < sizeof rules / sizeof *rules && !taken; i++)
        HONE_TRY(rules[i](lowering, node, group, &taken, error));
    if (taken) return HONE_OK;
    return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "node '%s': nothing runs %s",
                     node->name, hone_op_get(node->op)->name);
}

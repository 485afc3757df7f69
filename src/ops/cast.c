/* SPDX-License-Identifier: Apache-2.0 */
/* Cast and CastLike between all number types. Reals are truncated into integers; integers keep
 * their low bits; float8 saturates unless told otherwise. */
#include "ops/family.h"

static hone_status run_cast(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    bool saturate = hone_node_int(call->node, "saturate", 1) != 0;
    bool exact = hone__kind_of(in->dtype) != HONE__REAL && hone__kind_of(out->dtype) != HONE__REAL;
    int64_t count = hone__elements(&in->shape);
    for (int64_t i = 0; i < count; i++) {
        if (exact)
            hone__int_put(out->dtype, out->data, i, hone__int_at(in->dtype, in->data, i));
        else if (saturate)
            hone__real_put(out->dtype, out->data, i, hone__real_at(in->dtype, in->data, i));
        else
            hone__real_put_unsaturated(out->dtype, out->data, i,
                                       hone__real_at(in->dtype, in->data, i));
    }
    return HONE_OK;
}

static hone_status check_cast(const hone_node *node, hone_error *error) {
    const char *round = hone_node_string(node, "round_mode", "up");
    if (node->outputs[0]->dtype == HONE_F8E8M0 && strcmp(round, "up") != 0)
        return hone__unsupported(node, error, "round_mode '%s'", round);
    if (hone__kind_of(node->outputs[0]->dtype) != HONE__NOT_A_NUMBER) return HONE_OK;
    return hone__unsupported(node, error, "to type %s", hone_dtype_name(node->outputs[0]->dtype));
}

const hone_op_family hone__family_cast = {run_cast, HONE__TAKES_NUMBER, check_cast, NULL};

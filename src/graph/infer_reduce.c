/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of reductions. */
#include "graph/infer.h"

/* Drops or flattens to 1 the marked axes. */
static hone_status set_reduced(hone_infer *in, hone_dtype dtype, const bool *gone, bool keep) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_shape out = {.rank = 0};
    for (int32_t i = 0; i < x->rank; ++i) {
        if (!gone[i])
            out.dim[out.rank++] = x->dim[i];
        else if (keep)
            out.dim[out.rank++] = 1;
    }
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_reduce(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    bool keep = hone_node_int(in->node, "keepdims", 1) != 0, gone[HONE_MAX_RANK] = {false};
    int64_t axes[HONE_MAX_RANK];
    uint32_t count;
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    int found = hone__in_list(in, "axes", 1, axes, HONE_MAX_RANK, &count);
    if (found < 0 && keep) return hone__infer_set_rank(in, 0, dtype, x->rank);
    if (found < 0) return hone__infer_set(in, 0, dtype, NULL);
    if (count == 0 && hone_node_int(in->node, "noop_with_empty_axes", 0) != 0)
        return hone__infer_set(in, 0, dtype, x);
    for (int32_t i = 0; count == 0 && i < x->rank; ++i) gone[i] = true;
    for (uint32_t i = 0; i < count; ++i) {
        int32_t axis;
        HONE_TRY(hone__infer_axis(in, axes[i], x->rank, &axis));
        gone[axis] = true;
    }
    return set_reduced(in, dtype, gone, keep);
}

hone_status hone__rule_arg_reduce(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    bool keep = hone_node_int(in->node, "keepdims", 1) != 0, gone[HONE_MAX_RANK] = {false};
    int32_t axis;
    if (x == NULL) return hone__infer_set(in, 0, HONE_S64, NULL);
    HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", 0), x->rank, &axis));
    gone[axis] = true;
    return set_reduced(in, HONE_S64, gone, keep);
}

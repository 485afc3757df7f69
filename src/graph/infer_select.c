/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of operators that choose elements by index, value or order. */
#include "graph/infer.h"

hone_status hone__rule_gather(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0), *indices = hone__in_shape(in, 1);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int32_t axis;
    HONE_TRY(hone__infer_least_rank(in, 0, 1));
    if (x == NULL || indices == NULL) return hone__infer_set(in, 0, dtype, NULL);
    HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", 0), x->rank, &axis));
    hone_shape out = {.rank = x->rank - 1 + indices->rank};
    if (out.rank > HONE_MAX_RANK)
        return hone__infer_fail(in, "rank %d is more than the %d supported", (int)out.rank,
                                HONE_MAX_RANK);
    for (int32_t i = 0; i < out.rank; ++i)
        out.dim[i] = i < axis                   ? x->dim[i]
                     : i < axis + indices->rank ? indices->dim[i - axis]
                                                : x->dim[i - indices->rank + 1];
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_gather_elements(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0), *indices = hone__in_shape(in, 1);
    int32_t axis;
    if (x != NULL && indices != NULL && x->rank != indices->rank)
        return hone__infer_fail(in, "data and indices differ in rank");
    if (x != NULL)
        HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", 0), x->rank, &axis));
    return hone__infer_set(in, 0, hone__in_dtype(in, 0), indices);
}

hone_status hone__rule_gather_nd(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0), *indices = hone__in_shape(in, 1);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t batch = hone_node_int(in->node, "batch_dims", 0);
    HONE_TRY(hone__infer_least_rank(in, 0, 1));
    HONE_TRY(hone__infer_least_rank(in, 1, 1));
    if (x == NULL || indices == NULL) return hone__infer_set(in, 0, dtype, NULL);
    int64_t depth = indices->dim[indices->rank - 1];
    if (depth < 0) return hone__infer_set(in, 0, dtype, NULL);
    if (batch < 0 || batch >= indices->rank || batch >= x->rank || depth > x->rank - batch)
        return hone__infer_fail(in, "batch_dims or indices do not fit the data's rank");
    int32_t from = (int32_t)(batch + depth);
    hone_shape out = {.rank = indices->rank - 1 + x->rank - from};
    if (out.rank > HONE_MAX_RANK) return hone__infer_fail(in, "the output's rank is too high");
    for (int32_t i = 0; i < out.rank; ++i)
        out.dim[i] = i < indices->rank - 1 ? indices->dim[i] : x->dim[from + i - indices->rank + 1];
    return hone__infer_set(in, 0, dtype, &out);
}

/* How many are kept depends on the data. */
hone_status hone__rule_compress(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int32_t axis;
    if (hone_node_attr(in->node, "axis") == NULL) return hone__infer_set_rank(in, 0, dtype, 1);
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", 0), x->rank, &axis));
    hone_shape out = *x;
    HONE_TRY(hone__dim_unknown(in, 0, axis, &out.dim[axis]));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_nonzero(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    if (x == NULL) return hone__infer_set_rank(in, 0, HONE_S64, 2);
    hone_shape out = {.rank = 2, .dim = {x->rank}};
    HONE_TRY(hone__dim_unknown(in, 0, 1, &out.dim[1]));
    return hone__infer_set(in, 0, HONE_S64, &out);
}

/* indices, depth, values */
hone_status hone__rule_one_hot(hone_infer *in) {
    const hone_shape *indices = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 2);
    int64_t depth;
    int32_t axis;
    float real;
    if (indices == NULL) return hone__infer_set(in, 0, dtype, NULL);
    hone_shape out = {.rank = indices->rank + 1};
    if (out.rank > HONE_MAX_RANK) return hone__infer_fail(in, "the output's rank is too high");
    HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", -1), out.rank, &axis));
    for (int32_t i = 0; i < out.rank; ++i)
        out.dim[i] = i < axis ? indices->dim[i] : i > axis ? indices->dim[i - 1] : 0;
    bool known = hone__in_int(in, 1, &depth);
    if (!known && hone_value_scalar(hone__in(in, 1), &real) && real >= 0 && real < 1e9f) {
        depth = (int64_t)real;
        known = true;
    }
    if (known && depth < 0) return hone__infer_fail(in, "a depth of %lld", (long long)depth);
    if (known)
        out.dim[axis] = depth;
    else
        HONE_TRY(hone__dim_unknown(in, 0, axis, &out.dim[axis]));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_top_k(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t k;
    int32_t axis;
    if (x == NULL) {
        HONE_TRY(hone__infer_set(in, 1, HONE_S64, NULL));
        return hone__infer_set(in, 0, dtype, NULL);
    }
    HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", -1), x->rank, &axis));
    hone_shape out = *x;
    if (!hone__in_int(in, 1, &k))
        HONE_TRY(hone__dim_unknown(in, 0, axis, &k));
    else if (k < 0 || (x->dim[axis] >= 0 && k > x->dim[axis]))
        return hone__infer_fail(in, "the first %lld of %lld elements", (long long)k,
                                (long long)x->dim[axis]);
    out.dim[axis] = k;
    HONE_TRY(hone__infer_set(in, 1, HONE_S64, &out));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_unique(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_shape out = {.rank = 1}, list = {.rank = 1};
    bool flat = hone_node_attr(in->node, "axis") == NULL;
    int32_t axis = 0;
    for (uint32_t i = 0; x == NULL && i < 4; ++i)
        HONE_TRY(hone__infer_set(in, i, i == 0 ? hone__in_dtype(in, 0) : HONE_S64, NULL));
    if (x == NULL) return HONE_OK;
    if (!flat) {
        out = *x;
        HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", 0), x->rank, &axis));
    }
    HONE_TRY(hone__dim_unknown(in, 0, axis, &out.dim[axis]));
    HONE_TRY(hone__infer_set(in, 0, hone__in_dtype(in, 0), &out));
    list.dim[0] = out.dim[axis];
    HONE_TRY(hone__infer_set(in, 1, HONE_S64, &list));
    HONE_TRY(hone__infer_set(in, 3, HONE_S64, &list));
    list.dim[0] = flat ? 1 : x->dim[axis]; /* one place an element of the input */
    for (int32_t i = 0; flat && i < x->rank; ++i)
        HONE_TRY(hone__dim_product(in, list.dim[0], x->dim[i], &list.dim[0]));
    return hone__infer_set(in, 2, HONE_S64, &list);
}

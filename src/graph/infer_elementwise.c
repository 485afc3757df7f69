/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of operators that work element by element, and of quantization. */
#include "graph/infer.h"

hone_status hone__rule_same(hone_infer *in) {
    return hone__infer_set(in, 0, hone__in_dtype(in, 0), hone__in_shape(in, 0));
}

/* The second output of Dropout tells which elements were kept. */
hone_status hone__rule_dropout(hone_infer *in) {
    HONE_TRY(hone__infer_set(in, 1, HONE_BOOL, hone__in_shape(in, 0)));
    return hone__rule_same(in);
}

/* IsNaN, IsInf: one truth an element. */
hone_status hone__rule_predicate(hone_infer *in) {
    return hone__infer_set(in, 0, HONE_BOOL, hone__in_shape(in, 0));
}

/* Inputs `first` and all behind it, broadcast together; sets output 0. */
static hone_status broadcast_from(hone_infer *in, uint32_t first, hone_dtype dtype) {
    hone_shape shape = {.rank = 0};
    for (uint32_t i = first; i < in->node->input_count; ++i) {
        const hone_shape *other = hone__in_shape(in, i);
        if (other == NULL) return hone__infer_set(in, 0, dtype, NULL);
        HONE_TRY(hone__infer_broadcast(in, &shape, other, &shape));
    }
    return hone__infer_set(in, 0, dtype, &shape);
}

hone_status hone__rule_broadcast(hone_infer *in) {
    hone_dtype dtype = hone__in_dtype(in, 0);
    /* The exponent of Pow has a type of its own. */
    if (in->node->op != HONE_OP_Pow) HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    return broadcast_from(in, 0, dtype);
}

hone_status hone__rule_compare(hone_infer *in) {
    hone_dtype dtype;
    HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    return broadcast_from(in, 0, HONE_BOOL);
}

hone_status hone__rule_where(hone_infer *in) {
    hone_dtype dtype;
    HONE_TRY(hone__infer_common_dtype(in, 1, &dtype));
    return broadcast_from(in, 0, dtype);
}

hone_status hone__rule_cast(hone_infer *in) {
    int64_t to = hone_node_int(in->node, "to", 0);
    if (to <= HONE_DTYPE_NONE || to >= HONE_DTYPE_COUNT)
        return hone__infer_fail(in, "attribute to names an unknown type (%lld)", (long long)to);
    return hone__infer_set(in, 0, (hone_dtype)to, hone__in_shape(in, 0));
}

hone_status hone__rule_cast_like(hone_infer *in) {
    return hone__infer_set(in, 0, hone__in_dtype(in, 1), hone__in_shape(in, 0));
}

/* A scale is one number, a vector along `axis`, or -- blocked -- of the input's rank. */
static hone_status check_scale(const hone_infer *in) {
    const hone_shape *shape = hone__in_shape(in, 0), *scale = hone__in_shape(in, 1);
    int32_t axis;
    int64_t size;
    if (shape == NULL || scale == NULL || scale->rank == 0) return HONE_OK;
    if (scale->rank == 1 && scale->dim[0] == 1) return HONE_OK;
    int64_t block = hone_node_int(in->node, "block_size", 0);
    if (block < 0) return hone__infer_fail(in, "attribute block_size is negative");
    HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", 1), shape->rank, &axis));
    if (block == 0 && scale->rank == 1)
        return hone__dim_same(in, shape->dim[axis], scale->dim[0], "one scale a channel", &size);
    if (scale->rank != shape->rank)
        return hone__infer_fail(in, "scale of rank %d for an input of rank %d", (int)scale->rank,
                                (int)shape->rank);
    return HONE_OK;
}

hone_status hone__rule_quantize(hone_infer *in) {
    int64_t given = hone_node_int(in->node, "output_dtype", 0);
    hone_dtype zero = hone__in_dtype(in, 2);
    if (given < 0 || given >= HONE_DTYPE_COUNT)
        return hone__infer_fail(in, "attribute output_dtype names an unknown type");
    if (hone__in(in, 2) == NULL)
        zero = given != 0 ? (hone_dtype)given : HONE_U8;
    else if (given != 0 && zero != HONE_DTYPE_NONE && (hone_dtype)given != zero)
        return hone__infer_fail(in, "attribute output_dtype differs from the zero point's type");
    HONE_TRY(check_scale(in));
    return hone__infer_set(in, 0, zero, hone__in_shape(in, 0));
}

hone_status hone__rule_dequantize(hone_infer *in) {
    int64_t given = hone_node_int(in->node, "output_dtype", 0);
    if (given < 0 || given >= HONE_DTYPE_COUNT)
        return hone__infer_fail(in, "attribute output_dtype names an unknown type");
    hone_dtype zero = hone__in_dtype(in, 2), dtype = hone__in_dtype(in, 0);
    if (zero != HONE_DTYPE_NONE && dtype != HONE_DTYPE_NONE && zero != dtype)
        return hone__infer_fail(in, "zero point of type %s for data of type %s",
                                hone_dtype_name(zero), hone_dtype_name(dtype));
    HONE_TRY(check_scale(in));
    return hone__infer_set(in, 0, given != 0 ? (hone_dtype)given : hone__in_dtype(in, 1),
                           hone__in_shape(in, 0));
}

hone_status hone__rule_quantize_self(hone_infer *in) {
    hone_shape scalar = {.rank = 0};
    HONE_TRY(hone__infer_set(in, 0, HONE_U8, hone__in_shape(in, 0)));
    HONE_TRY(hone__infer_set(in, 1, HONE_F32, &scalar));
    return hone__infer_set(in, 2, HONE_U8, &scalar);
}

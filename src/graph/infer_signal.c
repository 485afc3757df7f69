/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of signal operators and of random numbers. */
#include "graph/infer.h"

/* Attribute `name` as a type. */
static hone_status read_dtype(const hone_infer *in, const char *name, int64_t otherwise,
                              hone_dtype *dtype) {
    int64_t number = hone_node_int(in->node, name, otherwise);
    if (number < 0 || number >= HONE_DTYPE_COUNT)
        return hone__infer_fail(in, "attribute %s names an unknown type", name);
    *dtype = (hone_dtype)number;
    return HONE_OK;
}

/* A size that an integer input holds. */
static hone_status read_size(hone_infer *in, uint32_t index, int32_t axis, int64_t *size) {
    if (!hone__in_int(in, index, size)) return hone__dim_unknown(in, 0, axis, size);
    if (*size < 0 || *size > HONE_DIM_MAX)
        return hone__infer_fail(in, "a size of %lld", (long long)*size);
    return HONE_OK;
}

/* x [batch, signal..., 1 or 2], length, axis */
hone_status hone__rule_dft(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t wanted = -2;
    int32_t axis;
    HONE_TRY(hone__infer_least_rank(in, 0, 2));
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    hone_shape out = *x;
    if (hone__in(in, 2) != NULL && !hone__in_int(in, 2, &wanted))
        return hone__infer_set_rank(in, 0, dtype, x->rank);
    HONE_TRY(hone__infer_axis(in, wanted, x->rank, &axis));
    if (axis == x->rank - 1) return hone__infer_fail(in, "the last axis holds complex parts");
    if (hone__in(in, 1) != NULL) HONE_TRY(read_size(in, 1, axis, &out.dim[axis]));
    bool onesided = hone_node_int(in->node, "onesided", 0) != 0;
    bool inverse = hone_node_int(in->node, "inverse", 0) != 0;
    out.dim[x->rank - 1] = onesided && inverse ? 1 : 2;
    if (onesided && inverse && hone__in(in, 1) == NULL) {
        HONE_TRY(hone__dim_product(in, 2, out.dim[axis], &out.dim[axis]));
        HONE_TRY(hone__dim_affine(in, out.dim[axis], -2, 1, &out.dim[axis]));
    } else if (onesided && !inverse) {
        HONE_TRY(hone__dim_affine(in, out.dim[axis], 2, 2, &out.dim[axis]));
    }
    return hone__infer_set(in, 0, dtype, &out);
}

/* signal [batch, length, 1 or 2], step, window, frame length; [batch, frames, bins, 2] */
hone_status hone__rule_stft(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0), *window = hone__in_shape(in, 2);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t step, frame = -1;
    HONE_TRY(hone__infer_least_rank(in, 0, 2));
    bool known = hone__in_int(in, 1, &step);
    if (hone__in(in, 3) != NULL)
        known = hone__in_int(in, 3, &frame) && known;
    else if (window != NULL && window->rank == 1)
        frame = window->dim[0];
    if (x == NULL || !known || frame < 0) return hone__infer_set_rank(in, 0, dtype, 4);
    if (step < 1 || step > HONE_DIM_MAX || frame < 1 || frame > HONE_DIM_MAX)
        return hone__infer_fail(in, "frame step or length out of range");
    bool onesided = hone_node_int(in->node, "onesided", 1) != 0;
    hone_shape out = {.rank = 4, .dim = {x->dim[0], 0, onesided ? frame / 2 + 1 : frame, 2}};
    HONE_TRY(hone__dim_affine(in, x->dim[1], step - frame, step, &out.dim[1]));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_window(hone_infer *in) {
    hone_shape out = {.rank = 1};
    hone_dtype dtype = HONE_DTYPE_NONE;
    HONE_TRY(read_dtype(in, "output_datatype", HONE_F32, &dtype));
    HONE_TRY(read_size(in, 0, 0, &out.dim[0]));
    return hone__infer_set(in, 0, dtype, &out);
}

/* bins, transform length, rate, low, high; [length / 2 + 1, bins] */
hone_status hone__rule_mel_weights(hone_infer *in) {
    hone_shape out = {.rank = 2};
    int64_t length;
    hone_dtype dtype = HONE_DTYPE_NONE;
    HONE_TRY(read_dtype(in, "output_datatype", HONE_F32, &dtype));
    HONE_TRY(read_size(in, 1, 0, &length));
    HONE_TRY(hone__dim_affine(in, length, 2, 2, &out.dim[0]));
    HONE_TRY(read_size(in, 0, 1, &out.dim[1]));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_random(hone_infer *in) {
    const int64_t *dims;
    uint32_t count = hone_node_ints(in->node, "shape", &dims);
    hone_dtype dtype = HONE_DTYPE_NONE;
    HONE_TRY(read_dtype(in, "dtype", HONE_F32, &dtype));
    if (count > HONE_MAX_RANK) return hone__infer_fail(in, "the rank is too high");
    hone_shape out = hone__shape((int32_t)count, dims);
    for (int32_t i = 0; i < out.rank; ++i) {
        if (out.dim[i] < 0) return hone__infer_fail(in, "a negative dimension");
    }
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_random_like(hone_infer *in) {
    hone_dtype dtype = HONE_DTYPE_NONE;
    HONE_TRY(read_dtype(in, "dtype", hone__in_dtype(in, 0), &dtype));
    return hone__infer_set(in, 0, dtype, hone__in_shape(in, 0));
}

hone_status hone__rule_multinomial(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = HONE_DTYPE_NONE;
    int64_t samples = hone_node_int(in->node, "sample_size", 1);
    HONE_TRY(read_dtype(in, "dtype", HONE_S32, &dtype));
    if (x == NULL) return hone__infer_set_rank(in, 0, dtype, 2);
    if (x->rank != 2 || samples < 0) return hone__infer_fail(in, "wants a matrix and a size");
    hone_shape out = {.rank = 2, .dim = {x->dim[0], samples}};
    return hone__infer_set(in, 0, dtype, &out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of what slides a window over [N, C, spatial...]: convolutions and pools. */
#include "graph/infer.h"
#include "graph/window.h"

/* One spatial dimension of convolution or pooling. */
static hone_status place(hone_infer *in, hone_window *window, int32_t axis, int64_t size,
                         int64_t *out) {
    if (size >= 0) return hone__window_place(window, in->node, axis, size, out, in->error);
    int64_t stride = window->stride[axis], extent = hone__window_extent(window, axis);
    if (window->auto_pad >= HONE_PAD_SAME_UPPER)
        return hone__dim_affine(in, size, stride - 1, stride, out);
    /* floor((size + pads - extent) / stride) + 1, and for ceil_mode (stride - 1) more inside. */
    int64_t add = window->pad_begin[axis] + window->pad_end[axis] - extent + stride;
    return hone__dim_affine(in, size, window->ceil_mode ? add + stride - 1 : add, stride, out);
}

static hone_status place_transposed(hone_infer *in, hone_window *window, int32_t axis, int64_t size,
                                    int64_t *out) {
    int64_t at_zero;
    const int64_t *unused;
    if (size >= 0)
        return hone__window_place_transposed(window, in->node, axis, size, out, in->error);
    /* The output grows by stride with every input element, unless it is given. */
    HONE_TRY(hone__window_place_transposed(window, in->node, axis, 1, &at_zero, in->error));
    if (hone_node_ints(in->node, "output_shape", &unused) != 0) {
        *out = at_zero;
        return HONE_OK;
    }
    HONE_TRY(hone__dim_product(in, size, window->stride[axis], out));
    return hone__dim_affine(in, *out, at_zero - window->stride[axis], 1, out);
}

/* Channels of input and weights fit together; a vector `bias` has one entry an output channel. */
static hone_status check_channels(const hone_infer *in, int64_t channels, int64_t weight_channels,
                                  int64_t filters, uint32_t bias_index) {
    int64_t group = hone_node_int(in->node, "group", 1), ignored;
    const hone_shape *bias = hone__in_shape(in, bias_index);
    if (group < 1 || group > HONE_DIM_MAX)
        return hone__infer_fail(in, "attribute group is out of range (%lld)", (long long)group);
    if (channels >= 0 && channels % group != 0)
        return hone__infer_fail(in, "%lld channels do not divide into %lld groups",
                                (long long)channels, (long long)group);
    if (filters >= 0 && filters % group != 0)
        return hone__infer_fail(in, "%lld filters do not divide into %lld groups",
                                (long long)filters, (long long)group);
    if (channels >= 0 && weight_channels >= 0 && channels / group != weight_channels)
        return hone__infer_fail(in, "%lld channels in %lld groups, but weights for %lld",
                                (long long)channels, (long long)group, (long long)weight_channels);
    if (bias == NULL) return HONE_OK;
    if (bias->rank != 1) return hone__infer_fail(in, "the bias is not a vector");
    return hone__dim_same(in, bias->dim[0], filters, "one bias a filter", &ignored);
}

/* Convolution with the weights' input `w` and bias input `bias` (UINT32_MAX: none). */
static hone_status conv_like(hone_infer *in, hone_dtype dtype, uint32_t w, uint32_t bias) {
    const hone_shape *x = hone__in_shape(in, 0), *weights = hone__in_shape(in, w);
    hone_window window;
    HONE_TRY(hone__infer_least_rank(in, 0, 2));
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    if (weights == NULL) return hone__infer_set_rank(in, 0, dtype, x->rank);
    if (weights->rank != x->rank)
        return hone__infer_fail(in, "weights of rank %d for an input of rank %d",
                                (int)weights->rank, (int)x->rank);
    HONE_TRY(hone__window_read(in->node, x->rank - 2, weights, &window, in->error));
    HONE_TRY(check_channels(in, x->dim[1], weights->dim[1], weights->dim[0], bias));
    hone_shape out = {.rank = x->rank, .dim = {x->dim[0], weights->dim[0]}};
    for (int32_t i = 0; i < window.rank; ++i)
        HONE_TRY(place(in, &window, i, x->dim[2 + i], &out.dim[2 + i]));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_conv(hone_infer *in) {
    hone_dtype dtype;
    HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    return conv_like(in, dtype, 1, 2);
}

hone_status hone__rule_conv_integer(hone_infer *in) {
    return conv_like(in, HONE_S32, 1, UINT32_MAX);
}

/* x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias */
hone_status hone__rule_qlinear_conv(hone_infer *in) {
    return conv_like(in, hone__in_dtype(in, 7), 3, 8);
}

/* x, weights, offset, bias, mask */
hone_status hone__rule_deform_conv(hone_infer *in) {
    hone_dtype dtype;
    HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    return conv_like(in, dtype, 1, 3);
}

/* Weights are [channels, filters / group, spatial...]. */
hone_status hone__rule_conv_transpose(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0), *weights = hone__in_shape(in, 1);
    int64_t group = hone_node_int(in->node, "group", 1), filters;
    hone_window window;
    hone_dtype dtype;
    HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    HONE_TRY(hone__infer_least_rank(in, 0, 2));
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    if (weights == NULL) return hone__infer_set_rank(in, 0, dtype, x->rank);
    if (weights->rank != x->rank)
        return hone__infer_fail(in, "weights of rank %d for an input of rank %d",
                                (int)weights->rank, (int)x->rank);
    if (group < 1 || group > HONE_DIM_MAX)
        return hone__infer_fail(in, "attribute group is out of range (%lld)", (long long)group);
    HONE_TRY(hone__window_read(in->node, x->rank - 2, weights, &window, in->error));
    HONE_TRY(hone__dim_same(in, x->dim[1], weights->dim[0], "channels", &filters));
    HONE_TRY(hone__dim_product(in, weights->dim[1], group, &filters));
    HONE_TRY(check_channels(in, x->dim[1], -1, filters, 2));
    hone_shape out = {.rank = x->rank, .dim = {x->dim[0], filters}};
    for (int32_t i = 0; i < window.rank; ++i)
        HONE_TRY(place_transposed(in, &window, i, x->dim[2 + i], &out.dim[2 + i]));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_pool(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    hone_window window;
    HONE_TRY(hone__infer_least_rank(in, 0, 3));
    HONE_TRY(hone__infer_set(in, 1, HONE_S64, NULL));
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    HONE_TRY(hone__window_read(in->node, x->rank - 2, NULL, &window, in->error));
    hone_shape out = *x;
    for (int32_t i = 0; i < window.rank; ++i)
        HONE_TRY(place(in, &window, i, x->dim[2 + i], &out.dim[2 + i]));
    HONE_TRY(hone__infer_set(in, 1, HONE_S64, &out)); /* MaxPool's indices */
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_global_pool(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    HONE_TRY(hone__infer_least_rank(in, 0, 2));
    if (x == NULL) return hone__infer_set(in, 0, hone__in_dtype(in, 0), NULL);
    hone_shape out = *x;
    for (int32_t i = 2; i < out.rank; ++i) out.dim[i] = 1;
    return hone__infer_set(in, 0, hone__in_dtype(in, 0), &out);
}

/* The inverse of a pool's size, unless the third input gives the whole shape. */
hone_status hone__rule_max_unpool(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t given[HONE_MAX_RANK];
    uint32_t count;
    hone_window window;
    HONE_TRY(hone__infer_least_rank(in, 0, 3));
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    HONE_TRY(hone__window_read(in->node, x->rank - 2, NULL, &window, in->error));
    hone_shape out = *x;
    if (hone__in(in, 2) != NULL) {
        if (!hone__in_ints(in, 2, given, HONE_MAX_RANK, &count))
            return hone__infer_set_rank(in, 0, dtype, x->rank);
        if (count != (uint32_t)x->rank)
            return hone__infer_fail(in, "output_shape has %u entries for rank %d", count,
                                    (int)x->rank);
        out = hone__shape(x->rank, given);
        for (int32_t i = 0; i < out.rank; ++i) {
            if (out.dim[i] < 0) return hone__infer_fail(in, "output_shape is negative");
        }
        return hone__infer_set(in, 0, dtype, &out);
    }
    for (int32_t i = 0; i < window.rank; ++i)
        HONE_TRY(place_transposed(in, &window, i, x->dim[2 + i], &out.dim[2 + i]));
    return hone__infer_set(in, 0, dtype, &out);
}

/* [rois, channels, height, width] */
static hone_status regions(hone_infer *in, int64_t height, int64_t width) {
    const hone_shape *x = hone__in_shape(in, 0), *rois = hone__in_shape(in, 1);
    hone_dtype dtype = hone__in_dtype(in, 0);
    if (height < 1 || width < 1 || height > HONE_DIM_MAX || width > HONE_DIM_MAX)
        return hone__infer_fail(in, "the output's size is out of range");
    if (x == NULL || rois == NULL) return hone__infer_set_rank(in, 0, dtype, 4);
    if (x->rank != 4 || rois->rank != 2)
        return hone__infer_fail(in, "wants an input of rank 4 and regions of rank 2");
    hone_shape out = {.rank = 4, .dim = {rois->dim[0], x->dim[1], height, width}};
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_max_roi_pool(hone_infer *in) {
    const int64_t *size;
    if (hone_node_ints(in->node, "pooled_shape", &size) != 2)
        return hone__infer_fail(in, "attribute pooled_shape wants two numbers");
    return regions(in, size[0], size[1]);
}

hone_status hone__rule_roi_align(hone_infer *in) {
    return regions(in, hone_node_int(in->node, "output_height", 1),
                   hone_node_int(in->node, "output_width", 1));
}

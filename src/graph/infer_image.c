/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of image operators. */
#include "base/bytes.h"
#include "graph/infer.h"
#include <math.h>
#include <string.h>

/* --- Resize -------------------------------------------------------------------------------- */

/* The axes that scales or sizes speak of: all where the attribute is absent. */
static hone_status resize_axes(const hone_infer *in, int32_t rank, int32_t *axes, uint32_t *count) {
    const int64_t *given;
    *count = hone_node_ints(in->node, "axes", &given);
    if (*count > (uint32_t)rank) return hone__infer_fail(in, "more axes than dimensions");
    for (uint32_t i = 0; i < *count; ++i) HONE_TRY(hone__infer_axis(in, given[i], rank, &axes[i]));
    if (*count != 0) return HONE_OK;
    *count = (uint32_t)rank;
    for (int32_t i = 0; i < rank; ++i) axes[i] = i;
    return HONE_OK;
}

/* Float constants of input `index`. */
static bool scales_of(const hone_infer *in, uint32_t index, float *out, uint32_t most,
                      uint32_t *count) {
    const hone_value *value = hone__in(in, index);
    if (value == NULL || value->kind != HONE_VALUE_CONSTANT || value->dtype != HONE_F32)
        return false;
    if (value->bytes / sizeof(float) > most) return false;
    *count = (uint32_t)(value->bytes / sizeof(float));
    memcpy(out, value->data, *count * sizeof(float));
    return true;
}

static hone_status resize_by_scales(hone_infer *in, const int32_t *axes, uint32_t count,
                                    hone_shape *out) {
    float scales[HONE_MAX_RANK];
    uint32_t given;
    if (!scales_of(in, 2, scales, HONE_MAX_RANK, &given)) {
        for (uint32_t i = 0; i < count; ++i)
            HONE_TRY(hone__dim_unknown(in, 0, axes[i], &out->dim[axes[i]]));
        return HONE_OK;
    }
    if (given != count) return hone__infer_fail(in, "%u scales for %u axes", given, count);
    for (uint32_t i = 0; i < count; ++i) {
        int64_t *dim = &out->dim[axes[i]];
        if (!(scales[i] > 0) || !(scales[i] < 1e9f))
            return hone__infer_fail(in, "a scale of %g", (double)scales[i]);
        double size = floor((double)*dim * (double)scales[i]);
        bool whole = scales[i] >= 1 && scales[i] == floorf(scales[i]);
        if (*dim >= 0 && size > (double)HONE_DIM_MAX)
            return hone__infer_fail(in, "grows too large");
        if (*dim >= 0)
            *dim = (int64_t)size;
        else if (whole)
            HONE_TRY(hone__dim_product(in, (int64_t)scales[i], *dim, dim));
        else
            HONE_TRY(hone__dim_unknown(in, 0, axes[i], dim));
    }
    return HONE_OK;
}

/* keep_aspect_ratio_policy: all axes get the least (or greatest) of the ratios. */
static void keep_aspect(const hone_shape *x, const int32_t *axes, uint32_t count, bool larger,
                        int64_t *sizes) {
    double scale = larger ? 0 : HUGE_VAL;
    for (uint32_t i = 0; i < count; ++i) {
        double ratio = (double)sizes[i] / (double)x->dim[axes[i]];
        if (larger ? ratio > scale : ratio < scale) scale = ratio;
    }
    for (uint32_t i = 0; i < count; ++i)
        sizes[i] = (int64_t)floor(scale * (double)x->dim[axes[i]] + 0.5);
}

static hone_status resize_by_sizes(hone_infer *in, const hone_shape *x, const int32_t *axes,
                                   uint32_t count, hone_shape *out) {
    const hone_contents *contents = hone__in_contents(in, 3);
    const char *policy = hone_node_string(in->node, "keep_aspect_ratio_policy", "stretch");
    int64_t sizes[HONE_MAX_RANK];
    bool numbers = true;
    if (contents != NULL && contents->count != count)
        return hone__infer_fail(in, "%u sizes for %u axes", contents->count, count);
    for (uint32_t i = 0; i < count; ++i) {
        hone_entry entry = contents != NULL ? contents->entries[i] : (hone_entry){0};
        bool number = entry.kind == HONE_ENTRY_NUMBER;
        if (number && (entry.value < 1 || entry.value > HONE_DIM_MAX))
            return hone__infer_fail(in, "a size of %lld", (long long)entry.value);
        numbers = numbers && number && x->dim[axes[i]] > 0;
        sizes[i] = entry.value;
        if (entry.kind == HONE_ENTRY_UNKNOWN)
            HONE_TRY(hone__dim_unknown(in, 0, axes[i], &sizes[i]));
    }
    bool stretch = strcmp(policy, "stretch") == 0;
    if (!stretch && numbers) keep_aspect(x, axes, count, strcmp(policy, "not_larger") != 0, sizes);
    for (uint32_t i = 0; i < count; ++i) {
        if (!stretch && !numbers) HONE_TRY(hone__dim_unknown(in, 0, axes[i], &sizes[i]));
        out->dim[axes[i]] = sizes[i];
    }
    return HONE_OK;
}

/* x, roi, scales, sizes */
hone_status hone__rule_resize(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0), *scales = hone__in_shape(in, 2);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int32_t axes[HONE_MAX_RANK];
    uint32_t count;
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    HONE_TRY(resize_axes(in, x->rank, axes, &count));
    hone_shape out = *x;
    /* Older exporters pass an empty tensor of scales beside sizes. */
    bool empty = scales != NULL && scales->rank == 1 && scales->dim[0] == 0;
    if (hone__in(in, 3) != NULL)
        HONE_TRY(resize_by_sizes(in, x, axes, count, &out));
    else if (hone__in(in, 2) != NULL && !empty)
        HONE_TRY(resize_by_scales(in, axes, count, &out));
    else
        return hone__infer_fail(in, "has neither scales nor sizes");
    return hone__infer_set(in, 0, dtype, &out);
}

/* --- grids and boxes ------------------------------------------------------------------------- */

/* x [N, C, spatial...], grid [N, out spatial..., spatial rank] */
hone_status hone__rule_grid_sample(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0), *grid = hone__in_shape(in, 1);
    hone_dtype dtype = hone__in_dtype(in, 0);
    HONE_TRY(hone__infer_least_rank(in, 0, 3));
    if (x == NULL || grid == NULL) return hone__infer_set(in, 0, dtype, NULL);
    if (x->rank != grid->rank) return hone__infer_fail(in, "grid and input differ in rank");
    hone_shape out = *x;
    for (int32_t i = 2; i < x->rank; ++i) out.dim[i] = grid->dim[i - 1];
    return hone__infer_set(in, 0, dtype, &out);
}

/* theta [N, 2, 3] with size (N, C, H, W), or [N, 3, 4] with size (N, C, D, H, W) */
hone_status hone__rule_affine_grid(hone_infer *in) {
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t size[5];
    uint32_t count;
    if (!hone__in_ints(in, 1, size, 5, &count)) return hone__infer_set(in, 0, dtype, NULL);
    if (count < 4) return hone__infer_fail(in, "wants a size of 4 or 5 numbers");
    hone_shape out = {.rank = (int32_t)count, .dim = {size[0]}};
    for (uint32_t i = 2; i < count; ++i) out.dim[i - 1] = size[i];
    out.dim[count - 1] = count - 2;
    for (int32_t i = 0; i < out.rank; ++i) {
        if (out.dim[i] < 0) return hone__infer_fail(in, "a negative size");
    }
    return hone__infer_set(in, 0, dtype, &out);
}

/* How many boxes are chosen depends on the data; each is (batch, class, box). */
hone_status hone__rule_nms(hone_infer *in) {
    hone_shape out = {.rank = 2, .dim = {0, 3}};
    HONE_TRY(hone__dim_unknown(in, 0, 0, &out.dim[0]));
    return hone__infer_set(in, 0, HONE_S64, &out);
}

hone_status hone__rule_image_decoder(hone_infer *in) {
    return hone__infer_set_rank(in, 0, HONE_U8, 3);
}

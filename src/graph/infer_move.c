/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of operators that copy elements to other places by position. */
#include "graph/infer.h"
#include <string.h>

hone_status hone__rule_transpose(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    const int64_t *perm;
    uint32_t count = hone_node_ints(in->node, "perm", &perm);
    bool seen[HONE_MAX_RANK] = {false};
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    bool given = hone_node_attr(in->node, "perm") != NULL;
    if (given && count != (uint32_t)x->rank)
        return hone__infer_fail(in, "perm of %u axes for rank %d", count, (int)x->rank);
    hone_shape out = {.rank = x->rank};
    for (int32_t i = 0; i < x->rank; ++i) {
        int64_t from = given ? perm[i] : x->rank - 1 - i;
        if (from < 0 || from >= x->rank || seen[from])
            return hone__infer_fail(in, "perm is not a permutation");
        seen[from] = true;
        out.dim[i] = x->dim[from];
    }
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_concat(hone_infer *in) {
    const hone_shape *first = hone__in_shape(in, 0);
    hone_dtype dtype;
    int32_t axis;
    HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    if (first == NULL) return hone__infer_set(in, 0, dtype, NULL);
    HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", 0), first->rank, &axis));
    hone_shape out = *first;
    for (uint32_t i = 1; i < in->node->input_count; ++i) {
        const hone_shape *x = hone__in_shape(in, i);
        if (x == NULL) return hone__infer_set_rank(in, 0, dtype, first->rank);
        if (x->rank != first->rank)
            return hone__infer_fail(in, "joins ranks %d and %d", (int)first->rank, (int)x->rank);
        for (int32_t k = 0; k < out.rank; ++k) {
            if (k == axis)
                HONE_TRY(hone__dim_sum(in, out.dim[k], x->dim[k], &out.dim[k]));
            else
                HONE_TRY(hone__dim_same(in, out.dim[k], x->dim[k], "joined", &out.dim[k]));
        }
    }
    return hone__infer_set(in, 0, dtype, &out);
}

/* Part `index` of `parts` equal ones; the last is smaller where the size does not divide. */
static int64_t equal_part(int64_t size, int64_t parts, int64_t index) {
    int64_t each = (size + parts - 1) / parts, rest = size - each * index;
    return rest < 0 ? 0 : rest < each ? rest : each;
}

hone_status hone__rule_split(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t sizes[HONE_CONTENTS_MAX], total = 0;
    uint32_t count, parts = in->node->output_count;
    int32_t axis;
    int found = hone__in_list(in, "split", 1, sizes, HONE_CONTENTS_MAX, &count);
    for (uint32_t i = 0; x == NULL && i < parts; ++i) HONE_TRY(hone__infer_set(in, i, dtype, NULL));
    if (x == NULL) return HONE_OK;
    HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", 0), x->rank, &axis));
    if (found > 0 && count != parts)
        return hone__infer_fail(in, "%u sizes for %u outputs", count, parts);
    for (uint32_t i = 0; i < parts; ++i) {
        hone_shape out = *x;
        if (found > 0)
            out.dim[axis] = sizes[i];
        else if (found == 0 && x->dim[axis] >= 0)
            out.dim[axis] = equal_part(x->dim[axis], parts, i);
        else
            HONE_TRY(hone__dim_unknown(in, i, axis, &out.dim[axis]));
        if (found > 0 && (sizes[i] < 0 || sizes[i] > HONE_DIM_MAX))
            return hone__infer_fail(in, "a part of %lld elements", (long long)sizes[i]);
        total += found > 0 ? sizes[i] : 0;
        HONE_TRY(hone__infer_set(in, i, dtype, &out));
    }
    if (found > 0 && x->dim[axis] >= 0 && total != x->dim[axis])
        return hone__infer_fail(in, "parts of %lld elements in all from %lld", (long long)total,
                                (long long)x->dim[axis]);
    return HONE_OK;
}

/* Elements that [start, end) with `step` takes out of `size`. */
static int64_t sliced(int64_t size, int64_t start, int64_t end, int64_t step) {
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? size - 1 : size;
    if (start < 0) start = start < -size ? low : start + size;
    if (end < 0) end = end < -size ? low : end + size;
    if (step < 0 && start < 0) start = low;
    start = start < low ? low : start > high ? high : start;
    end = end < low ? low : end > high ? high : end;
    if (step > 0) return end <= start ? 0 : (end - start - 1) / step + 1;
    if (start <= end) return 0;
    /* -step overflows for INT64_MIN, which takes one element like any other long step. */
    return step < -size ? 1 : (start - end - 1) / -step + 1;
}

/* One axis whose size is a symbol: slices that keep all or a prefix are understood. */
static hone_status slice_symbol(hone_infer *in, int64_t start, int64_t end, int64_t step,
                                int32_t axis, int64_t *dim) {
    if (step == 1 && start == 0 && end >= INT32_MAX) return HONE_OK;
    if (step == -1 && start == -1 && end <= -INT32_MAX) return HONE_OK;
    if (step == 1 && start >= 0 && start <= INT32_MAX && end >= INT32_MAX)
        return hone__dim_affine(in, *dim, -start, 1, dim);
    if (step == 1 && start < 0 && start >= -INT32_MAX && end >= INT32_MAX) {
        *dim = -start; /* the last few, taken to be there */
        return HONE_OK;
    }
    if (step == 1 && start == 0 && end < 0 && end >= -INT32_MAX)
        return hone__dim_affine(in, *dim, end, 1, dim);
    return hone__dim_unknown(in, 0, axis, dim);
}

typedef struct slice_bounds {
    int64_t start[HONE_MAX_RANK], end[HONE_MAX_RANK], step[HONE_MAX_RANK], axis[HONE_MAX_RANK];
    uint32_t count;
} slice_bounds;

/* 1 read, 0 not known; lengths that differ are an error. */
static hone_status read_bounds(const hone_infer *in, slice_bounds *s, bool *known) {
    uint32_t ends, axes = 0, steps = 0;
    *known = hone__in_ints(in, 1, s->start, HONE_MAX_RANK, &s->count) &&
             hone__in_ints(in, 2, s->end, HONE_MAX_RANK, &ends);
    if (!*known) return HONE_OK;
    for (uint32_t i = 0; i < s->count; ++i) {
        s->axis[i] = i;
        s->step[i] = 1;
    }
    bool has_axes = hone__in(in, 3) != NULL, has_steps = hone__in(in, 4) != NULL;
    if (has_axes) *known = hone__in_ints(in, 3, s->axis, HONE_MAX_RANK, &axes);
    if (has_steps) *known = hone__in_ints(in, 4, s->step, HONE_MAX_RANK, &steps) && *known;
    if (*known &&
        (ends != s->count || (has_axes && axes != s->count) || (has_steps && steps != s->count)))
        return hone__infer_fail(in, "starts, ends, axes and steps differ in length");
    return HONE_OK;
}

hone_status hone__rule_slice(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    slice_bounds s;
    bool known;
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    HONE_TRY(read_bounds(in, &s, &known));
    if (!known) return hone__infer_set_rank(in, 0, dtype, x->rank);
    hone_shape out = *x;
    uint32_t cut = 0; /* a bit an axis: what follows cuts each axis once */
    for (uint32_t i = 0; i < s.count; ++i) {
        int32_t axis;
        HONE_TRY(hone__infer_axis(in, s.axis[i], x->rank, &axis));
        if (s.step[i] == 0) return hone__infer_fail(in, "a step of 0");
        if (cut & 1u << axis) return hone__infer_fail(in, "axis %d is cut twice", (int)axis);
        cut |= 1u << axis;
        int64_t *dim = &out.dim[axis];
        if (*dim >= 0)
            *dim = sliced(*dim, s.start[i], s.end[i], s.step[i]);
        else
            HONE_TRY(slice_symbol(in, s.start[i], s.end[i], s.step[i], axis, dim));
    }
    return hone__infer_set(in, 0, dtype, &out);
}

/* data, pads, constant value, axes */
hone_status hone__rule_pad(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t pads[2 * HONE_MAX_RANK], axes[HONE_MAX_RANK];
    uint32_t pad_count, count;
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    int found = hone__in_list(in, "axes", 3, axes, HONE_MAX_RANK, &count);
    if (found < 0 || !hone__in_ints(in, 1, pads, 2 * HONE_MAX_RANK, &pad_count))
        return hone__infer_set_rank(in, 0, dtype, x->rank);
    if (found == 0) {
        count = (uint32_t)x->rank;
        for (uint32_t i = 0; i < count; ++i) axes[i] = i;
    }
    if (pad_count != 2 * count)
        return hone__infer_fail(in, "%u pads for %u axes", pad_count, count);
    hone_shape out = *x;
    for (uint32_t i = 0; i < count; ++i) {
        int32_t axis;
        int64_t begin = pads[i], end = pads[count + i];
        HONE_TRY(hone__infer_axis(in, axes[i], x->rank, &axis));
        if (begin < -HONE_DIM_MAX || begin > HONE_DIM_MAX || end < -HONE_DIM_MAX ||
            end > HONE_DIM_MAX)
            return hone__infer_fail(in, "pads out of range");
        HONE_TRY(hone__dim_affine(in, out.dim[axis], begin + end, 1, &out.dim[axis]));
    }
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_tile(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t repeats[HONE_MAX_RANK];
    uint32_t count;
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    if (!hone__in_ints(in, 1, repeats, HONE_MAX_RANK, &count))
        return hone__infer_set_rank(in, 0, dtype, x->rank);
    if (count != (uint32_t)x->rank)
        return hone__infer_fail(in, "%u repeats for rank %d", count, (int)x->rank);
    hone_shape out = *x;
    for (int32_t i = 0; i < x->rank; ++i) {
        if (repeats[i] < 0 || repeats[i] > HONE_DIM_MAX)
            return hone__infer_fail(in, "repeats out of range");
        HONE_TRY(hone__dim_product(in, repeats[i], x->dim[i], &out.dim[i]));
    }
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_center_crop_pad(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t sizes[HONE_MAX_RANK];
    const int64_t *axes;
    uint32_t count, axis_count = hone_node_ints(in->node, "axes", &axes);
    if (x == NULL) return hone__infer_set(in, 0, dtype, NULL);
    if (!hone__in_ints(in, 1, sizes, HONE_MAX_RANK, &count))
        return hone__infer_set_rank(in, 0, dtype, x->rank);
    if (count != (axis_count != 0 ? axis_count : (uint32_t)x->rank))
        return hone__infer_fail(in, "%u sizes for %u axes", count, axis_count);
    hone_shape out = *x;
    for (uint32_t i = 0; i < count; ++i) {
        int32_t axis;
        HONE_TRY(hone__infer_axis(in, axis_count != 0 ? axes[i] : i, x->rank, &axis));
        if (sizes[i] < 0) return hone__infer_fail(in, "a size of %lld", (long long)sizes[i]);
        out.dim[axis] = sizes[i];
    }
    return hone__infer_set(in, 0, dtype, &out);
}

/* `block` from the node, and input 0 of rank 4. */
static hone_status read_block(const hone_infer *in, int64_t *block) {
    const hone_shape *x = hone__in_shape(in, 0);
    *block = hone_node_int(in->node, "blocksize", 0);
    if (*block < 1 || *block > INT32_MAX)
        return hone__infer_fail(in, "attribute blocksize is out of range");
    if (x != NULL && x->rank != 4)
        return hone__infer_fail(in, "wants rank 4, not %d", (int)x->rank);
    return HONE_OK;
}

/* dim / by without rest. */
static hone_status divide(hone_infer *in, int64_t dim, int64_t by, int64_t *out) {
    if (dim > 0 && dim % by != 0)
        return hone__infer_fail(in, "%lld does not divide by %lld", (long long)dim, (long long)by);
    return hone__dim_affine(in, dim, 0, by, out);
}

hone_status hone__rule_depth_to_space(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t block;
    HONE_TRY(read_block(in, &block));
    if (x == NULL) return hone__infer_set_rank(in, 0, dtype, 4);
    hone_shape out = *x;
    HONE_TRY(divide(in, x->dim[1], block * block, &out.dim[1]));
    HONE_TRY(hone__dim_product(in, block, x->dim[2], &out.dim[2]));
    HONE_TRY(hone__dim_product(in, block, x->dim[3], &out.dim[3]));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_space_to_depth(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t block;
    HONE_TRY(read_block(in, &block));
    if (x == NULL) return hone__infer_set_rank(in, 0, dtype, 4);
    hone_shape out = *x;
    HONE_TRY(hone__dim_product(in, block, x->dim[1], &out.dim[1]));
    HONE_TRY(hone__dim_product(in, block, out.dim[1], &out.dim[1]));
    HONE_TRY(divide(in, x->dim[2], block, &out.dim[2]));
    HONE_TRY(divide(in, x->dim[3], block, &out.dim[3]));
    return hone__infer_set(in, 0, dtype, &out);
}

/* [N, C * block elements, L] back to [N, C, image...] */
hone_status hone__rule_col2im(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t image[HONE_MAX_RANK], block[HONE_MAX_RANK], area = 1;
    uint32_t rank, block_rank;
    if (x != NULL && x->rank != 3) return hone__infer_fail(in, "wants rank 3");
    bool known = hone__in_ints(in, 1, image, HONE_MAX_RANK - 2, &rank) &&
                 hone__in_ints(in, 2, block, HONE_MAX_RANK - 2, &block_rank);
    if (x == NULL || !known) return hone__infer_set(in, 0, dtype, NULL);
    if (rank != block_rank) return hone__infer_fail(in, "image and block differ in rank");
    hone_shape out = {.rank = 2 + (int32_t)rank, .dim = {x->dim[0]}};
    for (uint32_t i = 0; i < rank; ++i) {
        if (image[i] < 0 || block[i] < 1) return hone__infer_fail(in, "a size out of range");
        out.dim[2 + i] = image[i];
        HONE_TRY(hone__dim_product(in, area, block[i], &area));
    }
    HONE_TRY(divide(in, x->dim[1], area, &out.dim[1]));
    return hone__infer_set(in, 0, dtype, &out);
}

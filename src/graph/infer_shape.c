/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of operators that make or change shapes without moving elements. */
#include "graph/infer.h"
#include <math.h>
#include <string.h>

/* --- constants ------------------------------------------------------------------------------ */

hone_status hone__rule_constant(hone_infer *in) {
    static const struct {
        const char *name;
        hone_dtype dtype;
        int32_t rank;
    } kinds[] = {
        {"value_float", HONE_F32, 0},     {"value_int", HONE_S64, 0},
        {"value_string", HONE_STRING, 0}, {"value_floats", HONE_F32, 1},
        {"value_ints", HONE_S64, 1},      {"value_strings", HONE_STRING, 1},
    };
    const hone_attr *attr = hone_node_attr(in->node, "value");
    if (attr != NULL && attr->kind == HONE_ATTR_TENSOR)
        return hone__infer_set(in, 0, attr->as.tensor->dtype, &attr->as.tensor->shape);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i) {
        attr = hone_node_attr(in->node, kinds[i].name);
        if (attr == NULL) continue;
        hone_shape shape = {.rank = kinds[i].rank, .dim = {attr->count}};
        return hone__infer_set(in, 0, kinds[i].dtype, &shape);
    }
    return hone__infer_fail(in, "has no value");
}

/* Entries of a shape that input `index` holds; false when not even their number is known. */
static bool shape_input(const hone_infer *in, uint32_t index, hone_contents *out,
                        hone_entry *room) {
    const hone_contents *contents = hone__in_contents(in, index);
    const hone_shape *shape = hone__in_shape(in, index);
    *out = (hone_contents){.entries = room};
    if (contents != NULL && contents->count <= HONE_MAX_RANK) {
        *out = *contents;
        return true;
    }
    if (shape == NULL || shape->rank != 1 || shape->dim[0] < 0 || shape->dim[0] > HONE_MAX_RANK)
        return false;
    memset(room, 0, HONE_MAX_RANK * sizeof *room);
    out->count = (uint32_t)shape->dim[0];
    return true;
}

/* A vector longer than any rank is an error, one of unknown length is not. */
static hone_status check_rank(const hone_infer *in, uint32_t index) {
    const hone_shape *shape = hone__in_shape(in, index);
    if (shape == NULL) return HONE_OK;
    if (shape->rank != 1) return hone__infer_fail(in, "the shape is not a vector");
    if (shape->dim[0] <= HONE_MAX_RANK) return HONE_OK;
    return hone__infer_fail(in, "rank %lld is more than the %d supported", (long long)shape->dim[0],
                            HONE_MAX_RANK);
}

/* An entry as a dimension. */
static hone_status entry_dim(hone_infer *in, hone_entry entry, int32_t axis, int64_t *dim) {
    *dim = entry.value;
    if (entry.kind == HONE_ENTRY_UNKNOWN) return hone__dim_unknown(in, 0, axis, dim);
    if (entry.kind == HONE_ENTRY_NUMBER && entry.value < 0)
        return hone__infer_fail(in, "a dimension of %lld", (long long)entry.value);
    return HONE_OK;
}

hone_status hone__rule_fill(hone_infer *in) {
    const hone_attr *attr = hone_node_attr(in->node, "value");
    bool given = attr != NULL && attr->kind == HONE_ATTR_TENSOR;
    hone_dtype dtype = given ? attr->as.tensor->dtype : HONE_F32;
    hone_entry room[HONE_MAX_RANK];
    hone_contents wanted;
    HONE_TRY(check_rank(in, 0));
    if (!shape_input(in, 0, &wanted, room)) return hone__infer_set(in, 0, dtype, NULL);
    hone_shape out = {.rank = (int32_t)wanted.count};
    for (int32_t i = 0; i < out.rank; ++i)
        HONE_TRY(entry_dim(in, wanted.entries[i], i, &out.dim[i]));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_expand(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    hone_entry room[HONE_MAX_RANK];
    hone_contents wanted;
    HONE_TRY(check_rank(in, 1));
    if (x == NULL || !shape_input(in, 1, &wanted, room)) return hone__infer_set(in, 0, dtype, NULL);
    hone_shape target = {.rank = (int32_t)wanted.count}, out;
    for (int32_t i = 0; i < target.rank; ++i)
        HONE_TRY(entry_dim(in, wanted.entries[i], i, &target.dim[i]));
    HONE_TRY(hone__infer_broadcast(in, x, &target, &out));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_eye_like(hone_infer *in) {
    int64_t dtype = hone_node_int(in->node, "dtype", hone__in_dtype(in, 0));
    if (dtype < 0 || dtype >= HONE_DTYPE_COUNT)
        return hone__infer_fail(in, "attribute dtype names an unknown type");
    return hone__infer_set(in, 0, (hone_dtype)dtype, hone__in_shape(in, 0));
}

/* Range over numbers; false where they are not known. */
static bool range_bounds(const hone_infer *in, double *bound) {
    for (uint32_t i = 0; i < 3; ++i) {
        int64_t integer;
        float real;
        const hone_value *value = hone__in(in, i);
        if (hone__in_int(in, i, &integer))
            bound[i] = (double)integer;
        else if (hone_value_scalar(value, &real))
            bound[i] = (double)real;
        else if (value->kind == HONE_VALUE_CONSTANT && value->dtype == HONE_F64 &&
                 value->bytes == sizeof(double))
            memcpy(&bound[i], value->data, sizeof(double));
        else
            return false;
    }
    return true;
}

hone_status hone__rule_range(hone_infer *in) {
    double bound[3];
    hone_dtype dtype;
    HONE_TRY(hone__infer_common_dtype(in, 0, &dtype));
    if (!range_bounds(in, bound)) return hone__infer_set_rank(in, 0, dtype, 1);
    double count = ceil((bound[1] - bound[0]) / bound[2]);
    if (!(bound[2] < 0 || bound[2] > 0) || !(count < (double)HONE_DIM_MAX))
        return hone__infer_fail(in, "the range does not end");
    hone_shape out = {.rank = 1, .dim = {count > 0 ? (int64_t)count : 0}};
    return hone__infer_set(in, 0, dtype, &out);
}

/* --- the shape of a value -------------------------------------------------------------------- */

hone_status hone__rule_shape(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    if (x == NULL) return hone__infer_set_rank(in, 0, HONE_S64, 1);
    int64_t start = hone_node_int(in->node, "start", 0);
    int64_t end = hone_node_int(in->node, "end", x->rank);
    if (start < 0) start = start < -x->rank ? 0 : start + x->rank;
    if (end < 0) end = end < -x->rank ? 0 : end + x->rank;
    if (end > x->rank) end = x->rank;
    hone_shape out = {.rank = 1, .dim = {end > start ? end - start : 0}};
    return hone__infer_set(in, 0, HONE_S64, &out);
}

hone_status hone__rule_size(hone_infer *in) {
    hone_shape scalar = {.rank = 0};
    return hone__infer_set(in, 0, HONE_S64, &scalar);
}

/* --- Reshape and its kin --------------------------------------------------------------------- */

/* What -1 stands for: the input's dimensions divided by the other ones of the output. Equal symbols
 * cancel; what then remains symbolic gives a symbol. */
static hone_status remaining(hone_infer *in, const hone_shape *x, const hone_shape *out,
                             int32_t hole, int64_t *dim) {
    bool used[HONE_MAX_RANK] = {false};
    int64_t above = 1, below = 1;
    for (int32_t i = 0; i < out->rank; ++i) {
        int32_t match = 0;
        if (i == hole) continue;
        while (match < x->rank && (used[match] || x->dim[match] != out->dim[i])) ++match;
        if (match < x->rank)
            used[match] = true;
        else if (out->dim[i] < 0)
            return hone__dim_unknown(in, 0, hole, dim);
        else
            HONE_TRY(hone__dim_product(in, below, out->dim[i], &below));
    }
    int64_t symbols = 1;
    for (int32_t i = 0; i < x->rank; ++i) {
        int64_t *product = x->dim[i] < 0 ? &symbols : &above;
        if (!used[i]) HONE_TRY(hone__dim_product(in, *product, x->dim[i], product));
    }
    if (below == 0) return hone__infer_fail(in, "-1 beside a dimension of 0");
    if (above % below == 0) return hone__dim_product(in, above / below, symbols, dim);
    if (symbols == 1)
        return hone__infer_fail(in, "%lld elements do not divide by %lld", (long long)above,
                                (long long)below);
    HONE_TRY(hone__dim_product(in, above, symbols, &above));
    return hone__dim_affine(in, above, 0, below, dim);
}

static hone_status check_elements(const hone_infer *in, const hone_shape *x,
                                  const hone_shape *out) {
    int64_t before, after;
    if (!hone__shape_known(x) || !hone__shape_known(out)) return HONE_OK;
    HONE_TRY(hone_shape_elements(x, &before, in->error));
    if (hone_shape_elements(out, &after, NULL) == HONE_OK && before == after) return HONE_OK;
    char from[96], to[96];
    hone__shape_print(x, from, sizeof from);
    hone__shape_print(out, to, sizeof to);
    return hone__infer_fail(in, "%s does not reshape to %s", from, to);
}

/* One entry of Reshape's shape: 0 copies (unless allowzero), -1 is left for later. */
static hone_status reshape_entry(hone_infer *in, const hone_shape *x, hone_entry entry,
                                 int32_t axis, int64_t *dim, int32_t *hole) {
    bool copies = hone_node_int(in->node, "allowzero", 0) == 0;
    if (entry.kind != HONE_ENTRY_NUMBER) return entry_dim(in, entry, axis, dim);
    *dim = entry.value;
    if (entry.value == 0 && copies) {
        if (axis >= x->rank) return hone__infer_fail(in, "0 at place %d copies nothing", (int)axis);
        *dim = x->dim[axis];
        return HONE_OK;
    }
    if (entry.value > HONE_DIM_MAX || entry.value < -1 || (entry.value == -1 && *hole >= 0))
        return hone__infer_fail(in, "a shape with %lld at place %d", (long long)entry.value,
                                (int)axis);
    if (entry.value == -1) *hole = axis;
    return HONE_OK;
}

hone_status hone__rule_reshape(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    hone_entry room[HONE_MAX_RANK];
    hone_contents wanted;
    int32_t hole = -1;
    HONE_TRY(check_rank(in, 1));
    if (!shape_input(in, 1, &wanted, room)) return hone__infer_set(in, 0, dtype, NULL);
    if (x == NULL) return hone__infer_set_rank(in, 0, dtype, (int32_t)wanted.count);
    hone_shape out = {.rank = (int32_t)wanted.count};
    for (int32_t i = 0; i < out.rank; ++i)
        HONE_TRY(reshape_entry(in, x, wanted.entries[i], i, &out.dim[i], &hole));
    if (hole >= 0) HONE_TRY(remaining(in, x, &out, hole, &out.dim[hole]));
    HONE_TRY(check_elements(in, x, &out));
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_flatten(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    int64_t axis = hone_node_int(in->node, "axis", 1);
    hone_shape out = {.rank = 2, .dim = {1, 1}};
    if (x == NULL) return hone__infer_set_rank(in, 0, dtype, 2);
    if (axis < -x->rank || axis > x->rank)
        return hone__infer_fail(in, "axis %lld is outside a tensor of rank %d", (long long)axis,
                                (int)x->rank);
    if (axis < 0) axis += x->rank;
    for (int32_t i = 0; i < x->rank; ++i)
        HONE_TRY(hone__dim_product(in, out.dim[i >= axis], x->dim[i], &out.dim[i >= axis]));
    return hone__infer_set(in, 0, dtype, &out);
}

/* Marks the axes of a tensor of rank `rank`; a second mark is an error. */
static hone_status mark_axes(const hone_infer *in, const int64_t *axes, uint32_t count,
                             int32_t rank, bool *marked) {
    for (uint32_t i = 0; i < count; ++i) {
        int32_t axis;
        HONE_TRY(hone__infer_axis(in, axes[i], rank, &axis));
        if (marked[axis]) return hone__infer_fail(in, "axis %d is named twice", (int)axis);
        marked[axis] = true;
    }
    return HONE_OK;
}

hone_status hone__rule_squeeze(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    bool gone[HONE_MAX_RANK] = {false};
    int64_t axes[HONE_MAX_RANK];
    uint32_t count;
    int found = hone__in_list(in, "axes", 1, axes, HONE_MAX_RANK, &count);
    if (x == NULL || found < 0) return hone__infer_set(in, 0, dtype, NULL);
    HONE_TRY(mark_axes(in, axes, count, x->rank, gone));
    hone_shape out = {.rank = 0};
    for (int32_t i = 0; i < x->rank; ++i) {
        if (found == 0 && x->dim[i] < 0) return hone__infer_set(in, 0, dtype, NULL);
        if (found == 0) gone[i] = x->dim[i] == 1;
        if (gone[i] && x->dim[i] >= 0 && x->dim[i] != 1)
            return hone__infer_fail(in, "axis %d has %lld elements, not 1", (int)i,
                                    (long long)x->dim[i]);
        if (!gone[i]) out.dim[out.rank++] = x->dim[i];
    }
    return hone__infer_set(in, 0, dtype, &out);
}

hone_status hone__rule_unsqueeze(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    hone_dtype dtype = hone__in_dtype(in, 0);
    bool added[HONE_MAX_RANK] = {false};
    int64_t axes[HONE_MAX_RANK];
    uint32_t count;
    int found = hone__in_list(in, "axes", 1, axes, HONE_MAX_RANK, &count);
    if (x == NULL || found < 0) return hone__infer_set(in, 0, dtype, NULL);
    hone_shape out = {.rank = x->rank + (int32_t)count};
    if (out.rank > HONE_MAX_RANK)
        return hone__infer_fail(in, "rank %d is more than the %d supported", (int)out.rank,
                                HONE_MAX_RANK);
    HONE_TRY(mark_axes(in, axes, count, out.rank, added));
    for (int32_t i = 0, from = 0; i < out.rank; ++i) out.dim[i] = added[i] ? 1 : x->dim[from++];
    return hone__infer_set(in, 0, dtype, &out);
}

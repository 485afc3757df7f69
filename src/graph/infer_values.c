/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the contents of small integer tensors -- shapes, axes, bounds -- through the operators
 * with which exporters compute them: Shape -> Gather -> Concat -> Reshape. An entry may be a
 * number, a symbol of the graph or unknown, so that [N,-1] is known as far as it can be.
 *
 * Floats are not followed; comparisons give 0 and 1 for the Where behind them. */
#include "base/bytes.h"
#include "graph/infer.h"
#include <string.h>

static const hone_entry unknown = {HONE_ENTRY_UNKNOWN, 0};

static hone_entry number(int64_t value) {
    return (hone_entry){HONE_ENTRY_NUMBER, value};
}

static hone_entry of_dim(int64_t dim) {
    return (hone_entry){dim >= 0 ? HONE_ENTRY_NUMBER : HONE_ENTRY_SYMBOL, dim};
}

static bool same(hone_entry a, hone_entry b) {
    return a.kind == b.kind && a.value == b.value && a.kind != HONE_ENTRY_UNKNOWN;
}

static bool is_number(hone_entry entry, int64_t value) {
    return entry.kind == HONE_ENTRY_NUMBER && entry.value == value;
}

static bool fits(hone_dtype dtype, int64_t value) {
    return dtype != HONE_S32 || (value >= INT32_MIN && value <= INT32_MAX);
}

static bool is_followed(const hone_value *value) {
    return value != NULL && value->shape.rank >= 0 && value->shape.rank <= 1 &&
           (value->dtype == HONE_S64 || value->dtype == HONE_S32 || value->dtype == HONE_BOOL);
}

/* Room for the contents of `value`, entries unknown; *out NULL when there are too many to follow.
 */
static hone_status make(hone_infer *in, const hone_value *value, uint64_t count,
                        hone_contents **out) {
    *out = NULL;
    if (!is_followed(value) || count > HONE_CONTENTS_MAX) return HONE_OK;
    hone_contents *made = &in->contents[value->id];
    made->entries = hone__arena_alloc(&in->memory, (size_t)count, sizeof *made->entries);
    if (made->entries == NULL) return hone_fail_memory(in->error, sizeof *made->entries);
    made->count = (uint32_t)count;
    made->scalar = value->shape.rank == 0;
    *out = made;
    return HONE_OK;
}

static hone_status make_output(hone_infer *in, uint64_t count, hone_contents **out) {
    return make(in, in->node->output_count > 0 ? in->node->outputs[0] : NULL, count, out);
}

hone_status hone__infer_constant(hone_infer *in, const hone_value *value) {
    hone_contents *made;
    if (!is_followed(value)) return HONE_OK;
    size_t size = hone_dtype_bits(value->dtype) / 8, count = value->bytes / size;
    HONE_TRY(make(in, value, count, &made));
    for (size_t i = 0; made != NULL && i < count; ++i) {
        const uint8_t *at = (const uint8_t *)value->data + i * size;
        made->entries[i] = number(size == 8   ? (int64_t)hone__load64(at)
                                  : size == 4 ? (int32_t)hone__load32(at)
                                              : *at != 0);
    }
    return HONE_OK;
}

/* [start, end) of Shape over `rank` dimensions, clamped as the operator says. */
static void shape_range(const hone_node *node, int32_t rank, int64_t *start, int64_t *end) {
    *start = hone_node_int(node, "start", 0);
    *end = hone_node_int(node, "end", rank);
    if (*start < 0) *start += rank;
    if (*end < 0) *end += rank;
    *start = *start < 0 ? 0 : *start > rank ? rank : *start;
    *end = *end < *start ? *start : *end > rank ? rank : *end;
}

static hone_status follow_shape(hone_infer *in) {
    const hone_shape *shape = hone__in_shape(in, 0);
    hone_contents *made;
    int64_t start, end;
    if (shape == NULL) return HONE_OK;
    shape_range(in->node, shape->rank, &start, &end);
    HONE_TRY(make_output(in, (uint64_t)(end - start), &made));
    for (int64_t i = start; made != NULL && i < end; ++i)
        made->entries[i - start] = of_dim(shape->dim[i]);
    return HONE_OK;
}

static hone_status follow_size(hone_infer *in) {
    const hone_shape *shape = hone__in_shape(in, 0);
    hone_contents *made;
    int64_t elements;
    if (shape == NULL || hone_shape_elements(shape, &elements, NULL) != HONE_OK) return HONE_OK;
    HONE_TRY(make_output(in, 1, &made));
    if (made != NULL) made->entries[0] = number(elements);
    return HONE_OK;
}

/* Identity, Cast, Squeeze, Unsqueeze, Reshape: the same elements. */
static hone_status follow_copy(hone_infer *in) {
    const hone_contents *given = hone__in_contents(in, 0);
    hone_contents *made;
    if (given == NULL) return HONE_OK;
    HONE_TRY(make_output(in, given->count, &made));
    if (made == NULL) return HONE_OK;
    hone_dtype dtype = in->node->outputs[0]->dtype;
    for (uint32_t i = 0; i < given->count; ++i) {
        hone_entry entry = given->entries[i];
        bool kept = dtype == HONE_BOOL
                        ? entry.kind == HONE_ENTRY_NUMBER && entry.value / 2 == 0
                        : entry.kind != HONE_ENTRY_NUMBER || fits(dtype, entry.value);
        if (kept) made->entries[i] = entry;
    }
    return HONE_OK;
}

static hone_status follow_gather(hone_infer *in) {
    const hone_contents *data = hone__in_contents(in, 0), *indices = hone__in_contents(in, 1);
    hone_contents *made;
    if (data == NULL || indices == NULL || data->scalar) return HONE_OK;
    HONE_TRY(make_output(in, indices->count, &made));
    for (uint32_t i = 0; made != NULL && i < indices->count; ++i) {
        int64_t at = indices->entries[i].value;
        if (indices->entries[i].kind != HONE_ENTRY_NUMBER) continue;
        if (at < 0) at += data->count;
        if (at < 0 || at >= data->count)
            return hone__infer_fail(in, "index %lld is outside %u elements",
                                    (long long)indices->entries[i].value, data->count);
        made->entries[i] = data->entries[at];
    }
    return HONE_OK;
}

/* The rule for the output's shape has checked the bounds' types and lengths. */
static hone_status follow_slice(hone_infer *in) {
    const hone_contents *data = hone__in_contents(in, 0);
    const hone_value *output = in->node->outputs[0];
    int64_t start, step = 1;
    hone_contents *made;
    if (data == NULL || data->scalar || !hone__in_int(in, 1, &start)) return HONE_OK;
    if (hone__in(in, 4) != NULL && !hone__in_int(in, 4, &step)) return HONE_OK;
    if (output == NULL || output->shape.rank != 1 || output->shape.dim[0] < 0) return HONE_OK;
    int64_t count = data->count, top = step < 0 ? count - 1 : count;
    if (start < 0) start += count;
    start = start < 0 ? 0 : start > top ? top : start;
    HONE_TRY(make_output(in, (uint64_t)output->shape.dim[0], &made));
    for (uint32_t i = 0; made != NULL && i < made->count; ++i) {
        int64_t at = start + (int64_t)i * step;
        if (at >= 0 && at < count) made->entries[i] = data->entries[at];
    }
    return HONE_OK;
}

static hone_status follow_concat(hone_infer *in) {
    const hone_value *output = in->node->outputs[0];
    hone_contents *made;
    if (output == NULL || output->shape.rank != 1 || output->shape.dim[0] < 0) return HONE_OK;
    HONE_TRY(make_output(in, (uint64_t)output->shape.dim[0], &made));
    for (uint32_t i = 0, at = 0; made != NULL && i < in->node->input_count; ++i) {
        const hone_contents *part = hone__in_contents(in, i);
        const hone_shape *shape = hone__in_shape(in, i);
        if (shape == NULL || shape->rank != 1 || shape->dim[0] < 0) return HONE_OK;
        if (shape->dim[0] > (int64_t)(made->count - at)) return HONE_OK;
        if (part != NULL && part->count == shape->dim[0])
            memcpy(made->entries + at, part->entries, part->count * sizeof *part->entries);
        at += (uint32_t)shape->dim[0];
    }
    return HONE_OK;
}

/* One element of an operator on two numbers; false where it is undefined or overflows. */
static bool apply(hone_op op, int64_t a, int64_t b, int64_t *out) {
    bool small = a > -HONE_DIM_MAX && a < HONE_DIM_MAX && b > -HONE_DIM_MAX && b < HONE_DIM_MAX;
    switch (op) {
    case HONE_OP_Add:
        *out = small ? a + b : 0;
        return small;
    case HONE_OP_Sub:
        *out = small ? a - b : 0;
        return small;
    case HONE_OP_Mul:
        if (!small || (b != 0 && (a < 0 ? -a : a) > HONE_DIM_MAX / (b < 0 ? -b : b))) return false;
        *out = a * b;
        return true;
    case HONE_OP_Div: /* towards zero, as in C */
        if (b == 0 || !small) return false;
        *out = a / b;
        return true;
    case HONE_OP_Min:
        *out = a < b ? a : b;
        return true;
    case HONE_OP_Max:
        *out = a > b ? a : b;
        return true;
    case HONE_OP_Equal:
        *out = a == b;
        return true;
    case HONE_OP_Less:
        *out = a < b;
        return true;
    case HONE_OP_LessOrEqual:
        *out = a <= b;
        return true;
    case HONE_OP_Greater:
        *out = a > b;
        return true;
    case HONE_OP_GreaterOrEqual:
        *out = a >= b;
        return true;
    default:
        return false;
    }
}

/* What holds for symbols too: x+0, x-0, x*1, x/1; a size never equals a negative number. */
static hone_entry combine(hone_op op, hone_dtype dtype, hone_entry a, hone_entry b) {
    int64_t result;
    if (a.kind == HONE_ENTRY_NUMBER && b.kind == HONE_ENTRY_NUMBER)
        return apply(op, a.value, b.value, &result) && fits(dtype, result) ? number(result)
                                                                           : unknown;
    bool sum = op == HONE_OP_Add || op == HONE_OP_Sub;
    bool scale = op == HONE_OP_Mul || op == HONE_OP_Div;
    if ((sum && is_number(b, 0)) || (scale && is_number(b, 1))) return a;
    if ((op == HONE_OP_Add && is_number(a, 0)) || (op == HONE_OP_Mul && is_number(a, 1))) return b;
    if (op == HONE_OP_Sub && same(a, b)) return number(0);
    if (op != HONE_OP_Equal) return unknown;
    if (same(a, b)) return number(1);
    hone_entry constant = a.kind == HONE_ENTRY_NUMBER ? a : b;
    bool other_is_size = a.kind == HONE_ENTRY_SYMBOL || b.kind == HONE_ENTRY_SYMBOL;
    return constant.kind == HONE_ENTRY_NUMBER && constant.value < 0 && other_is_size ? number(0)
                                                                                     : unknown;
}

/* Entry `i` of contents broadcast to `count` elements. */
static hone_entry entry_at(const hone_contents *contents, uint32_t i) {
    return contents->entries[contents->count == 1 ? 0 : i];
}

static hone_status follow_binary(hone_infer *in) {
    const hone_contents *a = hone__in_contents(in, 0), *b = hone__in_contents(in, 1);
    hone_contents *made;
    if (a == NULL || b == NULL || in->node->input_count != 2) return HONE_OK;
    uint32_t count = a->count == 1 ? b->count : a->count;
    if ((a->count != 1 && a->count != count) || (b->count != 1 && b->count != count))
        return HONE_OK;
    HONE_TRY(make_output(in, count, &made));
    if (made == NULL) return HONE_OK;
    hone_dtype dtype = in->node->outputs[0]->dtype;
    for (uint32_t i = 0; i < count; ++i)
        made->entries[i] = combine(in->node->op, dtype, entry_at(a, i), entry_at(b, i));
    return HONE_OK;
}

static hone_status follow_where(hone_infer *in) {
    const hone_contents *parts[3];
    uint32_t count = 1;
    hone_contents *made;
    for (uint32_t i = 0; i < 3; ++i) {
        parts[i] = hone__in_contents(in, i);
        if (parts[i] == NULL) return HONE_OK;
        if (parts[i]->count != 1) count = parts[i]->count;
    }
    for (uint32_t i = 0; i < 3; ++i) {
        if (parts[i]->count != 1 && parts[i]->count != count) return HONE_OK;
    }
    HONE_TRY(make_output(in, count, &made));
    for (uint32_t i = 0; made != NULL && i < count; ++i) {
        hone_entry condition = entry_at(parts[0], i), a = entry_at(parts[1], i);
        hone_entry b = entry_at(parts[2], i);
        if (condition.kind == HONE_ENTRY_NUMBER)
            made->entries[i] = condition.value != 0 ? a : b;
        else if (same(a, b))
            made->entries[i] = a;
    }
    return HONE_OK;
}

static hone_status follow_fill(hone_infer *in) {
    const hone_attr *attr = hone_node_attr(in->node, "value");
    const hone_value *output = in->node->outputs[0];
    hone_contents *made;
    if (attr == NULL || attr->kind != HONE_ATTR_TENSOR || !is_followed(output)) return HONE_OK;
    const hone_tensor *value = attr->as.tensor;
    if (!hone__shape_known(&output->shape) || value->data == NULL) return HONE_OK;
    int64_t count = output->shape.rank == 0 ? 1 : output->shape.dim[0];
    size_t size = hone_dtype_bits(value->dtype) / 8;
    if (size == 0 || value->bytes < size) return HONE_OK;
    HONE_TRY(make_output(in, (uint64_t)count, &made));
    for (uint32_t i = 0; made != NULL && i < made->count; ++i)
        made->entries[i] = number(size == 8   ? (int64_t)hone__load64(value->data)
                                  : size == 4 ? (int32_t)hone__load32(value->data)
                                              : *(const uint8_t *)value->data != 0);
    return HONE_OK;
}

static hone_status follow_range(hone_infer *in) {
    const hone_value *output = in->node->outputs[0];
    hone_contents *made;
    int64_t start, step;
    if (!is_followed(output) || !hone__shape_known(&output->shape)) return HONE_OK;
    if (!hone__in_int(in, 0, &start) || !hone__in_int(in, 2, &step)) return HONE_OK;
    HONE_TRY(make_output(in, (uint64_t)output->shape.dim[0], &made));
    for (uint32_t i = 0; made != NULL && i < made->count; ++i) {
        int64_t offset;
        if (apply(HONE_OP_Mul, i, step, &offset) && apply(HONE_OP_Add, start, offset, &offset))
            made->entries[i] = number(offset);
    }
    return HONE_OK;
}

static hone_status follow_product(hone_infer *in) {
    const hone_contents *given = hone__in_contents(in, 0);
    hone_contents *made;
    if (given == NULL || given->scalar) return HONE_OK;
    HONE_TRY(make_output(in, 1, &made));
    if (made == NULL) return HONE_OK;
    hone_entry product = number(1);
    for (uint32_t i = 0; i < given->count; ++i)
        product = combine(HONE_OP_Mul, in->node->outputs[0]->dtype, product, given->entries[i]);
    made->entries[0] = product;
    return HONE_OK;
}

hone_status hone__infer_contents(hone_infer *in) {
    static const hone_infer_rule followers[HONE_OP_COUNT] = {
        [HONE_OP_Shape] = follow_shape,
        [HONE_OP_Size] = follow_size,
        [HONE_OP_Identity] = follow_copy,
        [HONE_OP_Cast] = follow_copy,
        [HONE_OP_Squeeze] = follow_copy,
        [HONE_OP_Unsqueeze] = follow_copy,
        [HONE_OP_Reshape] = follow_copy,
        [HONE_OP_Gather] = follow_gather,
        [HONE_OP_Slice] = follow_slice,
        [HONE_OP_Concat] = follow_concat,
        [HONE_OP_Add] = follow_binary,
        [HONE_OP_Sub] = follow_binary,
        [HONE_OP_Mul] = follow_binary,
        [HONE_OP_Div] = follow_binary,
        [HONE_OP_Min] = follow_binary,
        [HONE_OP_Max] = follow_binary,
        [HONE_OP_Equal] = follow_binary,
        [HONE_OP_Less] = follow_binary,
        [HONE_OP_LessOrEqual] = follow_binary,
        [HONE_OP_Greater] = follow_binary,
        [HONE_OP_GreaterOrEqual] = follow_binary,
        [HONE_OP_Where] = follow_where,
        [HONE_OP_ConstantOfShape] = follow_fill,
        [HONE_OP_Range] = follow_range,
        [HONE_OP_ReduceProd] = follow_product,
    };
    hone_infer_rule follow = followers[in->node->op];
    return follow != NULL ? follow(in) : HONE_OK;
}

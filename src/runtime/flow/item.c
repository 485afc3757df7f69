/* SPDX-License-Identifier: Apache-2.0 */
/* Items; see item.h. */
#include "runtime/flow/item.h"
#include "base/error.h"

#include <string.h>

static hone_status make(const hone_allocator *allocator, hone_item_kind kind, hone_item **item,
                        hone_error *error) {
    *item = (hone_item *)hone__calloc(allocator, 1, sizeof **item);
    if (!*item) return hone_fail_memory(error, sizeof **item);
    (*item)->allocator = allocator;
    (*item)->users = 1;
    (*item)->kind = kind;
    return HONE_OK;
}

hone_status hone__item_tensor(const hone_allocator *allocator, hone_dtype dtype,
                              const hone_shape *shape, hone_item **item, hone_error *error) {
    size_t bytes = 0;
    *item = NULL;
    HONE_TRY(hone_tensor_bytes(dtype, shape, &bytes, error));
    if (bytes > HONE_ITEM_MOST_BYTES)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "a tensor of %zu bytes at run time",
                         bytes);
    HONE_TRY(make(allocator, HONE_ITEM_TENSOR, item, error));
    (*item)->tensor = (hone_tensor){.dtype = dtype, .shape = *shape, .bytes = bytes};
    (*item)->owned = bytes ? bytes : 1;
    (*item)->tensor.data = hone__alloc_aligned(allocator, (*item)->owned);
    if ((*item)->tensor.data) return HONE_OK;
    (*item)->owned = 0;
    hone__item_release(*item);
    *item = NULL;
    return hone_fail_memory(error, bytes);
}

hone_status hone__item_borrow(const hone_allocator *allocator, const hone_tensor *tensor,
                              hone_item **item, hone_error *error) {
    HONE_TRY(make(allocator, HONE_ITEM_TENSOR, item, error));
    (*item)->tensor = *tensor;
    return HONE_OK;
}

hone_status hone__item_copy(const hone_allocator *allocator, const hone_tensor *tensor,
                            hone_item **item, hone_error *error) {
    HONE_TRY(hone__item_tensor(allocator, tensor->dtype, &tensor->shape, item, error));
    if ((*item)->tensor.bytes) memcpy((*item)->tensor.data, tensor->data, (*item)->tensor.bytes);
    return HONE_OK;
}

hone_status hone__item_int(const hone_allocator *allocator, int64_t value, hone_item **item,
                           hone_error *error) {
    static const hone_shape scalar = {0};
    HONE_TRY(hone__item_tensor(allocator, HONE_S64, &scalar, item, error));
    memcpy((*item)->tensor.data, &value, sizeof value);
    return HONE_OK;
}

hone_status hone__item_bool(const hone_allocator *allocator, bool value, hone_item **item,
                            hone_error *error) {
    static const hone_shape scalar = {0};
    HONE_TRY(hone__item_tensor(allocator, HONE_BOOL, &scalar, item, error));
    *(uint8_t *)(*item)->tensor.data = value;
    return HONE_OK;
}

hone_status hone__item_sequence(const hone_allocator *allocator, hone_dtype dtype, hone_item **item,
                                hone_error *error) {
    HONE_TRY(make(allocator, HONE_ITEM_SEQUENCE, item, error));
    (*item)->tensor.dtype = dtype;
    return HONE_OK;
}

hone_status hone__item_nothing(const hone_allocator *allocator, hone_item **item,
                               hone_error *error) {
    return make(allocator, HONE_ITEM_NOTHING, item, error);
}

hone_item *hone__item_retain(hone_item *item) {
    if (item) item->users++;
    return item;
}

void hone__item_release(hone_item *item) {
    if (!item || --item->users) return;
    const hone_allocator *allocator = item->allocator;
    for (uint32_t i = 0; i < item->count; i++) hone__item_release(item->list[i]);
    hone__free(allocator, item->list, item->room * sizeof(hone_item *));
    if (item->owned) hone__free_aligned(allocator, item->tensor.data, item->owned);
    hone__free(allocator, item, sizeof *item);
}

/* ---- sequences ---- */

static hone_status make_room(hone_item *sequence, uint32_t count, hone_error *error) {
    if (count <= sequence->room) return HONE_OK;
    if (count > HONE_ITEM_MOST_COUNT)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "a sequence of more than %u tensors",
                         HONE_ITEM_MOST_COUNT);
    uint32_t room = count > 8 ? count * 2 : 8;
    hone_item **grown =
        (hone_item **)hone__grow(sequence->allocator, sequence->list,
                                 sequence->room * sizeof(hone_item *), room * sizeof(hone_item *));
    if (!grown) return hone_fail_memory(error, room * sizeof(hone_item *));
    sequence->list = grown;
    sequence->room = room;
    return HONE_OK;
}

hone_status hone__item_insert(hone_item *sequence, uint32_t at, hone_item *tensor,
                              hone_error *error) {
    HONE_TRY(make_room(sequence, sequence->count + 1, error));
    memmove(sequence->list + at + 1, sequence->list + at,
            (sequence->count - at) * sizeof(hone_item *));
    sequence->list[at] = hone__item_retain(tensor);
    sequence->count++;
    return HONE_OK;
}

hone_status hone__item_clone(const hone_item *sequence, hone_item **clone, hone_error *error) {
    HONE_TRY(hone__item_sequence(sequence->allocator, sequence->tensor.dtype, clone, error));
    hone_status status = sequence->count ? make_room(*clone, sequence->count, error) : HONE_OK;
    if (status != HONE_OK) {
        hone__item_release(*clone);
        *clone = NULL;
        return status;
    }
    for (uint32_t i = 0; i < sequence->count; i++)
        (*clone)->list[i] = hone__item_retain(sequence->list[i]);
    (*clone)->count = sequence->count;
    return HONE_OK;
}

/* ---- joining and cutting ---- */

static bool same_but(const hone_shape *a, const hone_shape *b, int32_t axis) {
    if (a->rank != b->rank) return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (i != axis && a->dim[i] != b->dim[i]) return false;
    return true;
}

/* The shape of the whole; axis -1 compares all dimensions. */
static hone_status joined_shape(const hone_joining *j, int32_t *axis, hone_shape *shape,
                                hone_error *error) {
    const hone_tensor *first = &j->list[0]->tensor;
    int32_t rank = first->shape.rank + (j->stacked ? 1 : 0);
    int64_t at = j->axis < 0 ? j->axis + rank : j->axis, total = 0;
    if (at < 0 || at >= rank || rank > HONE_MAX_RANK)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "no axis %lld to join tensors along",
                         (long long)j->axis);
    *axis = (int32_t)at;
    for (uint32_t i = 0; i < j->count; i++) {
        const hone_tensor *t = &j->list[i]->tensor;
        if (j->list[i]->kind != HONE_ITEM_TENSOR || t->dtype != first->dtype ||
            hone_dtype_bits(t->dtype) % 8 != 0 || !hone_dtype_bits(t->dtype) ||
            !same_but(&t->shape, &first->shape, j->stacked ? -1 : *axis))
            return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                             "tensors of a list do not fit together");
        total += j->stacked ? 1 : t->shape.dim[*axis];
    }
    *shape = first->shape;
    shape->rank = rank;
    for (int32_t i = rank - 1; j->stacked && i > *axis; i--) shape->dim[i] = shape->dim[i - 1];
    shape->dim[*axis] = total;
    return HONE_OK;
}

hone_status hone__items_join(const hone_allocator *allocator, const hone_joining *joining,
                             hone_item **joined, hone_error *error) {
    hone_shape shape;
    int32_t axis;
    *joined = NULL;
    if (!joining->count)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "an empty list cannot be joined");
    HONE_TRY(joined_shape(joining, &axis, &shape, error));
    hone_dtype dtype = joining->list[0]->tensor.dtype;
    HONE_TRY(hone__item_tensor(allocator, dtype, &shape, joined, error));
    size_t bits = hone_dtype_bits(dtype);
    size_t outer = (size_t)hone__shape_span(&shape, 0, axis);
    size_t inner = (size_t)hone__shape_span(&shape, axis + 1, shape.rank) * (bits / 8);
    size_t row = inner * (size_t)shape.dim[axis], at = 0;
    for (uint32_t i = 0; i < joining->count && outer && row; i++) {
        uint32_t from = joining->backwards ? joining->count - 1 - i : i;
        const hone_tensor *t = &joining->list[from]->tensor;
        size_t piece = t->bytes / outer;
        for (size_t o = 0; o < outer && piece; o++)
            memcpy((uint8_t *)(*joined)->tensor.data + o * row + at,
                   (const uint8_t *)t->data + o * piece, piece);
        at += piece;
    }
    return HONE_OK;
}

hone_status hone__item_slice(const hone_item *item, int32_t axis, int64_t begin, int64_t count,
                             bool squeezed, hone_item **slice, hone_error *error) {
    const hone_tensor *t = &item->tensor;
    hone_shape shape = t->shape;
    size_t bits = hone_dtype_bits(t->dtype);
    *slice = NULL;
    if (!bits || bits % 8 != 0)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "slices of type %s",
                         hone_dtype_name(t->dtype));
    size_t outer = (size_t)hone__shape_span(&shape, 0, axis);
    size_t inner = (size_t)hone__shape_span(&shape, axis + 1, shape.rank) * (bits / 8);
    size_t row = inner * (size_t)shape.dim[axis], piece = inner * (size_t)count;
    shape.dim[axis] = count;
    for (int32_t i = axis; squeezed && i + 1 < shape.rank; i++) shape.dim[i] = shape.dim[i + 1];
    if (squeezed) shape.rank--;
    HONE_TRY(hone__item_tensor(item->allocator, t->dtype, &shape, slice, error));
    for (size_t o = 0; o < outer && piece; o++)
        memcpy((uint8_t *)(*slice)->tensor.data + o * piece,
               (const uint8_t *)t->data + o * row + inner * (size_t)begin, piece);
    return HONE_OK;
}

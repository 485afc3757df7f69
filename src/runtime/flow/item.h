/* SPDX-License-Identifier: Apache-2.0 */
/* What flows between the parts of a flow: a tensor, a sequence of tensors, or nothing (an empty
 * optional). Counted: whoever keeps one retains it. Contents never change while more than one keeps
 * it. */
#ifndef HONE_RUNTIME_FLOW_ITEM_H
#define HONE_RUNTIME_FLOW_ITEM_H

#include "base/alloc.h"
#include "tensor/tensor.h"

#define HONE_ITEM_MOST_BYTES ((size_t)16 << 30) /* of one tensor */
#define HONE_ITEM_MOST_COUNT (1u << 20)         /* of tensors in one sequence */

typedef enum hone_item_kind {
    HONE_ITEM_NOTHING = 0,
    HONE_ITEM_TENSOR,
    HONE_ITEM_SEQUENCE
} hone_item_kind;

typedef struct hone_item hone_item;
struct hone_item {
    const hone_allocator *allocator;
    uint32_t users;
    hone_item_kind kind;
    hone_tensor tensor; /* of a sequence: dtype of its elements, where known */
    size_t owned;       /* bytes at tensor.data; 0: borrowed */
    hone_item **list;
    uint32_t count, room;
};

/* A tensor of that type and shape, not cleared; its memory is never NULL. HONE_LIMIT over
 * HONE_ITEM_MOST_BYTES. */
hone_status hone__item_tensor(const hone_allocator *allocator, hone_dtype dtype,
                              const hone_shape *shape, hone_item **item, hone_error *error);
/* One that looks at the caller's memory. */
hone_status hone__item_borrow(const hone_allocator *allocator, const hone_tensor *tensor,
                              hone_item **item, hone_error *error);
/* A dense copy. */
hone_status hone__item_copy(const hone_allocator *allocator, const hone_tensor *tensor,
                            hone_item **item, hone_error *error);
/* Scalars. */
hone_status hone__item_int(const hone_allocator *allocator, int64_t value, hone_item **item,
                           hone_error *error);
hone_status hone__item_bool(const hone_allocator *allocator, bool value, hone_item **item,
                            hone_error *error);
hone_status hone__item_sequence(const hone_allocator *allocator, hone_dtype dtype, hone_item **item,
                                hone_error *error);
hone_status hone__item_nothing(const hone_allocator *allocator, hone_item **item,
                               hone_error *error);

hone_item *hone__item_retain(hone_item *item); /* NULL is fine */
void hone__item_release(hone_item *item);      /* NULL is fine */

/* Puts a tensor (retained) before `at` <= count of a sequence that nobody else keeps. */
hone_status hone__item_insert(hone_item *sequence, uint32_t at, hone_item *tensor,
                              hone_error *error);
/* A sequence of the same tensors that nobody else keeps. */
hone_status hone__item_clone(const hone_item *sequence, hone_item **clone, hone_error *error);

/* All tensors of a list one behind another along `axis`, which is a new one with `stacked`;
 * `backwards`: the last first. */
typedef struct hone_joining {
    hone_item *const *list;
    uint32_t count;
    int64_t axis;
    bool stacked, backwards;
} hone_joining;
hone_status hone__items_join(const hone_allocator *allocator, const hone_joining *joining,
                             hone_item **joined, hone_error *error);
/* Elements [begin, begin + count) of `axis`; `squeezed`: count is 1 and the axis goes. */
hone_status hone__item_slice(const hone_item *item, int32_t axis, int64_t begin, int64_t count,
                             bool squeezed, hone_item **slice, hone_error *error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences and optionals; and which operators have handlers. */
#include "base/error.h"
#include "ops/element.h"
#include "runtime/flow/flow.h"

#include <string.h>

hone_handler hone__flow_handler(hone_op op) {
    static const hone_handler handlers[HONE_OP_COUNT] = {
        [HONE_OP_If] = hone__flow_if,
        [HONE_OP_Loop] = hone__flow_loop,
        [HONE_OP_Scan] = hone__flow_scan,
        [HONE_OP_SequenceMap] = hone__flow_sequence_map,
        [HONE_OP_SequenceEmpty] = hone__flow_sequence,
        [HONE_OP_SequenceConstruct] = hone__flow_sequence,
        [HONE_OP_SequenceInsert] = hone__flow_sequence,
        [HONE_OP_SequenceErase] = hone__flow_sequence,
        [HONE_OP_SequenceAt] = hone__flow_sequence,
        [HONE_OP_SequenceLength] = hone__flow_sequence,
        [HONE_OP_ConcatFromSequence] = hone__flow_sequence,
        [HONE_OP_SplitToSequence] = hone__flow_split,
        [HONE_OP_Optional] = hone__flow_optional,
        [HONE_OP_OptionalHasElement] = hone__flow_optional,
        [HONE_OP_OptionalGetElement] = hone__flow_optional,
        [HONE_OP_Identity] = hone__flow_identity,
    };
    return (unsigned)op < HONE_OP_COUNT ? handlers[op] : NULL;
}

static const hone_allocator *allocator_of(const hone_flow *flow) {
    return flow->planning->options.allocator;
}

hone_status hone__part_int(hone_flow *flow, const hone_part *part, uint32_t index,
                           int64_t otherwise, int64_t *value, hone_error *error) {
    hone_item *item;
    HONE_TRY(hone__part_input(flow, part, index, &item, error));
    *value = otherwise;
    if (!item) return HONE_OK;
    const hone_tensor *t = &item->tensor;
    hone__kind kind = hone__kind_of(t->dtype);
    int64_t count = 0;
    bool number =
        item->kind == HONE_ITEM_TENSOR && (kind == HONE__SIGNED || kind == HONE__UNSIGNED);
    if (!number || hone_shape_elements(&t->shape, &count, NULL) != HONE_OK || count != 1)
        return hone__part_fail(part, HONE_SHAPE, error, "input %u is not one integer",
                               (unsigned)index);
    *value = hone__int_at(t->dtype, t->data, 0);
    return HONE_OK;
}

static hone_status take_sequence(hone_flow *flow, const hone_part *part, hone_item **item,
                                 hone_error *error) {
    HONE_TRY(hone__part_input(flow, part, 0, item, error));
    if (*item && (*item)->kind == HONE_ITEM_SEQUENCE) return HONE_OK;
    return hone__part_fail(part, HONE_SHAPE, error, "its input is not a sequence");
}

/* ---- single operators; each gives one item ---- */

static hone_status construct(hone_flow *flow, const hone_part *part, hone_item **out,
                             hone_error *error) {
    const hone_node *node = part->nodes[0];
    int64_t dtype = hone_node_int(node, "dtype", HONE_F32);
    hone_item *item;
    if (dtype <= HONE_DTYPE_NONE || dtype >= HONE_DTYPE_COUNT) dtype = HONE_F32;
    HONE_TRY(hone__item_sequence(allocator_of(flow), (hone_dtype)dtype, out, error));
    for (uint32_t i = 0; i < node->input_count; i++) {
        HONE_TRY(hone__part_input(flow, part, i, &item, error));
        if (!item || item->kind != HONE_ITEM_TENSOR)
            return hone__part_fail(part, HONE_SHAPE, error, "a sequence holds tensors only");
        (*out)->tensor.dtype = item->tensor.dtype;
        HONE_TRY(hone__item_insert(*out, i, item, error));
    }
    return HONE_OK;
}

/* The place that input `index` says, `otherwise` where it is missing; at most `most`. */
static hone_status place(hone_flow *flow, const hone_part *part, uint32_t index, uint32_t count,
                         int64_t otherwise, int64_t most, uint32_t *at, hone_error *error) {
    int64_t value;
    HONE_TRY(hone__part_int(flow, part, index, otherwise, &value, error));
    if (value < 0) value += count;
    if (value < 0 || value > most)
        return hone__part_fail(part, HONE_SHAPE, error, "no place %lld in a sequence of %u",
                               (long long)value, (unsigned)count);
    *at = (uint32_t)value;
    return HONE_OK;
}

static hone_status insert(hone_flow *flow, const hone_part *part, hone_item **out,
                          hone_error *error) {
    hone_item *sequence, *tensor;
    uint32_t at;
    HONE_TRY(take_sequence(flow, part, &sequence, error));
    HONE_TRY(hone__part_input(flow, part, 1, &tensor, error));
    if (!tensor || tensor->kind != HONE_ITEM_TENSOR)
        return hone__part_fail(part, HONE_SHAPE, error, "a sequence holds tensors only");
    HONE_TRY(place(flow, part, 2, sequence->count, sequence->count, sequence->count, &at, error));
    HONE_TRY(hone__item_clone(sequence, out, error));
    return hone__item_insert(*out, at, tensor, error);
}

static hone_status erase(hone_flow *flow, const hone_part *part, hone_item **out,
                         hone_error *error) {
    hone_item *sequence;
    uint32_t at;
    HONE_TRY(take_sequence(flow, part, &sequence, error));
    HONE_TRY(place(flow, part, 1, sequence->count, (int64_t)sequence->count - 1,
                   (int64_t)sequence->count - 1, &at, error));
    HONE_TRY(hone__item_clone(sequence, out, error));
    hone__item_release((*out)->list[at]);
    memmove((*out)->list + at, (*out)->list + at + 1,
            ((*out)->count - at - 1) * sizeof(hone_item *));
    (*out)->count--;
    return HONE_OK;
}

static hone_status element(hone_flow *flow, const hone_part *part, hone_item **out,
                           hone_error *error) {
    hone_item *sequence;
    uint32_t at;
    HONE_TRY(take_sequence(flow, part, &sequence, error));
    HONE_TRY(place(flow, part, 1, sequence->count, 0, (int64_t)sequence->count - 1, &at, error));
    *out = hone__item_retain(sequence->list[at]);
    return HONE_OK;
}

static hone_status concat(hone_flow *flow, const hone_part *part, hone_item **out,
                          hone_error *error) {
    hone_item *sequence;
    const hone_node *node = part->nodes[0];
    HONE_TRY(take_sequence(flow, part, &sequence, error));
    hone_joining joining = {.list = sequence->list,
                            .count = sequence->count,
                            .axis = hone_node_int(node, "axis", 0),
                            .stacked = hone_node_int(node, "new_axis", 0) != 0};
    return hone__items_join(allocator_of(flow), &joining, out, error);
}

static hone_status length(hone_flow *flow, const hone_part *part, hone_item **out,
                          hone_error *error) {
    hone_item *sequence;
    HONE_TRY(take_sequence(flow, part, &sequence, error));
    return hone__item_int(allocator_of(flow), sequence->count, out, error);
}

static hone_status finish(hone_flow *flow, const hone_part *part, hone_status status,
                          hone_item *out) {
    if (status == HONE_OK)
        hone__flow_put(flow, part->nodes[0]->outputs[0], out);
    else
        hone__item_release(out);
    return status;
}

hone_status hone__flow_sequence(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    hone_item *out = NULL;
    hone_status status;
    switch (part->nodes[0]->op) {
    case HONE_OP_SequenceInsert:
        status = insert(flow, part, &out, run->error);
        break;
    case HONE_OP_SequenceErase:
        status = erase(flow, part, &out, run->error);
        break;
    case HONE_OP_SequenceAt:
        status = element(flow, part, &out, run->error);
        break;
    case HONE_OP_SequenceLength:
        status = length(flow, part, &out, run->error);
        break;
    case HONE_OP_ConcatFromSequence:
        status = concat(flow, part, &out, run->error);
        break;
    default:
        status = construct(flow, part, &out, run->error);
        break;
    }
    return finish(flow, part, status, out);
}

/* ---- SplitToSequence ---- */

typedef struct splitting {
    const hone_item *whole, *sizes; /* sizes NULL: pieces of one */
    int32_t axis;
    bool squeezed;
} splitting;

/* The size of piece `index`, of what is left. */
static int64_t piece_size(const splitting *s, uint32_t index, int64_t left) {
    if (!s->sizes) return 1;
    const hone_tensor *t = &s->sizes->tensor;
    if (t->shape.rank == 0) {
        int64_t size = hone__int_at(t->dtype, t->data, 0);
        return size < left ? size : left;
    }
    return index < t->shape.dim[0] ? hone__int_at(t->dtype, t->data, index) : -1;
}

static hone_status split(const hone_part *part, const splitting *s, hone_item *out,
                         hone_error *error) {
    int64_t dim = s->whole->tensor.shape.dim[s->axis], at = 0;
    bool listed = s->sizes && s->sizes->tensor.shape.rank == 1;
    int64_t pieces = listed ? s->sizes->tensor.shape.dim[0] : INT64_MAX;
    for (uint32_t i = 0; listed ? i < pieces : at < dim; i++) {
        int64_t size = piece_size(s, i, dim - at);
        hone_item *piece;
        if (size < 0 || size > dim - at || (size == 0 && !listed))
            return hone__part_fail(part, HONE_SHAPE, error, "pieces do not fit the tensor");
        HONE_TRY(hone__item_slice(s->whole, s->axis, at, size, s->squeezed, &piece, error));
        hone_status status = hone__item_insert(out, i, piece, error);
        hone__item_release(piece);
        HONE_TRY(status);
        at += size;
    }
    return at == dim ? HONE_OK
                     : hone__part_fail(part, HONE_SHAPE, error, "pieces do not fill the tensor");
}

hone_status hone__flow_split(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    const hone_node *node = part->nodes[0];
    hone_item *whole, *sizes, *out = NULL;
    HONE_TRY(hone__part_input(flow, part, 0, &whole, run->error));
    HONE_TRY(hone__part_input(flow, part, 1, &sizes, run->error));
    int32_t rank = whole && whole->kind == HONE_ITEM_TENSOR ? whole->tensor.shape.rank : 0;
    int64_t axis = hone_node_int(node, "axis", 0);
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank)
        return hone__part_fail(part, HONE_SHAPE, run->error, "no such axis");
    if (sizes && (sizes->kind != HONE_ITEM_TENSOR || sizes->tensor.shape.rank > 1 ||
                  hone__kind_of(sizes->tensor.dtype) != HONE__SIGNED))
        return hone__part_fail(part, HONE_SHAPE, run->error, "its sizes are no list of integers");
    splitting s = {whole, sizes, (int32_t)axis, !sizes && !hone_node_int(node, "keepdims", 1)};
    HONE_TRY(hone__item_sequence(allocator_of(flow), whole->tensor.dtype, &out, run->error));
    return finish(flow, part, split(part, &s, out, run->error), out);
}

/* ---- optionals ---- */

hone_status hone__flow_optional(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    hone_item *item, *out = NULL;
    hone_status status = HONE_OK;
    HONE_TRY(hone__part_input(flow, part, 0, &item, run->error));
    bool there = item && item->kind != HONE_ITEM_NOTHING;
    switch (part->nodes[0]->op) {
    case HONE_OP_OptionalHasElement:
        status = hone__item_bool(allocator_of(flow), there, &out, run->error);
        break;
    case HONE_OP_Optional:
        if (!item)
            status = hone__item_nothing(allocator_of(flow), &out, run->error);
        else
            out = hone__item_retain(item);
        break;
    default:
        if (!there) return hone__part_fail(part, HONE_SHAPE, run->error, "the optional is empty");
        out = hone__item_retain(item);
        break;
    }
    return finish(flow, part, status, out);
}

hone_status hone__flow_identity(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    hone_item *item;
    HONE_TRY(hone__part_input(flow, part, 0, &item, run->error));
    if (!item) return hone__part_fail(part, HONE_SHAPE, run->error, "its input is missing");
    return finish(flow, part, HONE_OK, hone__item_retain(item));
}

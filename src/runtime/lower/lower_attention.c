/* SPDX-License-Identifier: Apache-2.0 */
/* Attention on floats as one fused step, after the past keys and values were joined with the new
 * ones. Soft caps, lengths, and asking for scores are the reference's. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <math.h>

enum { Q, K, V, MASK, PAST_K, PAST_V, LENGTHS };

static const hone_value *input_of(const hone_node *node, uint32_t index) {
    return index < node->input_count ? node->inputs[index] : NULL;
}
static const hone_value *output_of(const hone_node *node, uint32_t index) {
    return index < node->output_count ? node->outputs[index] : NULL;
}

/* (batch, heads, length, size) of a tensor of either layout; rank 0 where it is neither. */
static hone_shape heads_shape(const hone_value *value, int64_t heads) {
    const int64_t *dim = value->shape.dim;
    if (value->shape.rank == 4) return value->shape;
    if (value->shape.rank != 3 || heads < 1 || dim[2] % heads) return (hone_shape){.rank = 0};
    return (hone_shape){.rank = 4, .dim = {dim[0], heads, dim[1], dim[2] / heads}};
}

typedef struct attention_shapes {
    hone_shape q, k, v, past_k, past_v;
    int64_t q_heads, kv_heads;
} attention_shapes;

static bool countable(const hone_shape *shape) {
    int64_t product = 1;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1 || shape->dim[i] > INT32_MAX / product) return false;
        product *= shape->dim[i];
    }
    return shape->rank == 4;
}

/* The past of keys or values has their shape but for its length. */
static bool past_fits(const hone_value *past, const hone_shape *now) {
    if (!past) return true;
    const int64_t *dim = past->shape.dim;
    return hone__value_is_float(past) && past->shape.rank == 4 && dim[0] == now->dim[0] &&
           dim[1] == now->dim[1] && dim[2] >= 1 && dim[3] == now->dim[3];
}

static bool mask_fits(const hone_value *mask, const attention_shapes *s, int64_t keys) {
    if (!mask) return true;
    int64_t wanted[4] = {s->q.dim[0], s->q.dim[1], s->q.dim[2], keys};
    int32_t rank = mask->shape.rank;
    if ((mask->dtype != HONE_F32 && mask->dtype != HONE_BOOL) || rank < 1 || rank > 4) return false;
    if (mask->shape.dim[rank - 1] != keys) return false;
    for (int32_t i = 0; i < rank; i++)
        if (mask->shape.dim[i] != 1 && mask->shape.dim[i] != wanted[i + 4 - rank]) return false;
    return true;
}

static bool shapes_of(const hone_node *node, attention_shapes *s) {
    const hone_value *past_k = input_of(node, PAST_K), *past_v = input_of(node, PAST_V);
    s->q_heads = hone_node_int(node, "q_num_heads", 0);
    s->kv_heads = hone_node_int(node, "kv_num_heads", 0);
    s->q = heads_shape(node->inputs[Q], s->q_heads);
    s->k = heads_shape(node->inputs[K], s->kv_heads);
    s->v = heads_shape(node->inputs[V], s->kv_heads);
    if (!countable(&s->q) || !countable(&s->k) || !countable(&s->v)) return false;
    const int64_t *q = s->q.dim, *k = s->k.dim, *v = s->v.dim;
    int64_t past = past_k ? past_k->shape.dim[2] : 0;
    if (!past_k != !past_v || !past_fits(past_k, &s->k) || !past_fits(past_v, &s->v)) return false;
    if (past_v && past_v->shape.dim[2] != past) return false;
    return q[0] == k[0] && k[0] == v[0] && k[1] == v[1] && q[1] % k[1] == 0 && q[3] == k[3] &&
           k[2] == v[2] && mask_fits(input_of(node, MASK), s, k[2] + past);
}

static bool usable(const hone_node *node) {
    for (uint32_t i = Q; i <= V; i++)
        if (!hone__value_is_float(input_of(node, i))) return false;
    return !input_of(node, LENGTHS) && !output_of(node, 3) &&
           hone_node_float(node, "softcap", 0.0f) == 0.0f;
}

/* A dense value as (batch, heads, length, size). */
static hone_view heads_view(const hone_view *dense, const hone_shape *shape, bool flat) {
    static const int32_t perm[] = {0, 2, 1, 3};
    hone_shape own = *shape;
    if (flat) own.dim[1] = shape->dim[2], own.dim[2] = shape->dim[1];
    hone_view view = hone__view_dense(dense->buffer, &own);
    view.offset = dense->offset;
    return flat ? hone__view_permute(&view, perm) : view;
}

static hone_status lower_heads(hone_lowering *lowering, const hone_value *value,
                               const hone_shape *shape, hone_view *view, hone_error *error) {
    hone_view dense;
    HONE_TRY(hone__lower_view(lowering, value, HONE_CODE_PLAIN, view, error));
    if (view->rank == 4 && view->stride[3] == 1) return HONE_OK; /* split by a Transpose */
    HONE_TRY(hone__lower_form(lowering, value, HONE_CODE_PLAIN, HONE_FORM_DENSE, &dense, error));
    *view = heads_view(&dense, shape, value->shape.rank == 3);
    return HONE_OK;
}

/* Keys or values with their past before them: in the output `present`, or where they are. */
static hone_status join_past(hone_lowering *lowering, const hone_node *node, const hone_value *past,
                             const hone_value *present, hone_view *view, hone_error *error) {
    if (!past && !present) return HONE_OK;
    int64_t before = past ? past->shape.dim[2] : 0, length = view->dim[2];
    hone_shape shape = {.rank = 4,
                        .dim = {view->dim[0], view->dim[1], before + length, view->dim[3]}};
    hone_view all, from, to;
    hone_label label = {.name = node->name, .op = "Past"};
    if (present) {
        HONE_TRY(
            hone__lower_output(lowering, present, HONE_CODE_PLAIN, HONE_FORM_DENSE, &all, error));
    } else {
        uint32_t buffer = 0;
        all = hone__view_dense(0, &shape);
        HONE_TRY(hone__lower_buffer(lowering, node->name, HONE_F32, hone__view_elements(&all),
                                    &buffer, error));
        all.buffer = buffer;
    }
    if (past) {
        HONE_TRY(hone__lower_view(lowering, past, HONE_CODE_PLAIN, &from, error));
        to = hone__view_slice(&all, 2, 0, 1, before);
        HONE_TRY(hone__step_move(lowering->program, &label, &to, &from, error));
    }
    to = hone__view_slice(&all, 2, before, 1, length);
    HONE_TRY(hone__step_move(lowering->program, &label, &to, view, error));
    *view = all;
    return HONE_OK;
}

static hone_status lower_mask(hone_lowering *lowering, const hone_node *node,
                              hone_attention_call *call, hone_view *view, hone_error *error) {
    const hone_value *mask = input_of(node, MASK);
    if (!mask) return HONE_OK;
    const int64_t *q = call->q->dim;
    hone_shape shape = {.rank = 4, .dim = {q[0], q[1], q[2], call->k->dim[2]}};
    HONE_TRY(hone__lower_view(lowering, mask, HONE_CODE_PLAIN, view, error));
    *view = hone__view_broadcast(view, &shape);
    call->mask = view;
    call->mask_bool = mask->dtype == HONE_BOOL;
    return HONE_OK;
}

hone_status hone__emit_attention(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error) {
    attention_shapes s = {0};
    if (group || node->op != HONE_OP_Attention || !usable(node) || !shapes_of(node, &s))
        return HONE_OK;
    *taken = true;
    hone_view q, k, v, dense, out, mask;
    const hone_value *y = node->outputs[0], *past = input_of(node, PAST_K);
    hone_shape y_shape = s.q;
    y_shape.dim[3] = s.v.dim[3];
    HONE_TRY(lower_heads(lowering, node->inputs[Q], &s.q, &q, error));
    HONE_TRY(lower_heads(lowering, node->inputs[K], &s.k, &k, error));
    HONE_TRY(lower_heads(lowering, node->inputs[V], &s.v, &v, error));
    HONE_TRY(join_past(lowering, node, past, output_of(node, 1), &k, error));
    HONE_TRY(join_past(lowering, node, input_of(node, PAST_V), output_of(node, 2), &v, error));
    hone_attention_call call = {.q = &q,
                                .k = &k,
                                .v = &v,
                                .past = past ? past->shape.dim[2] : 0,
                                .causal = hone_node_int(node, "is_causal", 0) != 0};
    HONE_TRY(lower_mask(lowering, node, &call, &mask, error));
    HONE_TRY(hone__lower_output(lowering, y, HONE_CODE_PLAIN, HONE_FORM_DENSE, &dense, error));
    out = heads_view(&dense, &y_shape, y->shape.rank == 3);
    call.out = &out;
    float usual = (float)(1.0 / sqrt((double)s.q.dim[3]));
    call.scale = hone_node_attr(node, "scale") ? hone_node_float(node, "scale", 1.0f) : usual;
    hone_label label = {
        .name = node->name, .op = "Attention", .multiply_adds = hone_node_multiply_adds(node)};
    return hone__step_attention(lowering->program, &label, &call, error);
}

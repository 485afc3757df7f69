/* SPDX-License-Identifier: Apache-2.0 */
/* Shape rules of normalization, recurrent layers, attention and losses. */
#include "graph/infer.h"
#include <string.h>

/* x, scale, bias, mean, variance; mean and variance again when training. */
hone_status hone__rule_batch_norm(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    for (uint32_t i = 1; i < 5; ++i) {
        const hone_shape *vector = hone__in_shape(in, i);
        int64_t ignored;
        if (vector == NULL) continue;
        if (vector->rank != 1) return hone__infer_fail(in, "input %u is not a vector", i);
        if (x != NULL && x->rank > 1)
            HONE_TRY(
                hone__dim_same(in, x->dim[1], vector->dim[0], "one number a channel", &ignored));
    }
    HONE_TRY(hone__infer_set(in, 1, hone__in_dtype(in, 3), hone__in_shape(in, 3)));
    HONE_TRY(hone__infer_set(in, 2, hone__in_dtype(in, 4), hone__in_shape(in, 4)));
    return hone__infer_set(in, 0, hone__in_dtype(in, 0), x);
}

/* The second and third output hold one number a normalized group. */
hone_status hone__rule_layer_norm(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0);
    int64_t stash = hone_node_int(in->node, "stash_type", HONE_F32);
    int32_t axis;
    if (stash <= 0 || stash >= HONE_DTYPE_COUNT)
        return hone__infer_fail(in, "attribute stash_type names an unknown type");
    hone_shape groups = x != NULL ? *x : hone__shape_unknown();
    if (x != NULL)
        HONE_TRY(hone__infer_axis(in, hone_node_int(in->node, "axis", -1), x->rank, &axis));
    for (int32_t i = x != NULL ? axis : 0; i < groups.rank; ++i) groups.dim[i] = 1;
    const hone_shape *known = x != NULL ? &groups : NULL;
    HONE_TRY(hone__infer_set(in, 1, (hone_dtype)stash, known));
    HONE_TRY(hone__infer_set(in, 2, (hone_dtype)stash, known));
    return hone__infer_set(in, 0, hone__in_dtype(in, 0), x);
}

/* x [time, batch, input] (layout 1: [batch, time, input]), w [directions, gates * hidden, input],
 * r [directions, gates * hidden, hidden]; y [time, directions, batch, hidden] or [batch, time,
 * directions, hidden], y_h and y_c [directions, batch, hidden] or [batch, directions, hidden]. */
hone_status hone__rule_recurrent(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0), *w = hone__in_shape(in, 1);
    const hone_shape *r = hone__in_shape(in, 2);
    const char *direction = hone_node_string(in->node, "direction", "forward");
    bool batch_first = hone_node_int(in->node, "layout", 0) != 0;
    int64_t ignored;
    hone_dtype dtype = hone__in_dtype(in, 0);
    if (x == NULL || w == NULL || r == NULL) {
        HONE_TRY(hone__infer_set_rank(in, 0, dtype, 4));
        HONE_TRY(hone__infer_set_rank(in, 1, dtype, 3));
        return hone__infer_set_rank(in, 2, dtype, 3);
    }
    if (x->rank != 3 || w->rank != 3 || r->rank != 3)
        return hone__infer_fail(in, "wants inputs of rank 3");
    int64_t gates = in->node->op == HONE_OP_LSTM ? 4 : in->node->op == HONE_OP_GRU ? 3 : 1;
    int64_t directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    int64_t hidden = hone_node_int(in->node, "hidden_size", r->dim[2]);
    if (hone_node_attr(in->node, "hidden_size") != NULL && hidden < 1)
        return hone__infer_fail(in, "attribute hidden_size is out of range");
    HONE_TRY(hone__dim_same(in, hidden, r->dim[2], "hidden_size", &hidden));
    HONE_TRY(hone__dim_same(in, directions, w->dim[0], "directions", &ignored));
    HONE_TRY(hone__dim_same(in, directions, r->dim[0], "directions", &ignored));
    HONE_TRY(hone__dim_same(in, x->dim[2], w->dim[2], "input size", &ignored));
    if (hidden >= 0) {
        int64_t rows;
        HONE_TRY(hone__dim_product(in, gates, hidden, &rows));
        HONE_TRY(hone__dim_same(in, rows, w->dim[1], "gates x hidden_size", &ignored));
        HONE_TRY(hone__dim_same(in, rows, r->dim[1], "gates x hidden_size", &ignored));
    }
    int64_t time = x->dim[batch_first], batch = x->dim[!batch_first];
    hone_shape y = {.rank = 4, .dim = {time, directions, batch, hidden}};
    hone_shape last = {.rank = 3, .dim = {directions, batch, hidden}};
    if (batch_first) {
        y = hone__shape(4, (const int64_t[]){batch, time, directions, hidden});
        last = hone__shape(3, (const int64_t[]){batch, directions, hidden});
    }
    HONE_TRY(hone__infer_set(in, 0, dtype, &y));
    HONE_TRY(hone__infer_set(in, 1, dtype, &last));
    return hone__infer_set(in, 2, dtype, &last);
}

/* One of Attention's inputs as [batch, heads, length, size]: rank 3 holds heads * size. */
static hone_status split_heads(hone_infer *in, uint32_t index, const char *heads_attribute,
                               hone_shape *out) {
    const hone_shape *x = hone__in_shape(in, index);
    int64_t heads = hone_node_int(in->node, heads_attribute, 0);
    *out = *x;
    if (x->rank == 4) return HONE_OK;
    if (x->rank != 3) return hone__infer_fail(in, "wants inputs of rank 3 or 4");
    if (heads < 1 || heads > HONE_DIM_MAX)
        return hone__infer_fail(in, "attribute %s is out of range", heads_attribute);
    if (x->dim[2] >= 0 && x->dim[2] % heads != 0)
        return hone__infer_fail(in, "%lld does not divide into %lld heads", (long long)x->dim[2],
                                (long long)heads);
    *out = hone__shape(4, (const int64_t[]){x->dim[0], heads, x->dim[1], 0});
    return hone__dim_affine(in, x->dim[2], 0, heads, &out->dim[3]);
}

/* q, k, v, mask, past key, past value; y, present key, present value, qk product */
hone_status hone__rule_attention(hone_infer *in) {
    const hone_shape *x = hone__in_shape(in, 0), *past = hone__in_shape(in, 4);
    hone_dtype dtype = hone__in_dtype(in, 0), k_dtype = hone__in_dtype(in, 1);
    hone_dtype v_dtype = hone__in_dtype(in, 2);
    hone_shape q, k, v, out;
    bool waits = hone__in(in, 4) != NULL && past == NULL;
    if (x == NULL || !hone__in_shape(in, 1) || !hone__in_shape(in, 2) || waits) {
        HONE_TRY(hone__infer_set_rank(in, 1, k_dtype, 4));
        HONE_TRY(hone__infer_set_rank(in, 2, v_dtype, 4));
        HONE_TRY(hone__infer_set_rank(in, 3, dtype, 4));
        return hone__infer_set(in, 0, dtype, NULL);
    }
    HONE_TRY(split_heads(in, 0, "q_num_heads", &q));
    HONE_TRY(split_heads(in, 1, "kv_num_heads", &k));
    HONE_TRY(split_heads(in, 2, "kv_num_heads", &v));
    int64_t total = k.dim[2];
    if (past != NULL && past->rank != 4) return hone__infer_fail(in, "wants a past of rank 4");
    if (past != NULL) HONE_TRY(hone__dim_sum(in, past->dim[2], k.dim[2], &total));
    k.dim[2] = v.dim[2] = total;
    HONE_TRY(hone__infer_set(in, 1, k_dtype, &k));
    HONE_TRY(hone__infer_set(in, 2, v_dtype, &v));
    out = hone__shape(4, (const int64_t[]){q.dim[0], q.dim[1], q.dim[2], total});
    HONE_TRY(hone__infer_set(in, 3, dtype, &out));
    out.dim[3] = v.dim[3];
    if (x->rank == 4) return hone__infer_set(in, 0, dtype, &out);
    out = hone__shape(3, (const int64_t[]){q.dim[0], q.dim[2], 0});
    HONE_TRY(hone__dim_product(in, q.dim[1], v.dim[3], &out.dim[2]));
    return hone__infer_set(in, 0, dtype, &out);
}

/* Scores [N, C, d...] and labels [N, d...]: one number, or one a label where nothing is reduced. */
static hone_status set_loss(hone_infer *in) {
    const hone_shape *labels = hone__in_shape(in, 1);
    hone_shape scalar = {.rank = 0};
    bool each = strcmp(hone_node_string(in->node, "reduction", "mean"), "none") == 0;
    HONE_TRY(hone__infer_least_rank(in, 0, 2));
    return hone__infer_set(in, 0, hone__in_dtype(in, 0), each ? labels : &scalar);
}

hone_status hone__rule_nll_loss(hone_infer *in) {
    return set_loss(in);
}

hone_status hone__rule_softmax_loss(hone_infer *in) {
    HONE_TRY(hone__infer_set(in, 1, hone__in_dtype(in, 0), hone__in_shape(in, 0)));
    return set_loss(in);
}

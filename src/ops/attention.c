/* SPDX-License-Identifier: Apache-2.0 */
/* Attention (ONNX 23): scaled dot products of queries and keys, masks, soft cap, softmax, values.
 * Operands are (batch, heads, length, size), or (batch, length, heads * size). A row of scores at a
 * time stands in scratch memory. */
#include "ops/elementwise.h"

#include <math.h>

/* A key, query or value tensor in either layout. */
typedef struct heads {
    const hone_tensor *tensor;
    int64_t heads, length, size;
    bool flat; /* (batch, length, heads * size) */
} heads;

typedef struct attention {
    const hone_op_call *call;
    heads q, k, v, y;
    const hone_tensor *past_key, *past_value, *mask, *lengths;
    int64_t batch, past, total; /* total: of keys, past ones and new ones */
    int64_t mask_step[4];       /* of batch, head, query, key; 0: broadcast */
    int64_t mask_length;
    int64_t keep; /* qk_matmul_output_mode */
    double scale, cap;
    bool causal;
} attention;

static double value_at(const hone_tensor *tensor, int64_t i) {
    return hone__real_at(tensor->dtype, tensor->data, i);
}

static int64_t head_at(const heads *h, int64_t b, int64_t head, int64_t i) {
    if (h->flat) return ((b * h->length + i) * h->heads + head) * h->size;
    return ((b * h->heads + head) * h->length + i) * h->size;
}

/* Element of the past or the new keys (values). */
static double cached(const heads *now, const hone_tensor *past, int64_t past_length, int64_t b,
                     int64_t head, int64_t i, int64_t d) {
    if (i >= past_length) return value_at(now->tensor, head_at(now, b, head, i - past_length) + d);
    return value_at(past, ((b * now->heads + head) * past_length + i) * now->size + d);
}

static double bias(const attention *a, int64_t b, int64_t h, int64_t i, int64_t j) {
    double sum = 0.0, never = -(double)INFINITY;
    if (a->mask) {
        if (j >= a->mask_length) return never;
        int64_t at =
            b * a->mask_step[0] + h * a->mask_step[1] + i * a->mask_step[2] + j * a->mask_step[3];
        double mask = value_at(a->mask, at);
        sum = a->mask->dtype != HONE_BOOL ? mask : mask != 0.0 ? 0.0 : never;
    }
    if (a->causal && j - a->past > i) sum = never;
    if (a->lengths && j >= hone__int_at(a->lengths->dtype, a->lengths->data, b)) sum = never;
    return sum;
}

static void keep_row(const attention *a, int64_t mode, int64_t at, const double *row) {
    hone_tensor *out = hone__output(a->call, 3);
    if (out && a->keep == mode) hone__reals_store(out->dtype, out->data, at, 1, a->total, row);
}

static void soft(double *row, int64_t count) {
    double most = -(double)INFINITY, sum = 0.0;
    for (int64_t j = 0; j < count; j++) most = row[j] > most || isnan(row[j]) ? row[j] : most;
    for (int64_t j = 0; j < count; j++) sum += row[j] = exp(row[j] - most);
    for (int64_t j = 0; j < count; j++) row[j] /= sum;
}

/* Scores of query i against all keys, through to their softmax. */
static void score_row(const attention *a, int64_t b, int64_t h, int64_t i, double *row) {
    int64_t kv = h / (a->q.heads / a->k.heads), query = head_at(&a->q, b, h, i);
    int64_t at = ((b * a->q.heads + h) * a->q.length + i) * a->total;
    for (int64_t j = 0; j < a->total; j++) {
        row[j] = 0.0;
        for (int64_t d = 0; d < a->q.size; d++)
            row[j] +=
                value_at(a->q.tensor, query + d) * cached(&a->k, a->past_key, a->past, b, kv, j, d);
        row[j] *= a->scale;
    }
    keep_row(a, 0, at, row);
    for (int64_t j = 0; j < a->total; j++) row[j] += bias(a, b, h, i, j);
    keep_row(a, 1, at, row);
    for (int64_t j = 0; j < a->total && a->cap > 0.0; j++) row[j] = tanh(row[j] / a->cap) * a->cap;
    keep_row(a, 2, at, row);
    soft(row, a->total);
    keep_row(a, 3, at, row);
}

static void attend_row(const attention *a, int64_t b, int64_t h, int64_t i, double *row) {
    int64_t kv = h / (a->q.heads / a->k.heads), to = head_at(&a->y, b, h, i);
    score_row(a, b, h, i, row);
    for (int64_t d = 0; d < a->v.size; d++) {
        double sum = 0.0;
        for (int64_t j = 0; j < a->total; j++)
            sum += row[j] * cached(&a->v, a->past_value, a->past, b, kv, j, d);
        hone__real_put(a->y.tensor->dtype, a->call->outputs[0].data, to + d, sum);
    }
}

/* present_key and present_value: what was cached, and the new behind it. */
static void put_present(const attention *a, uint32_t output, const heads *now,
                        const hone_tensor *past) {
    hone_tensor *out = hone__output(a->call, output);
    int64_t row = a->total * now->size;
    for (int64_t i = 0; out && i < a->batch * now->heads * row; i++) {
        int64_t head = i / row % now->heads, b = i / (row * now->heads);
        hone__real_put(
            out->dtype, out->data, i,
            cached(now, past, a->past, b, head, i / now->size % a->total, i % now->size));
    }
}

static bool view(const hone_tensor *tensor, int64_t count, heads *h) {
    const int64_t *dim = tensor->shape.dim;
    h->tensor = tensor;
    h->flat = tensor->shape.rank == 3;
    if (tensor->shape.rank == 4) {
        h->heads = dim[1], h->length = dim[2], h->size = dim[3];
        return h->heads > 0;
    }
    if (!h->flat || count < 1 || dim[2] % count != 0) return false;
    h->heads = count, h->length = dim[1], h->size = dim[2] / count;
    return true;
}

static bool cache_fits(const attention *a, const hone_tensor *cache, const heads *now) {
    if (!cache) return a->past == 0;
    return cache->shape.rank == 4 &&
           hone__elements(&cache->shape) == a->batch * now->heads * a->past * now->size;
}

static bool output_fits(const attention *a, uint32_t index, int64_t elements) {
    hone_tensor *out = hone__output(a->call, index);
    return !out || hone__elements(&out->shape) == elements;
}

/* The mask broadcasts to (batch, heads, queries, keys); its keys may be fewer. */
static bool read_mask(attention *a) {
    if (!a->mask) return true;
    const hone_shape *shape = &a->mask->shape;
    int64_t wanted[4] = {a->batch, a->q.heads, a->q.length, a->total}, dense[HONE_MAX_RANK];
    if (shape->rank > 4 || shape->rank < 1) return false;
    hone__steps(shape, dense);
    for (int32_t d = 0; d < shape->rank; d++) {
        int32_t to = d + 4 - shape->rank;
        int64_t dim = shape->dim[d];
        if (to == 3) a->mask_length = dim;
        if (to == 3 ? dim > wanted[3] : dim != 1 && dim != wanted[to]) return false;
        a->mask_step[to] = dim == 1 && to != 3 ? 0 : dense[d];
    }
    return true;
}

static bool read_operands(const hone_op_call *call, attention *a) {
    const hone_node *node = call->node;
    int64_t queries = hone_node_int(node, "q_num_heads", 0);
    int64_t keys = hone_node_int(node, "kv_num_heads", 0);
    *a = (attention){.call = call};
    a->mask = hone__input(call, 3);
    a->past_key = hone__input(call, 4);
    a->past_value = hone__input(call, 5);
    a->lengths = hone__input(call, 6);
    if (!view(&call->inputs[0], queries, &a->q) || !view(&call->inputs[1], keys, &a->k) ||
        !view(&call->inputs[2], keys, &a->v))
        return false;
    a->batch = a->q.tensor->shape.dim[0];
    a->past = a->past_key ? a->past_key->shape.dim[2] : 0;
    a->total = a->past + a->k.length;
    a->y = a->q;
    a->y.tensor = &call->outputs[0];
    a->y.size = a->v.size;
    a->causal = hone_node_int(node, "is_causal", 0) != 0;
    a->cap = (double)hone_node_float(node, "softcap", 0.0f);
    a->keep = hone_node_int(node, "qk_matmul_output_mode", 0);
    double usual = 1.0 / sqrt((double)a->q.size);
    a->scale = hone_node_attr(node, "scale") ? (double)hone_node_float(node, "scale", 1.0f) : usual;
    return true;
}

static bool operands_fit(const attention *a) {
    int64_t scores = a->batch * a->q.heads * a->q.length * a->total;
    return a->k.heads == a->v.heads && a->q.heads % a->k.heads == 0 && a->q.size == a->k.size &&
           a->k.length == a->v.length && a->k.tensor->shape.dim[0] == a->batch &&
           a->v.tensor->shape.dim[0] == a->batch && cache_fits(a, a->past_key, &a->k) &&
           cache_fits(a, a->past_value, &a->v) &&
           (!a->lengths || hone__elements(&a->lengths->shape) == a->batch) &&
           output_fits(a, 0, a->batch * a->q.heads * a->q.length * a->v.size) &&
           output_fits(a, 1, a->batch * a->k.heads * a->total * a->k.size) &&
           output_fits(a, 2, a->batch * a->v.heads * a->total * a->v.size) &&
           output_fits(a, 3, scores);
}

static size_t scratch_attention(const hone_node *node) {
    int64_t total = 0;
    static const uint32_t which[] = {1, 4};
    for (int i = 0; i < 2; i++) {
        if (which[i] >= node->input_count || !node->inputs[which[i]]) continue;
        const hone_shape *shape = &node->inputs[which[i]]->shape;
        int64_t dim = shape->rank == 4 ? shape->dim[2] : shape->rank == 3 ? shape->dim[1] : 0;
        if (dim > 0) total += dim;
    }
    return (size_t)total * sizeof(double);
}

static hone_status run_attention(const hone_op_call *call, hone_error *error) {
    attention a;
    if (!read_operands(call, &a) || !operands_fit(&a) || !read_mask(&a) ||
        (size_t)a.total * sizeof(double) > scratch_attention(call->node))
        return hone__mismatch(call->node, error, "queries, keys, values and mask do not fit");
    put_present(&a, 1, &a.k, a.past_key);
    put_present(&a, 2, &a.v, a.past_value);
    for (int64_t b = 0; b < a.batch; b++)
        for (int64_t h = 0; h < a.q.heads; h++)
            for (int64_t i = 0; i < a.q.length; i++)
                attend_row(&a, b, h, i, (double *)call->scratch);
    return HONE_OK;
}

static hone_status check_attention(const hone_node *node, hone_error *error) {
    static const uint32_t reals[] = {1, 2, 4, 5};
    for (int i = 0; i < 4; i++)
        HONE_TRY(hone__check_input(node, reals[i], HONE__TAKES_REAL, error));
    HONE_TRY(hone__check_input(node, 3, HONE__TAKES_NUMBER, error));
    return hone__check_input(node, 6, HONE__TAKES_INTEGER, error);
}

const hone_op_family hone__family_attention = {run_attention, HONE__TAKES_REAL, check_attention,
                                               scratch_attention};

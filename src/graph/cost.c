/* SPDX-License-Identifier: Apache-2.0 */
/* How much work a node is: multiply-adds of the operators that are weighted sums. */
#include "graph/graph.h"
#include <string.h>

/* Symbols count as 1. */
static uint64_t size_of(int64_t dim) {
    return dim < 0 ? 1 : (uint64_t)dim;
}

/* Saturates: hostile shapes must not wrap to something small. */
static uint64_t times(uint64_t a, uint64_t b) {
    return a != 0 && b > UINT64_MAX / a ? UINT64_MAX : a * b;
}

static uint64_t elements(const hone_shape *shape, int32_t from) {
    uint64_t product = 1;
    for (int32_t i = from; i < shape->rank; ++i) product = times(product, size_of(shape->dim[i]));
    return product;
}

static const hone_shape *shape_of(hone_value *const *values, uint32_t count, uint32_t index) {
    const hone_value *value = index < count ? values[index] : NULL;
    return value != NULL && value->shape.rank >= 0 ? &value->shape : NULL;
}

static const hone_shape *input(const hone_node *node, uint32_t index) {
    return shape_of(node->inputs, node->input_count, index);
}

/* Every output element sums over one filter: weights [filters, channels / group, kernel...]. */
static uint64_t convolution(const hone_node *node, uint32_t weights_index) {
    const hone_shape *y = shape_of(node->outputs, node->output_count, 0);
    const hone_shape *weights = input(node, weights_index);
    if (y == NULL || weights == NULL || weights->rank < 2) return 0;
    return times(elements(y, 0), elements(weights, 1));
}

/* Every input element is spread over one filter: weights [channels, filters / group, kernel...]. */
static uint64_t transposed_convolution(const hone_node *node) {
    const hone_shape *x = input(node, 0), *weights = input(node, 1);
    if (x == NULL || weights == NULL || weights->rank < 2) return 0;
    return times(elements(x, 0), elements(weights, 1));
}

static uint64_t gemm(const hone_node *node) {
    const hone_shape *y = shape_of(node->outputs, node->output_count, 0), *a = input(node, 0);
    if (y == NULL || a == NULL || a->rank != 2) return 0;
    return times(elements(y, 0), size_of(a->dim[hone_node_int(node, "transA", 0) == 0]));
}

static uint64_t matmul(const hone_node *node) {
    const hone_shape *y = shape_of(node->outputs, node->output_count, 0), *a = input(node, 0);
    if (y == NULL || a == NULL || a->rank < 1) return 0;
    return times(elements(y, 0), size_of(a->dim[a->rank - 1]));
}

/* Each step of each direction multiplies the input by W and the state by R. */
static uint64_t recurrent(const hone_node *node) {
    const hone_shape *x = input(node, 0), *w = input(node, 1), *r = input(node, 2);
    if (x == NULL || w == NULL || r == NULL || x->rank != 3) return 0;
    uint64_t steps = times(size_of(x->dim[0]), size_of(x->dim[1])), each = elements(w, 0);
    return times(steps, each + elements(r, 0));
}

/* Queries against keys, and the result against values: both [batch, heads, queries, keys, size]. */
static uint64_t attention(const hone_node *node) {
    const hone_shape *q = input(node, 0), *k = input(node, 1);
    if (q == NULL || k == NULL || q->rank < 3 || k->rank < 3) return 0;
    return times(2, times(elements(q, 0), size_of(k->dim[k->rank - 2])));
}

/* A product over all letters bounds what a good order of contraction takes; two inputs are exact.
 */
static uint64_t einsum(const hone_node *node) {
    const char *equation = hone_node_string(node, "equation", "");
    uint64_t product = 1;
    bool seen[128] = {false};
    const char *at = equation;
    for (uint32_t i = 0; i < node->input_count && at != NULL; ++i) {
        const hone_shape *shape = input(node, i);
        int32_t axis = 0;
        if (shape == NULL || memchr(equation, '.', strlen(equation)) != NULL) return 0;
        for (; *at != 0 && *at != ',' && *at != '-'; ++at) {
            int letter = (unsigned char)*at;
            if (letter == ' ' || letter > 127 || axis >= shape->rank) continue;
            if (!seen[letter]) product = times(product, size_of(shape->dim[axis]));
            seen[letter] = true;
            ++axis;
        }
        at = *at == ',' ? at + 1 : NULL;
    }
    return product;
}

uint64_t hone_node_multiply_adds(const hone_node *node) {
    switch (node->op) {
    case HONE_OP_Conv:
    case HONE_OP_ConvInteger:
    case HONE_OP_DeformConv:
        return convolution(node, 1);
    case HONE_OP_QLinearConv:
        return convolution(node, 3);
    case HONE_OP_ConvTranspose:
        return transposed_convolution(node);
    case HONE_OP_Gemm:
        return gemm(node);
    case HONE_OP_MatMul:
    case HONE_OP_MatMulInteger:
    case HONE_OP_QLinearMatMul:
        return matmul(node);
    case HONE_OP_Einsum:
        return einsum(node);
    case HONE_OP_LSTM:
    case HONE_OP_GRU:
    case HONE_OP_RNN:
        return recurrent(node);
    case HONE_OP_Attention:
        return attention(node);
    default:
        return 0;
    }
}

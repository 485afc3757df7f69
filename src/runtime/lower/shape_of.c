/* SPDX-License-Identifier: Apache-2.0 */
/* From a node's attributes and shapes to the dims of a kernel. */
#include "base/error.h"
#include "graph/window.h"
#include "runtime/lower/lower.h"

#include <math.h>
#include <string.h>

/* Kernels count in 32 bits, and want something to do. */
static bool fits(const hone_shape *shape) {
    int64_t total = 1;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dim[i] <= 0 || shape->dim[i] > INT32_MAX / total) return false;
        total *= shape->dim[i];
    }
    return shape->rank > 0;
}

static bool is_image(const hone_shape *shape) {
    return (shape->rank == 3 || shape->rank == 4) && fits(shape);
}

/* Height and width of [N, C, H, W]; a sequence [N, C, W] has height 1. */
static uint32_t height(const hone_shape *shape) {
    return shape->rank == 4 ? (uint32_t)shape->dim[2] : 1;
}
static uint32_t width(const hone_shape *shape) {
    return (uint32_t)shape->dim[shape->rank - 1];
}

/* The window over height and width, pads filled in; a sequence gets a height of 1. */
static bool place_window(const hone_node *node, const hone_shape *in, const hone_shape *weights,
                         hone_window *window) {
    int32_t rank = in->rank - 2;
    if (hone__window_read(node, rank, weights, window, NULL) != HONE_OK) return false;
    for (int32_t i = 0; i < rank; i++) {
        int64_t out;
        if (hone__window_place(window, node, i, in->dim[i + 2], &out, NULL) != HONE_OK)
            return false;
        if (window->kernel[i] > 1 << 15 || window->pad_begin[i] > 1 << 15) return false;
    }
    if (rank == 1) {
        window->kernel[1] = window->kernel[0], window->stride[1] = window->stride[0];
        window->dilation[1] = window->dilation[0];
        window->pad_begin[1] = window->pad_begin[0], window->pad_end[1] = window->pad_end[0];
        window->kernel[0] = window->stride[0] = window->dilation[0] = 1;
        window->pad_begin[0] = window->pad_end[0] = 0;
    }
    return true;
}

bool hone__conv_dims_of(const hone_node *node, hone_conv_dims *dims) {
    const hone_shape *in = &node->inputs[0]->shape, *w = &node->inputs[1]->shape;
    const hone_shape *out = &node->outputs[0]->shape;
    int64_t groups = hone_node_int(node, "group", 1);
    hone_window window;
    if (!is_image(in) || !is_image(out) || !fits(w) || w->rank != in->rank) return false;
    if (groups < 1 || in->dim[1] % groups || out->dim[1] % groups) return false;
    if (!place_window(node, in, w, &window)) return false;
    *dims = (hone_conv_dims){.n = (uint32_t)in->dim[0],
                             .in_h = height(in),
                             .in_w = width(in),
                             .in_c = (uint32_t)in->dim[1],
                             .out_h = height(out),
                             .out_w = width(out),
                             .out_c = (uint32_t)out->dim[1],
                             .groups = (uint32_t)groups,
                             .kernel_h = (uint32_t)window.kernel[0],
                             .kernel_w = (uint32_t)window.kernel[1],
                             .stride_h = (uint32_t)window.stride[0],
                             .stride_w = (uint32_t)window.stride[1],
                             .dilation_h = (uint32_t)window.dilation[0],
                             .dilation_w = (uint32_t)window.dilation[1],
                             .pad_top = (uint32_t)window.pad_begin[0],
                             .pad_left = (uint32_t)window.pad_begin[1]};
    return true;
}

bool hone__is_channel_vector(const hone_value *value, const hone_shape *shape, int32_t axis) {
    if (!hone__value_is_constant(value) || value->dtype != HONE_F32) return false;
    const hone_shape *own = &value->shape;
    int32_t shift = shape->rank - own->rank;
    if (shift < 0 || axis < shift || own->dim[axis - shift] != shape->dim[axis]) return false;
    for (int32_t i = 0; i < own->rank; i++)
        if (i + shift != axis && own->dim[i] != 1) return false;
    return true;
}

hone_conv_dims hone__matrix_dims(int64_t rows, int64_t depth, int64_t cols) {
    return (hone_conv_dims){.n = 1,
                            .in_h = 1,
                            .in_w = (uint32_t)rows,
                            .in_c = (uint32_t)depth,
                            .out_h = 1,
                            .out_w = (uint32_t)rows,
                            .out_c = (uint32_t)cols,
                            .groups = 1,
                            .kernel_h = 1,
                            .kernel_w = 1,
                            .stride_h = 1,
                            .stride_w = 1,
                            .dilation_h = 1,
                            .dilation_w = 1};
}

static bool matmul_of(const hone_node *node, hone_product *product) {
    const hone_shape *a = &node->inputs[0]->shape, *b = &node->inputs[1]->shape;
    if (!fits(a) || !fits(b) || a->rank < 2 || b->rank < 2) return false;
    if (hone__shape_span(b, 0, b->rank - 2) != 1) return false;
    if (b->rank > a->rank) return false;
    int64_t rows = hone__shape_span(a, 0, a->rank - 1);
    product->dims = hone__matrix_dims(rows, a->dim[a->rank - 1], b->dim[b->rank - 1]);
    product->weights = hone__conv_weights_matrix(&product->dims, node->inputs[1]->data, NULL);
    return true;
}

static bool gemm_of(const hone_node *node, hone_product *product) {
    const hone_shape *a = &node->inputs[0]->shape, *b = &node->inputs[1]->shape;
    const hone_shape *y = &node->outputs[0]->shape;
    if (!fits(a) || !fits(b) || a->rank != 2 || b->rank != 2) return false;
    if (hone_node_int(node, "transA", 0) != 0) return false;
    if (hone_node_float(node, "alpha", 1.0f) != 1.0f) return false;
    product->dims = hone__matrix_dims(a->dim[0], a->dim[1], y->dim[1]);
    product->weights = hone_node_int(node, "transB", 0)
                           ? hone__conv_weights_oihw(&product->dims, node->inputs[1]->data, NULL)
                           : hone__conv_weights_matrix(&product->dims, node->inputs[1]->data, NULL);
    const hone_value *c = node->input_count > 2 ? node->inputs[2] : NULL;
    if (c && hone_node_float(node, "beta", 1.0f) != 1.0f) return false;
    product->bias = c;
    return true;
}

bool hone__product_of(const hone_node *node, hone_product *product) {
    *product = (hone_product){0};
    if (node->op == HONE_OP_MatMul) return matmul_of(node, product);
    return node->op == HONE_OP_Gemm && gemm_of(node, product);
}

/* A mean over exactly height and width. */
static bool reduces_image(const hone_node *node) {
    int64_t axes[HONE_MAX_RANK];
    uint32_t count = 0;
    int32_t rank = node->inputs[0]->shape.rank;
    if (rank != 4 || node->input_count < 2 || !node->inputs[1]) return false;
    if (!hone_value_ints(node->inputs[1], axes, 2, &count) || count != 2) return false;
    bool seen[4] = {false};
    for (uint32_t i = 0; i < 2; i++) {
        if (axes[i] < -rank || axes[i] >= rank) return false;
        seen[axes[i] < 0 ? axes[i] + rank : axes[i]] = true;
    }
    return seen[2] && seen[3];
}

static hone_pool2d_dims global_dims(const hone_shape *in) {
    return (hone_pool2d_dims){.n = (uint32_t)in->dim[0],
                              .in_h = height(in),
                              .in_w = width(in),
                              .channels = (uint32_t)in->dim[1],
                              .out_h = 1,
                              .out_w = 1,
                              .kernel_h = height(in),
                              .kernel_w = width(in),
                              .stride_h = 1,
                              .stride_w = 1,
                              .dilation_h = 1,
                              .dilation_w = 1};
}

static bool window_dims(const hone_node *node, hone_pool2d_dims *dims) {
    const hone_shape *in = &node->inputs[0]->shape, *out = &node->outputs[0]->shape;
    hone_window window;
    if (!is_image(out) || !place_window(node, in, NULL, &window)) return false;
    *dims =
        (hone_pool2d_dims){.n = (uint32_t)in->dim[0],
                           .in_h = height(in),
                           .in_w = width(in),
                           .channels = (uint32_t)in->dim[1],
                           .out_h = height(out),
                           .out_w = width(out),
                           .kernel_h = (uint32_t)window.kernel[0],
                           .kernel_w = (uint32_t)window.kernel[1],
                           .stride_h = (uint32_t)window.stride[0],
                           .stride_w = (uint32_t)window.stride[1],
                           .dilation_h = (uint32_t)window.dilation[0],
                           .dilation_w = (uint32_t)window.dilation[1],
                           .pad_top = (uint32_t)window.pad_begin[0],
                           .pad_left = (uint32_t)window.pad_begin[1],
                           .pad_bottom = (uint32_t)window.pad_end[0],
                           .pad_right = (uint32_t)window.pad_end[1],
                           .count_include_pad = hone_node_int(node, "count_include_pad", 0) != 0};
    return true;
}

bool hone__pool_dims_of(const hone_node *node, hone_pool2d_dims *dims, bool *average) {
    if (node->input_count == 0 || !node->inputs[0] || !is_image(&node->inputs[0]->shape))
        return false;
    *average = node->op != HONE_OP_MaxPool && node->op != HONE_OP_GlobalMaxPool;
    switch (node->op) {
    case HONE_OP_MaxPool:
        if (node->output_count > 1 && node->outputs[1]) return false;
        return window_dims(node, dims);
    case HONE_OP_AveragePool:
        return window_dims(node, dims);
    case HONE_OP_ReduceMean:
        if (!reduces_image(node)) return false;
        break;
    case HONE_OP_GlobalMaxPool:
    case HONE_OP_GlobalAveragePool:
        break;
    default:
        return false;
    }
    *dims = global_dims(&node->inputs[0]->shape);
    return true;
}

/* An optional constant scalar; false when it is there but not constant. */
static bool bound(const hone_node *node, uint32_t index, float *out) {
    if (index >= node->input_count || !node->inputs[index]) return true;
    const hone_value *value = node->inputs[index];
    return hone__value_is_constant(value) && hone_value_scalar(value, out);
}

bool hone__clamp_of(const hone_node *node, float *lo, float *hi) {
    *lo = -INFINITY, *hi = INFINITY;
    if (node->op == HONE_OP_Relu) {
        *lo = 0;
        return true;
    }
    if (node->op != HONE_OP_Clip) return false;
    return bound(node, 1, lo) && bound(node, 2, hi) && *lo <= *hi;
}

static const struct {
    hone_op op;
    hone_unary_op kernel;
    const char *alpha_name, *beta_name;
    float alpha, beta; /* defaults */
} unaries[] = {
    {HONE_OP_Abs, HONE_UNARY_ABS, NULL, NULL, 0, 0},
    {HONE_OP_Neg, HONE_UNARY_NEG, NULL, NULL, 0, 0},
    {HONE_OP_LeakyRelu, HONE_UNARY_LEAKY, "alpha", NULL, 0.01f, 0},
    {HONE_OP_HardSigmoid, HONE_UNARY_HARDSIGMOID, "alpha", "beta", 0.2f, 0.5f},
    {HONE_OP_HardSwish, HONE_UNARY_HARDSWISH, NULL, NULL, 0, 0},
    {HONE_OP_Sqrt, HONE_UNARY_SQRT, NULL, NULL, 0, 0},
    {HONE_OP_Reciprocal, HONE_UNARY_RECIPROCAL, NULL, NULL, 0, 0},
    {HONE_OP_Exp, HONE_UNARY_EXP, NULL, NULL, 0, 0},
    {HONE_OP_Sigmoid, HONE_UNARY_SIGMOID, NULL, NULL, 0, 0},
    {HONE_OP_Tanh, HONE_UNARY_TANH, NULL, NULL, 0, 0},
    {HONE_OP_Erf, HONE_UNARY_ERF, NULL, NULL, 0, 0},
    {HONE_OP_Elu, HONE_UNARY_ELU, "alpha", NULL, 1.0f, 0},
    {HONE_OP_ThresholdedRelu, HONE_UNARY_THRESHOLD, "alpha", NULL, 1.0f, 0},
};

bool hone__unary_of(const hone_node *node, hone_unary_op *op, float *alpha, float *beta) {
    *op = HONE_UNARY_CLAMP;
    if (hone__clamp_of(node, alpha, beta)) return true;
    if (node->op == HONE_OP_Gelu) {
        bool exact = !strcmp(hone_node_string(node, "approximate", "none"), "none");
        *op = exact ? HONE_UNARY_GELU : HONE_UNARY_GELU_TANH;
        return true;
    }
    if (node->op == HONE_OP_Swish) {
        *op = HONE_UNARY_SILU;
        return hone_node_float(node, "alpha", 1.0f) == 1.0f;
    }
    for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++) {
        if (unaries[i].op != node->op) continue;
        *op = unaries[i].kernel;
        *alpha = unaries[i].alpha, *beta = unaries[i].beta;
        if (unaries[i].alpha_name) *alpha = hone_node_float(node, unaries[i].alpha_name, *alpha);
        if (unaries[i].beta_name) *beta = hone_node_float(node, unaries[i].beta_name, *beta);
        return true;
    }
    return false;
}

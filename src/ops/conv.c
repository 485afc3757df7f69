/* SPDX-License-Identifier: Apache-2.0 */
/* One row of output is summed at a time: for every input channel and kernel place the row of input
 * under it, times one weight, is added. Places outside of the input add nothing. */
#include "ops/conv.h"

double hone__channel_value(const hone_tensor *tensor, int64_t channel) {
    if (!tensor) return 0.0;
    bool one = hone__elements(&tensor->shape) == 1;
    return hone__real_at(tensor->dtype, tensor->data, one ? 0 : channel);
}

static bool channel_parameter_fits(const hone_tensor *tensor, int64_t channels) {
    if (!tensor) return true;
    int64_t count = hone__elements(&tensor->shape);
    return count == 1 || count == channels;
}

/* A kernel of one place, moved by one without padding, knows nothing of rows: one long one. */
static void flatten_pointwise(hone__conv *conv) {
    hone_window *window = &conv->window;
    int64_t area = 1;
    for (int32_t d = 0; d < window->rank; d++) {
        if (window->kernel[d] != 1 || window->stride[d] != 1 || window->pad_begin[d] != 0 ||
            conv->in_dim[d] != conv->out_dim[d])
            return;
        area *= conv->in_dim[d];
    }
    window->rank = 1;
    conv->in_dim[0] = conv->out_dim[0] = area;
}

hone_status hone__conv_prepare(hone__conv *conv, const hone_node *node, hone_error *error) {
    const hone_shape *x = &conv->x->shape, *w = &conv->w->shape, *out = &conv->out->shape;
    conv->group = hone_node_int(node, "group", 1);
    if (x->rank < 3 || w->rank != x->rank || out->rank != x->rank)
        return hone__mismatch(node, error, "input, weights and output differ in rank");
    HONE_TRY(hone__window_read(node, x->rank - 2, w, &conv->window, error));
    if (conv->group < 1 || w->dim[0] % conv->group != 0 || x->dim[1] % conv->group != 0 ||
        w->dim[1] != x->dim[1] / conv->group || out->dim[1] != w->dim[0] ||
        out->dim[0] != x->dim[0])
        return hone__mismatch(node, error, "channels, groups and weights do not fit together");
    if ((conv->bias && hone__elements(&conv->bias->shape) != w->dim[0]) ||
        !channel_parameter_fits(conv->w_zero, w->dim[0]))
        return hone__mismatch(node, error, "bias or zero point do not fit the output channels");
    for (int32_t d = 0; d < conv->window.rank; d++) {
        int64_t size;
        conv->in_dim[d] = x->dim[d + 2];
        conv->out_dim[d] = out->dim[d + 2];
        HONE_TRY(hone__window_place(&conv->window, node, d, conv->in_dim[d], &size, error));
        if (size != conv->out_dim[d])
            return hone__mismatch(node, error, "the output's shape is not the planned one");
    }
    flatten_pointwise(conv);
    return HONE_OK;
}

/* Adds x[first + i * step] * weight to sums. */
static void add_row(const hone__conv *conv, int64_t first, int64_t step, int64_t count,
                    double weight, double *sums) {
    double block[HONE__BLOCK];
    if (conv->x->dtype == HONE_F32) {
        const uint8_t *from = (const uint8_t *)conv->x->data + 4 * first;
        for (int64_t i = 0; i < count; i++) {
            float x;
            memcpy(&x, from + 4 * i * step, sizeof x);
            sums[i] += (double)x * weight;
        }
        return;
    }
    hone__reals_load(conv->x->dtype, conv->x->data, first, step, count, block);
    for (int64_t i = 0; i < count; i++) sums[i] += (block[i] - conv->x_zero) * weight;
}

/* Kernel places of one kernel row: `in` is the offset of the input row, `w` of the weights. */
static void add_kernel_row(const hone__conv *conv, int64_t in, int64_t w, double w_zero,
                           int64_t left, int64_t count, double *sums) {
    const hone_window *window = &conv->window;
    int32_t last = window->rank - 1;
    int64_t stride = window->stride[last], dim = conv->in_dim[last];
    for (int64_t k = 0; k < window->kernel[last]; k++) {
        /* output x reads input x * stride + shift, which must be 0..dim-1 */
        int64_t shift = k * window->dilation[last] - window->pad_begin[last];
        int64_t from = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
        int64_t to = dim - 1 - shift < 0 ? 0 : (dim - 1 - shift) / stride + 1;
        if (from < left) from = left;
        if (to > left + count) to = left + count;
        double weight = hone__real_at(conv->w->dtype, conv->w->data, w + k) - w_zero;
        if (from < to)
            add_row(conv, in + from * stride + shift, stride, to - from, weight,
                    sums + (from - left));
    }
}

/* Offset of the input row under kernel place `k` of output row `o`; -1: it is padding. */
static int64_t input_row(const hone__conv *conv, const int64_t *o, const int64_t *k) {
    const hone_window *window = &conv->window;
    int64_t offset = 0;
    for (int32_t d = 0; d < window->rank - 1; d++) {
        int64_t at = o[d] * window->stride[d] + k[d] * window->dilation[d] - window->pad_begin[d];
        if (at < 0 || at >= conv->in_dim[d]) return -1;
        offset = (offset + at) * conv->in_dim[d + 1];
    }
    return offset;
}

static int64_t product(int32_t rank, const int64_t *dims) {
    int64_t all = 1;
    for (int32_t d = 0; d < rank; d++) all *= dims[d];
    return all;
}

/* `count` sums of output row `o` from column `left` on. */
static void sum_row(const hone__conv *conv, int64_t n, int64_t m, const int64_t *o, int64_t left,
                    int64_t count, double *sums) {
    const hone_window *window = &conv->window;
    int32_t outer = window->rank - 1;
    int64_t channels = conv->w->shape.dim[1], per_group = conv->w->shape.dim[0] / conv->group;
    int64_t first = n * conv->x->shape.dim[1] + m / per_group * channels;
    int64_t area = product(window->rank, conv->in_dim), w = m * channels;
    double w_zero = hone__channel_value(conv->w_zero, m);
    w *= product(window->rank, window->kernel);
    for (int64_t c = 0; c < channels; c++) {
        int64_t k[HONE_WINDOW_RANK] = {0};
        do {
            int64_t row = input_row(conv, o, k);
            if (row >= 0)
                add_kernel_row(conv, (first + c) * area + row, w, w_zero, left, count, sums);
            w += window->kernel[outer];
        } while (hone__next(outer, window->kernel, k));
    }
}

static void run_plane(const hone__conv *conv, int64_t n, int64_t m) {
    int32_t outer = conv->window.rank - 1;
    int64_t o[HONE_WINDOW_RANK] = {0}, width = conv->out_dim[outer];
    int64_t at = (n * conv->out->shape.dim[1] + m) * product(conv->window.rank, conv->out_dim);
    double start = conv->bias ? hone__real_at(conv->bias->dtype, conv->bias->data, m) : 0.0;
    do {
        for (int64_t left = 0; left < width; left += HONE__BLOCK) {
            int64_t count = width - left < HONE__BLOCK ? width - left : HONE__BLOCK;
            double sums[HONE__BLOCK];
            for (int64_t i = 0; i < count; i++) sums[i] = start;
            sum_row(conv, n, m, o, left, count, sums);
            if (conv->finish) conv->finish(conv, m, sums, count);
            hone__reals_store(conv->out->dtype, conv->out->data, at + left, 1, count, sums);
        }
        at += width;
    } while (hone__next(outer, conv->out_dim, o));
}

void hone__conv_run(const hone__conv *conv) {
    if (hone__elements(&conv->out->shape) == 0) return;
    for (int64_t n = 0; n < conv->out->shape.dim[0]; n++)
        for (int64_t m = 0; m < conv->out->shape.dim[1]; m++) run_plane(conv, n, m);
}

static hone_status run_conv(const hone_op_call *call, hone_error *error) {
    hone__conv conv = {.x = &call->inputs[0], .w = &call->inputs[1], .out = &call->outputs[0]};
    conv.bias = hone__input(call, 2);
    HONE_TRY(hone__conv_prepare(&conv, call->node, error));
    hone__conv_run(&conv);
    return HONE_OK;
}

static hone_status check_conv(const hone_node *node, hone_error *error) {
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_REAL, error));
    return hone__check_input(node, 2, HONE__TAKES_REAL, error);
}

const hone_op_family hone__family_conv = {run_conv, HONE__TAKES_REAL, check_conv, NULL};

/* SPDX-License-Identifier: Apache-2.0 */
/* ConvTranspose and Col2Im, as seen from an output element: which input places reach it. */
#include "graph/window.h"
#include "ops/family.h"

typedef struct transposed {
    const hone_tensor *x, *w, *bias;
    hone_tensor *out;
    hone_window window;
    int64_t group, in_area, kernel_area;
} transposed;

/* The input place that kernel place `k` carries to output place `o`, as an offset; -1: none. */
static int64_t reaching(const hone_window *w, const int64_t *in_dim, const int64_t *o,
                        const int64_t *k) {
    int64_t at = 0;
    for (int32_t d = 0; d < w->rank; d++) {
        int64_t from = o[d] + w->pad_begin[d] - k[d] * w->dilation[d];
        if (from < 0 || from % w->stride[d] != 0 || from / w->stride[d] >= in_dim[d]) return -1;
        at = at * in_dim[d] + from / w->stride[d];
    }
    return at;
}

/* W is (C, M / group, kernel...). */
static double sum_at(const transposed *t, int64_t n, int64_t m, const int64_t *o) {
    int64_t channels = t->x->shape.dim[1] / t->group, per_group = t->w->shape.dim[1];
    int64_t first = m / per_group * channels, k[HONE_WINDOW_RANK] = {0}, place = 0;
    double sum = t->bias ? hone__real_at(t->bias->dtype, t->bias->data, m) : 0.0;
    do {
        int64_t at = reaching(&t->window, t->x->shape.dim + 2, o, k);
        for (int64_t c = first; at >= 0 && c < first + channels; c++) {
            int64_t weight = (c * per_group + m % per_group) * t->kernel_area + place;
            int64_t from = (n * t->x->shape.dim[1] + c) * t->in_area + at;
            sum += hone__real_at(t->x->dtype, t->x->data, from) *
                   hone__real_at(t->w->dtype, t->w->data, weight);
        }
        place++;
    } while (hone__next(t->window.rank, t->window.kernel, k));
    return sum;
}

static hone_status prepare(const hone_op_call *call, transposed *t, hone_error *error) {
    const hone_shape *x = &call->inputs[0].shape, *w = &call->inputs[1].shape;
    const hone_shape *out = &call->outputs[0].shape;
    t->x = &call->inputs[0], t->w = &call->inputs[1], t->bias = hone__input(call, 2);
    t->out = &call->outputs[0];
    t->group = hone_node_int(call->node, "group", 1);
    if (x->rank < 3 || w->rank != x->rank || out->rank != x->rank || t->group < 1 ||
        x->dim[1] % t->group != 0 || w->dim[0] != x->dim[1] || out->dim[0] != x->dim[0] ||
        out->dim[1] != w->dim[1] * t->group ||
        (t->bias && hone__elements(&t->bias->shape) != out->dim[1]))
        return hone__mismatch(call->node, error, "channels, groups and weights do not fit");
    HONE_TRY(hone__window_read(call->node, x->rank - 2, w, &t->window, error));
    for (int32_t d = 0; d < t->window.rank; d++) {
        int64_t size;
        HONE_TRY(
            hone__window_place_transposed(&t->window, call->node, d, x->dim[d + 2], &size, error));
        if (size != out->dim[d + 2])
            return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    }
    t->in_area = hone__shape_span(x, 2, x->rank);
    t->kernel_area = hone__shape_span(w, 2, w->rank);
    return HONE_OK;
}

static hone_status run_conv_transpose(const hone_op_call *call, hone_error *error) {
    transposed t;
    int64_t index[HONE_MAX_RANK] = {0}, to = 0;
    HONE_TRY(prepare(call, &t, error));
    if (hone__elements(&t.out->shape) == 0) return HONE_OK;
    do {
        hone__real_put(t.out->dtype, t.out->data, to++, sum_at(&t, index[0], index[1], index + 2));
    } while (hone__next(t.out->shape.rank, t.out->shape.dim, index));
    return HONE_OK;
}

static hone_status check_weights(const hone_node *node, hone_error *error) {
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_REAL, error));
    return hone__check_input(node, 2, HONE__TAKES_REAL, error);
}

const hone_op_family hone__family_conv_transpose = {run_conv_transpose, HONE__TAKES_REAL,
                                                    check_weights, NULL};

/* Col2Im: (N, C * block, L) to (N, C, image...). Columns lie where blocks of the image begin. */

static hone_status read_blocks(const hone_op_call *call, hone_window *window, int64_t *columns,
                               hone_error *error) {
    const hone_tensor *out = &call->outputs[0], *block = &call->inputs[2];
    int32_t rank = out->shape.rank - 2;
    if (rank < 1 || hone__elements(&block->shape) != rank)
        return hone__mismatch(call->node, error, "the block does not fit the image");
    hone_shape kernel = {.rank = rank};
    for (int32_t d = 0; d < rank; d++) kernel.dim[d] = hone__int_at(block->dtype, block->data, d);
    for (int32_t d = 0; d < rank; d++)
        if (kernel.dim[d] < 1) return hone__mismatch(call->node, error, "an empty block");
    HONE_TRY(hone__window_read(call->node, rank, &kernel, window, error));
    for (int32_t d = 0; d < rank; d++)
        HONE_TRY(
            hone__window_place(window, call->node, d, out->shape.dim[d + 2], &columns[d], error));
    return HONE_OK;
}

static hone_status run_col2im(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    hone_window window;
    int64_t columns[HONE_WINDOW_RANK], index[HONE_MAX_RANK] = {0}, to = 0;
    HONE_TRY(read_blocks(call, &window, columns, error));
    hone_shape grid = hone__shape(window.rank, columns);
    hone_shape block = hone__shape(window.rank, window.kernel);
    int64_t length = hone__elements(&grid), places = hone__elements(&block);
    if (hone__elements(&in->shape) != out->shape.dim[0] * out->shape.dim[1] * places * length)
        return hone__mismatch(call->node, error, "the columns do not fit the image");
    if (hone__elements(&out->shape) == 0) return HONE_OK;
    do {
        int64_t k[HONE_WINDOW_RANK] = {0}, place = 0;
        int64_t plane = index[0] * out->shape.dim[1] + index[1];
        double sum = 0.0;
        do {
            int64_t at = reaching(&window, columns, index + 2, k);
            if (at >= 0)
                sum += hone__real_at(in->dtype, in->data, (plane * places + place) * length + at);
            place++;
        } while (hone__next(window.rank, window.kernel, k));
        hone__real_put(out->dtype, out->data, to++, sum);
    } while (hone__next(out->shape.rank, out->shape.dim, index));
    return HONE_OK;
}

const hone_op_family hone__family_col2im = {run_col2im, HONE__TAKES_NUMBER, NULL, NULL};

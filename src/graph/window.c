/* SPDX-License-Identifier: Apache-2.0 */
/* See window.h. The rules are those of the ONNX operators Conv, ConvTranspose and MaxPool. */
#include "graph/window.h"
#include "base/error.h"
#include <string.h>

/* Bounds on attributes: products of two and a few sums stay far inside int64. */
#define LARGEST ((int64_t)1 << 30)

static hone_status bad(const hone_node *node, const char *attribute, const char *why,
                       hone_error *error) {
    return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "node '%s' (%s): attribute %s %s",
                     node->name, hone_op_get(node->op)->name, attribute, why);
}

/* `count` values of a list attribute, each in [least, LARGEST]; `otherwise` fills an absent one. */
static hone_status read_list(const hone_node *node, const char *name, uint32_t count, int64_t least,
                             int64_t otherwise, int64_t *out, hone_error *error) {
    const int64_t *values = NULL;
    uint32_t given = hone_node_ints(node, name, &values);
    if (given != 0 && given != count) return bad(node, name, "has the wrong length", error);
    for (uint32_t i = 0; i < count; ++i) {
        out[i] = given != 0 ? values[i] : otherwise;
        if (out[i] < least || out[i] > LARGEST) return bad(node, name, "is out of range", error);
    }
    return HONE_OK;
}

static hone_status read_auto_pad(const hone_node *node, hone_window *window, hone_error *error) {
    static const char *const names[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"};
    const char *text = hone_node_string(node, "auto_pad", "NOTSET");
    for (int i = 0; i < 4; ++i) {
        if (strcmp(text, names[i]) == 0) {
            window->auto_pad = (hone_auto_pad)i;
            return HONE_OK;
        }
    }
    return bad(node, "auto_pad", "has an unknown value", error);
}

static hone_status read_kernel(const hone_node *node, const hone_shape *weights,
                               hone_window *window, hone_error *error) {
    const int64_t *unused = NULL;
    uint32_t rank = (uint32_t)window->rank;
    bool given = hone_node_ints(node, "kernel_shape", &unused) != 0;
    if (!given && rank > 0 && weights == NULL)
        return bad(node, "kernel_shape", "is missing", error);
    HONE_TRY(read_list(node, "kernel_shape", rank, 1, 1, window->kernel, error));
    if (weights == NULL || weights->rank < window->rank) return HONE_OK;
    for (uint32_t i = 0; i < rank; ++i) {
        int64_t size = weights->dim[(uint32_t)weights->rank - rank + i];
        if (size < 0) continue; /* symbolic: the attribute's word is taken */
        if (size == 0 || size > LARGEST) return bad(node, "kernel_shape", "is out of range", error);
        if (given && size != window->kernel[i])
            return bad(node, "kernel_shape", "differs from the weights' shape", error);
        window->kernel[i] = size;
    }
    return HONE_OK;
}

hone_status hone__window_read(const hone_node *node, int32_t rank, const hone_shape *weights,
                              hone_window *window, hone_error *error) {
    int64_t pads[2 * HONE_WINDOW_RANK];
    memset(window, 0, sizeof *window);
    if (rank < 0 || rank > HONE_WINDOW_RANK)
        return bad(node, "kernel_shape", "has too many dimensions", error);
    window->rank = rank;
    window->ceil_mode = hone_node_int(node, "ceil_mode", 0) != 0;
    HONE_TRY(read_auto_pad(node, window, error));
    HONE_TRY(read_kernel(node, weights, window, error));
    HONE_TRY(read_list(node, "strides", (uint32_t)rank, 1, 1, window->stride, error));
    HONE_TRY(read_list(node, "dilations", (uint32_t)rank, 1, 1, window->dilation, error));
    HONE_TRY(read_list(node, "pads", 2 * (uint32_t)rank, 0, 0, pads, error));
    for (int32_t i = 0; i < rank && window->auto_pad == HONE_PAD_EXPLICIT; ++i) {
        window->pad_begin[i] = pads[i];
        window->pad_end[i] = pads[rank + i];
    }
    return HONE_OK;
}

int64_t hone__window_extent(const hone_window *window, int32_t axis) {
    return window->dilation[axis] * (window->kernel[axis] - 1) + 1;
}

/* Splits `total` padding; the odd one goes to the end for SAME_UPPER, to the beginning otherwise.
 */
static void split_pads(hone_window *window, int32_t axis, int64_t total, bool upper) {
    int64_t less = total / 2, more = total - total / 2;
    window->pad_begin[axis] = upper ? less : more;
    window->pad_end[axis] = upper ? more : less;
}

hone_status hone__window_place(hone_window *window, const hone_node *node, int32_t axis, int64_t in,
                               int64_t *out, hone_error *error) {
    int64_t stride = window->stride[axis], extent = hone__window_extent(window, axis);
    if (in > LARGEST) return bad(node, "kernel_shape", "meets an input that is too long", error);
    if (window->auto_pad >= HONE_PAD_SAME_UPPER) {
        *out = (in + stride - 1) / stride;
        int64_t total = (*out - 1) * stride + extent - in;
        split_pads(window, axis, total > 0 ? total : 0, window->auto_pad == HONE_PAD_SAME_UPPER);
        return HONE_OK;
    }
    int64_t padded = in + window->pad_begin[axis] + window->pad_end[axis];
    if (padded < extent)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                         "node '%s' (%s): a window of %lld does not fit into %lld padded elements "
                         "along spatial axis %d",
                         node->name, hone_op_get(node->op)->name, (long long)extent,
                         (long long)padded, (int)axis);
    int64_t round = window->ceil_mode ? stride - 1 : 0;
    *out = (padded - extent + round) / stride + 1;
    /* A last window that would begin in the end padding is not taken. */
    if (window->ceil_mode && (*out - 1) * stride >= in + window->pad_begin[axis]) --*out;
    return HONE_OK;
}

hone_status hone__window_place_transposed(hone_window *window, const hone_node *node, int32_t axis,
                                          int64_t in, int64_t *out, hone_error *error) {
    int64_t extra[HONE_WINDOW_RANK];
    const int64_t *wanted = NULL;
    uint32_t rank = (uint32_t)window->rank, given = hone_node_ints(node, "output_shape", &wanted);
    HONE_TRY(read_list(node, "output_padding", rank, 0, 0, extra, error));
    if (in > LARGEST) return bad(node, "kernel_shape", "meets an input that is too long", error);
    /* Some exporters give the whole shape; its last `rank` numbers count. */
    if (given != 0 && given != rank && given != rank + 2)
        return bad(node, "output_shape", "has the wrong length", error);
    int64_t stride = window->stride[axis];
    int64_t full = stride * (in - 1) + extra[axis] + hone__window_extent(window, axis);
    bool same = window->auto_pad >= HONE_PAD_SAME_UPPER;
    if (given != 0 || same) {
        *out = given != 0 ? wanted[given - rank + (uint32_t)axis] : in * stride;
        int64_t total = full - *out;
        if (*out < 1 || *out > LARGEST || (total < 0 && given != 0 && -total > LARGEST))
            return bad(node, "output_shape", "is out of range", error);
        split_pads(window, axis, total > 0 ? total : 0, window->auto_pad == HONE_PAD_SAME_UPPER);
        return HONE_OK;
    }
    *out = full - window->pad_begin[axis] - window->pad_end[axis];
    if (*out < 0) return bad(node, "pads", "take away more than there is", error);
    return HONE_OK;
}

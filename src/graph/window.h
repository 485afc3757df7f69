/* SPDX-License-Identifier: Apache-2.0 */
/* The sliding window of convolutions and pools with every attribute resolved: defaults filled in,
 * auto_pad turned into pads, all values checked. Shape inference, the references and lowering read
 * the attributes through this and so cannot disagree.
 *
 * Once read: kernel, stride and dilation are 1..2^30, pads 0..2^30. */
#ifndef HONE_GRAPH_WINDOW_H
#define HONE_GRAPH_WINDOW_H

#include "graph/graph.h"

#define HONE_WINDOW_RANK (HONE_MAX_RANK - 2)

typedef enum hone_auto_pad {
    HONE_PAD_EXPLICIT = 0,
    HONE_PAD_VALID,
    HONE_PAD_SAME_UPPER,
    HONE_PAD_SAME_LOWER
} hone_auto_pad;

typedef struct hone_window {
    int32_t rank; /* spatial dimensions */
    hone_auto_pad auto_pad;
    bool ceil_mode;
    int64_t kernel[HONE_WINDOW_RANK], stride[HONE_WINDOW_RANK], dilation[HONE_WINDOW_RANK];
    /* SAME pads depend on the input: filled in by hone__window_place. */
    int64_t pad_begin[HONE_WINDOW_RANK], pad_end[HONE_WINDOW_RANK];
} hone_window;

/* Reads the attributes of a node over `rank` spatial dimensions. `weights`: the shape that gives
 * the kernel's size (its last `rank` dimensions) where kernel_shape is absent; NULL: the attribute
 * is required. HONE_SHAPE on anything out of range. */
hone_status hone__window_read(const hone_node *node, int32_t rank, const hone_shape *weights,
                              hone_window *window, hone_error *error);

/* dilation * (kernel - 1) + 1. */
int64_t hone__window_extent(const hone_window *window, int32_t axis);

/* For a known input size `in` along `axis`: fills in SAME pads and gives the output's size.
 * HONE_SHAPE where the window does not fit once. */
hone_status hone__window_place(hone_window *window, const hone_node *node, int32_t axis, int64_t in,
                               int64_t *out, hone_error *error);

/* The same for transposed convolution: `output_padding` and `output_shape` are read from the node,
 * pads are filled in, `out` is the output's size. */
hone_status hone__window_place_transposed(hone_window *window, const hone_node *node, int32_t axis,
                                          int64_t in, int64_t *out, hone_error *error);

#endif

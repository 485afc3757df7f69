/* SPDX-License-Identifier: Apache-2.0 */
/* How a convolution seen as a matrix product (pixels x depth times depth x channels, a group at a
 * time) is cut into tiles of mr pixels x nr channels, and the tiles into tasks.
 *
 * A task is a block of rows (pixels) times a block of panels (nr channels each) of one group. It
 * runs panel by panel with the rows inside, so that a panel of weights stays in the first cache and
 * the rows in the second. With few weights it does so in steps of rows whose inputs and outputs fit
 * the first cache. */
#ifndef HONE_KERNELS_TILING_H
#define HONE_KERNELS_TILING_H

#include "kernels/shared/geometry.h"

/* What a kernel family tells about its tiles. */
typedef struct hone_tile_shape {
    size_t mr, nr;
    size_t depth_step;     /* depth is rounded up to a multiple of this (with zeros) */
    size_t weight_bytes;   /* of one packed weight */
    size_t row_bytes;      /* cache footprint of one row of inputs */
    size_t out_bytes;      /* of one output element */
    size_t panels_atleast; /* panels a task must have to pay for preparing its rows */
} hone_tile_shape;

typedef struct hone_tiling {
    size_t pixels, group_in, group_out;
    size_t depth;  /* taps * group_in, rounded up to depth_step */
    size_t panels; /* of one group */
    size_t row_block, panel_block;
    size_t row_step; /* rows of a task that go through all its panels before the next rows do */
    size_t row_blocks, panel_blocks;
} hone_tiling;

hone_tiling hone__tiling(const hone_conv_dims *dims, const hone_tile_shape *shape);
uint32_t hone__tiling_tasks(const hone_conv_dims *dims, const hone_tiling *tiling);

/* The share of one task: rows [row, row + rows) and panels [panel, panel + panels) of a group. */
typedef struct hone_tile_range {
    size_t group, row, rows, panel, panels;
} hone_tile_range;

hone_tile_range hone__tiling_range(const hone_tiling *tiling, uint32_t index);

#endif

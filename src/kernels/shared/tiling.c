/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/shared/tiling.h"
#include "kernels/shared/element.h"

enum {
    ROWS_BYTES = 192 * 1024,         /* of rows that should stay in a second-level cache */
    WEIGHTS_BYTES = 256 * 1024,      /* of weights that may be read again for every block of rows */
    STEP_WEIGHTS_BYTES = 128 * 1024, /* of weights that may be read again for every step of rows */
    STEP_BYTES = 32 * 1024,          /* of inputs and outputs of a step */
    STEP_TILES_ATLEAST = 4,
    TASKS_WANTED = 12,
    TASK_MACS_ATLEAST = 200 * 1000
};

/* Tasks a group should be cut into, so that threads share the work evenly without tasks so small
 * that their preparation counts. */
static size_t tasks_wanted(const hone_conv_dims *dims) {
    size_t worth = (size_t)(hone__conv_macs(dims) / TASK_MACS_ATLEAST);
    return hone__divide_up(hone__max_size(1, hone__min_size(worth, TASKS_WANTED)), dims->groups);
}

/* The largest multiple of mr that is at most `rows`, at least mr. */
static size_t whole_tiles(size_t rows, size_t mr) {
    return rows < mr ? mr : rows / mr * mr;
}

static size_t even_share(size_t all, size_t parts, size_t multiple) {
    return hone__divide_up(hone__divide_up(all, parts), multiple) * multiple;
}

static void choose_blocks(hone_tiling *t, const hone_tile_shape *shape, size_t wanted) {
    size_t rows = whole_tiles(ROWS_BYTES / shape->row_bytes, shape->mr);
    size_t panels = t->panels;
    bool reread_weights = t->depth * t->group_out * shape->weight_bytes <= WEIGHTS_BYTES;
    size_t row_parts = hone__divide_up(t->pixels, rows);
    if (row_parts < wanted && reread_weights) row_parts = wanted;
    t->row_block = even_share(t->pixels, row_parts, shape->mr);
    row_parts = hone__divide_up(t->pixels, t->row_block);
    if (row_parts < wanted) {
        panels = hone__divide_up(panels * row_parts, wanted);
        panels = hone__min_size(t->panels, hone__max_size(panels, shape->panels_atleast));
    }
    t->panel_block = panels;
}

/* Rows of a step, a multiple of mr; all rows where the weights are too many. */
static size_t step_of(const hone_tiling *t, const hone_tile_shape *shape) {
    size_t channels = t->panel_block * shape->nr;
    size_t row = shape->row_bytes + channels * shape->out_bytes;
    if (t->depth * channels * shape->weight_bytes > STEP_WEIGHTS_BYTES) return t->row_block;
    return hone__max_size(STEP_TILES_ATLEAST * shape->mr, whole_tiles(STEP_BYTES / row, shape->mr));
}

hone_tiling hone__tiling(const hone_conv_dims *dims, const hone_tile_shape *shape) {
    hone_tiling t = {0};
    t.pixels = hone__conv_pixels(dims);
    t.group_in = dims->in_c / dims->groups;
    t.group_out = dims->out_c / dims->groups;
    t.depth = hone__divide_up(hone__conv_taps(dims) * t.group_in, shape->depth_step);
    t.depth *= shape->depth_step;
    t.panels = hone__divide_up(t.group_out, shape->nr);
    choose_blocks(&t, shape, tasks_wanted(dims));
    t.row_step = step_of(&t, shape);
    t.row_blocks = hone__divide_up(t.pixels, t.row_block);
    t.panel_blocks = hone__divide_up(t.panels, t.panel_block);
    return t;
}

uint32_t hone__tiling_tasks(const hone_conv_dims *dims, const hone_tiling *tiling) {
    return (uint32_t)(dims->groups * tiling->row_blocks * tiling->panel_blocks);
}

hone_tile_range hone__tiling_range(const hone_tiling *t, uint32_t index) {
    hone_tile_range range;
    size_t of_group = index % (t->row_blocks * t->panel_blocks);
    range.group = index / (t->row_blocks * t->panel_blocks);
    range.row = of_group / t->panel_blocks * t->row_block;
    range.rows = hone__min_size(t->row_block, t->pixels - range.row);
    range.panel = of_group % t->panel_blocks * t->panel_block;
    range.panels = hone__min_size(t->panel_block, t->panels - range.panel);
    return range;
}

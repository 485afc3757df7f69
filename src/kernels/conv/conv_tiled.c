/* SPDX-License-Identifier: Apache-2.0 */
/* Packing, tasks and row pointers of the indirect convolution.
 * Packed: for each group and panel, bias [nr] then weights [tap][in_c / groups][nr]; channels
 * behind the group's last are zero. Scratch: a row of zeros, pointers, gathered rows. */
#include "kernels/conv/conv_tiled.h"
#include "kernels/shared/element.h"
#include "kernels/shared/gather.h"
#include "kernels/shared/tiling.h"

/* Below this many channels a tap, rows are gathered: the loop over one tap is too short. So few
 * bytes of weights stay in a first-level cache beside the rows. */
enum { GATHER_BELOW = 16, FEW_WEIGHTS_BYTES = 20 * 1024 };

static bool gathers(const hone_conv_dims *dims) {
    return hone__conv_taps(dims) > 1 && dims->in_c / dims->groups < GATHER_BELOW;
}

/* Whether output pixels are input pixels, one after the other: a matrix product. */
static bool is_matrix(const hone_conv_dims *d) {
    return hone__conv_taps(d) == 1 && d->stride_h == 1 && d->stride_w == 1 && d->pad_top == 0 &&
           d->pad_left == 0 && d->in_w == d->out_w && d->in_h == d->out_h;
}

static hone_tiling tiling_of(const hone_conv_tiles *tiles, const hone_conv_dims *dims) {
    size_t row = dims->in_c / dims->groups * sizeof(float), taps = hone__conv_taps(dims);
    size_t fresh = hone__min_size(taps, (size_t)dims->stride_h * dims->stride_w);
    hone_tile_shape shape = {tiles->mr, tiles->nr, 1, sizeof(float), 0, sizeof(float), 1};
    shape.row_bytes = row * (gathers(dims) ? taps : fresh) + taps * sizeof(void *);
    return hone__tiling(dims, &shape);
}

bool hone__conv_tiled_supports(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return true;
}

static size_t panel_floats(const hone_conv_tiles *tiles, const hone_tiling *tiling) {
    return tiles->nr * (1 + tiling->depth);
}

size_t hone__conv_tiled_pack_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    hone_tiling tiling = tiling_of(kernel->tile, dims);
    return dims->groups * tiling.panels * panel_floats(kernel->tile, &tiling) * sizeof(float);
}

static void pack_panel(const hone_tiling *tiling, size_t taps, const hone_conv_weights *weights,
                       size_t o, size_t columns, size_t nr, float *out) {
    memset(out, 0, nr * (1 + tiling->depth) * sizeof *out);
    for (size_t c = 0; weights->bias && c < columns; c++)
        out[c] = hone__element_f32(weights->bias, o + c);
    out += nr;
    for (size_t t = 0; t < taps; t++)
        for (size_t i = 0; i < tiling->group_in; i++, out += nr)
            for (size_t c = 0; c < columns; c++)
                out[c] = hone__element_f32(weights->data, (o + c) * weights->out_step +
                                                              i * weights->in_step +
                                                              t * weights->tap_step);
}

void hone__conv_tiled_pack(const hone_conv_kernel *kernel, const hone_conv_dims *dims,
                           const hone_conv_weights *weights, void *packed) {
    const hone_conv_tiles *tiles = kernel->tile;
    hone_tiling tiling = tiling_of(tiles, dims);
    float *out = packed;
    for (size_t g = 0; g < dims->groups; g++)
        for (size_t p = 0; p < tiling.panels; p++) {
            size_t first = p * tiles->nr;
            size_t columns = hone__min_size(tiles->nr, tiling.group_out - first);
            pack_panel(&tiling, hone__conv_taps(dims), weights, g * tiling.group_out + first,
                       columns, tiles->nr, out);
            out += panel_floats(tiles, &tiling);
        }
}

static void copy_f32(void *out, const void *in, size_t count, int32_t zero) {
    memcpy(out, in, count * sizeof(float));
}

/* A gather whose input is still to be told. */
static hone_gather gather_of(const hone_conv_dims *dims, const hone_tiling *tiling) {
    hone_gather gather = {
        .dims = dims,
        .channels = tiling->group_in,
        .in_bytes = sizeof(float),
        .out_bytes = sizeof(float),
        .row_elements = tiling->depth,
        .copy = copy_f32,
    };
    return gather;
}

/* Scratch memory: where each part begins. */
typedef struct conv_scratch {
    size_t pointers, rows, strips, bytes; /* the zeros begin at 0 */
} conv_scratch;

static size_t line_up(size_t bytes) {
    return hone__divide_up(bytes, 64) * 64;
}

static conv_scratch lay_scratch(const hone_conv_tiles *tiles, const hone_conv_dims *dims,
                                const hone_tiling *tiling) {
    conv_scratch s = {0};
    if (is_matrix(dims)) return s;
    size_t taps = gathers(dims) ? 1 : hone__conv_taps(dims);
    size_t rows = hone__divide_up(tiling->row_block, tiles->mr) * tiles->mr;
    s.pointers = line_up(tiling->group_in * sizeof(float));
    s.rows = s.pointers + line_up(rows * taps * sizeof(void *));
    s.strips = s.bytes = s.rows;
    if (gathers(dims)) {
        hone_gather gather = gather_of(dims, tiling);
        s.strips += line_up(tiling->row_block * tiling->depth * sizeof(float) + HONE_GATHER_SLACK);
        s.bytes = s.strips + hone__gather_strip_bytes(&gather);
    }
    return s;
}

size_t hone__conv_tiled_scratch_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    hone_tiling tiling = tiling_of(kernel->tile, dims);
    return lay_scratch(kernel->tile, dims, &tiling).bytes;
}

uint32_t hone__conv_tiled_task_count(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    hone_tiling tiling = tiling_of(kernel->tile, dims);
    return hone__tiling_tasks(dims, &tiling);
}

/* Fills the row pointers of a task, gathering where that is the way. */
static void prepare_rows(const hone_conv_args *args, const hone_tiling *tiling,
                         const hone_tile_range *range, size_t mr, const conv_scratch *at,
                         char *scratch) {
    hone_gather gather = gather_of(args->dims, tiling);
    gather.input = args->input + range->group * tiling->group_in;
    gather.pixel_bytes = args->input_stride * sizeof(float);
    gather.strips = scratch + at->strips;
    const void **pointers = (const void **)(void *)(scratch + at->pointers);
    if (!gathers(args->dims)) {
        memset(scratch, 0, at->pointers);
        hone__gather_pointers(&gather, range->row, range->rows, mr, scratch, pointers);
        return;
    }
    char *rows = scratch + at->rows;
    size_t padded = hone__divide_up(range->rows, mr) * mr;
    hone__gather_rows(&gather, range->row, range->rows, rows);
    for (size_t r = 0; r < padded; r++)
        pointers[r] = rows + hone__min_size(r, range->rows - 1) * tiling->depth * sizeof(float);
}

/* Where a tile should prefetch: the lines of the next panel that are its share, `floats` a tile, or
 * what is at hand already when all are on their way. */
static const float *next_of(const hone_conv_tile *tile, const float *next, size_t done,
                            size_t floats, size_t panel) {
    return done * floats < panel ? next + done * floats : tile->panel;
}

/* One panel of weights over a step of rows. Rows of a matrix need no pointers made beforehand, so
 * they can be dealt out evenly: a last tile of one row would take nearly as long as a full one. */
static void run_panel(const hone_conv_tiles *tiles, const hone_conv_args *args,
                      const hone_tile_range *range, hone_conv_tile tile, size_t channel,
                      const float *next) {
    const float *pointers[HONE_CONV_MR], *const *given = tile.rows;
    size_t count = hone__divide_up(range->rows, tiles->mr), first = 0;
    size_t floats = tile.taps * tile.depth / 4 * 16;
    size_t panel = tiles->nr * (1 + tile.taps * tile.depth);
    if (!given) tile.rows = pointers;
    for (size_t i = 0; i < count; i++) {
        size_t left = range->rows - first, pixel = range->row + first;
        size_t rows =
            given ? hone__min_size(tiles->mr, left) : hone__conv_tile_rows(tiles, left, count - i);
        if (given) tile.rows = given + i * tile.taps * tiles->mr;
        for (size_t r = 0; !given && r < rows; r++)
            pointers[r] =
                args->input + range->group * tile.depth + (pixel + r) * args->input_stride;
        tile.output = args->output + pixel * args->output_stride + channel;
        if (args->residual)
            tile.residual = args->residual + pixel * args->residual_stride + channel;
        tile.next = next_of(&tile, next, i, floats, panel);
        tiles->run[rows - 1](&tile);
        first += rows;
    }
}

/* All panels of a tile's rows, tile by tile: for a matrix whose few weights stay in the first cache
 * while an output pixel is written from its first channel to its last. */
static void run_pixels(const hone_conv_tiles *tiles, const hone_conv_args *args,
                       const hone_tiling *tiling, const hone_tile_range *step,
                       hone_conv_tile tile) {
    const float *pointers[HONE_CONV_MR];
    size_t count = hone__divide_up(step->rows, tiles->mr), floats = panel_floats(tiles, tiling);
    const float *weights = (const float *)args->packed + step->group * tiling->panels * floats;
    tile.rows = pointers;
    for (size_t i = 0, first = 0, rows; i < count; i++, first += rows) {
        size_t pixel = step->row + first, channel = step->group * tiling->group_out;
        rows = hone__conv_tile_rows(tiles, step->rows - first, count - i);
        for (size_t r = 0; r < rows; r++)
            pointers[r] = args->input + step->group * tile.depth + (pixel + r) * args->input_stride;
        tile.output = args->output + pixel * args->output_stride + channel;
        tile.residual = args->residual;
        if (args->residual) tile.residual += pixel * args->residual_stride + channel;
        tile.panel = weights;
        for (size_t c = 0; c < tiling->group_out; c += tiles->nr) {
            tile.columns = hone__min_size(tiles->nr, tiling->group_out - c);
            tiles->run[rows - 1](&tile);
            tile.panel += floats;
            tile.output += tiles->nr;
            if (tile.residual) tile.residual += tiles->nr;
        }
    }
}

/* All panels of the task over a step of its rows. */
static void run_step(const hone_conv_tiles *tiles, const hone_conv_args *args,
                     const hone_tiling *tiling, const hone_tile_range *step, hone_conv_tile tile) {
    size_t bytes = tiling->panels * panel_floats(tiles, tiling) * sizeof(float);
    if (!tile.rows && step->panels == tiling->panels && bytes <= FEW_WEIGHTS_BYTES) {
        run_pixels(tiles, args, tiling, step, tile);
        return;
    }
    for (size_t p = step->panel; p < step->panel + step->panels; p++) {
        size_t first = p * tiles->nr;
        tile.columns = hone__min_size(tiles->nr, tiling->group_out - first);
        tile.panel = (const float *)args->packed +
                     (step->group * tiling->panels + p) * panel_floats(tiles, tiling);
        bool last = p + 1 == step->panel + step->panels;
        const float *next = tile.panel + panel_floats(tiles, tiling);
        if (last) next -= step->panels * panel_floats(tiles, tiling);
        run_panel(tiles, args, step, tile, step->group * tiling->group_out + first, next);
    }
}

void hone__conv_tiled_run_task(const hone_conv_kernel *kernel, const hone_conv_args *args,
                               uint32_t index, void *scratch) {
    const hone_conv_tiles *tiles = kernel->tile;
    hone_tiling tiling = tiling_of(tiles, args->dims);
    hone_tile_range range = hone__tiling_range(&tiling, index);
    conv_scratch at = lay_scratch(tiles, args->dims, &tiling);
    bool matrix = is_matrix(args->dims);
    if (!matrix) prepare_rows(args, &tiling, &range, tiles->mr, &at, scratch);
    const void *pointers = (char *)scratch + at.pointers;
    hone_conv_tile tile = {
        .rows = matrix ? NULL : (const float *const *)pointers,
        .taps = gathers(args->dims) ? 1 : hone__conv_taps(args->dims),
        .output_stride = args->output_stride,
        .residual_stride = args->residual_stride,
        .lo = args->lo,
        .hi = args->hi,
    };
    tile.depth = tiling.depth / tile.taps;
    for (size_t done = 0; done < range.rows; done += tiling.row_step) {
        hone_tile_range step = range;
        step.row += done;
        step.rows = hone__min_size(tiling.row_step, range.rows - done);
        run_step(tiles, args, &tiling, &step, tile);
        if (!matrix) tile.rows += tiling.row_step * tile.taps;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Packing, tasks and blocks of the Winograd convolution.
 *
 * A task is a block of tiles times a block of panels (nr output channels each). It transforms the
 * inputs of its tiles into scratch memory, [point][tile][in_c], sized to stay in a second-level
 * cache; then, panel by panel, makes the products of every point, [point][tile][nr], and transforms
 * these to outputs. So transformed weights are read once a block of tiles, in the order of memory.
 *
 * Packed: for each panel, bias [nr], then for each point what a tile of conv_tiled.h wants: zeros
 * [nr], since the bias comes after the transform, and weights [in_c][nr]. */
#include "kernels/winograd/winograd_tiled.h"
#include "kernels/shared/element.h"
#include "kernels/winograd/winograd_shape.h"

#include <math.h>

enum {
    INPUT_BYTES = 256 * 1024, /* of transformed inputs a block */
    TILES_ATLEAST = 30,       /* a block; weights are read again for every block */
    TASKS_WANTED = 4          /* more would transform the same inputs too often */
};

typedef struct winograd_plan {
    hone_winograd_shape shape;
    const hone_conv_tiles *product;
    size_t row;   /* floats of transformed inputs a tile and point */
    size_t block; /* tiles a task */
    size_t blocks;
    size_t panels, panel_block, panel_blocks;
    size_t inputs, sums; /* floats from a point to the next */
} winograd_plan;

/* Floats rounded up to an odd number of cache lines: points written one after the other should not
 * fall into the same sets. */
static size_t odd_lines(size_t floats) {
    return (hone__divide_up(floats, 16) | 1) * 16;
}

static void choose_blocks(winograd_plan *p) {
    size_t mr = p->product->mr, tiles = p->shape.tiles;
    size_t most = INPUT_BYTES / (p->row * p->shape.points * sizeof(float));
    p->blocks = hone__divide_up(tiles, hone__max_size(most, TILES_ATLEAST));
    p->block = hone__divide_up(hone__divide_up(tiles, p->blocks), mr) * mr;
    p->blocks = hone__divide_up(tiles, p->block);
    size_t parts = hone__divide_up(TASKS_WANTED, p->blocks);
    p->panel_block = hone__divide_up(p->panels, hone__min_size(parts, p->panels));
    p->panel_blocks = hone__divide_up(p->panels, p->panel_block);
}

static winograd_plan plan_of(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    const hone_winograd_tiles *tiles = kernel->tile;
    winograd_plan p = {.product = tiles->product->tile};
    p.shape = hone__winograd_shape(dims, tiles->m);
    p.row = hone__divide_up(dims->in_c, tiles->lanes) * tiles->lanes;
    p.panels = hone__divide_up(dims->out_c, p.product->nr);
    choose_blocks(&p);
    p.inputs = odd_lines(p.block * p.row);
    p.sums = odd_lines(p.block * p.product->nr);
    return p;
}

bool hone__winograd_tiled_supports(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return hone__winograd_fits(dims);
}

/* Floats of one point of a panel. */
static size_t point_floats(const winograd_plan *plan, const hone_conv_dims *dims) {
    return plan->product->nr * (1 + dims->in_c);
}

static size_t panel_floats(const winograd_plan *plan, const hone_conv_dims *dims) {
    return plan->product->nr + plan->shape.points * point_floats(plan, dims);
}

size_t hone__winograd_tiled_pack_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    winograd_plan p = plan_of(kernel, dims);
    return p.panels * panel_floats(&p, dims) * sizeof(float);
}

/* Output channel o, column `column` of the panel at `out`. */
static void pack_channel(const winograd_plan *plan, const hone_conv_dims *dims,
                         const hone_conv_weights *weights, size_t o, size_t column, float *out) {
    size_t nr = plan->product->nr, step = point_floats(plan, dims);
    float points[HONE_WINOGRAD_POINTS];
    if (weights->bias) out[column] = hone__element_f32(weights->bias, o);
    for (size_t i = 0; i < dims->in_c; i++) {
        hone__winograd_weights(weights, plan->shape.m, o, i, points);
        for (size_t p = 0; p < plan->shape.points; p++)
            out[nr + p * step + (1 + i) * nr + column] = points[p];
    }
}

void hone__winograd_tiled_pack(const hone_conv_kernel *kernel, const hone_conv_dims *dims,
                               const hone_conv_weights *weights, void *packed) {
    winograd_plan p = plan_of(kernel, dims);
    size_t nr = p.product->nr, panel = panel_floats(&p, dims);
    memset(packed, 0, hone__winograd_tiled_pack_bytes(kernel, dims));
    for (size_t o = 0; o < dims->out_c; o++)
        pack_channel(&p, dims, weights, o, o % nr, (float *)packed + o / nr * panel);
}

/* Scratch: a pixel of zeros, transformed inputs, sums. */
static size_t zero_floats(const hone_conv_dims *dims) {
    return hone__divide_up(dims->in_c, 16) * 16;
}

size_t hone__winograd_tiled_scratch_bytes(const hone_conv_kernel *kernel,
                                          const hone_conv_dims *dims) {
    winograd_plan p = plan_of(kernel, dims);
    return (zero_floats(dims) + p.shape.points * (p.inputs + p.sums)) * sizeof(float);
}

uint32_t hone__winograd_tiled_task_count(const hone_conv_kernel *kernel,
                                         const hone_conv_dims *dims) {
    winograd_plan p = plan_of(kernel, dims);
    return (uint32_t)(p.blocks * p.panel_blocks);
}

/* The place of the next tile, without divisions. */
static void step_on(const hone_winograd_shape *shape, const hone_conv_dims *dims,
                    hone_winograd_place *place) {
    place->x += shape->m;
    if (place->x < dims->out_w) return;
    place->x = 0;
    place->y += shape->m;
    if (place->y < dims->out_h) return;
    place->y = 0;
    place->image++;
}

/* Pointers to the inputs of a tile; `zeros` in the padding. */
static void point(const hone_conv_args *args, const hone_winograd_place *place, size_t side,
                  const float *zeros, const float **pixels) {
    const hone_conv_dims *d = args->dims;
    for (size_t i = 0; i < side; i++) {
        /* wraps around above and left of the input, and is then too large as well */
        size_t y = place->y + i - d->pad_top, x = place->x - d->pad_left;
        size_t line = (place->image * d->in_h + y) * d->in_w;
        for (size_t j = 0; j < side; j++, x++)
            *pixels++ =
                y < d->in_h && x < d->in_w ? args->input + (line + x) * args->input_stride : zeros;
    }
}

static void transform_inputs(const hone_winograd_tiles *tiles, const hone_conv_args *args,
                             const winograd_plan *plan, size_t first, size_t count,
                             const float *zeros, float *inputs) {
    const float *pixels[HONE_WINOGRAD_POINTS];
    hone_winograd_input input = {pixels, args->dims->in_c, inputs, plan->inputs};
    hone_winograd_place place = hone__winograd_place(&plan->shape, first);
    for (size_t t = 0; t < count; t++, input.out += plan->row) {
        point(args, &place, plan->shape.side, zeros, pixels);
        tiles->input(&input);
        step_on(&plan->shape, args->dims, &place);
    }
}

/* Sums of one panel: a matrix product a point. */
static void multiply_panel(const winograd_plan *plan, const hone_conv_dims *dims, size_t count,
                           const float *panel, const float *inputs, float *sums) {
    const float *rows[HONE_CONV_MR];
    size_t mr = plan->product->mr, nr = plan->product->nr;
    hone_conv_tile tile = {
        .rows = rows,
        .taps = 1,
        .depth = dims->in_c,
        .panel = panel + nr,
        .output_stride = nr,
        .columns = nr,
        .lo = -INFINITY,
        .hi = INFINITY,
    };
    size_t blocks = hone__divide_up(count, mr);
    for (size_t p = 0; p < plan->shape.points; p++) {
        for (size_t t = 0, b = 0; b < blocks; b++) {
            size_t some = hone__conv_tile_rows(plan->product, count - t, blocks - b);
            for (size_t r = 0; r < some; r++) rows[r] = inputs + (t + r) * plan->row;
            tile.output = sums + t * nr;
            tile.next = tile.panel + point_floats(plan, dims) + b * (dims->in_c / 4 * 16);
            if (b >= 4) tile.next = tile.panel; /* all is on its way */
            plan->product->run[some - 1](&tile);
            t += some;
        }
        tile.panel += point_floats(plan, dims);
        inputs += plan->inputs;
        sums += plan->sums;
    }
}

static void transform_outputs(const hone_winograd_tiles *tiles, const hone_conv_args *args,
                              const winograd_plan *plan, size_t first, size_t count, size_t channel,
                              const float *bias, const float *sums) {
    const hone_conv_dims *d = args->dims;
    size_t m = plan->shape.m, nr = plan->product->nr;
    hone_winograd_output out = {
        .sums = sums,
        .bias = bias,
        .plane = plan->sums,
        .columns = hone__min_size(nr, d->out_c - channel),
        .output_stride = args->output_stride,
        .output_row = d->out_w * args->output_stride,
        .residual_stride = args->residual_stride,
        .residual_row = d->out_w * args->residual_stride,
        .lo = args->lo,
        .hi = args->hi,
    };
    hone_winograd_place place = hone__winograd_place(&plan->shape, first);
    for (size_t t = 0; t < count; t++, out.sums += nr) {
        size_t pixel = (place.image * d->out_h + place.y) * d->out_w + place.x;
        out.rows = hone__min_size(m, d->out_h - place.y);
        out.cols = hone__min_size(m, d->out_w - place.x);
        out.output = args->output + pixel * args->output_stride + channel;
        if (args->residual) out.residual = args->residual + pixel * args->residual_stride + channel;
        tiles->output(&out);
        step_on(&plan->shape, d, &place);
    }
}

void hone__winograd_tiled_run_task(const hone_conv_kernel *kernel, const hone_conv_args *args,
                                   uint32_t index, void *scratch) {
    const hone_winograd_tiles *tiles = kernel->tile;
    winograd_plan p = plan_of(kernel, args->dims);
    size_t first = index / p.panel_blocks * p.block;
    size_t count = hone__min_size(p.block, p.shape.tiles - first);
    size_t begin = index % p.panel_blocks * p.panel_block;
    size_t end = hone__min_size(begin + p.panel_block, p.panels);
    float *zeros = scratch, *inputs = zeros + zero_floats(args->dims);
    float *sums = inputs + p.shape.points * p.inputs;
    memset(zeros, 0, zero_floats(args->dims) * sizeof *zeros);
    transform_inputs(tiles, args, &p, first, count, zeros, inputs);
    for (size_t i = begin; i < end; i++) {
        const float *panel = (const float *)args->packed + i * panel_floats(&p, args->dims);
        multiply_panel(&p, args->dims, count, panel, inputs, sums);
        transform_outputs(tiles, args, &p, first, count, i * p.product->nr, panel, sums);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Packing, tasks and blocks of the integer Winograd convolution.
 *
 * A task is a block of tiles times a block of panels (nr output channels each). It transforms the
 * inputs of its tiles into scratch memory, [point][tile][in_c]; then, panel by panel, transforms
 * the weights, [point][in_c][nr], makes the products of every point, [point][tile][nr], and
 * transforms these to outputs.
 *
 * Packed, for each panel: bias [nr] int32, less the zero point's share; multiplier [nr] float;
 * weights [depth][9][nr] int8. Channels behind the last and depths behind in_c are zero. */
#include "kernels/qwinograd/qwinograd_tiled.h"
#include "kernels/shared/element.h"
#include "kernels/winograd/winograd_shape.h"

enum {
    INPUT_BYTES = 384 * 1024, /* of transformed inputs a block */
    TILES_ATLEAST = 24,       /* a block; weights are transformed again for every block */
    DEPTHS_ATMOST = 128,      /* transformed at once: they stay in a second-level cache */
    TASKS_WANTED = 4          /* more would transform the same inputs too often */
};

typedef struct plan {
    const hone_qwinograd_tiles *tiles;
    hone_winograd_shape shape;
    size_t row;   /* transformed channels of a tile and point */
    size_t depth; /* of them, those that count */
    size_t some;  /* depths transformed at once */
    size_t block, blocks;
    size_t panels, panel_block, panel_blocks;
    size_t panel_bytes;
    size_t inputs, weights, sums; /* elements from a point to the next */
} plan;

/* Bytes rounded up to an odd number of cache lines: points written one after the other should not
 * fall into the same sets. */
static size_t odd_lines(size_t bytes) {
    return (hone__divide_up(bytes, 64) | 1) * 64;
}

static void choose_blocks(plan *p) {
    size_t mr = p->tiles->mr, tiles = p->shape.tiles;
    size_t most = INPUT_BYTES / (p->row * HONE_QWINOGRAD_POINTS * sizeof(int16_t));
    p->blocks = hone__divide_up(tiles, hone__max_size(most, TILES_ATLEAST));
    p->block = hone__divide_up(hone__divide_up(tiles, p->blocks), mr) * mr;
    p->blocks = hone__divide_up(tiles, p->block);
    p->block = hone__min_size(p->block, tiles);
    size_t parts = hone__divide_up(TASKS_WANTED, p->blocks);
    p->panel_block = hone__divide_up(p->panels, hone__min_size(parts, p->panels));
    p->panel_blocks = hone__divide_up(p->panels, p->panel_block);
}

static plan plan_of(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    plan p = {.tiles = kernel->tile};
    size_t nr = p.tiles->nr, step = p.tiles->depth_step;
    p.shape = hone__winograd_shape(dims, HONE_QWINOGRAD_M);
    p.row = hone__divide_up(dims->in_c, nr) * nr;
    p.depth = hone__divide_up(dims->in_c, step) * step;
    p.some = hone__min_size(p.depth, DEPTHS_ATMOST);
    p.panels = hone__divide_up(dims->out_c, nr);
    p.panel_bytes = odd_lines(nr * (sizeof(int32_t) + sizeof(float) + 9 * p.depth));
    choose_blocks(&p);
    p.inputs = odd_lines(p.block * p.row * sizeof(int16_t)) / sizeof(int16_t);
    p.weights = odd_lines(p.some * nr * sizeof(int16_t)) / sizeof(int16_t);
    p.sums = odd_lines(p.block * nr * sizeof(uint32_t)) / sizeof(uint32_t);
    return p;
}

bool hone__qwinograd_tiled_supports(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    return hone__winograd_fits(dims);
}

size_t hone__qwinograd_tiled_pack_bytes(const hone_qconv_kernel *kernel,
                                        const hone_conv_dims *dims) {
    plan p = plan_of(kernel, dims);
    return p.panels * p.panel_bytes;
}

/* Output channel o into byte `lane` of its panel. */
static void pack_channel(const plan *p, const hone_conv_dims *dims, const hone_qconv_pack *source,
                         size_t o, char *panel) {
    const hone_conv_weights *weights = &source->weights;
    size_t nr = p->tiles->nr, column = o % nr;
    int8_t *out =
        (int8_t *)panel + nr * (sizeof(int32_t) + sizeof(float)) + p->tiles->order[column];
    int32_t sum = 0;
    for (size_t i = 0; i < dims->in_c; i++)
        for (size_t t = 0; t < 9; t++) {
            int8_t w =
                ((const int8_t *)weights
                     ->data)[o * weights->out_step + i * weights->in_step + t * weights->tap_step];
            out[(i * 9 + t) * nr] = w;
            sum += w;
        }
    uint32_t bias = weights->bias ? (uint32_t)hone__element_s32(weights->bias, o) : 0;
    bias -= (uint32_t)sum * source->input_zero;
    memcpy(panel + column * sizeof bias, &bias, sizeof bias);
    float multiplier = hone__element_f32(source->multiplier, o);
    memcpy(panel + (nr + column) * sizeof bias, &multiplier, sizeof multiplier);
}

void hone__qwinograd_tiled_pack(const hone_qconv_kernel *kernel, const hone_conv_dims *dims,
                                const hone_qconv_pack *source, void *packed) {
    plan p = plan_of(kernel, dims);
    memset(packed, 0, p.panels * p.panel_bytes);
    for (size_t o = 0; o < dims->out_c; o++)
        pack_channel(&p, dims, source, o, (char *)packed + o / p.tiles->nr * p.panel_bytes);
}

/* Scratch: a pixel of the padding, then what the head of this file tells. */
typedef struct areas {
    uint8_t *outside;
    int16_t *inputs, *weights;
    uint32_t *sums;
    size_t bytes;
} areas;

static size_t take(size_t *at, size_t bytes) {
    size_t start = *at;
    *at += odd_lines(bytes);
    return start;
}

static areas areas_of(const plan *p, void *scratch) {
    size_t at = 0, points = HONE_QWINOGRAD_POINTS;
    size_t outside = take(&at, p->row);
    size_t inputs = take(&at, points * p->inputs * sizeof(int16_t));
    size_t weights = take(&at, points * p->weights * sizeof(int16_t));
    size_t sums = take(&at, points * p->sums * sizeof(uint32_t));
    areas a = {.bytes = at};
    if (!scratch) return a;
    char *base = scratch;
    a.outside = (uint8_t *)base + outside;
    a.inputs = (int16_t *)(void *)(base + inputs);
    a.weights = (int16_t *)(void *)(base + weights);
    a.sums = (uint32_t *)(void *)(base + sums);
    return a;
}

size_t hone__qwinograd_tiled_scratch_bytes(const hone_qconv_kernel *kernel,
                                           const hone_conv_dims *dims) {
    plan p = plan_of(kernel, dims);
    return areas_of(&p, NULL).bytes;
}

uint32_t hone__qwinograd_tiled_task_count(const hone_qconv_kernel *kernel,
                                          const hone_conv_dims *dims) {
    plan p = plan_of(kernel, dims);
    return (uint32_t)(p.blocks * p.panel_blocks);
}

/* Whether a tile's inputs are all inside the image. */
static bool is_inside(const hone_conv_dims *d, const hone_winograd_place *place) {
    return place->y >= d->pad_top && place->y - d->pad_top + HONE_QWINOGRAD_SIDE <= d->in_h &&
           place->x >= d->pad_left && place->x - d->pad_left + HONE_QWINOGRAD_SIDE <= d->in_w;
}

static void point_inside(const hone_qconv_args *args, const hone_winograd_place *place,
                         const uint8_t **pixels) {
    size_t first = hone__winograd_pixel(args->dims, place, 0, 0);
    const uint8_t *row = args->input + first * args->input_stride;
    for (size_t i = 0; i < HONE_QWINOGRAD_SIDE; i++, row += args->dims->in_w * args->input_stride)
        for (size_t j = 0; j < HONE_QWINOGRAD_SIDE; j++)
            pixels[i * HONE_QWINOGRAD_SIDE + j] = row + j * args->input_stride;
}

static void point_at_edge(const hone_qconv_args *args, const hone_winograd_place *place,
                          const uint8_t *outside, const uint8_t **pixels) {
    for (size_t i = 0; i < HONE_QWINOGRAD_POINTS; i++) {
        size_t at = hone__winograd_pixel(args->dims, place, i / HONE_QWINOGRAD_SIDE,
                                         i % HONE_QWINOGRAD_SIDE);
        pixels[i] = at == HONE_CONV_OUTSIDE ? outside : args->input + at * args->input_stride;
    }
}

/* Tiles [first, first + count). */
static void transform_inputs(const plan *p, const hone_qconv_args *args, const areas *a,
                             size_t first, size_t count) {
    const uint8_t *pixels[HONE_QWINOGRAD_POINTS];
    hone_qwinograd_input input = {
        .pixels = pixels, .channels = args->dims->in_c, .plane = p->inputs};
    memset(a->outside, args->input_zero, p->row);
    for (size_t t = 0; t < count; t++) {
        hone_winograd_place place = hone__winograd_place(&p->shape, first + t);
        if (is_inside(args->dims, &place))
            point_inside(args, &place, pixels);
        else
            point_at_edge(args, &place, a->outside, pixels);
        input.out = a->inputs + t * p->row;
        p->tiles->input(&input);
    }
}

/* Depths [k, k + depth) of all tiles. */
static void multiply(const plan *p, const areas *a, size_t count, size_t k, size_t depth) {
    size_t mr = p->tiles->mr, nr = p->tiles->nr;
    hone_qwinograd_product product = {.row = p->row, .depth = depth, .more = k > 0};
    for (size_t i = 0; i < HONE_QWINOGRAD_POINTS; i++) {
        product.weights = a->weights + i * p->weights;
        for (size_t t = 0; t < count; t += mr) {
            product.rows = a->inputs + i * p->inputs + t * p->row + k;
            product.sums = a->sums + i * p->sums + t * nr;
            p->tiles->product[hone__min_size(mr, count - t) - 1](&product);
        }
    }
}

/* The sums of one panel; weights [depth][9][nr]. */
static void sum_panel(const plan *p, const areas *a, size_t count, const int8_t *weights) {
    for (size_t k = 0; k < p->depth; k += p->some) {
        size_t depth = hone__min_size(p->some, p->depth - k);
        p->tiles->weights(weights + k * 9 * p->tiles->nr, depth, a->weights, p->weights);
        multiply(p, a, count, k, depth);
    }
}

static void transform_outputs(const plan *p, const hone_qconv_args *args, const areas *a,
                              size_t first, size_t count, hone_qwinograd_output *output) {
    const hone_conv_dims *d = args->dims;
    for (size_t t = 0; t < count; t++) {
        hone_winograd_place place = hone__winograd_place(&p->shape, first + t);
        output->sums = a->sums + t * p->tiles->nr;
        output->pixel = (place.image * d->out_h + place.y) * d->out_w + place.x;
        output->rows = hone__min_size(HONE_QWINOGRAD_M, d->out_h - place.y);
        output->cols = hone__min_size(HONE_QWINOGRAD_M, d->out_w - place.x);
        p->tiles->output(output);
    }
}

void hone__qwinograd_tiled_run_task(const hone_qconv_kernel *kernel, const hone_qconv_args *args,
                                    uint32_t index, void *scratch) {
    plan p = plan_of(kernel, args->dims);
    areas a = areas_of(&p, scratch);
    size_t nr = p.tiles->nr, first = index / p.panel_blocks * p.block;
    size_t count = hone__min_size(p.block, p.shape.tiles - first);
    size_t panel = index % p.panel_blocks * p.panel_block;
    size_t end = hone__min_size(panel + p.panel_block, p.panels);
    transform_inputs(&p, args, &a, first, count);
    for (; panel < end; panel++) {
        const char *packed = (const char *)args->packed + panel * p.panel_bytes;
        hone_qwinograd_output output = {.plane = p.sums, .args = args, .channel = panel * nr};
        output.bias = (const int32_t *)(const void *)packed;
        output.multiplier = (const float *)(const void *)(packed + nr * sizeof(int32_t));
        output.columns = hone__min_size(nr, args->dims->out_c - output.channel);
        sum_panel(&p, &a, count, (const int8_t *)packed + nr * (sizeof(int32_t) + sizeof(float)));
        transform_outputs(&p, args, &a, first, count, &output);
    }
}

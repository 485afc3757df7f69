/* SPDX-License-Identifier: Apache-2.0 */
/* Packing, tasks and row pointers of qconv_dot_tiled.h. Packed: for each group and panel bias [nr]
 * int32, multiplier [nr] float, weights [depth / 4][nr][4]; channels behind the group's last and
 * depths behind the last are zero. Scratch: a pixel of zero points, pointers, rows, strips. */
#include "kernels/qconv/qconv_dot_tiled.h"
#include "kernels/shared/element.h"
#include "kernels/shared/gather.h"
#include "kernels/shared/tiling.h"

/* Below this many channels a tap, rows are gathered: the loop over one tap is too short. */
enum { GATHER_BELOW = 16, FOUR = 4 };

static bool gathers(const hone_conv_dims *dims) {
    size_t channels = dims->in_c / dims->groups;
    return channels % FOUR != 0 || (hone__conv_taps(dims) > 1 && channels < GATHER_BELOW);
}

static hone_tiling tiling_of(const hone_qconv_dot_tiles *tiles, const hone_conv_dims *dims) {
    size_t row = dims->in_c / dims->groups, taps = hone__conv_taps(dims);
    size_t fresh = hone__min_size(taps, (size_t)dims->stride_h * dims->stride_w);
    hone_tile_shape shape = {tiles->mr, tiles->nr, FOUR, 1, 0, 1, 1};
    shape.row_bytes = row * (gathers(dims) ? taps : fresh) + taps * sizeof(void *);
    return hone__tiling(dims, &shape);
}

bool hone__qconv_dot_supports(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    return true;
}

static size_t panel_bytes(const hone_qconv_dot_tiles *tiles, const hone_tiling *tiling) {
    size_t bytes = tiles->nr * (sizeof(int32_t) + sizeof(float) + tiling->depth);
    return hone__divide_up(bytes, 64) * 64;
}

size_t hone__qconv_dot_pack_bytes(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    hone_tiling tiling = tiling_of(kernel->tile, dims);
    return dims->groups * tiling.panels * panel_bytes(kernel->tile, &tiling);
}

/* Output channel o into column c of the panel at `out`. */
static void pack_channel(const hone_qconv_dot_tiles *tiles, size_t taps, size_t channels,
                         const hone_qconv_pack *source, size_t o, size_t c, char *out) {
    const hone_conv_weights *weights = &source->weights;
    size_t nr = tiles->nr, k = 0;
    int8_t *to = (int8_t *)out + nr * (sizeof(int32_t) + sizeof(float));
    int32_t sum = 0;
    for (size_t t = 0; t < taps; t++)
        for (size_t i = 0; i < channels; i++, k++) {
            int8_t w =
                ((const int8_t *)weights
                     ->data)[o * weights->out_step + i * weights->in_step + t * weights->tap_step];
            to[(k / FOUR * nr + c) * FOUR + k % FOUR] = w;
            sum += w;
        }
    uint32_t bias = weights->bias ? (uint32_t)hone__element_s32(weights->bias, o) : 0;
    bias += (uint32_t)sum * (uint32_t)(tiles->offset - source->input_zero);
    float multiplier = hone__element_f32(source->multiplier, o);
    memcpy(out + c * sizeof bias, &bias, sizeof bias);
    memcpy(out + (nr + c) * sizeof multiplier, &multiplier, sizeof multiplier);
}

void hone__qconv_dot_pack(const hone_qconv_kernel *kernel, const hone_conv_dims *dims,
                          const hone_qconv_pack *source, void *packed) {
    const hone_qconv_dot_tiles *tiles = kernel->tile;
    hone_tiling tiling = tiling_of(tiles, dims);
    size_t bytes = panel_bytes(tiles, &tiling);
    memset(packed, 0, hone__qconv_dot_pack_bytes(kernel, dims));
    for (size_t o = 0; o < dims->out_c; o++) {
        size_t group = o / tiling.group_out, at = o % tiling.group_out;
        char *panel = (char *)packed + (group * tiling.panels + at / tiles->nr) * bytes;
        pack_channel(tiles, hone__conv_taps(dims), tiling.group_in, source, o, at % tiles->nr,
                     panel);
    }
}

static void copy_u8(void *out, const void *in, size_t count, int32_t zero) {
    memcpy(out, in, count);
}

/* A gather whose input and fill are still to be told. */
static hone_gather gather_of(const hone_conv_dims *dims, const hone_tiling *tiling) {
    hone_gather gather = {
        .dims = dims,
        .channels = tiling->group_in,
        .in_bytes = 1,
        .out_bytes = 1,
        .row_elements = tiling->depth,
        .copy = copy_u8,
    };
    return gather;
}

/* Scratch memory: where each part begins. */
typedef struct dot_scratch {
    size_t pointers, rows, strips, bytes; /* the pixel of zero points begins at 0 */
} dot_scratch;

static size_t line_up(size_t bytes) {
    return hone__divide_up(bytes, 64) * 64;
}

static dot_scratch lay_scratch(const hone_qconv_dot_tiles *tiles, const hone_conv_dims *dims,
                               const hone_tiling *tiling) {
    dot_scratch s = {0};
    size_t taps = gathers(dims) ? 1 : hone__conv_taps(dims);
    size_t rows = hone__divide_up(tiling->row_block, tiles->mr) * tiles->mr;
    s.pointers = line_up(tiling->group_in);
    s.rows = s.pointers + line_up(rows * taps * sizeof(void *));
    s.strips = s.bytes = s.rows;
    if (gathers(dims)) {
        hone_gather gather = gather_of(dims, tiling);
        s.strips += line_up(tiling->row_block * tiling->depth + HONE_GATHER_SLACK);
        s.bytes = s.strips + hone__gather_strip_bytes(&gather);
    }
    return s;
}

size_t hone__qconv_dot_scratch_bytes(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    hone_tiling tiling = tiling_of(kernel->tile, dims);
    return lay_scratch(kernel->tile, dims, &tiling).bytes;
}

uint32_t hone__qconv_dot_task_count(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    hone_tiling tiling = tiling_of(kernel->tile, dims);
    return hone__tiling_tasks(dims, &tiling);
}

/* Fills the row pointers of a task, gathering where that is the way. */
static void prepare_rows(const hone_qconv_args *args, const hone_tiling *tiling,
                         const hone_tile_range *range, size_t mr, const dot_scratch *at,
                         char *scratch) {
    hone_gather gather = gather_of(args->dims, tiling);
    gather.input = args->input + range->group * tiling->group_in;
    gather.pixel_bytes = args->input_stride;
    gather.fill = args->input_zero;
    gather.strips = scratch + at->strips;
    const void **pointers = (const void **)(void *)(scratch + at->pointers);
    if (!gathers(args->dims)) {
        memset(scratch, args->input_zero, at->pointers);
        hone__gather_pointers(&gather, range->row, range->rows, mr, scratch, pointers);
        return;
    }
    char *rows = scratch + at->rows;
    size_t padded = hone__divide_up(range->rows, mr) * mr;
    hone__gather_rows(&gather, range->row, range->rows, rows);
    for (size_t r = 0; r < padded; r++)
        pointers[r] = rows + hone__min_size(r, range->rows - 1) * tiling->depth;
}

/* One panel of weights over a step of rows. */
static void run_panel(const hone_qconv_dot_tiles *tiles, const hone_qconv_args *args,
                      const hone_tile_range *range, hone_qconv_dot_tile tile, size_t channel) {
    for (size_t r = 0; r < range->rows; r += tiles->mr) {
        size_t pixel = range->row + r, at = pixel * args->output_stride + channel;
        if (args->output)
            tile.out.output = args->output + at;
        else
            tile.out.output_f32 = args->output_f32 + at;
        if (tile.out.sum) tile.out.addend = args->sum.data + pixel * args->sum.stride + channel;
        tiles->run[hone__min_size(tiles->mr, range->rows - r) - 1](&tile);
        tile.rows += tile.taps * tiles->mr;
    }
}

/* All panels of the task over a step of its rows. */
static void run_step(const hone_qconv_dot_tiles *tiles, const hone_qconv_args *args,
                     const hone_tiling *tiling, const hone_tile_range *step,
                     hone_qconv_dot_tile tile) {
    for (size_t p = step->panel; p < step->panel + step->panels; p++) {
        size_t first = p * tiles->nr;
        tile.out.columns = hone__min_size(tiles->nr, tiling->group_out - first);
        tile.out.panel = (const char *)args->packed +
                         (step->group * tiling->panels + p) * panel_bytes(tiles, tiling);
        run_panel(tiles, args, step, tile, step->group * tiling->group_out + first);
    }
}

void hone__qconv_dot_run_task(const hone_qconv_kernel *kernel, const hone_qconv_args *args,
                              uint32_t index, void *scratch) {
    const hone_qconv_dot_tiles *tiles = kernel->tile;
    hone_tiling tiling = tiling_of(tiles, args->dims);
    hone_tile_range range = hone__tiling_range(&tiling, index);
    dot_scratch at = lay_scratch(tiles, args->dims, &tiling);
    prepare_rows(args, &tiling, &range, tiles->mr, &at, scratch);
    hone_qconv_dot_tile tile = {
        .out = {.output_stride = args->output_stride,
                .output_zero = args->output_zero,
                .lo = args->lo,
                .hi = args->hi,
                .sum = args->sum.data ? &args->sum : NULL},
        .rows = (const uint8_t *const *)(const void *)((char *)scratch + at.pointers),
        .taps = gathers(args->dims) ? 1 : hone__conv_taps(args->dims),
    };
    tile.depth = tiling.depth / tile.taps;
    for (size_t done = 0; done < range.rows; done += tiling.row_step) {
        hone_tile_range step = range;
        step.row += done;
        step.rows = hone__min_size(tiling.row_step, range.rows - done);
        run_step(tiles, args, &tiling, &step, tile);
        tile.rows += tiling.row_step * tile.taps;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks, packing and row pointers of the fast products. Scratch: a packed panel (bias [nr], then
 * b's columns [depth][nr]), row pointers, and the rows of a turned a. How a product is cut depends
 * on its dims only, so that results are those of any number of threads. */
#include "kernels/conv/conv_tiled.h"
#include "kernels/matmul/matmul_tiers.h"
#include "kernels/shared/element.h"

#include <string.h>

enum {
    ROWS_BYTES = 192 * 1024, /* of rows that should stay in a second-level cache */
    TASK_MACS = 200 * 1000,
    TASKS_MOST = 24,
    FEW_COLUMNS = 64 /* columns of a task of few rows are a multiple */
};

typedef struct plan {
    const hone_conv_tiles *tiles;
    bool few;
    size_t row_block, row_blocks;
    size_t col_block, col_blocks;
    size_t pointers, rows, bytes; /* in scratch memory; the panel begins at 0 */
} plan;

static size_t line_up(size_t bytes) {
    return hone__divide_up(bytes, 64) * 64;
}

/* Columns are shared first: that costs nothing, while every block of rows packs b again. */
static void cut(plan *p, const hone_matmul_dims *d, size_t unit) {
    size_t row_bytes = d->depth * sizeof(float), mr = p->tiles->mr;
    size_t most = hone__max_size(mr, ROWS_BYTES / row_bytes / mr * mr);
    size_t parts = hone__divide_up(d->rows, most);
    p->row_block = hone__divide_up(hone__divide_up(d->rows, parts), mr) * mr;
    if (p->few) p->row_block = d->rows;
    p->row_blocks = hone__divide_up(d->rows, p->row_block);
    size_t wanted = hone__divide_up(d->rows * d->depth * d->cols, TASK_MACS);
    wanted = hone__divide_up(hone__min_size(wanted, TASKS_MOST), p->row_blocks);
    size_t units = hone__divide_up(d->cols, unit);
    p->col_block = hone__divide_up(units, hone__min_size(hone__max_size(wanted, 1), units)) * unit;
    p->col_blocks = hone__divide_up(d->cols, p->col_block);
}

static bool few_rows(const hone_matmul_dims *d) {
    return d->rows <= HONE_MATMUL_FEW && !d->a_turned;
}

static plan plan_of(const hone_matmul_tier *tier, const hone_matmul_dims *d) {
    plan p = {.tiles = tier->product->tile, .few = few_rows(d)};
    cut(&p, d, p.few ? FEW_COLUMNS : p.tiles->nr);
    p.pointers = line_up(p.tiles->nr * (1 + d->depth) * sizeof(float));
    p.rows = p.bytes = p.pointers + line_up(p.row_block * sizeof(void *));
    if (d->a_turned) p.bytes += p.row_block * d->depth * sizeof(float);
    return p;
}

size_t hone__matmul_tiled_scratch_bytes(const hone_matmul_table *table,
                                        const hone_matmul_dims *dims) {
    return plan_of(table->tier, dims).bytes;
}

uint32_t hone__matmul_tiled_task_count(const hone_matmul_table *table,
                                       const hone_matmul_dims *dims) {
    plan p = plan_of(table->tier, dims);
    return (uint32_t)(p.row_blocks * p.col_blocks);
}

static void prepare_rows(const hone_matmul_tier *tier, const hone_matmul_args *args, const plan *p,
                         size_t first, size_t count, char *scratch) {
    const hone_matmul_dims *d = args->dims;
    const float **pointers = (const float **)(void *)(scratch + p->pointers);
    float *rows = (float *)(void *)(scratch + p->rows);
    if (d->a_turned)
        tier->transpose(&(hone_transpose_args){.rows = d->depth,
                                               .cols = count,
                                               .input = args->a + first,
                                               .input_stride = args->a_stride,
                                               .output = rows,
                                               .output_stride = d->depth});
    for (size_t r = 0; r < count; r++)
        pointers[r] = d->a_turned ? rows + r * d->depth : args->a + (first + r) * args->a_stride;
}

/* A length that the compiler knows becomes a few moves instead of a call. */
static void copy_columns(const float *from, size_t stride, size_t depth, size_t nr, float *to) {
    if (nr == 32)
        for (size_t k = 0; k < depth; k++) memcpy(to + k * 32, from + k * stride, 128);
    else if (nr == 16)
        for (size_t k = 0; k < depth; k++) memcpy(to + k * 16, from + k * stride, 64);
    else if (nr == 8)
        for (size_t k = 0; k < depth; k++) memcpy(to + k * 8, from + k * stride, 32);
    else
        for (size_t k = 0; k < depth; k++)
            memcpy(to + k * nr, from + k * stride, nr * sizeof(float));
}

static void pack_panel(const hone_matmul_tier *tier, const hone_matmul_args *args, size_t nr,
                       size_t first, size_t columns, float *panel) {
    const hone_matmul_dims *d = args->dims;
    float *to = panel + nr;
    if (columns < nr)
        memset(panel, 0, nr * (1 + d->depth) * sizeof *panel);
    else
        memset(panel, 0, nr * sizeof *panel);
    if (args->bias) memcpy(panel, args->bias + first, columns * sizeof *panel);
    if (d->b_turned)
        tier->transpose(&(hone_transpose_args){.rows = columns,
                                               .cols = d->depth,
                                               .input = args->b + first * args->b_stride,
                                               .input_stride = args->b_stride,
                                               .output = to,
                                               .output_stride = nr});
    else if (columns == nr)
        copy_columns(args->b + first, args->b_stride, d->depth, nr, to);
    else
        for (size_t k = 0; k < d->depth; k++)
            memcpy(to + k * nr, args->b + k * args->b_stride + first, columns * sizeof *to);
    float alpha = args->alpha;
    for (size_t i = 0, n = nr * d->depth; alpha != 1.0F && i < n; i++) to[i] *= alpha;
}

/* A panel of columns with all rows of the task. */
static void run_panel(const plan *p, const hone_matmul_args *args, size_t row, size_t rows,
                      size_t first, size_t columns, const float *panel, const char *scratch) {
    size_t mr = p->tiles->mr;
    hone_conv_tile tile = {
        .rows = (const float *const *)(const void *)(scratch + p->pointers),
        .taps = 1,
        .depth = args->dims->depth,
        .panel = panel,
        .residual_stride = args->residual_stride,
        .output_stride = args->output_stride,
        .columns = columns,
        .lo = args->lo,
        .hi = args->hi,
    };
    for (size_t r = 0; r < rows; r += mr, tile.rows += mr) {
        size_t count = hone__min_size(mr, rows - r);
        tile.output = args->output + (row + r) * args->output_stride + first;
        if (args->residual)
            tile.residual = args->residual + (row + r) * args->residual_stride + first;
        p->tiles->run[count - 1](&tile);
    }
}

void hone__matmul_tiled_run_task(const hone_matmul_table *table, const hone_matmul_args *args,
                                 uint32_t index, void *scratch) {
    const hone_matmul_tier *tier = table->tier;
    const hone_matmul_dims *d = args->dims;
    plan p = plan_of(tier, d);
    size_t row = index / p.col_blocks * p.row_block, col = index % p.col_blocks * p.col_block;
    size_t rows = hone__min_size(p.row_block, d->rows - row);
    size_t cols = hone__min_size(p.col_block, d->cols - col), nr = p.tiles->nr;
    if (p.few && !args->packed) {
        tier->few(args, col, cols);
        return;
    }
    prepare_rows(tier, args, &p, row, rows, scratch);
    for (size_t c = col; c < col + cols; c += nr) {
        size_t columns = hone__min_size(nr, col + cols - c);
        const float *panel = scratch;
        if (args->packed)
            panel = (const float *)args->packed + c * (1 + args->packed_depth);
        else
            pack_panel(tier, args, nr, c, columns, scratch);
        run_panel(&p, args, row, rows, c, columns, panel, scratch);
    }
}

size_t hone__matmul_tiled_packed_bytes(const hone_matmul_table *table,
                                       const hone_matmul_dims *dims) {
    const hone_matmul_tier *tier = table->tier;
    size_t nr = ((const hone_conv_tiles *)tier->product->tile)->nr;
    if (few_rows(dims)) return 0;
    return hone__divide_up(dims->cols, nr) * nr * (1 + dims->depth) * sizeof(float);
}

void hone__matmul_tiled_pack(const hone_matmul_table *table, const hone_matmul_args *args,
                             void *packed) {
    const hone_matmul_tier *tier = table->tier;
    const hone_matmul_dims *d = args->dims;
    size_t nr = ((const hone_conv_tiles *)tier->product->tile)->nr;
    for (size_t c = 0; c < d->cols; c += nr)
        pack_panel(tier, args, nr, c, hone__min_size(nr, d->cols - c),
                   (float *)packed + c * (1 + d->depth));
}

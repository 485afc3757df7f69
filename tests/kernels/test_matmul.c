/* SPDX-License-Identifier: Apache-2.0 */
/* Products of computed matrices on every tier against the reference. */
#include "kernels/check.h"
#include <stdio.h>
#include <string.h>

static hone_matmul_table table_of(hone_cpu_tier tier) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, tier);
    return kernels.matmul;
}

typedef struct product {
    hone_matmul_dims dims;
    hone_matmul_args args;
    check_memory a, b, bias, residual, output;
} product;

/* `lines` lines of `length` floats, `stride` apart. */
static check_memory matrix(hone_rng *rng, size_t lines, size_t length, size_t stride) {
    size_t count = (lines - 1) * stride + length;
    check_memory memory = check_alloc(count * sizeof(float), CHECK_AT_END);
    check_fill_f32(rng, CHECK_RANDOM, memory.data, count);
    return memory;
}

static product make(hone_rng *rng, const hone_matmul_dims *d, size_t gap, uint32_t options) {
    product p = {.dims = *d};
    size_t a_length = d->a_turned ? d->rows : d->depth, b_length = d->b_turned ? d->depth : d->cols;
    p.args = (hone_matmul_args){.a_stride = a_length + gap,
                                .b_stride = b_length + gap,
                                .alpha = options & 1 ? 0.37F : 1,
                                .residual_stride = options & 4 ? 0 : d->cols + gap,
                                .output_stride = d->cols + gap,
                                .lo = options & 8 ? -0.5F : -INFINITY,
                                .hi = options & 8 ? 0.7F : INFINITY};
    p.a = matrix(rng, d->a_turned ? d->depth : d->rows, a_length, p.args.a_stride);
    p.b = matrix(rng, d->b_turned ? d->cols : d->depth, b_length, p.args.b_stride);
    p.bias = matrix(rng, 1, d->cols, d->cols);
    p.residual = matrix(rng, d->rows, d->cols, p.args.residual_stride);
    p.output = matrix(rng, d->rows, d->cols, p.args.output_stride);
    p.args.a = p.a.data, p.args.b = p.b.data, p.args.output = p.output.data;
    if (options & 2) p.args.bias = p.bias.data;
    if (options & 4 || options & 16) p.args.residual = p.residual.data;
    return p;
}

static void release(product *p) {
    check_memory *all[] = {&p->a, &p->b, &p->bias, &p->residual, &p->output};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_free(all[i]);
}

/* Tasks from the last to the first: their order must not matter. */
static void run_with(const hone_matmul_table *table, product *p) {
    check_memory scratch = check_alloc(table->scratch_bytes(table, &p->dims) + 64, CHECK_ALIGNED);
    p->args.dims = &p->dims;
    for (uint32_t i = table->task_count(table, &p->dims); i > 0; i--)
        table->run_task(table, &p->args, i - 1, scratch.data);
    check_free(&scratch);
}

static void compare(const hone_matmul_dims *dims, uint32_t options) {
    hone_matmul_table tables[2] = {table_of(HONE_CPU_SCALAR), table_of(HONE_CPU_BEST)};
    product p[2];
    for (int i = 0; i < 2; i++) {
        hone_rng rng;
        hone__rng_seed(&rng, dims->rows * 7 + dims->cols, options);
        p[i] = make(&rng, dims, options & 32 ? 5 : 0, options);
        run_with(&tables[i], &p[i]);
    }
    const float *want = p[0].output.data, *got = p[1].output.data;
    for (size_t i = 0; i < p[0].output.bytes / sizeof *want; i++)
        if (!(fabsf(want[i] - got[i]) <= 1e-6F * (2 + (float)dims->depth / 8)))
            fail_msg("%zux%zux%zu turned %d %d options %u: %zu is %.9g, not %.9g", dims->rows,
                     dims->depth, dims->cols, dims->a_turned, dims->b_turned, options, i,
                     (double)got[i], (double)want[i]);
    for (int i = 0; i < 2; i++) release(&p[i]);
}

static void products_of_all_small_sizes_match_the_reference(void **state) {
    static const size_t rows[] = {1, 2, 3, 4, 6, 7, 13, 25}, depth[] = {1, 3, 8, 9, 30};
    static const size_t cols[] = {1, 5, 8, 15, 16, 17, 32, 33, 70};
    for (size_t r = 0; r < 8; r++)
        for (size_t k = 0; k < 5; k++)
            for (size_t c = 0; c < 9; c++)
                for (uint32_t turned = 0; turned < 4; turned++) {
                    hone_matmul_dims dims = {rows[r], depth[k], cols[c], turned & 1, turned & 2};
                    compare(&dims, (uint32_t)(r * 7 + k * 3 + c) % 64);
                }
}

static void products_of_many_tasks_match_the_reference(void **state) {
    static const hone_matmul_dims dims[] = {{200, 300, 130, false, false},
                                            {130, 700, 100, true, true},
                                            {1, 900, 1500, false, true},
                                            {3, 600, 1100, false, false}};
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        for (uint32_t options = 0; options < 64; options += 9) compare(&dims[i], options);
}

/* A packed b serves blocks of rows, fewer columns, and a part of the depth. */
static void a_packed_side_gives_what_packing_on_the_fly_gives(void **state) {
    hone_matmul_table best = table_of(HONE_CPU_BEST);
    for (uint32_t turned = 0; turned < 2; turned++)
        for (size_t part = 0; part < 3; part++) {
            hone_matmul_dims dims = {20, 30, 50, false, turned}, less = dims;
            hone_rng rng;
            hone__rng_seed(&rng, part, turned);
            product p = make(&rng, &dims, 0, 1);
            size_t bytes = best.packed_bytes(&best, &dims);
            if (part > 0) less.cols = 33, less.rows = part;
            if (part > 1 && !turned) less.depth = 17;
            p.dims = less;
            run_with(&best, &p);
            check_memory packed = check_alloc(bytes + 64, CHECK_ALIGNED);
            check_memory want = check_alloc(p.output.bytes, CHECK_ALIGNED);
            memcpy(want.data, p.output.data, want.bytes);
            p.dims = dims;
            if (bytes) best.pack(&best, &p.args, packed.data);
            if (bytes) p.args.packed = packed.data, p.args.packed_depth = dims.depth;
            p.dims = less;
            run_with(&best, &p);
            const float *a = want.data, *b = p.output.data;
            for (size_t i = 0; i < want.bytes / sizeof *a; i++)
                assert_true(fabsf(a[i] - b[i]) <= 1e-5F);
            check_free(&packed);
            check_free(&want);
            release(&p);
        }
}

static void a_nan_reaches_only_its_own_row(void **state) {
    hone_matmul_table best = table_of(HONE_CPU_BEST);
    hone_matmul_dims dims = {7, 5, 20, false, false};
    hone_rng rng;
    hone__rng_seed(&rng, 1, 1);
    product p = make(&rng, &dims, 0, 8);
    ((float *)p.a.data)[3 * 5 + 2] = NAN;
    run_with(&best, &p);
    const float *out = p.output.data;
    for (size_t i = 0; i < 7 * 20; i++) assert_int_equal(isnan(out[i]) != 0, i / 20 == 3);
    release(&p);
}

static hone_matmul_table bench_table;
static check_memory bench_scratch;
static void run_bench(void *context) {
    hone__matmul_run(&bench_table, context, bench_scratch.data);
}

static void bench(void) {
    static const hone_matmul_dims dims[] = {
        {128, 64, 128, false, true},  {128, 128, 64, false, false}, {512, 64, 512, false, true},
        {512, 512, 64, false, false}, {256, 256, 256, true, false}, {1, 64, 512, false, true},
        {1, 512, 64, false, false},   {1, 512, 512, false, false},  {12, 512, 512, false, false}};
    bench_table = table_of(HONE_CPU_BEST);
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
        char name[64];
        snprintf(name, sizeof name, "%zux%zux%zu%s%s", dims[i].rows, dims[i].depth, dims[i].cols,
                 dims[i].a_turned ? " a turned" : "", dims[i].b_turned ? " b turned" : "");
        if (!check_wanted(name)) continue;
        hone_rng rng;
        hone__rng_seed(&rng, 1, 1);
        product p = make(&rng, &dims[i], 0, 0);
        p.args.dims = &p.dims;
        bench_scratch =
            check_alloc(bench_table.scratch_bytes(&bench_table, &p.dims) + 64, CHECK_ALIGNED);
        check_report(bench_table.name, name,
                     (double)dims[i].rows * (double)dims[i].depth * (double)dims[i].cols, "MAC",
                     check_cycles(run_bench, &p.args));
        check_free(&bench_scratch);
        release(&p);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_of_all_small_sizes_match_the_reference),
        cmocka_unit_test(products_of_many_tasks_match_the_reference),
        cmocka_unit_test(a_packed_side_gives_what_packing_on_the_fly_gives),
        cmocka_unit_test(a_nan_reaches_only_its_own_row),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions, normalizations and softmax of every tier against the references, along rows and down
 * columns, on sizes that fill no vector. */
#include "kernels/check.h"
#include <stdio.h>
#include <string.h>

static const size_t sizes[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 100, 257, 2100};
#define SIZES (sizeof sizes / sizeof *sizes)

static hone_kernels table_of(hone_cpu_tier tier) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, tier);
    return kernels;
}

/* Rows with gaps of 3 that end at a page that cannot be touched: input, outputs of both tables. */
typedef struct field {
    size_t rows, cols, stride;
    check_memory in, want, got, scale, bias;
} field;

static check_memory floats(hone_rng *rng, size_t count) {
    check_memory memory = check_alloc(count * sizeof(float), CHECK_AT_END);
    check_fill_f32(rng, CHECK_RANDOM, memory.data, count);
    return memory;
}

static field make(size_t rows, size_t cols) {
    field f = {.rows = rows, .cols = cols, .stride = cols + 3};
    size_t count = (rows - 1) * f.stride + cols;
    hone_rng rng;
    hone__rng_seed(&rng, rows * 1000 + cols, 5);
    f.in = floats(&rng, count);
    for (size_t i = 0; i < count; i++) ((float *)f.in.data)[i] = ((float *)f.in.data)[i] * 9 + 2;
    f.want = floats(&rng, count), f.got = floats(&rng, count);
    memcpy(f.got.data, f.want.data, f.got.bytes);
    f.scale = floats(&rng, cols), f.bias = floats(&rng, cols);
    return f;
}

static void release(field *f) {
    check_memory *all[] = {&f->in, &f->want, &f->got, &f->scale, &f->bias};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_free(all[i]);
}

static void assert_close(const char *what, const field *f, float relative, float absolute) {
    const float *a = f->want.data, *b = f->got.data;
    for (size_t i = 0; i < f->want.bytes / sizeof *a; i++) {
        if (isnan(a[i]) && isnan(b[i])) continue;
        if (!(fabsf(a[i] - b[i]) <= relative * fabsf(a[i]) + absolute))
            fail_msg("%s of %zux%zu: %zu is %.9g, not %.9g", what, f->rows, f->cols, i,
                     (double)b[i], (double)a[i]);
    }
}

typedef void (*check_field)(const hone_kernels *kernels, const field *f, float *output, int option);

static void check_sizes(const char *what, check_field check, int options, float relative,
                        float absolute) {
    hone_kernels reference = table_of(HONE_CPU_SCALAR), best = table_of(HONE_CPU_BEST);
    for (size_t r = 0; r < SIZES; r++)
        for (size_t c = 0; c < SIZES; c++)
            for (int option = 0; option < options && sizes[r] * sizes[c] < 100000; option++) {
                field f = make(sizes[r], sizes[c]);
                check(&reference, &f, f.want.data, option);
                check(&best, &f, f.got.data, option);
                assert_close(what, &f, relative, absolute);
                release(&f);
            }
}

static void reduce(const hone_kernels *kernels, const field *f, float *output, int option) {
    hone_reduce_args args = {.op = (hone_reduce_op)(option % HONE_REDUCES),
                             .rows = f->rows,
                             .cols = f->cols,
                             .input = f->in.data,
                             .input_stride = f->stride,
                             .output = output,
                             .more = option >= 2 * HONE_REDUCES};
    if (option / HONE_REDUCES % 2)
        kernels->reduce.columns(&args);
    else
        kernels->reduce.rows(&args);
}

/* Sums of up to 2100 numbers of either sign, some 100 large. */
static void reductions_match_the_reference(void **state) {
    check_sizes("reduction", reduce, 4 * HONE_REDUCES, 2e-6F, 1e-3F);
}

static void a_nan_is_the_largest_and_smallest_wherever_it_stands(void **state) {
    hone_kernels best = table_of(HONE_CPU_BEST);
    for (size_t at = 0; at < 70; at++) {
        float x[70], y;
        for (size_t i = 0; i < 70; i++) x[i] = i == at ? NAN : (float)i;
        for (int op = HONE_REDUCE_MAX; op <= HONE_REDUCE_MIN; op++) {
            best.reduce.rows(&(hone_reduce_args){(hone_reduce_op)op, 1, 70, x, 70, &y, false});
            assert_true(isnan(y));
            best.reduce.columns(&(hone_reduce_args){(hone_reduce_op)op, 70, 1, x, 1, &y, false});
            assert_true(isnan(y));
        }
    }
}

static void norm(const hone_kernels *kernels, const field *f, float *output, int option) {
    kernels->norm.rows(&(hone_norm_args){.rows = f->rows,
                                         .cols = f->cols,
                                         .input = f->in.data,
                                         .input_stride = f->stride,
                                         .output = output,
                                         .output_stride = f->stride,
                                         .scale = f->scale.data,
                                         .bias = option & 1 ? f->bias.data : NULL,
                                         .epsilon = 1e-3F,
                                         .center = option & 2});
}

static void normalized_rows_match_the_reference(void **state) {
    check_sizes("norm", norm, 4, 1e-5F, 1e-5F);
}

static void moments(const hone_kernels *kernels, const field *f, float *output, int option) {
    hone_moments_args args = {.rows = f->rows,
                              .cols = f->cols,
                              .input = f->in.data,
                              .input_stride = f->stride,
                              .mean = output,
                              .variance = output};
    float other[2100];
    if (option & 2)
        args.variance = other;
    else
        args.mean = other;
    if (option & 1)
        kernels->norm.moments(&args);
    else
        kernels->norm.row_moments(&args);
}

static void moments_match_the_reference(void **state) {
    check_sizes("moments", moments, 4, 1e-5F, 1e-5F);
}

static void rescale(const hone_kernels *kernels, const field *f, float *output, int option) {
    kernels->norm.rescale(&(hone_rescale_args){f->rows, f->cols, f->in.data, f->stride, output,
                                               f->stride, f->scale.data, f->bias.data, option});
}

static void rescaled_elements_match_the_reference(void **state) {
    check_sizes("rescaling", rescale, 2, 2e-7F, 1e-6F);
}

static void soft(const hone_kernels *kernels, const field *f, float *output, int option) {
    hone_soft_args args = {f->rows, f->cols, f->in.data, f->stride, output, f->stride, option & 1};
    if (option & 2)
        kernels->norm.soft_columns(&args);
    else
        kernels->norm.soft_rows(&args);
}

static void softmax_matches_the_reference(void **state) {
    check_sizes("softmax", soft, 4, 5e-6F, 1e-6F);
}

static void softmax_of_special_values(void **state) {
    hone_kernels tables[] = {table_of(HONE_CPU_SCALAR), table_of(HONE_CPU_BEST)};
    for (size_t t = 0; t < 2; t++)
        for (int kind = 0; kind < 4; kind++) {
            float x[11], y[11];
            for (size_t i = 0; i < 11; i++) x[i] = kind == 1 ? -INFINITY : (float)i;
            if (kind == 0) x[5] = NAN;
            if (kind == 2) x[5] = -INFINITY;
            if (kind == 3) x[5] = 1e30F;
            tables[t].norm.soft_rows(&(hone_soft_args){1, 11, x, 11, y, 11, false});
            for (size_t i = 0; i < 11; i++) {
                if (kind < 2) assert_true(isnan(y[i]));
                if (kind == 2) assert_true(i == 5 ? y[i] == 0 : y[i] > 0);
                if (kind == 3) assert_true(y[i] == (i == 5 ? 1.0F : 0.0F));
            }
        }
}

static field bench_field;
static hone_kernels bench_table;
static void run_norm(void *context) {
    norm(&bench_table, &bench_field, bench_field.got.data, 3);
}
static void run_soft_rows(void *context) {
    soft(&bench_table, &bench_field, bench_field.got.data, 0);
}
static void run_soft_columns(void *context) {
    soft(&bench_table, &bench_field, bench_field.got.data, 2);
}
static void run_sum_rows(void *context) {
    reduce(&bench_table, &bench_field, bench_field.got.data, HONE_REDUCE_SUM);
}
static void run_sum_columns(void *context) {
    reduce(&bench_table, &bench_field, bench_field.got.data, HONE_REDUCE_SUM + HONE_REDUCES);
}

static void bench(void) {
    static const struct {
        const char *name;
        check_run run;
    } all[] = {{"layer norm", run_norm},
               {"softmax of rows", run_soft_rows},
               {"softmax of columns", run_soft_columns},
               {"sums of rows", run_sum_rows},
               {"sums of columns", run_sum_columns}};
    bench_table = table_of(HONE_CPU_BEST);
    bench_field = make(32, 256);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (check_wanted(all[i].name))
            check_report(bench_table.norm.name, all[i].name, 32 * 256, "element",
                         check_cycles(all[i].run, NULL));
    release(&bench_field);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reductions_match_the_reference),
        cmocka_unit_test(a_nan_is_the_largest_and_smallest_wherever_it_stands),
        cmocka_unit_test(normalized_rows_match_the_reference),
        cmocka_unit_test(moments_match_the_reference),
        cmocka_unit_test(rescaled_elements_match_the_reference),
        cmocka_unit_test(softmax_matches_the_reference),
        cmocka_unit_test(softmax_of_special_values),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

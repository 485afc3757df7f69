/* SPDX-License-Identifier: Apache-2.0 */
/* The recurrent cells of every tier against the reference: all options, sizes that fill no panel,
 * states that overlap nothing; and the functions of vec_math.h over every exponent. */
#include "kernels/check.h"
#include <stdio.h>
#include <string.h>

static hone_recurrent_table table_of(hone_cpu_tier tier) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, tier);
    return kernels.recurrent;
}

/* Everything that a call needs, each in memory of its own between guard pages. */
typedef struct call {
    hone_recurrent_dims dims;
    hone_recurrent_args args;
    check_memory weights, input, peephole, bias, output, h, c;
} call;

static check_memory floats(hone_rng *rng, size_t count) {
    check_memory memory = check_alloc(count * sizeof(float), CHECK_AT_END);
    check_fill_f32(rng, CHECK_RANDOM, memory.data, count);
    return memory;
}

/* Sequences interleaved with gaps of 3, steps forward or backward. */
static call make(hone_rng *rng, const hone_recurrent_dims *dims, size_t rows, size_t steps,
                 bool backwards) {
    size_t n = dims->hidden, gates = hone__cell_gates(dims->cell);
    ptrdiff_t row = (ptrdiff_t)(gates * n + 3), out = (ptrdiff_t)(n + 3);
    call k = {.dims = *dims};
    k.weights = floats(rng, gates * n * n);
    k.input = floats(rng, rows * steps * (gates * n + 3) - 3);
    k.peephole = floats(rng, 3 * n);
    k.bias = floats(rng, n);
    k.output = floats(rng, rows * steps * (n + 3) - 3);
    k.h = floats(rng, rows * (n + 1) - 1);
    k.c = floats(rng, rows * (n + 1) - 1);
    float *w = k.weights.data;
    for (size_t i = 0; i < gates * n * n; i++) w[i] *= 2.0F / sqrtf((float)n);
    k.args = (hone_recurrent_args){.rows = rows,
                                   .steps = steps,
                                   .input = k.input.data,
                                   .input_row = row,
                                   .input_step = row * (ptrdiff_t)rows,
                                   .output = k.output.data,
                                   .output_row = out,
                                   .output_step = out * (ptrdiff_t)rows,
                                   .h = k.h.data,
                                   .c = dims->cell == HONE_CELL_LSTM ? k.c.data : NULL,
                                   .state_row = (ptrdiff_t)(n + 1)};
    if (!backwards) return k;
    k.args.input += k.args.input_step * (ptrdiff_t)(steps - 1);
    k.args.output += k.args.output_step * (ptrdiff_t)(steps - 1);
    k.args.input_step = -k.args.input_step, k.args.output_step = -k.args.output_step;
    return k;
}

static void release(call *k) {
    check_memory *all[] = {&k->weights, &k->input, &k->peephole, &k->bias,
                           &k->output,  &k->h,     &k->c};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_free(all[i]);
}

static void run_with(const hone_recurrent_table *table, call *k) {
    check_memory packed = check_alloc(table->pack_bytes(&k->dims), CHECK_ALIGNED);
    check_memory scratch = check_alloc(table->scratch_bytes(&k->dims), CHECK_ALIGNED);
    table->pack(&k->dims, k->weights.data, packed.data);
    k->args.dims = &k->dims;
    k->args.packed = packed.data;
    table->run(&k->args, scratch.data);
    check_free(&packed);
    check_free(&scratch);
}

static void assert_near(const char *what, const check_memory *want, const check_memory *got,
                        const hone_recurrent_dims *dims) {
    const float *a = want->data, *b = got->data;
    for (size_t i = 0; i < want->bytes / sizeof *a; i++)
        if (!(fabsf(a[i] - b[i]) <= 2e-5F * (1 + fabsf(a[i]))))
            fail_msg("%s %zu is %.9g, not %.9g (cell %d, hidden %zu, squash %d)", what, i,
                     (double)b[i], (double)a[i], (int)dims->cell, dims->hidden,
                     (int)dims->squash[0].op);
}

static void compare(const hone_recurrent_dims *dims, size_t rows, size_t steps, uint64_t options) {
    hone_recurrent_table tables[2] = {table_of(HONE_CPU_SCALAR), table_of(HONE_CPU_BEST)};
    call calls[2];
    for (int i = 0; i < 2; i++) {
        hone_rng rng;
        hone__rng_seed(&rng, dims->hidden * 31 + options, 1);
        calls[i] = make(&rng, dims, rows, steps, options & 1);
        if (options & 2 && dims->cell == HONE_CELL_LSTM)
            calls[i].args.peephole = calls[i].peephole.data;
        if (options & 2 && dims->cell == HONE_CELL_GRU)
            calls[i].args.recur_bias = calls[i].bias.data;
        if (options & 4) calls[i].args.output = NULL;
        run_with(&tables[i], &calls[i]);
    }
    assert_near("output", &calls[0].output, &calls[1].output, dims);
    assert_near("h", &calls[0].h, &calls[1].h, dims);
    assert_near("c", &calls[0].c, &calls[1].c, dims);
    for (int i = 0; i < 2; i++) release(&calls[i]);
}

static hone_recurrent_dims usual(hone_cell cell, size_t hidden) {
    hone_squash_op gate = cell == HONE_CELL_RNN ? HONE_SQUASH_TANH : HONE_SQUASH_SIGMOID;
    return (hone_recurrent_dims){
        .cell = cell,
        .hidden = hidden,
        .squash = {{gate, 0, 0}, {HONE_SQUASH_TANH, 0, 0}, {HONE_SQUASH_TANH, 0, 0}},
        .clip = INFINITY};
}

static void cells_of_every_size_match_the_reference(void **state) {
    static const size_t hidden[] = {1, 2, 3, 5, 7, 8, 9, 12, 16, 17, 31, 32, 33, 48, 65, 100, 128};
    for (int cell = 0; cell < HONE_CELLS; cell++)
        for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
            for (size_t rows = 1; rows <= HONE_RECURRENT_ROWS; rows++) {
                hone_recurrent_dims dims = usual((hone_cell)cell, hidden[i]);
                compare(&dims, rows, 6, i % 8);
            }
}

static void every_option_of_a_cell_matches_the_reference(void **state) {
    for (int cell = 0; cell < HONE_CELLS; cell++)
        for (uint64_t options = 0; options < 64; options++) {
            hone_recurrent_dims dims = usual((hone_cell)cell, 19);
            dims.linear = options & 8;
            dims.coupled = options & 16;
            if (options & 32) dims.clip = 0.4F;
            compare(&dims, 1 + options % 3, 5, options);
        }
}

static void every_activation_matches_the_reference(void **state) {
    for (int op = 0; op < HONE_SQUASHES; op++)
        for (int cell = 0; cell < HONE_CELLS; cell++) {
            hone_recurrent_dims dims = usual((hone_cell)cell, 21);
            dims.squash[cell == HONE_CELL_RNN ? 0 : 1] =
                (hone_squash){(hone_squash_op)op, 0.3F, 0.2F};
            dims.squash[2] = (hone_squash){(hone_squash_op)op, 0.7F, 0.1F};
            dims.clip = 3;
            compare(&dims, 2, 4, 0);
        }
}

static void rows_of_a_call_do_not_depend_on_each_other(void **state) {
    hone_recurrent_table best = table_of(HONE_CPU_BEST);
    hone_recurrent_dims dims = usual(HONE_CELL_LSTM, 24);
    hone_rng rng;
    hone__rng_seed(&rng, 9, 9);
    call k = make(&rng, &dims, 3, 5, false);
    size_t row = 25;
    float *h = k.h.data, *c = k.c.data, want[24];
    h[row + 3] = NAN, k.args.c = c;
    float first_h[24], first_c[24];
    memcpy(first_h, h, sizeof first_h), memcpy(first_c, c, sizeof first_c);
    run_with(&best, &k);
    memcpy(want, h, sizeof want);
    for (size_t i = 0; i < 24; i++) assert_true(!isnan(want[i]) && isnan(h[row + i]));
    memcpy(h, first_h, sizeof first_h), memcpy(c, first_c, sizeof first_c);
    h[row + 3] = 0;
    run_with(&best, &k);
    assert_memory_equal(h, want, sizeof want);
    release(&k);
}

/* With no R and no steps before, an RNN of one step is its activation: of any float. */
static void sweep(hone_squash_op op, double (*exact)(double), double bound) {
    enum { COUNT = 4096 };
    static float x[COUNT], h[COUNT], weights[1];
    hone_recurrent_table best = table_of(HONE_CPU_BEST);
    double worst = 0;
    for (uint32_t exponent = 0; exponent < 255; exponent++) {
        hone_rng rng;
        hone__rng_seed(&rng, exponent, 3);
        for (size_t i = 0; i < COUNT; i++) {
            uint32_t bits = exponent << 23 | (uint32_t)(hone__rng_next(&rng) & 0x807FFFFF);
            memcpy(&x[i], &bits, sizeof bits);
        }
        /* a matrix of COUNT x COUNT is too much: rows of one element, a call each */
        hone_recurrent_dims dims = usual(HONE_CELL_RNN, 1);
        dims.squash[0] = (hone_squash){op, 1, 1};
        check_memory packed = check_alloc(best.pack_bytes(&dims), CHECK_ALIGNED);
        check_memory scratch = check_alloc(best.scratch_bytes(&dims), CHECK_ALIGNED);
        best.pack(&dims, weights, packed.data);
        float last = 0;
        hone_recurrent_args args = {.dims = &dims,
                                    .rows = 1,
                                    .steps = COUNT,
                                    .packed = packed.data,
                                    .input = x,
                                    .input_step = 1,
                                    .output = h,
                                    .output_step = 1,
                                    .h = &last};
        best.run(&args, scratch.data);
        for (size_t i = 0; i < COUNT; i++) {
            double want = exact((double)x[i]);
            double apart = fabs((double)h[i] - want) - 3e-43;
            if (apart > 0 && apart / fabs(want) > worst) worst = apart / fabs(want);
        }
        check_free(&packed);
        check_free(&scratch);
    }
    if (worst > bound) fail_msg("function %d is off by %g", (int)op, worst);
    print_message("function %d: largest relative error %.3g\n", (int)op, worst);
}

static double exact_sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static void sigmoid_and_tanh_keep_their_bound_at_every_exponent(void **state) {
    hone_recurrent_table best = table_of(HONE_CPU_BEST);
    sweep(HONE_SQUASH_SIGMOID, exact_sigmoid, 5e-7);
    sweep(HONE_SQUASH_TANH, tanh, 5e-7);
    assert_non_null(best.run);
}

static hone_recurrent_table bench_table;
static void *bench_scratch;
static void run_bench(void *context) {
    bench_table.run(context, bench_scratch);
}

static void bench(void) {
    static const char *const names[] = {"RNN", "GRU", "LSTM"};
    static const size_t hidden[] = {64, 128, 256};
    bench_table = table_of(HONE_CPU_BEST);
    for (int cell = 0; cell < HONE_CELLS; cell++)
        for (size_t i = 0; i < 3; i++)
            for (size_t rows = 1; rows <= HONE_RECURRENT_ROWS; rows += 2) {
                hone_recurrent_dims dims = usual((hone_cell)cell, hidden[i]);
                hone_rng rng;
                hone__rng_seed(&rng, 1, 1);
                call k = make(&rng, &dims, rows, 10, false);
                check_memory packed = check_alloc(bench_table.pack_bytes(&dims), CHECK_ALIGNED);
                check_memory scratch = check_alloc(bench_table.scratch_bytes(&dims), CHECK_ALIGNED);
                bench_table.pack(&dims, k.weights.data, packed.data);
                k.args.dims = &k.dims, k.args.packed = packed.data;
                bench_scratch = scratch.data;
                char name[64];
                snprintf(name, sizeof name, "%s %zu, %zu rows", names[cell], hidden[i], rows);
                double macs = (double)(hone__cell_gates(dims.cell) * hidden[i] * hidden[i]);
                if (check_wanted(name))
                    check_report(bench_table.name, name, macs * 10 * (double)rows, "MAC",
                                 check_cycles(run_bench, &k.args));
                check_free(&packed);
                check_free(&scratch);
                release(&k);
            }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_of_every_size_match_the_reference),
        cmocka_unit_test(every_option_of_a_cell_matches_the_reference),
        cmocka_unit_test(every_activation_matches_the_reference),
        cmocka_unit_test(rows_of_a_call_do_not_depend_on_each_other),
        cmocka_unit_test(sigmoid_and_tanh_keep_their_bound_at_every_exponent),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

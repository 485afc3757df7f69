/* SPDX-License-Identifier: Apache-2.0 */
/* Every elementwise kernel the CPU has against the reference: floats within the bounds that
 * eltwise.h states, u8 the same bits. */
#include "kernels/check.h"
#include <stdio.h>
#include <string.h>

static const size_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 100, 257};
#define SIZES (sizeof sizes / sizeof *sizes)

static hone_eltwise_table table_of(hone_cpu_tier tier) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, tier);
    return kernels.eltwise;
}

static const float special[] = {0.0F, -0.0F, 1.0F, -1.0F, INFINITY, -INFINITY, NAN, 1e-40F, -3e38F};

/* Magnitudes of all kinds, now and then a special value. */
static void fill_wild(hone_rng *rng, float *data, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float sign = hone__rng_below(rng, 2) ? -1.0F : 1.0F;
        float power = hone__rng_float(rng) * 24.0F - 16.0F;
        data[i] = sign * exp2f(power);
        if (hone__rng_below(rng, 40) == 0)
            data[i] = special[hone__rng_below(rng, sizeof special / sizeof *special)];
    }
}

static bool close_to(float want, float got, float relative, float absolute) {
    if (isnan(want) || isinf(want)) return isnan(want) ? isnan(got) : want == got;
    return fabsf(want - got) <= fabsf(want) * relative + absolute;
}

/* Rows with gaps; the last ends at a page that cannot be touched. */
typedef struct field {
    check_memory memory;
    size_t rows, cols, stride;
} field;

static field make(size_t rows, size_t cols, size_t gap, size_t element) {
    field f = {.rows = rows, .cols = cols, .stride = cols + gap};
    f.memory = check_alloc(((rows - 1) * f.stride + cols) * element, CHECK_AT_END);
    return f;
}

static size_t elements(const field *f) {
    return (f->rows - 1) * f->stride + f->cols;
}

static void assert_close(const char *name, const field *want, const field *got, float relative,
                         float absolute) {
    const float *a = want->memory.data, *b = got->memory.data;
    for (size_t i = 0; i < elements(want); i++) {
        bool gap = i % want->stride >= want->cols;
        bool same =
            gap ? memcmp(&a[i], &b[i], sizeof *a) == 0 : close_to(a[i], b[i], relative, absolute);
        if (!same)
            fail_msg("%s: element %zu is %.9g, not %.9g", name, i, (double)b[i], (double)a[i]);
    }
}

static void check_binary(hone_rng *rng, hone_binary_op op, size_t cols, int mode) {
    hone_eltwise_table reference = table_of(HONE_CPU_SCALAR), best = table_of(HONE_CPU_BEST);
    bool a_scalar = mode % 3 == 1, b_scalar = mode % 3 == 2;
    field a = make(5, a_scalar ? 1 : cols, 2, 4), b = make(5, b_scalar ? 1 : cols, 0, 4);
    field want = make(5, cols, 3, 4), got = make(5, cols, 3, 4);
    fill_wild(rng, a.memory.data, elements(&a));
    fill_wild(rng, b.memory.data, elements(&b));
    size_t b_stride = mode >= 3 ? 0 : b.stride; /* one row for all */
    hone_binary_args args = {op,
                             5,
                             cols,
                             {a.memory.data, a.stride, a_scalar},
                             {b.memory.data, b_stride, b_scalar},
                             want.memory.data,
                             want.stride,
                             -INFINITY,
                             mode == 5 ? 6.0F : INFINITY};
    reference.binary(&args);
    args.output = got.memory.data;
    best.binary(&args);
    assert_close(best.binary_name, &want, &got, 0, 0);
    check_free(&a.memory);
    check_free(&b.memory);
    check_free(&want.memory);
    check_free(&got.memory);
}

static void binary_arithmetic_is_that_of_the_reference_in_every_operand_mode(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 1, 0);
    for (int op = 0; op < HONE_BINARY_OPS; op++)
        for (size_t s = 0; s < SIZES; s++)
            for (int mode = 0; mode < 6; mode++)
                check_binary(&rng, (hone_binary_op)op, sizes[s], mode);
}

/* Relative and absolute error allowed: what eltwise.h says. */
static void bounds_of(hone_unary_op op, const hone_unary_args *args, float *relative,
                      float *absolute) {
    bool exact = op < HONE_UNARY_EXP || op == HONE_UNARY_THRESHOLD;
    *relative = exact ? 0.0F : 1e-6F;
    *absolute = exact ? 0.0F : 3e-43F; /* denormal results lose digits */
    if (op == HONE_UNARY_ELU) *absolute = 1e-6F * args->alpha;
}

static void check_unary(hone_unary_op op, const field *in, const field *want, field *got) {
    hone_eltwise_table reference = table_of(HONE_CPU_SCALAR), best = table_of(HONE_CPU_BEST);
    float relative, absolute;
    hone_unary_args args = {
        op,          0.2F, 0.5F, in->rows, in->cols, in->memory.data, in->stride, want->memory.data,
        want->stride};
    if (op == HONE_UNARY_CLAMP) args.alpha = -1.0F, args.beta = 6.0F;
    bounds_of(op, &args, &relative, &absolute);
    memset(want->memory.data, CHECK_BYTE, want->memory.bytes);
    memset(got->memory.data, CHECK_BYTE, got->memory.bytes);
    reference.unary(&args);
    args.output = got->memory.data;
    best.unary(&args);
    if (op != HONE_UNARY_GELU && op != HONE_UNARY_GELU_TANH) {
        char name[64];
        snprintf(name, sizeof name, "%s, function %d", best.unary_name, (int)op);
        assert_close(name, want, got, relative, absolute);
        return;
    }
    const float *x = in->memory.data, *a = want->memory.data, *b = got->memory.data;
    for (size_t r = 0; r < in->rows; r++)
        for (size_t c = 0; c < in->cols; c++) {
            size_t i = r * in->stride + c, o = r * want->stride + c;
            if (!close_to(a[o], b[o], 1e-6F, fabsf(x[i]) * 1e-6F))
                fail_msg("gelu(%.9g) is %.9g, not %.9g", (double)x[i], (double)b[o], (double)a[o]);
        }
}

static void unary_functions_keep_the_error_bounds_of_the_contract(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 2, 0);
    for (int op = 0; op < HONE_UNARY_OPS; op++)
        for (size_t s = 0; s <= SIZES; s++) {
            size_t cols = s < SIZES ? sizes[s] : 20000;
            field in = make(3, cols, 1, 4), want = make(3, cols, 2, 4), got = make(3, cols, 2, 4);
            fill_wild(&rng, in.memory.data, elements(&in));
            check_unary((hone_unary_op)op, &in, &want, &got);
            check_free(&in.memory);
            check_free(&want.memory);
            check_free(&got.memory);
        }
}

static void unary_functions_hold_near_their_limits(void **state) {
    field in = make(1, 40000, 0, 4), want = make(1, 40000, 0, 4), got = make(1, 40000, 0, 4);
    float *x = in.memory.data;
    for (size_t i = 0; i < in.cols; i++) x[i] = (float)i * 0.005F - 100.0F;
    for (int op = 0; op < HONE_UNARY_OPS; op++) check_unary((hone_unary_op)op, &in, &want, &got);
    check_free(&in.memory);
    check_free(&want.memory);
    check_free(&got.memory);
}

static void unary_functions_work_in_place(void **state) {
    hone_eltwise_table best = table_of(HONE_CPU_BEST);
    float x[100], y[100];
    for (size_t i = 0; i < 100; i++) x[i] = (float)i / 10 - 5;
    hone_unary_args args = {HONE_UNARY_SIGMOID, 0, 0, 1, 100, x, 100, y, 100};
    best.unary(&args);
    args.output = x;
    best.unary(&args);
    assert_memory_equal(x, y, sizeof x);
}

/* FNV-1a over the bits, all NaNs alike. */
static uint64_t hash_of(const float *data, size_t count) {
    uint64_t hash = 14695981039346656037ULL;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = 0x7FC00000;
        if (!isnan(data[i])) memcpy(&bits, &data[i], sizeof bits);
        hash = (hash ^ bits) * 1099511628211ULL;
    }
    return hash;
}

static void fast_unary_functions_give_the_same_bits_on_every_instruction_set(void **state) {
    enum { COUNT = 40001 };
    static float x[COUNT], y[COUNT];
    hone_eltwise_table best = table_of(HONE_CPU_BEST);
    if (best.unary == table_of(HONE_CPU_SCALAR).unary) skip(); /* this CPU has no fast tier */
    uint64_t all = 0;
    for (int i = 0; i < COUNT; i++) x[i] = (float)(i - COUNT / 2) * 0.00511F;
    for (int op = 0; op < HONE_UNARY_OPS; op++) {
        hone_unary_args args = {(hone_unary_op)op, 0.2F, 0.5F, 1, COUNT, x, COUNT, y, COUNT};
        best.unary(&args);
        all = all * 31 + hash_of(y, COUNT);
    }
    assert_int_equal(all, 0x05DB0E061245B22FULL); /* the same on x86-64 and aarch64 */
}

static hone_operand_u8 operand_u8(hone_rng *rng, const field *f, bool scalar, bool repeat) {
    hone_operand_u8 o = {f->memory.data, repeat ? 0 : f->stride, scalar,
                         (uint8_t)hone__rng_next(rng)};
    return o;
}

typedef void (*binary_u8_run)(const hone_binary_u8_args *args);

static binary_u8_run run_of(const hone_eltwise_table *table, int op) {
    return op == 0 ? table->add_u8 : op == 1 ? table->mul_u8 : table->add_fixed_u8;
}

/* op: 0 adds, 1 multiplies, 2 adds in integers. */
static void check_binary_u8(hone_rng *rng, size_t cols, int mode, int op) {
    hone_eltwise_table reference = table_of(HONE_CPU_SCALAR), best = table_of(HONE_CPU_BEST);
    bool a_scalar = mode % 3 == 1, b_scalar = mode % 3 == 2;
    field a = make(4, a_scalar ? 1 : cols, 1, 1), b = make(4, b_scalar ? 1 : cols, 0, 1);
    field want = make(4, cols, 2, 1), got = make(4, cols, 2, 1);
    check_fill_u8(rng, (check_fill)hone__rng_below(rng, CHECK_FILLS), a.memory.data, elements(&a));
    check_fill_u8(rng, CHECK_RANDOM, b.memory.data, elements(&b));
    uint8_t zero = (uint8_t)hone__rng_next(rng);
    hone_binary_u8_args args = {4,
                                cols,
                                operand_u8(rng, &a, a_scalar, false),
                                operand_u8(rng, &b, b_scalar, mode >= 3),
                                0.5F,
                                0.25F,
                                want.memory.data,
                                want.stride,
                                zero,
                                -(float)zero,
                                (float)(255 - zero),
                                1 << 20,
                                op == 2 && mode % 2 ? (1 << 21) - 1
                                                    : 1 << 19, /* ties, or largest */
                                mode % 2 ? 13 : 21};
    if (hone__rng_below(rng, 2)) args.a_multiplier = 0.7F, args.b_multiplier = -0.31F;
    if (op == 1) args.a_multiplier /= 128;
    run_of(&reference, op)(&args);
    args.output = got.memory.data;
    run_of(&best, op)(&args);
    assert_memory_equal(want.memory.data, got.memory.data, want.memory.bytes);
    check_free(&a.memory);
    check_free(&b.memory);
    check_free(&want.memory);
    check_free(&got.memory);
}

static void quantized_sums_and_products_give_the_bits_of_the_reference(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 4, 0);
    for (int i = 0; i < 8; i++)
        for (size_t s = 0; s < SIZES; s++)
            for (int mode = 0; mode < 6; mode++)
                for (int op = 0; op < 3; op++) check_binary_u8(&rng, sizes[s], mode, op);
}

/* Halves go up, as in XNNPACK, and not to even. */
static void sums_in_integers_give_the_numbers_worked_out_by_hand(void **state) {
    uint8_t a[] = {10, 11, 12, 9, 255, 0}, b[] = {20, 20, 20, 20, 255, 0}, q[6];
    hone_eltwise_table table = table_of(HONE_CPU_SCALAR);
    hone_binary_u8_args args = {
        .rows = 1, .cols = 6, .a = {a, 6, false, 10}, .b = {b, 6, false, 20}};
    args.output = q, args.output_stride = 6, args.output_zero = 3;
    args.lo = -3, args.hi = 252;
    args.a_fixed = args.b_fixed = 1 << 20, args.shift = 21; /* both halved */
    table.add_fixed_u8(&args);
    assert_int_equal(q[0], 3);
    assert_int_equal(q[1], 3 + 1); /* 0.5 */
    assert_int_equal(q[2], 3 + 1);
    assert_int_equal(q[3], 3);       /* -0.5 */
    assert_int_equal(q[4], 3 + 240); /* (245 + 235) / 2 */
    assert_int_equal(q[5], 0);       /* -15, clamped at -3 */
}

static void quantizing_gives_the_bits_of_the_reference_for_any_float(void **state) {
    hone_eltwise_table reference = table_of(HONE_CPU_SCALAR), best = table_of(HONE_CPU_BEST);
    hone_rng rng;
    hone__rng_seed(&rng, 5, 0);
    for (size_t s = 0; s < SIZES; s++)
        for (int i = 0; i < 20; i++) {
            field in = make(3, sizes[s], 1, 4), want = make(3, sizes[s], 2, 1);
            field got = make(3, sizes[s], 2, 1);
            fill_wild(&rng, in.memory.data, elements(&in));
            float multiplier = i % 2 ? 1.0F : 0.5F + hone__rng_float(&rng) * 20;
            for (size_t e = 0; i % 4 == 3 && e < elements(&in); e++)
                ((float *)in.memory.data)[e] =
                    (float)hone__rng_below(&rng, 512) / 2 - 128; /* ties */
            hone_quantize_args args = {3,
                                       sizes[s],
                                       in.memory.data,
                                       in.stride,
                                       want.memory.data,
                                       want.stride,
                                       multiplier,
                                       (uint8_t)hone__rng_next(&rng)};
            reference.quantize(&args);
            args.output = got.memory.data;
            best.quantize(&args);
            assert_memory_equal(want.memory.data, got.memory.data, want.memory.bytes);
            check_free(&in.memory);
            check_free(&want.memory);
            check_free(&got.memory);
        }
}

static void quantizing_rounds_to_even_saturates_and_maps_nan_to_zero_point(void **state) {
    float in[] = {0.5F, 1.5F, 2.5F, -0.5F, 1000.0F, -1000.0F, NAN, INFINITY, -INFINITY};
    uint8_t out[9], want[] = {10, 12, 12, 10, 255, 0, 10, 255, 0};
    hone_quantize_args args = {1, 9, in, 9, out, 9, 1.0F, 10};
    hone_cpu_tier tiers[] = {HONE_CPU_SCALAR, HONE_CPU_BEST};
    for (size_t t = 0; t < 2; t++) {
        hone_eltwise_table table = table_of(tiers[t]);
        table.quantize(&args);
        assert_memory_equal(out, want, sizeof out);
    }
}

static void dequantizing_and_lookup_give_the_bits_of_the_reference(void **state) {
    hone_eltwise_table reference = table_of(HONE_CPU_SCALAR), best = table_of(HONE_CPU_BEST);
    hone_rng rng;
    uint8_t table[256];
    hone__rng_seed(&rng, 6, 0);
    check_fill_u8(&rng, CHECK_RANDOM, table, sizeof table);
    for (size_t s = 0; s < SIZES; s++) {
        field in = make(3, sizes[s], 1, 1), want = make(3, sizes[s], 2, 4);
        field got = make(3, sizes[s], 2, 4), want8 = make(3, sizes[s], 2, 1);
        field got8 = make(3, sizes[s], 2, 1);
        check_fill_u8(&rng, CHECK_RANDOM, in.memory.data, elements(&in));
        hone_dequantize_args args = {
            3, sizes[s], in.memory.data, in.stride, want.memory.data, want.stride, 0.0173F, 131};
        reference.dequantize(&args);
        args.output = got.memory.data;
        best.dequantize(&args);
        assert_memory_equal(want.memory.data, got.memory.data, want.memory.bytes);
        hone_lookup_args look = {
            table, 3, sizes[s], in.memory.data, in.stride, want8.memory.data, want8.stride};
        reference.lookup(&look);
        look.output = got8.memory.data;
        best.lookup(&look);
        assert_memory_equal(want8.memory.data, got8.memory.data, want8.memory.bytes);
        field *all[] = {&in, &want, &got, &want8, &got8};
        for (size_t i = 0; i < 5; i++) check_free(&all[i]->memory);
    }
}

enum { BENCH_COUNT = 32768 };
static float bench_a[BENCH_COUNT], bench_b[BENCH_COUNT], bench_out[BENCH_COUNT];
static hone_eltwise_table bench_table;

static void run_binary(void *context) {
    bench_table.binary(context);
}
static void run_unary(void *context) {
    bench_table.unary(context);
}
static void run_lookup(void *context) {
    bench_table.lookup(context);
}
static void run_add_u8(void *context) {
    bench_table.add_u8(context);
}
static void run_mul_u8(void *context) {
    bench_table.mul_u8(context);
}
static void run_quantize(void *context) {
    bench_table.quantize(context);
}
static void run_dequantize(void *context) {
    bench_table.dequantize(context);
}

static void time_one(const char *kernel, const char *name, check_run run, void *args) {
    if (check_wanted(name))
        check_report(kernel, name, BENCH_COUNT, "element", check_cycles(run, args));
}

static void bench(void) {
    static const char *const unary_names[] = {
        "clamp",     "abs",  "neg",        "leaky", "affine",    "hardsigmoid",
        "hardswish", "sqrt", "reciprocal", "exp",   "sigmoid",   "silu",
        "tanh",      "erf",  "gelu",       "elu",   "gelu tanh", "threshold"};
    uint8_t *u8a = (uint8_t *)bench_a, *u8b = (uint8_t *)bench_b, *u8o = (uint8_t *)bench_out;
    hone_rng rng;
    bench_table = table_of(HONE_CPU_BEST);
    hone__rng_seed(&rng, 7, 0);
    check_fill_f32(&rng, CHECK_RANDOM, bench_a, BENCH_COUNT);
    check_fill_f32(&rng, CHECK_RANDOM, bench_b, BENCH_COUNT);
    hone_binary_args add = {HONE_BINARY_ADD,
                            1,
                            BENCH_COUNT,
                            {bench_a, BENCH_COUNT, false},
                            {bench_b, BENCH_COUNT, false},
                            bench_out,
                            BENCH_COUNT,
                            -INFINITY,
                            INFINITY};
    time_one(bench_table.binary_name, "add", run_binary, &add);
    for (int op = 0; op < HONE_UNARY_OPS; op++) {
        hone_unary_args args = {(hone_unary_op)op, 0.2F,        0.5F,      1,          BENCH_COUNT,
                                bench_a,           BENCH_COUNT, bench_out, BENCH_COUNT};
        time_one(bench_table.unary_name, unary_names[op], run_unary, &args);
    }
    hone_lookup_args lookup = {u8b, 1, BENCH_COUNT, u8a, BENCH_COUNT, u8o, BENCH_COUNT};
    time_one(bench_table.lookup_name, "lookup", run_lookup, &lookup);
    hone_binary_u8_args u8 = {1,
                              BENCH_COUNT,
                              {u8a, BENCH_COUNT, false, 3},
                              {u8b, BENCH_COUNT, false, 7},
                              0.5F,
                              0.3F,
                              u8o,
                              BENCH_COUNT,
                              9,
                              -9.0F,
                              246.0F,
                              1 << 20,
                              1 << 19,
                              21};
    time_one(bench_table.add_u8_name, "add u8", run_add_u8, &u8);
    time_one(bench_table.mul_u8_name, "mul u8", run_mul_u8, &u8);
    hone_quantize_args quantize = {1,   BENCH_COUNT, bench_a, BENCH_COUNT,
                                   u8o, BENCH_COUNT, 100.0F,  9};
    time_one(bench_table.quantize_name, "quantize", run_quantize, &quantize);
    hone_dequantize_args dequantize = {1,         BENCH_COUNT, u8a,   BENCH_COUNT,
                                       bench_out, BENCH_COUNT, 0.01F, 9};
    time_one(bench_table.dequantize_name, "dequantize", run_dequantize, &dequantize);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binary_arithmetic_is_that_of_the_reference_in_every_operand_mode),
        cmocka_unit_test(unary_functions_keep_the_error_bounds_of_the_contract),
        cmocka_unit_test(unary_functions_hold_near_their_limits),
        cmocka_unit_test(unary_functions_work_in_place),
        cmocka_unit_test(fast_unary_functions_give_the_same_bits_on_every_instruction_set),
        cmocka_unit_test(quantized_sums_and_products_give_the_bits_of_the_reference),
        cmocka_unit_test(sums_in_integers_give_the_numbers_worked_out_by_hand),
        cmocka_unit_test(quantizing_gives_the_bits_of_the_reference_for_any_float),
        cmocka_unit_test(quantizing_rounds_to_even_saturates_and_maps_nan_to_zero_point),
        cmocka_unit_test(dequantizing_and_lookup_give_the_bits_of_the_reference),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

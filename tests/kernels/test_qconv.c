/* SPDX-License-Identifier: Apache-2.0 */
/* Every quantized convolution the CPU has against the reference: the same bits. */
#include "kernels/check.h"
#include <stdio.h>
#include <string.h>

/* One convolution with all its memory. Pixels are `gap` elements wider than their channels. */
typedef struct problem {
    hone_conv_dims dims;
    size_t in_gap, out_gap;
    uint8_t input_zero, output_zero;
    bool to_f32;
    float lo, hi;
    check_memory input, weights, bias, multiplier, output;
    size_t in_count, out_count, weight_count;
} problem;

static void choose_output(hone_rng *rng, problem *p) {
    p->input_zero = (uint8_t)hone__rng_next(rng);
    p->to_f32 = hone__rng_below(rng, 4) == 0;
    p->output_zero = p->to_f32 ? 0 : (uint8_t)hone__rng_next(rng);
    p->lo = p->to_f32 ? -INFINITY : -(float)p->output_zero;
    p->hi = p->to_f32 ? INFINITY : (float)(255 - p->output_zero);
    if (hone__rng_below(rng, 3) == 0) p->lo = 0;
}

/* Multipliers that spread the sums over the output's range, with ties to even among them. */
static void fill_multipliers(hone_rng *rng, problem *p) {
    float *multiplier = p->multiplier.data;
    size_t depth = p->weight_count / p->dims.out_c;
    for (size_t c = 0; c < p->dims.out_c; c++)
        multiplier[c] = c % 3 == 0 ? 0x1p-7F : (0.5F + hone__rng_float(rng)) / 64.0F;
    for (size_t c = 0; c < p->dims.out_c; c++) multiplier[c] /= sqrtf((float)depth);
}

static problem make(hone_rng *rng, const hone_conv_dims *dims, size_t in_gap, size_t out_gap,
                    check_fill inputs, check_fill weights) {
    problem p = {.dims = *dims, .in_gap = in_gap, .out_gap = out_gap};
    choose_output(rng, &p);
    /* the last pixel has no gap behind it */
    p.in_count = (size_t)dims->n * dims->in_h * dims->in_w * (dims->in_c + in_gap) - in_gap;
    p.out_count = hone__conv_pixels(dims) * (dims->out_c + out_gap) - out_gap;
    p.weight_count = hone__conv_taps(dims) * (dims->in_c / dims->groups) * dims->out_c;
    p.input = check_alloc(p.in_count, CHECK_AT_END);
    p.weights = check_alloc(p.weight_count, CHECK_AT_END);
    p.bias = check_alloc(dims->out_c * sizeof(int32_t), CHECK_AT_END);
    p.multiplier = check_alloc(dims->out_c * sizeof(float), CHECK_AT_END);
    p.output = check_alloc(p.out_count * (p.to_f32 ? 4 : 1), CHECK_AT_END);
    check_fill_u8(rng, inputs, p.input.data, p.in_count);
    check_fill_s8(rng, weights, p.weights.data, p.weight_count);
    check_fill_s32(rng, 5000, p.bias.data, dims->out_c);
    fill_multipliers(rng, &p);
    return p;
}

static void release(problem *p) {
    check_memory *all[] = {&p->input, &p->weights, &p->bias, &p->multiplier, &p->output};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_free(all[i]);
}

typedef struct prepared {
    const hone_qconv_kernel *kernel;
    hone_qconv_args args;
    check_memory packed, scratch;
    uint32_t tasks;
} prepared;

static prepared prepare(const hone_qconv_kernel *kernel, problem *p, check_memory *output) {
    const hone_conv_dims *d = &p->dims;
    prepared r = {.kernel = kernel, .tasks = kernel->task_count(kernel, d)};
    r.packed = check_alloc(kernel->pack_bytes(kernel, d), CHECK_ALIGNED);
    r.scratch = check_alloc(kernel->scratch_bytes(kernel, d), CHECK_ALIGNED);
    hone_qconv_pack source = {hone__conv_weights_oihw(d, p->weights.data, p->bias.data),
                              p->multiplier.data, p->input_zero};
    kernel->pack(kernel, d, &source, r.packed.data);
    r.args = (hone_qconv_args){
        .dims = d,
        .input = p->input.data,
        .input_stride = d->in_c + p->in_gap,
        .input_zero = p->input_zero,
        .packed = r.packed.data,
        .output = p->to_f32 ? NULL : output->data,
        .output_f32 = p->to_f32 ? output->data : NULL,
        .output_stride = d->out_c + p->out_gap,
        .output_zero = p->output_zero,
        .lo = p->lo,
        .hi = p->hi,
    };
    return r;
}

static void run_all(void *context) {
    prepared *r = context;
    for (uint32_t i = 0; i < r->tasks; i++)
        r->kernel->run_task(r->kernel, &r->args, i, r->scratch.data);
}

/* Tasks may come in any order, with whatever the last one left in the scratch memory. */
static void run_backwards(prepared *r) {
    for (uint32_t i = r->tasks; i-- > 0;)
        r->kernel->run_task(r->kernel, &r->args, i, r->scratch.data);
}

static void run_once(const hone_qconv_kernel *kernel, problem *p, check_memory *output) {
    prepared r = prepare(kernel, p, output);
    memset(output->data, CHECK_BYTE, output->bytes);
    run_backwards(&r);
    check_free(&r.packed);
    check_free(&r.scratch);
}

static void compare(const hone_qconv_kernel *kernel, problem *p, const check_memory *want) {
    if (memcmp(want->data, p->output.data, want->bytes) == 0) return;
    const uint8_t *a = want->data, *b = p->output.data;
    size_t at = 0, stride = (p->dims.out_c + p->out_gap) * (p->to_f32 ? 4 : 1);
    while (a[at] == b[at]) at++;
    fail_msg("%s: %s gap %zu%s: pixel %zu byte %zu is %u, not %u", kernel->name,
             check_dims_text(&p->dims), p->out_gap, p->to_f32 ? " to float" : "", at / stride,
             at % stride, b[at], a[at]);
}

static void check_problem(problem *p) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    check_memory want = check_alloc(p->output.bytes, CHECK_AT_END);
    run_once(kernels.qconv.list[0], p, &want);
    for (uint32_t k = 1; k < kernels.qconv.count; k++) {
        const hone_qconv_kernel *kernel = kernels.qconv.list[k];
        if (!kernel->supports(kernel, &p->dims)) continue;
        run_once(kernel, p, &p->output);
        compare(kernel, p, &want);
    }
    check_free(&want);
}

static void qconv_reference_gives_the_numbers_worked_out_by_hand(void **state) {
    /* 2 x 2 pixels of 1 channel, zero point 10, a 2 x 2 kernel with padding 1 before */
    hone_conv_dims d = {1, 2, 2, 1, 2, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1};
    uint8_t input[] = {11, 12, 13, 9}, output[4];
    int8_t weights[] = {10, -20, 30, -127};
    int32_t bias = 7, packed[3];
    float multiplier = 0.5F;
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_SCALAR);
    const hone_qconv_kernel *kernel = kernels.qconv.list[0];
    hone_qconv_pack source = {hone__conv_weights_oihw(&d, weights, &bias), &multiplier, 10};
    assert_int_equal(kernel->pack_bytes(kernel, &d), sizeof packed);
    kernel->pack(kernel, &d, &source, packed);
    hone_qconv_args args = {&d, input, 1, 10, packed, output, NULL, 1, 128, -128.0F, 100.0F};
    for (uint32_t i = 0; i < kernel->task_count(kernel, &d); i++)
        kernel->run_task(kernel, &args, i, NULL);
    assert_int_equal(output[0], 128 - 60);  /* 7 - 127 = -120, halved */
    assert_int_equal(output[1], 128 - 108); /* 30 * 1 - 127 * 2 + 7 = -217: -108.5 to even */
    assert_int_equal(output[2], 0);         /* -20 * 1 - 127 * 3 + 7 = -394: clamped at -128 */
    assert_int_equal(output[3], 128 + 97);  /* 10 - 40 + 90 + 127 + 7 = 194 */
}

static void qconv_of_any_geometry_gives_the_bits_of_the_reference(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 1, 0);
    for (int i = 0; i < 500; i++) {
        hone_conv_dims d = check_random_dims(&rng, false);
        problem p = make(&rng, &d, hone__rng_below(&rng, 3) * 5, hone__rng_below(&rng, 3) * 3,
                         CHECK_RANDOM, CHECK_RANDOM);
        check_problem(&p);
        release(&p);
    }
}

static const check_shape odd_shapes[] = {
    {"same padding", 15, 17, 33, 19, 3, 1, 1, 1, 1},
    {"many channels", 3, 5, 257, 65, 1, 1, 0, 1, 1},
    {"rgb", 31, 29, 3, 32, 3, 2, 1, 1, 1},
    {"7x7", 30, 30, 3, 10, 7, 2, 3, 1, 1},
    {"grouped", 9, 9, 24, 40, 3, 1, 1, 1, 4},
    {"two a group", 9, 9, 12, 24, 3, 2, 1, 1, 6},
    {"dilated", 12, 12, 20, 17, 3, 1, 2, 2, 1},
    {"one pixel", 1, 1, 300, 101, 1, 1, 0, 1, 1},
    {"whole image", 4, 4, 50, 31, 4, 1, 0, 1, 1},
    {"long rows", 40, 40, 16, 48, 1, 1, 0, 1, 1},
};

/* Where 16-bit sums, had a kernel any, would overflow. */
static void qconv_is_exact_on_the_largest_products(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 2, 0);
    for (size_t i = 0; i < sizeof odd_shapes / sizeof *odd_shapes; i++) {
        hone_conv_dims d = check_dims(&odd_shapes[i], 2);
        for (int fill = 0; fill < CHECK_FILLS * CHECK_FILLS; fill++) {
            problem p = make(&rng, &d, i % 2, i % 3, (check_fill)(fill % CHECK_FILLS),
                             (check_fill)(fill / CHECK_FILLS));
            p.input_zero = fill % 2 ? 255 : 0;
            check_problem(&p);
            release(&p);
        }
    }
}

static void qconv_takes_weights_of_minus_128(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 3, 0);
    for (size_t i = 0; i < sizeof odd_shapes / sizeof *odd_shapes; i++) {
        hone_conv_dims d = check_dims(&odd_shapes[i], 1);
        problem p = make(&rng, &d, 0, 0, CHECK_LARGEST, CHECK_RANDOM);
        memset(p.weights.data, -128, p.weight_count);
        p.input_zero = 0;
        check_problem(&p);
        release(&p);
    }
}

/* As in ResNet-50 and MobileNetV2. */
static const check_shape bench_shapes[] = {
    {"56x56 64->64", 56, 56, 64, 64, 1, 1, 0, 1, 1},
    {"56x56 64->256", 56, 56, 64, 256, 1, 1, 0, 1, 1},
    {"56x56 3x3 64->64", 56, 56, 64, 64, 3, 1, 1, 1, 1},
    {"28x28 3x3 128->128", 28, 28, 128, 128, 3, 1, 1, 1, 1},
    {"14x14 3x3 256->256", 14, 14, 256, 256, 3, 1, 1, 1, 1},
    {"7x7 3x3 512->512", 7, 7, 512, 512, 3, 1, 1, 1, 1},
    {"14x14 256->1024", 14, 14, 256, 1024, 1, 1, 0, 1, 1},
    {"14x14 1024->256", 14, 14, 1024, 256, 1, 1, 0, 1, 1},
    {"28x28 24->144", 28, 28, 24, 144, 1, 1, 0, 1, 1},
    {"28x28 144->24", 28, 28, 144, 24, 1, 1, 0, 1, 1},
    {"112x112 16->96", 112, 112, 16, 96, 1, 1, 0, 1, 1},
    {"7x7 960->320", 7, 7, 960, 320, 1, 1, 0, 1, 1},
    {"1x1 1280->1000", 1, 1, 1280, 1000, 1, 1, 0, 1, 1},
    {"224x224 3x3/2 3->32", 224, 224, 3, 32, 3, 2, 1, 1, 1},
    {"224x224 7x7/2 3->64", 224, 224, 3, 64, 7, 2, 3, 1, 1},
    {"56x56 3x3 g32 128->128", 56, 56, 128, 128, 3, 1, 1, 1, 32},
};

static void bench(void) {
    hone_kernels kernels;
    hone_rng rng;
    hone__rng_seed(&rng, 6, 0);
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (uint32_t k = 1; k < kernels.qconv.count; k++)
        for (size_t i = 0; i < sizeof bench_shapes / sizeof *bench_shapes; i++) {
            if (!check_wanted(bench_shapes[i].name)) continue;
            hone_conv_dims d = check_dims(&bench_shapes[i], 1);
            problem p = make(&rng, &d, 0, 0, CHECK_RANDOM, CHECK_RANDOM);
            prepared r = prepare(kernels.qconv.list[k], &p, &p.output);
            check_report(r.kernel->name, bench_shapes[i].name, (double)hone__conv_macs(&d), "MAC",
                         check_cycles(run_all, &r));
            check_free(&r.packed);
            check_free(&r.scratch);
            release(&p);
        }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qconv_reference_gives_the_numbers_worked_out_by_hand),
        cmocka_unit_test(qconv_of_any_geometry_gives_the_bits_of_the_reference),
        cmocka_unit_test(qconv_is_exact_on_the_largest_products),
        cmocka_unit_test(qconv_takes_weights_of_minus_128),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

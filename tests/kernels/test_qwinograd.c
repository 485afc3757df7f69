/* SPDX-License-Identifier: Apache-2.0 */
/* The integer Winograd convolution against the reference of qconv: the same bits, also on the
 * largest sums that are let through. */
#include "kernels/conv_cases.h"
#include <string.h>

/* Kernel 0 is the direct reference. */
static const hone_qconv_kernel *kernel_of(const hone_kernels *kernels, uint32_t k) {
    return k == 0 ? kernels->qconv.list[0] : kernels->qwinograd.fast;
}

static uint32_t count(const hone_kernels *kernels) {
    return kernels->qwinograd.fast ? 2 : 1;
}

static conv_plan plan(const hone_kernels *kernels, uint32_t k, const hone_conv_dims *dims) {
    const hone_qconv_kernel *kernel = kernel_of(kernels, k);
    conv_plan p = {.kernel = kernel, .name = kernel->name};
    p.supported = kernel->supports(kernel, dims);
    if (!p.supported) return p;
    p.pack_bytes = kernel->pack_bytes(kernel, dims);
    p.scratch_bytes = kernel->scratch_bytes(kernel, dims);
    p.tasks = kernel->task_count(kernel, dims);
    return p;
}

static void prepare(conv_run *run) {
    const hone_qconv_kernel *kernel = run->plan.kernel;
    const conv_case *c = run->of;
    hone_qconv_pack source = {conv_case_weights(c), c->multiplier.data, c->input_zero};
    kernel->pack(kernel, &c->dims, &source, run->packed.data);
    run->args.qconv = conv_case_qconv(run);
}

static void run_task(conv_run *run, uint32_t index) {
    const hone_qconv_kernel *kernel = run->plan.kernel;
    kernel->run_task(kernel, &run->args.qconv, index, run->scratch.data);
}

static const check_shape odd[] = {
    {"same padding", 15, 17, 33, 19, 3, 1, 1, 1, 1}, {"no padding", 9, 11, 16, 16, 3, 1, 0, 1, 1},
    {"wide padding", 5, 6, 8, 40, 3, 1, 2, 1, 1},    {"one pixel", 1, 1, 24, 31, 3, 1, 1, 1, 1},
    {"one channel", 12, 7, 1, 1, 3, 1, 1, 1, 1},     {"rgb", 13, 14, 3, 33, 3, 1, 1, 1, 1},
    {"most channels", 8, 8, 115, 17, 3, 1, 1, 1, 1},
};

/* As in ResNet, SqueezeNet and the small ones of MLPerf Tiny. */
static const check_shape bench_shapes[] = {
    {"56x56 64->64", 56, 56, 64, 64, 3, 1, 1, 1, 1},
    {"28x28 128->128", 28, 28, 128, 128, 3, 1, 1, 1, 1},
    {"14x14 256->256", 14, 14, 256, 256, 3, 1, 1, 1, 1},
    {"7x7 512->512", 7, 7, 512, 512, 3, 1, 1, 1, 1},
    {"55x55 16->64", 55, 55, 16, 64, 3, 1, 1, 1, 1},
    {"27x27 32->128", 27, 27, 32, 128, 3, 1, 1, 1, 1},
    {"13x13 64->256", 13, 13, 64, 256, 3, 1, 1, 1, 1},
    {"32x32 16->16", 32, 32, 16, 16, 3, 1, 1, 1, 1},
    {"16x16 32->32", 16, 16, 32, 32, 3, 1, 1, 1, 1},
    {"8x8 64->64", 8, 8, 64, 64, 3, 1, 1, 1, 1},
    {"7x7 64->64", 7, 7, 64, 64, 3, 1, 1, 1, 1},
    {"28x28 8->16", 28, 28, 8, 16, 3, 1, 1, 1, 1},
    {"4x4 16->16", 4, 4, 16, 16, 3, 1, 1, 1, 1},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))
static const conv_shapes shapes = {false, odd, bench_shapes, COUNT(odd), COUNT(bench_shapes)};

static const conv_family family = {
    .shapes = &shapes,
    .u8 = true,
    .f32_output = true,
    .residual = true,
    .count = count,
    .plan = plan,
    .prepare = prepare,
    .run_task = run_task,
};

static uint32_t below(hone_rng *rng, uint32_t limit) {
    return (uint32_t)hone__rng_below(rng, limit);
}

/* Sizes, paddings and channels at random; 3 x 3 kernels of stride 1. */
static hone_conv_dims random_dims(hone_rng *rng) {
    hone_conv_dims d = {.n = 1 + below(rng, 2),
                        .groups = 1,
                        .kernel_h = 3,
                        .kernel_w = 3,
                        .stride_h = 1,
                        .stride_w = 1,
                        .dilation_h = 1,
                        .dilation_w = 1};
    d.pad_top = below(rng, 3), d.pad_left = below(rng, 3);
    d.in_h = 3 + below(rng, 18), d.in_w = 3 + below(rng, 18);
    d.out_h = d.in_h + d.pad_top + below(rng, 3) - 2;
    d.out_w = d.in_w + d.pad_left + below(rng, 3) - 2;
    d.in_c = 1 + below(rng, 60), d.out_c = 1 + below(rng, 40);
    return d;
}

static void qwinograd_of_any_size_gives_the_bits_of_the_reference(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 1, 0);
    for (int i = 0; i < 150; i++) {
        conv_spec spec = {.dims = random_dims(&rng)};
        spec.out_gap = hone__rng_below(&rng, 3) * 3;
        spec.in_gap = hone__rng_below(&rng, 3) * 5;
        conv_case c = conv_case_make(&family, &rng, &spec);
        c.residual = !c.to_f32 && hone__rng_below(&rng, 2);
        conv_check_case(&c);
        conv_case_free(&c);
    }
}

/* 115 channels of 127 * 255 fill what is let through, in either sign. */
static void qwinograd_is_exact_on_the_largest_sums(void **state) {
    conv_check_odd_shapes(&family);
}

static void qwinograd_takes_weights_of_minus_128(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 3, 0);
    conv_spec spec = {.dims = check_dims(&odd[0], 1), .inputs = CHECK_LARGEST};
    conv_case c = conv_case_make(&family, &rng, &spec);
    memset(c.weights.data, -128, c.weight_count);
    conv_check_case(&c);
    conv_case_free(&c);
}

/* Whether weights of one value are let through. */
static bool lets_through(uint32_t in_c, int8_t weight) {
    static int8_t data[9 * 128];
    hone_conv_dims dims = check_dims(&odd[0], 1);
    dims.in_c = in_c, dims.out_c = 1;
    memset(data, weight, sizeof data);
    hone_conv_weights weights = hone__conv_weights_oihw(&dims, data, NULL);
    return hone__qwinograd_exact(&dims, &weights);
}

static void qwinograd_refuses_weights_whose_sums_may_not_come_back(void **state) {
    assert_true(lets_through(115, 127));
    assert_false(lets_through(116, 127));
    assert_true(lets_through(115, -127));
    assert_false(lets_through(116, -127));
    assert_false(lets_through(115, -128));
    assert_true(lets_through(128, 100));
}

static void bench(void) {
    conv_bench(&family);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qwinograd_of_any_size_gives_the_bits_of_the_reference),
        cmocka_unit_test(qwinograd_is_exact_on_the_largest_sums),
        cmocka_unit_test(qwinograd_takes_weights_of_minus_128),
        cmocka_unit_test(qwinograd_refuses_weights_whose_sums_may_not_come_back),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every quantized convolution the CPU has against the reference: the same bits. */
#include "kernels/conv_cases.h"

static uint32_t count(const hone_kernels *kernels) {
    return kernels->qconv.count;
}

static conv_plan plan(const hone_kernels *kernels, uint32_t k, const hone_conv_dims *dims) {
    const hone_qconv_kernel *kernel = kernels->qconv.list[k];
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

static const conv_family family = {
    .shapes = &conv_dense_shapes,
    .u8 = true,
    .f32_output = true,
    .residual = true,
    .count = count,
    .plan = plan,
    .prepare = prepare,
    .run_task = run_task,
};

static void qconv_reference_gives_the_numbers_worked_out_by_hand(void **state) {
    conv_check_by_hand_u8(&family);
}

static void qconv_of_any_geometry_gives_the_bits_of_the_reference(void **state) {
    conv_check_random(&family, 500);
}

/* Where 16-bit sums, had a kernel any, would overflow. */
static void qconv_is_exact_on_the_largest_products(void **state) {
    conv_check_odd_shapes(&family);
}

static void qconv_takes_weights_of_minus_128(void **state) {
    conv_check_minus_128(&family);
}

static void bench(void) {
    conv_bench(&family);
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

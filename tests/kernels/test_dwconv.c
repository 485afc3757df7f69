/* SPDX-License-Identifier: Apache-2.0 */
/* Every float depthwise convolution the CPU has against the reference. */
#include "kernels/conv_cases.h"

static uint32_t count(const hone_kernels *kernels) {
    return kernels->dwconv.count;
}

static conv_plan plan(const hone_kernels *kernels, uint32_t k, const hone_conv_dims *dims) {
    const hone_dwconv_kernel *kernel = kernels->dwconv.list[k];
    conv_plan p = {.kernel = kernel, .name = kernel->name};
    p.supported = kernel->supports(kernel, dims);
    if (!p.supported) return p;
    p.pack_bytes = kernel->pack_bytes(kernel, dims);
    p.scratch_bytes = kernel->scratch_bytes(kernel, dims);
    p.tasks = kernel->task_count(kernel, dims);
    return p;
}

static void prepare(conv_run *run) {
    const hone_dwconv_kernel *kernel = run->plan.kernel;
    const conv_case *c = run->of;
    hone_conv_weights weights = conv_case_weights(c);
    kernel->pack(kernel, &c->dims, &weights, run->packed.data);
    run->args.dwconv = (hone_dwconv_args){
        .dims = &c->dims,
        .input = c->input.data,
        .input_stride = c->dims.in_c + c->in_gap,
        .packed = run->packed.data,
        .output = run->output,
        .output_stride = c->dims.out_c + c->out_gap,
        .lo = c->lo,
        .hi = c->hi,
    };
}

static void run_task(conv_run *run, uint32_t index) {
    const hone_dwconv_kernel *kernel = run->plan.kernel;
    kernel->run_task(kernel, &run->args.dwconv, index, run->scratch.data);
}

static const conv_family family = {
    .shapes = &conv_depthwise_shapes,
    .count = count,
    .plan = plan,
    .prepare = prepare,
    .run_task = run_task,
};

static void dwconv_reference_gives_the_sums_worked_out_by_hand(void **state) {
    conv_check_by_hand_f32(&family);
}

static void dwconv_of_any_geometry_matches_the_reference(void **state) {
    conv_check_random(&family, 400);
}

static void dwconv_with_same_padding_matches_the_reference_on_odd_sizes(void **state) {
    conv_check_odd_shapes(&family);
}

static void dwconv_lets_nan_and_infinity_through(void **state) {
    conv_check_nan(&family, 1);
}

static void bench(void) {
    conv_bench(&family);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dwconv_reference_gives_the_sums_worked_out_by_hand),
        cmocka_unit_test(dwconv_of_any_geometry_matches_the_reference),
        cmocka_unit_test(dwconv_with_same_padding_matches_the_reference_on_odd_sizes),
        cmocka_unit_test(dwconv_lets_nan_and_infinity_through),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

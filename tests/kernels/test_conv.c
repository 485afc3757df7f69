/* SPDX-License-Identifier: Apache-2.0 */
/* Every float convolution the CPU has against the reference. */
#include "kernels/conv_cases.h"
#include <string.h>

static uint32_t count(const hone_kernels *kernels) {
    return kernels->conv.count;
}

static conv_plan plan(const hone_kernels *kernels, uint32_t k, const hone_conv_dims *dims) {
    const hone_conv_kernel *kernel = kernels->conv.list[k];
    conv_plan p = {.kernel = kernel, .name = kernel->name};
    p.supported = kernel->supports(kernel, dims);
    if (!p.supported) return p;
    p.pack_bytes = kernel->pack_bytes(kernel, dims);
    p.scratch_bytes = kernel->scratch_bytes(kernel, dims);
    p.tasks = kernel->task_count(kernel, dims);
    return p;
}

static void prepare(conv_run *run) {
    const hone_conv_kernel *kernel = run->plan.kernel;
    const conv_case *c = run->of;
    hone_conv_weights weights = conv_case_weights(c);
    kernel->pack(kernel, &c->dims, &weights, run->packed.data);
    run->args.conv = (hone_conv_args){
        .dims = &c->dims,
        .input = c->input.data,
        .input_stride = c->dims.in_c + c->in_gap,
        .packed = run->packed.data,
        .residual = c->residual ? c->addend.data : NULL,
        .residual_stride = c->dims.out_c + c->out_gap,
        .output = run->output,
        .output_stride = c->dims.out_c + c->out_gap,
        .lo = c->lo,
        .hi = c->hi,
    };
}

static void run_task(conv_run *run, uint32_t index) {
    const hone_conv_kernel *kernel = run->plan.kernel;
    kernel->run_task(kernel, &run->args.conv, index, run->scratch.data);
}

static const conv_family family = {
    .shapes = &conv_dense_shapes,
    .residual = true,
    .count = count,
    .plan = plan,
    .prepare = prepare,
    .run_task = run_task,
};

static void conv_reference_gives_the_sums_worked_out_by_hand(void **state) {
    conv_check_by_hand_f32(&family);
}

static void conv_of_any_geometry_matches_the_reference(void **state) {
    conv_check_random(&family, 400);
}

static void conv_with_same_padding_matches_the_reference_on_odd_sizes(void **state) {
    conv_check_odd_shapes(&family);
}

static void conv_lets_nan_and_infinity_through(void **state) {
    conv_check_nan(&family, 0);
}

static void conv_adds_a_residual_in_place(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 4, 0);
    conv_case c = conv_case_odd(&family, &rng, 0);
    c.residual = true;
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    check_memory want = conv_reference(&c, &kernels);
    for (uint32_t k = 1; k < kernels.conv.count; k++) {
        conv_run r = conv_open(&c, &kernels, k, &c.output);
        memcpy(c.output.data, c.addend.data, c.addend.bytes);
        r.args.conv.residual = r.args.conv.output;
        conv_run_all(&r);
        conv_compare(&c, r.plan.name, &want);
        conv_close(&r);
    }
    check_free(&want);
    conv_case_free(&c);
}

/* Output channel o and input channel i of a 1 x 1 convolution at [i][o]. */
static float *turned_weights(const conv_case *c) {
    const hone_conv_dims *d = &c->dims;
    const char *data = conv_case_weights(c).data;
    float *turned = test_malloc(sizeof(float) * d->in_c * d->out_c);
    for (size_t o = 0; o < d->out_c; o++)
        for (size_t i = 0; i < d->in_c; i++)
            memcpy(&turned[i * d->out_c + o], data + sizeof(float) * (o * d->in_c + i),
                   sizeof(float));
    return turned;
}

static void matrix_weights_are_packed_by_their_steps(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 5, 0);
    conv_case c = conv_case_odd(&family, &rng, 1);
    float *turned = turned_weights(&c);
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (uint32_t k = 0; k < kernels.conv.count; k++) {
        conv_run r = conv_open(&c, &kernels, k, &c.output);
        const hone_conv_kernel *kernel = r.plan.kernel;
        check_memory again = check_alloc(r.packed.bytes, CHECK_ALIGNED);
        hone_conv_weights w =
            hone__conv_weights_matrix(&c.dims, turned, conv_case_weights(&c).bias);
        kernel->pack(kernel, &c.dims, &w, again.data);
        assert_memory_equal(again.data, r.packed.data, again.bytes);
        check_free(&again);
        conv_close(&r);
    }
    test_free(turned);
    conv_case_free(&c);
}

/* The kernel for planes as a family of its own: [1] after the reference. */
static check_memory planes_input;

static uint32_t planes_count(const hone_kernels *kernels) {
    return kernels->conv.planes ? 2 : 1;
}

static conv_plan planes_plan(const hone_kernels *kernels, uint32_t k, const hone_conv_dims *dims) {
    hone_kernels turned = *kernels;
    turned.conv.list[1] = kernels->conv.planes;
    return plan(&turned, k, dims);
}

/* The case's pixels, turned to planes. */
static void planes_prepare(conv_run *run) {
    const conv_case *c = run->of;
    size_t image = (size_t)c->dims.in_h * c->dims.in_w, channels = c->dims.in_c;
    prepare(run);
    if (((const hone_conv_kernel *)run->plan.kernel)->tile == NULL) return; /* the reference */
    check_free(&planes_input);
    planes_input = check_alloc(c->dims.n * image * channels * sizeof(float), CHECK_AT_END);
    float *out = planes_input.data;
    for (size_t n = 0; n < c->dims.n; n++)
        for (size_t i = 0; i < channels; i++)
            for (size_t p = 0; p < image; p++)
                *out++ =
                    ((const float *)c->input.data)[(n * image + p) * (channels + c->in_gap) + i];
    run->args.conv.input = planes_input.data;
}

static const conv_family planes_family = {
    .shapes = &conv_dense_shapes,
    .residual = true,
    .count = planes_count,
    .plan = planes_plan,
    .prepare = planes_prepare,
    .run_task = run_task,
};

static void conv_over_planes_matches_the_reference_over_pixels(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 6, 0);
    planes_input = check_alloc(1, CHECK_AT_END);
    for (int i = 0; i < 300; i++) {
        conv_spec spec = {.dims = check_random_dims(&rng, false)};
        spec.dims.groups = 1, spec.dims.in_c = check_between(&rng, 1, 4);
        spec.dims.stride_w = check_between(&rng, 1, 2);
        spec.dims.dilation_h = spec.dims.dilation_w = 1;
        spec.in_gap = check_between(&rng, 0, 2), spec.out_gap = check_between(&rng, 0, 2);
        conv_case c = conv_case_make(&planes_family, &rng, &spec);
        conv_check_case(&c);
        conv_case_free(&c);
    }
    check_free(&planes_input);
}

static void bench(void) {
    conv_bench(&family);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_reference_gives_the_sums_worked_out_by_hand),
        cmocka_unit_test(conv_of_any_geometry_matches_the_reference),
        cmocka_unit_test(conv_with_same_padding_matches_the_reference_on_odd_sizes),
        cmocka_unit_test(conv_lets_nan_and_infinity_through),
        cmocka_unit_test(conv_adds_a_residual_in_place),
        cmocka_unit_test(conv_over_planes_matches_the_reference_over_pixels),
        cmocka_unit_test(matrix_weights_are_packed_by_their_steps),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

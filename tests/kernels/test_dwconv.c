/* SPDX-License-Identifier: Apache-2.0 */
/* Every float depthwise convolution the CPU has against the reference. */
#include "kernels/check.h"
#include <stdio.h>
#include <string.h>

/* One convolution with all its memory. Pixels are `gap` elements wider than their channels. */
typedef struct problem {
    hone_conv_dims dims;
    size_t in_gap, out_gap;
    float lo, hi;
    check_memory input, weights, bias, output, absolute;
    size_t in_count, out_count, weight_count;
} problem;

static problem make(hone_rng *rng, const hone_conv_dims *dims, size_t in_gap, size_t out_gap,
                    check_fill fill) {
    problem p = {.dims = *dims, .in_gap = in_gap, .out_gap = out_gap};
    p.lo = -INFINITY, p.hi = INFINITY;
    /* the last pixel has no gap behind it */
    p.in_count = (size_t)dims->n * dims->in_h * dims->in_w * (dims->in_c + in_gap) - in_gap;
    p.out_count = hone__conv_pixels(dims) * (dims->out_c + out_gap) - out_gap;
    p.weight_count = hone__conv_taps(dims) * (dims->in_c / dims->groups) * dims->out_c;
    p.input = check_alloc(p.in_count * sizeof(float), CHECK_AT_END);
    p.weights = check_alloc(p.weight_count * sizeof(float) + 1, CHECK_AT_END);
    p.bias = check_alloc(dims->out_c * sizeof(float) + 1, CHECK_AT_END);
    p.output = check_alloc(p.out_count * sizeof(float), CHECK_AT_END);
    p.absolute = check_alloc(p.out_count * sizeof(float), CHECK_AT_END);
    check_fill_f32(rng, fill, p.input.data, p.in_count);
    for (size_t i = 0; i < p.weight_count + dims->out_c; i++) {
        float value; /* behind one odd byte */
        bool weight = i < p.weight_count;
        check_fill_f32(rng, fill, &value, 1);
        size_t at = 1 + (weight ? i : i - p.weight_count) * sizeof value;
        memcpy((char *)(weight ? p.weights : p.bias).data + at, &value, sizeof value);
    }
    return p;
}

static void release(problem *p) {
    check_memory *all[] = {&p->input, &p->weights, &p->bias, &p->output, &p->absolute};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_free(all[i]);
}

typedef struct prepared {
    const hone_dwconv_kernel *kernel;
    hone_dwconv_args args;
    check_memory packed, scratch;
    uint32_t tasks;
} prepared;

static prepared prepare(const hone_dwconv_kernel *kernel, problem *p, check_memory *output) {
    const hone_conv_dims *d = &p->dims;
    prepared r = {.kernel = kernel, .tasks = kernel->task_count(kernel, d)};
    r.packed = check_alloc(kernel->pack_bytes(kernel, d), CHECK_ALIGNED);
    r.scratch = check_alloc(kernel->scratch_bytes(kernel, d), CHECK_ALIGNED);
    hone_conv_weights weights = hone__conv_weights_oihw(d, (const char *)p->weights.data + 1,
                                                        (const char *)p->bias.data + 1);
    kernel->pack(kernel, d, &weights, r.packed.data);
    r.args = (hone_dwconv_args){
        .dims = d,
        .input = p->input.data,
        .input_stride = d->in_c + p->in_gap,
        .packed = r.packed.data,
        .output = output->data,
        .output_stride = d->out_c + p->out_gap,
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

static void run_once(const hone_dwconv_kernel *kernel, problem *p, check_memory *output) {
    prepared r = prepare(kernel, p, output);
    memset(output->data, CHECK_BYTE, output->bytes);
    run_backwards(&r);
    check_free(&r.packed);
    check_free(&r.scratch);
}

/* Sums of absolute products: what rounding errors are measured against. */
static void run_absolute(const hone_dwconv_kernel *reference, problem *p, check_memory *output) {
    problem a = *p;
    a.lo = -INFINITY, a.hi = INFINITY;
    check_memory *parts[] = {&a.input, &a.weights, &a.bias};
    for (size_t m = 0; m < 3; m++) {
        check_memory copy = check_alloc(parts[m]->bytes, CHECK_AT_END);
        memcpy(copy.data, parts[m]->data, copy.bytes);
        for (size_t at = 3 + (m > 0); at < copy.bytes; at += 4)
            ((uint8_t *)copy.data)[at] &= 0x7F; /* the sign bit */
        *parts[m] = copy;
    }
    run_once(reference, &a, output);
    for (size_t m = 0; m < 3; m++) check_free(parts[m]);
}

static void compare(const hone_dwconv_kernel *kernel, problem *p, const check_memory *want) {
    size_t stride = p->dims.out_c + p->out_gap;
    size_t depth = hone__conv_taps(&p->dims) * (p->dims.in_c / p->dims.groups);
    /* errors of a long sum walk at random */
    float share = 0x1p-23F * (2.0F + sqrtf((float)depth) / 4.0F);
    const float *a = want->data, *b = p->output.data, *bound = p->absolute.data;
    for (size_t i = 0; i < p->out_count; i++) {
        bool ok = i % stride < p->dims.out_c ? fabsf(a[i] - b[i]) <= (bound[i] + 1.0F) * share ||
                                                   (isnan(a[i]) && isnan(b[i]))
                                             : memcmp(&a[i], &b[i], sizeof *a) == 0;
        if (!ok)
            fail_msg("%s: %s gap %zu: pixel %zu channel %zu is %g, not %g", kernel->name,
                     check_dims_text(&p->dims), p->out_gap, i / stride, i % stride, (double)b[i],
                     (double)a[i]);
    }
}

static void check_problem(problem *p) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    check_memory want = check_alloc(p->out_count * sizeof(float), CHECK_AT_END);
    run_once(kernels.dwconv.list[0], p, &want);
    run_absolute(kernels.dwconv.list[0], p, &p->absolute);
    for (uint32_t k = 1; k < kernels.dwconv.count; k++) {
        const hone_dwconv_kernel *kernel = kernels.dwconv.list[k];
        if (!kernel->supports(kernel, &p->dims)) continue;
        run_once(kernel, p, &p->output);
        compare(kernel, p, &want);
    }
    check_free(&want);
}

static void dwconv_reference_gives_the_sums_worked_out_by_hand(void **state) {
    /* 2 x 2 pixels of 1 channel, a 2 x 2 kernel with padding 1 before: the corner sees one pixel */
    hone_conv_dims d = {1, 2, 2, 1, 2, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1};
    float input[] = {1, 2, 3, 4}, weights[] = {10, 20, 30, 40}, bias = 0.5F, output[4], packed[5];
    const hone_dwconv_kernel *kernel;
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_SCALAR);
    kernel = kernels.dwconv.list[0];
    hone_conv_weights w = hone__conv_weights_oihw(&d, weights, &bias);
    assert_int_equal(kernel->pack_bytes(kernel, &d), sizeof packed);
    kernel->pack(kernel, &d, &w, packed);
    hone_dwconv_args args = {&d, input, 1, packed, output, 1, -INFINITY, 250.0F};
    for (uint32_t i = 0; i < kernel->task_count(kernel, &d); i++)
        kernel->run_task(kernel, &args, i, NULL);
    assert_true(output[0] == 40.5F);
    assert_true(output[1] == 30.0F * 1 + 40.0F * 2 + 0.5F);
    assert_true(output[2] == 20.0F * 1 + 40.0F * 3 + 0.5F);
    assert_true(output[3] == 250.0F); /* 300.5, clamped */
}

static void dwconv_of_any_geometry_matches_the_reference(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 1, 0);
    for (int i = 0; i < 400; i++) {
        hone_conv_dims d = check_random_dims(&rng, true);
        problem p = make(&rng, &d, hone__rng_below(&rng, 3) * 5, hone__rng_below(&rng, 3) * 3,
                         CHECK_RANDOM);
        if (hone__rng_below(&rng, 2)) p.lo = 0, p.hi = 6;
        check_problem(&p);
        release(&p);
    }
}

static const check_shape odd_shapes[] = {
    {"3x3", 15, 17, 33, 33, 3, 1, 1, 1, 33},       {"stride 2", 15, 17, 40, 40, 3, 2, 1, 1, 40},
    {"5x5", 11, 12, 19, 19, 5, 1, 2, 1, 19},       {"7x7", 9, 9, 8, 8, 7, 1, 3, 1, 8},
    {"dilated", 13, 13, 24, 24, 3, 1, 2, 2, 24},   {"one channel", 9, 9, 1, 1, 3, 1, 1, 1, 1},
    {"no padding", 8, 10, 64, 64, 3, 1, 0, 1, 64}, {"whole image", 4, 4, 50, 50, 4, 1, 0, 1, 50},
};

static void dwconv_with_same_padding_matches_the_reference_on_odd_sizes(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 2, 0);
    for (size_t i = 0; i < sizeof odd_shapes / sizeof *odd_shapes; i++) {
        hone_conv_dims d = check_dims(&odd_shapes[i], 2);
        for (int fill = 0; fill < CHECK_FILLS; fill++) {
            problem p = make(&rng, &d, i % 2, i % 3, (check_fill)fill);
            check_problem(&p);
            release(&p);
        }
    }
}

static void dwconv_lets_nan_and_infinity_through(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 3, 0);
    hone_conv_dims d = check_dims(&odd_shapes[0], 1);
    problem p = make(&rng, &d, 0, 0, CHECK_RANDOM);
    ((float *)p.input.data)[100] = NAN;
    p.lo = 0, p.hi = 6;
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (uint32_t k = 0; k < kernels.dwconv.count; k++) {
        run_once(kernels.dwconv.list[k], &p, &p.output);
        assert_true(isnan(((float *)p.output.data)[d.out_c * 3 + 1]));
        assert_true(!isnan(((float *)p.output.data)[p.out_count - 1]));
    }
    release(&p);
}

/* As in MobileNetV2, V3 and EfficientNet. */
static const check_shape bench_shapes[] = {
    {"112x112 3x3 32", 112, 112, 32, 32, 3, 1, 1, 1, 32},
    {"112x112 3x3/2 96", 112, 112, 96, 96, 3, 2, 1, 1, 96},
    {"56x56 3x3 144", 56, 56, 144, 144, 3, 1, 1, 1, 144},
    {"28x28 3x3 192", 28, 28, 192, 192, 3, 1, 1, 1, 192},
    {"14x14 3x3 384", 14, 14, 384, 384, 3, 1, 1, 1, 384},
    {"14x14 3x3 576", 14, 14, 576, 576, 3, 1, 1, 1, 576},
    {"7x7 3x3 960", 7, 7, 960, 960, 3, 1, 1, 1, 960},
    {"28x28 5x5 240", 28, 28, 240, 240, 5, 1, 2, 1, 240},
    {"14x14 5x5/2 672", 14, 14, 672, 672, 5, 2, 2, 1, 672},
};

static void bench(void) {
    hone_kernels kernels;
    hone_rng rng;
    hone__rng_seed(&rng, 6, 0);
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (uint32_t k = 1; k < kernels.dwconv.count; k++)
        for (size_t i = 0; i < sizeof bench_shapes / sizeof *bench_shapes; i++) {
            if (!check_wanted(bench_shapes[i].name)) continue;
            hone_conv_dims d = check_dims(&bench_shapes[i], 1);
            problem p = make(&rng, &d, 0, 0, CHECK_RANDOM);
            prepared r = prepare(kernels.dwconv.list[k], &p, &p.output);
            check_report(r.kernel->name, bench_shapes[i].name, (double)hone__conv_macs(&d), "MAC",
                         check_cycles(run_all, &r));
            check_free(&r.packed);
            check_free(&r.scratch);
            release(&p);
        }
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

/* SPDX-License-Identifier: Apache-2.0 */
/* Every float convolution the CPU has against the reference. */
#include "kernels/check.h"
#include <stdio.h>
#include <string.h>

/* One convolution with all its memory. Pixels are `gap` elements wider than their channels. */
typedef struct problem {
    hone_conv_dims dims;
    size_t in_gap, out_gap;
    bool residual;
    float lo, hi;
    check_memory input, weights, bias, addend, output, absolute;
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
    p.addend = check_alloc(p.out_count * sizeof(float), CHECK_AT_END);
    p.output = check_alloc(p.out_count * sizeof(float), CHECK_AT_END);
    p.absolute = check_alloc(p.out_count * sizeof(float), CHECK_AT_END);
    check_fill_f32(rng, fill, p.input.data, p.in_count);
    check_fill_f32(rng, CHECK_RANDOM, p.addend.data, p.out_count);
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
    check_memory *all[] = {&p->input, &p->weights, &p->bias, &p->addend, &p->output, &p->absolute};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_free(all[i]);
}

typedef struct prepared {
    const hone_conv_kernel *kernel;
    hone_conv_args args;
    check_memory packed, scratch;
    uint32_t tasks;
} prepared;

static prepared prepare(const hone_conv_kernel *kernel, problem *p, check_memory *output) {
    const hone_conv_dims *d = &p->dims;
    prepared r = {.kernel = kernel, .tasks = kernel->task_count(kernel, d)};
    r.packed = check_alloc(kernel->pack_bytes(kernel, d), CHECK_ALIGNED);
    r.scratch = check_alloc(kernel->scratch_bytes(kernel, d), CHECK_ALIGNED);
    hone_conv_weights weights = hone__conv_weights_oihw(d, (const char *)p->weights.data + 1,
                                                        (const char *)p->bias.data + 1);
    kernel->pack(kernel, d, &weights, r.packed.data);
    r.args = (hone_conv_args){
        .dims = d,
        .input = p->input.data,
        .input_stride = d->in_c + p->in_gap,
        .packed = r.packed.data,
        .residual = p->residual ? p->addend.data : NULL,
        .residual_stride = d->out_c + p->out_gap,
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

static void run_once(const hone_conv_kernel *kernel, problem *p, check_memory *output) {
    prepared r = prepare(kernel, p, output);
    memset(output->data, CHECK_BYTE, output->bytes);
    run_backwards(&r);
    check_free(&r.packed);
    check_free(&r.scratch);
}

/* Sums of absolute products: what rounding errors are measured against. */
static void run_absolute(const hone_conv_kernel *reference, problem *p, check_memory *output) {
    problem a = *p;
    a.lo = -INFINITY, a.hi = INFINITY, a.residual = false;
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

static void compare(const hone_conv_kernel *kernel, problem *p, const check_memory *want) {
    size_t stride = p->dims.out_c + p->out_gap;
    size_t depth = hone__conv_taps(&p->dims) * (p->dims.in_c / p->dims.groups);
    /* errors of a long sum walk at random; the 1 is for the residual */
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
    run_once(kernels.conv.list[0], p, &want);
    run_absolute(kernels.conv.list[0], p, &p->absolute);
    for (uint32_t k = 1; k < kernels.conv.count; k++) {
        const hone_conv_kernel *kernel = kernels.conv.list[k];
        if (!kernel->supports(kernel, &p->dims)) continue;
        run_once(kernel, p, &p->output);
        compare(kernel, p, &want);
    }
    check_free(&want);
}

static void conv_reference_gives_the_sums_worked_out_by_hand(void **state) {
    /* 2 x 2 pixels of 1 channel, a 2 x 2 kernel with padding 1 before: the corner sees one pixel */
    hone_conv_dims d = {1, 2, 2, 1, 2, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1};
    float input[] = {1, 2, 3, 4}, weights[] = {10, 20, 30, 40}, bias = 0.5F, output[4], packed[5];
    const hone_conv_kernel *kernel;
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_SCALAR);
    kernel = kernels.conv.list[0];
    hone_conv_weights w = hone__conv_weights_oihw(&d, weights, &bias);
    assert_int_equal(kernel->pack_bytes(kernel, &d), sizeof packed);
    kernel->pack(kernel, &d, &w, packed);
    hone_conv_args args = {&d, input, 1, packed, NULL, 0, output, 1, -INFINITY, 250.0F};
    for (uint32_t i = 0; i < kernel->task_count(kernel, &d); i++)
        kernel->run_task(kernel, &args, i, NULL);
    assert_true(output[0] == 40.5F);
    assert_true(output[1] == 30.0F * 1 + 40.0F * 2 + 0.5F);
    assert_true(output[2] == 20.0F * 1 + 40.0F * 3 + 0.5F);
    assert_true(output[3] == 250.0F); /* 300.5, clamped */
}

static void conv_of_any_geometry_matches_the_reference(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 1, 0);
    for (int i = 0; i < 400; i++) {
        hone_conv_dims d = check_random_dims(&rng, false);
        problem p = make(&rng, &d, hone__rng_below(&rng, 3) * 5, hone__rng_below(&rng, 3) * 3,
                         CHECK_RANDOM);
        p.residual = hone__rng_below(&rng, 2);
        if (hone__rng_below(&rng, 2)) p.lo = 0, p.hi = 6;
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

static void conv_with_same_padding_matches_the_reference_on_odd_sizes(void **state) {
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

static void conv_lets_nan_and_infinity_through(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 3, 0);
    hone_conv_dims d = check_dims(&odd_shapes[0], 1);
    problem p = make(&rng, &d, 0, 0, CHECK_RANDOM);
    ((float *)p.input.data)[100] = NAN;
    p.lo = 0, p.hi = 6;
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (uint32_t k = 0; k < kernels.conv.count; k++) {
        run_once(kernels.conv.list[k], &p, &p.output);
        assert_true(isnan(((float *)p.output.data)[d.out_c * 3]));
        assert_true(!isnan(((float *)p.output.data)[p.out_count - 1]));
    }
    release(&p);
}

static void conv_adds_a_residual_in_place(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 4, 0);
    hone_conv_dims d = check_dims(&odd_shapes[0], 1);
    problem p = make(&rng, &d, 0, 0, CHECK_RANDOM);
    p.residual = true;
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    check_memory want = check_alloc(p.out_count * sizeof(float), CHECK_AT_END);
    run_once(kernels.conv.list[0], &p, &want);
    run_absolute(kernels.conv.list[0], &p, &p.absolute);
    for (uint32_t k = 1; k < kernels.conv.count; k++) {
        prepared r = prepare(kernels.conv.list[k], &p, &p.output);
        memcpy(p.output.data, p.addend.data, p.addend.bytes);
        r.args.residual = r.args.output;
        run_all(&r);
        compare(r.kernel, &p, &want);
        check_free(&r.packed);
        check_free(&r.scratch);
    }
    check_free(&want);
    release(&p);
}

static void matrix_weights_are_packed_by_their_steps(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 5, 0);
    hone_conv_dims d = check_dims(&odd_shapes[1], 1);
    float *turned = test_malloc(sizeof(float) * d.in_c * d.out_c);
    problem p = make(&rng, &d, 0, 0, CHECK_RANDOM);
    for (size_t o = 0; o < d.out_c; o++)
        for (size_t i = 0; i < d.in_c; i++)
            memcpy(&turned[i * d.out_c + o],
                   (const char *)p.weights.data + 1 + 4 * (o * d.in_c + i), 4);
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (uint32_t k = 0; k < kernels.conv.count; k++) {
        prepared r = prepare(kernels.conv.list[k], &p, &p.output);
        check_memory again = check_alloc(r.packed.bytes, CHECK_ALIGNED);
        hone_conv_weights w = hone__conv_weights_matrix(&d, turned, (const char *)p.bias.data + 1);
        r.kernel->pack(r.kernel, &d, &w, again.data);
        assert_memory_equal(again.data, r.packed.data, again.bytes);
        check_free(&again);
        check_free(&r.packed);
        check_free(&r.scratch);
    }
    test_free(turned);
    release(&p);
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
    for (uint32_t k = 1; k < kernels.conv.count; k++)
        for (size_t i = 0; i < sizeof bench_shapes / sizeof *bench_shapes; i++) {
            if (!check_wanted(bench_shapes[i].name)) continue;
            hone_conv_dims d = check_dims(&bench_shapes[i], 1);
            problem p = make(&rng, &d, 0, 0, CHECK_RANDOM);
            prepared r = prepare(kernels.conv.list[k], &p, &p.output);
            check_report(r.kernel->name, bench_shapes[i].name, (double)hone__conv_macs(&d), "MAC",
                         check_cycles(run_all, &r));
            check_free(&r.packed);
            check_free(&r.scratch);
            release(&p);
        }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_reference_gives_the_sums_worked_out_by_hand),
        cmocka_unit_test(conv_of_any_geometry_matches_the_reference),
        cmocka_unit_test(conv_with_same_padding_matches_the_reference_on_odd_sizes),
        cmocka_unit_test(conv_lets_nan_and_infinity_through),
        cmocka_unit_test(conv_adds_a_residual_in_place),
        cmocka_unit_test(matrix_weights_are_packed_by_their_steps),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

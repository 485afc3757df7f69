/* SPDX-License-Identifier: Apache-2.0 */
/* Every Winograd convolution, reference and fast, against the direct reference in double. */
#include "kernels/check.h"
#include <stdio.h>
#include <string.h>

/* One convolution with all its memory. Pixels are `gap` elements wider than their channels. */
typedef struct problem {
    hone_conv_dims dims;
    size_t gap;
    bool residual;
    float lo, hi;
    check_memory input, weights, bias, addend, output;
    size_t out_count;
} problem;

static check_memory floats(hone_rng *rng, check_fill fill, size_t count) {
    check_memory m = check_alloc(count * sizeof(float), CHECK_AT_END);
    check_fill_f32(rng, fill, m.data, count);
    return m;
}

static problem make(hone_rng *rng, const hone_conv_dims *d, size_t gap, check_fill fill) {
    problem p = {.dims = *d, .gap = gap, .lo = -INFINITY, .hi = INFINITY};
    /* the last pixel has no gap behind it */
    p.out_count = hone__conv_pixels(d) * (d->out_c + gap) - gap;
    p.input = floats(rng, fill, (size_t)d->n * d->in_h * d->in_w * (d->in_c + gap) - gap);
    p.weights = floats(rng, fill, hone__conv_taps(d) * d->in_c * d->out_c);
    p.bias = floats(rng, CHECK_RANDOM, d->out_c);
    p.addend = floats(rng, CHECK_RANDOM, p.out_count);
    p.output = floats(rng, CHECK_RANDOM, p.out_count);
    return p;
}

static void release(problem *p) {
    check_memory *all[] = {&p->input, &p->weights, &p->bias, &p->addend, &p->output};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_free(all[i]);
}

typedef struct prepared {
    const hone_conv_kernel *kernel;
    hone_conv_args args;
    check_memory packed, scratch;
    uint32_t tasks;
} prepared;

static prepared prepare(const hone_conv_kernel *kernel, problem *p) {
    const hone_conv_dims *d = &p->dims;
    prepared r = {.kernel = kernel, .tasks = kernel->task_count(kernel, d)};
    r.packed = check_alloc(kernel->pack_bytes(kernel, d), CHECK_ALIGNED);
    r.scratch = check_alloc(kernel->scratch_bytes(kernel, d), CHECK_ALIGNED);
    hone_conv_weights weights = hone__conv_weights_oihw(d, p->weights.data, p->bias.data);
    kernel->pack(kernel, d, &weights, r.packed.data);
    r.args = (hone_conv_args){
        .dims = d,
        .input = p->input.data,
        .input_stride = d->in_c + p->gap,
        .packed = r.packed.data,
        .residual = p->residual ? p->addend.data : NULL,
        .residual_stride = d->out_c + p->gap,
        .output = p->output.data,
        .output_stride = d->out_c + p->gap,
        .lo = p->lo,
        .hi = p->hi,
    };
    return r;
}

static void finish(prepared *r) {
    check_free(&r->packed);
    check_free(&r->scratch);
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

static void run_once(const hone_conv_kernel *kernel, problem *p) {
    prepared r = prepare(kernel, p);
    memset(p->output.data, CHECK_BYTE, p->output.bytes);
    run_backwards(&r);
    finish(&r);
}

/* The kernels under test and how far each may be off, as a share of the largest output there would
 * be without cancellation. */
typedef struct tested {
    const hone_conv_kernel *kernel;
    float share;
} tested;

static size_t list_kernels(const hone_kernels *kernels, tested *list) {
    const hone_winograd_table *w = &kernels->winograd;
    const tested all[] = {{w->reference.two, 1e-6F},
                          {w->reference.four, 3e-6F},
                          {w->fast.two, 1e-6F},
                          {w->fast.four, 6e-6F}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].kernel) list[count++] = all[i];
    return count;
}

/* The largest sum of absolute products of any output, at most. */
static float largest(const problem *p) {
    const float *w = p->weights.data;
    size_t depth = hone__conv_taps(&p->dims) * p->dims.in_c;
    float most = 0;
    for (size_t o = 0; o < p->dims.out_c; o++) {
        float sum = 0;
        for (size_t i = 0; i < depth; i++) sum += fabsf(*w++);
        most = sum > most ? sum : most;
    }
    return most + 2.0F; /* bias, residual */
}

/* Fails where an error is beyond the bound, or a gap was written to. */
static void compare(const char *name, const problem *p, const float *want, float bound) {
    size_t stride = p->dims.out_c + p->gap;
    const float *got = p->output.data;
    float untouched;
    memset(&untouched, CHECK_BYTE, sizeof untouched);
    for (size_t i = 0; i < p->out_count; i++) {
        float error = fabsf(want[i] - got[i]);
        bool inside = i % stride < p->dims.out_c;
        if (inside ? !(error <= bound) : memcmp(&got[i], &untouched, sizeof *got) != 0)
            fail_msg("%s: %s gap %zu: pixel %zu channel %zu is %g, not %g (off %g, at most %g)",
                     name, check_dims_text(&p->dims), p->gap, i / stride, i % stride,
                     (double)got[i], (double)want[i], (double)error, (double)bound);
    }
}

static float *direct(const hone_kernels *kernels, problem *p) {
    float *want = test_malloc(p->output.bytes);
    run_once(kernels->conv.list[0], p);
    memcpy(want, p->output.data, p->output.bytes);
    return want;
}

static void check_problem(problem *p) {
    hone_kernels kernels;
    tested list[4];
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    float *want = direct(&kernels, p);
    for (size_t k = 0, count = list_kernels(&kernels, list); k < count; k++) {
        assert_true(list[k].kernel->supports(list[k].kernel, &p->dims));
        run_once(list[k].kernel, p);
        compare(list[k].kernel->name, p, want, largest(p) * list[k].share);
    }
    test_free(want);
}

static hone_conv_dims random_dims(hone_rng *rng) {
    hone_conv_dims d = {
        .n = check_between(rng, 1, 3),
        .in_h = check_between(rng, 1, 14),
        .in_w = check_between(rng, 1, 14),
        .in_c = check_between(rng, 1, 40),
        .out_c = check_between(rng, 1, 40),
        .groups = 1,
        .kernel_h = 3,
        .kernel_w = 3,
        .stride_h = 1,
        .stride_w = 1,
        .dilation_h = 1,
        .dilation_w = 1,
        .pad_top = check_between(rng, 0, 3),
        .pad_left = check_between(rng, 0, 3),
    };
    /* at the end the padding is whatever is left, 0 to 3 */
    uint32_t h = d.in_h + d.pad_top + check_between(rng, 0, 3);
    uint32_t w = d.in_w + d.pad_left + check_between(rng, 0, 3);
    d.out_h = h > 2 ? h - 2 : 1;
    d.out_w = w > 2 ? w - 2 : 1;
    return d;
}

static void winograd_of_any_geometry_matches_the_direct_reference(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 1, 0);
    for (int i = 0; i < 300; i++) {
        hone_conv_dims d = random_dims(&rng);
        problem p = make(&rng, &d, hone__rng_below(&rng, 3) * 5, CHECK_RANDOM);
        p.residual = hone__rng_below(&rng, 2);
        if (hone__rng_below(&rng, 2)) p.lo = 0, p.hi = 6;
        check_problem(&p);
        release(&p);
    }
}

static const check_shape odd_shapes[] = {
    {"same padding", 15, 17, 33, 19, 3, 1, 1, 1, 1},
    {"valid", 15, 17, 33, 19, 3, 1, 0, 1, 1},
    {"one pixel", 1, 1, 65, 47, 3, 1, 1, 1, 1},
    {"one row", 1, 23, 24, 8, 3, 1, 1, 1, 1},
    {"many channels", 5, 7, 257, 65, 3, 1, 1, 1, 1},
    {"several blocks", 41, 39, 40, 17, 3, 1, 1, 1, 1},
    {"one channel", 9, 9, 1, 1, 3, 1, 1, 1, 1},
    {"wide padding", 6, 6, 16, 16, 3, 1, 5, 1, 1},
};

static void winograd_matches_the_direct_reference_on_odd_sizes_and_extreme_values(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 2, 0);
    for (size_t i = 0; i < sizeof odd_shapes / sizeof *odd_shapes; i++) {
        hone_conv_dims d = check_dims(&odd_shapes[i], 2);
        for (int fill = 0; fill < CHECK_FILLS; fill++) {
            problem p = make(&rng, &d, i % 3, (check_fill)fill);
            check_problem(&p);
            release(&p);
        }
    }
}

static void winograd_is_off_by_5e_6_of_the_largest_output_at_most(void **state) {
    static const check_shape shapes[] = {{"", 20, 20, 64, 48, 3, 1, 1, 1, 1},
                                         {"", 14, 14, 256, 48, 3, 1, 1, 1, 1},
                                         {"", 7, 7, 512, 48, 3, 1, 1, 1, 1}};
    hone_kernels kernels;
    hone_rng rng;
    tested list[4];
    hone__rng_seed(&rng, 3, 0);
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        hone_conv_dims d = check_dims(&shapes[i], 1);
        problem p = make(&rng, &d, 0, CHECK_RANDOM);
        float *want = direct(&kernels, &p), most = 0;
        for (size_t e = 0; e < p.out_count; e++) most = fmaxf(most, fabsf(want[e]));
        for (size_t k = 0, count = list_kernels(&kernels, list); k < count; k++) {
            run_once(list[k].kernel, &p);
            compare(list[k].kernel->name, &p, want, most * 5e-6F);
        }
        test_free(want);
        release(&p);
    }
}

static void winograd_reference_gives_the_sums_worked_out_by_hand(void **state) {
    /* 3 x 3 pixels of one channel, all taps one, same padding: each output counts its neighbours */
    hone_conv_dims d = {1, 3, 3, 1, 3, 3, 1, 1, 3, 3, 1, 1, 1, 1, 1, 1};
    const float want[9] = {4, 6, 4, 6, 9, 6, 4, 6, 4};
    hone_kernels kernels;
    hone_rng rng;
    hone__rng_seed(&rng, 4, 0);
    hone__kernels_init(&kernels, HONE_CPU_SCALAR);
    assert_null(kernels.winograd.fast.two);
    problem p = make(&rng, &d, 0, CHECK_LARGEST);
    *(float *)p.bias.data = 0;
    const hone_conv_kernel *both[] = {kernels.winograd.reference.two,
                                      kernels.winograd.reference.four};
    for (size_t k = 0; k < 2; k++) {
        run_once(both[k], &p);
        for (size_t i = 0; i < 9; i++)
            assert_true(fabsf(((float *)p.output.data)[i] - want[i]) < 1e-5F);
    }
    release(&p);
}

static void winograd_adds_a_residual_in_place(void **state) {
    hone_rng rng;
    hone_kernels kernels;
    tested list[4];
    hone__rng_seed(&rng, 5, 0);
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    hone_conv_dims d = check_dims(&odd_shapes[0], 1);
    problem p = make(&rng, &d, 0, CHECK_RANDOM);
    p.residual = true;
    float *want = direct(&kernels, &p);
    for (size_t k = 0, count = list_kernels(&kernels, list); k < count; k++) {
        prepared r = prepare(list[k].kernel, &p);
        memcpy(p.output.data, p.addend.data, p.addend.bytes);
        r.args.residual = r.args.output;
        run_all(&r);
        compare(r.kernel->name, &p, want, largest(&p) * list[k].share);
        finish(&r);
    }
    test_free(want);
    release(&p);
}

static void winograd_passes_nan_on_and_keeps_it_within_its_tiles(void **state) {
    hone_rng rng;
    hone_kernels kernels;
    tested list[4];
    hone__rng_seed(&rng, 6, 0);
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    hone_conv_dims d = check_dims(&odd_shapes[0], 1);
    problem p = make(&rng, &d, 0, CHECK_RANDOM);
    ((float *)p.input.data)[100] = NAN; /* pixel 3 */
    p.lo = 0, p.hi = 6;
    for (size_t k = 0, count = list_kernels(&kernels, list); k < count; k++) {
        run_once(list[k].kernel, &p);
        assert_true(isnan(((float *)p.output.data)[d.out_c * 3]));
        assert_true(!isnan(((float *)p.output.data)[p.out_count - 1]));
    }
    release(&p);
}

static void winograd_is_only_for_dense_3x3_kernels_of_stride_1(void **state) {
    static const check_shape others[] = {
        {"strided", 28, 28, 64, 64, 3, 2, 1, 1, 1}, {"dilated", 28, 28, 64, 64, 3, 1, 2, 2, 1},
        {"grouped", 28, 28, 64, 64, 3, 1, 1, 1, 2}, {"5x5", 28, 28, 64, 64, 5, 1, 2, 1, 1},
        {"1x1", 28, 28, 64, 64, 1, 1, 0, 1, 1},
    };
    hone_kernels kernels;
    tested list[4];
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        hone_conv_dims d = check_dims(&others[i], 1);
        assert_null(hone__winograd_choose(&kernels.winograd, &d));
        for (size_t k = 0, count = list_kernels(&kernels, list); k < count; k++)
            assert_false(list[k].kernel->supports(list[k].kernel, &d));
    }
}

static const hone_conv_kernel *choice_of(const hone_kernels *kernels, const check_shape *shape) {
    hone_conv_dims d = check_dims(shape, 1);
    return hone__winograd_choose(&kernels->winograd, &d);
}

static void winograd_is_chosen_where_it_was_measured_to_pay(void **state) {
    static const check_shape large = {"", 56, 56, 64, 64, 3, 1, 1, 1, 1},
                             deep = {"", 14, 14, 512, 512, 3, 1, 1, 1, 1},
                             shallow = {"", 224, 224, 3, 64, 3, 1, 1, 1, 1},
                             pixel = {"", 1, 1, 512, 512, 3, 1, 1, 1, 1};
    hone_kernels best, scalar;
    hone__kernels_init(&best, HONE_CPU_BEST);
    hone__kernels_init(&scalar, HONE_CPU_SCALAR);
    assert_null(choice_of(&scalar, &large)); /* the reference is no faster */
    if (!best.winograd.fast.four) return;
    assert_ptr_equal(choice_of(&best, &large), best.winograd.fast.four);
    assert_ptr_equal(choice_of(&best, &deep), best.winograd.fast.two); /* for its memory */
    assert_null(choice_of(&best, &shallow));
    assert_null(choice_of(&best, &pixel));
}

/* As in ResNet-18, VGG-16 and SqueezeNet. */
static const check_shape bench_shapes[] = {
    {"56x56 64->64", 56, 56, 64, 64, 3, 1, 1, 1, 1},
    {"28x28 128->128", 28, 28, 128, 128, 3, 1, 1, 1, 1},
    {"14x14 256->256", 14, 14, 256, 256, 3, 1, 1, 1, 1},
    {"7x7 512->512", 7, 7, 512, 512, 3, 1, 1, 1, 1},
    {"224x224 3->64", 224, 224, 3, 64, 3, 1, 1, 1, 1},
    {"224x224 64->64", 224, 224, 64, 64, 3, 1, 1, 1, 1},
    {"112x112 64->128", 112, 112, 64, 128, 3, 1, 1, 1, 1},
    {"56x56 128->256", 56, 56, 128, 256, 3, 1, 1, 1, 1},
    {"28x28 512->512", 28, 28, 512, 512, 3, 1, 1, 1, 1},
    {"14x14 512->512", 14, 14, 512, 512, 3, 1, 1, 1, 1},
    {"55x55 16->64", 55, 55, 16, 64, 3, 1, 1, 1, 1},
    {"27x27 32->128", 27, 27, 32, 128, 3, 1, 1, 1, 1},
    {"13x13 48->192", 13, 13, 48, 192, 3, 1, 1, 1, 1},
    {"13x13 64->256", 13, 13, 64, 256, 3, 1, 1, 1, 1},
    {"56x56 24->24", 56, 56, 24, 24, 3, 1, 1, 1, 1},
    {"28x28 8->16", 28, 28, 8, 16, 3, 1, 1, 1, 1},
    {"7x7 64->64", 7, 7, 64, 64, 3, 1, 1, 1, 1},
};

/* Weights that come from memory, as in a whole model: every run takes another copy of them. */
typedef struct cold {
    prepared *one;
    check_memory copies;
    size_t step, count, next;
} cold;

enum { COLD_BYTES = 96 << 20 };

static cold chill(prepared *one) {
    cold c = {.one = one, .step = (one->packed.bytes + 63) / 64 * 64};
    c.count = COLD_BYTES / c.step + 1;
    c.copies = check_alloc(c.count * c.step, CHECK_ALIGNED);
    for (size_t i = 0; i < c.count; i++)
        memcpy((char *)c.copies.data + i * c.step, one->packed.data, one->packed.bytes);
    return c;
}

static void run_cold(void *context) {
    cold *c = context;
    c->one->args.packed = (char *)c->copies.data + c->next++ % c->count * c->step;
    run_all(c->one);
}

/* Multiply-adds are those of the direct way, whatever the kernel makes of them. */
static void bench_one(const hone_conv_kernel *kernel, problem *p, const char *name, bool chosen) {
    if (!kernel) return;
    char text[64];
    double macs = (double)hone__conv_macs(&p->dims);
    prepared r = prepare(kernel, p);
    snprintf(text, sizeof text, "%s%s", name, chosen ? " *" : "");
    check_report(kernel->name, text, macs, "MAC", check_cycles(run_all, &r));
    cold c = chill(&r);
    snprintf(text, sizeof text, "%s cold%s", name, chosen ? " *" : "");
    check_report(kernel->name, text, macs, "MAC", check_cycles(run_cold, &c));
    check_free(&c.copies);
    finish(&r);
}

static void bench(void) {
    hone_kernels kernels;
    hone_rng rng;
    hone__rng_seed(&rng, 7, 0);
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (size_t i = 0; i < sizeof bench_shapes / sizeof *bench_shapes; i++) {
        const char *name = bench_shapes[i].name;
        if (!check_wanted(name)) continue;
        hone_conv_dims d = check_dims(&bench_shapes[i], 1);
        problem p = make(&rng, &d, 0, CHECK_RANDOM);
        const hone_conv_kernel *all[] = {hone__conv_choose(&kernels.conv, &d),
                                         kernels.winograd.fast.two, kernels.winograd.fast.four};
        const hone_conv_kernel *choice = hone__winograd_choose(&kernels.winograd, &d);
        for (size_t k = 0; k < 3; k++)
            bench_one(all[k], &p, name, all[k] == (choice ? choice : all[0]));
        release(&p);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(winograd_reference_gives_the_sums_worked_out_by_hand),
        cmocka_unit_test(winograd_of_any_geometry_matches_the_direct_reference),
        cmocka_unit_test(winograd_matches_the_direct_reference_on_odd_sizes_and_extreme_values),
        cmocka_unit_test(winograd_is_off_by_5e_6_of_the_largest_output_at_most),
        cmocka_unit_test(winograd_adds_a_residual_in_place),
        cmocka_unit_test(winograd_passes_nan_on_and_keeps_it_within_its_tiles),
        cmocka_unit_test(winograd_is_only_for_dense_3x3_kernels_of_stride_1),
        cmocka_unit_test(winograd_is_chosen_where_it_was_measured_to_pay),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

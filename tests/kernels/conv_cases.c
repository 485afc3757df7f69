/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/conv_cases.h"
#include <string.h>

static const check_shape dense_odd[] = {
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

/* As in ResNet-50 and MobileNetV2. */
static const check_shape dense_bench[] = {
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

static const check_shape depthwise_odd[] = {
    {"3x3", 15, 17, 33, 33, 3, 1, 1, 1, 33},       {"stride 2", 15, 17, 40, 40, 3, 2, 1, 1, 40},
    {"5x5", 11, 12, 19, 19, 5, 1, 2, 1, 19},       {"7x7", 9, 9, 8, 8, 7, 1, 3, 1, 8},
    {"dilated", 13, 13, 24, 24, 3, 1, 2, 2, 24},   {"one channel", 9, 9, 1, 1, 3, 1, 1, 1, 1},
    {"no padding", 8, 10, 64, 64, 3, 1, 0, 1, 64}, {"whole image", 4, 4, 50, 50, 4, 1, 0, 1, 50},
};

/* As in MobileNetV2, V3 and EfficientNet. */
static const check_shape depthwise_bench[] = {
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

#define COUNT(array) (sizeof(array) / sizeof *(array))

const conv_shapes conv_dense_shapes = {
    false, dense_odd, dense_bench, COUNT(dense_odd), COUNT(dense_bench),
};
const conv_shapes conv_depthwise_shapes = {
    true, depthwise_odd, depthwise_bench, COUNT(depthwise_odd), COUNT(depthwise_bench),
};

/* Float weights and biases stand behind one odd byte: neither needs any alignment. */
static size_t skew(const conv_case *c) {
    return c->family->u8 ? 0 : 1;
}

static void allocate(conv_case *c) {
    const hone_conv_dims *d = &c->dims;
    bool u8 = c->family->u8;
    size_t element = u8 ? 1 : sizeof(float);
    /* the last pixel has no gap behind it */
    c->in_count = (size_t)d->n * d->in_h * d->in_w * (d->in_c + c->in_gap) - c->in_gap;
    c->out_count = hone__conv_pixels(d) * (d->out_c + c->out_gap) - c->out_gap;
    c->weight_count = hone__conv_taps(d) * (d->in_c / d->groups) * d->out_c;
    size_t out_bytes = c->out_count * (u8 && !c->to_f32 ? 1 : sizeof(float));
    c->input = check_alloc(c->in_count * element, CHECK_AT_END);
    c->weights = check_alloc(c->weight_count * element + skew(c), CHECK_AT_END);
    c->bias = check_alloc(d->out_c * sizeof(float) + skew(c), CHECK_AT_END);
    c->output = check_alloc(out_bytes, CHECK_AT_END);
    if (u8)
        c->multiplier = check_alloc(d->out_c * sizeof(float), CHECK_AT_END);
    else
        c->absolute = check_alloc(out_bytes, CHECK_AT_END);
    if (c->family->residual) c->addend = check_alloc(out_bytes, CHECK_AT_END);
}

static void choose_output(hone_rng *rng, conv_case *c) {
    c->input_zero = (uint8_t)hone__rng_next(rng);
    c->to_f32 = c->family->f32_output && hone__rng_below(rng, 4) == 0;
    c->output_zero = c->to_f32 ? 0 : (uint8_t)hone__rng_next(rng);
    c->lo = c->to_f32 ? -INFINITY : -(float)c->output_zero;
    c->hi = c->to_f32 ? INFINITY : (float)(255 - c->output_zero);
    if (hone__rng_below(rng, 3) == 0) c->lo = 0;
}

/* Multipliers that spread the sums over the output's range, with ties to even among them. */
static void fill_multipliers(hone_rng *rng, conv_case *c) {
    float *multiplier = c->multiplier.data;
    size_t depth = c->weight_count / c->dims.out_c;
    for (size_t o = 0; o < c->dims.out_c; o++)
        multiplier[o] = o % 3 == 0 ? 0x1p-7F : (0.5F + hone__rng_float(rng)) / 64.0F;
    for (size_t o = 0; o < c->dims.out_c; o++) multiplier[o] /= sqrtf((float)depth);
}

/* Shares of two tensors in their sum: powers of two, so that there are ties, and others. */
static void fill_sum(hone_rng *rng, conv_case *c) {
    bool ties = hone__rng_below(rng, 2) == 0;
    check_fill_u8(rng, CHECK_RANDOM, c->addend.data, c->out_count);
    c->sum = (hone_qconv_sum){.data = c->addend.data,
                              .stride = c->dims.out_c + c->out_gap,
                              .zero = (uint8_t)hone__rng_next(rng),
                              .own = ties ? 0.5F : 0.3F + hone__rng_float(rng),
                              .other = ties ? 0.25F : 0.3F + hone__rng_float(rng),
                              .output_zero = (uint8_t)hone__rng_next(rng)};
    c->sum.lo = ties ? 0 : -(float)c->sum.output_zero;
    c->sum.hi = (float)(255 - c->sum.output_zero);
}

static void fill_u8(hone_rng *rng, conv_case *c, const conv_spec *spec) {
    check_fill_u8(rng, spec->inputs, c->input.data, c->in_count);
    check_fill_s8(rng, spec->weights, c->weights.data, c->weight_count);
    check_fill_s32(rng, 5000, c->bias.data, c->dims.out_c);
    fill_multipliers(rng, c);
    if (c->family->residual && !c->to_f32) fill_sum(rng, c);
}

static void fill_f32(hone_rng *rng, conv_case *c, check_fill fill) {
    check_fill_f32(rng, fill, c->input.data, c->in_count);
    if (c->family->residual) check_fill_f32(rng, CHECK_RANDOM, c->addend.data, c->out_count);
    for (size_t i = 0; i < c->weight_count + c->dims.out_c; i++) {
        float value;
        bool weight = i < c->weight_count;
        check_fill_f32(rng, fill, &value, 1);
        size_t at = skew(c) + (weight ? i : i - c->weight_count) * sizeof value;
        memcpy((char *)(weight ? c->weights : c->bias).data + at, &value, sizeof value);
    }
}

conv_case conv_case_make(const conv_family *family, hone_rng *rng, const conv_spec *spec) {
    conv_case c = {.family = family, .dims = spec->dims};
    c.in_gap = spec->in_gap, c.out_gap = spec->out_gap;
    c.lo = -INFINITY, c.hi = INFINITY;
    if (family->u8) choose_output(rng, &c);
    allocate(&c);
    if (family->u8)
        fill_u8(rng, &c, spec);
    else
        fill_f32(rng, &c, spec->inputs);
    return c;
}

conv_case conv_case_odd(const conv_family *family, hone_rng *rng, size_t shape) {
    conv_spec spec = {.dims = check_dims(&family->shapes->odd[shape], 1)};
    return conv_case_make(family, rng, &spec);
}

void conv_case_free(conv_case *c) {
    check_memory *all[] = {&c->input,  &c->weights, &c->bias,    &c->multiplier,
                           &c->addend, &c->output,  &c->absolute};
    for (size_t i = 0; i < COUNT(all); i++) check_free(all[i]);
}

hone_conv_weights conv_case_weights(const conv_case *c) {
    return hone__conv_weights_oihw(&c->dims, (const char *)c->weights.data + skew(c),
                                   (const char *)c->bias.data + skew(c));
}

hone_qconv_args conv_case_qconv(const conv_run *run) {
    const conv_case *c = run->of;
    hone_qconv_args args = {
        .dims = &c->dims,
        .input = c->input.data,
        .input_stride = c->dims.in_c + c->in_gap,
        .input_zero = c->input_zero,
        .packed = run->packed.data,
        .output = c->to_f32 ? NULL : run->output,
        .output_f32 = c->to_f32 ? run->output : NULL,
        .output_stride = c->dims.out_c + c->out_gap,
        .output_zero = c->output_zero,
        .lo = c->lo,
        .hi = c->hi,
    };
    if (c->residual) args.sum = c->sum;
    return args;
}

conv_run conv_open(const conv_case *c, const hone_kernels *kernels, uint32_t k,
                   const check_memory *output) {
    conv_run r = {.plan = c->family->plan(kernels, k, &c->dims), .of = c, .output = output->data};
    assert_true(r.plan.supported);
    r.packed = check_alloc(r.plan.pack_bytes, CHECK_ALIGNED);
    r.scratch = check_alloc(r.plan.scratch_bytes, CHECK_ALIGNED);
    c->family->prepare(&r);
    return r;
}

void conv_close(conv_run *run) {
    check_free(&run->packed);
    check_free(&run->scratch);
}

void conv_run_all(void *run) {
    conv_run *r = run;
    for (uint32_t i = 0; i < r->plan.tasks; i++) r->of->family->run_task(r, i);
}

/* Tasks may come in any order, with whatever the last one left in the scratch memory. */
static void run_backwards(conv_run *r) {
    for (uint32_t i = r->plan.tasks; i-- > 0;) r->of->family->run_task(r, i);
}

static void run_once(const conv_case *c, const hone_kernels *kernels, uint32_t k,
                     const check_memory *output) {
    conv_run r = conv_open(c, kernels, k, output);
    memset(output->data, CHECK_BYTE, output->bytes);
    run_backwards(&r);
    conv_close(&r);
}

/* Sums of absolute products: what rounding errors are measured against. */
static void run_absolute(const conv_case *c, const hone_kernels *kernels) {
    conv_case a = *c;
    a.lo = -INFINITY, a.hi = INFINITY, a.residual = false;
    check_memory *parts[] = {&a.input, &a.weights, &a.bias};
    for (size_t m = 0; m < COUNT(parts); m++) {
        check_memory copy = check_alloc(parts[m]->bytes, CHECK_AT_END);
        memcpy(copy.data, parts[m]->data, copy.bytes);
        for (size_t at = 3 + (m > 0 ? skew(c) : 0); at < copy.bytes; at += 4)
            ((uint8_t *)copy.data)[at] &= 0x7F; /* the sign bit */
        *parts[m] = copy;
    }
    run_once(&a, kernels, 0, &c->absolute);
    for (size_t m = 0; m < COUNT(parts); m++) check_free(parts[m]);
}

check_memory conv_reference(conv_case *c, const hone_kernels *kernels) {
    check_memory want = check_alloc(c->output.bytes, CHECK_AT_END);
    run_once(c, kernels, 0, &want);
    if (!c->family->u8) run_absolute(c, kernels);
    return want;
}

static void compare_f32(const conv_case *c, const char *kernel, const check_memory *want) {
    size_t stride = c->dims.out_c + c->out_gap;
    size_t depth = hone__conv_taps(&c->dims) * (c->dims.in_c / c->dims.groups);
    /* errors of a long sum walk at random; the 1 is for the residual */
    float share = 0x1p-23F * (2.0F + sqrtf((float)depth) / 4.0F);
    const float *a = want->data, *b = c->output.data, *bound = c->absolute.data;
    for (size_t i = 0; i < c->out_count; i++) {
        bool ok = i % stride < c->dims.out_c ? fabsf(a[i] - b[i]) <= (bound[i] + 1.0F) * share ||
                                                   (isnan(a[i]) && isnan(b[i]))
                                             : memcmp(&a[i], &b[i], sizeof *a) == 0;
        if (!ok)
            fail_msg("%s: %s gap %zu: pixel %zu channel %zu is %g, not %g", kernel,
                     check_dims_text(&c->dims), c->out_gap, i / stride, i % stride, (double)b[i],
                     (double)a[i]);
    }
}

static void compare_bits(const conv_case *c, const char *kernel, const check_memory *want) {
    if (memcmp(want->data, c->output.data, want->bytes) == 0) return;
    const uint8_t *a = want->data, *b = c->output.data;
    size_t at = 0, stride = (c->dims.out_c + c->out_gap) * (c->to_f32 ? 4 : 1);
    while (a[at] == b[at]) at++;
    fail_msg("%s: %s gap %zu%s: pixel %zu byte %zu is %u, not %u", kernel,
             check_dims_text(&c->dims), c->out_gap, c->to_f32 ? " to float" : "", at / stride,
             at % stride, b[at], a[at]);
}

void conv_compare(const conv_case *c, const char *kernel, const check_memory *want) {
    if (c->family->u8)
        compare_bits(c, kernel, want);
    else
        compare_f32(c, kernel, want);
}

void conv_check_case(conv_case *c) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    check_memory want = conv_reference(c, &kernels);
    for (uint32_t k = 1; k < c->family->count(&kernels); k++) {
        conv_plan plan = c->family->plan(&kernels, k, &c->dims);
        if (!plan.supported) continue;
        run_once(c, &kernels, k, &c->output);
        conv_compare(c, plan.name, &want);
    }
    check_free(&want);
}

/* 2 x 2 pixels of 1 channel, a 2 x 2 kernel with padding 1 before: the corner sees one pixel. */
static const hone_conv_dims by_hand = {1, 2, 2, 1, 2, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1};

static void run_by_hand(const conv_case *c, size_t pack_bytes) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_SCALAR);
    conv_run r = conv_open(c, &kernels, 0, &c->output);
    assert_int_equal(r.plan.pack_bytes, pack_bytes);
    assert_int_equal(r.plan.scratch_bytes, 0);
    conv_run_all(&r);
    conv_close(&r);
}

void conv_check_by_hand_f32(const conv_family *family) {
    float input[] = {1, 2, 3, 4}, weights[] = {10, 20, 30, 40}, bias = 0.5F;
    conv_case c = {.family = family, .dims = by_hand, .lo = -INFINITY, .hi = 250.0F};
    allocate(&c);
    memcpy(c.input.data, input, sizeof input);
    memcpy((char *)c.weights.data + skew(&c), weights, sizeof weights);
    memcpy((char *)c.bias.data + skew(&c), &bias, sizeof bias);
    run_by_hand(&c, sizeof(float[5]));
    const float *output = c.output.data;
    assert_true(output[0] == 40.5F);
    assert_true(output[1] == 30.0F * 1 + 40.0F * 2 + 0.5F);
    assert_true(output[2] == 20.0F * 1 + 40.0F * 3 + 0.5F);
    assert_true(output[3] == 250.0F); /* 300.5, clamped */
    conv_case_free(&c);
}

void conv_check_by_hand_u8(const conv_family *family) {
    uint8_t input[] = {11, 12, 13, 9};
    int8_t weights[] = {10, -20, 30, -127};
    int32_t bias = 7;
    float multiplier = 0.5F;
    conv_case c = {.family = family, .dims = by_hand, .lo = -128.0F, .hi = 100.0F};
    c.input_zero = 10, c.output_zero = 128;
    allocate(&c);
    memcpy(c.input.data, input, sizeof input);
    memcpy(c.weights.data, weights, sizeof weights);
    memcpy(c.bias.data, &bias, sizeof bias);
    memcpy(c.multiplier.data, &multiplier, sizeof multiplier);
    run_by_hand(&c, sizeof(int32_t[3]));
    const uint8_t *output = c.output.data;
    assert_int_equal(output[0], 128 - 60);  /* 7 - 127 = -120, halved */
    assert_int_equal(output[1], 128 - 108); /* 30 * 1 - 127 * 2 + 7 = -217: -108.5 to even */
    assert_int_equal(output[2], 0);         /* -20 * 1 - 127 * 3 + 7 = -394: clamped at -128 */
    assert_int_equal(output[3], 128 + 97);  /* 10 - 40 + 90 + 127 + 7 = 194 */
    conv_case_free(&c);
}

void conv_check_random(const conv_family *family, int count) {
    hone_rng rng;
    hone__rng_seed(&rng, 1, 0);
    for (int i = 0; i < count; i++) {
        conv_spec spec = {.dims = check_random_dims(&rng, family->shapes->depthwise)};
        spec.out_gap = hone__rng_below(&rng, 3) * 3;
        spec.in_gap = hone__rng_below(&rng, 3) * 5;
        conv_case c = conv_case_make(family, &rng, &spec);
        if (family->residual && !c.to_f32) c.residual = hone__rng_below(&rng, 2);
        if (!family->u8 && hone__rng_below(&rng, 2)) c.lo = 0, c.hi = 6;
        conv_check_case(&c);
        conv_case_free(&c);
    }
}

static void check_odd_shape(const conv_family *family, hone_rng *rng, size_t shape) {
    conv_spec spec = {.dims = check_dims(&family->shapes->odd[shape], 2)};
    spec.in_gap = shape % 2, spec.out_gap = shape % 3;
    for (int fill = 0; fill < (family->u8 ? CHECK_FILLS * CHECK_FILLS : CHECK_FILLS); fill++) {
        spec.inputs = (check_fill)(fill % CHECK_FILLS);
        spec.weights = (check_fill)(fill / CHECK_FILLS);
        conv_case c = conv_case_make(family, rng, &spec);
        if (family->u8) c.input_zero = fill % 2 ? 255 : 0;
        if (family->u8 && family->residual) c.residual = !c.to_f32 && fill % 3 == 0;
        conv_check_case(&c);
        conv_case_free(&c);
    }
}

void conv_check_odd_shapes(const conv_family *family) {
    hone_rng rng;
    hone__rng_seed(&rng, 2, 0);
    for (size_t i = 0; i < family->shapes->odd_count; i++) check_odd_shape(family, &rng, i);
}

void conv_check_minus_128(const conv_family *family) {
    hone_rng rng;
    hone__rng_seed(&rng, 3, 0);
    for (size_t i = 0; i < family->shapes->odd_count; i++) {
        conv_spec spec = {.dims = check_dims(&family->shapes->odd[i], 1), .inputs = CHECK_LARGEST};
        conv_case c = conv_case_make(family, &rng, &spec);
        memset(c.weights.data, -128, c.weight_count);
        c.input_zero = 0;
        conv_check_case(&c);
        conv_case_free(&c);
    }
}

void conv_check_nan(const conv_family *family, size_t channel) {
    hone_rng rng;
    hone__rng_seed(&rng, 3, 0);
    conv_case c = conv_case_odd(family, &rng, 0);
    ((float *)c.input.data)[100] = NAN;
    c.lo = 0, c.hi = 6;
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (uint32_t k = 0; k < family->count(&kernels); k++) {
        run_once(&c, &kernels, k, &c.output);
        assert_true(isnan(((float *)c.output.data)[c.dims.out_c * 3 + channel]));
        assert_true(!isnan(((float *)c.output.data)[c.out_count - 1]));
    }
    conv_case_free(&c);
}

void conv_bench(const conv_family *family) {
    hone_kernels kernels;
    hone_rng rng;
    hone__rng_seed(&rng, 6, 0);
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    for (uint32_t k = 1; k < family->count(&kernels); k++)
        for (size_t i = 0; i < family->shapes->bench_count; i++) {
            const check_shape *shape = &family->shapes->bench[i];
            if (!check_wanted(shape->name)) continue;
            conv_spec spec = {.dims = check_dims(shape, 1)};
            conv_case c = conv_case_make(family, &rng, &spec);
            conv_run r = conv_open(&c, &kernels, k, &c.output);
            check_report(r.plan.name, shape->name, (double)hone__conv_macs(&c.dims), "MAC",
                         check_cycles(conv_run_all, &r));
            conv_close(&r);
            conv_case_free(&c);
        }
}

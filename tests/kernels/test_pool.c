/* SPDX-License-Identifier: Apache-2.0 */
/* Every pooling the CPU has against the reference. */
#include "kernels/check.h"
#include <stdio.h>
#include <string.h>

static uint32_t out_size(uint32_t in, uint32_t kernel, uint32_t stride, uint32_t dilation,
                         uint32_t pads) {
    uint32_t reach = (kernel - 1) * dilation + 1;
    return in + pads >= reach ? (in + pads - reach) / stride + 1 : 1;
}

static hone_pool2d_dims random_dims(hone_rng *rng) {
    hone_pool2d_dims d = {
        .n = check_between(rng, 1, 2),
        .in_h = check_between(rng, 1, 12),
        .in_w = check_between(rng, 1, 12),
        .channels = check_between(rng, 1, 150),
        .kernel_h = check_between(rng, 1, 4),
        .kernel_w = check_between(rng, 1, 4),
        .stride_h = check_between(rng, 1, 3),
        .stride_w = check_between(rng, 1, 3),
        .dilation_h = check_between(rng, 1, 2),
        .dilation_w = check_between(rng, 1, 2),
        .count_include_pad = hone__rng_below(rng, 2) == 0,
    };
    /* less padding than kernel, as ONNX has it; one more row of output as with ceil_mode */
    d.pad_top = check_between(rng, 0, d.kernel_h - 1);
    d.pad_left = check_between(rng, 0, d.kernel_w - 1);
    d.pad_bottom = check_between(rng, 0, d.kernel_h - 1);
    d.pad_right = check_between(rng, 0, d.kernel_w - 1);
    d.out_h = out_size(d.in_h, d.kernel_h, d.stride_h, d.dilation_h, d.pad_top + d.pad_bottom);
    d.out_w = out_size(d.in_w, d.kernel_w, d.stride_w, d.dilation_w, d.pad_left + d.pad_right);
    if (hone__rng_below(rng, 4) == 0) d.out_h++;
    return d;
}

typedef struct problem {
    hone_pool2d_dims dims;
    size_t in_gap, out_gap, in_count, out_count;
    check_memory input, want, output;
} problem;

static problem make(hone_rng *rng, const hone_pool2d_dims *d, size_t element) {
    problem p = {.dims = *d, .in_gap = hone__rng_below(rng, 3), .out_gap = hone__rng_below(rng, 3)};
    p.in_count = (size_t)d->n * d->in_h * d->in_w * (d->channels + p.in_gap) - p.in_gap;
    p.out_count = (size_t)d->n * d->out_h * d->out_w * (d->channels + p.out_gap) - p.out_gap;
    p.input = check_alloc(p.in_count * element, CHECK_AT_END);
    p.want = check_alloc(p.out_count * element, CHECK_AT_END);
    p.output = check_alloc(p.out_count * element, CHECK_AT_END);
    return p;
}

static void release(problem *p) {
    check_free(&p->input);
    check_free(&p->want);
    check_free(&p->output);
}

static hone_pool2d_f32 args_f32(problem *p, check_memory *output) {
    hone_pool2d_f32 args = {.dims = &p->dims,
                            .input = p->input.data,
                            .input_stride = p->dims.channels + p->in_gap,
                            .output = output->data,
                            .output_stride = p->dims.channels + p->out_gap,
                            .lo = -INFINITY,
                            .hi = INFINITY};
    return args;
}

static void compare_f32(const problem *p, const char *name) {
    const float *a = p->want.data, *b = p->output.data;
    for (size_t i = 0; i < p->out_count; i++) {
        bool same = a[i] == b[i] || fabsf(a[i] - b[i]) <= 2e-6F || (isnan(a[i]) && isnan(b[i]));
        if (!same) fail_msg("%s: element %zu is %g, not %g", name, i, (double)b[i], (double)a[i]);
    }
}

static void check_f32(problem *p, const hone_pool2d_f32_kernel *reference,
                      const hone_pool2d_f32_kernel *kernel) {
    size_t rows = (size_t)p->dims.n * p->dims.out_h;
    hone_pool2d_f32 args = args_f32(p, &p->want);
    reference->run(&args, 0, rows);
    args = args_f32(p, &p->output);
    memset(p->output.data, CHECK_BYTE, p->output.bytes);
    for (size_t r = 0; r < rows; r++) kernel->run(&args, r, r + 1);
    compare_f32(p, kernel->name);
}

static void float_pools_of_any_geometry_match_the_reference(void **state) {
    hone_rng rng;
    hone_kernels reference, best;
    hone__kernels_init(&reference, HONE_CPU_SCALAR);
    hone__kernels_init(&best, HONE_CPU_BEST);
    hone__rng_seed(&rng, 1, 0);
    for (int i = 0; i < 300; i++) {
        hone_pool2d_dims d = random_dims(&rng);
        problem p = make(&rng, &d, sizeof(float));
        check_fill_f32(&rng, CHECK_RANDOM, p.input.data, p.in_count);
        for (size_t n = hone__rng_below(&rng, 4); n > 0; n--)
            ((float *)p.input.data)[hone__rng_below(&rng, p.in_count)] = NAN;
        check_f32(&p, &reference.pool.max_f32, &best.pool.max_f32);
        check_f32(&p, &reference.pool.average_f32, &best.pool.average_f32);
        release(&p);
    }
}

static void check_u8(problem *p, hone_rng *rng, const hone_pool2d_u8_kernel *reference,
                     const hone_pool2d_u8_kernel *kernel) {
    size_t rows = (size_t)p->dims.n * p->dims.out_h;
    uint8_t zero = (uint8_t)hone__rng_next(rng);
    hone_pool2d_u8 args = {.dims = &p->dims,
                           .input = p->input.data,
                           .input_stride = p->dims.channels + p->in_gap,
                           .output = p->want.data,
                           .output_stride = p->dims.channels + p->out_gap,
                           .input_zero = (uint8_t)hone__rng_next(rng),
                           .output_zero = zero,
                           .multiplier = 0.5F + hone__rng_float(rng),
                           .lo = -(float)zero,
                           .hi = (float)(255 - zero)};
    if (hone__rng_below(rng, 2)) args.multiplier = 1.0F; /* many ties */
    reference->run(&args, 0, rows);
    args.output = p->output.data;
    memset(p->output.data, CHECK_BYTE, p->output.bytes);
    for (size_t r = 0; r < rows; r++) kernel->run(&args, r, r + 1);
    assert_memory_equal(p->output.data, p->want.data, p->want.bytes);
}

static void quantized_pools_of_any_geometry_give_the_bits_of_the_reference(void **state) {
    hone_rng rng;
    hone_kernels reference, best;
    hone__kernels_init(&reference, HONE_CPU_SCALAR);
    hone__kernels_init(&best, HONE_CPU_BEST);
    hone__rng_seed(&rng, 2, 0);
    for (int i = 0; i < 400; i++) {
        hone_pool2d_dims d = random_dims(&rng);
        problem p = make(&rng, &d, 1);
        check_fill_u8(&rng, (check_fill)(i % CHECK_FILLS), p.input.data, p.in_count);
        check_u8(&p, &rng, &reference.pool.max_u8, &best.pool.max_u8);
        check_u8(&p, &rng, &reference.pool.average_u8, &best.pool.average_u8);
        release(&p);
    }
}

static void averages_count_padding_only_when_told(void **state) {
    hone_pool2d_dims d = {1, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, false};
    float input[] = {1, 2, 3, 4}, output[4];
    hone_pool2d_f32 args = {&d, input, 1, output, 1, -INFINITY, INFINITY};
    hone_kernels best;
    hone__kernels_init(&best, HONE_CPU_BEST);
    best.pool.average_f32.run(&args, 0, 2);
    assert_true(output[0] == 1 && output[1] == 2 && output[2] == 3 && output[3] == 4);
    d.count_include_pad = true;
    best.pool.average_f32.run(&args, 0, 2);
    assert_true(output[0] == 0.25F && output[3] == 1);
    /* with ceil_mode the last window hangs over the padded edge and counts 1 x 2 */
    d = (hone_pool2d_dims){1, 3, 2, 1, 2, 1, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0, true};
    float three[] = {1, 2, 3, 4, 5, 6};
    args.input = three;
    best.pool.average_f32.run(&args, 0, 2);
    assert_true(output[0] == 2.5F && output[1] == 5.5F);
}

typedef struct timed {
    const hone_pool2d_f32_kernel *f32;
    const hone_pool2d_u8_kernel *u8;
    hone_pool2d_f32 args_f32;
    hone_pool2d_u8 args_u8;
} timed;

static void run_timed(void *context) {
    timed *t = context;
    if (t->f32)
        t->f32->run(&t->args_f32, 0, t->args_f32.dims->out_h);
    else
        t->u8->run(&t->args_u8, 0, t->args_u8.dims->out_h);
}

static void bench_dims(const hone_kernels *best, const hone_pool2d_dims *d, const char *name) {
    hone_rng rng;
    hone__rng_seed(&rng, 3, 0);
    problem p = make(&rng, d, sizeof(float));
    check_fill_f32(&rng, CHECK_RANDOM, p.input.data, p.in_count);
    hone_pool2d_u8 u8 = {d,
                         p.input.data,
                         d->channels + p.in_gap,
                         p.output.data,
                         d->channels + p.out_gap,
                         3,
                         5,
                         1.0F,
                         -5.0F,
                         250.0F};
    double work = (double)d->out_h * d->out_w * d->channels * d->kernel_h * d->kernel_w;
    timed runs[] = {{&best->pool.max_f32, NULL, args_f32(&p, &p.output), u8},
                    {&best->pool.average_f32, NULL, args_f32(&p, &p.output), u8},
                    {NULL, &best->pool.max_u8, args_f32(&p, &p.output), u8},
                    {NULL, &best->pool.average_u8, args_f32(&p, &p.output), u8}};
    for (size_t i = 0; i < 4; i++) {
        const char *kernel = runs[i].f32 ? runs[i].f32->name : runs[i].u8->name;
        if (check_wanted(kernel))
            check_report(kernel, name, work, "tap", check_cycles(run_timed, &runs[i]));
    }
    release(&p);
}

static void bench(void) {
    hone_kernels best;
    hone__kernels_init(&best, HONE_CPU_BEST);
    hone_pool2d_dims d = {1, 112, 112, 64, 56, 56, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, false};
    bench_dims(&best, &d, "112x112 3x3/2 64");
    hone_pool2d_dims global = {1, 7, 7, 1280, 1, 1, 7, 7, 1, 1, 1, 1, 0, 0, 0, 0, false};
    bench_dims(&best, &global, "7x7 global 1280");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float_pools_of_any_geometry_match_the_reference),
        cmocka_unit_test(quantized_pools_of_any_geometry_give_the_bits_of_the_reference),
        cmocka_unit_test(averages_count_padding_only_when_told),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

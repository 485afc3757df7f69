/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/check.h"
#include "base/clock.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

check_memory check_alloc(size_t bytes, check_place place) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inside = (bytes + 64 + page - 1) / page * page;
    check_memory m = {.bytes = bytes, .map_bytes = inside + 2 * page};
    m.map = mmap(NULL, m.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(m.map != MAP_FAILED);
    char *begin = (char *)m.map + page;
    assert_int_equal(mprotect(begin, inside, PROT_READ | PROT_WRITE), 0);
    memset(begin, CHECK_BYTE, inside);
    size_t offset = inside - bytes;
    m.data = begin + (place == CHECK_ALIGNED ? offset / 64 * 64 : offset);
    return m;
}

void check_free(check_memory *memory) {
    if (memory->map) munmap(memory->map, memory->map_bytes);
    memset(memory, 0, sizeof *memory);
}

uint32_t check_between(hone_rng *rng, uint32_t lo, uint32_t hi) {
    return lo + (uint32_t)hone__rng_below(rng, (uint64_t)hi - lo + 1);
}

/* -1, 0 or 1: which extreme element i is, 0 for random. */
static int extreme(check_fill fill, size_t i) {
    switch (fill) {
    case CHECK_LARGEST:
        return 1;
    case CHECK_SMALLEST:
        return -1;
    case CHECK_ALTERNATING:
        return i % 2 ? -1 : 1;
    default:
        return 0;
    }
}

void check_fill_f32(hone_rng *rng, check_fill fill, float *data, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int e = extreme(fill, i);
        data[i] = e ? (float)e : hone__rng_float(rng) * 2.0F - 1.0F;
    }
}

void check_fill_u8(hone_rng *rng, check_fill fill, uint8_t *data, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int e = extreme(fill, i);
        data[i] = e ? (e > 0 ? 255 : 0) : (uint8_t)hone__rng_next(rng);
    }
}

void check_fill_s8(hone_rng *rng, check_fill fill, int8_t *data, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int e = extreme(fill, i);
        data[i] = (int8_t)(e ? e * 127 : (int)hone__rng_below(rng, 255) - 127);
    }
}

void check_fill_s32(hone_rng *rng, int32_t largest, int32_t *data, size_t count) {
    for (size_t i = 0; i < count; i++)
        data[i] = (int32_t)hone__rng_below(rng, (uint64_t)largest * 2 + 1) - largest;
}

static uint32_t out_size(uint32_t in, uint32_t kernel, uint32_t stride, uint32_t dilation,
                         uint32_t pads) {
    uint32_t reach = (kernel - 1) * dilation + 1;
    return in + pads >= reach ? (in + pads - reach) / stride + 1 : 1;
}

hone_conv_dims check_dims(const check_shape *s, uint32_t n) {
    hone_conv_dims d = {
        .n = n,
        .in_h = s->in_h,
        .in_w = s->in_w,
        .in_c = s->in_c,
        .out_c = s->out_c,
        .groups = s->groups,
        .kernel_h = s->kernel,
        .kernel_w = s->kernel,
        .stride_h = s->stride,
        .stride_w = s->stride,
        .dilation_h = s->dilation,
        .dilation_w = s->dilation,
        .pad_top = s->pad,
        .pad_left = s->pad,
    };
    d.out_h = out_size(s->in_h, s->kernel, s->stride, s->dilation, 2 * s->pad);
    d.out_w = out_size(s->in_w, s->kernel, s->stride, s->dilation, 2 * s->pad);
    return d;
}

hone_conv_dims check_random_dims(hone_rng *rng, bool depthwise) {
    hone_conv_dims d = {
        .n = check_between(rng, 1, 3),
        .in_h = check_between(rng, 1, 13),
        .in_w = check_between(rng, 1, 13),
        .kernel_h = check_between(rng, 1, 5),
        .kernel_w = check_between(rng, 1, 5),
        .stride_h = check_between(rng, 1, 3),
        .stride_w = check_between(rng, 1, 3),
        .dilation_h = check_between(rng, 1, 2),
        .dilation_w = check_between(rng, 1, 2),
        .pad_top = check_between(rng, 0, 4),
        .pad_left = check_between(rng, 0, 4),
    };
    if (hone__rng_below(rng, 3) == 0) d.kernel_h = d.kernel_w = 3, d.dilation_h = d.dilation_w = 1;
    if (hone__rng_below(rng, 4) == 0)
        d.kernel_h = d.kernel_w = d.stride_h = d.stride_w = 1, d.pad_top = d.pad_left = 0;
    d.groups = depthwise ? check_between(rng, 1, 70) : check_between(rng, 1, 3);
    d.in_c = d.groups * (depthwise ? 1 : check_between(rng, 1, 40));
    d.out_c = d.groups * (depthwise ? 1 : check_between(rng, 1, 40));
    d.out_h = out_size(d.in_h, d.kernel_h, d.stride_h, d.dilation_h,
                       d.pad_top + check_between(rng, 0, 4));
    d.out_w = out_size(d.in_w, d.kernel_w, d.stride_w, d.dilation_w,
                       d.pad_left + check_between(rng, 0, 4));
    return d;
}

const char *check_dims_text(const hone_conv_dims *d) {
    static char text[256];
    snprintf(text, sizeof text,
             "n=%u in=%ux%ux%u out=%ux%ux%u groups=%u kernel=%ux%u stride=%ux%u dilation=%ux%u "
             "pad=%u,%u",
             d->n, d->in_h, d->in_w, d->in_c, d->out_h, d->out_w, d->out_c, d->groups, d->kernel_h,
             d->kernel_w, d->stride_h, d->stride_w, d->dilation_h, d->dilation_w, d->pad_top,
             d->pad_left);
    return text;
}

/* Cycles of this core in a millisecond: a chain of additions takes one cycle each. */
static double cycles_per_ms(void) {
    enum { CHAIN = 2000000, UNROLL = 8 };
    double best = 1e9;
    for (int run = 0; run < 10; run++) {
        uint64_t x = (uint64_t)run;
        double start = hone__now_ms();
        for (int i = 0; i < CHAIN; i += UNROLL) {
#pragma GCC unroll 8
            for (int u = 0; u < UNROLL; u++) {
                x += 3;
                __asm__ volatile("" : "+r"(x));
            }
        }
        double ms = hone__now_ms() - start;
        best = ms < best ? ms : best;
    }
    return CHAIN / best;
}

static double time_runs(check_run run, void *context, int count) {
    double start = hone__now_ms();
    for (int i = 0; i < count; i++) run(context);
    return (hone__now_ms() - start) / count;
}

double check_cycles(check_run run, void *context) {
    static double rate;
    if (rate == 0) rate = cycles_per_ms();
    int count = 1;
    while (count < 1 << 20 && time_runs(run, context, count) * count < 0.2) count *= 2;
    double best = 1e30;
    double stop = hone__now_ms() + 250.0;
    for (int i = 0; i < 20 || hone__now_ms() < stop; i++) {
        double ms = time_runs(run, context, count);
        best = ms < best ? ms : best;
    }
    return best * rate;
}

void check_report(const char *kernel, const char *name, double work, const char *unit,
                  double cycles) {
    printf("%-34s %-26s %7.2f %s/cycle  %12.0f cycles\n", kernel, name, work / cycles, unit,
           cycles);
    fflush(stdout);
}

static const char *wanted;

bool check_wanted(const char *name) {
    return !wanted || strstr(name, wanted) != NULL;
}

int check_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count,
               void (*bench)(void)) {
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        wanted = argc > 2 ? argv[2] : NULL;
        bench();
        return 0;
    }
    return _cmocka_run_group_tests("kernels", tests, count, NULL, NULL);
}

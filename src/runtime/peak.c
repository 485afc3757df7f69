/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine's matrix kernels reach when everything lies in the cache: the yardstick for the
 * share that a layer gets. One thread times a product of 192 x 192 x 192, many times; the best is
 * taken, since anything else is a disturbance. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "kernels/kernels.h"

#include <hone/session.h>
#include <math.h>

#define SIDE   192 /* 147 KB an operand in float32 */
#define ROUNDS 60

static const hone_conv_dims dims = {.n = 1,
                                    .in_h = 1,
                                    .in_w = SIDE,
                                    .in_c = SIDE,
                                    .out_h = 1,
                                    .out_w = SIDE,
                                    .out_c = SIDE,
                                    .groups = 1,
                                    .kernel_h = 1,
                                    .kernel_w = 1,
                                    .stride_h = 1,
                                    .stride_w = 1,
                                    .dilation_h = 1,
                                    .dilation_w = 1};

/* Cleared memory for one measurement, big enough for either type. */
typedef struct bench {
    uint8_t *input, *weights, *output, *packed, *scratch;
    size_t packed_bytes, scratch_bytes;
} bench;

#define OPERAND_BYTES (sizeof(float) * SIDE * SIDE)

static bool open_bench(bench *b, size_t packed_bytes, size_t scratch_bytes) {
    b->packed_bytes = packed_bytes;
    b->scratch_bytes = scratch_bytes;
    b->input = hone__calloc(NULL, OPERAND_BYTES, 1);
    b->weights = hone__calloc(NULL, OPERAND_BYTES, 1);
    b->output = hone__calloc(NULL, OPERAND_BYTES, 1);
    b->packed = hone__alloc_aligned(NULL, packed_bytes);
    b->scratch = hone__alloc_aligned(NULL, scratch_bytes);
    return b->input && b->weights && b->output && b->packed && b->scratch;
}

static void close_bench(bench *b) {
    hone__free(NULL, b->input, OPERAND_BYTES);
    hone__free(NULL, b->weights, OPERAND_BYTES);
    hone__free(NULL, b->output, OPERAND_BYTES);
    hone__free_aligned(NULL, b->packed, b->packed_bytes);
    hone__free_aligned(NULL, b->scratch, b->scratch_bytes);
}

static double gmacs(double best_ms) {
    return best_ms > 0 ? (double)SIDE * SIDE * SIDE / best_ms * 1e-6 : 0;
}

static double peak_f32(const hone_kernels *kernels) {
    const hone_conv_kernel *k = hone__conv_choose(&kernels->conv, &dims);
    double best = INFINITY;
    bench b;
    if (open_bench(&b, k->pack_bytes(k, &dims), k->scratch_bytes(k, &dims))) {
        const hone_conv_weights weights = hone__conv_weights_matrix(&dims, b.weights, NULL);
        hone_conv_args args = {.dims = &dims,
                               .input = (const float *)(const void *)b.input,
                               .input_stride = SIDE,
                               .packed = b.packed,
                               .output = (float *)(void *)b.output,
                               .output_stride = SIDE,
                               .lo = -INFINITY,
                               .hi = INFINITY};
        k->pack(k, &dims, &weights, b.packed);
        for (int round = 0; round < ROUNDS; round++) {
            double start = hone__now_ms();
            for (uint32_t t = 0; t < k->task_count(k, &dims); t++)
                k->run_task(k, &args, t, b.scratch);
            best = fmin(best, hone__now_ms() - start);
        }
    }
    close_bench(&b);
    return gmacs(best);
}

static double peak_u8(const hone_kernels *kernels) {
    const hone_qconv_kernel *k = hone__qconv_choose(&kernels->qconv, &dims);
    double best = INFINITY;
    bench b;
    if (open_bench(&b, k->pack_bytes(k, &dims), k->scratch_bytes(k, &dims))) {
        const hone_qconv_pack pack = {.weights = hone__conv_weights_matrix(&dims, b.weights, NULL),
                                      .multiplier = b.weights}; /* zeros */
        hone_qconv_args args = {.dims = &dims,
                                .input = b.input,
                                .input_stride = SIDE,
                                .packed = b.packed,
                                .output = b.output,
                                .output_stride = SIDE,
                                .hi = 255};
        k->pack(k, &dims, &pack, b.packed);
        for (int round = 0; round < ROUNDS; round++) {
            double start = hone__now_ms();
            for (uint32_t t = 0; t < k->task_count(k, &dims); t++)
                k->run_task(k, &args, t, b.scratch);
            best = fmin(best, hone__now_ms() - start);
        }
    }
    close_bench(&b);
    return gmacs(best);
}

void hone_measure_peak(hone_cpu_tier cpu, hone_machine_peak *peak) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, hone_cpu_detect(cpu));
    peak->f32_gmacs = peak_f32(&kernels);
    peak->u8_gmacs = peak_u8(&kernels);
}

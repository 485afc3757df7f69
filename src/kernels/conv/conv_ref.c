/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of conv.h: plain loops, sums in double, never edited for speed.
 * Packed: bias [out_c], then weights [out_c][tap][in_c / groups]. */
#include "kernels/conv/conv_tiers.h"
#include "kernels/shared/element.h"

enum { TASK_PIXELS = 16 };

static bool supports_all(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return true;
}

static size_t pack_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    size_t depth = hone__conv_taps(dims) * (dims->in_c / dims->groups);
    return sizeof(float) * dims->out_c * (1 + depth);
}

static void pack(const hone_conv_kernel *kernel, const hone_conv_dims *dims,
                 const hone_conv_weights *weights, void *packed) {
    float *out = packed;
    for (size_t o = 0; o < dims->out_c; o++)
        *out++ = weights->bias ? hone__element_f32(weights->bias, o) : 0.0F;
    for (size_t o = 0; o < dims->out_c; o++)
        for (size_t t = 0; t < hone__conv_taps(dims); t++)
            for (size_t i = 0; i < dims->in_c / dims->groups; i++)
                *out++ =
                    hone__element_f32(weights->data, o * weights->out_step + i * weights->in_step +
                                                         t * weights->tap_step);
}

static size_t scratch_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return 0;
}

static uint32_t task_count(const hone_conv_kernel *kernel, const hone_conv_dims *dims) {
    return (uint32_t)hone__divide_up(hone__conv_pixels(dims), TASK_PIXELS);
}

/* The sum of products of one output element. */
static double dot(const hone_conv_args *args, size_t pixel, size_t o) {
    const hone_conv_dims *d = args->dims;
    size_t depth = d->in_c / d->groups, group = o / (d->out_c / d->groups);
    size_t row = pixel / d->out_w;
    const float *weight = (const float *)args->packed + d->out_c;
    weight += o * hone__conv_taps(d) * depth;
    double sum = 0;
    for (size_t ky = 0; ky < d->kernel_h; ky++)
        for (size_t kx = 0; kx < d->kernel_w; kx++, weight += depth) {
            size_t at =
                hone__conv_input_pixel(d, row / d->out_h, row % d->out_h, pixel % d->out_w, ky, kx);
            if (at == HONE_CONV_OUTSIDE) continue;
            const float *input = args->input + at * args->input_stride + group * depth;
            for (size_t i = 0; i < depth; i++) sum += (double)input[i] * (double)weight[i];
        }
    return sum;
}

static void run_task(const hone_conv_kernel *kernel, const hone_conv_args *args, uint32_t index,
                     void *scratch) {
    const float *bias = args->packed;
    size_t begin = (size_t)index * TASK_PIXELS;
    size_t end = hone__min_size(begin + TASK_PIXELS, hone__conv_pixels(args->dims));
    for (size_t p = begin; p < end; p++)
        for (size_t o = 0; o < args->dims->out_c; o++) {
            float y = (float)((double)bias[o] + dot(args, p, o));
            if (args->residual) y += args->residual[p * args->residual_stride + o];
            y = y < args->lo ? args->lo : y;
            args->output[p * args->output_stride + o] = y > args->hi ? args->hi : y;
        }
}

const hone_conv_kernel hone_conv_f32_ref = {
    .name = "hone_conv_f32_ref",
    .supports = supports_all,
    .pack_bytes = pack_bytes,
    .pack = pack,
    .scratch_bytes = scratch_bytes,
    .task_count = task_count,
    .run_task = run_task,
};

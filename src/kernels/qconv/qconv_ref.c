/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of qconv.h: plain loops, never edited for speed.
 * Packed: bias [out_c] int32, multiplier [out_c] float, weights [out_c][tap][in_c / groups] s8. */
#include "kernels/qconv/qconv_tiers.h"
#include "kernels/shared/element.h"
#include "kernels/shared/requant.h"

enum { TASK_PIXELS = 16 };

static bool supports_all(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    return true;
}

static size_t pack_bytes(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    size_t depth = hone__conv_taps(dims) * (dims->in_c / dims->groups);
    return dims->out_c * (sizeof(int32_t) + sizeof(float) + depth);
}

static void pack(const hone_qconv_kernel *kernel, const hone_conv_dims *dims,
                 const hone_qconv_pack *source, void *packed) {
    const hone_conv_weights *weights = &source->weights;
    const int8_t *data = weights->data;
    int32_t *bias = packed;
    int8_t *out = (int8_t *)packed + dims->out_c * (sizeof(int32_t) + sizeof(float));
    for (size_t o = 0; o < dims->out_c; o++)
        bias[o] = weights->bias ? hone__element_s32(weights->bias, o) : 0;
    memcpy(bias + dims->out_c, source->multiplier, dims->out_c * sizeof(float));
    for (size_t o = 0; o < dims->out_c; o++)
        for (size_t t = 0; t < hone__conv_taps(dims); t++)
            for (size_t i = 0; i < dims->in_c / dims->groups; i++)
                *out++ = data[o * weights->out_step + i * weights->in_step + t * weights->tap_step];
}

static size_t scratch_bytes(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    return 0;
}

static uint32_t task_count(const hone_qconv_kernel *kernel, const hone_conv_dims *dims) {
    return (uint32_t)hone__divide_up(hone__conv_pixels(dims), TASK_PIXELS);
}

/* The sum of products of one output element, modulo 2^32. */
static uint32_t dot(const hone_qconv_args *args, size_t pixel, size_t o) {
    const hone_conv_dims *d = args->dims;
    size_t depth = d->in_c / d->groups, group = o / (d->out_c / d->groups);
    size_t row = pixel / d->out_w;
    const int8_t *weight = (const int8_t *)args->packed + (size_t)d->out_c * 8;
    weight += o * hone__conv_taps(d) * depth;
    uint32_t sum = 0;
    for (size_t ky = 0; ky < d->kernel_h; ky++)
        for (size_t kx = 0; kx < d->kernel_w; kx++, weight += depth) {
            size_t at =
                hone__conv_input_pixel(d, row / d->out_h, row % d->out_h, pixel % d->out_w, ky, kx);
            if (at == HONE_CONV_OUTSIDE) continue;
            const uint8_t *input = args->input + at * args->input_stride + group * depth;
            for (size_t i = 0; i < depth; i++)
                sum += (uint32_t)((input[i] - args->input_zero) * weight[i]);
        }
    return sum;
}

/* The sum of qconv.h with element `at` of the other tensor. */
static uint8_t summed(const hone_qconv_sum *sum, uint8_t output, uint8_t output_zero, size_t at) {
    float own = (float)(output - output_zero) * sum->own;
    float other = (float)(sum->data[at] - sum->zero) * sum->other;
    float y = own + other;
    y = y < sum->lo ? sum->lo : y;
    y = y > sum->hi ? sum->hi : y;
    return (uint8_t)((int32_t)rintf(y) + sum->output_zero);
}

static void write_u8(const hone_qconv_args *args, size_t pixel, size_t o, int32_t acc, float m) {
    uint8_t q = hone__requant_u8(acc, m, args->lo, args->hi, args->output_zero);
    if (args->sum.data) q = summed(&args->sum, q, args->output_zero, pixel * args->sum.stride + o);
    args->output[pixel * args->output_stride + o] = q;
}

static void run_task(const hone_qconv_kernel *kernel, const hone_qconv_args *args, uint32_t index,
                     void *scratch) {
    size_t out_c = args->dims->out_c, begin = (size_t)index * TASK_PIXELS;
    size_t end = hone__min_size(begin + TASK_PIXELS, hone__conv_pixels(args->dims));
    for (size_t p = begin; p < end; p++)
        for (size_t o = 0; o < out_c; o++) {
            uint32_t bias = (uint32_t)hone__element_s32(args->packed, o);
            int32_t acc = (int32_t)(bias + dot(args, p, o));
            float multiplier = hone__element_f32(args->packed, out_c + o);
            if (args->output)
                write_u8(args, p, o, acc, multiplier);
            else
                args->output_f32[p * args->output_stride + o] =
                    hone__requant_f32(acc, multiplier, args->lo, args->hi);
        }
}

const hone_qconv_kernel hone_qconv_u8s8_ref = {
    .name = "hone_qconv_u8s8_ref",
    .supports = supports_all,
    .pack_bytes = pack_bytes,
    .pack = pack,
    .scratch_bytes = scratch_bytes,
    .task_count = task_count,
    .run_task = run_task,
};

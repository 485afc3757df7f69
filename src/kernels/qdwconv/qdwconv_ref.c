/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of qdwconv.h: plain loops, never edited for speed.
 * Packed: bias [c] int32, multiplier [c] float, weights [tap][c] s8. A task is one output row. */
#include "kernels/qdwconv/qdwconv_tiers.h"
#include "kernels/shared/element.h"
#include "kernels/shared/requant.h"

static bool supports_depthwise(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims) {
    return dims->groups == dims->in_c && dims->in_c == dims->out_c;
}

static size_t pack_bytes(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims) {
    return dims->out_c * (sizeof(int32_t) + sizeof(float) + hone__conv_taps(dims));
}

static void pack(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims,
                 const hone_qconv_pack *source, void *packed) {
    const hone_conv_weights *weights = &source->weights;
    const int8_t *data = weights->data;
    int32_t *bias = packed;
    int8_t *out = (int8_t *)packed + dims->out_c * (sizeof(int32_t) + sizeof(float));
    for (size_t c = 0; c < dims->out_c; c++)
        bias[c] = weights->bias ? hone__element_s32(weights->bias, c) : 0;
    memcpy(bias + dims->out_c, source->multiplier, dims->out_c * sizeof(float));
    for (size_t t = 0; t < hone__conv_taps(dims); t++)
        for (size_t c = 0; c < dims->out_c; c++)
            *out++ = data[c * weights->out_step + t * weights->tap_step];
}

static size_t scratch_bytes(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims) {
    return 0;
}

static uint32_t task_count(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims) {
    return dims->n * dims->out_h;
}

static uint32_t dot(const hone_qdwconv_args *args, size_t row, size_t x, size_t c) {
    const hone_conv_dims *d = args->dims;
    const int8_t *weight = (const int8_t *)args->packed + (size_t)d->out_c * 8 + c;
    uint32_t sum = 0;
    for (size_t ky = 0; ky < d->kernel_h; ky++)
        for (size_t kx = 0; kx < d->kernel_w; kx++, weight += d->out_c) {
            size_t at = hone__conv_input_pixel(d, row / d->out_h, row % d->out_h, x, ky, kx);
            if (at == HONE_CONV_OUTSIDE) continue;
            int32_t value = args->input[at * args->input_stride + c];
            sum += (uint32_t)((value - args->input_zero) * *weight);
        }
    return sum;
}

static void run_task(const hone_qdwconv_kernel *kernel, const hone_qdwconv_args *args,
                     uint32_t index, void *scratch) {
    const hone_conv_dims *d = args->dims;
    for (size_t x = 0; x < d->out_w; x++)
        for (size_t c = 0; c < d->out_c; c++) {
            uint32_t bias = (uint32_t)hone__element_s32(args->packed, c);
            int32_t acc = (int32_t)(bias + dot(args, index, x, c));
            float multiplier = hone__element_f32(args->packed, d->out_c + c);
            args->output[((size_t)index * d->out_w + x) * args->output_stride + c] =
                hone__requant_u8(acc, multiplier, args->lo, args->hi, args->output_zero);
        }
}

const hone_qdwconv_kernel hone_qdwconv_u8s8_ref = {
    .name = "hone_qdwconv_u8s8_ref",
    .supports = supports_depthwise,
    .pack_bytes = pack_bytes,
    .pack = pack,
    .scratch_bytes = scratch_bytes,
    .task_count = task_count,
    .run_task = run_task,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of dwconv.h: plain loops, sums in double, never edited for speed.
 * Packed: bias [c], then weights [tap][c]. A task is one output row. */
#include "kernels/dwconv/dwconv_tiers.h"
#include "kernels/shared/element.h"

static bool supports_depthwise(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims) {
    return dims->groups == dims->in_c && dims->in_c == dims->out_c;
}

static size_t pack_bytes(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims) {
    return sizeof(float) * dims->out_c * (1 + hone__conv_taps(dims));
}

static void pack(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims,
                 const hone_conv_weights *weights, void *packed) {
    float *out = packed;
    for (size_t c = 0; c < dims->out_c; c++)
        *out++ = weights->bias ? hone__element_f32(weights->bias, c) : 0.0F;
    for (size_t t = 0; t < hone__conv_taps(dims); t++)
        for (size_t c = 0; c < dims->out_c; c++)
            *out++ =
                hone__element_f32(weights->data, c * weights->out_step + t * weights->tap_step);
}

static size_t scratch_bytes(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims) {
    return 0;
}

static uint32_t task_count(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims) {
    return dims->n * dims->out_h;
}

static double dot(const hone_dwconv_args *args, size_t row, size_t x, size_t c) {
    const hone_conv_dims *d = args->dims;
    const float *weight = (const float *)args->packed + d->out_c + c;
    double sum = 0;
    for (size_t ky = 0; ky < d->kernel_h; ky++)
        for (size_t kx = 0; kx < d->kernel_w; kx++, weight += d->out_c) {
            size_t at = hone__conv_input_pixel(d, row / d->out_h, row % d->out_h, x, ky, kx);
            if (at == HONE_CONV_OUTSIDE) continue;
            sum += (double)args->input[at * args->input_stride + c] * (double)*weight;
        }
    return sum;
}

static void run_task(const hone_dwconv_kernel *kernel, const hone_dwconv_args *args, uint32_t index,
                     void *scratch) {
    const hone_conv_dims *d = args->dims;
    const float *bias = args->packed;
    for (size_t x = 0; x < d->out_w; x++)
        for (size_t c = 0; c < d->out_c; c++) {
            float y = (float)((double)bias[c] + dot(args, index, x, c));
            y = y < args->lo ? args->lo : y;
            y = y > args->hi ? args->hi : y;
            args->output[((size_t)index * d->out_w + x) * args->output_stride + c] = y;
        }
}

const hone_dwconv_kernel hone_dwconv_f32_ref = {
    .name = "hone_dwconv_f32_ref",
    .supports = supports_depthwise,
    .pack_bytes = pack_bytes,
    .pack = pack,
    .scratch_bytes = scratch_bytes,
    .task_count = task_count,
    .run_task = run_task,
};

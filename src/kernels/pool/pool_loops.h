/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of pool.h over blocks of channels, for a compiler to vectorize. Included by one file an
 * instruction set, which gives them names and options. */
#ifndef HONE_KERNELS_POOL_LOOPS_H
#define HONE_KERNELS_POOL_LOOPS_H

#include "kernels/pool/pool_tiers.h"
#include "kernels/shared/element.h"
#include <math.h>

#define HONE_FLAT static inline __attribute__((always_inline))

enum { BLOCK_F32 = 64, BLOCK_U8 = 128 };

HONE_FLAT float clamp_f32(float y, float lo, float hi) {
    y = y < lo ? lo : y;
    return y > hi ? hi : y;
}

/* Elements from a window's first pixel to the one under kernel position (ky, kx). */
HONE_FLAT size_t offset_in(const hone_pool2d_dims *d, const hone_pool2d_window *w, size_t stride,
                           size_t ky, size_t kx) {
    return ((ky - w->y0) * d->dilation_h * d->in_w + (kx - w->x0) * d->dilation_w) * stride;
}

/* Larger of both; a NaN gives way to any number. */
HONE_FLAT float larger(float best, float x) {
    return (x > best) | (best != best) ? x : best;
}

HONE_FLAT void max_block_f32(const hone_pool2d_f32 *args, const hone_pool2d_window *w,
                             const float *in, float *out, const size_t count) {
    float best[BLOCK_F32];
    for (size_t c = 0; c < count; c++) best[c] = in[c];
    for (size_t ky = w->y0; ky < w->y1; ky++)
        for (size_t kx = w->x0; kx < w->x1; kx++) {
            const float *x = in + offset_in(args->dims, w, args->input_stride, ky, kx);
            for (size_t c = 0; c < count; c++) best[c] = larger(best[c], x[c]);
        }
    for (size_t c = 0; c < count; c++) out[c] = clamp_f32(best[c], args->lo, args->hi);
}

HONE_FLAT void average_block_f32(const hone_pool2d_f32 *args, const hone_pool2d_window *w,
                                 const float *in, float *out, const size_t count) {
    float sum[BLOCK_F32] = {0}, divisor = (float)w->count;
    for (size_t ky = w->y0; ky < w->y1; ky++)
        for (size_t kx = w->x0; kx < w->x1; kx++) {
            const float *x = in + offset_in(args->dims, w, args->input_stride, ky, kx);
            for (size_t c = 0; c < count; c++) sum[c] += x[c];
        }
    for (size_t c = 0; c < count; c++) out[c] = clamp_f32(sum[c] / divisor, args->lo, args->hi);
}

HONE_FLAT void max_block_u8(const hone_pool2d_u8 *args, const hone_pool2d_window *w,
                            const uint8_t *in, uint8_t *out, const size_t count) {
    uint8_t best[BLOCK_U8] = {0};
    for (size_t ky = w->y0; ky < w->y1; ky++)
        for (size_t kx = w->x0; kx < w->x1; kx++) {
            const uint8_t *x = in + offset_in(args->dims, w, args->input_stride, ky, kx);
            for (size_t c = 0; c < count; c++) best[c] = x[c] > best[c] ? x[c] : best[c];
        }
    for (size_t c = 0; c < count; c++) out[c] = best[c];
}

/* Adding and taking away 1.5 * 2^23 rounds a clamped |y| <= 255 to the nearest even integer. */
HONE_FLAT void average_block_u8(const hone_pool2d_u8 *args, const hone_pool2d_window *w,
                                const uint8_t *in, uint8_t *out, const size_t count) {
    int32_t sum[BLOCK_U8] = {0}, pixels = 0;
    for (size_t ky = w->y0; ky < w->y1; ky++)
        for (size_t kx = w->x0; kx < w->x1; kx++, pixels++) {
            const uint8_t *x = in + offset_in(args->dims, w, args->input_stride, ky, kx);
            for (size_t c = 0; c < count; c++) sum[c] += x[c];
        }
    float multiplier = w->count ? args->multiplier / (float)w->count : 0.0F;
    int32_t zeros = pixels * args->input_zero;
    for (size_t c = 0; c < count; c++) {
        float y = clamp_f32((float)(sum[c] - zeros) * multiplier, args->lo, args->hi);
        out[c] = (uint8_t)((int32_t)((y + 12582912.0F) - 12582912.0F) + args->output_zero);
    }
}

/* All channels of one window. */
typedef void (*window_f32)(const hone_pool2d_f32 *args, const hone_pool2d_window *w, float *out);

HONE_FLAT void max_window_f32(const hone_pool2d_f32 *args, const hone_pool2d_window *w,
                              float *out) {
    const float *in = args->input + w->pixel * args->input_stride;
    for (size_t c = 0, rest = args->dims->channels; rest > 0; c += BLOCK_F32) {
        size_t count = hone__min_size(rest, BLOCK_F32);
        max_block_f32(args, w, in + c, out + c, count);
        rest -= count;
    }
}

HONE_FLAT void average_window_f32(const hone_pool2d_f32 *args, const hone_pool2d_window *w,
                                  float *out) {
    const float *in = args->input + w->pixel * args->input_stride;
    for (size_t c = 0, rest = args->dims->channels; rest > 0; c += BLOCK_F32) {
        size_t count = hone__min_size(rest, BLOCK_F32);
        average_block_f32(args, w, in + c, out + c, count);
        rest -= count;
    }
}

HONE_FLAT void window_u8(const hone_pool2d_u8 *args, const hone_pool2d_window *w, uint8_t *out,
                         const bool average) {
    const uint8_t *in = args->input + w->pixel * args->input_stride;
    for (size_t c = 0, rest = args->dims->channels; rest > 0; c += BLOCK_U8) {
        size_t count = hone__min_size(rest, BLOCK_U8);
        if (average)
            average_block_u8(args, w, in + c, out + c, count);
        else
            max_block_u8(args, w, in + c, out + c, count);
        rest -= count;
    }
}

/* Whether a window lies wholly in the padding, where it has no first pixel. */
HONE_FLAT bool is_empty(const hone_pool2d_window *w) {
    return w->y0 >= w->y1 || w->x0 >= w->x1;
}

/* Whether all columns of the window that starts at output column x are inside the input; windows
 * that follow each other and are so differ in their first pixel only. */
HONE_FLAT bool is_inner(const hone_pool2d_dims *d, size_t x) {
    size_t begin = x * d->stride_w, reach = (size_t)(d->kernel_w - 1) * d->dilation_w;
    return begin >= d->pad_left && begin + reach < (size_t)d->pad_left + d->in_w;
}

HONE_FLAT void pool_f32(const hone_pool2d_f32 *args, size_t begin, size_t end,
                        const window_f32 window, const float empty) {
    const hone_pool2d_dims *d = args->dims;
    for (size_t row = begin; row < end; row++) {
        hone_pool2d_window w;
        bool inner = false;
        for (size_t x = 0; x < d->out_w; x++) {
            bool was_inner = inner;
            inner = is_inner(d, x);
            if (inner && was_inner)
                w.pixel += d->stride_w;
            else
                w = hone__pool2d_window(d, row, x);
            float *out = args->output + (row * d->out_w + x) * args->output_stride;
            if (!is_empty(&w)) {
                window(args, &w, out);
                continue;
            }
            float y = empty / (float)w.count; /* 0 / 0 where an average counts nothing */
            for (size_t c = 0; c < d->channels; c++) out[c] = clamp_f32(y, args->lo, args->hi);
        }
    }
}

HONE_FLAT void pool_u8(const hone_pool2d_u8 *args, size_t begin, size_t end, const bool average) {
    const hone_pool2d_dims *d = args->dims;
    for (size_t row = begin; row < end; row++)
        for (size_t x = 0; x < d->out_w; x++) {
            hone_pool2d_window w = hone__pool2d_window(d, row, x);
            if (is_empty(&w)) w.y1 = w.y0, w.pixel = 0;
            window_u8(args, &w, args->output + (row * d->out_w + x) * args->output_stride, average);
        }
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling with NEON: 16 channels (u8: 64) of a window stay in registers while its pixels go by;
 * fewer, and averages of u8, are the loops of pool_loops.h. */
#include "kernels/pool/pool_loops.h"
#include "kernels/shared/neon.h"

enum { WIDTH_F32 = 16, WIDTH_U8 = 64 };

/* Distances inside a window, in elements. */
typedef struct window_steps {
    size_t rows, columns; /* pixels of the window */
    size_t row, column;   /* from a pixel to the one below, to the next */
} window_steps;

HONE_INLINE window_steps steps_of(const hone_pool2d_dims *d, const hone_pool2d_window *w,
                                  size_t stride) {
    window_steps s = {w->y1 - w->y0, w->x1 - w->x0, d->dilation_h * d->in_w * stride,
                      d->dilation_w * stride};
    return s;
}

/* FMAXNM gives the number when the other is a NaN. */
HONE_INLINE float32x4_t joined(float32x4_t a, float32x4_t b, const bool average) {
    return average ? vaddq_f32(a, b) : vmaxnmq_f32(a, b);
}

HONE_INLINE void block_f32(const window_steps *s, const float *in, float32x4_t *y,
                           const bool average) {
    for (size_t i = 0; i < 4; i++) y[i] = average ? vdupq_n_f32(0.0F) : vld1q_f32(in + 4 * i);
    for (size_t r = 0; r < s->rows; r++, in += s->row) {
        const float *x = in;
        for (size_t c = 0; c < s->columns; c++, x += s->column) {
            y[0] = joined(y[0], vld1q_f32(x), average);
            y[1] = joined(y[1], vld1q_f32(x + 4), average);
            y[2] = joined(y[2], vld1q_f32(x + 8), average);
            y[3] = joined(y[3], vld1q_f32(x + 12), average);
        }
    }
}

HONE_INLINE void window_neon(const hone_pool2d_f32 *args, const hone_pool2d_window *w, float *out,
                             const bool average) {
    const float *in = args->input + w->pixel * args->input_stride;
    window_steps s = steps_of(args->dims, w, args->input_stride);
    float32x4_t lo = vdupq_n_f32(args->lo), hi = vdupq_n_f32(args->hi);
    float32x4_t divisor = vdupq_n_f32((float)w->count);
    size_t c = 0, channels = args->dims->channels;
    for (; c + WIDTH_F32 <= channels; c += WIDTH_F32) {
        float32x4_t y[4];
        block_f32(&s, in + c, y, average);
        for (size_t i = 0; i < 4; i++) {
            if (average) y[i] = vdivq_f32(y[i], divisor);
            vst1q_f32(out + c + 4 * i, hone__clamp4(y[i], lo, hi));
        }
    }
    if (c == channels) return;
    if (average)
        average_block_f32(args, w, in + c, out + c, channels - c);
    else
        max_block_f32(args, w, in + c, out + c, channels - c);
}

HONE_INLINE void max_window_neon(const hone_pool2d_f32 *args, const hone_pool2d_window *w,
                                 float *out) {
    window_neon(args, w, out, false);
}

HONE_INLINE void average_window_neon(const hone_pool2d_f32 *args, const hone_pool2d_window *w,
                                     float *out) {
    window_neon(args, w, out, true);
}

HONE_INLINE void max_u8(const window_steps *s, const uint8_t *in, uint8_t *out) {
    uint8x16_t y[4] = {vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0), vdupq_n_u8(0)};
    for (size_t r = 0; r < s->rows; r++, in += s->row) {
        const uint8_t *x = in;
        for (size_t c = 0; c < s->columns; c++, x += s->column) {
            y[0] = vmaxq_u8(y[0], vld1q_u8(x));
            y[1] = vmaxq_u8(y[1], vld1q_u8(x + 16));
            y[2] = vmaxq_u8(y[2], vld1q_u8(x + 32));
            y[3] = vmaxq_u8(y[3], vld1q_u8(x + 48));
        }
    }
    for (size_t i = 0; i < 4; i++) vst1q_u8(out + 16 * i, y[i]);
}

void hone_max_pool_f32_neon(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end) {
    pool_f32(args, row_begin, row_end, max_window_neon, -INFINITY);
}

void hone_average_pool_f32_neon(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end) {
    pool_f32(args, row_begin, row_end, average_window_neon, 0.0F);
}

/* As pool_u8() of pool_loops.h. */
void hone_max_pool_u8_neon(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end) {
    const hone_pool2d_dims *d = args->dims;
    for (size_t row = row_begin; row < row_end; row++)
        for (size_t x = 0; x < d->out_w; x++) {
            hone_pool2d_window w = hone__pool2d_window(d, row, x);
            if (is_empty(&w)) w.y1 = w.y0, w.pixel = 0;
            window_steps s = steps_of(d, &w, args->input_stride);
            const uint8_t *in = args->input + w.pixel * args->input_stride;
            uint8_t *out = args->output + (row * d->out_w + x) * args->output_stride;
            size_t c = 0;
            for (; c + WIDTH_U8 <= d->channels; c += WIDTH_U8) max_u8(&s, in + c, out + c);
            if (c < d->channels) max_block_u8(args, &w, in + c, out + c, d->channels - c);
        }
}

void hone_average_pool_u8_neon(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end) {
    pool_u8(args, row_begin, row_end, true);
}

const hone_pool2d_table hone_pool2d_neon = {
    .max_f32 = {"hone_max_pool_f32_neon", hone_max_pool_f32_neon},
    .average_f32 = {"hone_average_pool_f32_neon", hone_average_pool_f32_neon},
    .max_u8 = {"hone_max_pool_u8_neon", hone_max_pool_u8_neon},
    .average_u8 = {"hone_average_pool_u8_neon", hone_average_pool_u8_neon},
};

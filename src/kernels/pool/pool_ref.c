/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of pool.h: plain loops, never edited for speed. */
#include "kernels/pool/pool_tiers.h"
#include "kernels/shared/requant.h"

/* Input pixel under kernel position (ky, kx) of a window that has it inside. */
static size_t pixel_at(const hone_pool2d_dims *d, const hone_pool2d_window *w, size_t ky,
                       size_t kx) {
    return w->pixel + (ky - w->y0) * d->dilation_h * d->in_w + (kx - w->x0) * d->dilation_w;
}

static float clamp(float y, float lo, float hi) {
    y = y < lo ? lo : y;
    return y > hi ? hi : y;
}

static float max_f32(const hone_pool2d_f32 *args, const hone_pool2d_window *w, size_t c) {
    float best = -INFINITY;
    bool seen = false, number = false;
    for (size_t ky = w->y0; ky < w->y1; ky++)
        for (size_t kx = w->x0; kx < w->x1; kx++) {
            float x = args->input[pixel_at(args->dims, w, ky, kx) * args->input_stride + c];
            seen = true;
            number = number || !isnan(x);
            best = x > best ? x : best;
        }
    return seen && !number ? NAN : best;
}

static float average_f32(const hone_pool2d_f32 *args, const hone_pool2d_window *w, size_t c) {
    double sum = 0;
    for (size_t ky = w->y0; ky < w->y1; ky++)
        for (size_t kx = w->x0; kx < w->x1; kx++)
            sum += (double)args->input[pixel_at(args->dims, w, ky, kx) * args->input_stride + c];
    return (float)(sum / (double)w->count);
}

typedef float (*reduce_f32)(const hone_pool2d_f32 *, const hone_pool2d_window *, size_t);

static void run_f32(const hone_pool2d_f32 *args, size_t begin, size_t end, reduce_f32 reduce) {
    const hone_pool2d_dims *d = args->dims;
    for (size_t row = begin; row < end; row++)
        for (size_t x = 0; x < d->out_w; x++) {
            hone_pool2d_window w = hone__pool2d_window(d, row, x);
            float *out = args->output + (row * d->out_w + x) * args->output_stride;
            for (size_t c = 0; c < d->channels; c++)
                out[c] = clamp(reduce(args, &w, c), args->lo, args->hi);
        }
}

void hone_max_pool_f32_ref(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end) {
    run_f32(args, row_begin, row_end, max_f32);
}

void hone_average_pool_f32_ref(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end) {
    run_f32(args, row_begin, row_end, average_f32);
}

static uint8_t max_u8(const hone_pool2d_u8 *args, const hone_pool2d_window *w, size_t c) {
    uint8_t best = 0;
    for (size_t ky = w->y0; ky < w->y1; ky++)
        for (size_t kx = w->x0; kx < w->x1; kx++) {
            uint8_t x = args->input[pixel_at(args->dims, w, ky, kx) * args->input_stride + c];
            best = x > best ? x : best;
        }
    return best;
}

static uint8_t average_u8(const hone_pool2d_u8 *args, const hone_pool2d_window *w, size_t c) {
    int32_t sum = 0;
    for (size_t ky = w->y0; ky < w->y1; ky++)
        for (size_t kx = w->x0; kx < w->x1; kx++)
            sum += args->input[pixel_at(args->dims, w, ky, kx) * args->input_stride + c] -
                   args->input_zero;
    float multiplier = w->count ? args->multiplier / (float)w->count : 0.0F;
    return hone__requant_u8(sum, multiplier, args->lo, args->hi, args->output_zero);
}

typedef uint8_t (*reduce_u8)(const hone_pool2d_u8 *, const hone_pool2d_window *, size_t);

static void run_u8(const hone_pool2d_u8 *args, size_t begin, size_t end, reduce_u8 reduce) {
    const hone_pool2d_dims *d = args->dims;
    for (size_t row = begin; row < end; row++)
        for (size_t x = 0; x < d->out_w; x++) {
            hone_pool2d_window w = hone__pool2d_window(d, row, x);
            uint8_t *out = args->output + (row * d->out_w + x) * args->output_stride;
            for (size_t c = 0; c < d->channels; c++) out[c] = reduce(args, &w, c);
        }
}

void hone_max_pool_u8_ref(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end) {
    run_u8(args, row_begin, row_end, max_u8);
}

void hone_average_pool_u8_ref(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end) {
    run_u8(args, row_begin, row_end, average_u8);
}

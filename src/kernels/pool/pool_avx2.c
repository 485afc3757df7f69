/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of pool_loops.h, vectorized by the compiler (-O3, without contraction to FMA), and a
 * maximum that keeps its channels in registers. */
#include "kernels/pool/pool_loops.h"
#include "kernels/shared/avx2.h"

enum { LANES = 8 };

/* The maximum of `vectors` * 8 channels. vmaxps gives its second operand where one is a NaN, so
 * that NaNs give way to what was found; -INFINITY is left where there is nothing but NaNs or
 * -INFINITY. Returns whether that is so anywhere. */
HONE_INLINE bool max_channels(const hone_pool2d_f32 *args, const hone_pool2d_window *w,
                              const float *in, float *out, const size_t vectors) {
    __m256 best[4], none = _mm256_set1_ps(-INFINITY), left = _mm256_setzero_ps();
    size_t column = args->dims->dilation_w * args->input_stride;
    size_t line = (size_t)args->dims->dilation_h * args->dims->in_w * args->input_stride;
#pragma GCC unroll 4
    for (size_t i = 0; i < vectors; i++) best[i] = none;
    for (size_t ky = w->y0; ky < w->y1; ky++, in += line) {
        const float *x = in;
        for (size_t kx = w->x0; kx < w->x1; kx++, x += column)
#pragma GCC unroll 4
            for (size_t i = 0; i < vectors; i++)
                best[i] = _mm256_max_ps(_mm256_loadu_ps(x + i * LANES), best[i]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < vectors; i++) {
        __m256 y = hone__clamp8(best[i], _mm256_set1_ps(args->lo), _mm256_set1_ps(args->hi));
        left = _mm256_or_ps(left, _mm256_cmp_ps(best[i], none, _CMP_EQ_OQ));
        _mm256_storeu_ps(out + i * LANES, y);
    }
    return !_mm256_testz_ps(left, left);
}

HONE_INLINE void max_window(const hone_pool2d_f32 *args, const hone_pool2d_window *w, float *out) {
    const float *in = args->input + w->pixel * args->input_stride;
    size_t c = 0, channels = args->dims->channels;
    bool unsure = channels < LANES;
    for (; c + 4 * LANES <= channels; c += 4 * LANES)
        unsure |= max_channels(args, w, in + c, out + c, 4);
    for (; c + LANES <= channels; c += LANES) unsure |= max_channels(args, w, in + c, out + c, 1);
    if (c < channels && channels >= LANES) {
        c = channels - LANES;
        unsure |= max_channels(args, w, in + c, out + c, 1);
    }
    if (unsure) max_window_f32(args, w, out);
}

void hone_max_pool_f32_avx2(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end) {
    pool_f32(args, row_begin, row_end, max_window, -INFINITY);
}

void hone_average_pool_f32_avx2(const hone_pool2d_f32 *args, size_t row_begin, size_t row_end) {
    pool_f32(args, row_begin, row_end, average_window_f32, 0.0F);
}

void hone_max_pool_u8_avx2(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end) {
    pool_u8(args, row_begin, row_end, false);
}

void hone_average_pool_u8_avx2(const hone_pool2d_u8 *args, size_t row_begin, size_t row_end) {
    pool_u8(args, row_begin, row_end, true);
}

const hone_pool2d_table hone_pool2d_avx2 = {
    .max_f32 = {"hone_max_pool_f32_avx2", hone_max_pool_f32_avx2},
    .average_f32 = {"hone_average_pool_f32_avx2", hone_average_pool_f32_avx2},
    .max_u8 = {"hone_max_pool_u8_avx2", hone_max_pool_u8_avx2},
    .average_u8 = {"hone_average_pool_u8_avx2", hone_average_pool_u8_avx2},
};

/* SPDX-License-Identifier: Apache-2.0 */
/* hone_dwconv_f32_7x8_avx2: up to 7 pixels x 8 channels at a time.
 *
 * Square kernels of 3 and 5 with stride 1 and 2 load each input once for all the pixels of the
 * group that it goes into: 7 pixels of a 3 x 3 kernel take 27 inputs and 9 weights for 63
 * multiply-adds. Others take a weight a tap, and an input a tap and pixel. */
#include "kernels/dwconv/dwconv_tiers.h"
#include "kernels/dwconv/dwconv_tiled.h"
#include "kernels/shared/avx2.h"

enum { WIDTH = 8, PIXELS = 4 };

/* --- square kernels --------------------------------------------------------------------------- */

/* One kernel row: `in` are the columns, `w` its weights. */
HONE_INLINE void add_row(const float *const *in, size_t c, const float *w, const size_t kernel,
                         const size_t stride, const size_t pixels, __m256 *acc) {
    __m256 weight[5];
#pragma GCC unroll 5
    for (size_t k = 0; k < kernel; k++) weight[k] = _mm256_load_ps(w + k * WIDTH);
#pragma GCC unroll 17
    for (size_t j = 0; j < (pixels - 1) * stride + kernel; j++) {
        __m256 x = _mm256_loadu_ps(in[j] + c);
#pragma GCC unroll 5
        for (size_t k = 0; k < kernel; k++)
            if (j >= k && (j - k) % stride == 0 && (j - k) / stride < pixels)
                acc[(j - k) / stride] = _mm256_fmadd_ps(x, weight[k], acc[(j - k) / stride]);
    }
}

HONE_INLINE void run_square(const hone_dwconv_group *g, const size_t kernel, const size_t stride,
                            const size_t pixels) {
    const float *panel = g->panel;
    for (size_t first = 0; first < g->channels; first += WIDTH) {
        size_t c = first + WIDTH > g->channels ? g->channels - WIDTH : first;
        __m256 acc[HONE_DWCONV_PIXELS];
#pragma GCC unroll 7
        for (size_t p = 0; p < pixels; p++) acc[p] = _mm256_load_ps(panel);
        const float *w = panel + (1 + g->row * kernel) * WIDTH;
        for (size_t ky = g->row; ky < g->row_end; ky++, w += kernel * WIDTH)
            add_row(g->columns[ky], c, w, kernel, stride, pixels, acc);
        __m256 lo = _mm256_set1_ps(g->lo), hi = _mm256_set1_ps(g->hi);
        float *out = g->output + c;
#pragma GCC unroll 7
        for (size_t p = 0; p < pixels; p++, out += g->output_stride)
            _mm256_storeu_ps(out, hone__clamp8(acc[p], lo, hi));
        panel += (1 + kernel * kernel) * WIDTH;
    }
}

/* The seven group sizes of a kernel and stride, and the table's row of them. */
#define PIXELS_OF(kernel, stride, pixels)                                                          \
    static void square_##kernel##s##stride##_##pixels(const hone_dwconv_group *group) {            \
        run_square(group, kernel, stride, pixels);                                                 \
    }
#define SQUARE(kernel, stride)                                                                     \
    PIXELS_OF(kernel, stride, 1)                                                                   \
    PIXELS_OF(kernel, stride, 2)                                                                   \
    PIXELS_OF(kernel, stride, 3)                                                                   \
    PIXELS_OF(kernel, stride, 4)                                                                   \
    PIXELS_OF(kernel, stride, 5)                                                                   \
    PIXELS_OF(kernel, stride, 6)                                                                   \
    PIXELS_OF(kernel, stride, 7)
#define ROW(kernel, stride)                                                                        \
    {                                                                                              \
        kernel, stride, {                                                                          \
            square_##kernel##s##stride##_1, square_##kernel##s##stride##_2,                        \
                square_##kernel##s##stride##_3, square_##kernel##s##stride##_4,                    \
                square_##kernel##s##stride##_5, square_##kernel##s##stride##_6,                    \
                square_##kernel##s##stride##_7                                                     \
        }                                                                                          \
    }

SQUARE(3, 1)
SQUARE(3, 2)
SQUARE(5, 1)
SQUARE(5, 2)

static const hone_dwconv_square squares[] = {ROW(3, 1), ROW(3, 2), ROW(5, 1), ROW(5, 2)};

/* --- any kernel ------------------------------------------------------------------------------- */

HONE_INLINE __m256 load(const float *from, const bool some, __m256i mask) {
    return some ? _mm256_maskload_ps(from, mask) : _mm256_loadu_ps(from);
}

HONE_INLINE void run_channels(const hone_dwconv_tile *t, size_t at, const size_t pixels, size_t c,
                              const float *panel, const bool some, __m256i mask) {
    __m256 acc[PIXELS], lo = _mm256_set1_ps(t->lo), hi = _mm256_set1_ps(t->hi);
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) acc[p] = _mm256_load_ps(panel);
    for (size_t tap = t->tap; tap < t->tap_end; tap++) {
        __m256 w = _mm256_load_ps(panel + (1 + tap) * WIDTH);
        const float *in = t->taps[tap] + at * t->step + c;
#pragma GCC unroll 4
        for (size_t p = 0; p < pixels; p++)
            acc[p] = _mm256_fmadd_ps(load(in + p * t->step, some, mask), w, acc[p]);
    }
    float *out = t->output + at * t->output_stride + c;
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++, out += t->output_stride)
        hone__store_floats(out, hone__clamp8(acc[p], lo, hi), some ? t->channels : WIDTH);
}

HONE_INLINE void run_pixels(const hone_dwconv_tile *t, size_t at, const size_t pixels) {
    if (t->channels < WIDTH) {
        run_channels(t, at, pixels, 0, t->panel, true, hone__mask8(t->channels));
        return;
    }
    const float *panel = t->panel;
    for (size_t first = 0; first < t->channels; first += WIDTH) {
        size_t c = first + WIDTH > t->channels ? t->channels - WIDTH : first;
        run_channels(t, at, pixels, c, panel, false, _mm256_setzero_si256());
        panel += (1 + t->tap_count) * WIDTH;
    }
}

static void run(const hone_dwconv_tile *tile) {
    size_t at = 0;
    for (; at + 4 <= tile->pixels; at += 4) run_pixels(tile, at, 4);
    if (tile->pixels - at == 3) run_pixels(tile, at, 3);
    if (tile->pixels - at == 2) run_pixels(tile, at, 2);
    if (tile->pixels - at == 1) run_pixels(tile, at, 1);
}

static const hone_dwconv_tiles tiles = {
    .width = WIDTH,
    .run = run,
    .squares = squares,
    .square_count = sizeof squares / sizeof *squares,
    .overlaps = true,
};

const hone_dwconv_kernel hone_dwconv_f32_7x8_avx2 = {
    .name = "hone_dwconv_f32_7x8_avx2",
    .supports = hone__dwconv_tiled_supports,
    .pack_bytes = hone__dwconv_tiled_pack_bytes,
    .pack = hone__dwconv_tiled_pack,
    .scratch_bytes = hone__dwconv_tiled_scratch_bytes,
    .task_count = hone__dwconv_tiled_task_count,
    .run_task = hone__dwconv_tiled_run_task,
    .tile = &tiles,
};

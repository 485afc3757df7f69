/* SPDX-License-Identifier: Apache-2.0 */
/* hone_dwconv_f32_4x8_avx2: up to 4 pixels x 8 channels at a time; a weight is loaded once for the
 * pixels of a group. 3 x 3 of stride 1 also shares the inputs of neighbouring pixels: 18 loads
 * instead of 36. */
#include "kernels/dwconv/dwconv_tiers.h"
#include "kernels/dwconv/dwconv_tiled.h"
#include "kernels/shared/avx2.h"

enum { WIDTH = 8, PIXELS = 4 };

HONE_INLINE __m256 load(const float *from, const bool some, __m256i mask) {
    return some ? _mm256_maskload_ps(from, mask) : _mm256_loadu_ps(from);
}

HONE_INLINE void store(const hone_dwconv_tile *t, size_t at, const size_t pixels, size_t c,
                       const bool some, const __m256 *acc) {
    __m256 lo = _mm256_set1_ps(t->lo), hi = _mm256_set1_ps(t->hi);
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) {
        float *out = t->output + (at + p) * t->output_stride + c;
        __m256 y = hone__clamp8(acc[p], lo, hi);
        if (some)
            hone__store_floats(out, y, t->channels - c);
        else
            _mm256_storeu_ps(out, y);
    }
}

HONE_INLINE void channels_any(const hone_dwconv_tile *t, size_t at, const size_t pixels, size_t c,
                              const float *panel, const bool some, __m256i mask) {
    __m256 acc[PIXELS];
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) acc[p] = _mm256_load_ps(panel);
    for (size_t tap = t->tap; tap < t->tap_end; tap++) {
        __m256 w = _mm256_load_ps(panel + (1 + tap) * WIDTH);
        const float *in = t->taps[tap] + at * t->step + c;
#pragma GCC unroll 4
        for (size_t p = 0; p < pixels; p++)
            acc[p] = _mm256_fmadd_ps(load(in + p * t->step, some, mask), w, acc[p]);
    }
    store(t, at, pixels, c, some, acc);
}

HONE_INLINE void channels_3x3(const hone_dwconv_tile *t, size_t at, size_t c, const float *panel,
                              const bool some, __m256i mask) {
    __m256 acc[PIXELS];
#pragma GCC unroll 4
    for (size_t p = 0; p < PIXELS; p++) acc[p] = _mm256_load_ps(panel);
#pragma GCC unroll 3
    for (size_t ky = 0; ky < 3; ky++) {
        const float *in = t->taps[3 * ky] + at * t->step + c;
        const float *w = panel + (1 + 3 * ky) * WIDTH;
        __m256 w0 = _mm256_load_ps(w), w1 = _mm256_load_ps(w + WIDTH);
        __m256 w2 = _mm256_load_ps(w + 2 * WIDTH);
#pragma GCC unroll 6
        for (size_t j = 0; j < PIXELS + 2; j++, in += t->column) {
            __m256 x = load(in, some, mask);
            if (j < PIXELS) acc[j] = _mm256_fmadd_ps(x, w0, acc[j]);
            if (j >= 1 && j <= PIXELS) acc[j - 1] = _mm256_fmadd_ps(x, w1, acc[j - 1]);
            if (j >= 2) acc[j - 2] = _mm256_fmadd_ps(x, w2, acc[j - 2]);
        }
    }
    store(t, at, PIXELS, c, some, acc);
}

HONE_INLINE void run_pixels(const hone_dwconv_tile *t, size_t at, const size_t pixels,
                            const bool is_3x3) {
    const float *panel = t->panel;
    size_t c = 0;
    for (; c + WIDTH <= t->channels; c += WIDTH, panel += (1 + t->tap_count) * WIDTH) {
        if (is_3x3)
            channels_3x3(t, at, c, panel, false, _mm256_setzero_si256());
        else
            channels_any(t, at, pixels, c, panel, false, _mm256_setzero_si256());
    }
    if (c == t->channels) return;
    __m256i mask = hone__mask8(t->channels - c);
    if (is_3x3)
        channels_3x3(t, at, c, panel, true, mask);
    else
        channels_any(t, at, pixels, c, panel, true, mask);
}

/* What is left of a group after its fours, from pixel `at` on. */
static void run_rest(const hone_dwconv_tile *tile, size_t at) {
    switch (tile->pixels - at) {
    case 3:
        run_pixels(tile, at, 3, false);
        break;
    case 2:
        run_pixels(tile, at, 2, false);
        break;
    case 1:
        run_pixels(tile, at, 1, false);
        break;
    default:
        break;
    }
}

static void run(const hone_dwconv_tile *tile) {
    size_t at = 0;
    for (; at + 4 <= tile->pixels; at += 4) run_pixels(tile, at, 4, false);
    run_rest(tile, at);
}

static void run_3x3(const hone_dwconv_tile *tile) {
    size_t at = 0;
    for (; at + 4 <= tile->pixels; at += 4) run_pixels(tile, at, 4, true);
    run_rest(tile, at);
}

static const hone_dwconv_tiles tiles = {WIDTH, run, run_3x3};

const hone_dwconv_kernel hone_dwconv_f32_4x8_avx2 = {
    .name = "hone_dwconv_f32_4x8_avx2",
    .supports = hone__dwconv_tiled_supports,
    .pack_bytes = hone__dwconv_tiled_pack_bytes,
    .pack = hone__dwconv_tiled_pack,
    .scratch_bytes = hone__dwconv_tiled_scratch_bytes,
    .task_count = hone__dwconv_tiled_task_count,
    .run_task = hone__dwconv_tiled_run_task,
    .tile = &tiles,
};

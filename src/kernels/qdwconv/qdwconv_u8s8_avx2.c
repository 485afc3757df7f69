/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qdwconv_u8s8_4x16_avx2: up to 4 pixels x 16 channels at a time. The inputs under two taps
 * are interleaved and widened to 16 bits, so that vpmaddwd makes the exact 32-bit sum of both
 * products. */
#include "kernels/qdwconv/qdwconv_tiers.h"
#include "kernels/qdwconv/qdwconv_tiled.h"
#include "kernels/shared/avx2.h"
#include "kernels/shared/requant_avx2.h"

enum { WIDTH = 16, PIXELS = HONE_QDWCONV_PIXELS };

/* The next 16 channels, or fewer at the end, where nothing behind them may be read. */
HONE_INLINE __m128i load(const uint8_t *from, const bool some, size_t count) {
    if (!some) return _mm_loadu_si128((const __m128i *)from);
    uint8_t all[16] = {0};
    for (size_t i = 0; i < count; i++) all[i] = from[i];
    return _mm_loadu_si128((const __m128i *)all);
}

HONE_INLINE __m256 scaled(const hone_qdwconv_tile *t, __m256i acc, const float *multiplier) {
    __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), _mm256_loadu_ps(multiplier));
    return hone__clamp8(y, _mm256_set1_ps(t->lo), _mm256_set1_ps(t->hi));
}

HONE_INLINE void run_block(const hone_qdwconv_tile *t, const size_t pixels, size_t c,
                           const char *panel, const bool some) {
    const __m256i *bias = (const __m256i *)(const void *)panel;
    const float *multiplier = (const float *)(const void *)(panel + WIDTH * 4);
    const __m256i *weight = (const __m256i *)(const void *)(panel + WIDTH * 8);
    size_t count = t->channels - c;
    __m256i acc[PIXELS][2];
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) {
        acc[p][0] = _mm256_load_si256(bias);
        acc[p][1] = _mm256_load_si256(bias + 1);
    }
    for (size_t i = 0; i < t->pairs; i++) {
        __m256i w0 = _mm256_load_si256(weight + 2 * i), w1 = _mm256_load_si256(weight + 2 * i + 1);
        const uint8_t *first = t->taps[2 * i] + c, *second = t->taps[2 * i + 1] + c;
#pragma GCC unroll 4
        for (size_t p = 0; p < pixels; p++) {
            __m128i a = load(first + p * t->step, some, count);
            __m128i b = load(second + p * t->step, some, count);
            __m256i x0 = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b));
            __m256i x1 = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b));
            acc[p][0] = _mm256_add_epi32(acc[p][0], _mm256_madd_epi16(x0, w0));
            acc[p][1] = _mm256_add_epi32(acc[p][1], _mm256_madd_epi16(x1, w1));
        }
    }
#pragma GCC unroll 4
    for (size_t p = 0; p < pixels; p++) {
        __m256 y0 = scaled(t, acc[p][0], multiplier), y1 = scaled(t, acc[p][1], multiplier + 8);
        __m128i q = hone__round16(y0, y1, t->output_zero);
        uint8_t *out = t->output + p * t->output_stride + c;
        if (some)
            hone__store_bytes(out, q, count);
        else
            _mm_storeu_si128((__m128i *)out, q);
    }
}

HONE_INLINE void run_pixels(const hone_qdwconv_tile *t, const size_t pixels) {
    const char *panel = t->panel;
    size_t c = 0, bytes = hone__qdwconv_panel_bytes(WIDTH, t->pairs);
    for (; c + WIDTH <= t->channels; c += WIDTH, panel += bytes)
        run_block(t, pixels, c, panel, false);
    if (c < t->channels) run_block(t, pixels, c, panel, true);
}

static void pixels1(const hone_qdwconv_tile *tile) {
    run_pixels(tile, 1);
}
static void pixels2(const hone_qdwconv_tile *tile) {
    run_pixels(tile, 2);
}
static void pixels3(const hone_qdwconv_tile *tile) {
    run_pixels(tile, 3);
}
static void pixels4(const hone_qdwconv_tile *tile) {
    run_pixels(tile, 4);
}

static const hone_qdwconv_tiles tiles = {WIDTH, {pixels1, pixels2, pixels3, pixels4}};

const hone_qdwconv_kernel hone_qdwconv_u8s8_4x16_avx2 = {
    .name = "hone_qdwconv_u8s8_4x16_avx2",
    .supports = hone__qdwconv_tiled_supports,
    .pack_bytes = hone__qdwconv_tiled_pack_bytes,
    .pack = hone__qdwconv_tiled_pack,
    .scratch_bytes = hone__qdwconv_tiled_scratch_bytes,
    .task_count = hone__qdwconv_tiled_task_count,
    .run_task = hone__qdwconv_tiled_run_task,
    .tile = &tiles,
};

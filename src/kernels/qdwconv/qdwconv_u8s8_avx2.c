/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qdwconv_u8s8_2x32_avx2: 2 pixels x 32 channels at a time; a narrow block has 16 channels of
 * 2 pixels, one in each half of a register. The inputs under two taps are interleaved and widened
 * to 16 bits by unpacking within halves of a register, so that vpmaddwd makes the exact 32-bit sum
 * of both products. The packs of the output undo the order of the unpacks; panels are laid out in
 * that order. */
#include "kernels/qdwconv/qdwconv_tiers.h"
#include "kernels/qdwconv/qdwconv_tiled.h"
#include "kernels/shared/avx2.h"
#include "kernels/shared/requant_avx2.h"

enum { WIDTH = 32, NARROW = 16 };

/* Four registers of 8 lanes: register q holds channels 4q .. 4q + 3 and 16 + 4q .. 16 + 4q + 3. */
static const uint8_t order[WIDTH] = {0, 1, 2, 3, 8,  9,  10, 11, 16, 17, 18, 19, 24, 25, 26, 27,
                                     4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31};

/* acc += two taps of 32 inputs, 4 registers of sums. */
HONE_INLINE void add_pair(__m256i *acc, __m256i a, __m256i b, const __m256i *weight) {
    __m256i zero = _mm256_setzero_si256();
    __m256i lo = _mm256_unpacklo_epi8(a, b), hi = _mm256_unpackhi_epi8(a, b);
    __m256i x0 = _mm256_unpacklo_epi8(lo, zero), x1 = _mm256_unpackhi_epi8(lo, zero);
    __m256i x2 = _mm256_unpacklo_epi8(hi, zero), x3 = _mm256_unpackhi_epi8(hi, zero);
    acc[0] = _mm256_add_epi32(acc[0], _mm256_madd_epi16(x0, weight[0]));
    acc[1] = _mm256_add_epi32(acc[1], _mm256_madd_epi16(x1, weight[1]));
    acc[2] = _mm256_add_epi32(acc[2], _mm256_madd_epi16(x2, weight[2]));
    acc[3] = _mm256_add_epi32(acc[3], _mm256_madd_epi16(x3, weight[3]));
}

/* What finishing needs, read before the first store: a store of bytes could change anything for all
 * the compiler knows. */
typedef struct finish {
    __m256 lo, hi;
    __m256i zero;
} finish;

HONE_INLINE __m256i rounded(const finish *f, __m256i acc, const float *multiplier) {
    __m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), _mm256_loadu_ps(multiplier));
    return _mm256_cvtps_epi32(hone__clamp8(y, f->lo, f->hi));
}

/* 32 outputs in order. */
HONE_INLINE __m256i finished(const finish *f, const __m256i *acc, const float *multiplier) {
    __m256i q01 =
        _mm256_packs_epi32(rounded(f, acc[0], multiplier), rounded(f, acc[1], multiplier + 8));
    __m256i q23 = _mm256_packs_epi32(rounded(f, acc[2], multiplier + 16),
                                     rounded(f, acc[3], multiplier + 24));
    return _mm256_packus_epi16(_mm256_add_epi16(q01, f->zero), _mm256_add_epi16(q23, f->zero));
}

HONE_INLINE __m256i load32(const uint8_t *from) {
    return _mm256_loadu_si256((const __m256i *)from);
}

/* 32 channels of 1 or 2 pixels from pixel p on. */
HONE_INLINE void run_wide(const hone_qdwconv_tile *t, const finish *f, size_t p,
                          const size_t pixels, size_t c, const char *panel) {
    const __m256i *bias = (const __m256i *)(const void *)panel;
    const float *multiplier = (const float *)(const void *)(panel + WIDTH * 4);
    const __m256i *weight = (const __m256i *)(const void *)(panel + WIDTH * 8);
    size_t at = c + p * t->step;
    __m256i acc[2][4];
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) acc[0][i] = acc[1][i] = _mm256_load_si256(bias + i);
    for (size_t i = 0; i < t->pairs; i++, weight += 4) {
        const uint8_t *a = t->taps[2 * i] + at, *b = t->taps[2 * i + 1] + at;
        add_pair(acc[0], load32(a), load32(b), weight);
        if (pixels == 2) add_pair(acc[1], load32(a + t->step), load32(b + t->step), weight);
    }
    __m256i q0 = finished(f, acc[0], multiplier), q1 = q0;
    if (pixels == 2) q1 = finished(f, acc[1], multiplier);
    uint8_t *out = t->output + p * t->output_stride + c;
    size_t stride = t->output_stride;
    _mm256_storeu_si256((__m256i *)out, q0);
    if (pixels == 2) _mm256_storeu_si256((__m256i *)(out + stride), q1);
}

/* The first `count` bytes; nothing behind them is touched. */
HONE_INLINE __m128i load_some(const uint8_t *from, size_t count) {
    uint8_t all[16] = {0};
    for (size_t i = 0; i < count; i++) all[i] = from[i];
    return _mm_loadu_si128((const __m128i *)all);
}

/* 16 channels of two pixels, `step` apart; `some`: only the first `count` of them. */
HONE_INLINE __m256i load_both(const uint8_t *from, size_t step, const bool some, size_t count) {
    __m128i first, second;
    if (some) {
        first = load_some(from, count);
        second = load_some(from + step, count);
    } else {
        first = _mm_loadu_si128((const __m128i *)from);
        second = _mm_loadu_si128((const __m128i *)(from + step));
    }
    return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

/* 16 channels of 1 or 2 pixels from pixel p on; one pixel stands for both. */
HONE_INLINE void run_narrow(const hone_qdwconv_tile *t, const finish *f, size_t p,
                            const size_t pixels, size_t c, const char *panel, const bool some) {
    const __m256i *bias = (const __m256i *)(const void *)panel;
    const float *multiplier = (const float *)(const void *)(panel + WIDTH * 4);
    const __m256i *weight = (const __m256i *)(const void *)(panel + WIDTH * 8);
    size_t at = c + p * t->step, step = pixels == 2 ? t->step : 0, count = t->channels;
    __m256i acc[4];
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) acc[i] = _mm256_load_si256(bias + i);
    for (size_t i = 0; i < t->pairs; i++, weight += 4)
        add_pair(acc, load_both(t->taps[2 * i] + at, step, some, count),
                 load_both(t->taps[2 * i + 1] + at, step, some, count), weight);
    __m256i q = finished(f, acc, multiplier);
    __m128i q0 = _mm256_castsi256_si128(q), q1 = _mm256_extracti128_si256(q, 1);
    uint8_t *out = t->output + p * t->output_stride + c;
    size_t stride = t->output_stride;
    if (some) {
        hone__store_bytes(out, q0, count);
        if (pixels == 2) hone__store_bytes(out + stride, q1, count);
    } else {
        _mm_storeu_si128((__m128i *)out, q0);
        if (pixels == 2) _mm_storeu_si128((__m128i *)(out + stride), q1);
    }
}

HONE_INLINE void run_pixels(const hone_qdwconv_tile *t, const finish *f, size_t p,
                            const size_t pixels) {
    size_t bytes = hone__qdwconv_panel_bytes(WIDTH, t->pairs);
    const char *panel = t->panel;
    hone_qdwconv_block block = {0};
    for (; hone__qdwconv_next(t->channels, WIDTH, NARROW, &block); panel += bytes)
        if (block.size == WIDTH)
            run_wide(t, f, p, pixels, block.first, panel);
        else if (block.size == NARROW)
            run_narrow(t, f, p, pixels, block.first, panel, false);
        else
            run_narrow(t, f, p, pixels, 0, panel, true);
}

static void run(const hone_qdwconv_tile *tile) {
    const finish f = {_mm256_set1_ps(tile->lo), _mm256_set1_ps(tile->hi),
                      _mm256_set1_epi16((short)tile->output_zero)};
    size_t p = 0;
    for (; p + 2 <= tile->pixels; p += 2) run_pixels(tile, &f, p, 2);
    if (p < tile->pixels) run_pixels(tile, &f, p, 1);
}

static const hone_qdwconv_tiles tiles = {WIDTH, NARROW, order, 4, run};

const hone_qdwconv_kernel hone_qdwconv_u8s8_2x32_avx2 = {
    .name = "hone_qdwconv_u8s8_2x32_avx2",
    .supports = hone__qdwconv_tiled_supports,
    .pack_bytes = hone__qdwconv_tiled_pack_bytes,
    .pack = hone__qdwconv_tiled_pack,
    .scratch_bytes = hone__qdwconv_tiled_scratch_bytes,
    .task_count = hone__qdwconv_tiled_task_count,
    .run_task = hone__qdwconv_tiled_run_task,
    .tile = &tiles,
};

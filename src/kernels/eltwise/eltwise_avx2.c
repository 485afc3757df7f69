/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of eltwise_*_loops.h, vectorized by the compiler (-O3, without contraction to FMA);
 * sums and products of two u8 vectors by hand, because gcc 12 narrows to bytes at half the speed.
 */
#include "kernels/eltwise/eltwise_f32_loops.h"
#include "kernels/eltwise/eltwise_tiers.h"
#include "kernels/eltwise/eltwise_u8_loops.h"
#include "kernels/shared/requant_avx2.h"

void hone_binary_f32_avx2(const hone_binary_args *args) {
    binary_loops(args);
}
void hone_unary_f32_avx2(const hone_unary_args *args) {
    unary_loops(args);
}
void hone_lookup_u8_avx2(const hone_lookup_args *args) {
    lookup_loops(args);
}
void hone_quantize_u8_avx2(const hone_quantize_args *args) {
    quantize_loops(args);
}
void hone_dequantize_u8_avx2(const hone_dequantize_args *args) {
    dequantize_loops(args);
}
/* Constants of a call. */
typedef struct binary_u8_constants {
    __m256i a_zero, b_zero, zero;
    __m256 a_multiplier, b_multiplier, lo, hi;
} binary_u8_constants;

static binary_u8_constants constants_of(const hone_binary_u8_args *args) {
    binary_u8_constants k = {
        _mm256_set1_epi16(args->a.zero),
        _mm256_set1_epi16(args->b.zero),
        _mm256_set1_epi16(args->output_zero),
        _mm256_set1_ps(args->a_multiplier),
        _mm256_set1_ps(args->b_multiplier),
        _mm256_set1_ps(args->lo),
        _mm256_set1_ps(args->hi),
    };
    return k;
}

/* 16 bytes less their zero point. */
HONE_INLINE __m256i widened(const uint8_t *from, __m256i zero) {
    __m256i x = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)from));
    return _mm256_sub_epi16(x, zero);
}

/* Half of 16 numbers as 32-bit ones; those of a half register, as unpack leaves them. */
HONE_INLINE __m256i low_half(__m256i x) {
    return _mm256_srai_epi32(_mm256_unpacklo_epi16(x, x), 16);
}

HONE_INLINE __m256i high_half(__m256i x) {
    return _mm256_srai_epi32(_mm256_unpackhi_epi16(x, x), 16);
}

HONE_INLINE __m256i combined(const binary_u8_op op, const binary_u8_constants *k, __m256i a,
                             __m256i b) {
    __m256 y;
    if (op == BINARY_U8_MUL)
        y = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_mullo_epi32(a, b)), k->a_multiplier);
    else
        y = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(a), k->a_multiplier),
                          _mm256_mul_ps(_mm256_cvtepi32_ps(b), k->b_multiplier));
    return _mm256_cvtps_epi32(hone__clamp8(y, k->lo, k->hi));
}

/* Multiples of 16 elements; packs puts the halves back where unpack took them from. */
HONE_INLINE void binary_u8_blocks(const binary_u8_op op, const binary_u8_constants *k,
                                  const uint8_t *a, const uint8_t *b, size_t count, uint8_t *out) {
    for (size_t i = 0; i < count; i += 16) {
        __m256i x = widened(a + i, k->a_zero), w = widened(b + i, k->b_zero);
        __m256i q = _mm256_packs_epi32(combined(op, k, low_half(x), low_half(w)),
                                       combined(op, k, high_half(x), high_half(w)));
        q = _mm256_add_epi16(q, k->zero);
        __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
        _mm_storeu_si128((__m128i *)(out + i), bytes);
    }
}

HONE_INLINE void binary_u8(const binary_u8_op op, const hone_binary_u8_args *args) {
    if (args->a.scalar || args->b.scalar) {
        binary_u8_loops(op, args);
        return;
    }
    const binary_u8_constants k = constants_of(args);
    size_t whole = args->cols / 16 * 16;
    for (size_t r = 0; r < args->rows; r++) {
        const uint8_t *a = args->a.data + r * args->a.row_stride;
        const uint8_t *b = args->b.data + r * args->b.row_stride;
        uint8_t *out = args->output + r * args->output_stride;
        binary_u8_blocks(op, &k, a, b, whole, out);
        if (whole < args->cols)
            binary_u8_row(op, a + whole, false, b + whole, false, args, args->cols - whole,
                          out + whole);
    }
}

void hone_add_u8_avx2(const hone_binary_u8_args *args) {
    binary_u8(BINARY_U8_ADD, args);
}
void hone_add_fixed_u8_avx2(const hone_binary_u8_args *args) {
    add_fixed_loops(args);
}
void hone_mul_u8_avx2(const hone_binary_u8_args *args) {
    binary_u8(BINARY_U8_MUL, args);
}

const hone_eltwise_table hone_eltwise_avx2 = {
    .binary = hone_binary_f32_avx2,
    .unary = hone_unary_f32_avx2,
    .lookup = hone_lookup_u8_avx2,
    .add_u8 = hone_add_u8_avx2,
    .mul_u8 = hone_mul_u8_avx2,
    .add_fixed_u8 = hone_add_fixed_u8_avx2,
    .quantize = hone_quantize_u8_avx2,
    .dequantize = hone_dequantize_u8_avx2,
    .binary_name = "hone_binary_f32_avx2",
    .unary_name = "hone_unary_f32_avx2",
    .lookup_name = "hone_lookup_u8_avx2",
    .add_u8_name = "hone_add_u8_avx2",
    .mul_u8_name = "hone_mul_u8_avx2",
    .add_fixed_u8_name = "hone_add_fixed_u8_avx2",
    .quantize_name = "hone_quantize_u8_avx2",
    .dequantize_name = "hone_dequantize_u8_avx2",
};

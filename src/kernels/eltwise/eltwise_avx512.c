/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of eltwise_*_loops.h, vectorized by the compiler (-O3, without contraction to FMA);
 * sums and products of two u8 vectors by hand, 16 elements at a time, the last ones by masks. */
#include "kernels/eltwise/eltwise_f32_loops.h"
#include "kernels/eltwise/eltwise_tiers.h"
#include "kernels/eltwise/eltwise_u8_loops.h"
#include "kernels/shared/avx512.h"

void hone_binary_f32_avx512(const hone_binary_args *args) {
    binary_loops(args);
}
void hone_unary_f32_avx512(const hone_unary_args *args) {
    unary_loops(args);
}
void hone_lookup_u8_avx512(const hone_lookup_args *args) {
    lookup_loops(args);
}
void hone_quantize_u8_avx512(const hone_quantize_args *args) {
    quantize_loops(args);
}
void hone_dequantize_u8_avx512(const hone_dequantize_args *args) {
    dequantize_loops(args);
}

/* Constants of a call. */
typedef struct binary_u8_constants {
    __m512i a_zero, b_zero, zero;
    __m512 a_multiplier, b_multiplier, lo, hi;
} binary_u8_constants;

static binary_u8_constants constants_of(const hone_binary_u8_args *args) {
    binary_u8_constants k = {
        _mm512_set1_epi32(args->a.zero),
        _mm512_set1_epi32(args->b.zero),
        _mm512_set1_epi32(args->output_zero),
        _mm512_set1_ps(args->a_multiplier),
        _mm512_set1_ps(args->b_multiplier),
        _mm512_set1_ps(args->lo),
        _mm512_set1_ps(args->hi),
    };
    return k;
}

/* 16 numbers, or one 16 times, less their zero point: exact as floats, and so is a product. */
HONE_INLINE __m512 centred(const uint8_t *from, const bool scalar, __mmask16 mask, __m512i zero) {
    __m512i x =
        scalar ? _mm512_set1_epi32(*from) : _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, from));
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(x, zero));
}

HONE_INLINE __m128i combined(const binary_u8_op op, const binary_u8_constants *k, __m512 a,
                             __m512 b) {
    __m512 y;
    if (op == BINARY_U8_MUL)
        y = _mm512_mul_ps(_mm512_mul_ps(a, b), k->a_multiplier);
    else
        y = _mm512_add_ps(_mm512_mul_ps(a, k->a_multiplier), _mm512_mul_ps(b, k->b_multiplier));
    __m512i q = _mm512_cvtps_epi32(hone__clamp16(y, k->lo, k->hi));
    return _mm512_cvtepi32_epi8(_mm512_add_epi32(q, k->zero));
}

HONE_INLINE void binary_u8(const binary_u8_op op, const hone_binary_u8_args *args,
                           const bool a_scalar, const bool b_scalar) {
    const binary_u8_constants k = constants_of(args);
    for (size_t r = 0; r < args->rows; r++) {
        const uint8_t *a = args->a.data + r * args->a.row_stride;
        const uint8_t *b = args->b.data + r * args->b.row_stride;
        uint8_t *out = args->output + r * args->output_stride;
        for (size_t i = 0; i < args->cols; i += 16) {
            size_t left = args->cols - i;
            __mmask16 mask = left < 16 ? hone__mask16(left) : (__mmask16)0xFFFF;
            __m512 x = centred(a_scalar ? a : a + i, a_scalar, mask, k.a_zero);
            __m512 w = centred(b_scalar ? b : b + i, b_scalar, mask, k.b_zero);
            _mm_mask_storeu_epi8(out + i, mask, combined(op, &k, x, w));
        }
    }
}

HONE_INLINE void binary_u8_modes(const binary_u8_op op, const hone_binary_u8_args *args) {
    if (args->cols == 0) return;
    if (args->a.scalar && args->b.scalar)
        binary_u8(op, args, true, true);
    else if (args->a.scalar)
        binary_u8(op, args, true, false);
    else if (args->b.scalar)
        binary_u8(op, args, false, true);
    else
        binary_u8(op, args, false, false);
}

void hone_add_u8_avx512(const hone_binary_u8_args *args) {
    binary_u8_modes(BINARY_U8_ADD, args);
}
void hone_add_fixed_u8_avx512(const hone_binary_u8_args *args) {
    add_fixed_loops(args);
}
void hone_mul_u8_avx512(const hone_binary_u8_args *args) {
    binary_u8_modes(BINARY_U8_MUL, args);
}

const hone_eltwise_table hone_eltwise_avx512 = {
    .binary = hone_binary_f32_avx512,
    .unary = hone_unary_f32_avx512,
    .lookup = hone_lookup_u8_avx512,
    .add_u8 = hone_add_u8_avx512,
    .mul_u8 = hone_mul_u8_avx512,
    .add_fixed_u8 = hone_add_fixed_u8_avx512,
    .quantize = hone_quantize_u8_avx512,
    .dequantize = hone_dequantize_u8_avx512,
    .binary_name = "hone_binary_f32_avx512",
    .unary_name = "hone_unary_f32_avx512",
    .lookup_name = "hone_lookup_u8_avx512",
    .add_u8_name = "hone_add_u8_avx512",
    .mul_u8_name = "hone_mul_u8_avx512",
    .add_fixed_u8_name = "hone_add_fixed_u8_avx512",
    .quantize_name = "hone_quantize_u8_avx512",
    .dequantize_name = "hone_dequantize_u8_avx512",
};

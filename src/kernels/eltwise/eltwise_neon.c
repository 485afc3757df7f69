/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of eltwise_*_loops.h, vectorized by the compiler (-O3, without contraction to FMA).
 * Sums, differences and products of two tensors, the ones that networks are full of, are written
 * out: 16 elements at a time hide the latencies of an in-order core, which the compiler's loops do
 * not. */
#include "kernels/eltwise/eltwise_f32_loops.h"
#include "kernels/eltwise/eltwise_tiers.h"
#include "kernels/eltwise/eltwise_u8_loops.h"
#include "kernels/shared/neon.h"

HONE_INLINE float32x4_t combined(const hone_binary_op op, float32x4_t a, float32x4_t b) {
    if (op == HONE_BINARY_ADD) return vaddq_f32(a, b);
    return op == HONE_BINARY_SUB ? vsubq_f32(a, b) : vmulq_f32(a, b);
}

/* Elements of a row in sixteens; returns how many. */
HONE_INLINE size_t binary_sixteens(const hone_binary_op op, const float *a, const float *b,
                                   const hone_binary_args *args, float *out) {
    float32x4_t lo = vdupq_n_f32(args->lo), hi = vdupq_n_f32(args->hi);
    size_t i = 0;
    for (; i + 16 <= args->cols; i += 16) {
        float32x4_t y0 = combined(op, vld1q_f32(a + i), vld1q_f32(b + i));
        float32x4_t y1 = combined(op, vld1q_f32(a + i + 4), vld1q_f32(b + i + 4));
        float32x4_t y2 = combined(op, vld1q_f32(a + i + 8), vld1q_f32(b + i + 8));
        float32x4_t y3 = combined(op, vld1q_f32(a + i + 12), vld1q_f32(b + i + 12));
        y0 = hone__clamp4(y0, lo, hi), y1 = hone__clamp4(y1, lo, hi);
        y2 = hone__clamp4(y2, lo, hi), y3 = hone__clamp4(y3, lo, hi);
        vst1q_f32(out + i, y0), vst1q_f32(out + i + 4, y1);
        vst1q_f32(out + i + 8, y2), vst1q_f32(out + i + 12, y3);
    }
    return i;
}

/* All rows; what a row has behind its last sixteen goes the compiler's way. */
HONE_INLINE void binary_written_out(const hone_binary_op op, const hone_binary_args *args) {
    hone_binary_args rest = *args;
    for (size_t r = 0; r < args->rows; r++) {
        const float *a = args->a.data + r * args->a.row_stride;
        const float *b = args->b.data + r * args->b.row_stride;
        float *out = args->output + r * args->output_stride;
        size_t done = binary_sixteens(op, a, b, args, out);
        rest.cols = args->cols - done;
        if (rest.cols > 0) binary_row(op, a + done, false, b + done, false, &rest, out + done);
    }
}

/* Eight inputs less their zero point, as floats. */
HONE_INLINE void centred(const uint8_t *in, uint8x8_t zero, float32x4_t *x) {
    int16x8_t wide = vreinterpretq_s16_u16(vsubl_u8(vld1_u8(in), zero));
    x[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
    x[1] = vcvtq_f32_s32(vmovl_high_s16(wide));
}

/* Sums of a row in sixteens, with the operations of binary_u8_row(); returns how many. */
HONE_INLINE size_t add_u8_sixteens(const uint8_t *a, const uint8_t *b,
                                   const hone_binary_u8_args *args, uint8_t *out) {
    const hone_binary_u8_args k = *args; /* which `out` does not alias */
    uint8x8_t za = vdup_n_u8((uint8_t)k.a.zero), zb = vdup_n_u8((uint8_t)k.b.zero);
    float32x4_t lo = vdupq_n_f32(k.lo), hi = vdupq_n_f32(k.hi);
    size_t i = 0;
    for (; i + 16 <= k.cols; i += 16) {
        float32x4_t x[4], w[4];
        centred(a + i, za, x), centred(a + i + 8, za, x + 2);
        centred(b + i, zb, w), centred(b + i + 8, zb, w + 2);
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++) {
            float32x4_t y =
                vaddq_f32(vmulq_n_f32(x[j], k.a_multiplier), vmulq_n_f32(w[j], k.b_multiplier));
            x[j] = hone__clamp4(y, lo, hi);
        }
        uint8x8_t q0 = hone__round8(x[0], x[1], k.output_zero);
        uint8x8_t q1 = hone__round8(x[2], x[3], k.output_zero);
        vst1q_u8(out + i, vcombine_u8(q0, q1));
    }
    return i;
}

HONE_INLINE void add_u8_written_out(const hone_binary_u8_args *args) {
    hone_binary_u8_args rest = *args;
    for (size_t r = 0; r < args->rows; r++) {
        const uint8_t *a = args->a.data + r * args->a.row_stride;
        const uint8_t *b = args->b.data + r * args->b.row_stride;
        uint8_t *out = args->output + r * args->output_stride;
        size_t done = add_u8_sixteens(a, b, args, out);
        rest.cols = args->cols - done;
        if (rest.cols > 0)
            binary_u8_row(BINARY_U8_ADD, a + done, false, b + done, false, &rest, rest.cols,
                          out + done);
    }
}

void hone_binary_f32_neon(const hone_binary_args *args) {
    bool tensors = !args->a.scalar && !args->b.scalar;
    if (tensors && args->op == HONE_BINARY_ADD)
        binary_written_out(HONE_BINARY_ADD, args);
    else if (tensors && args->op == HONE_BINARY_SUB)
        binary_written_out(HONE_BINARY_SUB, args);
    else if (tensors && args->op == HONE_BINARY_MUL)
        binary_written_out(HONE_BINARY_MUL, args);
    else
        binary_loops(args);
}
void hone_unary_f32_neon(const hone_unary_args *args) {
    unary_loops(args);
}
void hone_lookup_u8_neon(const hone_lookup_args *args) {
    lookup_loops(args);
}
void hone_quantize_u8_neon(const hone_quantize_args *args) {
    quantize_loops(args);
}
void hone_dequantize_u8_neon(const hone_dequantize_args *args) {
    dequantize_loops(args);
}
void hone_add_u8_neon(const hone_binary_u8_args *args) {
    if (args->a.scalar || args->b.scalar)
        binary_u8_loops(BINARY_U8_ADD, args);
    else
        add_u8_written_out(args);
}
void hone_add_fixed_u8_neon(const hone_binary_u8_args *args) {
    add_fixed_loops(args);
}
void hone_mul_u8_neon(const hone_binary_u8_args *args) {
    binary_u8_loops(BINARY_U8_MUL, args);
}

const hone_eltwise_table hone_eltwise_neon = {
    .binary = hone_binary_f32_neon,
    .unary = hone_unary_f32_neon,
    .lookup = hone_lookup_u8_neon,
    .add_u8 = hone_add_u8_neon,
    .mul_u8 = hone_mul_u8_neon,
    .add_fixed_u8 = hone_add_fixed_u8_neon,
    .quantize = hone_quantize_u8_neon,
    .dequantize = hone_dequantize_u8_neon,
    .binary_name = "hone_binary_f32_neon",
    .unary_name = "hone_unary_f32_neon",
    .lookup_name = "hone_lookup_u8_neon",
    .add_u8_name = "hone_add_u8_neon",
    .mul_u8_name = "hone_mul_u8_neon",
    .add_fixed_u8_name = "hone_add_fixed_u8_neon",
    .quantize_name = "hone_quantize_u8_neon",
    .dequantize_name = "hone_dequantize_u8_neon",
};

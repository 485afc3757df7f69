/* SPDX-License-Identifier: Apache-2.0 */
/* The u8 loops of eltwise.h for a compiler to vectorize. Included by one file an instruction set,
 * which gives them names and options. The pragmas say that an element depends on no other, also
 * when the output is one of the inputs. Float operations are those of the reference, one by one. */
#ifndef HONE_KERNELS_ELTWISE_U8_LOOPS_H
#define HONE_KERNELS_ELTWISE_U8_LOOPS_H

#include "kernels/eltwise/eltwise.h"
#include "kernels/eltwise/eltwise_math.h"

/* rint(clamp(y)) + zero. |y| <= 255 after the clamp, so that round_even is rint. */
HONE_FLAT uint8_t rounded_u8(float y, float lo, float hi, int32_t zero) {
    return (uint8_t)((int32_t)round_even(clamp_f32(y, lo, hi)) + zero);
}

typedef enum binary_u8_op { BINARY_U8_ADD, BINARY_U8_MUL } binary_u8_op;

HONE_FLAT void binary_u8_row(const binary_u8_op op, const uint8_t *a, const bool a_scalar,
                             const uint8_t *b, const bool b_scalar, const hone_binary_u8_args *args,
                             size_t cols, uint8_t *out) {
    float lo = args->lo, hi = args->hi, ma = args->a_multiplier, mb = args->b_multiplier;
    int32_t za = args->a.zero, zb = args->b.zero, zero = args->output_zero;
    uint8_t a0 = a[0], b0 = b[0];
#pragma GCC ivdep
    for (size_t i = 0; i < cols; i++) {
        int32_t x = (a_scalar ? a0 : a[i]) - za, w = (b_scalar ? b0 : b[i]) - zb;
        float y = op == BINARY_U8_ADD ? (float)x * ma + (float)w * mb : (float)(x * w) * ma;
        out[i] = rounded_u8(y, lo, hi, zero);
    }
}

HONE_FLAT void binary_u8_loops(const binary_u8_op op, const hone_binary_u8_args *args) {
    if (args->cols == 0) return;
    for (size_t r = 0; r < args->rows; r++) {
        const uint8_t *a = args->a.data + r * args->a.row_stride;
        const uint8_t *b = args->b.data + r * args->b.row_stride;
        uint8_t *out = args->output + r * args->output_stride;
        if (args->a.scalar && args->b.scalar)
            binary_u8_row(op, a, true, b, true, args, args->cols, out);
        else if (args->a.scalar)
            binary_u8_row(op, a, true, b, false, args, args->cols, out);
        else if (args->b.scalar)
            binary_u8_row(op, a, false, b, true, args, args->cols, out);
        else
            binary_u8_row(op, a, false, b, false, args, args->cols, out);
    }
}

/* Element i of an operand that is a row or one number. */
HONE_FLAT void add_fixed_row(const uint8_t *a, const bool a_scalar, const uint8_t *b,
                             const bool b_scalar, const hone_binary_u8_args *args, uint8_t *out) {
    int32_t ma = args->a_fixed, mb = args->b_fixed, shift = (int32_t)args->shift;
    int32_t lo = (int32_t)round_even(args->lo), hi = (int32_t)round_even(args->hi);
    int32_t zero = args->output_zero, start = 1 << (shift - 1);
    uint8_t a0 = a[0], b0 = b[0];
    start -= args->a.zero * ma + args->b.zero * mb;
#pragma GCC ivdep
    for (size_t i = 0, cols = args->cols; i < cols; i++) {
        int32_t y = (a_scalar ? a0 : a[i]) * ma + (b_scalar ? b0 : b[i]) * mb + start;
        y >>= shift;
        y = y < lo ? lo : y;
        out[i] = (uint8_t)((y > hi ? hi : y) + zero);
    }
}

HONE_FLAT void add_fixed_loops(const hone_binary_u8_args *args) {
    if (args->cols == 0) return;
    for (size_t r = 0; r < args->rows; r++) {
        const uint8_t *a = args->a.data + r * args->a.row_stride;
        const uint8_t *b = args->b.data + r * args->b.row_stride;
        uint8_t *out = args->output + r * args->output_stride;
        if (!args->a.scalar && !args->b.scalar)
            add_fixed_row(a, false, b, false, args, out);
        else if (!args->a.scalar)
            add_fixed_row(a, false, b, true, args, out);
        else if (!args->b.scalar)
            add_fixed_row(a, true, b, false, args, out);
        else
            add_fixed_row(a, true, b, true, args, out);
    }
}

HONE_FLAT void quantize_loops(const hone_quantize_args *args) {
    float lo = (float)-args->zero, hi = (float)(255 - args->zero), multiplier = args->multiplier;
    int32_t zero = args->zero;
    for (size_t r = 0; r < args->rows; r++) {
        const float *in = args->input + r * args->input_stride;
        uint8_t *out = args->output + r * args->output_stride;
#pragma GCC ivdep
        for (size_t i = 0, cols = args->cols; i < cols; i++) {
            float y = in[i] * multiplier;
            out[i] = rounded_u8(y != y ? 0.0F : y, lo, hi, zero);
        }
    }
}

HONE_FLAT void dequantize_loops(const hone_dequantize_args *args) {
    float multiplier = args->multiplier;
    int32_t zero = args->zero;
    for (size_t r = 0; r < args->rows; r++) {
        const uint8_t *in = args->input + r * args->input_stride;
        float *out = args->output + r * args->output_stride;
#pragma GCC ivdep
        for (size_t i = 0, cols = args->cols; i < cols; i++)
            out[i] = (float)(in[i] - zero) * multiplier;
    }
}

HONE_FLAT void lookup_loops(const hone_lookup_args *args) {
    const uint8_t *table = args->table;
    for (size_t r = 0; r < args->rows; r++) {
        const uint8_t *in = args->input + r * args->input_stride;
        uint8_t *out = args->output + r * args->output_stride;
        size_t i = 0;
        for (; i + 4 <= args->cols; i += 4) {
            uint8_t y0 = table[in[i]], y1 = table[in[i + 1]];
            uint8_t y2 = table[in[i + 2]], y3 = table[in[i + 3]];
            out[i] = y0, out[i + 1] = y1, out[i + 2] = y2, out[i + 3] = y3;
        }
        for (; i < args->cols; i++) out[i] = table[in[i]];
    }
}

#endif

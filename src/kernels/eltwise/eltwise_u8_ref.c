/* SPDX-License-Identifier: Apache-2.0 */
/* The u8 oracle of eltwise.h: plain loops, never edited for speed. Products and sums are separate
 * statements of one rounding each; the file is compiled with -ffp-contract=off. */
#include "kernels/eltwise/eltwise_tiers.h"
#include <math.h>

static uint8_t round_clamped(float y, float lo, float hi, int32_t zero) {
    y = y < lo ? lo : y;
    y = y > hi ? hi : y;
    return (uint8_t)((int32_t)rintf(y) + zero);
}

static int32_t operand(const hone_operand_u8 *o, size_t row, size_t col) {
    return o->data[row * o->row_stride + (o->scalar ? 0 : col)] - o->zero;
}

void hone_lookup_u8_ref(const hone_lookup_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        for (size_t c = 0; c < args->cols; c++)
            args->output[r * args->output_stride + c] =
                args->table[args->input[r * args->input_stride + c]];
}

void hone_add_u8_ref(const hone_binary_u8_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        for (size_t c = 0; c < args->cols; c++) {
            float a = (float)operand(&args->a, r, c) * args->a_multiplier;
            float b = (float)operand(&args->b, r, c) * args->b_multiplier;
            args->output[r * args->output_stride + c] =
                round_clamped(a + b, args->lo, args->hi, args->output_zero);
        }
}

void hone_mul_u8_ref(const hone_binary_u8_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        for (size_t c = 0; c < args->cols; c++) {
            int32_t product = operand(&args->a, r, c) * operand(&args->b, r, c);
            args->output[r * args->output_stride + c] = round_clamped(
                (float)product * args->a_multiplier, args->lo, args->hi, args->output_zero);
        }
}

void hone_add_fixed_u8_ref(const hone_binary_u8_args *args) {
    int32_t lo = (int32_t)rintf(args->lo), hi = (int32_t)rintf(args->hi);
    for (size_t r = 0; r < args->rows; r++)
        for (size_t c = 0; c < args->cols; c++) {
            int32_t sum = operand(&args->a, r, c) * args->a_fixed;
            sum += operand(&args->b, r, c) * args->b_fixed;
            int32_t y = (sum + (1 << (args->shift - 1))) >> args->shift;
            y = y < lo ? lo : y;
            args->output[r * args->output_stride + c] =
                (uint8_t)((y > hi ? hi : y) + args->output_zero);
        }
}

void hone_quantize_u8_ref(const hone_quantize_args *args) {
    float lo = (float)-args->zero, hi = (float)(255 - args->zero);
    for (size_t r = 0; r < args->rows; r++)
        for (size_t c = 0; c < args->cols; c++) {
            float y = args->input[r * args->input_stride + c] * args->multiplier;
            args->output[r * args->output_stride + c] =
                round_clamped(isnan(y) ? 0.0F : y, lo, hi, args->zero);
        }
}

void hone_dequantize_u8_ref(const hone_dequantize_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        for (size_t c = 0; c < args->cols; c++)
            args->output[r * args->output_stride + c] =
                (float)(args->input[r * args->input_stride + c] - args->zero) * args->multiplier;
}

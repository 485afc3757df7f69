/* SPDX-License-Identifier: Apache-2.0 */
/* The float32 oracle of eltwise.h: plain loops, transcendental functions from libm in double and
 * rounded once, never edited for speed. */
#include "kernels/eltwise/eltwise_tiers.h"
#include <math.h>

static float clamp(float y, float lo, float hi) {
    y = y < lo ? lo : y;
    return y > hi ? hi : y;
}

static float apply_binary(hone_binary_op op, float a, float b) {
    switch (op) {
    case HONE_BINARY_ADD:
        return a + b;
    case HONE_BINARY_SUB:
        return a - b;
    case HONE_BINARY_MUL:
        return a * b;
    case HONE_BINARY_DIV:
        return a / b;
    case HONE_BINARY_MIN:
        return isnan(a) ? a : isnan(b) ? b : a < b ? a : b;
    case HONE_BINARY_MAX:
        return isnan(a) ? a : isnan(b) ? b : a > b ? a : b;
    case HONE_BINARY_PRELU:
        return a < 0 ? a * b : a;
    case HONE_BINARY_OPS:
        break;
    }
    return NAN;
}

static float operand(const hone_operand *o, size_t row, size_t col) {
    return o->data[row * o->row_stride + (o->scalar ? 0 : col)];
}

void hone_binary_f32_ref(const hone_binary_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        for (size_t c = 0; c < args->cols; c++) {
            float y = apply_binary(args->op, operand(&args->a, r, c), operand(&args->b, r, c));
            args->output[r * args->output_stride + c] = clamp(y, args->lo, args->hi);
        }
}

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static float apply_unary(hone_unary_op op, float x, float alpha, float beta) {
    double wide = (double)x;
    switch (op) {
    case HONE_UNARY_CLAMP:
        return clamp(x, alpha, beta);
    case HONE_UNARY_ABS:
        return fabsf(x);
    case HONE_UNARY_NEG:
        return -x;
    case HONE_UNARY_LEAKY:
        return x < 0 ? alpha * x : x;
    case HONE_UNARY_AFFINE:
        return x * alpha + beta;
    case HONE_UNARY_HARDSIGMOID:
        return clamp(x * alpha + beta, 0.0F, 1.0F);
    case HONE_UNARY_HARDSWISH:
        return x * clamp(x * (1.0F / 6.0F) + 0.5F, 0.0F, 1.0F);
    case HONE_UNARY_SQRT:
        return sqrtf(x);
    case HONE_UNARY_RECIPROCAL:
        return 1.0F / x;
    case HONE_UNARY_EXP:
        return (float)exp(wide);
    case HONE_UNARY_SIGMOID:
        return (float)sigmoid(wide);
    case HONE_UNARY_SILU:
        return isinf(x) && x < 0 ? -0.0F : (float)(wide * sigmoid(wide));
    case HONE_UNARY_TANH:
        return (float)tanh(wide);
    case HONE_UNARY_ERF:
        return (float)erf(wide);
    case HONE_UNARY_GELU:
        return isinf(x) && x < 0 ? -0.0F : (float)(wide * 0.5 * (1.0 + erf(wide * M_SQRT1_2)));
    case HONE_UNARY_ELU:
        return x < 0 ? (float)((double)alpha * expm1(wide)) : x;
    case HONE_UNARY_GELU_TANH: {
        if (isinf(x) && x < 0) return -0.0F;
        double u = 0.7978845608028654 * (wide + 0.044715 * wide * wide * wide);
        return (float)(wide * 0.5 * (1.0 + tanh(u)));
    }
    case HONE_UNARY_THRESHOLD:
        return isnan(x) || x > alpha ? x : 0;
    case HONE_UNARY_OPS:
        break;
    }
    return NAN;
}

void hone_unary_f32_ref(const hone_unary_args *args) {
    for (size_t r = 0; r < args->rows; r++)
        for (size_t c = 0; c < args->cols; c++)
            args->output[r * args->output_stride + c] = apply_unary(
                args->op, args->input[r * args->input_stride + c], args->alpha, args->beta);
}

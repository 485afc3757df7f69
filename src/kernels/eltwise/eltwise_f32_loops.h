/* SPDX-License-Identifier: Apache-2.0 */
/* The float32 loops of eltwise.h for a compiler to vectorize. Included by one file an instruction
 * set, which gives them names and options. The pragmas say that an element depends on no other,
 * also when the output is one of the inputs. */
#ifndef HONE_KERNELS_ELTWISE_F32_LOOPS_H
#define HONE_KERNELS_ELTWISE_F32_LOOPS_H

#include "kernels/eltwise/eltwise.h"
#include "kernels/eltwise/eltwise_math.h"
#include "kernels/shared/vec_math.h"

HONE_FLAT float binary_f32(const hone_binary_op op, float a, float b) {
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
        return (a < b) | (a != a) ? a : b;
    case HONE_BINARY_MAX:
        return (a > b) | (a != a) ? a : b;
    case HONE_BINARY_PRELU: {
        float y = a * b;
        return a < 0.0F ? y : a;
    }
    default:
        return a;
    }
}

/* One row; op, a_scalar and b_scalar are constants once inlined. */
HONE_FLAT void binary_row(const hone_binary_op op, const float *a, const bool a_scalar,
                          const float *b, const bool b_scalar, const hone_binary_args *args,
                          float *out) {
    float lo = args->lo, hi = args->hi, a0 = a[0], b0 = b[0];
#pragma GCC ivdep
    for (size_t i = 0, cols = args->cols; i < cols; i++) {
        float y = binary_f32(op, a_scalar ? a0 : a[i], b_scalar ? b0 : b[i]);
        out[i] = clamp_f32(y, lo, hi);
    }
}

HONE_FLAT void binary_rows(const hone_binary_op op, const hone_binary_args *args) {
    for (size_t r = 0; r < args->rows; r++) {
        const float *a = args->a.data + r * args->a.row_stride;
        const float *b = args->b.data + r * args->b.row_stride;
        float *out = args->output + r * args->output_stride;
        if (args->a.scalar && args->b.scalar)
            binary_row(op, a, true, b, true, args, out);
        else if (args->a.scalar)
            binary_row(op, a, true, b, false, args, out);
        else if (args->b.scalar)
            binary_row(op, a, false, b, true, args, out);
        else
            binary_row(op, a, false, b, false, args, out);
    }
}

HONE_FLAT void binary_loops(const hone_binary_args *args) {
    if (args->cols == 0) return;
    switch (args->op) {
    case HONE_BINARY_ADD:
        binary_rows(HONE_BINARY_ADD, args);
        break;
    case HONE_BINARY_SUB:
        binary_rows(HONE_BINARY_SUB, args);
        break;
    case HONE_BINARY_MUL:
        binary_rows(HONE_BINARY_MUL, args);
        break;
    case HONE_BINARY_DIV:
        binary_rows(HONE_BINARY_DIV, args);
        break;
    case HONE_BINARY_MIN:
        binary_rows(HONE_BINARY_MIN, args);
        break;
    case HONE_BINARY_MAX:
        binary_rows(HONE_BINARY_MAX, args);
        break;
    case HONE_BINARY_PRELU:
        binary_rows(HONE_BINARY_PRELU, args);
        break;
    case HONE_BINARY_OPS:
        break;
    }
}

HONE_FLAT float unary_f32(const hone_unary_op op, float x, float alpha, float beta) {
    switch (op) {
    case HONE_UNARY_CLAMP:
        return clamp_f32(x, alpha, beta);
    case HONE_UNARY_ABS:
        return fabsf(x);
    case HONE_UNARY_NEG:
        return -x;
    case HONE_UNARY_LEAKY:
        return x < 0.0F ? alpha * x : x;
    case HONE_UNARY_AFFINE:
        return x * alpha + beta;
    case HONE_UNARY_HARDSIGMOID:
        return clamp_f32(x * alpha + beta, 0.0F, 1.0F);
    case HONE_UNARY_HARDSWISH:
        return x * clamp_f32(x * (1.0F / 6.0F) + 0.5F, 0.0F, 1.0F);
    case HONE_UNARY_SQRT:
        return sqrtf(x);
    case HONE_UNARY_RECIPROCAL:
        return 1.0F / x;
    case HONE_UNARY_THRESHOLD:
        return (x > alpha) | (x != x) ? x : 0.0F;
    default:
        return x;
    }
}

HONE_FLAT void unary_rows(const hone_unary_op op, const hone_unary_args *args) {
    float alpha = args->alpha, beta = args->beta;
    for (size_t r = 0; r < args->rows; r++) {
        const float *in = args->input + r * args->input_stride;
        float *out = args->output + r * args->output_stride;
#pragma GCC ivdep
        for (size_t i = 0, cols = args->cols; i < cols; i++)
            out[i] = unary_f32(op, in[i], alpha, beta);
    }
}

/* What takes many operations is written with vectors of vec.h and contracts to FMA. */
HONE_FLAT vec unary_vec(const hone_unary_op op, vec x, vec alpha) {
    const vec zero = vec_set(0.0F), one = vec_set(1.0F), half = vec_set(0.5F);
    switch (op) {
    case HONE_UNARY_EXP:
        return vec_exp(x);
    case HONE_UNARY_SIGMOID:
        return vec_sigmoid(x);
    case HONE_UNARY_SILU: /* and not -infinity * 0 */
        return vec_select(vec_less(x, vec_set(-104.0F)), vec_set(-0.0F),
                          vec_mul(x, vec_sigmoid(x)));
    case HONE_UNARY_TANH:
        return vec_tanh(x);
    case HONE_UNARY_ERF:
        return vec_erf(x);
    case HONE_UNARY_GELU: {
        vec y = vec_add(one, vec_erf(vec_mul(x, vec_set(0.707106781F))));
        y = vec_mul(vec_mul(x, half), y);
        return vec_select(vec_less(x, vec_set(-6.0F)), vec_set(-0.0F), y);
    }
    case HONE_UNARY_GELU_TANH: {
        vec z = vec_clamp(x, vec_set(-12.0F), vec_set(12.0F));
        vec u = vec_mul(z, vec_fma(vec_mul(z, z), vec_set(0.0356774081F), vec_set(0.797884561F)));
        vec y = vec_mul(vec_mul(x, half), vec_add(one, vec_tanh(u)));
        return vec_select(vec_less(x, vec_set(-12.0F)), vec_set(-0.0F), y);
    }
    case HONE_UNARY_ELU:
        return vec_select(vec_less(x, zero), vec_mul(alpha, vec_expm1(x)), x);
    default:
        return x;
    }
}

HONE_FLAT void unary_vec_rows(const hone_unary_op op, const hone_unary_args *args) {
    vec alpha = vec_set(args->alpha);
    for (size_t r = 0; r < args->rows; r++) {
        const float *in = args->input + r * args->input_stride;
        float *out = args->output + r * args->output_stride;
        VEC_FOR(i, left, args->cols)
        vec_store_upto(out + i, unary_vec(op, vec_load_upto(in + i, left), alpha), left);
    }
}

HONE_FLAT void unary_loops(const hone_unary_args *args) {
    switch (args->op) {
    case HONE_UNARY_CLAMP:
        unary_rows(HONE_UNARY_CLAMP, args);
        break;
    case HONE_UNARY_ABS:
        unary_rows(HONE_UNARY_ABS, args);
        break;
    case HONE_UNARY_NEG:
        unary_rows(HONE_UNARY_NEG, args);
        break;
    case HONE_UNARY_LEAKY:
        unary_rows(HONE_UNARY_LEAKY, args);
        break;
    case HONE_UNARY_AFFINE:
        unary_rows(HONE_UNARY_AFFINE, args);
        break;
    case HONE_UNARY_HARDSIGMOID:
        unary_rows(HONE_UNARY_HARDSIGMOID, args);
        break;
    case HONE_UNARY_HARDSWISH:
        unary_rows(HONE_UNARY_HARDSWISH, args);
        break;
    case HONE_UNARY_SQRT:
        unary_rows(HONE_UNARY_SQRT, args);
        break;
    case HONE_UNARY_RECIPROCAL:
        unary_rows(HONE_UNARY_RECIPROCAL, args);
        break;
    case HONE_UNARY_EXP:
        unary_vec_rows(HONE_UNARY_EXP, args);
        break;
    case HONE_UNARY_SIGMOID:
        unary_vec_rows(HONE_UNARY_SIGMOID, args);
        break;
    case HONE_UNARY_SILU:
        unary_vec_rows(HONE_UNARY_SILU, args);
        break;
    case HONE_UNARY_TANH:
        unary_vec_rows(HONE_UNARY_TANH, args);
        break;
    case HONE_UNARY_ERF:
        unary_vec_rows(HONE_UNARY_ERF, args);
        break;
    case HONE_UNARY_GELU:
        unary_vec_rows(HONE_UNARY_GELU, args);
        break;
    case HONE_UNARY_ELU:
        unary_vec_rows(HONE_UNARY_ELU, args);
        break;
    case HONE_UNARY_GELU_TANH:
        unary_vec_rows(HONE_UNARY_GELU_TANH, args);
        break;
    case HONE_UNARY_THRESHOLD:
        unary_rows(HONE_UNARY_THRESHOLD, args);
        break;
    case HONE_UNARY_OPS:
        break;
    }
}

#endif

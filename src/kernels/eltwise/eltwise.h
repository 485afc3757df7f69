/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic element by element, table look-up, quantizing.
 *
 * All calls work on `rows` rows of `cols` elements; strides are elements from a row to the next. A
 * dense tensor is one row; pixels with a stride are rows of channels. Rows are independent, so the
 * caller cuts a call into ranges of rows (or of columns) for its threads. An output may be the same
 * memory as an input with the same stride, else they must not overlap. */
#ifndef HONE_KERNELS_ELTWISE_H
#define HONE_KERNELS_ELTWISE_H

#include <hone/base.h>

typedef enum hone_binary_op {
    HONE_BINARY_ADD,
    HONE_BINARY_SUB,
    HONE_BINARY_MUL,
    HONE_BINARY_DIV,
    HONE_BINARY_MIN, /* a NaN on either side gives NaN */
    HONE_BINARY_MAX,
    HONE_BINARY_PRELU, /* a < 0 ? a * b : a */
    HONE_BINARY_OPS
} hone_binary_op;

/* Element (row, col) is data[row * row_stride + col], or data[row * row_stride] for all columns
 * when `scalar`. row_stride 0 repeats one row: a vector a channel, or (scalar) one value for all.
 */
typedef struct hone_operand {
    const float *data;
    size_t row_stride;
    bool scalar;
} hone_operand;

/* output = clamp(a op b, lo, hi); a NaN stays NaN. */
typedef struct hone_binary_args {
    hone_binary_op op;
    size_t rows, cols;
    hone_operand a, b;
    float *output;
    size_t output_stride;
    float lo, hi;
} hone_binary_args;

/* Error: against the exact value, relative unless said (and 3e-43 more where that is denormal);
 * measured over all kinds of inputs by tests/kernels/test_eltwise.c. NaN gives NaN. The fast tiers
 * give the same bits as each other, not as the reference: a table for lookup() that must be the
 * same everywhere is made with the reference. */
typedef enum hone_unary_op {
    HONE_UNARY_CLAMP,       /* min(max(x, alpha), beta)                         exact */
    HONE_UNARY_ABS,         /*                                                  exact */
    HONE_UNARY_NEG,         /*                                                  exact */
    HONE_UNARY_LEAKY,       /* x < 0 ? alpha * x : x                            exact */
    HONE_UNARY_AFFINE,      /* x * alpha + beta, two roundings                  exact */
    HONE_UNARY_HARDSIGMOID, /* clamp(x * alpha + beta, 0, 1)                    exact */
    HONE_UNARY_HARDSWISH,   /* x * clamp(x * (1/6) + 0.5, 0, 1)                 exact */
    HONE_UNARY_SQRT,        /*                                                  exact */
    HONE_UNARY_RECIPROCAL,  /* 1 / x                                            exact */
    HONE_UNARY_EXP,         /* 0 below -104, infinity above 88.7                1e-6 */
    HONE_UNARY_SIGMOID,     /* 1 / (1 + exp(-x))                                1e-6 */
    HONE_UNARY_SILU,        /* x * sigmoid(x)                                   1e-6 */
    HONE_UNARY_TANH,        /*                                                  1e-6 */
    HONE_UNARY_ERF,         /*                                                  1e-6 */
    HONE_UNARY_GELU,        /* x / 2 * (1 + erf(x / sqrt 2))                    1e-6 of |x| */
    HONE_UNARY_ELU,         /* x < 0 ? alpha * (exp(x) - 1) : x                 1e-6 of alpha */
    HONE_UNARY_GELU_TANH,   /* x / 2 * (1 + tanh(0.79788456 (x + 0.044715 x^3))) 1e-6 of |x| */
    HONE_UNARY_THRESHOLD,   /* x > alpha ? x : 0                                exact */
    HONE_UNARY_OPS
} hone_unary_op;

typedef struct hone_unary_args {
    hone_unary_op op;
    float alpha, beta;
    size_t rows, cols;
    const float *input;
    size_t input_stride;
    float *output;
    size_t output_stride;
} hone_unary_args;

/* output = table[input]: requantization, activations, any function of one u8. */
typedef struct hone_lookup_args {
    const uint8_t *table; /* 256 */
    size_t rows, cols;
    const uint8_t *input;
    size_t input_stride;
    uint8_t *output;
    size_t output_stride;
} hone_lookup_args;

typedef struct hone_operand_u8 {
    const uint8_t *data; /* as hone_operand */
    size_t row_stride;
    bool scalar;
    uint8_t zero;
} hone_operand_u8;

/* add: y = (float)(a - a.zero) * a_multiplier + (float)(b - b.zero) * b_multiplier, three roundings
 *      (multipliers: scale_a / scale_out, scale_b / scale_out; a negative one subtracts)
 * mul: y = (float)((a - a.zero) * (b - b.zero)) * a_multiplier (scale_a * scale_b / scale_out)
 * then q = rint(clamp(y, lo, hi)) + output_zero, to nearest even.
 * add_fixed, a sum as XNNPACK and so TensorFlow Lite makes it:
 *      y = ((a - a.zero) * a_fixed + (b - b.zero) * b_fixed + 2^(shift - 1)) >> shift
 *      q = clamp(y, rint(lo), rint(hi)) + output_zero, all in 32-bit integers
 * The bits are equal everywhere. */
typedef struct hone_binary_u8_args {
    size_t rows, cols;
    hone_operand_u8 a, b;
    float a_multiplier, b_multiplier;
    uint8_t *output;
    size_t output_stride;
    uint8_t output_zero;
    float lo, hi;             /* within [-output_zero, 255 - output_zero] */
    int32_t a_fixed, b_fixed; /* add_fixed: the multipliers times 2^shift, at most 2^21 */
    uint32_t shift;           /* 1 .. 31 */
} hone_binary_u8_args;

/* quantize:   q = rint(clamp(x * multiplier, -zero, 255 - zero)) + zero, multiplier = 1 / scale; a
 *             NaN gives zero
 * dequantize: x = (float)(q - zero) * multiplier, multiplier = scale */
typedef struct hone_quantize_args {
    size_t rows, cols;
    const float *input;
    size_t input_stride;
    uint8_t *output;
    size_t output_stride;
    float multiplier;
    uint8_t zero;
} hone_quantize_args;

typedef struct hone_dequantize_args {
    size_t rows, cols;
    const uint8_t *input;
    size_t input_stride;
    float *output;
    size_t output_stride;
    float multiplier;
    uint8_t zero;
} hone_dequantize_args;

/* *_name names the function of the same stem, for the profile. */
typedef struct hone_eltwise_table {
    void (*binary)(const hone_binary_args *args);
    void (*unary)(const hone_unary_args *args);
    void (*lookup)(const hone_lookup_args *args);
    void (*add_u8)(const hone_binary_u8_args *args);
    void (*mul_u8)(const hone_binary_u8_args *args);
    void (*add_fixed_u8)(const hone_binary_u8_args *args);
    void (*quantize)(const hone_quantize_args *args);
    void (*dequantize)(const hone_dequantize_args *args);
    const char *binary_name, *unary_name, *lookup_name, *add_u8_name, *mul_u8_name, *quantize_name,
        *dequantize_name, *add_fixed_u8_name;
} hone_eltwise_table;

void hone__eltwise_init(hone_eltwise_table *table, hone_cpu_tier tier);

#endif

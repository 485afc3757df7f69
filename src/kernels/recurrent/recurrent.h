/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent cells (RNN, GRU, LSTM by the ONNX specification) over the steps of a few sequences, in
 * one direction. The products with the input are not made here: they are one matrix product over
 * all steps, whose result is `input`.
 *
 *   s[j]  = input[j] + sum over k of R[j][k] * h[k]       for the gates * hidden rows j of R
 *   RNN   h = f(s)
 *   GRU   z, r = f(s); n = g(candidate); h = (1 - z) n + z h, where the candidate is
 *         input + R (r h), or with `linear` input + r (R h + recur_bias)
 *   LSTM  i, f, o = f(s + peephole c); c = f c + i g(s); h = o k(c)
 *
 * Algorithm: R is packed into panels of HONE_RECURRENT_COLUMNS rows, transposed, so that a panel
 * goes by once for all sequences; panels are visited there and back again, because what the last
 * step read last is still in the cache. Then activations run over whole vectors of gates. */
#ifndef HONE_KERNELS_RECURRENT_H
#define HONE_KERNELS_RECURRENT_H

#include <hone/base.h>

/* The number of gates is 1, 3, 4. */
typedef enum hone_cell { HONE_CELL_RNN, HONE_CELL_GRU, HONE_CELL_LSTM, HONE_CELLS } hone_cell;

typedef enum hone_squash_op {
    HONE_SQUASH_RELU,
    HONE_SQUASH_TANH,
    HONE_SQUASH_SIGMOID,
    HONE_SQUASH_AFFINE,      /* alpha x + beta */
    HONE_SQUASH_LEAKY,       /* x < 0 ? alpha x : x */
    HONE_SQUASH_THRESHOLD,   /* x < alpha ? 0 : x */
    HONE_SQUASH_SCALED_TANH, /* alpha tanh(beta x) */
    HONE_SQUASH_HARDSIGMOID, /* clamp(alpha x + beta, 0, 1) */
    HONE_SQUASH_ELU,         /* x < 0 ? alpha (exp(x) - 1) : x */
    HONE_SQUASH_SOFTSIGN,    /* x / (1 + |x|) */
    HONE_SQUASHES
} hone_squash_op;

typedef struct hone_squash {
    hone_squash_op op;
    float alpha, beta;
} hone_squash;

/* What does not change from call to call. */
typedef struct hone_recurrent_dims {
    hone_cell cell;
    size_t hidden;         /* at least 1 */
    hone_squash squash[3]; /* f, g, k as the cell has them */
    float clip;            /* sums are clamped to [-clip, clip] before f and g; INFINITY: not */
    bool linear;           /* GRU: linear_before_reset */
    bool coupled;          /* LSTM: f = 1 - i (input_forget) */
} hone_recurrent_dims;

#define HONE_RECURRENT_ROWS    3
#define HONE_RECURRENT_COLUMNS 32

/* Strides are in floats; negative ones walk backwards. */
typedef struct hone_recurrent_args {
    const hone_recurrent_dims *dims;
    size_t rows; /* sequences: 1 .. HONE_RECURRENT_ROWS, results do not depend on each other */
    size_t steps;
    const void *packed; /* made by the same table's pack(), 64-byte aligned */
    const float *input; /* [gates * hidden] at input + row * input_row + step * input_step */
    ptrdiff_t input_row, input_step;
    const float *peephole;   /* LSTM: [3][hidden], of i, o, f; NULL: none */
    const float *recur_bias; /* GRU with `linear`: [hidden], of the candidate; NULL: none */
    float *output;           /* h of each step; NULL: not wanted */
    ptrdiff_t output_row, output_step;
    float *h, *c; /* [hidden] a row: the state, first and last; c of LSTM only */
    ptrdiff_t state_row;
} hone_recurrent_args;

/* Error of fast tiers: sums in float; sigmoid, tanh and exp as shared/vec_math.h says. */
typedef struct hone_recurrent_table {
    const char *name;
    size_t (*pack_bytes)(const hone_recurrent_dims *dims);
    /* weights: R of one direction, [gates * hidden][hidden] floats, of any alignment. */
    void (*pack)(const hone_recurrent_dims *dims, const void *weights, void *packed);
    size_t (*scratch_bytes)(const hone_recurrent_dims *dims);
    void (*run)(const hone_recurrent_args *args, void *scratch);
} hone_recurrent_table;

static inline size_t hone__cell_gates(hone_cell cell) {
    return cell == HONE_CELL_RNN ? 1 : cell == HONE_CELL_GRU ? 3 : 4;
}

void hone__recurrent_init(hone_recurrent_table *table, hone_cpu_tier tier);

#endif

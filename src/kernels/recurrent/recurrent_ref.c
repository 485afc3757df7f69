/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of recurrent.h: plain loops in double, never edited for speed. Packed: R as it is.
 * Scratch: the gates' sums, and r h of a GRU, in double. */
#include "kernels/recurrent/recurrent_tiers.h"
#include "kernels/shared/element.h"
#include <math.h>

static size_t pack_bytes(const hone_recurrent_dims *dims) {
    return hone__cell_gates(dims->cell) * dims->hidden * dims->hidden * sizeof(float);
}

static void pack(const hone_recurrent_dims *dims, const void *weights, void *packed) {
    memcpy(packed, weights, pack_bytes(dims));
}

static size_t scratch_bytes(const hone_recurrent_dims *dims) {
    return (hone__cell_gates(dims->cell) + 3) * dims->hidden * sizeof(double);
}

static double squash(const hone_squash *f, double x) {
    double a = (double)f->alpha, b = (double)f->beta;
    switch (f->op) {
    case HONE_SQUASH_RELU:
        return x < 0 ? 0 : x;
    case HONE_SQUASH_TANH:
        return tanh(x);
    case HONE_SQUASH_SIGMOID:
        return 1 / (1 + exp(-x));
    case HONE_SQUASH_AFFINE:
        return a * x + b;
    case HONE_SQUASH_LEAKY:
        return x < 0 ? a * x : x;
    case HONE_SQUASH_THRESHOLD:
        return x < a ? 0 : x;
    case HONE_SQUASH_SCALED_TANH:
        return a * tanh(b * x);
    case HONE_SQUASH_HARDSIGMOID:
        x = a * x + b;
        return x < 0 ? 0 : x > 1 ? 1 : x;
    case HONE_SQUASH_ELU:
        return x < 0 ? a * expm1(x) : x;
    case HONE_SQUASH_SOFTSIGN:
        return x / (1 + fabs(x));
    case HONE_SQUASHES:
        break;
    }
    return NAN;
}

static double clipped(const hone_recurrent_args *args, int kind, double x) {
    double clip = (double)args->dims->clip;
    x = x < -clip ? -clip : x > clip ? clip : x;
    return squash(&args->dims->squash[kind], x);
}

/* Row j of R times v. */
static double recur(const hone_recurrent_args *args, size_t j, const double *v) {
    const float *row = (const float *)args->packed + j * args->dims->hidden;
    double sum = 0;
    for (size_t k = 0; k < args->dims->hidden; k++) sum += (double)row[k] * v[k];
    return sum;
}

/* A sequence's memory: sums [gates * n], then state h, c and r h, [n] each. */
typedef struct state {
    double *sum, *h, *c, *reset;
} state;

static void step_rnn(const hone_recurrent_args *args, const float *x, const state *s) {
    size_t n = args->dims->hidden;
    for (size_t j = 0; j < n; j++) s->sum[j] = (double)x[j] + recur(args, j, s->h);
    for (size_t j = 0; j < n; j++) s->h[j] = clipped(args, 0, s->sum[j]);
}

static void step_gru(const hone_recurrent_args *args, const float *x, const state *s) {
    size_t n = args->dims->hidden;
    double *z = s->sum, *r = z + n, *candidate = r + n;
    for (size_t j = 0; j < 2 * n; j++)
        s->sum[j] = clipped(args, 0, (double)x[j] + recur(args, j, s->h));
    for (size_t j = 0; j < n; j++) s->reset[j] = r[j] * s->h[j];
    for (size_t j = 0; j < n; j++) {
        double past = recur(args, 2 * n + j, args->dims->linear ? s->h : s->reset);
        if (args->dims->linear)
            past = r[j] * (past + (args->recur_bias ? (double)args->recur_bias[j] : 0));
        candidate[j] = clipped(args, 1, (double)x[2 * n + j] + past);
    }
    for (size_t j = 0; j < n; j++) s->h[j] = (1 - z[j]) * candidate[j] + z[j] * s->h[j];
}

static double peep(const hone_recurrent_args *args, size_t which, size_t j, double c) {
    return args->peephole ? (double)args->peephole[which * args->dims->hidden + j] * c : 0;
}

static void step_lstm(const hone_recurrent_args *args, const float *x, const state *s) {
    size_t n = args->dims->hidden;
    for (size_t j = 0; j < 4 * n; j++) s->sum[j] = (double)x[j] + recur(args, j, s->h);
    for (size_t j = 0; j < n; j++) {
        double c = s->c[j], in = clipped(args, 0, s->sum[j] + peep(args, 0, j, c));
        double forget = clipped(args, 0, s->sum[2 * n + j] + peep(args, 2, j, c));
        if (args->dims->coupled) forget = 1 - in;
        c = forget * c + in * clipped(args, 1, s->sum[3 * n + j]);
        double out = clipped(args, 0, s->sum[n + j] + peep(args, 1, j, c));
        s->c[j] = c;
        s->h[j] = out * squash(&args->dims->squash[2], c);
    }
}

static void run_row(const hone_recurrent_args *args, ptrdiff_t row, const state *s) {
    static void (*const cells[HONE_CELLS])(const hone_recurrent_args *, const float *,
                                           const state *) = {step_rnn, step_gru, step_lstm};
    size_t n = args->dims->hidden;
    bool lstm = args->dims->cell == HONE_CELL_LSTM;
    float *h = args->h + row * args->state_row, *c = lstm ? args->c + row * args->state_row : NULL;
    for (size_t j = 0; j < n; j++) s->h[j] = (double)h[j];
    for (size_t j = 0; lstm && j < n; j++) s->c[j] = (double)c[j];
    for (ptrdiff_t t = 0; t < (ptrdiff_t)args->steps; t++) {
        cells[args->dims->cell](args, args->input + row * args->input_row + t * args->input_step,
                                s);
        if (!args->output) continue;
        float *out = args->output + row * args->output_row + t * args->output_step;
        for (size_t j = 0; j < n; j++) out[j] = (float)s->h[j];
    }
    for (size_t j = 0; j < n; j++) h[j] = (float)s->h[j];
    for (size_t j = 0; lstm && j < n; j++) c[j] = (float)s->c[j];
}

static void run(const hone_recurrent_args *args, void *scratch) {
    size_t n = args->dims->hidden;
    state s = {.sum = scratch};
    s.h = s.sum + hone__cell_gates(args->dims->cell) * n;
    s.c = s.h + n;
    s.reset = s.c + n;
    for (size_t row = 0; row < args->rows; row++) run_row(args, (ptrdiff_t)row, &s);
}

const hone_recurrent_table hone_recurrent_f32_ref = {
    .name = "hone_recurrent_f32_ref",
    .pack_bytes = pack_bytes,
    .pack = pack,
    .scratch_bytes = scratch_bytes,
    .run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* The fast cells of recurrent.h over vec.h; included by one file an instruction set. Scratch: for
 * each row its sums, the candidate's in panels of their own, and one vector of `hidden`. */
#ifndef HONE_KERNELS_RECURRENT_LOOPS_H
#define HONE_KERNELS_RECURRENT_LOOPS_H

#include "kernels/recurrent/recurrent_tiers.h"
#include "kernels/shared/element.h"
#include "kernels/shared/vec_math.h"

enum { ROWS = HONE_RECURRENT_ROWS, NR = HONE_RECURRENT_COLUMNS, VECS = NR / VEC_LANES };

/* A product of a part of R with a vector a sequence. */
typedef struct product {
    const float *panels;
    size_t columns, depth, rows;
    const float *vector[ROWS], *init[ROWS]; /* init may be NULL: zeros */
    float *out[ROWS];                       /* room for whole panels */
    bool backwards;                         /* visit the last panel first */
} product;

/* Few sums need two chains of them to hide the latency of an FMA. */
HONE_INLINE void product_panel(const product *p, size_t panel, const size_t rows) {
    const size_t chains = rows * VECS < 8 ? 2 : 1;
    const float *weight = p->panels + panel * NR * p->depth;
    size_t first = panel * NR, left = p->columns - first, k = 0;
    vec acc[2][ROWS][VECS];
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t v = 0; v < VECS; v++) {
            size_t at = v * VEC_LANES;
            acc[1][r][v] = acc[0][r][v] = vec_set(0.0F);
            if (p->init[r] && at < left)
                acc[0][r][v] = vec_load_upto(p->init[r] + first + at, left - at);
        }
    for (; k + chains <= p->depth; k += chains, weight += chains * NR)
#pragma GCC unroll 2
        for (size_t c = 0; c < chains; c++) {
            vec x[ROWS];
#pragma GCC unroll 8
            for (size_t r = 0; r < rows; r++) x[r] = vec_set(p->vector[r][k + c]);
#pragma GCC unroll 8
            for (size_t v = 0; v < VECS; v++) {
                vec w = vec_load(weight + c * NR + v * VEC_LANES);
#pragma GCC unroll 8
                for (size_t r = 0; r < rows; r++) acc[c][r][v] = vec_fma(x[r], w, acc[c][r][v]);
            }
        }
    for (; k < p->depth; k++, weight += NR)
        for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
            for (size_t v = 0; v < VECS; v++)
                acc[0][r][v] = vec_fma(vec_set(p->vector[r][k]), vec_load(weight + v * VEC_LANES),
                                       acc[0][r][v]);
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t v = 0; v < VECS; v++)
            vec_store(p->out[r] + first + v * VEC_LANES,
                      chains == 2 ? vec_add(acc[0][r][v], acc[1][r][v]) : acc[0][r][v]);
}

static void product_run(const product *p) {
    size_t panels = hone__divide_up(p->columns, NR);
    for (size_t i = 0; i < panels; i++) {
        size_t panel = p->backwards ? panels - 1 - i : i;
        if (p->rows == 1)
            product_panel(p, panel, 1);
        else if (p->rows == 2)
            product_panel(p, panel, 2);
        else
            product_panel(p, panel, 3);
    }
}

HONE_INLINE vec squash_vec(const hone_squash_op op, vec x, vec a, vec b) {
    const vec zero = vec_set(0.0F), one = vec_set(1.0F);
    switch (op) {
    case HONE_SQUASH_RELU:
        return vec_select(vec_less(x, zero), zero, x);
    case HONE_SQUASH_TANH:
        return vec_tanh(x);
    case HONE_SQUASH_SIGMOID:
        return vec_sigmoid(x);
    case HONE_SQUASH_AFFINE:
        return vec_fma(a, x, b);
    case HONE_SQUASH_LEAKY:
        return vec_select(vec_less(x, zero), vec_mul(a, x), x);
    case HONE_SQUASH_THRESHOLD:
        return vec_select(vec_less(x, a), zero, x);
    case HONE_SQUASH_SCALED_TANH:
        return vec_mul(a, vec_tanh(vec_mul(b, x)));
    case HONE_SQUASH_HARDSIGMOID:
        return vec_clamp(vec_fma(a, x, b), zero, one);
    case HONE_SQUASH_ELU:
        return vec_select(vec_less(x, zero), vec_mul(a, vec_expm1(x)), x);
    case HONE_SQUASH_SOFTSIGN:
        return vec_div(x, vec_add(one, vec_abs(x)));
    default:
        return x;
    }
}

HONE_INLINE void squash_loop(const hone_squash_op op, const hone_squash *f, float clip, float *x,
                             size_t count) {
    vec a = vec_set(f->alpha), b = vec_set(f->beta), lo = vec_set(-clip), hi = vec_set(clip);
    VEC_FOR(i, left, count) {
        vec y = vec_clamp(vec_load_upto(x + i, left), lo, hi);
        vec_store_upto(x + i, squash_vec(op, y, a, b), left);
    }
}

/* x = f(clamp(x, -clip, clip)) */
static void squash_run(const hone_squash *f, float clip, float *x, size_t count) {
    switch (f->op) {
    case HONE_SQUASH_RELU:
        squash_loop(HONE_SQUASH_RELU, f, clip, x, count);
        break;
    case HONE_SQUASH_TANH:
        squash_loop(HONE_SQUASH_TANH, f, clip, x, count);
        break;
    case HONE_SQUASH_SIGMOID:
        squash_loop(HONE_SQUASH_SIGMOID, f, clip, x, count);
        break;
    case HONE_SQUASH_AFFINE:
        squash_loop(HONE_SQUASH_AFFINE, f, clip, x, count);
        break;
    case HONE_SQUASH_LEAKY:
        squash_loop(HONE_SQUASH_LEAKY, f, clip, x, count);
        break;
    case HONE_SQUASH_THRESHOLD:
        squash_loop(HONE_SQUASH_THRESHOLD, f, clip, x, count);
        break;
    case HONE_SQUASH_SCALED_TANH:
        squash_loop(HONE_SQUASH_SCALED_TANH, f, clip, x, count);
        break;
    case HONE_SQUASH_HARDSIGMOID:
        squash_loop(HONE_SQUASH_HARDSIGMOID, f, clip, x, count);
        break;
    case HONE_SQUASH_ELU:
        squash_loop(HONE_SQUASH_ELU, f, clip, x, count);
        break;
    case HONE_SQUASH_SOFTSIGN:
        squash_loop(HONE_SQUASH_SOFTSIGN, f, clip, x, count);
        break;
    case HONE_SQUASHES:
        break;
    }
}

/* Scratch memory of a row: [sums][candidate's sums][extra]. */
typedef struct row_scratch {
    size_t candidate, extra, floats;
} row_scratch;

static row_scratch lay_row(const hone_recurrent_dims *dims) {
    size_t n = dims->hidden;
    bool gru = dims->cell == HONE_CELL_GRU;
    row_scratch s;
    s.candidate = hone__divide_up((gru ? 2 : hone__cell_gates(dims->cell)) * n, NR) * NR;
    s.extra = s.candidate + (gru ? hone__divide_up(n, NR) * NR : 0);
    s.floats = s.extra + hone__divide_up(n, VEC_LANES) * VEC_LANES;
    return s;
}

static size_t loops_scratch_bytes(const hone_recurrent_dims *dims) {
    return lay_row(dims).floats * ROWS * sizeof(float);
}

/* out = a * b + c */
static void multiply_add(const float *a, const float *b, const float *c, float *out, size_t n) {
    VEC_FOR(i, left, n)
    vec_store_upto(
        out + i,
        vec_fma(vec_load_upto(a + i, left), vec_load_upto(b + i, left), vec_load_upto(c + i, left)),
        left);
}

static void multiply(const float *a, const float *b, float *out, size_t n) {
    VEC_FOR(i, left, n)
    vec_store_upto(out + i, vec_mul(vec_load_upto(a + i, left), vec_load_upto(b + i, left)), left);
}

static void finish_rnn(const hone_recurrent_args *args, float *sum, float *h) {
    const hone_recurrent_dims *d = args->dims;
    squash_run(&d->squash[0], d->clip, sum, d->hidden);
    memcpy(h, sum, d->hidden * sizeof *h);
}

/* i, o, f, g stand one behind the other. */
static void finish_lstm(const hone_recurrent_args *args, float *sum, float *extra, float *h,
                        float *c) {
    const hone_recurrent_dims *d = args->dims;
    const float *peep = args->peephole;
    size_t n = d->hidden;
    float *in = sum, *out = in + n, *forget = out + n, *candidate = forget + n;
    if (peep) {
        multiply_add(peep, c, in, in, n);
        multiply_add(peep + 2 * n, c, forget, forget, n);
        squash_run(&d->squash[0], d->clip, in, n);
        squash_run(&d->squash[0], d->clip, forget, n);
    } else {
        squash_run(&d->squash[0], d->clip, sum, 3 * n);
    }
    squash_run(&d->squash[1], d->clip, candidate, n);
    for (size_t j = 0; d->coupled && j < n; j++) forget[j] = 1.0F - in[j];
    multiply(forget, c, c, n);
    multiply_add(in, candidate, c, c, n);
    if (peep) {
        multiply_add(peep + n, c, out, out, n);
        squash_run(&d->squash[0], d->clip, out, n);
    }
    memcpy(extra, c, n * sizeof *c);
    squash_run(&d->squash[2], INFINITY, extra, n);
    multiply(out, extra, h, n);
}

/* The sum that a GRU's candidate adds to its input has been made: of r h, or (linear) of h. */
static void finish_gru(const hone_recurrent_args *args, const float *x, const float *sum,
                       float *candidate, float *h) {
    const hone_recurrent_dims *d = args->dims;
    size_t n = d->hidden;
    if (d->linear) multiply_add(candidate, sum + n, x + 2 * n, candidate, n);
    squash_run(&d->squash[1], d->clip, candidate, n);
    VEC_FOR(i, left, n) { /* h = candidate + z (h - candidate) */
        vec z = vec_load_upto(sum + i, left), y = vec_load_upto(candidate + i, left);
        vec old = vec_load_upto(h + i, left);
        vec_store_upto(h + i, vec_fma(z, vec_sub(old, y), y), left);
    }
}

/* One step of all rows. */
typedef struct step_state {
    float *sum[ROWS], *candidate[ROWS], *extra[ROWS], *h[ROWS], *c[ROWS];
    const float *x[ROWS];
    row_scratch at;
} step_state;

static void step_gru(const hone_recurrent_args *args, product *p, const step_state *s) {
    const hone_recurrent_dims *d = args->dims;
    size_t n = d->hidden;
    p->panels = args->packed, p->columns = 2 * n;
    product_run(p);
    product q = *p;
    q.panels += s->at.candidate * n, q.columns = n;
    for (size_t r = 0; r < args->rows; r++) {
        squash_run(&d->squash[0], d->clip, s->sum[r], 2 * n);
        if (!d->linear) multiply(s->sum[r] + n, s->h[r], s->extra[r], n);
        q.vector[r] = d->linear ? s->h[r] : s->extra[r];
        q.init[r] = d->linear ? args->recur_bias : s->x[r] + 2 * n;
        q.out[r] = s->candidate[r];
    }
    product_run(&q);
    for (size_t r = 0; r < args->rows; r++)
        finish_gru(args, s->x[r], s->sum[r], s->candidate[r], s->h[r]);
}

static void step_cell(const hone_recurrent_args *args, product *p, const step_state *s) {
    const hone_recurrent_dims *d = args->dims;
    p->panels = args->packed, p->columns = hone__cell_gates(d->cell) * d->hidden;
    product_run(p);
    for (size_t r = 0; r < args->rows; r++)
        if (d->cell == HONE_CELL_LSTM)
            finish_lstm(args, s->sum[r], s->extra[r], s->h[r], s->c[r]);
        else
            finish_rnn(args, s->sum[r], s->h[r]);
}

static step_state place_rows(const hone_recurrent_args *args, float *scratch) {
    step_state s = {.at = lay_row(args->dims)};
    for (size_t r = 0; r < args->rows; r++) {
        s.sum[r] = scratch + r * s.at.floats;
        s.candidate[r] = s.sum[r] + s.at.candidate;
        s.extra[r] = s.sum[r] + s.at.extra;
        s.h[r] = args->h + (ptrdiff_t)r * args->state_row;
        s.c[r] = args->c ? args->c + (ptrdiff_t)r * args->state_row : NULL;
        s.x[r] = args->input + (ptrdiff_t)r * args->input_row;
    }
    return s;
}

static void loops_run(const hone_recurrent_args *args, void *scratch) {
    const hone_recurrent_dims *d = args->dims;
    step_state s = place_rows(args, scratch);
    product p = {.depth = d->hidden, .rows = args->rows};
    for (size_t t = 0; t < args->steps; t++) {
        for (size_t r = 0; r < args->rows; r++)
            p.vector[r] = s.h[r], p.init[r] = s.x[r], p.out[r] = s.sum[r];
        p.backwards = t % 2;
        d->cell == HONE_CELL_GRU ? step_gru(args, &p, &s) : step_cell(args, &p, &s);
        for (size_t r = 0; r < args->rows; r++) {
            s.x[r] += args->input_step;
            if (args->output)
                memcpy(args->output + (ptrdiff_t)r * args->output_row +
                           (ptrdiff_t)t * args->output_step,
                       s.h[r], d->hidden * sizeof(float));
        }
    }
}

#endif

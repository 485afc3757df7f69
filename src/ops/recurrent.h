/* SPDX-License-Identifier: Apache-2.0 */
/* What RNN, GRU and LSTM share: directions, lengths of sequences, initial state, activations. A
 * cell steps one batch entry of one direction at a time, all in double in scratch memory. */
#ifndef HONE_OPS_RECURRENT_H
#define HONE_OPS_RECURRENT_H

#include "ops/family.h"

typedef struct hone__activation {
    const char *name; /* as ONNX spells it */
    double (*apply)(double x, double alpha, double beta);
    double alpha, beta;
} hone__activation;

typedef struct hone__cell {
    const hone_op_call *call;
    int64_t steps, batch, width, hidden, directions; /* width: of the input */
    int64_t gates;                                   /* rows of W are gates * hidden */
    bool batch_first;
    double clip;                  /* 0: none */
    hone__activation activate[3]; /* of the direction at hand */
    int64_t direction;
    double *x, *h, *c, *gate, *extra; /* width, hidden, hidden, gates * hidden, hidden */
} hone__cell;

/* One step in time: reads x, h (and c), makes the new h (and c) in place. */
typedef void (*hone__cell_step)(hone__cell *cell);

/* Runs all directions, batch entries and steps. `kinds`: activations a direction. */
hone_status hone__recurrent_run(const hone_op_call *call, int64_t gates, int kinds,
                                hone__cell_step step, hone_error *error);
hone_status hone__recurrent_check(const hone_node *node, int kinds, hone_error *error);
size_t hone__recurrent_scratch(const hone_node *node, int64_t gates);

/* The `kinds` activations of a direction; the node must have passed hone__recurrent_check. */
void hone__recurrent_activations(const hone_node *node, int kinds, int64_t direction,
                                 hone__activation *activate);

/* gate[first..] (all of `count` gates) = W x + R h + both biases; `with_h` false leaves h out. */
void hone__cell_sums(const hone__cell *cell, int64_t first, int64_t count, bool with_h);
/* Row `row` of R times v. */
double hone__cell_recur(const hone__cell *cell, int64_t row, const double *v);
/* Entry `row` of the bias: that of W (which 0) or of R (1). */
double hone__cell_bias(const hone__cell *cell, int which, int64_t row);
/* Clipped, then activated. */
double hone__cell_activate(const hone__cell *cell, int kind, double x);
/* An LSTM's last activation, of the cell's state. ONNX could be read as clipping here too; ONNX
 * Runtime does not, and so do we not. */
double hone__cell_output(const hone__cell *cell, double c);

#endif

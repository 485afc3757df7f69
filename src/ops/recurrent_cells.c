/* SPDX-License-Identifier: Apache-2.0 */
/* The three cells, by the formulas of the ONNX specification. */
#include "ops/recurrent.h"

static void step_rnn(hone__cell *cell) {
    hone__cell_sums(cell, 0, 1, true);
    for (int64_t i = 0; i < cell->hidden; i++)
        cell->h[i] = hone__cell_activate(cell, 0, cell->gate[i]);
}

static hone_status run_rnn(const hone_op_call *call, hone_error *error) {
    return hone__recurrent_run(call, 1, 1, step_rnn, error);
}
static hone_status check_rnn(const hone_node *node, hone_error *error) {
    return hone__recurrent_check(node, 1, error);
}
static size_t scratch_rnn(const hone_node *node) {
    return hone__recurrent_scratch(node, 1);
}

const hone_op_family hone__family_rnn = {run_rnn, HONE__TAKES_REAL, check_rnn, scratch_rnn};

/* Gates: update z, reset r, candidate. */
static void step_gru(hone__cell *cell) {
    int64_t n = cell->hidden;
    double *z = cell->gate, *r = z + n, *candidate = r + n, *reset = cell->extra;
    bool linear = hone_node_int(cell->call->node, "linear_before_reset", 0) != 0;
    hone__cell_sums(cell, 0, 2, true);
    hone__cell_sums(cell, 2, 1, false);
    for (int64_t i = 0; i < n; i++) {
        z[i] = hone__cell_activate(cell, 0, z[i]);
        r[i] = hone__cell_activate(cell, 0, r[i]);
        reset[i] = r[i] * cell->h[i];
    }
    for (int64_t i = 0; i < n; i++) {
        double past = hone__cell_recur(cell, 2 * n + i, linear ? cell->h : reset);
        past += hone__cell_bias(cell, 1, 2 * n + i);
        candidate[i] = hone__cell_activate(cell, 1, candidate[i] + (linear ? r[i] * past : past));
    }
    for (int64_t i = 0; i < n; i++) cell->h[i] = (1.0 - z[i]) * candidate[i] + z[i] * cell->h[i];
}

static hone_status run_gru(const hone_op_call *call, hone_error *error) {
    return hone__recurrent_run(call, 3, 2, step_gru, error);
}
static hone_status check_gru(const hone_node *node, hone_error *error) {
    return hone__recurrent_check(node, 2, error);
}
static size_t scratch_gru(const hone_node *node) {
    return hone__recurrent_scratch(node, 3);
}

const hone_op_family hone__family_gru = {run_gru, HONE__TAKES_REAL, check_gru, scratch_gru};

/* Peephole weight `which` (0 input, 1 output, 2 forget) times the cell's state. */
static double peep(const hone__cell *cell, int which, int64_t i, double c) {
    const hone_tensor *p = hone__input(cell->call, 7);
    if (!p) return 0.0;
    int64_t at = (3 * cell->direction + which) * cell->hidden + i;
    return hone__real_at(p->dtype, p->data, at) * c;
}

/* Gates: input, output, forget, candidate. */
static void step_lstm(hone__cell *cell) {
    int64_t n = cell->hidden;
    const double *gate = cell->gate;
    bool coupled = hone_node_int(cell->call->node, "input_forget", 0) != 0;
    hone__cell_sums(cell, 0, 4, true);
    for (int64_t i = 0; i < n; i++) {
        double c = cell->c[i];
        double input = hone__cell_activate(cell, 0, gate[i] + peep(cell, 0, i, c));
        double forget = coupled
                            ? 1.0 - input
                            : hone__cell_activate(cell, 0, gate[2 * n + i] + peep(cell, 2, i, c));
        c = forget * c + input * hone__cell_activate(cell, 1, gate[3 * n + i]);
        double output = hone__cell_activate(cell, 0, gate[n + i] + peep(cell, 1, i, c));
        cell->c[i] = c;
        cell->h[i] = output * hone__cell_output(cell, c);
    }
}

static hone_status run_lstm(const hone_op_call *call, hone_error *error) {
    return hone__recurrent_run(call, 4, 3, step_lstm, error);
}
static hone_status check_lstm(const hone_node *node, hone_error *error) {
    return hone__recurrent_check(node, 3, error);
}
static size_t scratch_lstm(const hone_node *node) {
    return hone__recurrent_scratch(node, 4);
}

const hone_op_family hone__family_lstm = {run_lstm, HONE__TAKES_REAL, check_lstm, scratch_lstm};

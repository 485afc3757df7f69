/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/recurrent.h"

#include <math.h>

/* Activations */

static double act_relu(double x, double a, double b) {
    return x < 0.0 ? 0.0 : x;
}
static double act_tanh(double x, double a, double b) {
    return tanh(x);
}
static double act_sigmoid(double x, double a, double b) {
    return 1.0 / (1.0 + exp(-x));
}
static double act_affine(double x, double a, double b) {
    return a * x + b;
}
static double act_leaky(double x, double a, double b) {
    return x < 0.0 ? a * x : x;
}
static double act_thresholded(double x, double a, double b) {
    return x < a ? 0.0 : x;
}
static double act_scaled_tanh(double x, double a, double b) {
    return a * tanh(b * x);
}
static double act_elu(double x, double a, double b) {
    return x < 0.0 ? a * expm1(x) : x;
}
static double act_softsign(double x, double a, double b) {
    return x / (1.0 + fabs(x));
}
static double act_softplus(double x, double a, double b) {
    return log1p(exp(-fabs(x))) + fmax(x, 0.0);
}
static double act_hard_sigmoid(double x, double a, double b) {
    return fmin(1.0, fmax(0.0, a * x + b));
}

typedef struct activation_row {
    const char *name;
    double (*apply)(double, double, double);
    int settings; /* how many of alpha and beta it has */
    double alpha, beta;
} activation_row;

static const activation_row activations[] = {
    {"Relu", act_relu, 0, 0.0, 0.0},
    {"Tanh", act_tanh, 0, 0.0, 0.0},
    {"Sigmoid", act_sigmoid, 0, 0.0, 0.0},
    {"Affine", act_affine, 2, 1.0, 0.0},
    {"LeakyRelu", act_leaky, 1, 0.01, 0.0},
    {"ThresholdedRelu", act_thresholded, 1, 1.0, 0.0},
    {"ScaledTanh", act_scaled_tanh, 2, 1.0, 1.0},
    {"HardSigmoid", act_hard_sigmoid, 2, 0.2, 0.5},
    {"Elu", act_elu, 1, 1.0, 0.0},
    {"Softsign", act_softsign, 0, 0.0, 0.0},
    {"Softplus", act_softplus, 0, 0.0, 0.0},
};

static bool same_word(const char *a, const char *b) {
    for (; *a && *b; a++, b++)
        if ((*a | 32) != (*b | 32)) return false;
    return *a == *b;
}

static const activation_row *find_activation(const char *name) {
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++)
        if (same_word(activations[i].name, name)) return &activations[i];
    return NULL;
}

/* Name of the `index`th activation of all directions; the defaults are Tanh for a cell's last ones
 * and Sigmoid for its gates. */
static const char *activation_name(const hone_node *node, int index, int kinds) {
    const hone_attr *attr = hone_node_attr(node, "activations");
    if (attr && attr->kind == HONE_ATTR_STRINGS && (uint32_t)index < attr->count)
        return attr->as.strings[index].data;
    return kinds > 1 && index % kinds == 0 ? "Sigmoid" : "Tanh";
}

/* The alphas and betas are consumed in order by the activations that have them. */
void hone__recurrent_activations(const hone_node *node, int kinds, int64_t direction,
                                 hone__activation *activate) {
    const hone_attr *alphas = hone_node_attr(node, "activation_alpha");
    const hone_attr *betas = hone_node_attr(node, "activation_beta");
    uint32_t alpha = 0, beta = 0;
    for (int i = 0; i < kinds * ((int)direction + 1); i++) {
        const activation_row *row = find_activation(activation_name(node, i, kinds));
        hone__activation *to = &activate[i % kinds];
        *to = (hone__activation){row->name, row->apply, row->alpha, row->beta};
        if (row->settings > 0 && alphas && alpha < alphas->count)
            to->alpha = (double)alphas->as.floats[alpha++];
        if (row->settings > 1 && betas && beta < betas->count)
            to->beta = (double)betas->as.floats[beta++];
    }
}

static double apply(const hone__activation *activation, double x) {
    return activation->apply(x, activation->alpha, activation->beta);
}

double hone__cell_activate(const hone__cell *cell, int kind, double x) {
    if (cell->clip > 0.0) x = fmin(fmax(x, -cell->clip), cell->clip);
    return apply(&cell->activate[kind], x);
}

double hone__cell_output(const hone__cell *cell, double c) {
    return apply(&cell->activate[2], c);
}

/* Sums */

static double dot(const hone_tensor *matrix, int64_t first, int64_t count, const double *v) {
    double sum = 0.0, row[HONE__BLOCK];
    for (int64_t done = 0; done < count; done += HONE__BLOCK) {
        int64_t n = count - done < HONE__BLOCK ? count - done : HONE__BLOCK;
        hone__reals_load(matrix->dtype, matrix->data, first + done, 1, n, row);
        for (int64_t i = 0; i < n; i++) sum += row[i] * v[done + i];
    }
    return sum;
}

static int64_t weight_row(const hone__cell *cell, int64_t row) {
    return cell->direction * cell->gates * cell->hidden + row;
}

double hone__cell_recur(const hone__cell *cell, int64_t row, const double *v) {
    return dot(&cell->call->inputs[2], weight_row(cell, row) * cell->hidden, cell->hidden, v);
}

double hone__cell_bias(const hone__cell *cell, int which, int64_t row) {
    const hone_tensor *bias = hone__input(cell->call, 3);
    if (!bias) return 0.0;
    int64_t half = cell->gates * cell->hidden;
    return hone__real_at(bias->dtype, bias->data, (2 * cell->direction + which) * half + row);
}

void hone__cell_sums(const hone__cell *cell, int64_t first, int64_t count, bool with_h) {
    for (int64_t row = first * cell->hidden; row < (first + count) * cell->hidden; row++) {
        double sum =
            dot(&cell->call->inputs[1], weight_row(cell, row) * cell->width, cell->width, cell->x);
        sum += hone__cell_bias(cell, 0, row);
        if (with_h) sum += hone__cell_recur(cell, row, cell->h) + hone__cell_bias(cell, 1, row);
        cell->gate[row] = sum;
    }
}

/* The walk */

static int64_t state_at(const hone__cell *cell, int64_t b) {
    if (cell->batch_first) return (b * cell->directions + cell->direction) * cell->hidden;
    return (cell->direction * cell->batch + b) * cell->hidden;
}

static int64_t output_at(const hone__cell *cell, int64_t t, int64_t b) {
    if (cell->batch_first)
        return ((b * cell->steps + t) * cell->directions + cell->direction) * cell->hidden;
    return ((t * cell->directions + cell->direction) * cell->batch + b) * cell->hidden;
}

static void load_state(const hone__cell *cell, uint32_t input, int64_t b, double *state) {
    const hone_tensor *from = hone__input(cell->call, input);
    memset(state, 0, (size_t)cell->hidden * sizeof(double));
    if (from) hone__reals_load(from->dtype, from->data, state_at(cell, b), 1, cell->hidden, state);
}

static void store_state(const hone__cell *cell, uint32_t output, int64_t at, const double *state) {
    hone_tensor *to = hone__output(cell->call, output);
    if (to) hone__reals_store(to->dtype, to->data, at, 1, cell->hidden, state);
}

static void load_input(const hone__cell *cell, int64_t t, int64_t b) {
    const hone_tensor *x = &cell->call->inputs[0];
    int64_t at = cell->batch_first ? b * cell->steps + t : t * cell->batch + b;
    hone__reals_load(x->dtype, x->data, at * cell->width, 1, cell->width, cell->x);
}

/* One batch entry of one direction. Steps behind the end of a short sequence give zeros. */
static void run_entry(hone__cell *cell, int64_t b, int64_t length, bool backwards,
                      hone__cell_step step) {
    bool lstm = cell->gates == 4;
    load_state(cell, 5, b, cell->h);
    if (lstm) load_state(cell, 6, b, cell->c);
    for (int64_t i = 0; i < length; i++) {
        int64_t t = backwards ? length - 1 - i : i;
        load_input(cell, t, b);
        step(cell);
        store_state(cell, 0, output_at(cell, t, b), cell->h);
    }
    store_state(cell, 1, state_at(cell, b), cell->h);
    if (lstm) store_state(cell, 2, state_at(cell, b), cell->c);
    memset(cell->h, 0, (size_t)cell->hidden * sizeof(double));
    for (int64_t t = length; t < cell->steps; t++)
        store_state(cell, 0, output_at(cell, t, b), cell->h);
}

static bool fits(const hone_op_call *call, uint32_t index, int64_t elements) {
    const hone_tensor *in = hone__input(call, index);
    return !in || hone__elements(&in->shape) == elements;
}

static hone_status read_sizes(hone__cell *cell, hone_error *error) {
    const hone_op_call *call = cell->call;
    const hone_shape *x = &call->inputs[0].shape, *r = &call->inputs[2].shape;
    if (x->rank != 3 || r->rank != 3 || call->inputs[1].shape.rank != 3)
        return hone__mismatch(call->node, error, "input and weights must have three dimensions");
    cell->batch_first = hone_node_int(call->node, "layout", 0) != 0;
    cell->steps = x->dim[cell->batch_first ? 1 : 0];
    cell->batch = x->dim[cell->batch_first ? 0 : 1];
    cell->width = x->dim[2];
    cell->directions = r->dim[0];
    cell->hidden = r->dim[2];
    int64_t rows = cell->directions * cell->gates * cell->hidden;
    int64_t state = cell->directions * cell->batch * cell->hidden;
    bool outputs = true;
    for (uint32_t i = 0; i < call->node->output_count; i++) {
        hone_tensor *out = hone__output(call, i);
        if (out)
            outputs =
                outputs && hone__elements(&out->shape) == (i == 0 ? state * cell->steps : state);
    }
    const char *direction = hone_node_string(call->node, "direction", "forward");
    int64_t wanted = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    if (cell->directions != wanted || !outputs || !fits(call, 1, rows * cell->width) ||
        !fits(call, 2, rows * cell->hidden) || !fits(call, 3, 2 * rows) ||
        !fits(call, 4, cell->batch) || !fits(call, 5, state) || !fits(call, 6, state) ||
        !fits(call, 7, 3 * cell->directions * cell->hidden))
        return hone__mismatch(call->node, error, "weights or states do not fit together");
    return HONE_OK;
}

static void lay_out(hone__cell *cell) {
    double *scratch = (double *)cell->call->scratch;
    cell->x = scratch;
    cell->h = cell->x + cell->width;
    cell->c = cell->h + cell->hidden;
    cell->extra = cell->c + cell->hidden;
    cell->gate = cell->extra + cell->hidden;
}

static hone_status run_direction(hone__cell *cell, bool backwards, hone__cell_step step,
                                 hone_error *error) {
    const hone_tensor *lengths = hone__input(cell->call, 4);
    for (int64_t b = 0; b < cell->batch; b++) {
        int64_t length = lengths ? hone__int_at(lengths->dtype, lengths->data, b) : cell->steps;
        if (length < 0 || length > cell->steps)
            return hone__mismatch(cell->call->node, error, "a sequence of length %lld",
                                  (long long)length);
        run_entry(cell, b, length, backwards, step);
    }
    return HONE_OK;
}

hone_status hone__recurrent_run(const hone_op_call *call, int64_t gates, int kinds,
                                hone__cell_step step, hone_error *error) {
    hone__cell cell = {.call = call, .gates = gates};
    bool reverse = strcmp(hone_node_string(call->node, "direction", "forward"), "reverse") == 0;
    HONE_TRY(read_sizes(&cell, error));
    lay_out(&cell);
    cell.clip = (double)hone_node_float(call->node, "clip", 0.0f);
    for (cell.direction = 0; cell.direction < cell.directions; cell.direction++) {
        hone__recurrent_activations(call->node, kinds, cell.direction, cell.activate);
        HONE_TRY(run_direction(&cell, reverse || cell.direction == 1, step, error));
    }
    return HONE_OK;
}

hone_status hone__recurrent_check(const hone_node *node, int kinds, hone_error *error) {
    static const uint32_t reals[] = {1, 2, 3, 5, 6, 7};
    bool both = strcmp(hone_node_string(node, "direction", "forward"), "bidirectional") == 0;
    for (int i = 0; i < kinds * (both ? 2 : 1); i++) {
        const char *name = activation_name(node, i, kinds);
        if (!find_activation(name))
            return hone__unsupported(node, error, "activation '%s' is not known", name);
    }
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        HONE_TRY(hone__check_input(node, reals[i], HONE__TAKES_REAL, error));
    const hone_shape *r = &node->inputs[2]->shape;
    if (r->rank == 3 && r->dim[0] >= 0 && r->dim[0] != (both ? 2 : 1))
        return hone__mismatch(node, error, "the weights are for %lld directions",
                              (long long)r->dim[0]);
    return hone__check_input(node, 4, HONE__TAKES_INTEGER, error);
}

size_t hone__recurrent_scratch(const hone_node *node, int64_t gates) {
    const hone_shape *x = &node->inputs[0]->shape, *r = &node->inputs[2]->shape;
    int64_t width = x->rank == 3 && x->dim[2] > 0 ? x->dim[2] : 0;
    int64_t hidden = r->rank == 3 && r->dim[2] > 0 ? r->dim[2] : 0;
    return (size_t)(width + (3 + gates) * hidden) * sizeof(double);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* RNN, GRU, LSTM with constant float weights: one matrix product over all steps and directions for
 * the input, then the recurrent step. Other types and computed weights, Softplus, and what does not
 * fit together are the reference's. */
#include "base/error.h"
#include "ops/recurrent.h"
#include "runtime/lower/lower.h"

#include <math.h>
#include <string.h>

enum { X, W, R, B, LENGTHS, H0, C0, P };

static const hone_value *input_of(const hone_node *node, uint32_t index) {
    return index < node->input_count ? node->inputs[index] : NULL;
}

static const struct {
    const char *name;
    hone_squash_op op;
} squashes[] = {
    {"Relu", HONE_SQUASH_RELU},
    {"Tanh", HONE_SQUASH_TANH},
    {"Sigmoid", HONE_SQUASH_SIGMOID},
    {"Affine", HONE_SQUASH_AFFINE},
    {"LeakyRelu", HONE_SQUASH_LEAKY},
    {"ThresholdedRelu", HONE_SQUASH_THRESHOLD},
    {"ScaledTanh", HONE_SQUASH_SCALED_TANH},
    {"HardSigmoid", HONE_SQUASH_HARDSIGMOID},
    {"Elu", HONE_SQUASH_ELU},
    {"Softsign", HONE_SQUASH_SOFTSIGN},
};

static bool squash_of(const hone__activation *activation, hone_squash *squash) {
    for (size_t i = 0; i < sizeof squashes / sizeof *squashes; i++)
        if (!strcmp(squashes[i].name, activation->name)) {
            *squash =
                (hone_squash){squashes[i].op, (float)activation->alpha, (float)activation->beta};
            return true;
        }
    return false;
}

static bool cell_of(hone_op op, hone_cell *cell) {
    *cell = op == HONE_OP_RNN ? HONE_CELL_RNN : op == HONE_OP_GRU ? HONE_CELL_GRU : HONE_CELL_LSTM;
    return op == HONE_OP_RNN || op == HONE_OP_GRU || op == HONE_OP_LSTM;
}

static bool has_elements(const hone_value *value, int64_t wanted) {
    int64_t elements;
    return !value ||
           (hone_shape_elements(&value->shape, &elements, NULL) == HONE_OK && elements == wanted);
}

/* Weights are constant floats, states are floats; lengths, where constant, within the steps. */
static bool types_fit(const hone_node *node, int64_t steps) {
    static const uint32_t constants[] = {W, R, B, P}, states[] = {X, H0, C0};
    for (size_t i = 0; i < 4; i++) {
        const hone_value *value = input_of(node, constants[i]);
        if (value && !(hone__value_is_constant(value) && hone__value_is_float(value))) return false;
    }
    for (size_t i = 0; i < 3; i++)
        if (input_of(node, states[i]) && !hone__value_is_float(input_of(node, states[i])))
            return false;
    const hone_value *lengths = input_of(node, LENGTHS);
    return !lengths || (lengths->dtype == HONE_S32 && steps <= INT32_MAX);
}

static bool shapes_fit(const hone_node *node, const hone_recurrent_call *c, int64_t width) {
    int64_t n = (int64_t)c->dims[0].hidden;
    int64_t rows = c->directions * (int64_t)hone__cell_gates(c->dims[0].cell) * n;
    int64_t state = c->directions * c->batch * n;
    for (uint32_t i = 0; i < node->output_count; i++)
        if (!has_elements(node->outputs[i], i == 0 ? state * c->steps : state)) return false;
    return has_elements(input_of(node, W), rows * width) &&
           has_elements(input_of(node, R), rows * n) && has_elements(input_of(node, B), 2 * rows) &&
           has_elements(input_of(node, LENGTHS), c->batch) &&
           has_elements(input_of(node, H0), state) && has_elements(input_of(node, C0), state) &&
           has_elements(input_of(node, P), 3 * c->directions * n);
}

/* The sizes, when they are small enough to be counted in 32 bits. */
static bool read_sizes(const hone_node *node, hone_recurrent_call *c, int64_t *width) {
    const hone_shape *x = &node->inputs[X]->shape, *r = &node->inputs[R]->shape;
    const char *direction = hone_node_string(node, "direction", "forward");
    if (x->rank != 3 || r->rank != 3 || node->inputs[W]->shape.rank != 3) return false;
    c->batch_first = hone_node_int(node, "layout", 0) != 0;
    c->steps = x->dim[c->batch_first ? 1 : 0];
    c->batch = x->dim[c->batch_first ? 0 : 1];
    *width = x->dim[2];
    c->directions = r->dim[0];
    c->backwards = !strcmp(direction, "reverse");
    int64_t sizes[] = {c->steps, c->batch, *width, c->directions, r->dim[2], r->dim[1]};
    int64_t product = 1;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i] < 1 || sizes[i] > INT32_MAX) return false;
        if (i != 2 && i != 4 && (product *= sizes[i]) > INT32_MAX) return false;
    }
    c->dims[0].hidden = (size_t)r->dim[2];
    return c->directions == (strcmp(direction, "bidirectional") ? 1 : 2);
}

static bool read_dims(const hone_node *node, hone_recurrent_call *c) {
    static const int kinds[HONE_CELLS] = {1, 2, 3};
    hone_cell cell = c->dims[0].cell;
    float clip = hone_node_float(node, "clip", 0.0f);
    c->dims[0].clip = clip > 0 ? clip : INFINITY;
    c->dims[0].linear = cell == HONE_CELL_GRU && hone_node_int(node, "linear_before_reset", 0);
    c->dims[0].coupled = cell == HONE_CELL_LSTM && hone_node_int(node, "input_forget", 0);
    if (hone__recurrent_check(node, kinds[cell], NULL) != HONE_OK) return false;
    c->dims[1] = c->dims[0];
    for (int64_t d = 0; d < c->directions; d++) {
        hone__activation activate[3];
        hone__recurrent_activations(node, kinds[cell], d, activate);
        for (int k = 0; k < kinds[cell]; k++)
            if (!squash_of(&activate[k], &c->dims[d].squash[k])) return false;
    }
    return true;
}

static float element(const hone_value *value, int64_t index) {
    float f;
    memcpy(&f, (const char *)value->data + (size_t)index * sizeof f, sizeof f);
    return f;
}

static hone_status keep_floats(hone_lowering *lowering, int64_t count, float **memory,
                               hone_error *error) {
    return hone__program_keep(lowering->program, (size_t)count * sizeof(float), (void **)memory,
                              error);
}

/* Both biases in one, except where a GRU resets R's part of the candidate. */
static hone_status make_bias(hone_lowering *lowering, const hone_value *b, hone_recurrent_call *c,
                             float **bias, hone_error *error) {
    int64_t n = (int64_t)c->dims[0].hidden, rows = (int64_t)hone__cell_gates(c->dims[0].cell) * n;
    float *recur = NULL;
    *bias = NULL;
    if (!b) return HONE_OK;
    HONE_TRY(keep_floats(lowering, c->directions * rows, bias, error));
    if (c->dims[0].linear) HONE_TRY(keep_floats(lowering, c->directions * n, &recur, error));
    for (int64_t d = 0; d < c->directions; d++)
        for (int64_t j = 0; j < rows; j++) {
            float w = element(b, 2 * d * rows + j), r = element(b, (2 * d + 1) * rows + j);
            bool apart = recur && j >= 2 * n;
            (*bias)[d * rows + j] = apart ? w : w + r;
            if (apart) recur[d * n + j - 2 * n] = r;
        }
    c->recur_bias = recur;
    return HONE_OK;
}

static hone_status make_peephole(hone_lowering *lowering, const hone_value *p,
                                 hone_recurrent_call *c, hone_error *error) {
    if (!p) return HONE_OK;
    float *memory = NULL;
    HONE_TRY(keep_floats(lowering, (int64_t)(p->bytes / sizeof(float)), &memory, error));
    memcpy(memory, p->data, p->bytes);
    c->peephole = memory;
    return HONE_OK;
}

/* The products of all steps' inputs with W, biases added, into a buffer of its own. */
static hone_status project(hone_lowering *lowering, const hone_node *node, int64_t width,
                           hone_recurrent_call *c, hone_view *out, hone_error *error) {
    int64_t rows = c->steps * c->batch;
    int64_t cols = c->directions * (int64_t)(hone__cell_gates(c->dims[0].cell) * c->dims[0].hidden);
    hone_shape shape = {.rank = 2, .dim = {rows, cols}};
    float *bias = NULL;
    uint32_t buffer = 0;
    hone_view in;
    HONE_TRY(make_bias(lowering, input_of(node, B), c, &bias, error));
    HONE_TRY(
        hone__lower_form(lowering, node->inputs[X], HONE_CODE_PLAIN, HONE_FORM_DENSE, &in, error));
    HONE_TRY(hone__lower_buffer(lowering, node->name, HONE_F32, rows * cols, &buffer, error));
    in = hone__lower_rows(&in, width);
    *out = hone__view_dense(buffer, &shape);
    hone_conv_call call = {.dims = hone__matrix_dims(rows, width, cols),
                           .in = &in,
                           .out = out,
                           .lo = -INFINITY,
                           .hi = INFINITY};
    call.weights = hone__conv_weights_oihw(&call.dims, node->inputs[W]->data, bias);
    hone_label label = {
        .name = node->name, .op = "Projection", .multiply_adds = hone__conv_macs(&call.dims)};
    return hone__step_conv(lowering->program, &label, &call, error);
}

static hone_status lower_state(hone_lowering *lowering, const hone_node *node, uint32_t index,
                               hone_view *view, const hone_view **used, hone_error *error) {
    const hone_value *value = input_of(node, index);
    if (!value) return HONE_OK;
    *used = view;
    return hone__lower_form(lowering, value, HONE_CODE_PLAIN, HONE_FORM_DENSE, view, error);
}

static hone_status emit(hone_lowering *lowering, const hone_node *node, int64_t width,
                        hone_recurrent_call *c, hone_error *error) {
    hone_view projected, h, state, lengths, outputs[3];
    HONE_TRY(make_peephole(lowering, input_of(node, P), c, error));
    HONE_TRY(project(lowering, node, width, c, &projected, error));
    c->projected = &projected;
    c->weights = node->inputs[R]->data;
    HONE_TRY(lower_state(lowering, node, H0, &h, &c->h, error));
    HONE_TRY(lower_state(lowering, node, C0, &state, &c->c, error));
    HONE_TRY(lower_state(lowering, node, LENGTHS, &lengths, &c->lengths, error));
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (!node->outputs[i]) continue;
        HONE_TRY(hone__lower_output(lowering, node->outputs[i], HONE_CODE_PLAIN, HONE_FORM_DENSE,
                                    &outputs[i], error));
        c->outputs[i] = &outputs[i];
    }
    uint64_t macs = (uint64_t)(c->steps * c->batch * c->directions) *
                    hone__cell_gates(c->dims[0].cell) * c->dims[0].hidden * c->dims[0].hidden;
    hone_label label = {
        .name = node->name, .op = hone_op_get(node->op)->name, .multiply_adds = macs};
    return hone__step_recurrent(lowering->program, &label, c, error);
}

hone_status hone__emit_recurrent(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error) {
    hone_recurrent_call call = {0};
    int64_t width = 0;
    if (group || !cell_of(node->op, &call.dims[0].cell)) return HONE_OK;
    for (uint32_t i = X; i <= R; i++)
        if (!input_of(node, i)) return HONE_OK;
    if (!read_sizes(node, &call, &width) || !types_fit(node, call.steps) ||
        !read_dims(node, &call) || !shapes_fit(node, &call, width))
        return HONE_OK;
    *taken = true;
    return emit(lowering, node, width, &call, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Einsum by its definition: for every choice of the output's labels the products of the operands'
 * elements are summed over every choice of the other labels. An ellipsis stands for labels of its
 * own, aligned at the right. */
#include "ops/family.h"

#define OPERANDS 8
#define LABELS   (52 + HONE_MAX_RANK) /* a-z, A-Z, and those of the ellipsis */
#define LOOPS    16

typedef struct einsum {
    int32_t operands, loops, outer; /* loops: the output's first */
    int64_t dim[LABELS];            /* -1: the label does not occur */
    int label[LOOPS];
    int64_t count[LOOPS];
    int64_t step[OPERANDS][LOOPS];
} einsum;

static int label_of(char letter) {
    if (letter >= 'a' && letter <= 'z') return letter - 'a';
    if (letter >= 'A' && letter <= 'Z') return letter - 'A' + 26;
    return -1;
}

/* Labels of one term, from `*at` to a comma, an arrow or the end. Returns their count; -1: it
 * cannot be read or has not `rank` of them. An ellipsis takes what the letters leave. */
static int32_t read_term(const char **at, int32_t rank, int *labels) {
    int before[HONE_MAX_RANK], after[HONE_MAX_RANK];
    int32_t head = 0, tail = 0;
    bool dots = false;
    for (; **at && **at != ',' && **at != '-'; ++*at) {
        if (**at == ' ') continue;
        if (strncmp(*at, "...", 3) == 0 && !dots) {
            dots = true;
            *at += 2;
            continue;
        }
        int label = label_of(**at);
        if (label < 0 || head + tail >= HONE_MAX_RANK) return -1;
        if (dots)
            after[tail++] = label;
        else
            before[head++] = label;
    }
    int32_t middle = rank - head - tail, count = 0;
    if (middle < 0 || (middle > 0 && !dots)) return -1;
    for (int32_t i = 0; i < head; i++) labels[count++] = before[i];
    for (int32_t i = 0; i < middle; i++) labels[count++] = LABELS - middle + i;
    for (int32_t i = 0; i < tail; i++) labels[count++] = after[i];
    return count;
}

static int find_loop(const einsum *sum, int label) {
    for (int i = 0; i < sum->loops; i++)
        if (sum->label[i] == label) return i;
    return -1;
}

static bool add_loop(einsum *sum, int label) {
    if (find_loop(sum, label) >= 0) return true;
    if (sum->loops == LOOPS) return false;
    sum->label[sum->loops] = label;
    sum->count[sum->loops++] = sum->dim[label];
    return true;
}

/* The dimensions of every label; a 1 broadcasts. */
static bool read_dims(const hone_op_call *call, const char **at, einsum *sum) {
    for (int32_t k = 0; k < sum->operands; k++) {
        const hone_shape *shape = &call->inputs[k].shape;
        int labels[HONE_MAX_RANK];
        if (read_term(at, shape->rank, labels) != shape->rank) return false;
        for (int32_t d = 0; d < shape->rank; d++) {
            int64_t *dim = &sum->dim[labels[d]];
            if (*dim > 1 && shape->dim[d] != 1 && *dim != shape->dim[d]) return false;
            if (*dim < 0 || *dim == 1) *dim = shape->dim[d];
        }
        if (k + 1 < sum->operands && *(*at)++ != ',') return false;
    }
    return true;
}

/* Without an arrow: the ellipsis, then every letter that occurs once, in the alphabet's order
 * (numpy puts capitals first). */
static bool implicit_output(const char *equation, einsum *sum) {
    int seen[52] = {0};
    for (const char *c = equation; *c; c++)
        if (label_of(*c) >= 0) seen[label_of(*c)]++;
    for (int i = 52; i < LABELS; i++)
        if (sum->dim[i] >= 0 && !add_loop(sum, i)) return false;
    for (int i = 0; i < 52; i++) {
        int label = (i + 26) % 52;
        if (seen[label] == 1 && !add_loop(sum, label)) return false;
    }
    return true;
}

static bool explicit_output(const char *at, int32_t rank, einsum *sum) {
    int labels[HONE_MAX_RANK];
    if (read_term(&at, rank, labels) != rank || *at) return false;
    for (int32_t d = 0; d < rank; d++)
        if (sum->dim[labels[d]] < 0 || !add_loop(sum, labels[d])) return false;
    return sum->loops == rank; /* a label must not come twice */
}

static bool set_steps(const hone_op_call *call, const char *at, einsum *sum) {
    for (int32_t k = 0; k < sum->operands; k++) {
        const hone_shape *shape = &call->inputs[k].shape;
        int labels[HONE_MAX_RANK];
        int64_t steps[HONE_MAX_RANK];
        if (read_term(&at, shape->rank, labels) != shape->rank) return false;
        hone__steps(shape, steps);
        for (int32_t d = 0; d < shape->rank; d++)
            if (shape->dim[d] != 1) sum->step[k][find_loop(sum, labels[d])] += steps[d];
        at++;
    }
    return true;
}

static bool parse(const hone_op_call *call, einsum *sum) {
    const char *equation = hone_node_string(call->node, "equation", ""), *at = equation;
    memset(sum, 0, sizeof *sum);
    sum->operands = (int32_t)call->node->input_count;
    for (int i = 0; i < LABELS; i++) sum->dim[i] = -1;
    if (!read_dims(call, &at, sum)) return false;
    bool arrow = at[0] == '-' && at[1] == '>';
    if (arrow ? !explicit_output(at + 2, call->outputs[0].shape.rank, sum)
              : *at != 0 || !implicit_output(equation, sum))
        return false;
    sum->outer = sum->loops;
    for (int i = 0; i < LABELS; i++)
        if (sum->dim[i] >= 0 && !add_loop(sum, i)) return false;
    return set_steps(call, equation, sum);
}

static int64_t offset(const einsum *sum, int32_t operand, const int64_t *index) {
    int64_t at = 0;
    for (int32_t i = 0; i < sum->loops; i++) at += index[i] * sum->step[operand][i];
    return at;
}

static double real_product(const hone_op_call *call, const einsum *sum, const int64_t *index) {
    double product = 1.0;
    for (int32_t k = 0; k < sum->operands; k++)
        product *=
            hone__real_at(call->inputs[k].dtype, call->inputs[k].data, offset(sum, k, index));
    return product;
}

static uint64_t int_product(const hone_op_call *call, const einsum *sum, const int64_t *index) {
    uint64_t product = 1;
    for (int32_t k = 0; k < sum->operands; k++)
        product *= (uint64_t)hone__int_at(call->inputs[k].dtype, call->inputs[k].data,
                                          offset(sum, k, index));
    return product;
}

static void put_sum(const hone_op_call *call, const einsum *sum, int64_t *index, int64_t to) {
    hone_tensor *out = &call->outputs[0];
    bool real = hone__kind_of(out->dtype) == HONE__REAL, empty = false;
    double reals = 0.0;
    uint64_t whole = 0;
    for (int32_t i = sum->outer; i < sum->loops; i++) {
        index[i] = 0;
        empty = empty || sum->count[i] == 0;
    }
    while (!empty) {
        if (real)
            reals += real_product(call, sum, index);
        else
            whole += int_product(call, sum, index);
        if (!hone__next(sum->loops - sum->outer, sum->count + sum->outer, index + sum->outer))
            break;
    }
    if (real)
        hone__real_put(out->dtype, out->data, to, reals);
    else
        hone__int_put(out->dtype, out->data, to, (int64_t)whole);
}

static hone_status run_einsum(const hone_op_call *call, hone_error *error) {
    einsum sum;
    int64_t index[LOOPS] = {0}, count = 1, to = 0;
    if (!parse(call, &sum))
        return hone__mismatch(call->node, error, "equation '%s' does not fit its inputs",
                              hone_node_string(call->node, "equation", ""));
    for (int32_t i = 0; i < sum.outer; i++) count *= sum.count[i];
    if (count != hone__elements(&call->outputs[0].shape))
        return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    if (count == 0) return HONE_OK;
    do {
        put_sum(call, &sum, index, to++);
    } while (hone__next(sum.outer, sum.count, index));
    return HONE_OK;
}

static hone_status check_einsum(const hone_node *node, hone_error *error) {
    if (node->input_count > OPERANDS)
        return hone__unsupported(node, error, "more than %d inputs", OPERANDS);
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!node->inputs[i] || node->inputs[i]->dtype != node->inputs[0]->dtype)
            return hone__unsupported(node, error, "its inputs differ in type");
    return HONE_OK;
}

const hone_op_family hone__family_einsum = {run_einsum, HONE__TAKES_NUMBER, check_einsum, NULL};

/* SPDX-License-Identifier: Apache-2.0 */
/* Truth and bits: comparisons, logic, bit by bit operators, Where. */
#include "ops/elementwise.h"

typedef struct pair_job {
    const hone_op_call *call;
    hone_op op;
    bool right; /* BitShift's direction */
} pair_job;

/* -1, 0, 1 as a is below, equal to or above b; 2 where they do not compare (NaN). */
static int order_reals(double a, double b) {
    if (a < b) return -1;
    if (a > b) return 1;
    return a == b ? 0 : 2;
}

static int order(const hone_tensor *a, int64_t i, const hone_tensor *b, int64_t j) {
    hone__kind kind = hone__kind_of(a->dtype);
    if (kind == HONE__REAL)
        return order_reals(hone__real_at(a->dtype, a->data, i),
                           hone__real_at(b->dtype, b->data, j));
    int64_t x = hone__int_at(a->dtype, a->data, i), y = hone__int_at(b->dtype, b->data, j);
    if (x == y) return 0;
    bool less = kind == HONE__SIGNED ? x < y : (uint64_t)x < (uint64_t)y;
    return less ? -1 : 1;
}

static bool holds(hone_op op, int order) {
    switch (op) {
    case HONE_OP_Equal:
        return order == 0;
    case HONE_OP_Greater:
        return order == 1;
    case HONE_OP_GreaterOrEqual:
        return order == 0 || order == 1;
    case HONE_OP_Less:
        return order == -1;
    default:
        return order == 0 || order == -1;
    }
}

static void compare_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const pair_job *job = (const pair_job *)context;
    const hone_tensor *in = job->call->inputs;
    for (int64_t i = 0; i < count; i++) {
        int answer = order(&in[0], at[0] + i * step[0], &in[1], at[1] + i * step[1]);
        hone__int_put(HONE_BOOL, job->call->outputs[0].data, at[2] + i * step[2],
                      holds(job->op, answer));
    }
}

static hone_status run_compare(const hone_op_call *call, hone_error *error) {
    pair_job job = {call, call->node->op, false};
    return hone__elementwise(call, 2, compare_row, &job, error);
}

static hone_status check_same_types(const hone_node *node, hone_error *error) {
    if (node->input_count < 2 || node->inputs[1]->dtype == node->inputs[0]->dtype) return HONE_OK;
    return hone__unsupported(node, error, "its inputs differ in type");
}

const hone_op_family hone__family_compare = {run_compare, HONE__TAKES_NUMBER, check_same_types,
                                             NULL};

/* Logic on bools and bitwise operators on integers are the same operators on the bits. */

static uint64_t shift(uint64_t a, uint64_t by, bool right) {
    if (by > 63) return 0;
    return right ? a >> by : a << by;
}

static uint64_t combine(const pair_job *job, uint64_t a, uint64_t b) {
    switch (job->op) {
    case HONE_OP_Not:
        return !a;
    case HONE_OP_BitwiseNot:
        return ~a;
    case HONE_OP_And:
    case HONE_OP_BitwiseAnd:
        return a & b;
    case HONE_OP_Or:
    case HONE_OP_BitwiseOr:
        return a | b;
    case HONE_OP_Xor:
    case HONE_OP_BitwiseXor:
        return a ^ b;
    default:
        return shift(a, b, job->right);
    }
}

static void bits_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const pair_job *job = (const pair_job *)context;
    const hone_tensor *in = job->call->inputs, *out = &job->call->outputs[0];
    bool two = job->call->node->input_count > 1;
    int last = two ? 2 : 1;
    for (int64_t i = 0; i < count; i++) {
        int64_t a = hone__int_at(in[0].dtype, in[0].data, at[0] + i * step[0]);
        int64_t b = two ? hone__int_at(in[1].dtype, in[1].data, at[1] + i * step[1]) : 0;
        hone__int_put(out->dtype, out->data, at[last] + i * step[last],
                      (int64_t)combine(job, (uint64_t)a, (uint64_t)b));
    }
}

static hone_status run_bits(const hone_op_call *call, hone_error *error) {
    pair_job job = {call, call->node->op, false};
    job.right = strcmp(hone_node_string(call->node, "direction", ""), "RIGHT") == 0;
    return hone__elementwise(call, call->node->input_count, bits_row, &job, error);
}

static hone_status check_bits(const hone_node *node, hone_error *error) {
    const char *direction = hone_node_string(node, "direction", "LEFT");
    if (strcmp(direction, "LEFT") != 0 && strcmp(direction, "RIGHT") != 0)
        return hone__unsupported(node, error, "direction '%s' is not known", direction);
    return check_same_types(node, error);
}

const hone_op_family hone__family_logic = {run_bits, HONE__TAKES_INTEGER, check_bits, NULL};
const hone_op_family hone__family_bitwise = {run_bits, HONE__TAKES_INTEGER, check_bits, NULL};

static void where_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const hone_op_call *call = (const hone_op_call *)context;
    for (int64_t i = 0; i < count; i++) {
        bool first = hone__int_at(HONE_BOOL, call->inputs[0].data, at[0] + i * step[0]) != 0;
        int from = first ? 1 : 2;
        hone__copy_element(&call->inputs[from], at[from] + i * step[from], &call->outputs[0],
                           at[3] + i * step[3]);
    }
}

static hone_status run_where(const hone_op_call *call, hone_error *error) {
    hone_op_call copy = *call;
    return hone__elementwise(call, 3, where_row, &copy, error);
}

static hone_status check_where(const hone_node *node, hone_error *error) {
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_BYTES, error));
    if (node->inputs[0]->dtype == HONE_BOOL && node->inputs[1]->dtype == node->inputs[2]->dtype)
        return HONE_OK;
    return hone__unsupported(node, error, "its inputs differ in type");
}

const hone_op_family hone__family_where = {run_where, HONE__TAKES_INTEGER, check_where, NULL};

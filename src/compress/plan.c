/* SPDX-License-Identifier: Apache-2.0 */
/* What is quantized.
 *
 * Nodes with weights ask for a quantized input. From there the wish runs backwards through nodes
 * that integers can do; so everything between two weighted nodes is integers, and what comes after
 * the last one (softmax, detection decoders) stays float, computed from an exact float output.
 * Values that only move share parameters: a union-find tree over value ids. */
#include "base/error.h"
#include "compress/compress.h"
#include "passes/rewrite.h"
#include "runtime/lower/lower.h"

#include <string.h>

/* How the operator table says that an operator is quantized. */
typedef enum { WAY_no, WAY_weighted, WAY_follows, WAY_own, WAY_table } way;

static const uint8_t ways[HONE_OP_COUNT] = {
#define HONE_OP(name, in0, in1, out0, out1, shape, run, gradient, quantizes, ...)                  \
    [HONE_OP_##name] = WAY_##quantizes,
#include "graph/ops.def"
#undef HONE_OP
};

bool hone__is_float_scalar(const hone_value *value) {
    return hone__value_is_constant(value) && hone__value_is_float(value) && value->bytes == 4;
}

static bool is_activation(const hone_value *value) {
    return hone__value_is_float(value) &&
           (value->kind == HONE_VALUE_COMPUTED || value->kind == HONE_VALUE_INPUT);
}

uint32_t hone__qplan_root(const hone_qplan *plan, uint32_t value) {
    while (plan->values[value].parent != value) {
        uint32_t *parent = &plan->values[value].parent;
        *parent = plan->values[*parent].parent;
        value = *parent;
    }
    return value;
}

void hone__qplan_join(hone_qplan *plan, uint32_t a, uint32_t b) {
    uint32_t x = hone__qplan_root(plan, a), y = hone__qplan_root(plan, b);
    hone_qvalue *root = &plan->values[x < y ? x : y], *other = &plan->values[x < y ? y : x];
    if (x == y) return;
    other->parent = x < y ? x : y;
    if (other->low < root->low) root->low = other->low;
    if (other->high > root->high) root->high = other->high;
}

static bool kept_float(const hone_quantize_options *options, const hone_node *node) {
    for (uint32_t i = 0; options && i < options->float_node_count; i++)
        if (!strcmp(options->float_nodes[i], node->name)) return true;
    return false;
}

/* Operators of the table's "own" whose integer form the runtime has. */
static bool is_integer_sum(const hone_node *node) {
    return node->op == HONE_OP_Add || node->op == HONE_OP_Mul;
}

static bool is_integer_pool(const hone_node *node) {
    hone_pool2d_dims dims;
    bool average;
    return hone__pool_dims_of(node, &dims, &average) && average;
}

/* Both operands computed, or one a single number, which 8 bits hold exactly. */
static bool operands_fit(const hone_node *node) {
    uint32_t computed = 0;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (is_activation(node->inputs[i]))
            computed++;
        else if (!hone__is_float_scalar(node->inputs[i]))
            return false;
    }
    return computed > 0;
}

static bool is_nearest_resize(const hone_node *node) {
    return node->op == HONE_OP_Resize &&
           !strcmp(hone_node_string(node, "mode", "nearest"), "nearest");
}

static bool all_float(hone_value *const *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (values[i] && !is_activation(values[i])) return false;
    return count > 0;
}

static hone_qrole role_of_own(const hone_node *node) {
    if (node->op == HONE_OP_Concat)
        return all_float(node->inputs, node->input_count) ? HONE_QROLE_OWN : HONE_QROLE_FLOAT;
    if (is_nearest_resize(node)) return HONE_QROLE_SHARED;
    if (is_integer_sum(node)) return operands_fit(node) ? HONE_QROLE_OWN : HONE_QROLE_FLOAT;
    return is_integer_pool(node) ? HONE_QROLE_OWN : HONE_QROLE_FLOAT;
}

/* What the node could be, not looking at what comes behind it. */
static hone_qrole candidate(const hone_node *node) {
    hone_qweights weights;
    float low, high;
    if (node->input_count == 0 || node->output_count == 0 || !node->outputs[0])
        return HONE_QROLE_FLOAT;
    if (!is_activation(node->inputs[0]) && !is_integer_sum(node)) return HONE_QROLE_FLOAT;
    if (!all_float(node->outputs, node->output_count)) return HONE_QROLE_FLOAT;
    switch ((way)ways[node->op]) {
    case WAY_weighted:
        if (!hone__qweights_of(node, &weights)) return HONE_QROLE_FLOAT;
        return node->op == HONE_OP_ConvTranspose ? HONE_QROLE_WEIGHT_ONLY : HONE_QROLE_WEIGHTED;
    case WAY_follows:
        if (node->op == HONE_OP_Relu || node->op == HONE_OP_Clip)
            return hone__clamp_of(node, &low, &high) ? HONE_QROLE_OWN : HONE_QROLE_FLOAT;
        return HONE_QROLE_SHARED;
    case WAY_own:
        return role_of_own(node);
    case WAY_table:
        return HONE_QROLE_OWN;
    default:
        return HONE_QROLE_FLOAT;
    }
}

/* A clamp whose producer can do it on the way out, and whose value nobody else reads. */
static bool rides(const hone_qplan *plan, const hone_node *node) {
    const hone_value *input = node->input_count ? node->inputs[0] : NULL;
    const hone_node *before = input ? input->producer : NULL;
    float low, high;
    if (!before || !hone__clamp_of(node, &low, &high)) return false;
    if (plan->uses[input->id] != 1 || hone__is_graph_output(plan->graph, input)) return false;
    hone_qrole role = candidate(before);
    return role == HONE_QROLE_WEIGHTED || (role == HONE_QROLE_OWN && is_integer_sum(before));
}

hone_value *hone__qplan_result(const hone_qplan *plan, const hone_node *node) {
    hone_value *output = node->outputs[0];
    const hone_node *user = output ? plan->users[output->id] : NULL;
    if (user && user->id < plan->node_count && plan->roles[user->id] == HONE_QROLE_RIDER &&
        user->inputs[0] == output)
        return user->outputs[0];
    return output;
}

static void want_inputs(hone_qplan *plan, const hone_node *node, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (node->inputs[i] && is_activation(node->inputs[i]))
            plan->values[node->inputs[i]->id].wanted = true;
}

static bool any_output_wanted(const hone_qplan *plan, const hone_node *node) {
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] && plan->values[node->outputs[i]->id].wanted) return true;
    return plan->values[hone__qplan_result(plan, node)->id].wanted;
}

/* Input 0 and the outputs get the same parameters; all of them are quantized then. */
static void share(hone_qplan *plan, const hone_node *node) {
    want_inputs(plan, node, 1);
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (!node->outputs[i]) continue;
        plan->values[node->outputs[i]->id].wanted = true;
        hone__qplan_join(plan, node->inputs[0]->id, node->outputs[i]->id);
    }
}

/* Nodes are visited from the last to the first: what reads a node's outputs is decided. */
static void decide(hone_qplan *plan, const hone_quantize_options *options, const hone_node *node) {
    uint8_t *role = &plan->roles[node->id];
    if (*role == HONE_QROLE_RIDER) return;
    *role = (uint8_t)candidate(node);
    bool in_integers = *role == HONE_QROLE_OWN || *role == HONE_QROLE_SHARED;
    if (kept_float(options, node) || (in_integers && !any_output_wanted(plan, node)))
        *role = HONE_QROLE_FLOAT;
    if (*role == HONE_QROLE_WEIGHTED) want_inputs(plan, node, 1);
    if (*role == HONE_QROLE_OWN) want_inputs(plan, node, node->input_count);
    if (*role == HONE_QROLE_SHARED) share(plan, node);
    plan->weighted += *role == HONE_QROLE_WEIGHTED || *role == HONE_QROLE_WEIGHT_ONLY;
}

static hone_status allocate(hone_graph *graph, hone_qplan *plan, hone_error *error) {
    const hone_allocator *allocator = graph->arena.allocator;
    *plan = (hone_qplan){.allocator = allocator,
                         .graph = graph,
                         .value_count = graph->value_count,
                         .node_count = graph->node_count};
    plan->values = hone__calloc(allocator, plan->value_count, sizeof *plan->values);
    plan->uses = hone__calloc(allocator, plan->value_count, sizeof *plan->uses);
    plan->users = hone__calloc(allocator, plan->value_count, sizeof *plan->users);
    plan->roles = hone__calloc(allocator, plan->node_count, 1);
    if (plan->values && plan->uses && plan->users && plan->roles) return HONE_OK;
    hone__qplan_release(plan);
    return hone_fail_memory(error, plan->value_count * sizeof *plan->values);
}

static void look_at_uses(hone_qplan *plan) {
    hone_graph_count_uses(plan->graph, plan->uses);
    for (uint32_t i = 0; i < plan->value_count; i++) plan->values[i].parent = i;
    for (hone_node *node = plan->graph->first_node; node; node = node->next)
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i]) plan->users[node->inputs[i]->id] = node;
    for (hone_node *node = plan->graph->first_node; node; node = node->next)
        if (rides(plan, node)) plan->roles[node->id] = HONE_QROLE_RIDER;
}

hone_status hone__qplan_make(hone_graph *graph, const hone_quantize_options *options,
                             hone_qplan *plan, hone_error *error) {
    if (graph->value_count == 0 || graph->node_count == 0)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "the model computes nothing");
    HONE_TRY(allocate(graph, plan, error));
    look_at_uses(plan);
    for (const hone_node *node = graph->last_node; node; node = node->prev)
        decide(plan, options, node);
    if (plan->weighted > 0) return HONE_OK;
    hone__qplan_release(plan);
    return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                     "nothing to quantize: no Conv, Gemm or MatMul with constant float32 weights");
}

void hone__qplan_release(hone_qplan *plan) {
    for (uint32_t i = 0; plan->values && i < plan->value_count; i++)
        hone__free(plan->allocator, plan->values[i].histogram, sizeof(hone_histogram));
    hone__free(plan->allocator, plan->values, plan->value_count * sizeof *plan->values);
    hone__free(plan->allocator, plan->uses, plan->value_count * sizeof *plan->uses);
    hone__free(plan->allocator, plan->users, plan->value_count * sizeof *plan->users);
    hone__free(plan->allocator, plan->roles, plan->node_count);
    plan->values = NULL;
    plan->uses = NULL;
    plan->users = NULL;
    plan->roles = NULL;
}

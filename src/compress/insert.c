/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a plan into its graph: each wanted value is followed by QuantizeLinear and
 * DequantizeLinear, and all who read it read what comes out. A graph output stays the value that it
 * was. */
#include "base/error.h"
#include "compress/compress.h"

#include <stdio.h>
#include <string.h>

static hone_status parameters(hone_qplan *plan, const char *stem, const hone_qvalue *q,
                              hone_value **scale, hone_value **zero, hone_error *error) {
    const hone_shape scalar = {0};
    char name[160];
    HONE_TRY(hone__compress_name(plan->graph, stem, "scale", name, sizeof name));
    HONE_TRY(hone_graph_copy_constant(plan->graph, name, HONE_F32, &scalar, &q->scale,
                                      sizeof q->scale, NULL, scale, error));
    HONE_TRY(hone__compress_name(plan->graph, stem, "zero_point", name, sizeof name));
    return hone_graph_copy_constant(plan->graph, name, HONE_U8, &scalar, &q->zero, sizeof q->zero,
                                    NULL, zero, error);
}

static hone_status add_step(hone_graph *graph, hone_op op, const char *stem, const char *what,
                            hone_value *const *inputs, hone_node *before, hone_value **output,
                            hone_error *error) {
    char name[160];
    HONE_TRY(hone__compress_name(graph, stem, what, name, sizeof name));
    HONE_TRY(hone_graph_add_value(graph, name, output, error));
    return hone_graph_add_node(graph, op, name, inputs, 3, output, 1, before, NULL, error);
}

/* Q and DQ right behind the value's producer, or first of all for an input of the graph. */
static hone_status round_value(hone_qplan *plan, hone_value *value, hone_error *error) {
    hone_qvalue *q = &plan->values[value->id];
    const hone_qvalue *shared = &plan->values[hone__qplan_root(plan, value->id)];
    hone_node *before = value->producer ? value->producer->next : plan->graph->first_node;
    hone_value *inputs[3] = {value}, *stored, *result;
    HONE_TRY(parameters(plan, value->name, shared, &inputs[1], &inputs[2], error));
    HONE_TRY(add_step(plan->graph, HONE_OP_QuantizeLinear, value->name, "quantized", inputs, before,
                      &stored, error));
    inputs[0] = stored;
    HONE_TRY(add_step(plan->graph, HONE_OP_DequantizeLinear, value->name, "dequantized", inputs,
                      before, &result, error));
    q->dequantized = result;
    return HONE_OK;
}

/* A number between its parameters and one step: c is 255 (or 0) steps of |c| / 255. */
static hone_status round_scalar(hone_qplan *plan, hone_node *node, uint32_t index,
                                hone_error *error) {
    const hone_shape scalar = {0};
    hone_value *value = node->inputs[index], *inputs[3] = {0}, *result;
    char name[160];
    float number;
    memcpy(&number, value->data, sizeof number);
    hone_qvalue q = {.scale = number != 0 ? (number < 0 ? -number : number) / 255 : 1,
                     .zero = number < 0 ? 255 : 0};
    uint8_t steps = number > 0 ? 255 : 0;
    HONE_TRY(parameters(plan, value->name, &q, &inputs[1], &inputs[2], error));
    HONE_TRY(hone__compress_name(plan->graph, value->name, "quantized", name, sizeof name));
    const hone_shape *shape = value->shape.rank ? &value->shape : &scalar;
    HONE_TRY(hone_graph_copy_constant(plan->graph, name, HONE_U8, shape, &steps, 1, NULL,
                                      &inputs[0], error));
    HONE_TRY(add_step(plan->graph, HONE_OP_DequantizeLinear, value->name, "dequantized", inputs,
                      node, &result, error));
    return hone_node_set_input(plan->graph, node, index, result, error);
}

static hone_status round_scalars(hone_qplan *plan, hone_node *node, hone_error *error) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (hone__is_float_scalar(node->inputs[i])) HONE_TRY(round_scalar(plan, node, i, error));
    return HONE_OK;
}

static bool is_sum(const hone_node *node) {
    return node->op == HONE_OP_Add || node->op == HONE_OP_Mul;
}

static hone_status insert_constants(hone_qplan *plan, hone_node *node, hone_error *error) {
    hone_qrole role = (hone_qrole)plan->roles[node->id];
    if (role == HONE_QROLE_WEIGHTED) {
        uint32_t root = hone__qplan_root(plan, node->inputs[0]->id);
        return hone__qweights_insert(plan->graph, node, plan->values[root].scale, error);
    }
    if (role == HONE_QROLE_WEIGHT_ONLY) return hone__qweights_insert(plan->graph, node, 0, error);
    if (role == HONE_QROLE_OWN && is_sum(node)) return round_scalars(plan, node, error);
    return HONE_OK;
}

/* Readers turn to the rounded value; the new QuantizeLinear has no entry in the tables. */
static hone_status redirect(hone_qplan *plan, hone_node *node, hone_error *error) {
    if (node->id >= plan->node_count) return HONE_OK;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const hone_value *value = node->inputs[i];
        if (!value || value->id >= plan->value_count) continue;
        hone_value *rounded = plan->values[value->id].dequantized;
        if (rounded) HONE_TRY(hone_node_set_input(plan->graph, node, i, rounded, error));
    }
    return HONE_OK;
}

hone_status hone__qplan_insert(hone_qplan *plan, hone_error *error) {
    hone_graph *graph = plan->graph;
    for (hone_node *node = graph->first_node; node; node = node->next)
        if (node->id < plan->node_count) HONE_TRY(insert_constants(plan, node, error));
    for (hone_value *value = graph->first_value; value; value = value->next) {
        if (value->id >= plan->value_count) break;
        if (plan->values[value->id].wanted) HONE_TRY(round_value(plan, value, error));
    }
    for (hone_node *node = graph->first_node; node; node = node->next)
        HONE_TRY(redirect(plan, node, error));
    HONE_TRY(hone_graph_verify(graph, error));
    return hone_graph_infer(graph, error);
}

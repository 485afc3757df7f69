/* SPDX-License-Identifier: Apache-2.0 */
/* See rewrite.h. */
#include "passes/rewrite.h"

bool hone__is_graph_output(const hone_graph *graph, const hone_value *value) {
    for (uint32_t i = 0; i < graph->output_count; ++i) {
        if (graph->outputs[i] == value) return true;
    }
    return false;
}

void hone__take_over_output(hone_graph *graph, hone_node *node, uint32_t index, hone_value *value) {
    hone_value *old = node->outputs[index];
    hone_graph_replace_uses(graph, old, value);
    node->outputs[index] = value;
    value->producer = node;
    value->dtype = old->dtype;
    value->shape = old->shape;
    old->producer = NULL;
}

static uint32_t output_index(const hone_node *node, const hone_value *value) {
    uint32_t index = 0;
    while (node->outputs[index] != value) ++index;
    return index;
}

bool hone__bypass(hone_graph *graph, hone_node *node, hone_value *source) {
    hone_value *result = node->outputs[0];
    hone_node *producer = source->producer;
    if (!hone__is_graph_output(graph, result)) {
        hone_graph_replace_uses(graph, result, source);
        hone_graph_remove_node(graph, node);
        return true;
    }
    if (source->kind != HONE_VALUE_COMPUTED || producer == NULL) return false;
    if (hone__is_graph_output(graph, source)) return false;
    hone_graph_remove_node(graph, node);
    hone__take_over_output(graph, producer, output_index(producer, source), result);
    return true;
}

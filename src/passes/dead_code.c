/* SPDX-License-Identifier: Apache-2.0 */
/* Removes nodes whose results nobody uses, last first, so that one walk is enough; and optional
 * outputs that nobody uses, so that nothing computes them (MaxPool's indices, an LSTM's last
 * state). */
#include "base/alloc.h"
#include "base/error.h"
#include "passes/passes.h"

static bool is_used(const hone_node *node, const uint32_t *uses) {
    for (uint32_t i = 0; i < node->output_count; ++i) {
        if (node->outputs[i] != NULL && uses[node->outputs[i]->id] > 0) return true;
    }
    return false;
}

static void forget_inputs(const hone_node *node, uint32_t *uses) {
    for (uint32_t i = 0; i < node->input_count; ++i) {
        if (node->inputs[i] != NULL) uses[node->inputs[i]->id]--;
    }
}

/* Variadic outputs (Split, If) are left: their number means something. */
static bool drop_outputs(hone_node *node, const uint32_t *uses) {
    const hone_op_info *info = hone_op_get(node->op);
    bool changed = false;
    for (uint32_t i = info->min_outputs; info->max_outputs != 255 && i < node->output_count; ++i) {
        hone_value *value = node->outputs[i];
        if (value == NULL || uses[value->id] > 0) continue;
        value->producer = NULL;
        node->outputs[i] = NULL;
        changed = true;
    }
    return changed;
}

hone_status hone__pass_dead_code(hone_graph *graph, bool *changed, hone_error *error) {
    const hone_allocator *allocator = graph->arena.allocator;
    size_t bytes = (graph->value_count + 1u) * sizeof(uint32_t);
    uint32_t *uses = hone__alloc(allocator, bytes, 1);
    *changed = false;
    if (uses == NULL) return hone_fail_memory(error, bytes);
    hone_graph_count_uses(graph, uses);
    for (hone_node *node = graph->last_node, *before; node != NULL; node = before) {
        before = node->prev;
        if (is_used(node, uses)) {
            *changed = drop_outputs(node, uses) || *changed;
            continue;
        }
        forget_inputs(node, uses);
        hone_graph_remove_node(graph, node);
        *changed = true;
    }
    hone__free(allocator, uses, bytes);
    return HONE_OK;
}

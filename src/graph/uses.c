/* SPDX-License-Identifier: Apache-2.0 */
/* Who uses a value, and replacing it. */
#include "base/error.h"
#include "graph/graph.h"
#include "graph/internal.h"

#include <string.h>

/* Uses inside subgraphs are by name, through values of kind OUTER. */
static void count_outer(const hone_graph *main, const hone_graph *sub, uint32_t *uses) {
    for (const hone_value *value = sub->first_value; value; value = value->next) {
        if (value->kind != HONE_VALUE_OUTER) continue;
        const hone_value *target = hone_graph_find_value(main, value->name);
        if (target) uses[target->id]++;
    }
    for (const hone_graph *s = sub->first_subgraph; s; s = s->next_subgraph)
        count_outer(main, s, uses);
}

void hone_graph_count_uses(const hone_graph *graph, uint32_t *uses) {
    memset(uses, 0, graph->value_count * sizeof *uses);
    for (const hone_node *node = graph->first_node; node; node = node->next)
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i]) uses[node->inputs[i]->id]++;
    for (uint32_t i = 0; i < graph->output_count; i++) uses[graph->outputs[i]->id]++;
    for (const hone_graph *s = graph->first_subgraph; s; s = s->next_subgraph)
        count_outer(graph, s, uses);
}

static void rename_outer(hone_graph *sub, const hone_value *old, const hone_value *with) {
    hone_value *value = hone_graph_find_value(sub, old->name);
    /* The table finds it under its old name still; lookups go by the value's own name afterwards.
     */
    if (value && value->kind == HONE_VALUE_OUTER) value->name = with->name;
    for (hone_graph *s = sub->first_subgraph; s; s = s->next_subgraph) rename_outer(s, old, with);
}

void hone_graph_replace_uses(hone_graph *graph, hone_value *old, hone_value *with) {
    for (hone_node *node = graph->first_node; node; node = node->next)
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] == old) node->inputs[i] = with;
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i] == old) graph->outputs[i] = with;
    for (hone_graph *s = graph->first_subgraph; s; s = s->next_subgraph) rename_outer(s, old, with);
}

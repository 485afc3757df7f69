/* SPDX-License-Identifier: Apache-2.0 */
/* Symbolic dimensions: dim -1 - i is symbols[i] of the main graph. */
#include "base/error.h"
#include "graph/graph.h"
#include "graph/internal.h"

#include <stdio.h>
#include <string.h>

/* Subgraphs speak of the main graph's symbols. */
static const hone_graph *root_of(const hone_graph *graph) {
    while (graph->parent) graph = graph->parent;
    return graph;
}

#define FIRST_SLOTS 16

static uint32_t *slot_of(const hone_graph *graph, const char *name) {
    uint32_t mask = graph->symbol_slot_count - 1, at = hone__name_hash(name) & mask;
    while (graph->symbol_slots[at] && strcmp(graph->symbols[graph->symbol_slots[at] - 1], name))
        at = (at + 1) & mask;
    return &graph->symbol_slots[at];
}

static bool grow_slots(hone_graph *graph) {
    uint32_t count = graph->symbol_slot_count ? graph->symbol_slot_count * 2 : FIRST_SLOTS;
    uint32_t *slots = hone__arena_alloc(&graph->arena, count, sizeof *slots);
    if (!slots) return false;
    graph->symbol_slots = slots;
    graph->symbol_slot_count = count;
    for (uint32_t i = 0; i < graph->symbol_count; i++) *slot_of(graph, graph->symbols[i]) = i + 1;
    return true;
}

static hone_status add_symbol(hone_graph *graph, const char *name, int64_t *dim,
                              hone_error *error) {
    const char *copy = hone__arena_text(&graph->arena, name, strlen(name));
    void *grown =
        copy ? hone__array_push(graph, graph->symbols, graph->symbol_count, sizeof copy, &copy)
             : NULL;
    if (!grown) return hone_fail_memory(error, strlen(name));
    graph->symbols = grown;
    *dim = -1 - (int64_t)graph->symbol_count++;
    *slot_of(graph, name) = graph->symbol_count;
    return HONE_OK;
}

hone_status hone_graph_symbol(hone_graph *graph, const char *name, int64_t *dim,
                              hone_error *error) {
    char made[32];
    while (graph->parent) graph = graph->parent;
    if (!name || !*name) {
        snprintf(made, sizeof made, "?%u", graph->symbol_count);
        name = made;
    }
    if (graph->symbol_count * 2 >= graph->symbol_slot_count && !grow_slots(graph))
        return hone_fail_memory(error, graph->symbol_count * 2 * sizeof(uint32_t));
    uint32_t found = *slot_of(graph, name);
    if (!found) return add_symbol(graph, name, dim, error);
    *dim = -(int64_t)found;
    return HONE_OK;
}

const char *hone_graph_symbol_name(const hone_graph *graph, int64_t dim) {
    graph = root_of(graph);
    return dim < 0 && -1 - dim < (int64_t)graph->symbol_count ? graph->symbols[-1 - dim] : "?";
}

static void bind_shape(hone_shape *shape, int64_t dim, int64_t size) {
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dim[i] == dim) shape->dim[i] = size;
}

void hone_graph_bind_symbol(hone_graph *graph, int64_t dim, int64_t size) {
    for (hone_value *value = graph->first_value; value; value = value->next)
        bind_shape(&value->shape, dim, size);
    for (hone_graph *sub = graph->first_subgraph; sub; sub = sub->next_subgraph)
        hone_graph_bind_symbol(sub, dim, size);
}

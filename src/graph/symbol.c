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

hone_status hone_graph_symbol(hone_graph *graph, const char *name, int64_t *dim,
                              hone_error *error) {
    char made[32];
    while (graph->parent) graph = graph->parent;
    if (!name || !*name) {
        snprintf(made, sizeof made, "?%u", graph->symbol_count);
        name = made;
    }
    for (uint32_t i = 0; i < graph->symbol_count; i++)
        if (!strcmp(graph->symbols[i], name)) {
            *dim = -1 - (int64_t)i;
            return HONE_OK;
        }
    const char *copy = hone__arena_text(&graph->arena, name, strlen(name));
    void *grown =
        copy ? hone__array_push(graph, graph->symbols, graph->symbol_count, sizeof copy, &copy)
             : NULL;
    if (!grown) return hone_fail_memory(error, strlen(name));
    graph->symbols = grown;
    *dim = -1 - (int64_t)graph->symbol_count++;
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

/* SPDX-License-Identifier: Apache-2.0 */
/* Topological order: depth-first, with a stack of our own, since a hostile graph may be a million
 * nodes deep. Nodes that are in order already stay where they are. */
#include "base/error.h"
#include "graph/graph.h"

typedef enum { WAITING = 0, STACKED, PLACED } node_state;

typedef struct {
    const hone_graph *graph;
    uint8_t *state;    /* by node id */
    hone_node **stack; /* the path of nodes that wait for the next one's result */
    uint32_t depth;
    hone_node *first, *last; /* what is placed */
} sorter;

static hone_node *unplaced(const sorter *s, const hone_value *value) {
    hone_node *producer = value ? value->producer : NULL;
    return producer && s->state[producer->id] != PLACED ? producer : NULL;
}

/* A subgraph uses values of the graph around it by name. */
static hone_node *unplaced_outer(const sorter *s, const hone_graph *sub) {
    hone_node *found = NULL;
    for (const hone_value *value = sub->first_value; value && !found; value = value->next)
        if (value->kind == HONE_VALUE_OUTER)
            found = unplaced(s, hone_graph_find_value(s->graph, value->name));
    for (const hone_graph *deeper = sub->first_subgraph; deeper && !found;
         deeper = deeper->next_subgraph)
        found = unplaced_outer(s, deeper);
    return found;
}

static hone_node *unplaced_dependency(const sorter *s, const hone_node *node) {
    hone_node *found = NULL;
    for (uint32_t i = 0; i < node->input_count && !found; i++) found = unplaced(s, node->inputs[i]);
    for (const hone_attr *attr = node->attrs; attr && !found; attr = attr->next)
        if (attr->kind == HONE_ATTR_GRAPH) found = unplaced_outer(s, attr->as.graph);
    return found;
}

/* Only prev is written: the walk over the old order still needs next. */
static void place(sorter *s, hone_node *node) {
    s->state[node->id] = PLACED;
    node->prev = s->last;
    if (!s->first) s->first = node;
    s->last = node;
}

static void push(sorter *s, hone_node *node) {
    s->state[node->id] = STACKED;
    s->stack[s->depth++] = node;
}

static hone_status visit(sorter *s, hone_node *node, hone_error *error) {
    if (s->state[node->id] == PLACED) return HONE_OK;
    push(s, node);
    while (s->depth) {
        hone_node *top = s->stack[s->depth - 1], *needed = unplaced_dependency(s, top);
        if (!needed)
            place(s, s->stack[--s->depth]);
        else if (s->state[needed->id] == STACKED)
            return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                             "node '%s' waits for its own result: the graph has a cycle",
                             needed->name);
        else
            push(s, needed);
    }
    return HONE_OK;
}

static void link_backwards(hone_graph *graph, const sorter *s) {
    hone_node *after = NULL;
    for (hone_node *node = s->last; node; node = node->prev) {
        node->next = after;
        after = node;
    }
    graph->first_node = s->first;
    graph->last_node = s->last;
}

/* After a cycle was found: the old order, whose prev links were half rewritten. */
static void restore(hone_graph *graph) {
    hone_node *before = NULL;
    for (hone_node *node = graph->first_node; node; node = node->next) {
        node->prev = before;
        before = node;
    }
}

hone_status hone_graph_sort(hone_graph *graph, hone_error *error) {
    const hone_allocator *allocator = graph->arena.allocator;
    sorter s = {.graph = graph};
    s.state = hone__calloc(allocator, graph->node_count, 1);
    s.stack = hone__calloc(allocator, graph->node_count, sizeof *s.stack);
    hone_status status = HONE_OK;
    if (!s.state || !s.stack) status = hone_fail_memory(error, graph->node_count * sizeof *s.stack);
    for (hone_node *node = graph->first_node; node && status == HONE_OK; node = node->next)
        status = visit(&s, node, error);
    if (status == HONE_OK)
        link_backwards(graph, &s);
    else
        restore(graph);
    hone__free(allocator, s.stack, graph->node_count * sizeof *s.stack);
    hone__free(allocator, s.state, graph->node_count);
    return status;
}

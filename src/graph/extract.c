/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a graph as graphs of their own; a branch put in the place of its If.
 *
 * An extracted graph borrows names' bytes nowhere but attributes and constants from the graph it
 * came from, which must outlive it. */
#include "base/error.h"
#include "graph/graph.h"
#include "graph/internal.h"

#include <string.h>

typedef struct extraction {
    const hone_graph *from;
    hone_graph *to;
    hone_value **map; /* by old value id */
} extraction;

static hone_status copy_value(extraction *x, const hone_value *value, hone_value **copy,
                              hone_error *error) {
    *copy = value ? x->map[value->id] : NULL;
    if (!value || *copy) return HONE_OK;
    if (value->kind == HONE_VALUE_CONSTANT) {
        HONE_TRY(hone_graph_add_constant(x->to, value->name, value->dtype, &value->shape,
                                         value->data, value->bytes, copy, error));
    } else {
        HONE_TRY(hone_graph_add_value(x->to, value->name, copy, error));
        (*copy)->dtype = value->dtype;
        (*copy)->shape = value->shape;
        (*copy)->type = value->type;
    }
    x->map[value->id] = *copy;
    return HONE_OK;
}

static hone_status copy_values(extraction *x, hone_value *const *from, uint32_t count,
                               hone_value ***to, hone_error *error) {
    *to = hone__arena_alloc(&x->to->arena, count, sizeof **to);
    if (!*to) return hone_fail_memory(error, count * sizeof **to);
    for (uint32_t i = 0; i < count; i++) HONE_TRY(copy_value(x, from[i], &(*to)[i], error));
    return HONE_OK;
}

/* ---- what subgraphs take from around them ---- */

typedef struct name_list {
    const char **names;
    uint32_t count;
} name_list;

static hone_status add_name(hone_graph *graph, name_list *list, const char *name,
                            hone_error *error) {
    for (uint32_t i = 0; i < list->count; i++)
        if (!strcmp(list->names[i], name)) return HONE_OK;
    void *grown = hone__array_push(graph, list->names, list->count, sizeof name, &name);
    if (!grown) return hone_fail_memory(error, sizeof name);
    list->names = grown;
    list->count++;
    return HONE_OK;
}

/* What `sub` takes from around it, deeper graphs included; names live in `sub`'s family. */
static hone_status collect_captures(hone_graph *memory, const hone_graph *sub, name_list *list,
                                    hone_error *error) {
    for (const hone_value *value = sub->first_value; value; value = value->next)
        if (value->kind == HONE_VALUE_OUTER) HONE_TRY(add_name(memory, list, value->name, error));
    for (const hone_graph *deeper = sub->first_subgraph; deeper; deeper = deeper->next_subgraph) {
        name_list inner = {0};
        HONE_TRY(collect_captures(memory, deeper, &inner, error));
        for (uint32_t i = 0; i < inner.count; i++) {
            const hone_value *own = hone_graph_find_value(sub, inner.names[i]);
            if (!own || own->kind == HONE_VALUE_OUTER)
                HONE_TRY(add_name(memory, list, inner.names[i], error));
        }
    }
    return HONE_OK;
}

/* Values that only a subgraph names are needed too. */
static hone_status copy_captured(extraction *x, const hone_graph *sub, hone_error *error) {
    name_list list = {0};
    hone_value *copy;
    HONE_TRY(collect_captures(x->to, sub, &list, error));
    for (uint32_t i = 0; i < list.count; i++) {
        const hone_value *value = hone_graph_find_value(x->from, list.names[i]);
        if (value) HONE_TRY(copy_value(x, value, &copy, error));
    }
    return HONE_OK;
}

/* ---- extracting ---- */

static hone_status copy_node(extraction *x, const hone_node *node, hone_node *before,
                             hone_error *error) {
    hone_value **inputs, **outputs;
    hone_node *copy;
    HONE_TRY(copy_values(x, node->inputs, node->input_count, &inputs, error));
    HONE_TRY(copy_values(x, node->outputs, node->output_count, &outputs, error));
    HONE_TRY(hone_graph_add_node(x->to, node->op, node->name, inputs, node->input_count, outputs,
                                 node->output_count, before, &copy, error));
    copy->foreign = node->foreign;
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next) {
        HONE_TRY(hone_node_put_attr(x->to, copy, attr, error));
        if (attr->kind == HONE_ATTR_GRAPH) HONE_TRY(copy_captured(x, attr->as.graph, error));
    }
    return HONE_OK;
}

static hone_status share(extraction *x, hone_error *error) {
    const hone_graph *root = x->from;
    int64_t dim;
    while (root->parent) root = root->parent;
    for (const struct hone_blob_ref *ref = root->blobs; ref; ref = ref->next)
        HONE_TRY(hone_graph_hold(x->to, ref->blob, error));
    for (uint32_t i = 0; i < root->symbol_count; i++)
        HONE_TRY(hone_graph_symbol(x->to, root->symbols[i], &dim, error));
    x->to->name = x->from->name;
    x->to->source_opset = x->from->source_opset;
    return HONE_OK;
}

static hone_status extract(extraction *x, const hone_cut *cut, hone_error *error) {
    hone_value *copy;
    HONE_TRY(share(x, error));
    for (uint32_t i = 0; i < cut->input_count; i++) {
        HONE_TRY(copy_value(x, cut->inputs[i], &copy, error));
        HONE_TRY(hone_graph_add_input(x->to, copy, error));
    }
    for (uint32_t i = 0; i < cut->node_count; i++)
        HONE_TRY(copy_node(x, cut->nodes[i], NULL, error));
    for (uint32_t i = 0; i < cut->output_count; i++) {
        HONE_TRY(copy_value(x, cut->outputs[i], &copy, error));
        HONE_TRY(hone_graph_add_output(x->to, copy, error));
    }
    return HONE_OK;
}

hone_status hone_graph_extract(const hone_graph *graph, const hone_cut *cut,
                               const hone_allocator *allocator, hone_graph **part,
                               hone_error *error) {
    extraction x = {.from = graph};
    *part = NULL;
    HONE_TRY(hone_graph_new(allocator, &x.to, error));
    x.map = hone__calloc(allocator, graph->value_count + 1u, sizeof *x.map);
    hone_status status = x.map ? extract(&x, cut, error) : hone_fail_memory(error, sizeof *x.map);
    hone__free(allocator, x.map, (graph->value_count + 1u) * sizeof *x.map);
    if (status == HONE_OK)
        *part = x.to;
    else
        hone_graph_free(x.to);
    return status;
}

/* ---- whole graphs ---- */

static uint32_t count_nodes(const hone_graph *graph) {
    uint32_t count = 0;
    for (const hone_node *node = graph->first_node; node; node = node->next) count++;
    return count;
}

static hone_status close_over(hone_graph *graph, const name_list *captures, hone_error *error) {
    for (uint32_t i = 0; i < captures->count; i++) {
        hone_value *value = hone_graph_find_value(graph, captures->names[i]);
        if (!value) HONE_TRY(hone_graph_add_value(graph, captures->names[i], &value, error));
        HONE_TRY(hone_graph_add_input(graph, value, error));
    }
    return HONE_OK;
}

hone_status hone_graph_extract_all(const hone_graph *graph, const hone_allocator *allocator,
                                   hone_graph **whole, hone_error *error) {
    hone_cut cut = {.inputs = graph->inputs,
                    .input_count = graph->input_count,
                    .outputs = graph->outputs,
                    .output_count = graph->output_count,
                    .node_count = count_nodes(graph)};
    name_list captures = {0};
    hone_node **nodes = hone__alloc(allocator, cut.node_count + 1u, sizeof(hone_node *));
    *whole = NULL;
    if (!nodes) return hone_fail_memory(error, cut.node_count * sizeof *nodes);
    uint32_t at = 0;
    for (hone_node *node = graph->first_node; node; node = node->next) nodes[at++] = node;
    cut.nodes = nodes;
    hone_status status = hone_graph_extract(graph, &cut, allocator, whole, error);
    if (status == HONE_OK) status = collect_captures(*whole, graph, &captures, error);
    if (status == HONE_OK && graph->parent) status = close_over(*whole, &captures, error);
    hone__free(allocator, nodes, (cut.node_count + 1u) * sizeof *nodes);
    if (status == HONE_OK) return HONE_OK;
    hone_graph_free(*whole);
    *whole = NULL;
    return status;
}

hone_status hone_graph_captures(hone_graph *memory, const hone_graph *sub,
                                const char *const **names, uint32_t *count, hone_error *error) {
    name_list list = {0};
    HONE_TRY(collect_captures(memory, sub, &list, error));
    *names = list.names;
    *count = list.count;
    return HONE_OK;
}

/* ---- a branch in the place of its If ---- */

/* Deeper graphs know values by name, so these must stay as they are. */
static bool names_stay_free(const hone_graph *graph, const hone_graph *branch) {
    if (!branch->first_subgraph) return true;
    for (const hone_value *value = branch->first_value; value; value = value->next)
        if (value->kind != HONE_VALUE_OUTER && hone_graph_find_value(graph, value->name))
            return false;
    return true;
}

static hone_status adopt_value(extraction *x, const hone_value *value, hone_error *error) {
    hone_value *copy = hone_graph_find_value(x->to, value->name);
    if (value->kind == HONE_VALUE_OUTER && !copy)
        return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET, "nothing makes the value '%s'",
                         value->name);
    if (value->kind != HONE_VALUE_OUTER) {
        HONE_TRY(hone_graph_add_value(x->to, copy ? NULL : value->name, &copy, error));
        const char *name = copy->name;
        uint32_t id = copy->id;
        copy->dtype = value->dtype, copy->shape = value->shape, copy->type = value->type;
        copy->kind = value->kind, copy->data = value->data, copy->bytes = value->bytes;
        copy->name = name, copy->id = id;
    }
    x->map[value->id] = copy;
    return HONE_OK;
}

static void adopt_subgraphs(hone_graph *graph, hone_graph *branch) {
    while (branch->first_subgraph) {
        hone_graph *sub = branch->first_subgraph;
        branch->first_subgraph = sub->next_subgraph;
        sub->parent = graph;
        sub->next_subgraph = graph->first_subgraph;
        graph->first_subgraph = sub;
    }
}

static hone_status inline_nodes(extraction *x, hone_node *node, const hone_graph *branch,
                                hone_error *error) {
    for (const hone_value *v = branch->first_value; v; v = v->next)
        HONE_TRY(adopt_value(x, v, error));
    for (const hone_node *n = branch->first_node; n; n = n->next)
        HONE_TRY(copy_node(x, n, node, error));
    hone_node *after = node->next;
    hone_graph_remove_node(x->to, node);
    for (uint32_t i = 0; i < node->output_count && i < branch->output_count; i++) {
        hone_value *result = x->map[branch->outputs[i]->id];
        if (node->outputs[i])
            HONE_TRY(hone_graph_add_node(x->to, HONE_OP_Identity, NULL, &result, 1,
                                         &node->outputs[i], 1, after, NULL, error));
    }
    return HONE_OK;
}

hone_status hone_graph_inline_branch(hone_graph *graph, hone_node *node, hone_graph *branch,
                                     bool *done, hone_error *error) {
    *done = false;
    if (branch->input_count || branch->output_count < node->output_count ||
        !names_stay_free(graph, branch))
        return HONE_OK;
    const hone_allocator *allocator = graph->arena.allocator;
    extraction x = {.from = branch, .to = graph};
    x.map = hone__calloc(allocator, branch->value_count + 1u, sizeof *x.map);
    if (!x.map) return hone_fail_memory(error, branch->value_count * sizeof *x.map);
    hone_status status = inline_nodes(&x, node, branch, error);
    hone__free(allocator, x.map, (branch->value_count + 1u) * sizeof *x.map);
    if (status == HONE_OK) adopt_subgraphs(graph, branch);
    *done = status == HONE_OK;
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Copying a graph: live nodes and the values they touch; constants' bytes stay shared. */
#include "base/error.h"
#include "graph/graph.h"
#include "graph/internal.h"

#include <string.h>

typedef struct {
    const hone_graph *from;
    hone_graph *to;
    hone_value **map; /* by old value id */
} cloner;

static hone_status clone_into(const hone_graph *from, hone_graph *to, hone_error *error);

/* Small constants live in the old graph's arena, which dies with it: they are copied. Others are in
 * held blobs. */
static bool in_blob(const hone_graph *graph, const void *data) {
    return hone_graph_find_blob(graph, data) != NULL;
}

static hone_status clone_constant(cloner *c, const hone_value *value, hone_value **copy,
                                  hone_error *error) {
    if (in_blob(c->from, value->data))
        return hone_graph_add_constant(c->to, value->name, value->dtype, &value->shape, value->data,
                                       value->bytes, copy, error);
    return hone_graph_copy_constant(c->to, value->name, value->dtype, &value->shape, value->data,
                                    value->bytes, NULL, copy, error);
}

static hone_status clone_value(cloner *c, hone_value *value, hone_value **copy, hone_error *error) {
    *copy = value ? c->map[value->id] : NULL;
    if (!value || *copy) return HONE_OK;
    if (value->kind == HONE_VALUE_CONSTANT) {
        HONE_TRY(clone_constant(c, value, copy, error));
    } else {
        HONE_TRY(hone_graph_add_value(c->to, value->name, copy, error));
        (*copy)->dtype = value->dtype;
        (*copy)->shape = value->shape;
        (*copy)->kind = value->kind;
        (*copy)->type = value->type;
    }
    c->map[value->id] = *copy;
    return HONE_OK;
}

static void *copy_bytes(cloner *c, const void *data, size_t count, size_t size) {
    void *copy = hone__arena_alloc(&c->to->arena, count, size);
    if (copy && count && data) memcpy(copy, data, count * size);
    return copy;
}

static bool clone_strings(cloner *c, hone_attr *attr) {
    hone_text_ref *texts = copy_bytes(c, attr->as.strings, attr->count, sizeof *texts);
    for (uint32_t i = 0; texts && i < attr->count; i++)
        if (!(texts[i].data = hone__arena_text(&c->to->arena, texts[i].data, texts[i].length)))
            return false;
    attr->as.strings = texts;
    return texts != NULL;
}

static bool clone_tensor(cloner *c, hone_attr *attr) {
    hone_tensor *tensor = copy_bytes(c, attr->as.tensor, 1, sizeof *tensor);
    if (tensor && !in_blob(c->from, tensor->data))
        tensor->data = copy_bytes(c, tensor->data, tensor->bytes, 1);
    attr->as.tensor = tensor;
    return tensor && tensor->data;
}

/* Constants and inputs that only a subgraph names are alive too. */
static hone_status clone_captured(cloner *c, const hone_graph *sub, hone_error *error) {
    hone_value *copy;
    for (const hone_value *value = sub->first_value; value; value = value->next) {
        if (value->kind != HONE_VALUE_OUTER) continue;
        hone_value *target = hone_graph_find_value(c->from, value->name);
        if (target) HONE_TRY(clone_value(c, target, &copy, error));
    }
    for (const hone_graph *s = sub->first_subgraph; s; s = s->next_subgraph)
        HONE_TRY(clone_captured(c, s, error));
    return HONE_OK;
}

static hone_status clone_subgraph(cloner *c, hone_attr *attr, hone_error *error) {
    hone_graph *sub;
    HONE_TRY(clone_captured(c, attr->as.graph, error));
    HONE_TRY(hone_graph_new_sub(c->to, &sub, error));
    const hone_graph *from = attr->as.graph;
    attr->as.graph = sub;
    return clone_into(from, sub, error);
}

static hone_status clone_attr(cloner *c, const hone_attr *from, hone_node *node,
                              hone_error *error) {
    hone_attr attr = *from;
    bool done = true;
    attr.name = hone__arena_text(&c->to->arena, from->name, strlen(from->name));
    switch (attr.kind) {
    case HONE_ATTR_INT:
    case HONE_ATTR_FLOAT:
        break;
    case HONE_ATTR_STRING:
        done = (attr.as.s.data =
                    hone__arena_text(&c->to->arena, attr.as.s.data, attr.as.s.length)) != NULL;
        break;
    case HONE_ATTR_INTS:
        done = (attr.as.ints = copy_bytes(c, attr.as.ints, attr.count, sizeof(int64_t))) != NULL;
        break;
    case HONE_ATTR_FLOATS:
        done = (attr.as.floats = copy_bytes(c, attr.as.floats, attr.count, sizeof(float))) != NULL;
        break;
    case HONE_ATTR_STRINGS:
        done = clone_strings(c, &attr);
        break;
    case HONE_ATTR_TENSOR:
        done = clone_tensor(c, &attr);
        break;
    case HONE_ATTR_GRAPH:
        HONE_TRY(clone_subgraph(c, &attr, error));
        break;
    }
    if (!done || !attr.name) return hone_fail_memory(error, sizeof attr);
    return hone_node_put_attr(c->to, node, &attr, error);
}

static hone_status clone_values(cloner *c, hone_value *const *from, uint32_t count,
                                hone_value ***to, hone_error *error) {
    *to = hone__arena_alloc(&c->to->arena, count, sizeof **to);
    if (!*to) return hone_fail_memory(error, count * sizeof **to);
    for (uint32_t i = 0; i < count; i++) HONE_TRY(clone_value(c, from[i], &(*to)[i], error));
    return HONE_OK;
}

static hone_status clone_node(cloner *c, const hone_node *node, hone_error *error) {
    hone_value **inputs, **outputs;
    hone_node *copy;
    HONE_TRY(clone_values(c, node->inputs, node->input_count, &inputs, error));
    HONE_TRY(clone_values(c, node->outputs, node->output_count, &outputs, error));
    HONE_TRY(hone_graph_add_node(c->to, node->op, node->name, inputs, node->input_count, outputs,
                                 node->output_count, NULL, &copy, error));
    if (node->foreign) {
        copy->foreign = hone__arena_text(&c->to->arena, node->foreign, strlen(node->foreign));
        if (!copy->foreign) return hone_fail_memory(error, strlen(node->foreign));
    }
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next)
        HONE_TRY(clone_attr(c, attr, copy, error));
    return HONE_OK;
}

static hone_status clone_ports(cloner *c, hone_error *error) {
    hone_value *copy;
    for (uint32_t i = 0; i < c->from->input_count; i++) {
        HONE_TRY(clone_value(c, c->from->inputs[i], &copy, error));
        HONE_TRY(hone_graph_add_input(c->to, copy, error));
    }
    for (const hone_node *node = c->from->first_node; node; node = node->next)
        HONE_TRY(clone_node(c, node, error));
    for (uint32_t i = 0; i < c->from->output_count; i++) {
        HONE_TRY(clone_value(c, c->from->outputs[i], &copy, error));
        HONE_TRY(hone_graph_add_output(c->to, copy, error));
    }
    return HONE_OK;
}

/* Outer values that no node of the subgraph names directly are reached by deeper subgraphs on their
 * own. */
static hone_status clone_into(const hone_graph *from, hone_graph *to, hone_error *error) {
    cloner c = {.from = from, .to = to};
    size_t bytes = from->value_count * sizeof *c.map;
    c.map = hone__calloc(to->arena.allocator, from->value_count, sizeof *c.map);
    if (!c.map) return hone_fail_memory(error, bytes);
    to->name = hone__arena_text(&to->arena, from->name, strlen(from->name));
    to->source_opset = from->source_opset;
    hone_status status = to->name ? clone_ports(&c, error) : hone_fail_memory(error, 1);
    hone__free(to->arena.allocator, c.map, bytes);
    return status;
}

static hone_status share(const hone_graph *from, hone_graph *to, hone_error *error) {
    int64_t dim;
    for (const struct hone_blob_ref *ref = from->blobs; ref; ref = ref->next)
        HONE_TRY(hone_graph_hold(to, ref->blob, error));
    for (uint32_t i = 0; i < from->symbol_count; i++)
        HONE_TRY(hone_graph_symbol(to, from->symbols[i], &dim, error));
    return HONE_OK;
}

hone_status hone_graph_clone(const hone_graph *graph, hone_graph **copy, hone_error *error) {
    HONE_TRY(hone_graph_new(graph->arena.allocator, copy, error));
    hone_status status = share(graph, *copy, error);
    if (status == HONE_OK) status = clone_into(graph, *copy, error);
    if (status == HONE_OK) return HONE_OK;
    hone_graph_free(*copy);
    *copy = NULL;
    return status;
}

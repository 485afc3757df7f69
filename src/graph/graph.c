/* SPDX-License-Identifier: Apache-2.0 */
/* Making and freeing graphs, values and nodes; see graph.h for who owns what. */
#include "graph/graph.h"
#include "base/error.h"
#include "graph/internal.h"

#include <stdio.h>
#include <string.h>

hone_status hone_graph_new(const hone_allocator *allocator, hone_graph **graph, hone_error *error) {
    *graph = hone__calloc(allocator, 1, sizeof **graph);
    if (!*graph) return hone_fail_memory(error, sizeof **graph);
    hone__arena_init(&(*graph)->arena, allocator);
    (*graph)->names = hone__arena_alloc(&(*graph)->arena, 1, sizeof(hone_name_table));
    (*graph)->name = "";
    (*graph)->source_opset = HONE_IR_OPSET;
    if ((*graph)->names) return HONE_OK;
    hone_graph_free(*graph);
    *graph = NULL;
    return hone_fail_memory(error, sizeof(hone_name_table));
}

hone_status hone_graph_new_sub(hone_graph *parent, hone_graph **graph, hone_error *error) {
    HONE_TRY(hone_graph_new(parent->arena.allocator, graph, error));
    (*graph)->parent = parent;
    (*graph)->source_opset = parent->source_opset;
    (*graph)->next_subgraph = parent->first_subgraph;
    parent->first_subgraph = *graph;
    return HONE_OK;
}

void hone_graph_free(hone_graph *graph) {
    if (!graph) return;
    for (hone_graph *sub = graph->first_subgraph, *next; sub; sub = next) {
        next = sub->next_subgraph;
        hone_graph_free(sub);
    }
    for (struct hone_blob_ref *ref = graph->blobs; ref; ref = ref->next)
        hone_blob_release(ref->blob);
    const hone_allocator *allocator = graph->arena.allocator;
    hone__arena_release(&graph->arena);
    hone__free(allocator, graph, sizeof *graph);
}

void *hone__array_push(hone_graph *graph, void *array, uint32_t count, size_t size,
                       const void *item) {
    if (!(count & (count - 1))) { /* 0 or a power of two: the room is used up */
        void *grown = hone__arena_alloc(&graph->arena, count ? (size_t)count * 2 : 1, size);
        if (!grown) return NULL;
        if (count) memcpy(grown, array, count * size);
        array = grown;
    }
    memcpy((char *)array + count * size, item, size);
    return array;
}

/* "op_7", or "op_7_1" where a file already uses that name. */
static const char *unique_name(hone_graph *graph, const char *stem, uint32_t id) {
    char name[64];
    snprintf(name, sizeof name, "%s_%u", stem, id);
    for (unsigned again = 1; hone__names_find(graph, name); again++)
        snprintf(name, sizeof name, "%s_%u_%u", stem, id, again);
    return hone__arena_text(&graph->arena, name, strlen(name));
}

static hone_status add_value(hone_graph *graph, const char *name, hone_value **out,
                             hone_error *error) {
    bool named = name && *name;
    if (named && hone__names_find(graph, name))
        return hone_fail(error, HONE_EXISTS, HONE_NO_OFFSET, "two values are named '%s'", name);
    hone_value *value = hone__arena_alloc(&graph->arena, 1, sizeof *value);
    const char *kept = named ? hone__arena_text(&graph->arena, name, strlen(name))
                             : unique_name(graph, "value", graph->value_count);
    if (!value || !kept) return hone_fail_memory(error, sizeof *value);
    *value = (hone_value){.name = kept, .shape = hone__shape_unknown(), .id = graph->value_count};
    HONE_TRY(hone__names_add(graph, value, error));
    if (graph->last_value) graph->last_value->next = value;
    if (!graph->first_value) graph->first_value = value;
    graph->last_value = value;
    graph->value_count++;
    *out = value;
    return HONE_OK;
}

hone_status hone_graph_add_value(hone_graph *graph, const char *name, hone_value **value,
                                 hone_error *error) {
    return add_value(graph, name, value, error);
}

static hone_status check_constant(const char *name, hone_dtype dtype, const hone_shape *shape,
                                  size_t bytes, hone_error *error) {
    size_t wanted;
    if (hone_tensor_bytes(dtype, shape, &wanted, error) != HONE_OK)
        return hone_error_prefix(error, "constant '%s'", name ? name : "");
    if (wanted == bytes) return HONE_OK;
    return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                     "constant '%s' has %zu bytes of data; its shape needs %zu", name ? name : "",
                     bytes, wanted);
}

hone_status hone_graph_add_constant(hone_graph *graph, const char *name, hone_dtype dtype,
                                    const hone_shape *shape, const void *data, size_t bytes,
                                    hone_value **value, hone_error *error) {
    HONE_TRY(check_constant(name, dtype, shape, bytes, error));
    HONE_TRY(add_value(graph, name, value, error));
    (*value)->kind = HONE_VALUE_CONSTANT;
    (*value)->dtype = dtype;
    (*value)->shape = *shape;
    (*value)->data = data;
    (*value)->bytes = bytes;
    return HONE_OK;
}

#define SMALL_CONSTANT 4096 /* above this a constant gets a blob of its own */

/* From the arena when small, else a blob that the graph holds. */
hone_status hone_graph_memory(hone_graph *graph, size_t bytes, void **memory, hone_error *error) {
    if (bytes <= SMALL_CONSTANT) {
        uint8_t *raw = hone__arena_alloc(&graph->arena, bytes + HONE_ALIGN, 1);
        if (!raw) return hone_fail_memory(error, bytes);
        *memory = raw + (HONE_ALIGN - (uintptr_t)raw % HONE_ALIGN) % HONE_ALIGN;
        return HONE_OK;
    }
    hone_blob *blob;
    HONE_TRY(hone_blob_new(graph->arena.allocator, bytes, &blob, error));
    hone_status status = hone_graph_hold(graph, blob, error);
    *memory = hone_blob_fill(blob);
    hone_blob_release(blob); /* the graph's reference stays */
    return status;
}

hone_status hone_graph_copy_constant(hone_graph *graph, const char *name, hone_dtype dtype,
                                     const hone_shape *shape, const void *data, size_t bytes,
                                     void **fill, hone_value **value, hone_error *error) {
    void *memory = NULL;
    HONE_TRY(check_constant(name, dtype, shape, bytes, error));
    HONE_TRY(hone_graph_memory(graph, bytes, &memory, error));
    if (data && bytes) memcpy(memory, data, bytes);
    if (fill) *fill = memory;
    return hone_graph_add_constant(graph, name, dtype, shape, memory, bytes, value, error);
}

hone_status hone_graph_add_input(hone_graph *graph, hone_value *value, hone_error *error) {
    void *grown = hone__array_push(graph, graph->inputs, graph->input_count, sizeof value, &value);
    if (!grown) return hone_fail_memory(error, sizeof value);
    value->kind = HONE_VALUE_INPUT;
    graph->inputs = grown;
    graph->input_count++;
    return HONE_OK;
}

hone_status hone_graph_add_output(hone_graph *graph, hone_value *value, hone_error *error) {
    void *grown =
        hone__array_push(graph, graph->outputs, graph->output_count, sizeof value, &value);
    if (!grown) return hone_fail_memory(error, sizeof value);
    graph->outputs = grown;
    graph->output_count++;
    return HONE_OK;
}

static void link_node(hone_graph *graph, hone_node *node, hone_node *before) {
    node->next = before;
    node->prev = before ? before->prev : graph->last_node;
    if (node->prev)
        node->prev->next = node;
    else
        graph->first_node = node;
    if (before)
        before->prev = node;
    else
        graph->last_node = node;
}

static hone_value **copy_values(hone_graph *graph, hone_value *const *values, uint32_t count) {
    hone_value **copy = hone__arena_alloc(&graph->arena, count, sizeof *copy);
    if (copy && count) memcpy(copy, values, count * sizeof *copy);
    return copy;
}

static hone_status claim_outputs(hone_node *node, hone_error *error) {
    for (uint32_t i = 0; i < node->output_count; i++) {
        hone_value *value = node->outputs[i];
        if (!value) continue;
        if (value->producer || value->kind != HONE_VALUE_COMPUTED)
            return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                             "node '%s': its output '%s' is made elsewhere too", node->name,
                             value->name);
        value->producer = node;
    }
    return HONE_OK;
}

static const char *node_name(hone_graph *graph, hone_op op, const char *name, uint32_t id) {
    char made[64];
    if (!name || !*name) snprintf(made, sizeof made, "%s_%u", hone_op_get(op)->name, id);
    const char *given = name && *name ? name : made;
    return hone__arena_text(&graph->arena, given, strlen(given));
}

hone_status hone_graph_add_node(hone_graph *graph, hone_op op, const char *name,
                                hone_value *const *inputs, uint32_t input_count,
                                hone_value *const *outputs, uint32_t output_count,
                                hone_node *before, hone_node **out, hone_error *error) {
    hone_node *node = hone__arena_alloc(&graph->arena, 1, sizeof *node);
    if (!node) return hone_fail_memory(error, sizeof *node);
    *node = (hone_node){.op = op,
                        .id = graph->node_count,
                        .name = node_name(graph, op, name, graph->node_count),
                        .input_count = input_count,
                        .output_count = output_count,
                        .inputs = copy_values(graph, inputs, input_count),
                        .outputs = copy_values(graph, outputs, output_count)};
    if (!node->name || !node->inputs || !node->outputs)
        return hone_fail_memory(error, sizeof(void *) * (input_count + output_count));
    HONE_TRY(claim_outputs(node, error));
    graph->node_count++;
    link_node(graph, node, before);
    if (out) *out = node;
    return HONE_OK;
}

void hone_graph_remove_node(hone_graph *graph, hone_node *node) {
    if (node->prev)
        node->prev->next = node->next;
    else
        graph->first_node = node->next;
    if (node->next)
        node->next->prev = node->prev;
    else
        graph->last_node = node->prev;
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] && node->outputs[i]->producer == node)
            node->outputs[i]->producer = NULL;
    node->next = node->prev = NULL;
}

hone_status hone_node_set_input(hone_graph *graph, hone_node *node, uint32_t index,
                                hone_value *value, hone_error *error) {
    if (index >= node->input_count) { /* missing ones in between stay NULL */
        hone_value **grown = hone__arena_alloc(&graph->arena, index + 1u, sizeof *grown);
        if (!grown) return hone_fail_memory(error, (index + 1u) * sizeof *grown);
        memcpy(grown, node->inputs, node->input_count * sizeof *grown);
        node->inputs = grown;
        node->input_count = index + 1;
    }
    node->inputs[index] = value;
    return HONE_OK;
}

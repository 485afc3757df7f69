/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of nodes, and small constants read as numbers. */
#include "base/bytes.h"
#include "base/error.h"
#include "graph/graph.h"

#include <string.h>

const hone_attr *hone_node_attr(const hone_node *node, const char *name) {
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next)
        if (!strcmp(attr->name, name)) return attr;
    return NULL;
}

static const hone_attr *find(const hone_node *node, const char *name, hone_attr_kind kind) {
    const hone_attr *attr = hone_node_attr(node, name);
    return attr && attr->kind == kind ? attr : NULL;
}

int64_t hone_node_int(const hone_node *node, const char *name, int64_t otherwise) {
    const hone_attr *attr = find(node, name, HONE_ATTR_INT);
    return attr ? attr->as.i : otherwise;
}

float hone_node_float(const hone_node *node, const char *name, float otherwise) {
    const hone_attr *attr = find(node, name, HONE_ATTR_FLOAT);
    return attr ? attr->as.f : otherwise;
}

const char *hone_node_string(const hone_node *node, const char *name, const char *otherwise) {
    const hone_attr *attr = find(node, name, HONE_ATTR_STRING);
    return attr ? attr->as.s.data : otherwise;
}

uint32_t hone_node_ints(const hone_node *node, const char *name, const int64_t **ints) {
    const hone_attr *attr = find(node, name, HONE_ATTR_INTS);
    *ints = attr ? attr->as.ints : NULL;
    return attr ? attr->count : 0;
}

void hone_node_remove_attr(hone_node *node, const char *name) {
    for (hone_attr **at = &node->attrs; *at; at = &(*at)->next)
        if (!strcmp((*at)->name, name)) {
            *at = (*at)->next;
            return;
        }
}

/* Order is kept: an attribute that is replaced goes to the end. */
hone_status hone_node_put_attr(hone_graph *graph, hone_node *node, const hone_attr *attr,
                               hone_error *error) {
    hone_attr *copy = hone__arena_alloc(&graph->arena, 1, sizeof *copy);
    if (!copy) return hone_fail_memory(error, sizeof *copy);
    hone_node_remove_attr(node, attr->name);
    *copy = *attr;
    copy->next = NULL;
    hone_attr **end = &node->attrs;
    while (*end) end = &(*end)->next;
    *end = copy;
    return HONE_OK;
}

static hone_status put(hone_graph *graph, hone_node *node, const char *name, hone_attr attr,
                       hone_error *error) {
    attr.name = hone__arena_text(&graph->arena, name, strlen(name));
    if (!attr.name) return hone_fail_memory(error, strlen(name));
    return hone_node_put_attr(graph, node, &attr, error);
}

hone_status hone_node_set_int(hone_graph *graph, hone_node *node, const char *name, int64_t value,
                              hone_error *error) {
    return put(graph, node, name, (hone_attr){.kind = HONE_ATTR_INT, .count = 1, .as.i = value},
               error);
}

hone_status hone_node_set_float(hone_graph *graph, hone_node *node, const char *name, float value,
                                hone_error *error) {
    return put(graph, node, name, (hone_attr){.kind = HONE_ATTR_FLOAT, .count = 1, .as.f = value},
               error);
}

hone_status hone_node_set_string(hone_graph *graph, hone_node *node, const char *name,
                                 const char *value, hone_error *error) {
    hone_text_ref text = {hone__arena_text(&graph->arena, value, strlen(value)), strlen(value)};
    if (!text.data) return hone_fail_memory(error, text.length);
    return put(graph, node, name, (hone_attr){.kind = HONE_ATTR_STRING, .count = 1, .as.s = text},
               error);
}

hone_status hone_node_set_ints(hone_graph *graph, hone_node *node, const char *name,
                               const int64_t *values, uint32_t count, hone_error *error) {
    int64_t *copy = hone__arena_alloc(&graph->arena, count, sizeof *copy);
    if (!copy) return hone_fail_memory(error, count * sizeof *copy);
    if (count) memcpy(copy, values, count * sizeof *copy);
    return put(graph, node, name,
               (hone_attr){.kind = HONE_ATTR_INTS, .count = count, .as.ints = copy}, error);
}

bool hone_value_ints(const hone_value *value, int64_t *out, uint32_t most, uint32_t *count) {
    if (!value || value->kind != HONE_VALUE_CONSTANT) return false;
    if (value->dtype != HONE_S64 && value->dtype != HONE_S32) return false;
    size_t size = value->dtype == HONE_S64 ? 8 : 4;
    if (value->bytes / size > most) return false;
    *count = (uint32_t)(value->bytes / size);
    for (uint32_t i = 0; i < *count; i++) {
        const uint8_t *at = (const uint8_t *)value->data + i * size;
        out[i] = size == 8 ? (int64_t)hone__load64(at) : (int32_t)hone__load32(at);
    }
    return true;
}

bool hone_value_scalar(const hone_value *value, float *out) {
    if (!value || value->kind != HONE_VALUE_CONSTANT) return false;
    if (value->dtype == HONE_F32 && value->bytes == 4) {
        memcpy(out, value->data, sizeof *out);
        return true;
    }
    if (value->dtype != HONE_F16 || value->bytes != 2) return false;
    *out = hone__f16_to_f32(hone__load16(value->data));
    return true;
}

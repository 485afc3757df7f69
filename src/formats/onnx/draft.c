/* SPDX-License-Identifier: Apache-2.0 */
/* The tools with which lifters change a draft. */
#include "base/error.h"
#include "formats/onnx/onnx.h"

#include <stdio.h>
#include <string.h>

const hone_attr *hone__draft_attr(const hone_onnx_draft *draft, const char *name) {
    for (const hone_attr *attr = draft->attrs; attr; attr = attr->next)
        if (!strcmp(attr->name, name)) return attr;
    return NULL;
}

int64_t hone__draft_int(const hone_onnx_draft *draft, const char *name, int64_t otherwise) {
    const hone_attr *attr = hone__draft_attr(draft, name);
    return attr && attr->kind == HONE_ATTR_INT ? attr->as.i : otherwise;
}

const char *hone__draft_string(const hone_onnx_draft *draft, const char *name,
                               const char *otherwise) {
    const hone_attr *attr = hone__draft_attr(draft, name);
    return attr && attr->kind == HONE_ATTR_STRING ? attr->as.s.data : otherwise;
}

void hone__draft_drop_attr(hone_onnx_draft *draft, const char *name) {
    for (hone_attr **at = &draft->attrs; *at; at = &(*at)->next)
        if (!strcmp((*at)->name, name)) {
            *at = (*at)->next;
            return;
        }
}

static hone_status put(hone_onnx_draft *draft, const char *name, hone_attr value,
                       hone_error *error) {
    hone_attr *attr = hone__arena_alloc(&draft->graph->arena, 1, sizeof *attr);
    if (!attr) return hone_fail_memory(error, sizeof *attr);
    *attr = value;
    attr->name = hone__arena_text(&draft->graph->arena, name, strlen(name));
    if (!attr->name) return hone_fail_memory(error, strlen(name));
    hone__draft_drop_attr(draft, name);
    attr->next = draft->attrs;
    draft->attrs = attr;
    return HONE_OK;
}

hone_status hone__draft_set_int(hone_onnx_draft *draft, const char *name, int64_t value,
                                hone_error *error) {
    return put(draft, name, (hone_attr){.kind = HONE_ATTR_INT, .count = 1, .as.i = value}, error);
}

hone_status hone__draft_set_string(hone_onnx_draft *draft, const char *name, const char *value,
                                   hone_error *error) {
    hone_text_ref text = {hone__arena_text(&draft->graph->arena, value, strlen(value)),
                          strlen(value)};
    if (!text.data) return hone_fail_memory(error, text.length);
    return put(draft, name, (hone_attr){.kind = HONE_ATTR_STRING, .count = 1, .as.s = text}, error);
}

bool hone__draft_has_input(const hone_onnx_draft *draft, uint32_t index) {
    return index < draft->input_count && draft->inputs[index];
}

hone_status hone__draft_set_input(hone_onnx_draft *draft, uint32_t index, hone_value *value,
                                  hone_error *error) {
    if (index >= draft->input_count) {
        size_t count = index + 1u;
        hone_value **grown = hone__arena_alloc(&draft->reader->scratch, count, sizeof *grown);
        if (!grown) return hone_fail_memory(error, count * sizeof *grown);
        if (draft->input_count) memcpy(grown, draft->inputs, draft->input_count * sizeof *grown);
        draft->inputs = grown;
        draft->input_count = (uint32_t)count;
    }
    draft->inputs[index] = value;
    return HONE_OK;
}

static bool taken(const hone_graph *graph, const char *name) {
    for (; graph; graph = graph->parent)
        if (hone_graph_find_value(graph, name)) return true;
    return false;
}

hone_status hone__onnx_fresh(hone_graph *graph, const char *stem, const char *what,
                             const char **name, hone_error *error) {
    char text[160];
    int length = snprintf(text, sizeof text, "%.100s_%.20s", stem, what);
    /* the count of values makes a second try unlikely, whatever names a file repeats */
    for (uint64_t again = graph->value_count; taken(graph, text); again++)
        snprintf(text + length, sizeof text - (size_t)length, "_%llu", (unsigned long long)again);
    *name = hone__arena_text(&graph->arena, text, strlen(text));
    return *name ? HONE_OK : hone_fail_memory(error, sizeof text);
}

static hone_status constant(hone_onnx_draft *draft, const char *what, hone_dtype dtype,
                            const hone_shape *shape, const void *data, size_t bytes,
                            hone_value **value, hone_error *error) {
    const char *stem = *draft->name                                   ? draft->name
                       : draft->output_count > 0 && draft->outputs[0] ? draft->outputs[0]->name
                                                                      : draft->type;
    const char *name;
    HONE_TRY(hone__onnx_fresh(draft->graph, stem, what, &name, error));
    return hone_graph_copy_constant(draft->graph, name, dtype, shape, data, bytes, NULL, value,
                                    error);
}

hone_status hone__draft_ints(hone_onnx_draft *draft, const char *what, const int64_t *values,
                             uint32_t count, hone_value **value, hone_error *error) {
    hone_shape shape = {1, {count}};
    return constant(draft, what, HONE_S64, &shape, values, count * sizeof *values, value, error);
}

hone_status hone__draft_floats(hone_onnx_draft *draft, const char *what, const float *values,
                               uint32_t count, hone_value **value, hone_error *error) {
    hone_shape shape = {1, {count}};
    return constant(draft, what, HONE_F32, &shape, values, count * sizeof *values, value, error);
}

/* The input of `op` whose type its output has. */
static uint32_t type_giver(const char *op) {
    if (!strcmp(op, "Where") || !strcmp(op, "DequantizeLinear") || !strcmp(op, "If")) return 1;
    return 0;
}

/* Types are inferred only after reading; while reading, most operators pass on that of an input.
 * The way back is cut short so that a long chain costs no more than a short one. */
static hone_dtype likely_type(const hone_value *value) {
    for (int steps = 0; value && steps < 64; steps++) {
        if (value->dtype != HONE_DTYPE_NONE) return value->dtype;
        const hone_node *node = value->producer;
        if (!node) break;
        const char *op = hone_op_get(node->op)->name;
        if (node->op != HONE_OP_FOREIGN && !strcmp(op, "Cast"))
            return (hone_dtype)hone_node_int(node, "to", HONE_F32);
        uint32_t giver = node->op == HONE_OP_FOREIGN ? 0 : type_giver(op);
        value = giver < node->input_count ? node->inputs[giver] : NULL;
    }
    return HONE_F32;
}

hone_status hone__draft_scalar(hone_onnx_draft *draft, const char *what, float number,
                               const hone_value *like, hone_value **value, hone_error *error) {
    hone_shape shape = {0};
    hone_dtype dtype = likely_type(like);
    uint16_t half = hone__f32_to_f16(number), brain = hone__f32_to_bf16(number);
    double wide = number;
    if (dtype == HONE_F16) return constant(draft, what, dtype, &shape, &half, 2, value, error);
    if (dtype == HONE_BF16) return constant(draft, what, dtype, &shape, &brain, 2, value, error);
    if (dtype == HONE_F64) return constant(draft, what, dtype, &shape, &wide, 8, value, error);
    return constant(draft, what, HONE_F32, &shape, &number, 4, value, error);
}

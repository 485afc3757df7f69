/* SPDX-License-Identifier: Apache-2.0 */
/* Shape and type inference: one walk in topological order, a rule an operator (see infer.h). */
#include "graph/infer.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const hone_infer_rule rules[HONE_OP_COUNT] = {
    [HONE_OP_FOREIGN] = hone__rule_unknown,
#define HONE_OP(name, in_min, in_max, out_min, out_max, shape, ...)                                \
    [HONE_OP_##name] = hone__rule_##shape,
#include "graph/ops.def"
#undef HONE_OP
};

/* What the file said of these outputs is all there is: it is kept. */
hone_status hone__rule_unknown(hone_infer *in) {
    (void)in;
    return HONE_OK;
}

const hone_value *hone__in(const hone_infer *in, uint32_t index) {
    return index < in->node->input_count ? in->node->inputs[index] : NULL;
}

hone_dtype hone__in_dtype(const hone_infer *in, uint32_t index) {
    const hone_value *value = hone__in(in, index);
    return value != NULL ? value->dtype : HONE_DTYPE_NONE;
}

const hone_shape *hone__in_shape(const hone_infer *in, uint32_t index) {
    const hone_value *value = hone__in(in, index);
    return value != NULL && value->shape.rank >= 0 ? &value->shape : NULL;
}

const hone_contents *hone__in_contents(const hone_infer *in, uint32_t index) {
    const hone_value *value = hone__in(in, index);
    if (value == NULL || in->contents[value->id].entries == NULL) return NULL;
    return &in->contents[value->id];
}

bool hone__in_ints(const hone_infer *in, uint32_t index, int64_t *out, uint32_t most,
                   uint32_t *count) {
    const hone_contents *contents = hone__in_contents(in, index);
    if (contents == NULL || contents->count > most) return false;
    for (uint32_t i = 0; i < contents->count; ++i) {
        if (contents->entries[i].kind != HONE_ENTRY_NUMBER) return false;
        out[i] = contents->entries[i].value;
    }
    *count = contents->count;
    return true;
}

bool hone__in_int(const hone_infer *in, uint32_t index, int64_t *out) {
    uint32_t count = 0;
    return hone__in_ints(in, index, out, 1, &count) && count == 1;
}

int hone__in_list(const hone_infer *in, const char *attribute, uint32_t index, int64_t *out,
                  uint32_t most, uint32_t *count) {
    const int64_t *values = NULL;
    const hone_attr *attr = hone_node_attr(in->node, attribute);
    *count = 0;
    if (attr != NULL) {
        *count = hone_node_ints(in->node, attribute, &values);
        if (*count > most) return -1;
        if (*count > 0) memcpy(out, values, *count * sizeof *out);
        return 1;
    }
    if (hone__in(in, index) == NULL) return 0;
    return hone__in_ints(in, index, out, most, count) ? 1 : -1;
}

hone_status hone__infer_fail(const hone_infer *in, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return hone_fail(in->error, HONE_SHAPE, HONE_NO_OFFSET, "node '%s' (%s): %s", in->node->name,
                     hone_op_get(in->node->op)->name, text);
}

hone_status hone__infer_axis(const hone_infer *in, int64_t axis, int32_t rank, int32_t *out) {
    if (axis < -(int64_t)rank || axis >= rank)
        return hone__infer_fail(in, "axis %lld is outside a tensor of rank %d", (long long)axis,
                                (int)rank);
    *out = (int32_t)(axis < 0 ? axis + rank : axis);
    return HONE_OK;
}

hone_status hone__infer_least_rank(const hone_infer *in, uint32_t index, int32_t rank) {
    const hone_shape *shape = hone__in_shape(in, index);
    if (shape == NULL || shape->rank >= rank) return HONE_OK;
    return hone__infer_fail(in, "input '%s' has rank %d; at least %d is needed",
                            hone__in(in, index)->name, (int)shape->rank, (int)rank);
}

hone_status hone__infer_common_dtype(const hone_infer *in, uint32_t first, hone_dtype *dtype) {
    *dtype = HONE_DTYPE_NONE;
    for (uint32_t i = first; i < in->node->input_count; ++i) {
        hone_dtype other = hone__in_dtype(in, i);
        if (other == HONE_DTYPE_NONE) continue;
        if (*dtype != HONE_DTYPE_NONE && other != *dtype)
            return hone__infer_fail(in, "inputs of types %s and %s do not mix",
                                    hone_dtype_name(*dtype), hone_dtype_name(other));
        *dtype = other;
    }
    return HONE_OK;
}

/* Known dimensions are in range, and their product with the element's size does not overflow. */
static bool shape_is_sane(hone_dtype dtype, const hone_shape *shape) {
    hone_shape known = {.rank = 0};
    size_t bytes = 0;
    if (shape->rank > HONE_MAX_RANK) return false;
    for (int32_t i = 0; i < shape->rank; ++i) {
        if (shape->dim[i] > HONE_DIM_MAX) return false;
        if (shape->dim[i] > 0) known.dim[known.rank++] = shape->dim[i];
    }
    if (dtype == HONE_DTYPE_NONE || dtype == HONE_STRING) dtype = HONE_U8;
    return hone_tensor_bytes(dtype, &known, &bytes, NULL) == HONE_OK && bytes <= PTRDIFF_MAX;
}

hone_status hone__infer_set(const hone_infer *in, uint32_t index, hone_dtype dtype,
                            const hone_shape *shape) {
    hone_value *value = index < in->node->output_count ? in->node->outputs[index] : NULL;
    if (value == NULL) return HONE_OK;
    value->dtype = dtype;
    value->shape = shape != NULL ? *shape : hone__shape_unknown();
    if (shape == NULL || shape_is_sane(dtype, shape)) return HONE_OK;
    return hone__infer_fail(in, "output '%s' would be too large", value->name);
}

hone_status hone__infer_set_rank(hone_infer *in, uint32_t index, hone_dtype dtype, int32_t rank) {
    hone_shape shape = {.rank = rank};
    if (rank < 0 || rank > HONE_MAX_RANK)
        return hone__infer_fail(in, "an output of rank %d is more than the %d supported", (int)rank,
                                HONE_MAX_RANK);
    for (int32_t i = 0; i < rank; ++i) HONE_TRY(hone__dim_unknown(in, index, i, &shape.dim[i]));
    return hone__infer_set(in, index, dtype, &shape);
}

static void forget(hone_graph *graph) {
    for (hone_node *node = graph->first_node; node != NULL; node = node->next) {
        if (rules[node->op] == hone__rule_unknown) continue;
        for (uint32_t i = 0; i < node->output_count; ++i) {
            if (node->outputs[i] == NULL) continue;
            node->outputs[i]->dtype = HONE_DTYPE_NONE;
            node->outputs[i]->shape = hone__shape_unknown();
        }
    }
}

/* Inputs and constants come from outside: the same bounds as for everything computed. */
static hone_status check_given(hone_infer *in) {
    for (hone_value *value = in->graph->first_value; value != NULL; value = value->next) {
        if (!shape_is_sane(value->dtype, &value->shape))
            return hone_fail(in->error, HONE_SHAPE, HONE_NO_OFFSET, "value '%s' is too large",
                             value->name);
        if (value->kind == HONE_VALUE_CONSTANT) HONE_TRY(hone__infer_constant(in, value));
    }
    return HONE_OK;
}

static hone_status infer_node(hone_infer *in, const hone_node *node) {
    const hone_op_info *info = hone_op_get(node->op);
    in->node = node;
    if (node->input_count < info->min_inputs || node->output_count < info->min_outputs)
        return hone__infer_fail(in, "has %u inputs and %u outputs; at least %u and %u are needed",
                                node->input_count, node->output_count, info->min_inputs,
                                info->min_outputs);
    for (uint32_t i = 0; i < info->min_inputs; ++i) {
        if (node->inputs[i] == NULL) return hone__infer_fail(in, "required input %u is missing", i);
    }
    HONE_TRY(rules[node->op](in));
    return hone__infer_contents(in);
}

hone_status hone__infer_run(hone_graph *graph, hone_infer *in, hone_error *error) {
    *in = (hone_infer){.graph = graph, .error = error};
    hone__arena_init(&in->memory, graph->arena.allocator);
    in->contents = hone__arena_alloc(&in->memory, graph->value_count, sizeof *in->contents);
    if (in->contents == NULL)
        return hone_fail_memory(error, graph->value_count * sizeof *in->contents);
    forget(graph);
    HONE_TRY(check_given(in));
    for (const hone_node *node = graph->first_node; node != NULL; node = node->next)
        HONE_TRY(infer_node(in, node));
    return HONE_OK;
}

void hone__infer_end(hone_infer *in) {
    hone__arena_release(&in->memory);
    in->contents = NULL;
}

hone_status hone_graph_infer(hone_graph *graph, hone_error *error) {
    hone_infer in;
    hone_status status = hone__infer_run(graph, &in, error);
    hone__infer_end(&in);
    return status;
}

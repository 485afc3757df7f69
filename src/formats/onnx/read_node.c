/* SPDX-License-Identifier: Apache-2.0 */
/* NodeProto to draft, draft to node. Constant nodes become constants of the graph here. */
#include "base/error.h"
#include "formats/onnx/onnx.h"

#include <stdio.h>
#include <string.h>

enum { /* fields of NodeProto */
       FIELD_INPUT = 1,
       FIELD_OUTPUT = 2,
       FIELD_NAME = 3,
       FIELD_OP_TYPE = 4,
       FIELD_ATTRIBUTE = 5,
       FIELD_DOMAIN = 7,
       FIELD_OVERLOAD = 8
};

hone_status hone__onnx_value(hone_graph *graph, const char *name, hone_value **value,
                             hone_error *error) {
    *value = NULL;
    if (!*name) return HONE_OK; /* a missing optional one */
    *value = hone_graph_find_value(graph, name);
    return *value ? HONE_OK : hone_graph_add_value(graph, name, value, error);
}

/* First pass: names, and how much room the lists want. */
static hone_status look(hone_onnx_draft *draft, hone_wire message, hone_error *error) {
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        HONE_TRY(hone__wire_next(&message, &field, error));
        const char **text = field.number == FIELD_NAME       ? &draft->name
                            : field.number == FIELD_OP_TYPE  ? &draft->type
                            : field.number == FIELD_DOMAIN   ? &draft->domain
                            : field.number == FIELD_OVERLOAD ? &draft->overload
                                                             : NULL;
        if (text) HONE_TRY(hone__onnx_text(&draft->reader->scratch, &field, text, error));
        draft->input_count += field.number == FIELD_INPUT;
        draft->output_count += field.number == FIELD_OUTPUT;
    }
    if (!strcmp(draft->domain, "ai.onnx")) draft->domain = "";
    if (*draft->type) return HONE_OK;
    return hone__wire_fail(error, HONE_FORMAT, draft->offset, "a node names no operator");
}

static bool version_from(hone_onnx_draft *draft, const hone_onnx_domain *domains) {
    for (const hone_onnx_domain *d = domains; d; d = d->next)
        if (!strcmp(d->name, draft->domain)) {
            draft->version = d->version;
            return true;
        }
    return false;
}

/* A function may name versions of its own. */
static hone_status check_version(const hone_onnx_draft *draft, hone_error *error) {
    if (*draft->domain ||
        (draft->version >= HONE_ONNX_OLDEST_OPSET && draft->version <= HONE_ONNX_NEWEST_OPSET))
        return HONE_OK;
    return hone__wire_fail(error, HONE_UNSUPPORTED, draft->offset,
                           "opset %lld of a function is not read, only %d to %d",
                           (long long)draft->version, HONE_ONNX_OLDEST_OPSET,
                           HONE_ONNX_NEWEST_OPSET);
}

static hone_status set_version(hone_onnx_draft *draft, hone_error *error) {
    const hone_onnx_scope *scope = draft->reader->scope;
    if (scope && version_from(draft, scope->function->domains)) return check_version(draft, error);
    if (version_from(draft, draft->reader->domains)) return HONE_OK;
    return hone__wire_fail(error, HONE_FORMAT, draft->offset,
                           "operator '%s' is of domain '%s', of which the model imports no version",
                           draft->type, *draft->domain ? draft->domain : "ai.onnx");
}

static hone_status read_value(hone_onnx_draft *draft, const hone_wire_field *field,
                              hone_value **value, hone_error *error) {
    const char *name;
    HONE_TRY(hone__onnx_text(&draft->reader->scratch, field, &name, error));
    HONE_TRY(hone__onnx_scoped(draft->reader, &name, error));
    return hone__onnx_value(draft->graph, name, value, error);
}

#define MAX_ATTRIBUTES 1024 /* of one node; finding one by name walks them */

/* Second pass: values and attributes. */
static hone_status fill(hone_onnx_draft *draft, hone_wire message, hone_error *error) {
    uint32_t inputs = 0, outputs = 0, attributes = 0;
    hone_attr **last = &draft->attrs;
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number == FIELD_INPUT)
            HONE_TRY(read_value(draft, &field, &draft->inputs[inputs++], error));
        if (field.number == FIELD_OUTPUT)
            HONE_TRY(read_value(draft, &field, &draft->outputs[outputs++], error));
        if (field.number != FIELD_ATTRIBUTE) continue;
        if (++attributes > MAX_ATTRIBUTES)
            return hone__wire_fail(error, HONE_LIMIT, field.offset, "more than %d attributes",
                                   MAX_ATTRIBUTES);
        HONE_TRY(hone__wire_message(&field, &part, error));
        HONE_TRY(hone__onnx_attribute(draft->reader, draft->graph, part, last, error));
        if (!*last) continue;
        if (hone__draft_attr(draft, (*last)->name) != *last)
            return hone__wire_fail(error, HONE_FORMAT, field.offset, "two attributes '%s'",
                                   (*last)->name);
        last = &(*last)->next;
    }
    return HONE_OK;
}

static hone_status as_constant(hone_onnx_draft *draft, hone_dtype dtype, const hone_shape *shape,
                               const void *data, size_t bytes, hone_error *error) {
    hone_value *value = draft->output_count == 1 ? draft->outputs[0] : NULL;
    if (!value || value->kind != HONE_VALUE_COMPUTED || value->producer)
        return hone__wire_fail(error, HONE_FORMAT, draft->offset,
                               "a Constant must make one new value");
    value->kind = HONE_VALUE_CONSTANT;
    value->dtype = dtype;
    value->shape = *shape;
    value->data = data;
    value->bytes = bytes;
    draft->dropped = true;
    return HONE_OK;
}

/* Constant: a tensor, a number or a list of numbers. The data stays where the attribute has it. */
static hone_status lift_constant(hone_onnx_draft *draft, hone_error *error) {
    const hone_attr *attr = draft->attrs;
    hone_shape scalar = {0}, list = {1, {attr ? attr->count : 0}};
    if (!attr || attr->next || draft->input_count)
        return hone__wire_fail(error, HONE_FORMAT, draft->offset,
                               "a Constant has exactly one attribute and no input");
    switch (attr->kind) {
    case HONE_ATTR_TENSOR: {
        const hone_tensor *t = attr->as.tensor;
        return as_constant(draft, t->dtype, &t->shape, t->data, t->bytes, error);
    }
    case HONE_ATTR_INT:
        return as_constant(draft, HONE_S64, &scalar, &attr->as.i, 8, error);
    case HONE_ATTR_FLOAT:
        return as_constant(draft, HONE_F32, &scalar, &attr->as.f, 4, error);
    case HONE_ATTR_INTS:
        return as_constant(draft, HONE_S64, &list, attr->as.ints, 8 * (size_t)attr->count, error);
    case HONE_ATTR_FLOATS:
        return as_constant(draft, HONE_F32, &list, attr->as.floats, 4 * (size_t)attr->count, error);
    default:
        return hone__wire_fail(error, HONE_UNSUPPORTED, draft->offset,
                               "a Constant of texts is not supported");
    }
}

/* "domain:Name", or "domain@3:Name" where the domain's version is not 1. */
static hone_status foreign_name(hone_onnx_draft *draft, const char **foreign, hone_error *error) {
    char version[32] = "";
    const char *domain = *draft->domain ? draft->domain : "ai.onnx";
    if (*draft->domain && draft->version != 1)
        snprintf(version, sizeof version, "@%lld", (long long)draft->version);
    size_t room = strlen(domain) + strlen(version) + strlen(draft->type) + 2;
    char *text = hone__arena_alloc(&draft->graph->arena, room, 1);
    if (!text) return hone_fail_memory(error, room);
    snprintf(text, room, "%s%s:%s", domain, version, draft->type);
    *foreign = text;
    return HONE_OK;
}

static hone_status commit(hone_onnx_draft *draft, hone_error *error) {
    hone_op op = *draft->domain ? HONE_OP_FOREIGN : hone_op_find(draft->type, strlen(draft->type));
    hone_node *node;
    HONE_TRY(hone_graph_add_node(draft->graph, op, draft->name, draft->inputs, draft->input_count,
                                 draft->outputs, draft->output_count, NULL, &node, error));
    node->attrs = draft->attrs;
    if (op != HONE_OP_FOREIGN) return HONE_OK;
    return foreign_name(draft, &node->foreign, error);
}

static hone_status count_node(hone_onnx_draft *draft, hone_error *error) {
    if (++draft->reader->nodes <= draft->reader->limits.max_nodes) return HONE_OK;
    return hone__wire_fail(error, HONE_LIMIT, draft->offset, "more than %u nodes",
                           (unsigned)draft->reader->limits.max_nodes);
}

static hone_status build(hone_onnx_draft *draft, hone_wire message, hone_error *error) {
    hone_arena *scratch = &draft->reader->scratch;
    HONE_TRY(count_node(draft, error));
    const hone_onnx_function *function = hone__onnx_find_function(draft);
    if (!function) HONE_TRY(set_version(draft, error));
    draft->inputs = hone__arena_alloc(scratch, draft->input_count, sizeof(hone_value *));
    draft->outputs = hone__arena_alloc(scratch, draft->output_count, sizeof(hone_value *));
    if (!draft->inputs || !draft->outputs) return hone_fail_memory(error, sizeof(hone_value *));
    HONE_TRY(fill(draft, message, error));
    if (function) return hone__onnx_call(draft, function, error);
    if (!*draft->domain && !strcmp(draft->type, "Constant")) return lift_constant(draft, error);
    if (!*draft->domain) HONE_TRY(hone__onnx_lift(draft, error));
    return draft->dropped ? HONE_OK : commit(draft, error);
}

hone_status hone__onnx_node(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                            hone_error *error) {
    hone_onnx_draft draft = {.reader = reader,
                             .graph = graph,
                             .name = "",
                             .type = "",
                             .domain = "",
                             .overload = "",
                             .offset = hone__wire_offset(&message)};
    HONE_TRY(look(&draft, message, error));
    hone_status status = build(&draft, message, error);
    /* the innermost node is named, not the ten around it */
    if (status != HONE_OK && error && strncmp(error->message, "node '", 6) != 0)
        hone_error_prefix(error, "node '%.80s' (%.60s)", draft.name, draft.type);
    return status;
}

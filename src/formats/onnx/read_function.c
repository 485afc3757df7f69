/* SPDX-License-Identifier: Apache-2.0 */
/* FunctionProto: a call is replaced by the function's nodes, read anew for each call.
 *
 * While a body is read, reader->scope says which call it is for: names of the function's parameters
 * become those of the caller's values, all others get a prefix of their own, and attributes that
 * refer to a parameter take the caller's. Depth counts as nested graphs do, nodes as others. */
#include "base/error.h"
#include "formats/onnx/onnx.h"

#include <stdio.h>
#include <string.h>

enum { /* fields of FunctionProto */
       FIELD_NAME = 1,
       FIELD_INPUT = 4,
       FIELD_OUTPUT = 5,
       FIELD_NODE = 7,
       FIELD_OPSET_IMPORT = 9,
       FIELD_DOMAIN = 10,
       FIELD_ATTRIBUTE_DEFAULT = 11,
       FIELD_OVERLOAD = 13
};

#define MAX_FUNCTIONS  4096 /* every node is looked up among them */
#define MAX_PARAMETERS 1024 /* every name of a body is looked up among them */

static hone_status add_name(hone_onnx_reader *reader, const hone_wire_field *field,
                            hone_onnx_names *names, hone_error *error) {
    const char *name;
    HONE_TRY(hone__onnx_text(&reader->scratch, field, &name, error));
    if (names->count == MAX_PARAMETERS)
        return hone__wire_fail(error, HONE_LIMIT, field->offset,
                               "a function of more than %d parameters", MAX_PARAMETERS);
    if (!(names->count & (names->count - 1))) { /* 0 or a power of two: the room is used up */
        size_t room = names->count ? (size_t)names->count * 2 : 1;
        const char **grown = hone__arena_alloc(&reader->scratch, room, sizeof *grown);
        if (!grown) return hone_fail_memory(error, room * sizeof *grown);
        if (names->count) memcpy(grown, names->names, names->count * sizeof *grown);
        names->names = grown;
    }
    names->names[names->count++] = name;
    return HONE_OK;
}

static hone_status read_part(hone_onnx_reader *reader, hone_onnx_function *function,
                             const hone_wire_field *field, hone_error *error) {
    hone_arena *scratch = &reader->scratch;
    hone_wire part;
    switch (field->number) {
    case FIELD_NAME:
        return hone__onnx_text(scratch, field, &function->name, error);
    case FIELD_DOMAIN:
        return hone__onnx_text(scratch, field, &function->domain, error);
    case FIELD_OVERLOAD:
        return hone__onnx_text(scratch, field, &function->overload, error);
    case FIELD_INPUT:
        return add_name(reader, field, &function->inputs, error);
    case FIELD_OUTPUT:
        return add_name(reader, field, &function->outputs, error);
    case FIELD_OPSET_IMPORT:
        HONE_TRY(hone__wire_message(field, &part, error));
        return hone__onnx_opset(reader, part, &function->domains, error);
    default:
        return HONE_OK;
    }
}

hone_status hone__onnx_function(hone_onnx_reader *reader, hone_wire message, uint32_t count,
                                hone_error *error) {
    hone_onnx_function *function = hone__arena_alloc(&reader->scratch, 1, sizeof *function);
    if (!function) return hone_fail_memory(error, sizeof *function);
    if (count > MAX_FUNCTIONS)
        return hone__wire_fail(error, HONE_LIMIT, hone__wire_offset(&message),
                               "more than %d functions", MAX_FUNCTIONS);
    function->domain = function->name = function->overload = "";
    function->message = message;
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        HONE_TRY(hone__wire_next(&message, &field, error));
        HONE_TRY(read_part(reader, function, &field, error));
    }
    function->next = reader->functions;
    reader->functions = function;
    return HONE_OK;
}

const hone_onnx_function *hone__onnx_find_function(const hone_onnx_draft *draft) {
    for (const hone_onnx_function *f = draft->reader->functions; f; f = f->next)
        if (!strcmp(f->name, draft->type) && !strcmp(f->domain, draft->domain) &&
            !strcmp(f->overload, draft->overload))
            return f;
    return NULL;
}

/* ---- inside a call ---- */

static bool find(const hone_onnx_names *names, const char *name, uint32_t *at) {
    for (*at = 0; *at < names->count; ++*at)
        if (!strcmp(names->names[*at], name)) return true;
    return false;
}

static const char *name_of(hone_value *const *values, uint32_t count, uint32_t at) {
    return at < count && values[at] ? values[at]->name : "";
}

hone_status hone__onnx_scoped(hone_onnx_reader *reader, const char **name, hone_error *error) {
    const hone_onnx_scope *scope = reader->scope;
    uint32_t at;
    if (!scope || !**name) return HONE_OK;
    const hone_onnx_draft *call = scope->call;
    if (find(&scope->function->inputs, *name, &at)) {
        *name = name_of(call->inputs, call->input_count, at);
        return HONE_OK;
    }
    if (find(&scope->function->outputs, *name, &at)) {
        const char *wanted = name_of(call->outputs, call->output_count, at);
        if (*wanted) {
            *name = wanted;
            return HONE_OK;
        }
    }
    size_t room = strlen(*name) + 32;
    char *made = hone__arena_alloc(&reader->scratch, room, 1);
    if (!made) return hone_fail_memory(error, room);
    snprintf(made, room, "call%u/%s", (unsigned)scope->number, *name);
    *name = made;
    return HONE_OK;
}

static hone_status find_default(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                const char *name, const hone_attr **attr, hone_error *error) {
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        hone_attr *made = NULL;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number != FIELD_ATTRIBUTE_DEFAULT) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        HONE_TRY(hone__onnx_attribute(reader, graph, part, &made, error));
        if (made && !strcmp(made->name, name)) *attr = made;
    }
    return HONE_OK;
}

/* What the caller gave, or the function's default, read outside of the call: one that refers to
 * itself ends with the outermost. NULL: neither. */
hone_status hone__onnx_scoped_attr(hone_onnx_reader *reader, hone_graph *graph, const char *name,
                                   const hone_attr **attr, hone_error *error) {
    const hone_onnx_scope *scope = reader->scope;
    *attr = hone__draft_attr(scope->call, name);
    if (*attr) return HONE_OK;
    reader->scope = scope->outer;
    hone_status status = find_default(reader, graph, scope->function->message, name, attr, error);
    reader->scope = scope;
    return status;
}

/* A function may hand a parameter through. */
static hone_status pass_through(hone_onnx_draft *call, const hone_onnx_function *function,
                                hone_error *error) {
    uint32_t from;
    for (uint32_t i = 0; i < function->outputs.count && i < call->output_count; i++) {
        if (!call->outputs[i] || !find(&function->inputs, function->outputs.names[i], &from))
            continue;
        hone_value *given = from < call->input_count ? call->inputs[from] : NULL;
        if (!given)
            return hone__wire_fail(error, HONE_FORMAT, call->offset,
                                   "function '%s' returns a missing input", function->name);
        HONE_TRY(hone_graph_add_node(call->graph, HONE_OP_Identity, NULL, &given, 1,
                                     &call->outputs[i], 1, NULL, NULL, error));
    }
    return HONE_OK;
}

static hone_status read_body(hone_onnx_draft *call, const hone_onnx_function *function,
                             hone_error *error) {
    hone_wire message = function->message;
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number != FIELD_NODE) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        HONE_TRY(hone__onnx_node(call->reader, call->graph, part, error));
    }
    return pass_through(call, function, error);
}

hone_status hone__onnx_call(hone_onnx_draft *call, const hone_onnx_function *function,
                            hone_error *error) {
    hone_onnx_reader *reader = call->reader;
    hone_onnx_scope scope = {
        .outer = reader->scope, .function = function, .call = call, .number = ++reader->calls};
    if (reader->depth >= reader->limits.max_depth)
        return hone__wire_fail(error, HONE_LIMIT, call->offset,
                               "functions are nested more than %u deep",
                               (unsigned)reader->limits.max_depth);
    reader->scope = &scope;
    reader->depth++;
    hone_status status = read_body(call, function, error);
    reader->depth--;
    reader->scope = scope.outer;
    call->dropped = true;
    return status;
}

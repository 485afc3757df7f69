/* SPDX-License-Identifier: Apache-2.0 */
/* AttributeProto, and the texts of all messages. */
#include "base/bytes.h"
#include "base/error.h"
#include "formats/onnx/onnx.h"

hone_status hone__onnx_bytes(hone_arena *arena, const hone_wire_field *field, hone_text_ref *text,
                             hone_error *error) {
    hone_wire bytes;
    HONE_TRY(hone__wire_message(field, &bytes, error));
    text->length = hone__wire_left(&bytes);
    text->data = hone__arena_text(arena, (const char *)bytes.at, text->length);
    return text->data ? HONE_OK : hone_fail_memory(error, text->length);
}

hone_status hone__onnx_text(hone_arena *arena, const hone_wire_field *field, const char **text,
                            hone_error *error) {
    hone_text_ref copy;
    HONE_TRY(hone__onnx_bytes(arena, field, &copy, error));
    if (memchr(copy.data, 0, copy.length))
        return hone__wire_fail(error, HONE_FORMAT, field->offset, "a name holds a zero byte");
    *text = copy.data;
    return HONE_OK;
}

/* What AttributeProto.type says, or which field is there in files too old to say it. */
typedef struct attr_form {
    uint8_t type, field;   /* of onnx.proto */
    hone_attr_kind kind;   /* 0: not supported */
    const char *type_name; /* for the refusal */
} attr_form;

static const attr_form attr_forms[] = {
    {1, 2, HONE_ATTR_FLOAT, "float"},
    {2, 3, HONE_ATTR_INT, "int"},
    {3, 4, HONE_ATTR_STRING, "string"},
    {4, 5, HONE_ATTR_TENSOR, "tensor"},
    {5, 6, HONE_ATTR_GRAPH, "graph"},
    {6, 7, HONE_ATTR_FLOATS, "floats"},
    {7, 8, HONE_ATTR_INTS, "ints"},
    {8, 9, HONE_ATTR_STRINGS, "strings"},
    {9, 10, 0, "list of tensors"},
    {10, 11, 0, "list of graphs"},
    {13, 14, 0, "type"},
    {14, 15, 0, "list of types"},
    {11, 22, 0, "sparse tensor"},
    {12, 23, 0, "list of sparse tensors"},
};

static const attr_form *form_by(uint32_t field, int64_t type) {
    for (size_t i = 0; i < sizeof attr_forms / sizeof *attr_forms; i++)
        if (attr_forms[i].field == field || attr_forms[i].type == type) return &attr_forms[i];
    return NULL;
}

/* First pass: the name, the form, and how many items its field holds. */
typedef struct attr_facts {
    hone_wire message;
    const attr_form *form;
    int64_t type;
    const char *reference; /* a function's parameter, or NULL */
    uint64_t offset, count;
} attr_facts;

static bool is_list(const attr_form *form) {
    return form->kind == HONE_ATTR_INTS || form->kind == HONE_ATTR_FLOATS ||
           form->kind == HONE_ATTR_STRINGS;
}

static hone_wire_type list_type(hone_attr_kind kind) {
    if (kind == HONE_ATTR_STRINGS) return HONE_WIRE_BYTES;
    return kind == HONE_ATTR_INTS ? HONE_WIRE_VARINT : HONE_WIRE_FIXED32;
}

static hone_status look(hone_arena *arena, attr_facts *facts, const char **name,
                        hone_error *error) {
    hone_wire message = facts->message;
    const attr_form *seen = NULL;
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        HONE_TRY(hone__wire_next(&message, &field, error));
        const attr_form *form = form_by(field.number, 0);
        if (field.number == 1) HONE_TRY(hone__onnx_text(arena, &field, name, error));
        if (field.number == 20) HONE_TRY(hone__wire_int(&field, &facts->type, error));
        if (field.number == 21) HONE_TRY(hone__onnx_text(arena, &field, &facts->reference, error));
        if (form && !seen) seen = form;
    }
    facts->form = facts->type ? form_by(0, facts->type) : seen;
    return HONE_OK;
}

static hone_status count_items(attr_facts *facts, hone_error *error) {
    hone_wire message = facts->message;
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        uint64_t count = 1;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number != facts->form->field) continue;
        hone_wire_type type = list_type(facts->form->kind);
        if (is_list(facts->form) && type != HONE_WIRE_BYTES)
            HONE_TRY(hone__wire_items(&field, type, &count, error));
        facts->count += count;
    }
    return HONE_OK;
}

static hone_status fill_items(hone_arena *arena, hone_wire_field *field, hone_attr_kind kind,
                              uint8_t *items, uint32_t *at, hone_error *error) {
    uint64_t count, bits;
    if (kind == HONE_ATTR_STRINGS) {
        hone_text_ref text;
        HONE_TRY(hone__onnx_bytes(arena, field, &text, error));
        memcpy(items + sizeof text * (*at)++, &text, sizeof text);
        return HONE_OK;
    }
    HONE_TRY(hone__wire_items(field, list_type(kind), &count, error));
    for (; count; count--, ++*at) {
        HONE_TRY(hone__wire_item(field, list_type(kind), &bits, error));
        uint32_t low = (uint32_t)bits;
        if (kind == HONE_ATTR_INTS)
            memcpy(items + sizeof bits * *at, &bits, sizeof bits);
        else
            memcpy(items + sizeof low * *at, &low, sizeof low);
    }
    return HONE_OK;
}

static hone_status read_list(hone_arena *arena, const attr_facts *facts, hone_attr *attr,
                             hone_error *error) {
    static const size_t sizes[] = {[HONE_ATTR_INTS] = sizeof(int64_t),
                                   [HONE_ATTR_FLOATS] = sizeof(float),
                                   [HONE_ATTR_STRINGS] = sizeof(hone_text_ref)};
    hone_wire message = facts->message;
    uint32_t at = 0;
    void *items = hone__arena_alloc(arena, facts->count, sizes[attr->kind]);
    if (!items) return hone_fail_memory(error, facts->count * sizes[attr->kind]);
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number == facts->form->field)
            HONE_TRY(fill_items(arena, &field, attr->kind, items, &at, error));
    }
    if (attr->kind == HONE_ATTR_INTS) attr->as.ints = items;
    if (attr->kind == HONE_ATTR_FLOATS) attr->as.floats = items;
    if (attr->kind == HONE_ATTR_STRINGS) attr->as.strings = items;
    return HONE_OK;
}

#define SMALL_TENSOR 4096 /* up to this a copy is cheaper than thinking of alignment */

/* Big raw data stays in its blob: an attribute's tensor is const, though hone_tensor's pointer is
 * not. */
static hone_status read_tensor(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                               hone_attr *attr, hone_error *error) {
    hone_onnx_tensor found;
    union {
        const void *in_blob;
        void *data;
    } at;
    HONE_TRY(hone__onnx_tensor(reader, graph, message, &found, error));
    hone_tensor *tensor = hone__arena_alloc(&graph->arena, 1, sizeof *tensor);
    bool copied = !found.data || found.bytes <= SMALL_TENSOR;
    at.in_blob = found.data;
    if (copied) at.data = hone__arena_alloc(&graph->arena, found.bytes, 1);
    if (!tensor || !at.data) return hone_fail_memory(error, found.bytes);
    if (copied) HONE_TRY(hone__onnx_tensor_fill(&found, at.data, error));
    *tensor = (hone_tensor){found.dtype, found.shape, at.data, found.bytes};
    attr->as.tensor = tensor;
    return HONE_OK;
}

static hone_status read_graph(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                              hone_attr *attr, hone_error *error) {
    if (reader->depth >= reader->limits.max_depth)
        return hone__wire_fail(error, HONE_LIMIT, hone__wire_offset(&message),
                               "graphs are nested more than %u deep",
                               (unsigned)reader->limits.max_depth);
    hone_graph *sub;
    HONE_TRY(hone_graph_new_sub(graph, &sub, error));
    attr->as.graph = sub;
    reader->depth++;
    hone_status status = hone__onnx_graph(reader, sub, message, error);
    reader->depth--;
    return status;
}

/* A field that occurs once; protobuf lets the last occurrence win, ONNX writers write one. */
static hone_status read_single(hone_onnx_reader *reader, hone_graph *graph, const attr_facts *facts,
                               hone_attr *attr, hone_error *error) {
    hone_wire message = facts->message, value;
    hone_wire_field field, found = {0};
    while (hone__wire_left(&message)) {
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number == facts->form->field) found = field;
    }
    if (!found.number) return HONE_OK; /* proto3 writers leave zeros out; texts handled below */
    switch (attr->kind) {
    case HONE_ATTR_INT:
        return hone__wire_int(&found, &attr->as.i, error);
    case HONE_ATTR_FLOAT:
        return hone__wire_float(&found, &attr->as.f, error);
    case HONE_ATTR_STRING:
        return hone__onnx_bytes(&graph->arena, &found, &attr->as.s, error);
    default:
        break;
    }
    HONE_TRY(hone__wire_message(&found, &value, error));
    if (attr->kind == HONE_ATTR_TENSOR) return read_tensor(reader, graph, value, attr, error);
    return read_graph(reader, graph, value, attr, error);
}

static hone_status check_form(const attr_facts *facts, const char *name, hone_error *error) {
    if (!facts->form)
        return hone__wire_fail(error, HONE_FORMAT, facts->offset,
                               "attribute '%s' has no known type", name);
    if (!facts->form->kind)
        return hone__wire_fail(error, HONE_UNSUPPORTED, facts->offset,
                               "attribute '%s' is a %s, which is not supported", name,
                               facts->form->type_name);
    return HONE_OK;
}

/* An attribute that refers to a parameter of the function: the caller's under its own name. */
static hone_status take_parameter(hone_onnx_reader *reader, hone_graph *graph,
                                  const attr_facts *facts, hone_attr *attr, hone_attr **out,
                                  hone_error *error) {
    const hone_attr *given;
    const char *name = attr->name;
    if (!reader->scope)
        return hone__wire_fail(error, HONE_FORMAT, facts->offset,
                               "attribute '%s' refers to a parameter outside of a function", name);
    HONE_TRY(hone__onnx_scoped_attr(reader, graph, facts->reference, &given, error));
    *out = NULL;
    if (!given) return HONE_OK;
    *attr = *given;
    attr->name = name;
    attr->next = NULL;
    *out = attr;
    return HONE_OK;
}

hone_status hone__onnx_attribute(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                 hone_attr **out, hone_error *error) {
    attr_facts facts = {.message = message, .offset = hone__wire_offset(&message)};
    hone_attr *attr = hone__arena_alloc(&graph->arena, 1, sizeof *attr);
    if (!attr) return hone_fail_memory(error, sizeof *attr);
    attr->name = "";
    HONE_TRY(look(&graph->arena, &facts, &attr->name, error));
    if (facts.reference && *facts.reference)
        return take_parameter(reader, graph, &facts, attr, out, error);
    HONE_TRY(check_form(&facts, attr->name, error));
    attr->kind = facts.form->kind;
    HONE_TRY(count_items(&facts, error));
    bool list = is_list(facts.form);
    if (facts.count > UINT32_MAX || (list && facts.count > INT32_MAX))
        return hone__wire_fail(error, HONE_LIMIT, facts.offset, "attribute '%s' is too long",
                               attr->name);
    attr->count = list ? (uint32_t)facts.count : 1;
    if (attr->kind == HONE_ATTR_STRING) attr->as.s = (hone_text_ref){"", 0};
    *out = attr;
    if (list) return read_list(&graph->arena, &facts, attr, error);
    HONE_TRY(read_single(reader, graph, &facts, attr, error));
    bool empty = (attr->kind == HONE_ATTR_TENSOR && !attr->as.tensor) ||
                 (attr->kind == HONE_ATTR_GRAPH && !attr->as.graph);
    if (!empty) return HONE_OK;
    return hone__wire_fail(error, HONE_FORMAT, facts.offset, "attribute '%s' has no value",
                           attr->name);
}

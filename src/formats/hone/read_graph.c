/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a container to a graph.
 *
 * A graph is its record, its values, its inputs and outputs, its nodes; a node its links, then its
 * attributes; an attribute that is a graph is read where it stands. Every record of every column is
 * taken once, in this order, and none may be left: so work and memory are bounded by the size of
 * the file, whatever it says. The operators' own rules are hone_graph_verify's. */
#include "base/bytes.h"
#include "base/error.h"
#include "formats/hone/layout.h"

#include <stdio.h>

typedef struct reader {
    hone_column *columns;
    const uint8_t *weights;
    uint64_t weights_size, weights_used;
    hone_limits limits; /* no zeros left */
    uint64_t nodes;
    uint32_t depth;
    hone_error *error;
} reader;

/* What is known of one graph while its records are read. */
typedef struct scope {
    hone_graph *graph;
    hone_value **values; /* by their number in the file */
    uint32_t value_count, node_count, input_count, output_count;
} scope;

static hone_status read_graph(reader *r, hone_graph *graph);

static hone_status bad(const reader *r, hone_section section, const char *what, const char *name) {
    const hone_column *column = &r->columns[section];
    uint64_t at = column->offset + column->used;
    return hone_fail(r->error, HONE_FORMAT, at,
                     "not a sound .hone file: %s%s%s%s (section %s, before byte %llu)", what,
                     name ? " '" : "", name ? name : "", name ? "'" : "", column->name,
                     (unsigned long long)at);
}

static hone_status take(reader *r, hone_section section, size_t count, const uint8_t **records) {
    return hone__column_take(&r->columns[section], count, records, r->error);
}

static hone_status take_number(reader *r, int64_t *number) {
    const uint8_t *record;
    HONE_TRY(take(r, HONE_SECTION_NUMBERS, 1, &record));
    *number = (int64_t)hone__load64(record);
    return HONE_OK;
}

/* `length` bytes and the NUL behind them, used where they are. */
static hone_status take_text(reader *r, uint64_t length, hone_text_ref *text) {
    const uint8_t *bytes;
    if (length >= hone__column_left(&r->columns[HONE_SECTION_STRINGS]))
        return bad(r, HONE_SECTION_STRINGS, "a text leaves its section", NULL);
    HONE_TRY(take(r, HONE_SECTION_STRINGS, (size_t)length + 1, &bytes));
    if (bytes[length]) return bad(r, HONE_SECTION_STRINGS, "a text does not end in NUL", NULL);
    *text = (hone_text_ref){(const char *)bytes, (size_t)length};
    return HONE_OK;
}

static hone_status take_name(reader *r, const uint8_t *length, const char **name) {
    hone_text_ref text;
    HONE_TRY(take_text(r, hone__load32(length), &text));
    if (memchr(text.data, 0, text.length))
        return bad(r, HONE_SECTION_STRINGS, "a NUL inside the name", text.data);
    *name = text.data;
    return HONE_OK;
}

/* ---- types and data ---- */

static bool is_dtype(int64_t number) {
    return number >= 0 && number < HONE_DTYPE_COUNT;
}

static hone_status take_shape(reader *r, const hone_graph *graph, int64_t rank, hone_shape *shape) {
    while (graph->parent) graph = graph->parent;
    *shape = hone__shape_unknown();
    if (rank < HONE_RANK_UNKNOWN || rank > HONE_MAX_RANK)
        return bad(r, HONE_SECTION_NUMBERS, "a rank out of range", NULL);
    shape->rank = (int32_t)rank;
    for (int32_t i = 0; i < shape->rank; i++) {
        HONE_TRY(take_number(r, &shape->dim[i]));
        if (shape->dim[i] < -(int64_t)graph->symbol_count)
            return bad(r, HONE_SECTION_NUMBERS, "a dimension names no symbol", NULL);
    }
    return HONE_OK;
}

/* The next tensor's bytes. Its place is where the writer must have put it, so nothing overlaps. */
static hone_status take_data(reader *r, hone_dtype dtype, const hone_shape *shape,
                             const uint8_t **data, size_t *bytes) {
    const uint8_t *record;
    HONE_TRY(take(r, HONE_SECTION_TENSORS, 1, &record));
    uint64_t offset = hone__load64(record), told = hone__load64(record + 8);
    HONE_TRY(hone_tensor_bytes(dtype, shape, bytes, r->error));
    if (told != *bytes || hone__load32(record + 20))
        return bad(r, HONE_SECTION_TENSORS, "a tensor's size is not that of its shape", NULL);
    if (told > r->limits.max_tensor_bytes)
        return hone_fail(r->error, HONE_LIMIT, HONE_NO_OFFSET,
                         "a tensor of %llu bytes; at most %llu are allowed",
                         (unsigned long long)told, (unsigned long long)r->limits.max_tensor_bytes);
    if (offset != hone__round_up((size_t)r->weights_used, HONE_ALIGN))
        return bad(r, HONE_SECTION_TENSORS, "a tensor is not where the one before it ends", NULL);
    if (offset > r->weights_size || told > r->weights_size - offset)
        return bad(r, HONE_SECTION_TENSORS, "a tensor leaves the file", NULL);
    r->weights_used = offset + told;
    *data = r->weights + offset;
    return HONE_OK;
}

/* ---- values ---- */

static hone_status add_constant(reader *r, hone_graph *graph, const char *name, hone_dtype dtype,
                                const hone_shape *shape, hone_value **value) {
    const uint8_t *data;
    size_t bytes;
    hone_status status = take_data(r, dtype, shape, &data, &bytes);
    if (status != HONE_OK) {
        hone_error_prefix(r->error, "constant '%s'", name);
        return status;
    }
    return hone_graph_add_constant(graph, name, dtype, shape, data, bytes, value, r->error);
}

static hone_status read_value(reader *r, scope *s, hone_value **value) {
    const uint8_t *record;
    const char *name;
    hone_shape shape;
    HONE_TRY(take(r, HONE_SECTION_VALUES, 1, &record));
    HONE_TRY(take_name(r, record, &name));
    uint8_t kind = record[4], dtype = record[5];
    if (kind > HONE_VALUE_OUTER || !is_dtype(dtype) || !*name ||
        record[7] > (kind == HONE_VALUE_CONSTANT ? 0 : HONE_TYPE_OPTIONAL_SEQUENCE))
        return bad(r, HONE_SECTION_VALUES, "a bad record of value", name);
    if (hone_graph_find_value(s->graph, name))
        return bad(r, HONE_SECTION_VALUES, "two values have the name", name);
    if (kind == HONE_VALUE_OUTER && !s->graph->parent)
        return bad(r, HONE_SECTION_VALUES, "nothing lies around the main graph for", name);
    HONE_TRY(take_shape(r, s->graph, (int8_t)record[6], &shape));
    if (kind == HONE_VALUE_CONSTANT)
        return add_constant(r, s->graph, name, (hone_dtype)dtype, &shape, value);
    HONE_TRY(hone_graph_add_value(s->graph, name, value, r->error));
    (*value)->kind = (hone_value_kind)kind;
    (*value)->dtype = (hone_dtype)dtype;
    (*value)->type = (hone_value_type)record[7];
    (*value)->shape = shape;
    return HONE_OK;
}

static hone_status read_link(reader *r, const scope *s, bool may_miss, hone_value **value) {
    const uint8_t *record;
    HONE_TRY(take(r, HONE_SECTION_LINKS, 1, &record));
    uint32_t number = hone__load32(record);
    *value = NULL;
    if (number == HONE_LINK_NONE && may_miss) return HONE_OK;
    if (number >= s->value_count)
        return bad(r, HONE_SECTION_LINKS, "a link to a value that there is not", NULL);
    *value = s->values[number];
    return HONE_OK;
}

/* A value said to be an input must be in the list of inputs, once. */
static hone_status read_ports(reader *r, scope *s) {
    hone_value *value;
    for (uint32_t i = 0; i < s->input_count; i++) {
        HONE_TRY(read_link(r, s, false, &value));
        if (value->kind != HONE_VALUE_INPUT)
            return bad(r, HONE_SECTION_LINKS, "not an input, or one twice:", value->name);
        HONE_TRY(hone_graph_add_input(s->graph, value, r->error));
        value->kind = HONE_VALUE_COMPUTED; /* until the end of the list: a second time is seen */
    }
    for (uint32_t i = 0; i < s->value_count; i++)
        if (s->values[i]->kind == HONE_VALUE_INPUT)
            return bad(r, HONE_SECTION_LINKS, "not in the list of inputs:", s->values[i]->name);
    for (uint32_t i = 0; i < s->graph->input_count; i++)
        s->graph->inputs[i]->kind = HONE_VALUE_INPUT;
    for (uint32_t i = 0; i < s->output_count; i++) {
        HONE_TRY(read_link(r, s, false, &value));
        HONE_TRY(hone_graph_add_output(s->graph, value, r->error));
    }
    return HONE_OK;
}

/* ---- attributes ---- */

static hone_status room(reader *r, hone_graph *graph, hone_section section, size_t count,
                        size_t size, void *memory) {
    if (count > hone__column_left(&r->columns[section]))
        return bad(r, section, "a list leaves its section", NULL);
    void *made = hone__arena_alloc(&graph->arena, count, size);
    if (!made) return hone_fail_memory(r->error, count * size);
    memcpy(memory, &made, sizeof made);
    return HONE_OK;
}

static hone_status read_ints(reader *r, hone_graph *graph, hone_attr *attr) {
    int64_t *ints;
    HONE_TRY(room(r, graph, HONE_SECTION_NUMBERS, attr->count, sizeof *ints, &ints));
    for (uint32_t i = 0; i < attr->count; i++) HONE_TRY(take_number(r, &ints[i]));
    attr->as.ints = ints;
    return HONE_OK;
}

static hone_status take_float(reader *r, float *out) {
    int64_t number;
    HONE_TRY(take_number(r, &number));
    if (number < 0 || number > UINT32_MAX)
        return bad(r, HONE_SECTION_NUMBERS, "a float of more than 32 bits", NULL);
    uint32_t bits = (uint32_t)number;
    memcpy(out, &bits, sizeof bits);
    return HONE_OK;
}

static hone_status read_floats(reader *r, hone_graph *graph, hone_attr *attr) {
    float *floats;
    HONE_TRY(room(r, graph, HONE_SECTION_NUMBERS, attr->count, sizeof *floats, &floats));
    for (uint32_t i = 0; i < attr->count; i++) HONE_TRY(take_float(r, &floats[i]));
    attr->as.floats = floats;
    return HONE_OK;
}

static hone_status take_string(reader *r, hone_text_ref *text) {
    int64_t length;
    HONE_TRY(take_number(r, &length));
    return take_text(r, (uint64_t)length, text);
}

static hone_status read_strings(reader *r, hone_graph *graph, hone_attr *attr) {
    hone_text_ref *strings;
    HONE_TRY(room(r, graph, HONE_SECTION_NUMBERS, attr->count, sizeof *strings, &strings));
    for (uint32_t i = 0; i < attr->count; i++) HONE_TRY(take_string(r, &strings[i]));
    attr->as.strings = strings;
    return HONE_OK;
}

static hone_status read_tensor(reader *r, hone_graph *graph, hone_attr *attr) {
    int64_t dtype, rank;
    const uint8_t *data;
    hone_tensor *tensor = hone__arena_alloc(&graph->arena, 1, sizeof *tensor);
    if (!tensor) return hone_fail_memory(r->error, sizeof *tensor);
    HONE_TRY(take_number(r, &dtype));
    HONE_TRY(take_number(r, &rank));
    if (!is_dtype(dtype)) return bad(r, HONE_SECTION_NUMBERS, "a tensor of unknown type", NULL);
    tensor->dtype = (hone_dtype)dtype;
    HONE_TRY(take_shape(r, graph, rank, &tensor->shape));
    HONE_TRY(take_data(r, tensor->dtype, &tensor->shape, &data, &tensor->bytes));
    tensor->data = (void *)(uintptr_t)data; /* only ever read through attr->as.tensor, const */
    attr->as.tensor = tensor;
    return HONE_OK;
}

static hone_status read_subgraph(reader *r, hone_graph *graph, hone_attr *attr) {
    if (r->depth >= r->limits.max_depth)
        return hone_fail(r->error, HONE_LIMIT, HONE_NO_OFFSET,
                         "graphs nested more than %u deep are not read", r->limits.max_depth);
    hone_graph *sub;
    HONE_TRY(hone_graph_new_sub(graph, &sub, r->error));
    attr->as.graph = sub;
    r->depth++;
    hone_status status = read_graph(r, sub);
    r->depth--;
    return status;
}

static hone_status read_payload(reader *r, hone_graph *graph, hone_attr *attr) {
    switch (attr->kind) {
    case HONE_ATTR_INT:
        return take_number(r, &attr->as.i);
    case HONE_ATTR_FLOAT:
        return take_float(r, &attr->as.f);
    case HONE_ATTR_STRING:
        return take_string(r, &attr->as.s);
    case HONE_ATTR_INTS:
        return read_ints(r, graph, attr);
    case HONE_ATTR_FLOATS:
        return read_floats(r, graph, attr);
    case HONE_ATTR_STRINGS:
        return read_strings(r, graph, attr);
    case HONE_ATTR_TENSOR:
        return read_tensor(r, graph, attr);
    case HONE_ATTR_GRAPH:
        return read_subgraph(r, graph, attr);
    }
    return bad(r, HONE_SECTION_ATTRS, "an attribute of unknown kind:", attr->name);
}

static bool is_list(hone_attr_kind kind) {
    return kind == HONE_ATTR_INTS || kind == HONE_ATTR_FLOATS || kind == HONE_ATTR_STRINGS;
}

static hone_status read_attr(reader *r, hone_graph *graph, hone_node *node) {
    const uint8_t *record;
    hone_attr attr = {0};
    HONE_TRY(take(r, HONE_SECTION_ATTRS, 1, &record));
    HONE_TRY(take_name(r, record, &attr.name));
    attr.kind = (hone_attr_kind)record[4];
    attr.count = hone__load32(record + 8);
    if (record[5] || record[6] || record[7] || (!is_list(attr.kind) && attr.count != 1))
        return bad(r, HONE_SECTION_ATTRS, "a bad record of attribute", attr.name);
    if (hone_node_attr(node, attr.name))
        return bad(r, HONE_SECTION_ATTRS, "a node has twice the attribute", attr.name);
    HONE_TRY(read_payload(r, graph, &attr));
    return hone_node_put_attr(graph, node, &attr, r->error);
}

/* ---- nodes ---- */

static hone_status read_links(reader *r, const scope *s, uint32_t count, hone_value ***links) {
    HONE_TRY(room(r, s->graph, HONE_SECTION_LINKS, count, sizeof **links, links));
    for (uint32_t i = 0; i < count; i++) HONE_TRY(read_link(r, s, true, &(*links)[i]));
    return HONE_OK;
}

/* An operator is stored by its ONNX name; "domain:Name" is one that the IR does not know. */
static hone_status name_operator(reader *r, const char *name, hone_op *op) {
    *op = strchr(name, ':') ? HONE_OP_FOREIGN : hone_op_find(name, strlen(name));
    if (*op != HONE_OP_FOREIGN || strchr(name, ':')) return HONE_OK;
    return hone_fail(
        r->error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
        "operator '%s' is not known to this program; was the file made by a newer one?", name);
}

static hone_status read_node(reader *r, scope *s) {
    const uint8_t *record;
    const char *name, *type;
    hone_value **inputs, **outputs;
    hone_node *node;
    hone_op op;
    HONE_TRY(take(r, HONE_SECTION_NODES, 1, &record));
    HONE_TRY(take_name(r, record, &name));
    HONE_TRY(take_name(r, record + 4, &type));
    uint32_t input_count = hone__load32(record + 8), output_count = hone__load32(record + 12);
    uint32_t attr_count = hone__load32(record + 16);
    if (hone__load32(record + 20) || attr_count > HONE_MAX_NODE_ATTRS)
        return bad(r, HONE_SECTION_NODES, "a bad record of node", name);
    HONE_TRY(name_operator(r, type, &op));
    HONE_TRY(read_links(r, s, input_count, &inputs));
    HONE_TRY(read_links(r, s, output_count, &outputs));
    HONE_TRY(hone_graph_add_node(s->graph, op, name, inputs, input_count, outputs, output_count,
                                 NULL, &node, r->error));
    if (op == HONE_OP_FOREIGN) node->foreign = type; /* lives in the blob */
    for (uint32_t i = 0; i < attr_count; i++) HONE_TRY(read_attr(r, s->graph, node));
    return HONE_OK;
}

static hone_status read_nodes(reader *r, scope *s) {
    r->nodes += s->node_count;
    if (r->nodes > r->limits.max_nodes)
        return hone_fail(r->error, HONE_LIMIT, HONE_NO_OFFSET,
                         "more than %u nodes; the limit is an option of loading",
                         r->limits.max_nodes);
    for (uint32_t i = 0; i < s->node_count; i++) HONE_TRY(read_node(r, s));
    return HONE_OK;
}

/* ---- graphs ---- */

static hone_status read_scope(reader *r, scope *s) {
    const uint8_t *record;
    HONE_TRY(take(r, HONE_SECTION_GRAPHS, 1, &record));
    HONE_TRY(take_name(r, record, &s->graph->name));
    s->value_count = hone__load32(record + 4);
    s->node_count = hone__load32(record + 8);
    s->input_count = hone__load32(record + 12);
    s->output_count = hone__load32(record + 16);
    s->graph->source_opset = (int64_t)hone__load64(record + 24);
    if (hone__load32(record + 20))
        return bad(r, HONE_SECTION_GRAPHS, "a bad record of graph", s->graph->name);
    return room(r, s->graph, HONE_SECTION_VALUES, s->value_count, sizeof *s->values, &s->values);
}

static hone_status read_graph(reader *r, hone_graph *graph) {
    scope s = {.graph = graph};
    HONE_TRY(read_scope(r, &s));
    for (uint32_t i = 0; i < s.value_count; i++) HONE_TRY(read_value(r, &s, &s.values[i]));
    HONE_TRY(read_ports(r, &s));
    return read_nodes(r, &s);
}

/* A name that begins with '?' is the number of its symbol: fresh ones made later cannot meet it. */
static hone_status read_symbol(reader *r, hone_graph *graph, uint32_t number) {
    char anonymous[16];
    hone_column *column = &r->columns[HONE_SECTION_SYMBOLS];
    const char *name = (const char *)column->data + column->used;
    const char *end = memchr(name, 0, column->size - column->used);
    int64_t dim;
    if (!end || end == name) return bad(r, HONE_SECTION_SYMBOLS, "a symbol without end", NULL);
    snprintf(anonymous, sizeof anonymous, "?%u", number);
    if (*name == '?' && strcmp(name, anonymous))
        return bad(r, HONE_SECTION_SYMBOLS, "a symbol has another's number:", name);
    HONE_TRY(hone_graph_symbol(graph, name, &dim, r->error));
    if (dim != -1 - (int64_t)number)
        return bad(r, HONE_SECTION_SYMBOLS, "a symbol comes twice:", name);
    column->used += (size_t)(end - name) + 1;
    return HONE_OK;
}

static hone_status read_symbols(reader *r, hone_graph *graph) {
    for (uint32_t i = 0; hone__column_left(&r->columns[HONE_SECTION_SYMBOLS]); i++) {
        if (i == HONE_MAX_SYMBOLS)
            return hone_fail(r->error, HONE_LIMIT, HONE_NO_OFFSET, "more than %d symbols",
                             HONE_MAX_SYMBOLS);
        HONE_TRY(read_symbol(r, graph, i));
    }
    return HONE_OK;
}

static hone_status check_all_read(const reader *r) {
    for (int kind = HONE_SECTION_STRINGS; kind < HONE_SECTION_CARD; kind++)
        if (r->columns[kind].used != r->columns[kind].size)
            return bad(r, (hone_section)kind, "records are left over", NULL);
    if (r->weights_used == r->weights_size) return HONE_OK;
    return bad(r, HONE_SECTION_WEIGHTS, "bytes behind the last tensor", NULL);
}

hone_status hone__container_graph(hone_container *container, hone_blob *blob,
                                  const hone_limits *limits, hone_graph *graph, hone_error *error) {
    const hone_column *weights = &container->columns[HONE_SECTION_WEIGHTS];
    reader r = {.columns = container->columns,
                .weights = weights->data,
                .weights_size = weights->size,
                .limits = *limits,
                .error = error};
    HONE_TRY(hone_graph_hold(graph, blob, error));
    HONE_TRY(read_symbols(&r, graph));
    HONE_TRY(read_graph(&r, graph));
    return check_all_read(&r);
}

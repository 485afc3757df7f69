/* SPDX-License-Identifier: Apache-2.0 */
/* A graph's metadata to the columns of a container; write_file.c puts them into a file.
 *
 * The walk is read_graph.c's, step by step. What a graph holds but nothing uses is left out, values
 * keep their order, and symbols are numbered as they are met: the same graph gives the same
 * bytes. */
#include "formats/hone/write.h"
#include "base/bytes.h"
#include "base/error.h"

typedef struct scope {
    const hone_graph *graph;
    uint32_t *numbers; /* by value id: its number in the file plus 1; 0: not in the file */
} scope;

static hone_status write_graph(hone_packer *p, const hone_graph *graph);

static void add8(hone_packer *p, hone_section section, uint8_t value) {
    hone__text_add(&p->columns[section], (const char *)&value, 1);
}

static void add32(hone_packer *p, hone_section section, uint32_t value) {
    uint8_t bytes[4];
    hone__store32(bytes, value);
    hone__text_add(&p->columns[section], (const char *)bytes, sizeof bytes);
}

static void add64(hone_packer *p, hone_section section, uint64_t value) {
    uint8_t bytes[8];
    hone__store64(bytes, value);
    hone__text_add(&p->columns[section], (const char *)bytes, sizeof bytes);
}

static void add_number(hone_packer *p, int64_t value) {
    add64(p, HONE_SECTION_NUMBERS, (uint64_t)value);
}

static void add_text(hone_packer *p, const char *text, size_t length) {
    hone__text_add(&p->columns[HONE_SECTION_STRINGS], text, length);
    add8(p, HONE_SECTION_STRINGS, 0);
}

/* The name's length in its record, its bytes among the strings. */
static hone_status add_name(hone_packer *p, hone_section section, const char *name) {
    size_t length = strlen(name);
    if (length > UINT32_MAX)
        return hone_fail(p->error, HONE_LIMIT, 0, "a name of %zu bytes", length);
    add32(p, section, (uint32_t)length);
    add_text(p, name, length);
    return HONE_OK;
}

/* ---- types and data ---- */

/* The number that symbol `dim` has in the file; given on first sight. */
static hone_status symbol_number(hone_packer *p, int64_t dim, int64_t *number) {
    uint32_t at = (uint32_t)(-1 - dim);
    if (at >= p->symbol_limit)
        return hone_fail(p->error, HONE_FORMAT, HONE_NO_OFFSET, "a dimension names no symbol");
    if (!p->symbols[at]) {
        hone_text *names = &p->columns[HONE_SECTION_SYMBOLS];
        const char *name = hone_graph_symbol_name(p->root, dim);
        if (p->symbol_count == HONE_MAX_SYMBOLS)
            return hone_fail(p->error, HONE_LIMIT, HONE_NO_OFFSET, "more than %d symbols",
                             HONE_MAX_SYMBOLS);
        if (*name == '?')
            hone__text_format(names, "?%u", p->symbol_count);
        else
            hone__text_add(names, name, strlen(name));
        add8(p, HONE_SECTION_SYMBOLS, 0);
        p->symbols[at] = ++p->symbol_count;
    }
    *number = -(int64_t)p->symbols[at];
    return HONE_OK;
}

static hone_status add_dims(hone_packer *p, const hone_shape *shape) {
    for (int32_t i = 0; i < shape->rank; i++) {
        int64_t dim = shape->dim[i];
        if (dim < 0) HONE_TRY(symbol_number(p, dim, &dim));
        add_number(p, dim);
    }
    return HONE_OK;
}

static hone_status add_data(hone_packer *p, const void *data, size_t bytes) {
    static const uint8_t zero[HONE_ALIGN];
    hone_packed packed = {data, bytes, hone__round_up((size_t)p->weights_size, HONE_ALIGN)};
    if (packed.offset > UINT64_MAX / 2 - bytes)
        return hone_fail(p->error, HONE_LIMIT, HONE_NO_OFFSET, "more bytes than a file can have");
    p->weights_crc = hone__crc32c(p->weights_crc, zero, (size_t)(packed.offset - p->weights_size));
    p->weights_crc = hone__crc32c(p->weights_crc, data, bytes);
    p->weights_size = packed.offset + bytes;
    hone__text_add(&p->data, (const char *)&packed, sizeof packed);
    add64(p, HONE_SECTION_TENSORS, packed.offset);
    add64(p, HONE_SECTION_TENSORS, bytes);
    add32(p, HONE_SECTION_TENSORS, hone__crc32c(0, data, bytes));
    add32(p, HONE_SECTION_TENSORS, 0);
    return HONE_OK;
}

/* ---- values ---- */

/* What deeper graphs take from this one by name. */
static void number_outer(const scope *s, const hone_graph *graph) {
    for (const hone_graph *sub = graph->first_subgraph; sub; sub = sub->next_subgraph) {
        for (const hone_value *v = sub->first_value; v; v = v->next) {
            const hone_value *mine =
                v->kind == HONE_VALUE_OUTER ? hone_graph_find_value(s->graph, v->name) : NULL;
            if (mine) s->numbers[mine->id] = 1;
        }
        number_outer(s, sub);
    }
}

static void mark(const scope *s, hone_value *const *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (values[i]) s->numbers[values[i]->id] = 1;
}

static uint32_t number_values(const scope *s) {
    uint32_t count = 0;
    mark(s, s->graph->inputs, s->graph->input_count);
    mark(s, s->graph->outputs, s->graph->output_count);
    for (const hone_node *node = s->graph->first_node; node; node = node->next) {
        mark(s, node->inputs, node->input_count);
        mark(s, node->outputs, node->output_count);
    }
    number_outer(s, s->graph);
    for (const hone_value *v = s->graph->first_value; v; v = v->next)
        if (s->numbers[v->id]) s->numbers[v->id] = ++count;
    return count;
}

/* What inference finds is not stored: opening finds it again, and the names of its symbols depend
 * on how often it ran. */
static bool is_inferred(const hone_packer *p, const scope *s, const hone_value *value) {
    return s->graph == p->root && value->kind == HONE_VALUE_COMPUTED && value->producer &&
           strcmp(hone_op_get(value->producer->op)->shape_rule, "unknown") != 0;
}

static hone_status write_value(hone_packer *p, const scope *s, const hone_value *value) {
    bool inferred = is_inferred(p, s, value);
    hone_shape shape = inferred ? hone__shape_unknown() : value->shape;
    HONE_TRY(add_name(p, HONE_SECTION_VALUES, value->name));
    add8(p, HONE_SECTION_VALUES, (uint8_t)value->kind);
    add8(p, HONE_SECTION_VALUES, inferred ? HONE_DTYPE_NONE : (uint8_t)value->dtype);
    add8(p, HONE_SECTION_VALUES, (uint8_t)(int8_t)shape.rank);
    add8(p, HONE_SECTION_VALUES, inferred ? HONE_TYPE_TENSOR : (uint8_t)value->type);
    HONE_TRY(add_dims(p, &shape));
    if (value->kind != HONE_VALUE_CONSTANT) return HONE_OK;
    if (value->dtype == HONE_STRING)
        return hone_fail(p->error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "constant '%s' holds strings, which .hone files cannot", value->name);
    return add_data(p, value->data, value->bytes);
}

static void write_links(hone_packer *p, const scope *s, hone_value *const *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        add32(p, HONE_SECTION_LINKS, values[i] ? s->numbers[values[i]->id] - 1 : HONE_LINK_NONE);
}

/* ---- attributes ---- */

static void add_float(hone_packer *p, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_number(p, bits);
}

static void add_string(hone_packer *p, hone_text_ref text) {
    add_number(p, (int64_t)text.length);
    add_text(p, text.data, text.length);
}

static hone_status write_tensor(hone_packer *p, const hone_tensor *tensor) {
    add_number(p, tensor->dtype);
    add_number(p, tensor->shape.rank);
    HONE_TRY(add_dims(p, &tensor->shape));
    return add_data(p, tensor->data, tensor->bytes);
}

static hone_status write_payload(hone_packer *p, const hone_attr *attr) {
    switch (attr->kind) {
    case HONE_ATTR_INT:
        add_number(p, attr->as.i);
        break;
    case HONE_ATTR_FLOAT:
        add_float(p, attr->as.f);
        break;
    case HONE_ATTR_STRING:
        add_string(p, attr->as.s);
        break;
    case HONE_ATTR_INTS:
        for (uint32_t i = 0; i < attr->count; i++) add_number(p, attr->as.ints[i]);
        break;
    case HONE_ATTR_FLOATS:
        for (uint32_t i = 0; i < attr->count; i++) add_float(p, attr->as.floats[i]);
        break;
    case HONE_ATTR_STRINGS:
        for (uint32_t i = 0; i < attr->count; i++) add_string(p, attr->as.strings[i]);
        break;
    case HONE_ATTR_TENSOR:
        return write_tensor(p, attr->as.tensor);
    case HONE_ATTR_GRAPH:
        return write_graph(p, attr->as.graph);
    }
    return HONE_OK;
}

static bool is_list(hone_attr_kind kind) {
    return kind == HONE_ATTR_INTS || kind == HONE_ATTR_FLOATS || kind == HONE_ATTR_STRINGS;
}

static hone_status write_attr(hone_packer *p, const hone_attr *attr) {
    HONE_TRY(add_name(p, HONE_SECTION_ATTRS, attr->name));
    add32(p, HONE_SECTION_ATTRS, (uint8_t)attr->kind);
    add32(p, HONE_SECTION_ATTRS, is_list(attr->kind) ? attr->count : 1);
    return write_payload(p, attr);
}

/* ---- nodes and graphs ---- */

static hone_status write_node(hone_packer *p, const scope *s, const hone_node *node) {
    uint32_t attrs = 0;
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next) attrs++;
    if (attrs > HONE_MAX_NODE_ATTRS)
        return hone_fail(p->error, HONE_LIMIT, HONE_NO_OFFSET, "node '%s' has %u attributes",
                         node->name, attrs);
    HONE_TRY(add_name(p, HONE_SECTION_NODES, node->name));
    HONE_TRY(add_name(p, HONE_SECTION_NODES,
                      node->op == HONE_OP_FOREIGN ? node->foreign : hone_op_get(node->op)->name));
    add32(p, HONE_SECTION_NODES, node->input_count);
    add32(p, HONE_SECTION_NODES, node->output_count);
    add32(p, HONE_SECTION_NODES, attrs);
    add32(p, HONE_SECTION_NODES, 0);
    write_links(p, s, node->inputs, node->input_count);
    write_links(p, s, node->outputs, node->output_count);
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next)
        HONE_TRY(write_attr(p, attr));
    return HONE_OK;
}

static uint32_t count_nodes(const hone_graph *graph) {
    uint32_t count = 0;
    for (const hone_node *node = graph->first_node; node; node = node->next) count++;
    return count;
}

static hone_status write_scope(hone_packer *p, const scope *s) {
    const hone_graph *graph = s->graph;
    uint32_t values = number_values(s);
    HONE_TRY(add_name(p, HONE_SECTION_GRAPHS, graph->name));
    add32(p, HONE_SECTION_GRAPHS, values);
    add32(p, HONE_SECTION_GRAPHS, count_nodes(graph));
    add32(p, HONE_SECTION_GRAPHS, graph->input_count);
    add32(p, HONE_SECTION_GRAPHS, graph->output_count);
    add32(p, HONE_SECTION_GRAPHS, 0);
    add64(p, HONE_SECTION_GRAPHS, (uint64_t)graph->source_opset);
    for (const hone_value *value = graph->first_value; value; value = value->next)
        if (s->numbers[value->id]) HONE_TRY(write_value(p, s, value));
    write_links(p, s, graph->inputs, graph->input_count);
    write_links(p, s, graph->outputs, graph->output_count);
    for (const hone_node *node = graph->first_node; node; node = node->next)
        HONE_TRY(write_node(p, s, node));
    return HONE_OK;
}

static hone_status write_graph(hone_packer *p, const hone_graph *graph) {
    size_t bytes = graph->value_count * sizeof(uint32_t);
    scope s = {graph, hone__calloc(p->allocator, graph->value_count, sizeof(uint32_t))};
    if (!s.numbers) return hone_fail_memory(p->error, bytes);
    hone_status status = write_scope(p, &s);
    hone__free(p->allocator, s.numbers, bytes);
    return status;
}

hone_status hone__packer_fill(hone_packer *packer, const hone_graph *graph, hone_error *error) {
    packer->root = graph;
    packer->error = error;
    packer->symbol_limit = graph->symbol_count;
    packer->symbols = hone__calloc(packer->allocator, graph->symbol_count, sizeof(uint32_t));
    if (!packer->symbols) return hone_fail_memory(error, graph->symbol_count * sizeof(uint32_t));
    HONE_TRY(write_graph(packer, graph));
    bool failed = packer->data.failed;
    for (int kind = 1; kind < HONE_SECTION_CARD; kind++) failed |= packer->columns[kind].failed;
    return failed ? hone_fail_memory(error, packer->columns[HONE_SECTION_STRINGS].length) : HONE_OK;
}

void hone__packer_init(hone_packer *packer, const hone_allocator *allocator) {
    *packer = (hone_packer){.allocator = allocator};
    hone__text_init(&packer->data, allocator);
    for (int kind = 0; kind < HONE_SECTION_CARD; kind++)
        hone__text_init(&packer->columns[kind], allocator);
}

void hone__packer_release(hone_packer *packer) {
    hone__free(packer->allocator, packer->symbols, packer->symbol_limit * sizeof(uint32_t));
    hone__text_release(&packer->data);
    for (int kind = 0; kind < HONE_SECTION_CARD; kind++) hone__text_release(&packer->columns[kind]);
}

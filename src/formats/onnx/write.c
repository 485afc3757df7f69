/* SPDX-License-Identifier: Apache-2.0 */
/* A graph as an ONNX model of opset HONE_IR_OPSET, streamed: nothing is built up in memory. */
#include "base/error.h"
#include "formats/model.h"
#include "formats/onnx/write_wire.h"

#include <string.h>

#define IR_VERSION 10                     /* onnx 1.16, which brought opset 21 */
#define MOST_BYTES ((uint64_t)2147483647) /* protobuf's limit, which readers enforce */

/* Operators younger than HONE_IR_OPSET raise the opset of a model that has them. What differs
 * between the two for older operators is types admitted, never meaning. */
static const struct {
    const char *op;
    int64_t since;
} young_operators[] = {
    {"Attention", 24}, {"RMSNormalization", 23}, {"RotaryEmbedding", 23},
    {"Swish", 24},     {"TensorScatter", 24},
};

/* ---- values ---- */

static void encode_dim(hone_sink *sink, const void *what) {
    const hone_graph *graph = ((const void *const *)what)[0];
    const int64_t *dim = ((const void *const *)what)[1];
    if (*dim >= 0) {
        hone__sink_int(sink, 1, *dim);
        return;
    }
    const char *name = hone_graph_symbol_name(graph, *dim);
    if (name && *name && *name != '?') hone__sink_text(sink, 2, name); /* '?': made up */
}

typedef struct port {
    const hone_graph *graph;
    const hone_value *value;
    hone_value_type type;
} port;

static void encode_shape(hone_sink *sink, const void *what) {
    const port *p = what;
    for (int32_t i = 0; i < p->value->shape.rank; i++) {
        const void *dim[2] = {p->graph, &p->value->shape.dim[i]};
        hone__sink_message(sink, 1, encode_dim, dim);
    }
}

static void encode_tensor_type(hone_sink *sink, const void *what) {
    const port *p = what;
    hone__sink_int(sink, 1, p->value->dtype);
    if (p->value->shape.rank != HONE_RANK_UNKNOWN) hone__sink_message(sink, 2, encode_shape, what);
}

static void encode_type(hone_sink *sink, const void *what);

/* TypeProto.Sequence and .Optional: the same port with its outermost kind taken off. */
static void encode_inner_type(hone_sink *sink, const void *what) {
    const port *p = what;
    port inner = *p;
    inner.type = p->type == HONE_TYPE_OPTIONAL_SEQUENCE ? HONE_TYPE_SEQUENCE : HONE_TYPE_TENSOR;
    hone__sink_message(sink, 1, encode_type, &inner);
}

static void encode_type(hone_sink *sink, const void *what) {
    const port *p = what;
    if (p->type == HONE_TYPE_TENSOR)
        hone__sink_message(sink, 1, encode_tensor_type, what);
    else
        hone__sink_message(sink, p->type == HONE_TYPE_SEQUENCE ? 4 : 9, encode_inner_type, what);
}

static void encode_port(hone_sink *sink, const void *what) {
    const port *p = what;
    hone__sink_text(sink, 1, p->value->name);
    if (p->value->dtype != HONE_DTYPE_NONE) hone__sink_message(sink, 2, encode_type, what);
}

/* ---- tensors and attributes ---- */

typedef struct named_tensor {
    const char *name;
    hone_dtype dtype;
    const hone_shape *shape;
    const void *data;
    size_t bytes;
} named_tensor;

static void encode_tensor(hone_sink *sink, const void *what) {
    const named_tensor *t = what;
    for (int32_t i = 0; i < t->shape->rank; i++) hone__sink_int(sink, 1, t->shape->dim[i]);
    hone__sink_int(sink, 2, t->dtype);
    if (*t->name) hone__sink_text(sink, 8, t->name);
    hone__sink_blob(sink, 9, t->data, t->bytes);
}

static void encode_graph(hone_sink *sink, const void *what);

static void encode_attr_tensor(hone_sink *sink, const hone_tensor *t) {
    named_tensor tensor = {"", t->dtype, &t->shape, t->data, t->bytes};
    hone__sink_message(sink, 5, encode_tensor, &tensor);
}

/* The numbers of AttributeProto.AttributeType. */
static int64_t attr_type(hone_attr_kind kind) {
    static const uint8_t types[] = {
        [HONE_ATTR_FLOAT] = 1,  [HONE_ATTR_INT] = 2,    [HONE_ATTR_STRING] = 3,
        [HONE_ATTR_TENSOR] = 4, [HONE_ATTR_GRAPH] = 5,  [HONE_ATTR_FLOATS] = 6,
        [HONE_ATTR_INTS] = 7,   [HONE_ATTR_STRINGS] = 8};
    return types[kind];
}

static void encode_attr(hone_sink *sink, const void *what) {
    const hone_attr *attr = what;
    hone__sink_text(sink, 1, attr->name);
    uint32_t count = attr->count;
    switch (attr->kind) {
    case HONE_ATTR_FLOAT:
        hone__sink_float(sink, 2, attr->as.f);
        break;
    case HONE_ATTR_INT:
        hone__sink_int(sink, 3, attr->as.i);
        break;
    case HONE_ATTR_STRING:
        hone__sink_blob(sink, 4, attr->as.s.data, attr->as.s.length);
        break;
    case HONE_ATTR_TENSOR:
        encode_attr_tensor(sink, attr->as.tensor);
        break;
    case HONE_ATTR_GRAPH:
        hone__sink_message(sink, 6, encode_graph, attr->as.graph);
        break;
    case HONE_ATTR_FLOATS:
        for (uint32_t i = 0; i < count; i++) hone__sink_float(sink, 7, attr->as.floats[i]);
        break;
    case HONE_ATTR_INTS:
        for (uint32_t i = 0; i < count; i++) hone__sink_int(sink, 8, attr->as.ints[i]);
        break;
    case HONE_ATTR_STRINGS:
        for (uint32_t i = 0; i < count; i++)
            hone__sink_blob(sink, 9, attr->as.strings[i].data, attr->as.strings[i].length);
        break;
    }
    hone__sink_int(sink, 20, attr_type(attr->kind));
}

/* ---- nodes ---- */

/* "domain@3:Name" apart; the version is optional and 1 by default. */
typedef struct foreign_parts {
    const char *domain, *op;
    size_t domain_length;
    int64_t version;
} foreign_parts;

static foreign_parts split_foreign(const char *foreign) {
    const char *colon = strrchr(foreign, ':');
    if (!colon) return (foreign_parts){"", foreign, 0, 1};
    foreign_parts parts = {foreign, colon + 1, (size_t)(colon - foreign), 1};
    const char *at = memchr(foreign, '@', parts.domain_length);
    if (at) {
        parts.domain_length = (size_t)(at - foreign);
        parts.version = 0;
        for (const char *digit = at + 1; digit < colon && *digit >= '0' && *digit <= '9'; digit++)
            parts.version = parts.version * 10 + (*digit - '0');
    }
    if (parts.domain_length == 7 && !memcmp(foreign, "ai.onnx", 7)) parts.domain_length = 0;
    return parts;
}

static void encode_names(hone_sink *sink, uint32_t number, hone_value *const *values,
                         uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        hone__sink_text(sink, number, values[i] ? values[i]->name : "");
}

static void encode_node(hone_sink *sink, const void *what) {
    const hone_node *node = what;
    encode_names(sink, 1, node->inputs, node->input_count);
    encode_names(sink, 2, node->outputs, node->output_count);
    hone__sink_text(sink, 3, node->name);
    if (node->op == HONE_OP_FOREIGN) {
        foreign_parts parts = split_foreign(node->foreign ? node->foreign : "");
        hone__sink_text(sink, 4, parts.op);
        if (parts.domain_length) hone__sink_blob(sink, 7, parts.domain, parts.domain_length);
    } else {
        hone__sink_text(sink, 4, hone_op_get(node->op)->name);
    }
    for (const hone_attr *attr = node->attrs; attr; attr = attr->next)
        hone__sink_message(sink, 5, encode_attr, attr);
}

/* ---- graphs ---- */

/* Rewrites leave constants behind that nobody reads; they are not written. */
static void encode_constants(hone_sink *sink, const hone_graph *graph) {
    size_t bytes = ((size_t)graph->value_count + 1) * sizeof(uint32_t);
    uint32_t *uses = hone__alloc(graph->arena.allocator, bytes, 1);
    if (!uses && sink->status == HONE_OK) sink->status = hone_fail_memory(sink->error, bytes);
    if (!uses) return;
    hone_graph_count_uses(graph, uses);
    for (const hone_value *v = graph->first_value; v; v = v->next) {
        if (v->kind != HONE_VALUE_CONSTANT || uses[v->id] == 0) continue;
        named_tensor tensor = {v->name, v->dtype, &v->shape, v->data, v->bytes};
        hone__sink_message(sink, 5, encode_tensor, &tensor);
    }
    hone__free(graph->arena.allocator, uses, bytes);
}

static void encode_graph(hone_sink *sink, const void *what) {
    const hone_graph *graph = what;
    for (const hone_node *node = graph->first_node; node; node = node->next)
        hone__sink_message(sink, 1, encode_node, node);
    hone__sink_text(sink, 2, *graph->name ? graph->name : "graph");
    encode_constants(sink, graph);
    for (uint32_t i = 0; i < graph->input_count; i++)
        hone__sink_message(sink, 11, encode_port,
                           &(port){graph, graph->inputs[i], graph->inputs[i]->type});
    for (uint32_t i = 0; i < graph->output_count; i++)
        hone__sink_message(sink, 12, encode_port,
                           &(port){graph, graph->outputs[i], graph->outputs[i]->type});
}

/* ---- the model ---- */

typedef struct domain_version {
    const char *domain;
    size_t length;
    int64_t version;
} domain_version;

#define MAX_DOMAINS 64 /* as many as the reader takes */

typedef struct model {
    const hone_graph *graph;
    domain_version domains[MAX_DOMAINS];
    uint32_t domain_count;
} model;

static hone_status add_domain(model *m, domain_version entry, hone_error *error) {
    for (uint32_t i = 0; i < m->domain_count; i++) {
        domain_version *known = &m->domains[i];
        if (known->length != entry.length || memcmp(known->domain, entry.domain, entry.length))
            continue;
        if (known->version < entry.version) known->version = entry.version;
        return HONE_OK;
    }
    if (m->domain_count == MAX_DOMAINS)
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "more than %d domains", MAX_DOMAINS);
    m->domains[m->domain_count++] = entry;
    return HONE_OK;
}

static hone_status collect_domain(model *m, const hone_node *node, hone_error *error) {
    const char *op = hone_op_get(node->op)->name;
    if (node->op == HONE_OP_FOREIGN) {
        foreign_parts parts = split_foreign(node->foreign ? node->foreign : "");
        if (parts.domain_length)
            return add_domain(m, (domain_version){parts.domain, parts.domain_length, parts.version},
                              error);
        op = parts.op;
    }
    for (size_t i = 0; i < sizeof young_operators / sizeof *young_operators; i++)
        if (!strcmp(op, young_operators[i].op))
            return add_domain(m, (domain_version){"", 0, young_operators[i].since}, error);
    return HONE_OK;
}

static hone_status collect_domains(model *m, const hone_graph *graph, hone_error *error) {
    for (const hone_node *node = graph->first_node; node; node = node->next) {
        HONE_TRY(collect_domain(m, node, error));
        for (const hone_attr *attr = node->attrs; attr; attr = attr->next)
            if (attr->kind == HONE_ATTR_GRAPH) HONE_TRY(collect_domains(m, attr->as.graph, error));
    }
    return HONE_OK;
}

static void encode_domain(hone_sink *sink, const void *what) {
    const domain_version *entry = what;
    hone__sink_blob(sink, 1, entry->domain, entry->length);
    hone__sink_int(sink, 2, entry->version);
}

static void encode_model(hone_sink *sink, const void *what) {
    const model *m = what;
    hone__sink_int(sink, 1, IR_VERSION + (m->domains[0].version > HONE_IR_OPSET));
    hone__sink_text(sink, 2, "hone");
    hone__sink_text(sink, 3, hone_version());
    for (uint32_t i = 0; i < m->domain_count; i++)
        hone__sink_message(sink, 8, encode_domain, &m->domains[i]);
    hone__sink_message(sink, 7, encode_graph, m->graph);
}

static hone_status check_size(const model *m, hone_error *error) {
    hone_sink counter = {0};
    counter.error = error;
    encode_model(&counter, m);
    if (counter.status != HONE_OK) return counter.status;
    if (counter.count <= MOST_BYTES) return HONE_OK;
    return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET,
                     "an ONNX file holds at most 2 GiB and this model has %llu bytes; save it as "
                     ".hone",
                     (unsigned long long)counter.count);
}

static hone_status stream(const model *m, const char *path, const hone_allocator *allocator,
                          hone_error *error) {
    hone_writer writer = {0};
    hone_sink sink = {.writer = &writer, .error = error};
    sink.buffer = hone__alloc(allocator, HONE_SINK_BUFFER, 1);
    if (!sink.buffer) return hone_fail_memory(error, HONE_SINK_BUFFER);
    sink.status = hone__writer_open(&writer, path, error);
    if (sink.status == HONE_OK) {
        encode_model(&sink, m);
        hone__sink_flush(&sink);
    }
    if (sink.status == HONE_OK) sink.status = hone__writer_commit(&writer, error);
    hone__writer_abandon(&writer);
    hone__free(allocator, sink.buffer, HONE_SINK_BUFFER);
    return sink.status;
}

hone_status hone__onnx_write(const hone_graph *graph, const char *path, hone_error *error) {
    model m = {.graph = graph};
    HONE_TRY(add_domain(&m, (domain_version){"", 0, HONE_IR_OPSET}, error));
    HONE_TRY(collect_domains(&m, graph, error));
    HONE_TRY(check_size(&m, error));
    return stream(&m, path, graph->arena.allocator, error);
}

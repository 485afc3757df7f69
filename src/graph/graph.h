/* SPDX-License-Identifier: Apache-2.0 */
/* The one intermediate representation.
 *
 * Meaning: ONNX operator semantics at opset HONE_IR_OPSET, channels first;
 * QuantizeLinear/DequantizeLinear pairs round what is quantized. Everything that reads a file lifts
 * to this, everything that writes starts from it.
 *
 * Ownership: a graph owns one arena; every name, value, node, attribute and small constant lives
 * there and is freed with the graph only (rewriting never frees). Big constants point into a blob:
 * a mapping or a buffer that the graph holds by a counted reference, and that clones share.
 * Subgraphs are graphs of their own, owned by their parent and sharing its blobs; a subgraph's node
 * may name a value of an enclosing graph (an outer reference, see hone_value).
 *
 * Order: nodes form a doubly linked list in topological order, an invariant that the verifier
 * checks. Values and nodes have dense ids (creation order, never reused), so that a side table is
 * an array of graph->value_count entries.
 *
 * A missing optional input is NULL in node->inputs; a missing optional output is NULL in
 * node->outputs.
 */
#ifndef HONE_GRAPH_GRAPH_H
#define HONE_GRAPH_GRAPH_H

#include "base/arena.h"
#include "base/text.h"
#include "graph/op.h"
#include "tensor/tensor.h"

#define HONE_IR_OPSET 21 /* the one opset the IR speaks */

typedef struct hone_graph hone_graph;
typedef struct hone_node hone_node;
typedef struct hone_value hone_value;

typedef enum hone_value_kind {
    HONE_VALUE_COMPUTED = 0, /* by `producer` */
    HONE_VALUE_INPUT,        /* given at run time */
    HONE_VALUE_CONSTANT,     /* `data` holds it */
    HONE_VALUE_OUTER         /* of an enclosing graph, found there by `name` */
} hone_value_kind;

/* What a value is, as far as the file says; dtype and shape are those of its elements. */
typedef enum hone_value_type {
    HONE_TYPE_TENSOR = 0,
    HONE_TYPE_SEQUENCE,         /* of tensors */
    HONE_TYPE_OPTIONAL,         /* a tensor or nothing */
    HONE_TYPE_OPTIONAL_SEQUENCE /* a sequence of tensors or nothing */
} hone_value_type;

struct hone_value {
    const char *name; /* unique in its graph; owned by the graph */
    hone_dtype dtype; /* HONE_DTYPE_NONE while unknown */
    hone_shape
        shape; /* rank HONE_RANK_UNKNOWN while unknown; negative dims are symbols of the graph */
    hone_value_kind kind;
    hone_value_type type;
    uint32_t id;
    hone_node *producer; /* computed values only */
    const void *data; /* constants only: dense, little-endian, at least 1-byte aligned (copy before
                         casting!) */
    size_t bytes;
    hone_value *next; /* all values of the graph, in creation order */
};

typedef enum hone_attr_kind {
    HONE_ATTR_INT = 1,
    HONE_ATTR_FLOAT,
    HONE_ATTR_STRING,
    HONE_ATTR_INTS,
    HONE_ATTR_FLOATS,
    HONE_ATTR_STRINGS,
    HONE_ATTR_TENSOR,
    HONE_ATTR_GRAPH
} hone_attr_kind;

typedef struct hone_text_ref {
    const char *data; /* NUL-terminated behind `length` bytes, which may hold NULs themselves */
    size_t length;
} hone_text_ref;

typedef struct hone_attr hone_attr;
struct hone_attr {
    const char *name;
    hone_attr_kind kind;
    uint32_t count; /* of ints, floats, strings; 1 otherwise */
    union {
        int64_t i;
        float f;
        hone_text_ref s;
        const int64_t *ints;
        const float *floats;
        const hone_text_ref *strings;
        const hone_tensor *tensor;
        hone_graph *graph;
    } as;
    hone_attr *next;
};

struct hone_node {
    const char *name; /* never NULL; made up from operator and id where the file had none */
    hone_op op;
    uint32_t id;
    uint32_t input_count, output_count;
    hone_value **inputs,
        **outputs; /* written through hone_node_set_input, hone_graph_add_node only */
    hone_attr *attrs;
    hone_node *prev, *next;
    const char *foreign; /* op == HONE_OP_FOREIGN: "domain:Name", kept but not understood */
};

struct hone_graph {
    hone_arena arena;
    const char *name;
    hone_graph *parent; /* NULL for the main graph */
    hone_value *first_value, *last_value;
    hone_node *first_node, *last_node;
    uint32_t value_count, node_count; /* ids given, not nodes alive */
    uint32_t input_count, output_count;
    hone_value **inputs, **outputs;
    const char **symbols; /* dim -1 - i is symbols[i] */
    uint32_t symbol_count;
    uint32_t *symbol_slots; /* name -> index + 1, open addressing; a power of two, half full */
    uint32_t symbol_slot_count;
    struct hone_blob_ref *blobs; /* main graph only */
    hone_graph *first_subgraph, *next_subgraph;
    struct hone_name_table *names; /* name -> value */
    int64_t source_opset; /* of the ONNX file it came from; 0: of a TensorFlow Lite file, whose sums
                           * of bytes are rounded as TensorFlow Lite's are */
};

/* A counted piece of memory: a mapping of a file, or a buffer. Reference counting is atomic. */
typedef struct hone_blob hone_blob;
hone_status hone_blob_map(const hone_allocator *allocator, const char *path, hone_blob **blob,
                          hone_error *error);
hone_status hone_blob_new(const hone_allocator *allocator, size_t bytes, hone_blob **blob,
                          hone_error *error); /* 64-byte aligned, cleared */
hone_status hone_blob_borrow(const hone_allocator *allocator, const void *data, size_t bytes,
                             hone_blob **blob, hone_error *error);
const uint8_t *hone_blob_data(const hone_blob *blob);
uint8_t *hone_blob_fill(hone_blob *blob); /* of hone_blob_new only; NULL for others */
size_t hone_blob_size(const hone_blob *blob);
void hone_blob_release(hone_blob *blob); /* NULL is fine */
/* What tells the blob's bytes from those of any other blob, in any process: of a mapped file a
 * digest of device, inode, size and times; a reader that knows better sets its own. NULL: nothing
 * does. */
#define HONE_IDENTITY_BYTES 32
const uint8_t *hone_blob_identity(const hone_blob *blob);
/* `proof` finds out whether a claimed identity is the bytes' own; NULL: it is. */
typedef bool (*hone_blob_proof)(const hone_blob *blob);
void hone_blob_identify(hone_blob *blob, const uint8_t identity[HONE_IDENTITY_BYTES],
                        hone_blob_proof proof);
/* The proof's answer, asked for once; false without an identity. */
bool hone_blob_proven(hone_blob *blob);
/* The bytes, all inside the blob, will not be read for a while: their pages of a mapped file are
 * given back. */
void hone_blob_forget(const hone_blob *blob, const void *data, size_t bytes);

hone_status hone_graph_new(const hone_allocator *allocator, hone_graph **graph, hone_error *error);
hone_status hone_graph_new_sub(hone_graph *parent, hone_graph **graph, hone_error *error);
void hone_graph_free(hone_graph *graph); /* subgraphs too; NULL is fine */
/* Live nodes and values only; ids are given anew. Blobs are shared. */
hone_status hone_graph_clone(const hone_graph *graph, hone_graph **copy, hone_error *error);
/* The graph keeps the blob alive; takes a reference of its own. */
hone_status hone_graph_hold(hone_graph *graph, hone_blob *blob, hone_error *error);
/* The held blob that the byte at `data` lies in, or NULL. */
hone_blob *hone_graph_find_blob(const hone_graph *graph, const void *data);
/* Held blobs, one after the other: the first for NULL; NULL behind the last. */
hone_blob *hone_graph_next_blob(const hone_graph *graph, const hone_blob *blob);

/* A part of a graph: nodes in order, the values that enter it and those that are wanted from it. */
typedef struct hone_cut {
    hone_node *const *nodes;
    hone_value *const *inputs, *const *outputs;
    uint32_t node_count, input_count, output_count;
} hone_cut;
/* The part as a graph of its own. It borrows attributes and constants from `graph`, which must
 * outlive it; subgraphs stay where they are. */
hone_status hone_graph_extract(const hone_graph *graph, const hone_cut *cut,
                               const hone_allocator *allocator, hone_graph **part,
                               hone_error *error);
/* The whole graph in that way. What a subgraph takes from the graphs around it becomes further
 * inputs, behind its own, in the order of hone_graph_captures. */
hone_status hone_graph_extract_all(const hone_graph *graph, const hone_allocator *allocator,
                                   hone_graph **whole, hone_error *error);
/* Names of the outer values that a subgraph and those inside it use; the list lives in `memory`. */
hone_status hone_graph_captures(hone_graph *memory, const hone_graph *sub,
                                const char *const **names, uint32_t *count, hone_error *error);
/* Puts the nodes of `branch` (a subgraph of `node` without inputs) in the place of `node`. *done
 * false: names clash, and nothing was changed. */
hone_status hone_graph_inline_branch(hone_graph *graph, hone_node *node, hone_graph *branch,
                                     bool *done, hone_error *error);

/* Values. Names are copied; "" or NULL makes up a unique one. HONE_EXISTS for a name that is taken.
 */
hone_status hone_graph_add_value(hone_graph *graph, const char *name, hone_value **value,
                                 hone_error *error);
/* data is not copied: it must live in a held blob or the arena. */
hone_status hone_graph_add_constant(hone_graph *graph, const char *name, hone_dtype dtype,
                                    const hone_shape *shape, const void *data, size_t bytes,
                                    hone_value **value, hone_error *error);
/* The same, copied into memory of the graph (64-byte aligned). data NULL: cleared memory, writable
 * through *fill. */
hone_status hone_graph_copy_constant(hone_graph *graph, const char *name, hone_dtype dtype,
                                     const hone_shape *shape, const void *data, size_t bytes,
                                     void **fill, hone_value **value, hone_error *error);
/* Cleared memory for a constant's data, 64-byte aligned, freed with the graph. */
hone_status hone_graph_memory(hone_graph *graph, size_t bytes, void **memory, hone_error *error);
hone_status hone_graph_add_input(hone_graph *graph, hone_value *value, hone_error *error);
hone_status hone_graph_add_output(hone_graph *graph, hone_value *value, hone_error *error);
hone_value *hone_graph_find_value(const hone_graph *graph,
                                  const char *name); /* NULL: none; this graph only */

/* Nodes. Appends, or inserts before `before`. Inputs and outputs may hold NULL. Values must not
 * have a producer yet. */
hone_status hone_graph_add_node(hone_graph *graph, hone_op op, const char *name,
                                hone_value *const *inputs, uint32_t input_count,
                                hone_value *const *outputs, uint32_t output_count,
                                hone_node *before, hone_node **node, hone_error *error);
/* Unlinks it; its outputs lose their producer and must no longer be used. */
void hone_graph_remove_node(hone_graph *graph, hone_node *node);
hone_status hone_node_set_input(hone_graph *graph, hone_node *node, uint32_t index,
                                hone_value *value, hone_error *error);
/* Every node input and graph output that is `old` becomes `with` (subgraphs' outer references by
 * name included). */
void hone_graph_replace_uses(hone_graph *graph, hone_value *old, hone_value *with);
/* Uses by nodes and graph outputs, as a table indexed by value id, in the caller's memory of
 * value_count entries. */
void hone_graph_count_uses(const hone_graph *graph, uint32_t *uses);
hone_status hone_graph_sort(hone_graph *graph,
                            hone_error *error); /* topological, stable; HONE_FORMAT on a cycle */

/* Attributes; the set functions copy and replace one of that name. */
const hone_attr *hone_node_attr(const hone_node *node, const char *name); /* NULL: absent */
int64_t hone_node_int(const hone_node *node, const char *name, int64_t otherwise);
float hone_node_float(const hone_node *node, const char *name, float otherwise);
const char *hone_node_string(const hone_node *node, const char *name, const char *otherwise);
/* Count of ints, 0 when absent; *ints points into the node. */
uint32_t hone_node_ints(const hone_node *node, const char *name, const int64_t **ints);
hone_status hone_node_set_int(hone_graph *graph, hone_node *node, const char *name, int64_t value,
                              hone_error *error);
hone_status hone_node_set_float(hone_graph *graph, hone_node *node, const char *name, float value,
                                hone_error *error);
hone_status hone_node_set_string(hone_graph *graph, hone_node *node, const char *name,
                                 const char *value, hone_error *error);
hone_status hone_node_set_ints(hone_graph *graph, hone_node *node, const char *name,
                               const int64_t *values, uint32_t count, hone_error *error);
/* For importers: takes an attribute whose pointers live in the graph's arena or blobs. */
hone_status hone_node_put_attr(hone_graph *graph, hone_node *node, const hone_attr *attr,
                               hone_error *error);
void hone_node_remove_attr(hone_node *node, const char *name);

/* Symbolic dimensions. The same name gives the same symbol; NULL makes a fresh anonymous one
 * ("?0"). */
hone_status hone_graph_symbol(hone_graph *graph, const char *name, int64_t *dim, hone_error *error);
const char *hone_graph_symbol_name(const hone_graph *graph, int64_t dim);
/* Every occurrence of symbol `dim` in value shapes becomes `size`. */
void hone_graph_bind_symbol(hone_graph *graph, int64_t dim, int64_t size);

/* A small integer constant (S64/S32) as int64; false when the value is not such a constant or has
 * more than `most`. */
bool hone_value_ints(const hone_value *value, int64_t *out, uint32_t most, uint32_t *count);
/* One float, F16 or F32 scalar constant. */
bool hone_value_scalar(const hone_value *value, float *out);

/* Structure, arity, attributes known to the operator table, types, order, one producer a value.
 * HONE_FORMAT or HONE_UNSUPPORTED with the node named. */
hone_status hone_graph_verify(const hone_graph *graph, hone_error *error);
/* Types and shapes of all values from those of the inputs; contradictions are HONE_SHAPE with the
 * node named. What cannot be known gets fresh symbols or unknown rank. Forgets earlier inferred
 * results first. */
hone_status hone_graph_infer(hone_graph *graph, hone_error *error);
void hone_graph_print(const hone_graph *graph, hone_text *text);

/* Multiply-adds of one node once shapes are known (symbols count as 1), 0 for cheap operators. */
uint64_t hone_node_multiply_adds(const hone_node *node);

#endif

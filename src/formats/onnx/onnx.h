/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the ONNX importer share.
 *
 * Way of a file: read.c takes the ModelProto apart, read_graph.c a GraphProto in three passes
 * (constants, inputs, nodes), read_node.c makes a draft of each node, lift.c rewrites the draft to
 * HONE_IR_OPSET, and the draft becomes a node. What needs shapes to be lifted is rewritten at the
 * end (lift_late.c). Field numbers are those of onnx.proto (onnx 1.20). */
#ifndef HONE_FORMATS_ONNX_ONNX_H
#define HONE_FORMATS_ONNX_ONNX_H

#include "formats/model.h"
#include "formats/onnx/wire.h"

#define HONE_ONNX_OLDEST_OPSET 7
#define HONE_ONNX_NEWEST_OPSET 25

/* Short singly linked lists in the reader's scratch arena. */
typedef struct hone_onnx_domain {
    const char *name; /* "" is ai.onnx */
    int64_t version;
    struct hone_onnx_domain *next;
} hone_onnx_domain;

typedef struct hone_onnx_names {
    const char **names;
    uint32_t count;
} hone_onnx_names;

typedef struct hone_onnx_function {
    const char *domain, *name, *overload;
    hone_onnx_names inputs, outputs;
    hone_onnx_domain *domains; /* of its own; others are the model's */
    hone_wire message;
    struct hone_onnx_function *next;
} hone_onnx_function;

/* A call whose function's body is being read. */
typedef struct hone_onnx_scope {
    const struct hone_onnx_scope *outer;
    const hone_onnx_function *function;
    const struct hone_onnx_draft *call;
    uint32_t number; /* of the call: makes names unique */
} hone_onnx_scope;

typedef struct hone_onnx_file {
    const char *location;
    hone_blob *blob; /* held by the graph */
    struct hone_onnx_file *next;
} hone_onnx_file;

typedef struct hone_onnx_reader {
    const hone_allocator *allocator;
    hone_limits limits; /* no zeros left */
    const char *folder; /* NULL: external data is refused */
    hone_arena scratch; /* gone when reading ends */
    hone_onnx_domain *domains;
    hone_onnx_function *functions;
    hone_onnx_file *files;
    int64_t opset;                /* of ai.onnx; 0 where the model names none */
    const hone_onnx_scope *scope; /* NULL: not inside a function */
    uint32_t nodes, depth, calls;
    bool late; /* some node must be lifted once shapes are known */
} hone_onnx_reader;

/* Limits filled in, the scratch arena begun. */
void hone__onnx_reader_init(hone_onnx_reader *reader, const hone_load_options *options,
                            const char *folder);

/* ---- texts ---- */

/* A NUL-terminated copy in `arena`; a NUL inside is HONE_FORMAT. */
hone_status hone__onnx_text(hone_arena *arena, const hone_wire_field *field, const char **text,
                            hone_error *error);
/* The same without the check: for attribute values, which may hold any bytes. */
hone_status hone__onnx_bytes(hone_arena *arena, const hone_wire_field *field, hone_text_ref *text,
                             hone_error *error);

/* ---- tensors ---- */

typedef struct hone_onnx_tensor {
    const char *name;
    hone_dtype dtype;
    hone_shape shape;
    size_t bytes;
    uint64_t offset;  /* of the message, for errors */
    const void *data; /* inside a blob; NULL: hone__onnx_tensor_fill makes it from typed data */
    hone_wire message;
} hone_onnx_tensor;

/* Reads everything but the typed data; names live in reader->scratch. `graph` comes to hold blobs
 * of external data; NULL refuses them. */
hone_status hone__onnx_tensor(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                              hone_onnx_tensor *tensor, hone_error *error);
/* Writes tensor->bytes bytes of dense little-endian data from the typed fields. */
hone_status hone__onnx_tensor_fill(const hone_onnx_tensor *tensor, void *to, hone_error *error);

/* A file of external data inside reader->folder, mapped once and held by `graph`. */
hone_status hone__onnx_external(hone_onnx_reader *reader, hone_graph *graph, const char *location,
                                hone_blob **blob, hone_error *error);

/* ---- types ---- */

typedef struct hone_onnx_type {
    hone_value_type kind;
    hone_dtype dtype; /* of the tensors in it; NONE: not known, or a map and the like */
    hone_shape shape;
} hone_onnx_type;
/* ValueInfoProto: its name and type. */
hone_status hone__onnx_value_info(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                  const char **name, hone_onnx_type *type, hone_error *error);

/* ---- nodes ---- */

/* A node that is not in the graph yet: lifters change it freely. */
typedef struct hone_onnx_draft {
    hone_onnx_reader *reader;
    hone_graph *graph;
    const char *name, *type, *domain, *overload;
    int64_t version; /* of its domain */
    hone_value **inputs, **outputs;
    uint32_t input_count, output_count;
    hone_attr *attrs;
    uint64_t offset;
    bool dropped; /* a lifter has replaced it altogether */
} hone_onnx_draft;

hone_status hone__onnx_graph(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                             hone_error *error);
hone_status hone__onnx_node(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                            hone_error *error);
/* *attr NULL: it refers to a parameter that the call leaves out. */
hone_status hone__onnx_attribute(hone_onnx_reader *reader, hone_graph *graph, hone_wire message,
                                 hone_attr **attr, hone_error *error);
/* ---- functions ---- */

hone_status hone__onnx_opset(hone_onnx_reader *reader, hone_wire message,
                             hone_onnx_domain **domains, hone_error *error);
hone_status hone__onnx_function(hone_onnx_reader *reader, hone_wire message, uint32_t count,
                                hone_error *error);
/* The function that the draft calls, NULL: it is an operator. */
const hone_onnx_function *hone__onnx_find_function(const hone_onnx_draft *draft);
/* Puts the function's nodes in the draft's place. */
hone_status hone__onnx_call(hone_onnx_draft *call, const hone_onnx_function *function,
                            hone_error *error);
/* A name of the file as a name of the graph: inside a function it is another one. */
hone_status hone__onnx_scoped(hone_onnx_reader *reader, const char **name, hone_error *error);
/* What an attribute that refers to parameter `name` of the function is; NULL: it is left out. */
hone_status hone__onnx_scoped_attr(hone_onnx_reader *reader, hone_graph *graph, const char *name,
                                   const hone_attr **attr, hone_error *error);

/* The value of that name, made as a computed one without producer where there is none yet. */
hone_status hone__onnx_value(hone_graph *graph, const char *name, hone_value **value,
                             hone_error *error);

/* ---- lifting ---- */

typedef hone_status (*hone_onnx_lift)(hone_onnx_draft *draft, hone_error *error);

/* Runs every lifter that the draft's operator and version call for. */
hone_status hone__onnx_lift(hone_onnx_draft *draft, hone_error *error);
/* What could only be lifted with shapes known; infers them. */
hone_status hone__onnx_lift_late(hone_graph *graph, hone_error *error);

/* Tools of the lifters. */
const hone_attr *hone__draft_attr(const hone_onnx_draft *draft, const char *name);
int64_t hone__draft_int(const hone_onnx_draft *draft, const char *name, int64_t otherwise);
const char *hone__draft_string(const hone_onnx_draft *draft, const char *name,
                               const char *otherwise);
void hone__draft_drop_attr(hone_onnx_draft *draft, const char *name);
hone_status hone__draft_set_int(hone_onnx_draft *draft, const char *name, int64_t value,
                                hone_error *error);
hone_status hone__draft_set_string(hone_onnx_draft *draft, const char *name, const char *value,
                                   hone_error *error);
/* Input `index` becomes `value`; inputs before it that did not exist become NULL. */
hone_status hone__draft_set_input(hone_onnx_draft *draft, uint32_t index, hone_value *value,
                                  hone_error *error);
bool hone__draft_has_input(const hone_onnx_draft *draft, uint32_t index);
/* Constants that a lifter needs, named after the node. */
hone_status hone__draft_ints(hone_onnx_draft *draft, const char *what, const int64_t *values,
                             uint32_t count, hone_value **value, hone_error *error);
/* A scalar of the type that `like` has (or most likely has, as far as is known while reading). */
hone_status hone__draft_scalar(hone_onnx_draft *draft, const char *what, float number,
                               const hone_value *like, hone_value **value, hone_error *error);
hone_status hone__draft_floats(hone_onnx_draft *draft, const char *what, const float *values,
                               uint32_t count, hone_value **value, hone_error *error);
/* A name that neither `graph` nor a graph around it has. */
hone_status hone__onnx_fresh(hone_graph *graph, const char *stem, const char *what,
                             const char **name, hone_error *error);

#endif

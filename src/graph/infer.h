/* SPDX-License-Identifier: Apache-2.0 */
/* What the shape rules share. A rule reads the types, shapes and known contents of one node's
 * inputs and sets its outputs. Rules are named by the `shape` column of ops.def; those of a family
 * stand in one infer_*.c.
 *
 * Dimensions: sizes are 0..HONE_DIM_MAX, so that sums of a few never overflow; a negative number is
 * a symbol of the graph. A dimension that is computed from a symbol gets a symbol whose name says
 * how
 * ("(H+1)/2"), so that the same computation gives the same symbol: two branches of a network meet
 * again in an Add. What depends on run-time data is named after its value ("boxes.0").
 *
 * Contents: integer tensors of rank 0 or 1 with few elements (shapes, axes, slice bounds) are
 * followed through the graph entry by entry, symbols included; see infer_values.c. */
#ifndef HONE_GRAPH_INFER_H
#define HONE_GRAPH_INFER_H

#include "base/error.h"
#include "graph/graph.h"

#define HONE_DIM_MAX      ((int64_t)1 << 40)
#define HONE_CONTENTS_MAX 256u /* entries of one followed value */

typedef enum hone_entry_kind {
    HONE_ENTRY_UNKNOWN = 0,
    HONE_ENTRY_NUMBER, /* value */
    HONE_ENTRY_SYMBOL  /* value is a negative dimension */
} hone_entry_kind;

typedef struct hone_entry {
    hone_entry_kind kind;
    int64_t value;
} hone_entry;

/* What is known of one value's elements; entries NULL: nothing, not even how many. */
typedef struct hone_contents {
    hone_entry *entries;
    uint32_t count;
    bool scalar;
} hone_contents;

typedef struct hone_infer {
    hone_graph *graph;
    const hone_node *node;   /* whose turn it is */
    hone_contents *contents; /* by value id */
    hone_arena memory;       /* of the contents; released when inference ends */
    hone_error *error;
} hone_infer;

typedef hone_status (*hone_infer_rule)(hone_infer *in);

#define HONE_OP(name, in_min, in_max, out_min, out_max, shape, ...)                                \
    hone_status hone__rule_##shape(hone_infer *in);
#include "graph/ops.def"
#undef HONE_OP

/* Infers like hone_graph_infer and leaves the contents in *in; hone__infer_end releases them. */
hone_status hone__infer_run(hone_graph *graph, hone_infer *in, hone_error *error);
void hone__infer_end(hone_infer *in);
/* Follows the contents of the node's inputs to its outputs. */
hone_status hone__infer_contents(hone_infer *in);
/* Loads a constant's contents; nothing happens for those that are not followed. */
hone_status hone__infer_constant(hone_infer *in, const hone_value *value);

/* --- reading a node ---------------------------------------------------------------------- */

/* Input `index`, NULL where it is missing. */
const hone_value *hone__in(const hone_infer *in, uint32_t index);
hone_dtype hone__in_dtype(const hone_infer *in, uint32_t index);
/* Its shape, or NULL while the rank is unknown or the input missing. */
const hone_shape *hone__in_shape(const hone_infer *in, uint32_t index);
/* Contents of an input, NULL when nothing is known of them. */
const hone_contents *hone__in_contents(const hone_infer *in, uint32_t index);
/* All elements as numbers, at most `most`; false when one is not known. */
bool hone__in_ints(const hone_infer *in, uint32_t index, int64_t *out, uint32_t most,
                   uint32_t *count);
bool hone__in_int(const hone_infer *in, uint32_t index, int64_t *out);
/* Attribute `name` or -- absent that -- input `index`: 1 found, 0 absent, -1 there but not known.
 */
int hone__in_list(const hone_infer *in, const char *attribute, uint32_t index, int64_t *out,
                  uint32_t most, uint32_t *count);

/* HONE_SHAPE with the node named. */
hone_status hone__infer_fail(const hone_infer *in, const char *format, ...) HONE_PRINTF(2, 3);
/* axis in [-rank, rank) to [0, rank). */
hone_status hone__infer_axis(const hone_infer *in, int64_t axis, int32_t rank, int32_t *out);
/* HONE_SHAPE unless the input's rank is unknown or at least `rank`. */
hone_status hone__infer_least_rank(const hone_infer *in, uint32_t index, int32_t rank);
/* The type that inputs `first` and those behind it have in common. */
hone_status hone__infer_common_dtype(const hone_infer *in, uint32_t first, hone_dtype *dtype);

/* --- setting outputs ---------------------------------------------------------------------- */

/* Missing outputs are passed over; sizes are checked. NULL shape: unknown rank. */
hone_status hone__infer_set(const hone_infer *in, uint32_t index, hone_dtype dtype,
                            const hone_shape *shape);
/* `rank` dimensions of which nothing is known. */
hone_status hone__infer_set_rank(hone_infer *in, uint32_t index, hone_dtype dtype, int32_t rank);

/* --- dimensions (infer_dim.c) ------------------------------------------------------------- */

/* The symbol for a size only known at run time: dimension `axis` of output `index`. */
hone_status hone__dim_unknown(hone_infer *in, uint32_t index, int32_t axis, int64_t *dim);
/* floor((dim + add) / divide), divide > 0; HONE_SHAPE where that is negative. */
hone_status hone__dim_affine(hone_infer *in, int64_t dim, int64_t add, int64_t divide,
                             int64_t *out);
hone_status hone__dim_sum(hone_infer *in, int64_t a, int64_t b, int64_t *out);
hone_status hone__dim_product(hone_infer *in, int64_t a, int64_t b, int64_t *out);
/* Two dimensions that must be one: the known one, or HONE_SHAPE naming `what`. */
hone_status hone__dim_same(const hone_infer *in, int64_t a, int64_t b, const char *what,
                           int64_t *out);
hone_status hone__dim_broadcast(hone_infer *in, int64_t a, int64_t b, int64_t *out);
/* numpy's rule over symbolic shapes. */
hone_status hone__infer_broadcast(hone_infer *in, const hone_shape *a, const hone_shape *b,
                                  hone_shape *out);

#endif

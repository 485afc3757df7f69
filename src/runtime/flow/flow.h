/* SPDX-License-Identifier: Apache-2.0 */
/* A flow runs a graph in which not every shape follows from the shapes of the inputs, or whose
 * nodes hold graphs themselves.
 *
 * The graph is cut into parts. A planned part is a set of nodes whose shapes follow from the shapes
 * of what enters it: it is lowered to a plan (plan.h) when its inputs' shapes are seen first, and
 * plans are remembered. Between planned parts stand single nodes: those whose results' sizes depend
 * on data, which run on their reference; and control flow, sequences and optionals, which have
 * handlers here. Parts are made by levels: everything that needs no such node is in the first
 * planned part, what needs only its results and nodes behind it in the second, and so on, so that
 * the heavy work ahead of, say, a NonMaxSuppression is one plan as in any other model.
 *
 * Bodies of If, Loop, Scan and SequenceMap are flows of their own; what they take from around them
 * are further inputs (constants stay constants). A flow is never entered twice at a time: graphs
 * are trees.
 *
 * Bounds: trips of all loops in one run of a session together (HONE_FLOW_MOST_TRIPS), the bytes of
 * one tensor and the length of a sequence (item.h); depth is bounded by the readers of files. */
#ifndef HONE_RUNTIME_FLOW_FLOW_H
#define HONE_RUNTIME_FLOW_FLOW_H

#include "runtime/flow/item.h"
#include "runtime/plan.h"

#define HONE_FLOW_MOST_TRIPS (UINT64_C(1) << 24)

typedef struct hone_flow hone_flow;

/* What a node takes from around its body: values of the flow that it stands in. */
typedef struct hone_body {
    hone_flow *flow;
    uint32_t formal_count; /* inputs of its own, before the captured ones */
    uint32_t *captures;    /* value ids */
    uint32_t capture_count;
} hone_body;

#define HONE_MOST_BODIES 2

typedef struct hone_part hone_part;
struct hone_part {
    bool planned, eager_only, heavy;
    hone_node **nodes; /* of the flow's graph; one where it is not planned */
    uint32_t node_count;
    uint32_t *inputs, *outputs, *dying; /* value ids; dying: last read here */
    uint32_t input_count, output_count, dying_count;
    hone_graph *graph;    /* the part by itself; of single nodes, made when first run */
    hone_tensor *tensors; /* room for its inputs */
    bool *bound;          /* planned: inputs whose contents the plan depends on */
    hone_plan *plans;
    hone_part *singles; /* its nodes one by one, where it could not be planned */
    hone_body bodies[HONE_MOST_BODIES];
    uint32_t body_count;
};

struct hone_flow {
    const hone_planning *planning;
    hone_graph *graph; /* standing alone; borrows from the one it was made of */
    hone_part *parts;
    uint32_t part_count;
    hone_item **items; /* by value id, while it runs; those of constants stay */
};

/* One run of a session. */
typedef struct hone_flow_run {
    uint64_t trips; /* left */
    hone_error *error;
} hone_flow_run;

/* `graph` must outlive the flow. HONE_UNSUPPORTED, naming the node, where something in it cannot
 * run, whatever the types. */
hone_status hone__flow_new(const hone_graph *graph, const hone_planning *planning, hone_flow **flow,
                           hone_error *error);
void hone__flow_free(hone_flow *flow);
/* inputs: one a graph input, then the captured ones. outputs: one a graph output, retained for the
 * caller. */
hone_status hone__flow_run(hone_flow *flow, hone_flow_run *run, hone_item *const *inputs,
                           hone_item **outputs);

/* The plans of all parts, newest of each first: calls `see` for each. */
void hone__flow_each_plan(hone_flow *flow, void (*see)(void *user, hone_plan *plan), void *user);

/* ---- among the files of this folder ---- */

/* partition.c: fills flow->parts. */
hone_status hone__flow_partition(hone_flow *flow, hone_error *error);
/* body.c: the flows of a node's subgraphs. */
hone_status hone__flow_bodies(hone_flow *flow, const hone_node *node, hone_part *part,
                              hone_error *error);
void hone__flow_free_part(hone_part *part);

/* part.c */
hone_status hone__part_run(hone_flow *flow, hone_part *part, hone_flow_run *run);
/* The item of a value, NULL where the value is NULL or not there. Constants get theirs when asked
 * for. */
hone_status hone__flow_item(hone_flow *flow, const hone_value *value, hone_item **item,
                            hone_error *error);
/* Takes over the item. */
void hone__flow_put(hone_flow *flow, const hone_value *value, hone_item *item);
/* Runs a body: `formals`, then what it captures. */
hone_status hone__body_run(hone_flow *flow, const hone_body *body, hone_flow_run *run,
                           hone_item *const *formals, hone_item **outputs);

/* Handlers of single nodes; NULL: the operator's reference does it. */
typedef hone_status (*hone_handler)(hone_flow *flow, hone_part *part, hone_flow_run *run);
hone_handler hone__flow_handler(hone_op op);
hone_status hone__flow_if(hone_flow *flow, hone_part *part, hone_flow_run *run);
hone_status hone__flow_loop(hone_flow *flow, hone_part *part, hone_flow_run *run);
hone_status hone__flow_scan(hone_flow *flow, hone_part *part, hone_flow_run *run);
hone_status hone__flow_sequence_map(hone_flow *flow, hone_part *part, hone_flow_run *run);
hone_status hone__flow_sequence(hone_flow *flow, hone_part *part, hone_flow_run *run);
hone_status hone__flow_split(hone_flow *flow, hone_part *part, hone_flow_run *run);
hone_status hone__flow_optional(hone_flow *flow, hone_part *part, hone_flow_run *run);
hone_status hone__flow_identity(hone_flow *flow, hone_part *part, hone_flow_run *run);

/* Reading what handlers need: input `index` of the node, NULL where it is missing. */
hone_status hone__part_input(hone_flow *flow, const hone_part *part, uint32_t index,
                             hone_item **item, hone_error *error);
/* A number from a tensor of one element; `otherwise` where the input is missing. */
hone_status hone__part_int(hone_flow *flow, const hone_part *part, uint32_t index,
                           int64_t otherwise, int64_t *value, hone_error *error);
/* "node 'x' (Loop): ..." */
hone_status hone__part_fail(const hone_part *part, hone_status status, hone_error *error,
                            const char *format, ...) HONE_PRINTF(4, 5);

#endif

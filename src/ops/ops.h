/* SPDX-License-Identifier: Apache-2.0 */
/* Binds a node to its plain reference: attributes read, arguments laid out, ONNX layout in and out.
 * Used by constant folding, by tests as the oracle, and by the executor for operators that have no
 * faster form. Plain loops, double accumulation where a sum is long, never edited for speed. */
#ifndef HONE_OPS_OPS_H
#define HONE_OPS_OPS_H

#include "graph/graph.h"

typedef struct hone_op_call {
    const hone_node *node;
    const hone_tensor *
        inputs; /* node->input_count entries; data == NULL and dtype NONE: a missing optional one */
    hone_tensor *outputs; /* node->output_count entries, dense memory of the inferred shape; dtype
                             NONE: not wanted */
    void *scratch;        /* hone__op_scratch(node) bytes, 64-byte aligned */
} hone_op_call;

typedef hone_status (*hone_op_run)(const hone_op_call *call, hone_error *error);

/* The reference of a node, or HONE_UNSUPPORTED with the reason (operator, type, attribute) in
 * *error. Types must have been inferred. */
hone_status hone__op_bind(const hone_node *node, hone_op_run *run, hone_error *error);
/* Bytes of scratch memory that the reference of `node` wants once its shapes are known. */
size_t hone__op_scratch(const hone_node *node);

/* Whether the shapes of the operator's outputs depend on its inputs' contents beyond what shape
 * inference follows; hone__op_measure then tells them (`shapes`: one an output), and the reference
 * runs with the same inputs and scratch, which holds what was found. */
bool hone__op_is_measured(hone_op op);
hone_status hone__op_measure(const hone_op_call *call, hone_shape *shapes, hone_error *error);
/* Whether there is a reference at all, whatever the types. */
bool hone__op_is_run(hone_op op);

/* Evaluates every node whose inputs are all constants and makes its outputs constants, as long as
 * one result is at most `max_bytes`; Shape and Size fold from known shapes too, and known entries
 * of partly known shapes pass through Gather, Slice, Concat, Unsqueeze and arithmetic of shape
 * values. Needs inferred shapes; infers as it goes. *changed may be NULL. */
hone_status hone__graph_fold(hone_graph *graph, size_t max_bytes, bool *changed, hone_error *error);

#endif

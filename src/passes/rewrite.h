/* SPDX-License-Identifier: Apache-2.0 */
/* What rewrites share. */
#ifndef HONE_PASSES_REWRITE_H
#define HONE_PASSES_REWRITE_H

#include "graph/graph.h"

bool hone__is_graph_output(const hone_graph *graph, const hone_value *value);

/* Node `node` now makes `value` (which has no producer) as its output `index`, and whoever used the
 * output it had uses `value`. That is how an output of the graph keeps its name when the node
 * behind it goes. */
void hone__take_over_output(hone_graph *graph, hone_node *node, uint32_t index, hone_value *value);

/* Removes `node`, whose first output always equals `source`. False where that cannot be: an output
 * of the graph that is an input, a constant or an output itself needs a node between. */
bool hone__bypass(hone_graph *graph, hone_node *node, hone_value *source);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_RUNTIME_BATCH_H
#define HONE_RUNTIME_BATCH_H

#include "graph/graph.h"

/* Inputs of `graph` that begin with 1 begin with `batch`, and all that follows from them with it;
 * symbolic dimensions stay. HONE_SHAPE or HONE_UNSUPPORTED, naming the node or output, where the
 * model does not let its samples be laid side by side; the graph is then of no use. */
hone_status hone__graph_rebatch(hone_graph *graph, int64_t batch, hone_error *error);

#endif

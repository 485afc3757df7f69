/* SPDX-License-Identifier: Apache-2.0 */
/* Graph to graph rewrites, one a file. Each leaves a graph that verifies and says whether it
 * changed anything. */
#ifndef HONE_PASSES_PASSES_H
#define HONE_PASSES_PASSES_H

#include "graph/graph.h"

typedef hone_status (*hone_pass)(hone_graph *graph, bool *changed, hone_error *error);

hone_status hone__pass_fold(hone_graph *graph, bool *changed,
                            hone_error *error); /* constant folding */
hone_status hone__pass_dead_code(hone_graph *graph, bool *changed,
                                 hone_error *error); /* unused nodes */
hone_status hone__pass_identity(hone_graph *graph, bool *changed,
                                hone_error *error); /* no-op nodes */
hone_status hone__pass_fold_batch_norm(hone_graph *graph, bool *changed,
                                       hone_error *error); /* into Conv, Gemm */

/* All of them until nothing changes (at most 8 rounds). */
hone_status hone__simplify(hone_graph *graph, hone_error *error);

#endif

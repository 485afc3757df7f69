/* SPDX-License-Identifier: Apache-2.0 */
/* A small graph that has one of everything a container must carry: symbols, constants of several
 * types, a missing input, every kind of attribute, a subgraph that looks outside, a foreign
 * operator. */
#ifndef HONE_TESTS_FORMATS_SAMPLE_H
#define HONE_TESTS_FORMATS_SAMPLE_H

#include "graph/graph.h"

#define SAMPLE_CARD "{\"task\": \"classification\", \"labels\": [\"no\", \"yes\"]}"

/* Builds it into an empty graph; a failure of any step is returned. */
hone_status sample_build(hone_graph *graph, hone_error *error);
/* Makes and builds it; asserts that this goes well. */
hone_graph *sample_graph(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A batch run sample by sample.
 *
 * Where a batch's intermediate values fall out of the caches, its samples one after the other are
 * quicker than all of them layer by layer, and need a fraction of the memory. A session does so
 * when the graph keeps its samples apart, so that nobody can tell but by the clock. */
#ifndef HONE_RUNTIME_LANES_H
#define HONE_RUNTIME_LANES_H

#include "graph/graph.h"
#include <hone/session.h>

typedef struct hone_lanes {
    int64_t count;        /* of samples; 0: the batch is run as one */
    bool shown;           /* the last run was of that many samples */
    hone_tensor *inputs;  /* one sample's */
    hone_tensor *outputs; /* all samples', for callers who bring no memory */
    uint32_t input_count, output_count;
} hone_lanes;

/* `batched`: false for each value of the graph, whose shapes are all known. */
bool hone__graph_samples_apart(const hone_graph *graph, int64_t batch, bool *batched);

/* After the first plan: plans anew for one sample of `file`, the model's graph, where that pays. */
hone_status hone__session_lanes_new(hone_session *session, const hone_graph *file,
                                    hone_error *error);
void hone__session_lanes_free(hone_session *session);

/* Whether these inputs are the samples that were planned. */
bool hone__session_lanes_fit(const hone_session *session, const hone_tensor *inputs);
hone_status hone__session_lanes_run(hone_session *session, const hone_tensor *inputs,
                                    hone_tensor *outputs, hone_error *error);

#endif

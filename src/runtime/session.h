/* SPDX-License-Identifier: Apache-2.0 */
/* A session from the inside. */
#ifndef HONE_RUNTIME_SESSION_H
#define HONE_RUNTIME_SESSION_H

#include "runtime/flow/flow.h"
#include "runtime/lanes.h"
#include "runtime/plan.h"

typedef struct hone_session_flow hone_session_flow;

struct hone_session {
    const hone_allocator *allocator;
    const hone_graph *source;  /* the model's, or `own` */
    hone_graph *own;           /* a copy for another batch than the file's, or NULL */
    hone_packed_store *packed; /* a reference: the model's */
    char *cache_folder;        /* owned; NULL: none */
    hone_packed_cache cache;
    hone_planning planning;
    hone_workspace workspace;
    hone_session_flow *flow; /* NULL: plans do it all */
    bool late;               /* the first plan met a shape that only a run can tell */
    hone_lanes lanes;        /* a batch may be run sample by sample */
    hone_plan *plans;        /* the newest used first: it is the one that answers questions */
};

/* session_flow.c: the same for models that a flow runs. */
hone_status hone__session_flow_new(hone_session *session, const hone_tensor *inputs,
                                   hone_error *error);
void hone__session_flow_free(hone_session *session);
hone_status hone__session_flow_run(hone_session *session, const hone_tensor *inputs,
                                   hone_tensor *outputs, hone_error *error);
/* With items, one an input; *outputs are the session's, until the next run. */
hone_status hone__session_flow_items(hone_session *session, hone_item *const *inputs,
                                     hone_item *const **outputs, hone_error *error);
void hone__session_flow_shape(const hone_session *session, bool output, uint32_t index,
                              hone_shape *shape);
void hone__session_flow_memory(const hone_session *session, hone_session_memory *memory);
uint32_t hone__session_flow_layers(const hone_session *session);
/* The plan that holds layer *index, which becomes its number there; NULL: none. */
const hone_plan *hone__session_flow_layer(const hone_session *session, uint32_t *index);
void hone__session_flow_reset(hone_session *session);
/* The plan that keeps the value of that name; NULL: none. */
const hone_plan *hone__session_flow_find(const hone_session *session, const char *name);

#endif

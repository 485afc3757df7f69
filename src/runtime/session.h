/* SPDX-License-Identifier: Apache-2.0 */
/* A session from the inside. */
#ifndef HONE_RUNTIME_SESSION_H
#define HONE_RUNTIME_SESSION_H

#include "runtime/plan.h"

struct hone_session {
    const hone_allocator *allocator;
    const hone_graph *source; /* the model's */
    hone_planning planning;
    hone_workspace workspace;
    hone_plan *plans; /* the newest used first: it is the one that answers questions */
};

#endif

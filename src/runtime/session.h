/* SPDX-License-Identifier: Apache-2.0 */
/* A session from the inside. */
#ifndef HONE_RUNTIME_SESSION_H
#define HONE_RUNTIME_SESSION_H

#include "graph/graph.h"
#include "runtime/lower/lower.h"
#include "runtime/program.h"
#include <hone/session.h>

struct hone_session {
    const hone_allocator *allocator;
    hone_graph *graph; /* a clone with all shapes known; shares the model's weights */
    hone_program program;
    hone_lowered *values; /* by value id, in the program's memory */
    hone_pool *pool;
    uint8_t *arena;
    size_t arena_size;
    uint8_t **base; /* by buffer */
    uint8_t *kept;  /* keep_all: a dense copy of each value, and of the inputs */
    size_t kept_size;
    size_t *kept_at; /* by value id: offset in `kept`, or HONE_NOT_KEPT */
    uint64_t runs;   /* since the profile was reset */
    bool profile, keep_all;
};

#define HONE_NOT_KEPT SIZE_MAX

/* Symbolic dimensions get their sizes, shapes are inferred, shape arithmetic disappears. */
hone_status hone__session_bind(hone_graph *graph, const hone_session_options *options,
                               hone_error *error);

/* session_value.c: room for every value's dense copy; keeping a copy of an input. */
hone_status hone__session_reserve_values(hone_session *session, hone_error *error);
void hone__session_keep_input(hone_session *session, uint32_t index, const hone_tensor *tensor);

#endif

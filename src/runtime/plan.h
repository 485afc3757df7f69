/* SPDX-License-Identifier: Apache-2.0 */
/* A plan: a graph whose shapes are all known, lowered to a program with its memory laid out. Plans
 * of one graph for several input shapes are remembered in a cache, the least recently used dropped.
 *
 * All plans of a session work in one arena, since one runs at a time: what a run leaves there is
 * valid until the session's next run. */
#ifndef HONE_RUNTIME_PLAN_H
#define HONE_RUNTIME_PLAN_H

#include "graph/graph.h"
#include "runtime/lower/lower.h"
#include "runtime/program.h"
#include <hone/session.h>

#define HONE_MOST_PLANS 8 /* of one graph */

/* Where plans work: grows to what the largest needs. */
typedef struct hone_workspace {
    const hone_allocator *allocator;
    uint8_t *memory;
    size_t bytes;
} hone_workspace;

typedef struct hone_plan hone_plan;
struct hone_plan {
    hone_plan *next;
    const hone_allocator *allocator;
    hone_graph *graph; /* a clone with all shapes known; shares the model's weights */
    hone_program program;
    hone_lowered *values;  /* by value id, in the program's memory */
    uint8_t **base;        /* by buffer */
    const uint8_t *placed; /* the arena that `base` points into */
    hone_tensor *key;      /* one an input of the source graph: type, shape, and data where it is
                              bound, NULL elsewhere */
    uint32_t key_count;
    uint8_t *kept; /* keep_all: a dense copy of each value, and of the inputs */
    size_t kept_size;
    size_t *kept_at; /* by value id: offset in `kept`, or HONE_NOT_KEPT */
    uint64_t runs;   /* since the profile was reset */
    bool keep_all;
};

#define HONE_NOT_KEPT SIZE_MAX

/* How plans are made: the same for all plans of a session. */
typedef struct hone_planning {
    hone_session_options options; /* input_shapes is not used */
    uint32_t threads;
    hone_pool *pool;
    hone_workspace *workspace;
    bool *late; /* set where a shape turns out to be known in a run only, or a node holds graphs */
    const hone_stop *stop; /* of the run under way, or NULL */
    hone_weights weights;
} hone_planning;

/* Plans for `graph` with input shapes (and, where inputs[i].data is there and `bound[i]`, contents)
 * as given; `bound` NULL: none. inputs NULL: shapes as in the file and options.batch. */
hone_status hone__plan_new(const hone_graph *graph, const hone_planning *planning,
                           const hone_tensor *inputs, const bool *bound, hone_plan **plan,
                           hone_error *error);
void hone__plan_free(hone_plan *plan);

/* The plan for these inputs from `plans` (newest first), made when there is none. */
hone_status hone__plan_find(hone_plan **plans, const hone_graph *graph,
                            const hone_planning *planning, const hone_tensor *inputs,
                            const bool *bound, hone_plan **plan, hone_error *error);
void hone__plans_free(hone_plan **plans);
bool hone__plans_known(hone_plan *const *plans, const hone_tensor *inputs, const bool *bound);
uint32_t hone__plans_count(hone_plan *const *plans);

/* Runs it. `inputs`: one for each input of the source graph; shapes have been checked. */
hone_status hone__plan_run(hone_plan *plan, const hone_planning *planning,
                           const hone_tensor *inputs, hone_error *error);
/* A view of output `index` after a run. */
hone_tensor hone__plan_output(const hone_plan *plan, uint32_t index);

/* bind.c: symbolic dimensions get their sizes (`shapes` NULL: of the leading ones, `batch`), shapes
 * are inferred, shape arithmetic disappears. */
hone_status hone__plan_bind(hone_graph *graph, const hone_shape *shapes, int64_t batch,
                            hone_error *error);

/* session_value.c: room for every value's dense copy; keeping a copy of an input. */
hone_status hone__plan_reserve_values(hone_plan *plan, hone_error *error);
void hone__plan_keep_input(hone_plan *plan, const hone_value *value, const hone_tensor *tensor);

#endif

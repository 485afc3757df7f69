/* SPDX-License-Identifier: Apache-2.0 */
/* Walking up to three views of equal dims together, plane by plane: what is left when dimensions
 * that lie in one stride have been merged is a plane (the last two) that a kernel takes, and outer
 * loops. Tasks share the longest dimension. */
#ifndef HONE_RUNTIME_WALK_H
#define HONE_RUNTIME_WALK_H

#include "runtime/view.h"
#include <stddef.h>

#define HONE_WALK_VIEWS 3

typedef struct hone_walk {
    uint32_t count; /* views; [0] is the output and decides the order */
    int32_t rank;   /* at least 2 */
    int32_t cut;    /* the longest dimension */
    int64_t dim[HONE_MAX_RANK + 1];
    int64_t stride[HONE_WALK_VIEWS][HONE_MAX_RANK + 1];
} hone_walk;

/* One plane: dims and strides of the last two dimensions, and where each view's plane begins. */
typedef struct hone_plane {
    size_t rows, cols;
    int64_t row_stride[HONE_WALK_VIEWS], col_stride[HONE_WALK_VIEWS];
    int64_t offset[HONE_WALK_VIEWS]; /* in elements, from the view's own first one */
} hone_plane;

typedef void (*hone_plane_run)(const void *context, const hone_plane *plane);

hone_walk hone__walk(const hone_view *views, uint32_t count);
void hone__walk_swap(hone_walk *walk, int32_t a, int32_t b);
/* Whether rows are runs: the output's columns adjacent, the inputs' adjacent or (`repeats`) all one
 * element. */
bool hone__walk_has_runs(const hone_walk *walk, bool repeats);

/* A walk that has runs, where need be of single elements; false where a stride is negative. */
bool hone__walk_runs(const hone_view *views, uint32_t count, bool repeats, hone_walk *walk);

/* Calls `run` for all planes of the part `task` of `tasks`. */
void hone__walk_run(const hone_walk *walk, uint32_t task, uint32_t tasks, hone_plane_run run,
                    const void *context);

#endif

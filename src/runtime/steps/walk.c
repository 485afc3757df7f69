/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/steps/walk.h"
#include "runtime/program.h"

hone_walk hone__walk(const hone_view *views, uint32_t count) {
    hone_view all[HONE_WALK_VIEWS];
    for (uint32_t v = 0; v < count; v++) all[v] = views[v];
    hone__views_collapse(all, count);
    int32_t shift = all[0].rank == 1; /* one row becomes a plane */
    hone_walk walk = {.count = count, .rank = all[0].rank + shift};
    walk.dim[0] = 1;
    for (int32_t i = 0; i < all[0].rank; i++) {
        walk.dim[i + shift] = all[0].dim[i];
        for (uint32_t v = 0; v < count; v++) walk.stride[v][i + shift] = all[v].stride[i];
    }
    for (int32_t i = 1; i < walk.rank; i++)
        if (walk.dim[i] > walk.dim[walk.cut]) walk.cut = i;
    return walk;
}

void hone__walk_swap(hone_walk *walk, int32_t a, int32_t b) {
    int64_t dim = walk->dim[a];
    walk->dim[a] = walk->dim[b], walk->dim[b] = dim;
    for (uint32_t v = 0; v < walk->count; v++) {
        int64_t stride = walk->stride[v][a];
        walk->stride[v][a] = walk->stride[v][b], walk->stride[v][b] = stride;
    }
    if (walk->cut == a)
        walk->cut = b;
    else if (walk->cut == b)
        walk->cut = a;
}

bool hone__walk_has_runs(const hone_walk *walk, bool repeats) {
    int32_t last = walk->rank - 1;
    if (walk->dim[last] != 1 && walk->stride[0][last] != 1) return false;
    for (uint32_t v = 0; v < walk->count; v++) {
        int64_t stride = walk->stride[v][last];
        if (walk->dim[last] != 1 && stride != 1 && !(repeats && v > 0 && stride == 0)) return false;
        for (int32_t i = 0; i < last; i++)
            if (walk->stride[v][i] < 0) return false;
    }
    return true;
}

bool hone__walk_runs(const hone_view *views, uint32_t count, bool repeats, hone_walk *walk) {
    *walk = hone__walk(views, count);
    if (hone__walk_has_runs(walk, repeats)) return true;
    int32_t last = walk->rank++;
    walk->dim[last] = 1;
    for (uint32_t v = 0; v < count; v++) walk->stride[v][last] = 1;
    return hone__walk_has_runs(walk, repeats);
}

static bool next_plane(const hone_walk *walk, const int64_t *dim, int64_t *at, hone_plane *plane) {
    for (int32_t d = walk->rank - 3; d >= 0; d--) {
        bool wraps = ++at[d] == dim[d];
        for (uint32_t v = 0; v < walk->count; v++)
            plane->offset[v] += walk->stride[v][d] * (wraps ? 1 - dim[d] : 1);
        if (!wraps) return true;
        at[d] = 0;
    }
    return false;
}

void hone__walk_run(const hone_walk *walk, uint32_t task, uint32_t tasks, hone_plane_run run,
                    const void *context) {
    int64_t dim[HONE_MAX_RANK + 1], at[HONE_MAX_RANK + 1] = {0};
    for (int32_t i = 0; i < walk->rank; i++) dim[i] = walk->dim[i];
    size_t begin, end;
    hone__task_range((size_t)dim[walk->cut], tasks, task, &begin, &end);
    dim[walk->cut] = (int64_t)(end - begin);
    int32_t a = walk->rank - 2, b = walk->rank - 1;
    hone_plane plane = {.rows = (size_t)dim[a], .cols = (size_t)dim[b]};
    for (uint32_t v = 0; v < walk->count; v++) {
        plane.row_stride[v] = walk->stride[v][a];
        plane.col_stride[v] = walk->stride[v][b];
        plane.offset[v] = (int64_t)begin * walk->stride[v][walk->cut];
    }
    for (int32_t i = 0; i < walk->rank; i++)
        if (dim[i] == 0) return;
    do run(context, &plane);
    while (next_plane(walk, dim, at, &plane));
}

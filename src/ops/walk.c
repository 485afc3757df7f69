/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/walk.h"

#include <string.h>

void hone__steps(const hone_shape *shape, int64_t *steps) {
    int64_t step = 1;
    for (int32_t d = shape->rank - 1; d >= 0; d--) {
        steps[d] = step;
        step *= shape->dim[d];
    }
}

int64_t hone__elements(const hone_shape *shape) {
    return hone__shape_span(shape, 0, shape->rank);
}

hone__nest hone__nest_over(const hone_shape *shape) {
    hone__nest nest;
    memset(&nest, 0, sizeof nest);
    nest.rank = shape->rank;
    memcpy(nest.dim, shape->dim, sizeof nest.dim);
    return nest;
}

void hone__nest_add_steps(hone__nest *nest, const int64_t *steps, int64_t start) {
    nest->start[nest->operands] = start;
    memcpy(nest->step[nest->operands], steps, (size_t)nest->rank * sizeof *steps);
    nest->operands++;
}

void hone__nest_add(hone__nest *nest, const hone_shape *shape) {
    int64_t dense[HONE_MAX_RANK], steps[HONE_MAX_RANK] = {0};
    int32_t shift = nest->rank - shape->rank;
    hone__steps(shape, dense);
    for (int32_t d = shift > 0 ? shift : 0; d < nest->rank; d++)
        steps[d] = shape->dim[d - shift] == 1 ? 0 : dense[d - shift];
    hone__nest_add_steps(nest, steps, 0);
}

static bool mergeable(const hone__nest *nest, int32_t outer, int32_t inner) {
    for (int32_t k = 0; k < nest->operands; k++)
        if (nest->step[k][outer] != nest->step[k][inner] * nest->dim[inner]) return false;
    return true;
}

static void put_loop(hone__nest *nest, int32_t to, int32_t from) {
    nest->dim[to] = nest->dim[from];
    for (int32_t k = 0; k < nest->operands; k++) nest->step[k][to] = nest->step[k][from];
}

/* Drops loops of one turn and joins loops that every operand walks through evenly. */
static void merge(hone__nest *nest) {
    int32_t kept = 0;
    for (int32_t d = 0; d < nest->rank; d++) {
        if (nest->dim[d] == 1) continue;
        if (kept > 0 && mergeable(nest, kept - 1, d)) {
            int64_t outer = nest->dim[kept - 1];
            put_loop(nest, kept - 1, d);
            nest->dim[kept - 1] *= outer;
        } else {
            put_loop(nest, kept++, d);
        }
    }
    if (kept == 0) {
        nest->dim[0] = 1;
        for (int32_t k = 0; k < nest->operands; k++) nest->step[k][0] = 0;
        kept = 1;
    }
    nest->rank = kept;
}

void hone__nest_run(hone__nest nest, hone__row row, void *context) {
    for (int32_t d = 0; d < nest.rank; d++)
        if (nest.dim[d] == 0) return;
    merge(&nest);
    int32_t last = nest.rank - 1;
    int64_t index[HONE_MAX_RANK] = {0}, at[HONE__OPERANDS] = {0}, step[HONE__OPERANDS] = {0};
    for (int32_t k = 0; k < nest.operands; k++) step[k] = nest.step[k][last];
    do {
        for (int32_t k = 0; k < nest.operands; k++) {
            at[k] = nest.start[k];
            for (int32_t d = 0; d < last; d++) at[k] += index[d] * nest.step[k][d];
        }
        row(context, at, step, nest.dim[last]);
    } while (hone__next(last, nest.dim, index));
}

bool hone__next(int32_t rank, const int64_t *dim, int64_t *index) {
    for (int32_t d = rank - 1; d >= 0; d--) {
        if (++index[d] < dim[d]) return true;
        index[d] = 0;
    }
    return false;
}

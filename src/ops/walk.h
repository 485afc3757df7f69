/* SPDX-License-Identifier: Apache-2.0 */
/* A nest of loops over several operands, each with a step of its own in every dimension; step 0 is
 * broadcasting. All offsets and steps count elements. */
#ifndef HONE_OPS_WALK_H
#define HONE_OPS_WALK_H

#include "tensor/tensor.h"

#define HONE__OPERANDS 4

typedef struct hone__nest {
    int32_t rank, operands;
    int64_t dim[HONE_MAX_RANK];
    int64_t step[HONE__OPERANDS][HONE_MAX_RANK];
    int64_t start[HONE__OPERANDS];
} hone__nest;

/* One run of the innermost loop: operand k's element i lies at at[k] + i * step[k]. */
typedef void (*hone__row)(void *context, const int64_t *at, const int64_t *step, int64_t count);

/* A nest over `shape` without operands. */
hone__nest hone__nest_over(const hone_shape *shape);
/* Adds a dense operand of `shape`, which broadcasts to the nest's dimensions by numpy's rule. */
void hone__nest_add(hone__nest *nest, const hone_shape *shape);
/* Adds an operand with these steps, beginning at `start`. */
void hone__nest_add_steps(hone__nest *nest, const int64_t *steps, int64_t start);
/* Runs it; neighbouring loops that are one are merged first. */
void hone__nest_run(hone__nest nest, hone__row row, void *context);

/* Dense row-major steps. */
void hone__steps(const hone_shape *shape, int64_t *steps);

/* The product of all known dimensions. */
int64_t hone__elements(const hone_shape *shape);

/* Counts `index` up in row-major order through `dim`; false after the last. */
bool hone__next(int32_t rank, const int64_t *dim, int64_t *index);

#endif

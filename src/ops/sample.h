/* SPDX-License-Identifier: Apache-2.0 */
/* A picture read at places between its elements. */
#ifndef HONE_OPS_SAMPLE_H
#define HONE_OPS_SAMPLE_H

#include "graph/window.h"
#include "ops/family.h"

typedef enum hone__outside { HONE__ZEROS, HONE__BORDER, HONE__REFLECTION } hone__outside;

typedef struct hone__sampler {
    const hone_tensor *in;
    int32_t rank;       /* spatial dimensions, at most HONE_WINDOW_RANK */
    const int64_t *dim; /* of the plane */
    int taps;           /* 1 nearest, 2 linear, 4 cubic */
    hone__outside outside;
    bool align_corners; /* where reflection turns: at centres of the last elements or their edges */
} hone__sampler;

/* The plane that begins at element `first`, at coordinates x (element i has its centre at i). */
double hone__sample(const hone__sampler *sampler, int64_t first, const double *x);

#endif

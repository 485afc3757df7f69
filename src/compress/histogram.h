/* SPDX-License-Identifier: Apache-2.0 */
/* A streaming histogram of floats: a fixed number of equal bins over a range that doubles, by
 * merging neighbours, whenever a value falls outside. Memory does not depend on how many values
 * came, and a count moves by at most one (final) bin. Non-finite values are left out. */
#ifndef HONE_COMPRESS_HISTOGRAM_H
#define HONE_COMPRESS_HISTOGRAM_H

#include <hone/base.h>

#define HONE_HISTOGRAM_BINS 2048

typedef struct hone_histogram {
    double start, width; /* bin i covers [start + i * width, start + (i + 1) * width) */
    float least, most;   /* exactly */
    uint64_t total;
    uint64_t counts[HONE_HISTOGRAM_BINS];
} hone_histogram;

/* A zeroed histogram is an empty one. `values` may lie unaligned. */
void hone__histogram_add(hone_histogram *histogram, const void *values, size_t count);

/* The narrowest range by whole bins that leaves at most (100 - percentile) / 2 percent of the
 * values on each side; 100: least to most. An empty histogram gives 0 to 0. */
void hone__histogram_range(const hone_histogram *histogram, double percentile, float *low,
                           float *high);

#endif

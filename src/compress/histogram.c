/* SPDX-License-Identifier: Apache-2.0 */
#include "compress/histogram.h"

#include <math.h>
#include <string.h>

#define BINS HONE_HISTOGRAM_BINS

static float load(const void *values, size_t index) {
    float value;
    memcpy(&value, (const uint8_t *)values + index * sizeof value, sizeof value);
    return value;
}

static bool bounds(const void *values, size_t count, float *least, float *most) {
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        float value = load(values, i);
        if (!isfinite(value)) continue;
        if (!any) *least = *most = value;
        if (value < *least) *least = value;
        if (value > *most) *most = value;
        any = true;
    }
    return any;
}

/* Twice the range: towards larger values (start stays) or smaller ones (the end stays). */
static void widen(hone_histogram *h, bool upward) {
    uint64_t merged[BINS / 2];
    for (size_t i = 0; i < BINS / 2; i++) merged[i] = h->counts[2 * i] + h->counts[2 * i + 1];
    memset(h->counts, 0, sizeof h->counts);
    memcpy(h->counts + (upward ? 0 : BINS / 2), merged, sizeof merged);
    if (!upward) h->start -= BINS * h->width;
    h->width *= 2;
}

static void cover(hone_histogram *h, float least, float most) {
    if (h->total == 0) {
        double span = (double)most - (double)least;
        double smallest = fmax(fabs((double)most), fabs((double)least)) * 1e-6 + 1e-30;
        h->least = least;
        h->most = most;
        h->start = (double)least;
        h->width = fmax(span, smallest) * (1 + 1e-6) / BINS; /* `most` falls into the last bin */
    }
    while ((double)most >= h->start + BINS * h->width) widen(h, true);
    while ((double)least < h->start) widen(h, false);
    if (least < h->least) h->least = least;
    if (most > h->most) h->most = most;
}

void hone__histogram_add(hone_histogram *h, const void *values, size_t count) {
    float least = 0, most = 0;
    if (!bounds(values, count, &least, &most)) return;
    cover(h, least, most);
    double scale = 1 / h->width;
    for (size_t i = 0; i < count; i++) {
        float value = load(values, i);
        if (!isfinite(value)) continue;
        size_t bin = (size_t)(((double)value - h->start) * scale);
        h->counts[bin < BINS ? bin : BINS - 1]++;
        h->total++;
    }
}

void hone__histogram_range(const hone_histogram *h, double percentile, float *low, float *high) {
    *low = h->total ? h->least : 0;
    *high = h->total ? h->most : 0;
    uint64_t spare = (uint64_t)((double)h->total * (100 - percentile) / 200);
    if (percentile >= 100 || spare == 0) return;
    size_t first = 0, last = BINS - 1;
    for (uint64_t left = 0; first < last && left + h->counts[first] <= spare; first++)
        left += h->counts[first];
    for (uint64_t right = 0; last > first && right + h->counts[last] <= spare; last--)
        right += h->counts[last];
    float below = (float)(h->start + (double)first * h->width);
    float above = (float)(h->start + (double)(last + 1) * h->width);
    if (below > *low) *low = below;
    if (above < *high) *high = above;
}

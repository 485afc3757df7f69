/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/sample.h"

#include <math.h>

/* Turns x round at the borders until it lies inside. */
static double reflect(double x, double least, double most) {
    double range = most - least;
    if (x >= least && x <= most) return x;
    double beyond = x < least ? least - x : x - most;
    double turns = trunc(beyond / range), rest = beyond - turns * range;
    bool from_least = (fmod(turns, 2.0) == 0.0) == (x < least);
    return from_least ? least + rest : most - rest;
}

static double inside(const hone__sampler *s, int32_t d, double x) {
    double last = (double)(s->dim[d] - 1), edge = s->align_corners ? 0.0 : 0.5;
    if (s->outside == HONE__BORDER) return x < 0.0 ? 0.0 : x > last ? last : x;
    if (s->outside == HONE__REFLECTION) return reflect(x, -edge, last + edge);
    return x;
}

/* Weights of the taps around `rest`, the part of x behind its floor. Keys' cubic with a = -0.75. */
static void tap_weights(int taps, double rest, double *weight) {
    const double a = -0.75;
    double t = rest, u = 1.0 - rest;
    if (taps == 1) weight[0] = 1.0;
    if (taps == 2) weight[0] = u, weight[1] = t;
    if (taps == 4) {
        weight[0] = ((a * (t + 1.0) - 5.0 * a) * (t + 1.0) + 8.0 * a) * (t + 1.0) - 4.0 * a;
        weight[1] = ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0;
        weight[2] = ((a + 2.0) * u - (a + 3.0)) * u * u + 1.0;
        weight[3] = ((a * (u + 1.0) - 5.0 * a) * (u + 1.0) + 8.0 * a) * (u + 1.0) - 4.0 * a;
    }
}

/* Places and weights of one dimension; a tap that falls on zeros gets weight 0. */
static void make_taps(const hone__sampler *s, int32_t d, double x, int64_t *place, double *weight) {
    if (s->taps == 1) x = nearbyint(x);
    if (s->taps != 4) x = inside(s, d, x); /* cubic taps are brought in one by one: PyTorch */
    double below = floor(x);
    tap_weights(s->taps, x - below, weight);
    for (int i = 0; i < s->taps; i++) {
        double at = below + (double)(i - (s->taps == 4));
        bool out = !(at >= 0.0 && at < (double)s->dim[d]);
        if (out && s->outside == HONE__ZEROS) weight[i] = 0.0;
        place[i] = hone__truncate(inside(s, d, at));
        if (place[i] >= s->dim[d]) place[i] = s->dim[d] - 1;
        if (place[i] < 0) place[i] = 0;
    }
}

double hone__sample(const hone__sampler *sampler, int64_t first, const double *x) {
    int64_t place[HONE_WINDOW_RANK][4], tap[HONE_WINDOW_RANK] = {0}, taps[HONE_WINDOW_RANK];
    double weight[HONE_WINDOW_RANK][4], sum = 0.0;
    for (int32_t d = 0; d < sampler->rank; d++) {
        taps[d] = sampler->taps;
        if (sampler->dim[d] == 0) return 0.0;
        make_taps(sampler, d, x[d], place[d], weight[d]);
    }
    do {
        double by = 1.0;
        int64_t at = 0;
        for (int32_t d = 0; d < sampler->rank; d++) {
            by *= weight[d][tap[d]];
            at = at * sampler->dim[d] + place[d][tap[d]];
        }
        if (by != 0.0) sum += by * hone__real_at(sampler->in->dtype, sampler->in->data, first + at);
    } while (hone__next(sampler->rank, taps, tap));
    return sum;
}

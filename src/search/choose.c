/* SPDX-License-Identifier: Apache-2.0 */
/* The choice: among the candidates inside the budget the one with the least product of size and
 * latency, relative to float; what is within measuring noise in both goes to the better quality. */
#include "search/internal.h"

#include <math.h>
#include <stdio.h>

/* Timing noise that no choice should rest on. */
#define LATENCY_NOISE 1.05

/* How far a candidate is over the budget, as a sum of relative excesses; 0: it meets it. Fills
 * `why`. */
static double excess(const hone_budget *budget, hone_candidate *c) {
    double memory = (double)(c->arena_bytes + c->weight_bytes);
    const struct {
        double have, allowed, unit;
        const char *what, *name;
        bool limited;
    } limits[] = {
        {c->drop_points, budget->max_drop_points, 1, "drop of", "points",
         budget->max_drop_points >= 0},
        {(double)c->file_bytes, (double)budget->max_size_bytes, 1e6, "size of", "MB",
         budget->max_size_bytes > 0},
        {c->median_ms, budget->max_latency_ms, 1, "latency of", "ms", budget->max_latency_ms > 0},
        {memory, (double)budget->max_memory_bytes, 1e6, "memory of", "MB",
         budget->max_memory_bytes > 0},
    };
    double sum = 0;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (!limits[i].limited || limits[i].have <= limits[i].allowed) continue;
        if (sum == 0)
            snprintf(c->why, sizeof c->why, "%s %.3g %s; %.3g allowed", limits[i].what,
                     limits[i].have / limits[i].unit, limits[i].name,
                     limits[i].allowed / limits[i].unit);
        sum += (limits[i].have - limits[i].allowed) / fmax(limits[i].allowed, 0.1);
    }
    return sum;
}

static bool dominates(const hone_candidate *a, const hone_candidate *b) {
    bool no_worse = a->value >= b->value && a->file_bytes <= b->file_bytes &&
                    a->median_ms <= b->median_ms * LATENCY_NOISE;
    return no_worse && (a->value > b->value || a->file_bytes < b->file_bytes ||
                        a->median_ms * LATENCY_NOISE < b->median_ms);
}

static void mark_front(hone_optimize_result *r) {
    for (uint32_t i = 0; i < r->candidate_count; i++) {
        r->candidates[i].on_front = true;
        for (uint32_t j = 0; j < r->candidate_count; j++)
            if (j != i && dominates(&r->candidates[j], &r->candidates[i]))
                r->candidates[i].on_front = false;
    }
}

static double cost(const hone_candidate *c) {
    return (double)c->file_bytes * c->median_ms;
}

static bool better(const hone_candidate *a, const hone_candidate *b) {
    double ratio = cost(a) / cost(b);
    if (ratio < 1 / LATENCY_NOISE) return true;
    return ratio < LATENCY_NOISE && a->value > b->value;
}

static void say_why_not(const hone_candidate *winner, hone_candidate *c) {
    double size = (double)c->file_bytes / (double)winner->file_bytes;
    double time = c->median_ms / winner->median_ms;
    if (size > 1.02 || time > LATENCY_NOISE)
        snprintf(c->why, sizeof c->why, "%.2f times the size and %.2f times the latency of %s",
                 size, time, winner->name);
    else
        snprintf(c->why, sizeof c->why, "as small and fast as %s within noise, %.2f points below",
                 winner->name, (winner->value - c->value) * 100);
}

void hone__choose(hone_optimize_result *r) {
    double least = INFINITY;
    r->chosen = -1;
    r->nearest = 0;
    for (uint32_t i = 0; i < r->candidate_count; i++) {
        hone_candidate *c = &r->candidates[i];
        c->drop_points = (r->candidates[0].value - c->value) * 100;
        double over = excess(&r->budget, c);
        c->meets = over == 0;
        if (over < least) least = over, r->nearest = i;
        if (c->meets && (r->chosen < 0 || better(c, &r->candidates[r->chosen])))
            r->chosen = (int32_t)i;
    }
    mark_front(r);
    if (r->chosen < 0) return;
    r->nearest = (uint32_t)r->chosen;
    for (uint32_t i = 0; i < r->candidate_count; i++)
        if (r->candidates[i].meets) say_why_not(&r->candidates[r->chosen], &r->candidates[i]);
    snprintf(r->candidates[r->chosen].why, HONE_CANDIDATE_WHY,
             "chosen: the least size times latency inside the budget");
}

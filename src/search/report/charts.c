/* SPDX-License-Identifier: Apache-2.0 */
/* The report's charts: plain SVG, sizes in user units, colours from the page's style sheet. */
#include "search/report/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH  720.0
#define LEFT   64.0
#define RIGHT  24.0
#define TOP    20.0
#define BOTTOM 48.0

typedef struct {
    double low, high, from, to; /* value range and where it lies in the picture */
} axis;

static double place(const axis *a, double value) {
    return a->from + (a->to - a->from) * (value - a->low) / (a->high - a->low);
}

/* A range padded so that no point sits on the frame; never empty. */
static axis axis_over(double low, double high, double from, double to) {
    double pad = high > low ? (high - low) * 0.12 : fabs(high) * 0.05 + 1e-9;
    return (axis){low - pad, high + pad, from, to};
}

static void axis_x(hone_text *out, const axis *x, double y, const char *label) {
    double ticks[9];
    unsigned count = hone__ticks(x->low, x->high, 8, ticks);
    for (unsigned i = 0; i < count; i++) {
        if (ticks[i] < x->low || ticks[i] > x->high) continue;
        hone__text_format(out, "<text class=tick text-anchor=middle x=%.1f y=%.1f>%.4g</text>",
                          place(x, ticks[i]), y + 16, ticks[i]);
    }
    hone__text_format(out, "<text class=axis text-anchor=middle x=%.1f y=%.1f>%s</text>",
                      (x->from + x->to) / 2, y + 38, label);
}

static void axis_y(hone_text *out, const axis *y, const char *label) {
    double ticks[9];
    unsigned count = hone__ticks(y->low, y->high, 7, ticks);
    for (unsigned i = 0; i < count; i++) {
        if (ticks[i] < y->low || ticks[i] > y->high) continue;
        double at = place(y, ticks[i]);
        hone__text_format(out, "<line class=grid x1=%.0f x2=%.0f y1=%.1f y2=%.1f />", LEFT,
                          WIDTH - RIGHT, at, at);
        hone__text_format(out, "<text class=tick text-anchor=end x=%.0f y=%.1f>%.4g</text>",
                          LEFT - 8, at + 4, ticks[i]);
    }
    hone__text_format(out,
                      "<text class=axis text-anchor=middle transform='translate(14 %.0f) "
                      "rotate(-90)'>%s</text>",
                      (y->from + y->to) / 2, label);
}

/* Candidates in order of latency joined where none is both faster and better: steps down and to the
 * left. */
static void front_line(hone_text *out, const hone_optimize_result *r, const axis *x,
                       const axis *y) {
    double best = INFINITY, last = -INFINITY;
    hone__text_format(out, "<polyline class=front points='");
    for (uint32_t round = 0; round < r->candidate_count; round++) {
        const hone_candidate *next = NULL; /* the fastest of those slower than `last` */
        for (uint32_t i = 0; i < r->candidate_count; i++) {
            const hone_candidate *c = &r->candidates[i];
            if (c->median_ms > last && (!next || c->median_ms < next->median_ms)) next = c;
        }
        if (!next) break;
        last = next->median_ms;
        if (best != INFINITY && next->value <= best) continue;
        best = next->value;
        hone__text_format(out, "%.1f,%.1f ", place(x, next->median_ms),
                          place(y, next->value * 100));
    }
    hone__text_format(out, "'/>");
}

/* Where labels stand already, so that the next one finds a free place. */
typedef struct {
    double left[32], base[32]; /* of each label's text */
    double width[32];
    unsigned count;
} labels;

#define LABEL_HEIGHT 15.0
#define LETTER       7.4 /* a letter's width, on the wide side */

static bool is_free(const labels *l, double left, double width, double base) {
    for (unsigned i = 0; i < l->count; i++)
        if (fabs(l->base[i] - base) < LABEL_HEIGHT && left < l->left[i] + l->width[i] &&
            l->left[i] < left + width)
            return false;
    return true;
}

/* The first free height near the point at `py`; its last choice where none is free. */
static double place_label(labels *l, double left, double width, double py) {
    static const double lifts[] = {-13, 22, -28, 37, -43, 52};
    size_t i = 0;
    while (i < sizeof lifts / sizeof *lifts - 1 && !is_free(l, left, width, py + lifts[i])) i++;
    if (l->count < sizeof l->left / sizeof *l->left) {
        l->left[l->count] = left;
        l->base[l->count] = py + lifts[i];
        l->width[l->count++] = width;
    }
    return py + lifts[i];
}

static void candidate_point(hone_text *out, const hone_optimize_result *r, uint32_t i,
                            const axis *x, const axis *y, labels *placed) {
    const hone_candidate *c = &r->candidates[i];
    bool chosen = (int32_t)i == r->chosen;
    double px = place(x, c->median_ms), py = place(y, c->value * 100);
    double width = LETTER * (double)strlen(c->name);
    double left = fmin(fmax(px - width / 2, LEFT), WIDTH - width);
    double base = place_label(placed, left, width, py);
    hone__text_format(out, "<circle class='%s' cx=%.1f cy=%.1f r=%d><title>",
                      chosen     ? "dot chosen"
                      : c->meets ? "dot"
                                 : "dot out",
                      px, py, chosen ? 9 : 6);
    hone__html_text(out, c->name);
    hone__text_format(out, ": %.2f %%, %.3f ms</title></circle>", c->value * 100, c->median_ms);
    hone__text_format(out, "<text class=%s text-anchor=middle x=%.1f y=%.1f>",
                      chosen ? "strong" : "label", left + width / 2, base);
    hone__html_text(out, c->name);
    hone__text_format(out, "</text>");
}

static void open_svg(hone_text *out, double height, const char *title) {
    hone__text_format(out,
                      "<svg viewBox='0 0 %.0f %.0f' role=img aria-label='%s'><title>%s</title>",
                      WIDTH, height, title, title);
}

static void range_of(const hone_optimize_result *r, double *low, double *high, bool latency) {
    *low = INFINITY, *high = -INFINITY;
    for (uint32_t i = 0; i < r->candidate_count; i++) {
        double v = latency ? r->candidates[i].median_ms : r->candidates[i].value * 100;
        if (v < *low) *low = v;
        if (v > *high) *high = v;
    }
}

/* Points of quality that the plane shows at least: differences far below that are noise, and must
 * not look large. */
#define LEAST_SPAN 0.5

void hone__chart_candidates(hone_text *out, const hone_optimize_result *r) {
    const double height = 380;
    double low, high;
    range_of(r, &low, &high, true);
    axis x = axis_over(low, high, LEFT, WIDTH - RIGHT);
    if (x.low < 0) x.low = 0;
    range_of(r, &low, &high, false);
    double floor_value = r->candidates[0].value * 100 - r->budget.max_drop_points;
    if (r->budget.max_drop_points >= 0 && floor_value < low) low = floor_value;
    if (high - low < LEAST_SPAN) low -= LEAST_SPAN / 2, high += LEAST_SPAN / 2;
    axis y = axis_over(low, high, height - BOTTOM, TOP);
    open_svg(out, height, "Candidates: quality against latency");
    axis_y(out, &y, "quality on the choice samples, %");
    axis_x(out, &x, height - BOTTOM, "latency, median ms of one run");
    if (r->budget.max_drop_points >= 0 && floor_value > y.low && floor_value < y.high) {
        double at = place(&y, floor_value);
        hone__text_format(out,
                          "<line class=limit x1=%.0f x2=%.0f y1=%.1f y2=%.1f />"
                          "<text class=limit x=%.0f y=%.1f>budget</text>",
                          LEFT, WIDTH - RIGHT, at, at, LEFT + 6, at - 5);
    }
    front_line(out, r, &x, &y);
    labels placed = {.count = 0};
    for (uint32_t i = 0; i < r->candidate_count; i++) candidate_point(out, r, i, &x, &y, &placed);
    hone__text_format(out, "</svg>");
}

#define ROW      22.0
#define NAME_END 250.0 /* where names end and bars begin */

static void bar_name(hone_text *out, double y, const char *name, const char *tip) {
    hone__text_format(out, "<text class=label text-anchor=end x=%.0f y=%.1f><title>", NAME_END - 8,
                      y + 15);
    hone__html_text(out, tip);
    hone__text_format(out, "</title>");
    char kept[33];
    size_t length = 0;
    for (; name[length] && length < sizeof kept - 1; length++) kept[length] = name[length];
    kept[length] = 0;
    hone__html_text(out, kept);
    hone__text_format(out, "%s</text>", name[length] ? "…" : "");
}

static void bar(hone_text *out, const char *class, double y, double thickness, double share,
                double value, int decimals, const char *unit) {
    double length = (WIDTH - RIGHT - 70 - NAME_END) * (share > 0 ? share : 0);
    hone__text_format(out,
                      "<rect class='%s' x=%.0f y=%.1f width=%.1f height=%.1f rx=2 />"
                      "<text class=tick x=%.1f y=%.1f>",
                      class, NAME_END, y, length, thickness, NAME_END + length + 6,
                      y + thickness / 2 + 4);
    hone__text_format(out, "%.*f %s</text>", decimals, value, unit);
}

void hone__chart_sensitivity(hone_text *out, const hone_optimize_result *r) {
    double most = 1;
    for (uint32_t i = 0; i < r->sensitivity_count; i++)
        if (r->sensitivity[i].sqnr_db > most) most = r->sensitivity[i].sqnr_db;
    open_svg(out, ROW * r->sensitivity_count + 8, "Signal to noise of each quantized layer");
    for (uint32_t i = 0; i < r->sensitivity_count; i++) {
        const hone_layer_sensitivity *layer = &r->sensitivity[i];
        double y = 4 + ROW * i;
        bar_name(out, y, layer->name, layer->op ? layer->op : "");
        bar(out,
            layer->sqnr_db < 15   ? "bar bad"
            : layer->sqnr_db < 25 ? "bar fair"
                                  : "bar good",
            y + 3, ROW - 7, layer->sqnr_db / most, layer->sqnr_db, 1, "dB");
    }
    hone__text_format(out, "</svg>");
}

static double longest(const hone_layer_time *times, uint32_t count) {
    double most = 0;
    for (uint32_t i = 0; i < count; i++)
        if (times[i].ms > most) most = times[i].ms;
    return most;
}

static double time_rows(hone_text *out, const char *class, const hone_layer_time *times,
                        uint32_t count, double most, double y) {
    for (uint32_t i = 0; i < count; i++, y += ROW) {
        char name[96];
        snprintf(name, sizeof name, "%s · %s", times[i].op, times[i].name);
        bar_name(out, y, name, times[i].kernel);
        bar(out, class, y + 3, ROW - 7, most > 0 ? times[i].ms / most : 0, times[i].ms, 3, "ms");
    }
    return y;
}

void hone__chart_time(hone_text *out, const hone_optimize_result *r) {
    double before = longest(r->time_before, r->time_before_count);
    double after = longest(r->time_after, r->time_after_count);
    double most = before > after ? before : after;
    open_svg(out, ROW * (r->time_before_count + r->time_after_count + 2) + 20, "Time by layer");
    hone__text_format(out, "<text class=strong x=4 y=16>before (float32)</text>");
    double y = time_rows(out, "bar before", r->time_before, r->time_before_count, most, ROW);
    hone__text_format(out, "<text class=strong x=4 y=%.0f>after</text>", y + 22);
    time_rows(out, "bar after", r->time_after, r->time_after_count, most, y + ROW + 8);
    hone__text_format(out, "</svg>");
}

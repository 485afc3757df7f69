/* SPDX-License-Identifier: Apache-2.0 */
/* The report as one HTML file: what changed, why this candidate, where it hurts, where the time
 * goes, and how it was made. No scripts, no outside references. */
#include "base/error.h"
#include "base/file.h"
#include "search/report/html.h"
#include "search/report/style.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct {
    const hone_optimize_result *r;
    const hone_report_about *about;
    const hone_candidate *before, *after; /* after: chosen, or the nearest */
    hone_text out;
} page;

static void text(page *p, const char *plain) {
    hone__html_text(&p->out, plain);
}

static void head(page *p) {
    hone__text_format(&p->out, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
                               "<meta name=viewport content='width=device-width,initial-scale=1'>"
                               "<title>Hone report: ");
    text(p, p->about->title);
    hone__text_format(&p->out, "</title><style>");
    hone__text_add(&p->out, style, sizeof style - 1);
    hone__text_format(&p->out, "</style></head><body><main>\n");
}

static void verdict(page *p) {
    const hone_optimize_result *r = p->r;
    hone__text_format(&p->out, "<div class=kicker>Hone report</div><h1>");
    text(p, p->about->title);
    hone__text_format(&p->out, "</h1><p class=lead>");
    hone__text_format(&p->out, "<span class='badge%s'>%s</span> ", r->met ? "" : " no",
                      r->met ? "inside the budget" : "budget not met");
    text(p, p->after->name);
    hone__text_format(&p->out, ": %.2f× smaller, %.2f× the speed, ", 1 / r->ratio_size,
                      1 / r->ratio_latency);
    if (r->drop_points >= 0)
        hone__text_format(&p->out, "%.2f points lost", r->drop_points);
    else
        hone__text_format(&p->out, "%.2f points won", -r->drop_points);
    hone__text_format(&p->out, " on %" PRIu64 " test samples used for nothing else.</p>\n",
                      r->test_samples);
}

/* One card: what, after, before, and after's share of before as a bar. */
static void fact_open(page *p, const char *what) {
    hone__text_format(&p->out, "<div class=fact><small>%s</small><b>", what);
}

static void fact_close(page *p, double share) {
    double percent = share < 0 ? 0 : share > 1 ? 100 : share * 100;
    hone__text_format(&p->out, "</span><div class=meter><i style='width:%.0f%%'></i></div></div>",
                      percent);
}

static void fact_bytes(page *p, const char *what, uint64_t before, uint64_t after) {
    fact_open(p, what);
    hone__html_bytes(&p->out, after);
    hone__text_format(&p->out, "</b><span class=was>before: ");
    hone__html_bytes(&p->out, before);
    fact_close(p, before ? (double)after / (double)before : 0);
}

typedef struct {
    int decimals;
    const char *unit;
} number_form;

static void fact_number(page *p, const char *what, number_form form, double before, double after,
                        double share) {
    fact_open(p, what);
    hone__text_format(&p->out, "%.*f %s</b><span class=was>before: %.*f %s", form.decimals, after,
                      form.unit, form.decimals, before, form.unit);
    fact_close(p, share);
}

static void facts(page *p) {
    const hone_optimize_result *r = p->r;
    const hone_candidate *b = p->before, *a = p->after;
    hone__text_format(&p->out, "<div class=facts>");
    fact_bytes(p, "Size of the file", r->original_bytes, a->file_bytes);
    fact_number(p, "Quality on the test data", (number_form){2, "%"}, r->test_before * 100,
                r->test_after * 100, r->test_after);
    fact_number(p, "Latency, median", (number_form){3, "ms"}, b->median_ms, a->median_ms,
                a->median_ms / b->median_ms);
    fact_number(p, "Throughput, a second", (number_form){0, ""}, 1e3 / b->median_ms,
                1e3 / a->median_ms, 1);
    fact_bytes(p, "Memory to run: arena and weights", b->arena_bytes + b->weight_bytes,
               a->arena_bytes + a->weight_bytes);
    hone__text_format(&p->out, "</div>\n");
}

static void candidate_row(page *p, const hone_candidate *c, bool chosen) {
    hone__text_format(&p->out, "<tr%s><td>", chosen ? " class=chosen" : "");
    text(p, c->name);
    hone__text_format(&p->out, "</td><td>");
    hone__html_bytes(&p->out, c->file_bytes);
    hone__text_format(&p->out, "</td><td>%.2f %%</td><td>%+.2f</td><td>%.3f ms</td><td>",
                      c->value * 100, 0.0 - c->drop_points, c->median_ms);
    hone__html_bytes(&p->out, c->arena_bytes);
    hone__text_format(&p->out, "</td><td>%s</td><td class=why>", c->on_front ? "yes" : "no");
    text(p, c->why);
    hone__text_format(&p->out, "</td></tr>");
}

static void candidates(page *p) {
    const hone_optimize_result *r = p->r;
    hone__text_format(&p->out,
                      "<section><h2>The candidates</h2><p class=note>Judged on %" PRIu64
                      " choice samples, calibrated on %" PRIu64
                      " others; the dashed line joins those that no other beats in both. "
                      "Timed in turn, so that noise hits all alike.</p>",
                      r->choice_samples, r->calibration_samples);
    hone__chart_candidates(&p->out, r);
    hone__text_format(&p->out, "<table><tr><th>candidate</th><th>file</th><th>quality</th>"
                               "<th>points</th><th>median</th><th>arena</th><th>on front</th>"
                               "<th class=why>why</th></tr>");
    for (uint32_t i = 0; i < r->candidate_count; i++)
        candidate_row(p, &r->candidates[i], (int32_t)i == r->chosen);
    hone__text_format(&p->out, "</table></section>\n");
}

static void layers(page *p) {
    if (p->r->sensitivity_count) {
        hone__text_format(&p->out, "<section><h2>Sensitivity by layer</h2><p class=note>Signal to "
                                   "noise of each layer's output once everything is quantized: the "
                                   "lower, the more this layer suffers.</p>");
        hone__chart_sensitivity(&p->out, p->r);
        hone__text_format(&p->out, "</section>\n");
    }
    hone__text_format(&p->out, "<section><h2>Time by layer</h2><p class=note>Mean of profiled runs "
                               "on this machine; the kernel is in each name's tooltip.</p>");
    hone__chart_time(&p->out, p->r);
    hone__text_format(&p->out, "</section>\n");
}

static void answer(page *p, const char *who, const char *label, double score, bool right) {
    hone__text_format(&p->out, "<div><span>%s</span><span class=%s>", who,
                      right ? "right" : "wrong");
    text(p, label);
    hone__text_format(&p->out, " %.0f %%</span></div>", score * 100);
}

static void sample(page *p, const hone_shown_sample *s) {
    hone__text_format(&p->out,
                      "<figure><svg viewBox='0 0 100 100' role=img aria-label='sample'><image "
                      "width=100 height=100 style='image-rendering:pixelated' "
                      "href='data:image/png;base64,");
    hone__html_base64(&p->out, s->png, s->png_bytes);
    hone__text_format(&p->out, "'/></svg><figcaption><div><span>truth</span><b>");
    text(p, s->truth);
    hone__text_format(&p->out, "</b></div>");
    answer(p, "before", s->before, s->before_score, s->before_right);
    answer(p, "after", s->after, s->after_score, s->after_right);
    hone__text_format(&p->out, "</figcaption></figure>");
}

static void samples(page *p) {
    if (!p->r->sample_count) return;
    hone__text_format(&p->out,
                      "<section><h2>Both models on %" PRIu32 " test samples</h2>"
                      "<div class=samples>",
                      p->r->sample_count);
    for (uint32_t i = 0; i < p->r->sample_count; i++) sample(p, &p->r->samples[i]);
    hone__text_format(&p->out, "</div></section>\n");
}

static void term(page *p, const char *what, const char *value) {
    if (!value || !*value) return;
    hone__text_format(&p->out, "<dt>%s</dt><dd>", what);
    text(p, value);
    hone__text_format(&p->out, "</dd>");
}

static void making(page *p) {
    const hone_report_about *a = p->about;
    hone__text_format(&p->out, "<section><h2>How this was made</h2><pre>");
    text(p, a->command);
    hone__text_format(&p->out, "</pre><dl>");
    term(p, "written", a->out);
    term(p, "data", a->data);
    term(p, "test data", a->test);
    term(p, "processor", a->cpu);
    hone__text_format(&p->out,
                      "<dt>kernels</dt><dd>%s, %u thread%s</dd><dt>version</dt><dd>hone %s"
                      "</dd>",
                      hone_cpu_tier_name(p->r->tier), p->r->threads, p->r->threads == 1 ? "" : "s",
                      hone_version());
    term(p, "date", a->date);
    hone__text_format(&p->out, "</dl></section>\n</main></body></html>\n");
}

static hone_status write_page(const page *p, const char *path, hone_error *error) {
    hone_writer writer;
    HONE_TRY(hone__writer_open(&writer, path, error));
    hone_status status = hone__writer_put(&writer, p->out.data, p->out.length, error);
    if (status == HONE_OK) status = hone__writer_commit(&writer, error);
    hone__writer_abandon(&writer);
    return status;
}

hone_status hone_report_write(const hone_optimize_result *result, const hone_report_about *about,
                              const char *path, hone_error *error) {
    if (!result->candidate_count)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "nothing to report: no candidates");
    page p = {.r = result,
              .about = about,
              .before = &result->candidates[0],
              .after = &result->candidates[result->nearest]};
    hone__text_init(&p.out, NULL);
    head(&p);
    verdict(&p);
    facts(&p);
    candidates(&p);
    samples(&p);
    layers(&p);
    making(&p);
    hone_status status =
        p.out.failed ? hone_fail_memory(error, p.out.capacity) : write_page(&p, path, error);
    hone__text_release(&p.out);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* hone bench: how fast, how much memory, and where the time goes. */
#include "bench_serve.h"
#include "timing.h"

#include <inttypes.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    double x, y;
    x = *(const double *)a;
    y = *(const double *)b;
    return (x > y) - (x < y);
}

static void show_times(cli *c, cli_timed *timed, const double *ms, size_t runs, uint64_t batch) {
    double median = ms[runs / 2], p99 = ms[(runs * 99 + 99) / 100 - 1];
    double per_second = (double)batch * 1e3 / median;
    cli_set(c, "load_ms", cli_real(timed->load_ms));
    cli_set(c, "first_ms", cli_real(timed->first_ms));
    cli_set(c, "min_ms", cli_real(ms[0]));
    cli_set(c, "median_ms", cli_real(median));
    cli_set(c, "p99_ms", cli_real(p99));
    cli_set(c, "per_second", cli_real(per_second));
    cli_print(c, "load %.2f ms, first run %.2f ms\n", timed->load_ms, timed->first_ms);
    cli_print(c, "%zu runs: median %.3f ms, min %.3f ms, p99 %.3f ms; %.1f a second\n", runs,
              median, ms[0], p99, per_second);
}

static void show_memory(cli *c, const cli_timed *timed) {
    hone_session_memory memory;
    char arena[32], weights[32], peak[32];
    uint64_t peak_bytes = cli_peak_memory();
    hone_session_get_memory(timed->session, &memory);
    const char *tier = hone_cpu_tier_name(hone_session_tier(timed->session));
    uint32_t threads = hone_session_threads(timed->session);
    cli_set(c, "arena_bytes", json_integer((json_int_t)memory.arena_bytes));
    cli_set(c, "weight_bytes", json_integer((json_int_t)memory.weight_bytes));
    cli_set(c, "peak_rss_bytes", json_integer((json_int_t)peak_bytes));
    cli_set(c, "tier", json_string(tier));
    cli_set(c, "threads", json_integer(threads));
    cli_print(c, "arena %s, weights %s, process %s; %s, %u thread%s\n",
              cli_bytes_text(memory.arena_bytes, arena, sizeof arena),
              cli_bytes_text(memory.weight_bytes, weights, sizeof weights),
              cli_bytes_text(peak_bytes, peak, sizeof peak), tier, threads,
              threads == 1 ? "" : "s");
}

/* Of the peak of as many threads as run, for layers that multiply; integer operators begin with Q.
 */
static double share_of_peak(const cli_timed *timed, const hone_machine_peak *peak,
                            const hone_layer_profile *layer, double gmacs) {
    double one = layer->op[0] == 'Q' ? peak->u8_gmacs : peak->f32_gmacs;
    double all = one * hone_session_threads(timed->session);
    return all > 0 ? 100 * gmacs / all : 0;
}

static void show_layer(cli *c, const cli_timed *timed, const hone_machine_peak *peak,
                       const hone_layer_profile *layer, double total, json_t *layers) {
    double gmacs = layer->ms > 0 ? (double)layer->multiply_adds / layer->ms / 1e6 : 0;
    double share = share_of_peak(timed, peak, layer, gmacs);
    json_array_append_new(
        layers,
        json_pack("{s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o}", "name", layer->name, "op", layer->op,
                  "kernel", layer->kernel, "ms", cli_real(layer->ms), "multiply_adds",
                  (json_int_t)layer->multiply_adds, "gmacs", cli_real(gmacs), "percent_of_peak",
                  layer->multiply_adds ? cli_real(share) : json_null(), "percent_of_time",
                  cli_real(total > 0 ? 100 * layer->ms / total : 0)));
    cli_print(c, "%8.3f %5.1f %12" PRIu64 " %8.2f %6.1f  %-18s %-32s %s\n", layer->ms,
              total > 0 ? 100 * layer->ms / total : 0, layer->multiply_adds, gmacs, share,
              layer->op, layer->kernel, layer->name);
}

static void show_profile(cli *c, const cli_timed *timed) {
    json_t *layers = json_array();
    hone_layer_profile layer;
    uint32_t count = hone_session_layers(timed->session);
    double total = 0;
    hone_machine_peak peak;
    hone_measure_peak(c->cpu, &peak);
    cli_set(c, "peak_f32_gmacs", cli_real(peak.f32_gmacs));
    cli_set(c, "peak_u8_gmacs", cli_real(peak.u8_gmacs));
    for (uint32_t i = 0; i < count; i++)
        if (hone_session_layer(timed->session, i, &layer) == HONE_OK) total += layer.ms;
    cli_print(c, "\n%8s %5s %12s %8s %6s  %-18s %-32s %s\n", "ms", "%", "mult-adds", "GMAC/s",
              "% peak", "operator", "kernel", "layer");
    for (uint32_t i = 0; i < count; i++)
        if (hone_session_layer(timed->session, i, &layer) == HONE_OK)
            show_layer(c, timed, &peak, &layer, total, layers);
    cli_set(c, "layers", layers);
}

static hone_status measure(cli *c, cli_timed *timed, double *ms, size_t runs) {
    hone_status status = HONE_OK;
    hone_session_reset_profile(timed->session);
    for (size_t i = 0; i < runs && status == HONE_OK; i++) {
        status = cli_timed_run(c, timed, &ms[i]);
        if (!cli_progress(c, "bench", i, runs)) status = HONE_CANCELLED;
    }
    cli_progress_end(c);
    return status;
}

typedef struct bench_options {
    uint64_t runs, batch, clients;
    bool profile, result_cache;
} bench_options;

static hone_status serve(cli *c, cli_timed *timed, const bench_options *o) {
    hone_status status = HONE_OK;
    uint32_t batch = o->batch > 1 ? (uint32_t)o->batch : 0;
    if (o->result_cache) status = cli_bench_result_cache(c, timed, o->runs);
    if (status == HONE_OK && o->clients)
        status = cli_bench_batcher(c, timed, (uint32_t)o->clients, o->runs, batch);
    return status;
}

static hone_status bench(cli *c, const char *path, const bench_options *o) {
    cli_timed timed;
    size_t runs = o->runs;
    uint64_t batch = o->clients ? 1 : o->batch; /* the batcher's clients bring one sample each */
    double *ms = calloc(runs, sizeof *ms);
    hone_status status =
        ms ? cli_timed_open(c, path, (int64_t)batch, o->profile, &timed) : HONE_MEMORY;
    if (!ms) return status;
    if (status == HONE_OK) status = measure(c, &timed, ms, runs);
    if (status == HONE_OK) {
        qsort(ms, runs, sizeof *ms, ascending);
        show_times(c, &timed, ms, runs, batch);
        show_memory(c, &timed);
        if (o->profile) show_profile(c, &timed);
        status = serve(c, &timed, o);
    }
    cli_timed_close(&timed);
    free(ms);
    return status;
}

int cli_bench(cli *c, int argc, char **argv) {
    bench_options o = {.runs = 50, .batch = 1};
    const cli_option options[] = {
        {"--runs", "N", CLI_COUNT, &o.runs, "how often (default 50)"},
        {"--batch", "N", CLI_COUNT, &o.batch, "samples a run (default 1)"},
        {"--profile", NULL, CLI_SWITCH, &o.profile, "time by layer"},
        {"--batcher", "N", CLI_COUNT, &o.clients,
         "N clients at once, gathered (in batches up to --batch, default 8) and not"},
        {"--result-cache", NULL, CLI_SWITCH, &o.result_cache, "a known answer against a run"},
        {0}};
    const char *path;
    int stop = cli_parse(c, options, argc, argv, &path, 1, 1);
    if (stop >= 0) return stop;
    if (!o.runs || o.runs > 1000000) return cli_usage(c, "--runs: 1 to 1000000");
    if (!o.batch || o.batch > 4096) return cli_usage(c, "--batch: 1 to 4096");
    if (o.clients > CLI_MOST_CLIENTS)
        return cli_usage(c, "--batcher: at most %d", CLI_MOST_CLIENTS);
    return cli_end(c, bench(c, path, &o));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See bench_serve.h. */
#include "bench_serve.h"

#include <hone/serve.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WAIT_MS 2.0

/* One client: its own memory for answers, the inputs shared by all. */
typedef struct client {
    const cli_timed *timed;
    hone_batcher *batcher; /* or NULL: */
    hone_session *session;
    hone_tensor outputs[CLI_MOST_PORTS];
    double *ms;
    uint64_t runs;
    hone_status status;
    hone_error error;
    pthread_t thread;
} client;

typedef struct figures {
    double per_second, median_ms, p99_ms;
} figures;

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static hone_status request(client *c) {
    const hone_tensor *inputs = c->timed->inputs;
    if (c->batcher) return hone_batcher_run(c->batcher, inputs, c->outputs, NULL, &c->error);
    return hone_session_run(c->session, inputs, c->outputs, &c->error);
}

static void *client_main(void *argument) {
    client *c = (client *)argument;
    for (uint64_t i = 0; i < c->runs && c->status == HONE_OK; i++) {
        double start = cli_now_ms();
        c->status = request(c);
        c->ms[i] = cli_now_ms() - start;
    }
    return NULL;
}

static void free_outputs(hone_tensor *outputs) {
    for (uint32_t i = 0; i < CLI_MOST_PORTS; i++) hone_tensor_free(&outputs[i]);
}

static hone_status make_outputs(const hone_session *session, hone_tensor *outputs,
                                hone_error *error) {
    hone_status status = HONE_OK;
    for (uint32_t i = 0; i < hone_session_outputs(session) && status == HONE_OK; i++) {
        hone_port port;
        status = hone_session_output(session, i, &port);
        if (status == HONE_OK)
            status = hone_tensor_new(port.dtype, &port.shape, &outputs[i], error);
    }
    return status;
}

static hone_status open_client(client *c, cli *face, const cli_timed *timed, hone_batcher *batcher,
                               double *ms, uint64_t runs) {
    *c = (client){.timed = timed, .batcher = batcher, .ms = ms, .runs = runs};
    hone_status status = make_outputs(timed->session, c->outputs, &face->error);
    const hone_session_options options = cli_session_options(face);
    if (status == HONE_OK && !batcher)
        status = hone_session_create(timed->model, &options, &c->session, &face->error);
    if (status == HONE_OK) status = request(c); /* warm */
    return status;
}

/* All clients at once; figures over all their requests. */
static hone_status run_clients(cli *face, client *clients, uint32_t count, double *ms,
                               figures *out) {
    uint32_t started = 0;
    hone_status status = HONE_OK;
    double start = cli_now_ms();
    while (started < count &&
           !pthread_create(&clients[started].thread, NULL, client_main, &clients[started]))
        started++;
    if (started < count) status = HONE_MEMORY;
    for (uint32_t i = 0; i < started; i++) pthread_join(clients[i].thread, NULL);
    double all_ms = cli_now_ms() - start;
    for (uint32_t i = 0; i < started && status == HONE_OK; i++)
        if ((status = clients[i].status) != HONE_OK) face->error = clients[i].error;
    size_t total = (size_t)(count * clients[0].runs);
    qsort(ms, total, sizeof *ms, ascending);
    *out = (figures){.per_second = all_ms > 0 ? (double)total * 1e3 / all_ms : 0,
                     .median_ms = ms[total / 2],
                     .p99_ms = ms[(total * 99 + 99) / 100 - 1]};
    return status;
}

static hone_status measure(cli *face, const cli_timed *timed, hone_batcher *batcher, uint32_t count,
                           uint64_t runs, figures *out) {
    client *clients = calloc(count, sizeof *clients);
    double *ms = calloc((size_t)(count * runs), sizeof *ms);
    hone_status status = clients && ms ? HONE_OK : HONE_MEMORY;
    for (uint32_t i = 0; i < count && status == HONE_OK; i++)
        status = open_client(&clients[i], face, timed, batcher, ms + i * runs, runs);
    if (status == HONE_OK) status = run_clients(face, clients, count, ms, out);
    for (uint32_t i = 0; clients && i < count; i++) {
        hone_session_free(clients[i].session);
        free_outputs(clients[i].outputs);
    }
    free(clients);
    free(ms);
    return status;
}

static json_t *figures_json(const figures *f) {
    return json_pack("{s:o, s:o, s:o}", "per_second", cli_real(f->per_second), "median_ms",
                     cli_real(f->median_ms), "p99_ms", cli_real(f->p99_ms));
}

static void show_batcher(cli *c, uint32_t clients, const figures *with, const figures *without,
                         const hone_batcher_stats *stats) {
    double mean = stats->batches ? (double)stats->samples / (double)stats->batches : 0;
    cli_set(c, "batcher",
            json_pack("{s:i, s:o, s:o, s:o, s:i}", "clients", (int)clients, "with",
                      figures_json(with), "without", figures_json(without), "mean_batch",
                      cli_real(mean), "largest_batch", (int)stats->largest));
    cli_print(c,
              "%u clients, batcher: %.1f a second, median %.3f ms, p99 %.3f ms; batches of %.1f\n",
              clients, with->per_second, with->median_ms, with->p99_ms, mean);
    cli_print(c, "%u clients, a session each: %.1f a second, median %.3f ms, p99 %.3f ms\n",
              clients, without->per_second, without->median_ms, without->p99_ms);
}

hone_status cli_bench_batcher(cli *c, const cli_timed *timed, uint32_t clients, uint64_t runs,
                              uint32_t batch) {
    hone_batcher *batcher = NULL;
    hone_batcher_stats stats = {0};
    figures with = {0}, without = {0};
    const hone_batcher_options options = {
        .max_batch = batch, .max_wait_ms = MAX_WAIT_MS, .session = cli_session_options(c)};
    hone_status status = hone_batcher_create(timed->model, &options, &batcher, &c->error);
    if (status == HONE_OK) status = measure(c, timed, batcher, clients, runs, &with);
    if (status == HONE_OK) hone_batcher_get_stats(batcher, &stats);
    hone_batcher_free(batcher);
    if (status == HONE_OK) status = measure(c, timed, NULL, clients, runs, &without);
    if (status == HONE_OK) show_batcher(c, clients, &with, &without, &stats);
    return status;
}

/* ---- the result cache ---- */

typedef struct cache_times {
    double run_ms, hit_ms, miss_ms, put_ms; /* the least of all rounds */
} cache_times;

static void least(double *best, double ms) {
    if (ms < *best) *best = ms;
}

static hone_status one_round(cli *c, cli_timed *timed, hone_result_cache *cache,
                             hone_tensor *outputs, cache_times *t) {
    uint32_t ins = timed->input_count, outs = hone_session_outputs(timed->session);
    uint8_t *first = timed->inputs[0].data;
    double ms;
    bool hit;
    if (timed->inputs[0].bytes) *first ^= 1; /* another question than in the last round */
    hone_status status = cli_timed_run(c, timed, &ms);
    least(&t->run_ms, ms);
    double at[4] = {cli_now_ms()};
    if (status == HONE_OK)
        status = hone_result_cache_get(cache, timed->inputs, ins, outputs, outs, &hit, &c->error);
    at[1] = cli_now_ms();
    if (status == HONE_OK)
        status = hone_result_cache_put(cache, timed->inputs, ins, outputs, outs, &c->error);
    at[2] = cli_now_ms();
    if (status == HONE_OK)
        status = hone_result_cache_get(cache, timed->inputs, ins, outputs, outs, &hit, &c->error);
    at[3] = cli_now_ms();
    least(&t->miss_ms, at[1] - at[0]);
    least(&t->put_ms, at[2] - at[1]);
    least(&t->hit_ms, at[3] - at[2]);
    return status;
}

hone_status cli_bench_result_cache(cli *c, cli_timed *timed, uint64_t runs) {
    hone_result_cache *cache = NULL;
    hone_tensor outputs[CLI_MOST_PORTS] = {{0}};
    cache_times t = {1e300, 1e300, 1e300, 1e300};
    hone_status status = hone_result_cache_create(NULL, (size_t)256 << 20, &cache, &c->error);
    if (status == HONE_OK) status = make_outputs(timed->session, outputs, &c->error);
    for (uint64_t i = 0; i < runs && status == HONE_OK; i++)
        status = one_round(c, timed, cache, outputs, &t);
    hone_result_cache_free(cache);
    free_outputs(outputs);
    if (status != HONE_OK) return status;
    double share = t.run_ms > 0 ? t.hit_ms / t.run_ms : 0;
    cli_set(c, "result_cache",
            json_pack("{s:o, s:o, s:o, s:o, s:o}", "run_ms", cli_real(t.run_ms), "hit_ms",
                      cli_real(t.hit_ms), "miss_ms", cli_real(t.miss_ms), "remember_ms",
                      cli_real(t.put_ms), "hit_share", cli_real(share)));
    cli_print(c,
              "result cache: a hit %.4f ms, %.4f of the run it saves (%.3f ms); a miss %.4f ms, "
              "remembering %.4f ms\n",
              t.hit_ms, share, t.run_ms, t.miss_ms, t.put_ms);
    return HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* hone bench-worker: the protocol of bench/peers.py. After loading and one run it prints
 * "ready <load_ms> <first_ms> <base_mb>"; for each line "<n>" on stdin it runs n times and prints n
 * latencies in milliseconds on one line; it ends when stdin closes. */
#include "timing.h"
#include "units.h"

#include <stdio.h>
#include <string.h>

#define MOST_RUNS 1000000

static hone_status answer(cli *c, cli_timed *timed, uint64_t runs) {
    hone_status status = HONE_OK;
    double ms;
    for (uint64_t i = 0; i < runs && status == HONE_OK; i++) {
        status = cli_timed_run(c, timed, &ms);
        if (status == HONE_OK) printf("%s%.4f", i ? " " : "", ms);
    }
    putchar('\n');
    return fflush(stdout) ? HONE_IO : status;
}

static hone_status serve(cli *c, cli_timed *timed) {
    char line[64];
    hone_status status = HONE_OK;
    printf("ready %.2f %.2f %.2f\n", timed->load_ms, timed->first_ms,
           (double)timed->base_bytes / 1048576);
    fflush(stdout);
    while (status == HONE_OK && fgets(line, sizeof line, stdin)) {
        uint64_t runs;
        line[strcspn(line, "\r\n")] = 0;
        if (!cli_read_count(line, &runs) || runs > MOST_RUNS) {
            snprintf(c->error.message, sizeof c->error.message,
                     "'%s' on stdin is no number of runs", line);
            return HONE_FORMAT;
        }
        status = answer(c, timed, runs);
    }
    return status;
}

int cli_bench_worker(cli *c, int argc, char **argv) {
    uint64_t batch = 1;
    const cli_option options[] = {{"--batch", "N", CLI_COUNT, &batch, "samples a run (default 1)"},
                                  {0}};
    const char *path;
    cli_timed timed;
    int stop = cli_parse(c, options, argc, argv, &path, 1, 1);
    if (stop >= 0) return stop;
    if (!batch || batch > 4096) return cli_usage(c, "--batch: 1 to 4096");
    hone_status status = cli_timed_open(c, path, (int64_t)batch, false, &timed);
    if (status == HONE_OK) status = serve(c, &timed);
    cli_timed_close(&timed);
    return cli_end(c, status);
}

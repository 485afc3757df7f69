/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a model and running it again and again on random inputs: what bench and bench-worker
 * share. */
#ifndef HONE_CLI_TIMING_H
#define HONE_CLI_TIMING_H

#include "cli.h"

#define CLI_MOST_PORTS 64

typedef struct cli_timed {
    hone_model *model;
    hone_session *session;
    hone_tensor inputs[CLI_MOST_PORTS];
    uint32_t input_count;
    double load_ms, first_ms;
    uint64_t base_bytes; /* peak resident memory just before the load */
} cli_timed;

/* Loads, plans for `batch`, fills the inputs with seeded random numbers, runs once. cli_timed_close
 * accepts a half-open one. */
hone_status cli_timed_open(cli *c, const char *path, int64_t batch, bool profile, cli_timed *timed);
hone_status cli_timed_run(cli *c, cli_timed *timed, double *ms);
void cli_timed_close(cli_timed *timed);

#endif

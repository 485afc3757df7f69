/* SPDX-License-Identifier: Apache-2.0 */
/* What bench says of serving: the batcher and the result cache. */
#ifndef HONE_CLI_BENCH_SERVE_H
#define HONE_CLI_BENCH_SERVE_H

#include "timing.h"

#define CLI_MOST_CLIENTS 64

/* `clients` threads with one request at a time each, `runs` of them: through a batcher of batches
 * up to `batch`, and each through a session of its own. Sets the key "batcher". */
hone_status cli_bench_batcher(cli *c, const cli_timed *timed, uint32_t clients, uint64_t runs,
                              uint32_t batch);

/* What it costs to find an answer, to find none, and to remember one, beside the run itself. Sets
 * the key "result_cache". */
hone_status cli_bench_result_cache(cli *c, cli_timed *timed, uint64_t runs);

#endif

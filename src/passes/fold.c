/* SPDX-License-Identifier: Apache-2.0 */
/* Constant folding for models that are kept: a result must be worth its bytes in the file. */
#include "ops/ops.h"
#include "passes/passes.h"

#define FOLD_BYTES ((size_t)64 << 20)

hone_status hone__pass_fold(hone_graph *graph, bool *changed, hone_error *error) {
    return hone__graph_fold(graph, FOLD_BYTES, changed, error);
}

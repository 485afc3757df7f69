/* SPDX-License-Identifier: Apache-2.0 */
/* All passes until nothing changes. */
#include "base/error.h"
#include "formats/model.h"
#include "passes/passes.h"

#define MOST_ROUNDS 8

hone_status hone__simplify(hone_graph *graph, hone_error *error) {
    static const hone_pass passes[] = {hone__pass_fold, hone__pass_identity,
                                       hone__pass_fold_batch_norm, hone__pass_dead_code};
    bool any = true;
    HONE_TRY(hone_graph_verify(graph, error));
    for (int round = 0; any && round < MOST_ROUNDS; ++round) {
        any = false;
        for (size_t i = 0; i < sizeof passes / sizeof passes[0]; ++i) {
            bool changed = false;
            HONE_TRY(passes[i](graph, &changed, error));
            any = any || changed;
        }
    }
    return hone_graph_infer(graph, error);
}

/* The copy leaves behind what no longer lives: unused weights are not written or counted. */
hone_status hone_model_simplify(hone_model *model, hone_error *error) {
    hone_graph *compact = NULL;
    HONE_TRY(hone__simplify(model->graph, error));
    HONE_TRY(hone_graph_clone(model->graph, &compact, error));
    hone_graph_free(model->graph);
    model->graph = compact;
    return HONE_OK;
}

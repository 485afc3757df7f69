/* SPDX-License-Identifier: Apache-2.0 */
/* A batch run sample by sample; see lanes.h. */
#include "runtime/lanes.h"
#include "base/error.h"
#include "runtime/session.h"

#include <string.h>

/* A batch whose values take less stays in the second-level cache. */
#define CACHED_BYTES ((size_t)1 << 20)
/* Weights that meet a sample in one row only are read from memory for each; above this, reading
 * them once for all samples is worth more. */
#define ROW_WEIGHT_BYTES ((size_t)32 << 20)

static size_t row_weights(const hone_graph *graph, int64_t batch) {
    size_t bytes = 0;
    for (const hone_node *node = graph->first_node; node; node = node->next) {
        if (node->op != HONE_OP_Gemm && node->op != HONE_OP_MatMul) continue;
        const hone_shape *shape = &node->outputs[0]->shape;
        int64_t rows = 1;
        for (int32_t i = 0; i + 1 < shape->rank; i++) rows *= shape->dim[i];
        if (rows == batch) bytes += node->inputs[1]->bytes;
    }
    return bytes;
}

static bool pays(const hone_session *session, int64_t batch) {
    const hone_plan *plan = session->plans;
    const hone_session_options *options = &session->planning.options;
    if (batch <= 1 || session->flow || options->keep_all || options->plan_only) return false;
    if (plan->program.arena_bytes <= CACHED_BYTES) return false;
    if (row_weights(plan->graph, batch) > ROW_WEIGHT_BYTES) return false;
    bool *batched = (bool *)hone__calloc(session->allocator, plan->graph->value_count + 1u, 1);
    bool apart = batched && hone__graph_samples_apart(plan->graph, batch, batched);
    hone__free(session->allocator, batched, plan->graph->value_count + 1u);
    return apart;
}

static hone_status reserve(hone_session *session, hone_error *error) {
    hone_lanes *lanes = &session->lanes;
    const hone_graph *graph = session->plans->graph;
    uint32_t ins = graph->input_count, outs = graph->output_count;
    lanes->input_count = ins, lanes->output_count = outs;
    lanes->inputs = (hone_tensor *)hone__calloc(session->allocator, ins, sizeof *lanes->inputs);
    lanes->outputs = (hone_tensor *)hone__calloc(session->allocator, outs, sizeof *lanes->outputs);
    if (!lanes->inputs || !lanes->outputs) return hone_fail_memory(error, outs * sizeof(void *));
    for (uint32_t i = 0; i < ins; i++)
        lanes->inputs[i] =
            (hone_tensor){.dtype = graph->inputs[i]->dtype, .shape = graph->inputs[i]->shape};
    for (uint32_t i = 0; i < outs; i++) {
        hone_tensor *all = &lanes->outputs[i];
        size_t bytes = 0;
        all->dtype = graph->outputs[i]->dtype;
        all->shape = graph->outputs[i]->shape;
        all->shape.dim[0] *= lanes->count;
        HONE_TRY(hone_tensor_bytes(all->dtype, &all->shape, &bytes, error));
        all->data = hone__alloc_aligned(session->allocator, bytes);
        if (!all->data) return hone_fail_memory(error, bytes);
        all->bytes = bytes;
    }
    return HONE_OK;
}

hone_status hone__session_lanes_new(hone_session *session, const hone_graph *file,
                                    hone_error *error) {
    int64_t batch = session->planning.options.batch;
    if (!session->plans || !pays(session, batch)) return HONE_OK;
    hone__plans_free(&session->plans);
    hone_graph_free(session->own);
    session->own = NULL;
    hone__free_aligned(session->allocator, session->workspace.memory, session->workspace.bytes);
    session->workspace.memory = NULL;
    session->workspace.bytes = 0;
    session->source = file;
    session->planning.options.batch = 1;
    HONE_TRY(hone__plan_new(file, &session->planning, NULL, NULL, &session->plans, error));
    session->lanes.count = batch;
    session->lanes.shown = true;
    return reserve(session, error);
}

void hone__session_lanes_free(hone_session *session) {
    hone_lanes *lanes = &session->lanes;
    for (uint32_t i = 0; lanes->outputs && i < lanes->output_count; i++)
        hone__free_aligned(session->allocator, lanes->outputs[i].data, lanes->outputs[i].bytes);
    hone__free(session->allocator, lanes->inputs, lanes->input_count * sizeof *lanes->inputs);
    hone__free(session->allocator, lanes->outputs, lanes->output_count * sizeof *lanes->outputs);
}

static bool is_batch_of(const hone_tensor *given, const hone_tensor *one, int64_t count) {
    hone_shape shape = one->shape;
    size_t bytes = 0;
    shape.dim[0] *= count;
    return given->dtype == one->dtype && hone_shape_equal(&given->shape, &shape) &&
           hone_tensor_bytes(given->dtype, &shape, &bytes, NULL) == HONE_OK &&
           given->bytes >= bytes && (given->data || bytes == 0);
}

bool hone__session_lanes_fit(const hone_session *session, const hone_tensor *inputs) {
    const hone_lanes *lanes = &session->lanes;
    for (uint32_t i = 0; i < lanes->input_count; i++)
        if (!is_batch_of(&inputs[i], &lanes->inputs[i], lanes->count)) return false;
    return lanes->count > 0;
}

static hone_status check_outputs(const hone_lanes *lanes, const hone_tensor *outputs,
                                 hone_error *error) {
    for (uint32_t i = 0; i < lanes->output_count; i++)
        if (outputs[i].data && !is_batch_of(&outputs[i], &lanes->outputs[i], 1))
            return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                             "output %u is not of the planned type, shape and size", i);
    return HONE_OK;
}

hone_status hone__session_lanes_run(hone_session *session, const hone_tensor *inputs,
                                    hone_tensor *outputs, hone_error *error) {
    hone_lanes *lanes = &session->lanes;
    hone_plan *plan = NULL;
    HONE_TRY(check_outputs(lanes, outputs, error));
    HONE_TRY(hone__plan_find(&session->plans, session->source, &session->planning, lanes->inputs,
                             NULL, &plan, error));
    lanes->shown = true;
    for (int64_t lane = 0; lane < lanes->count; lane++) {
        for (uint32_t i = 0; i < lanes->input_count; i++) {
            hone_tensor *one = &lanes->inputs[i];
            (void)hone_tensor_bytes(one->dtype, &one->shape, &one->bytes, NULL);
            one->data = (uint8_t *)inputs[i].data + (size_t)lane * one->bytes;
        }
        HONE_TRY(hone__plan_run(plan, &session->planning, lanes->inputs, error));
        for (uint32_t i = 0; i < lanes->output_count; i++) {
            hone_tensor view = hone__plan_output(plan, i);
            void *all = outputs[i].data ? outputs[i].data : lanes->outputs[i].data;
            if (view.bytes)
                memcpy((uint8_t *)all + (size_t)lane * view.bytes, view.data, view.bytes);
        }
    }
    for (uint32_t i = 0; i < lanes->output_count; i++)
        if (!outputs[i].data) outputs[i] = lanes->outputs[i];
    return HONE_OK;
}

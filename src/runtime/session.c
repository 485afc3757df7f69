/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: made, run, asked. */
#include "runtime/session.h"
#include "base/error.h"
#include "formats/model.h"

#include <string.h>

#define MOST_THREADS 256 /* as many as the pool can have */

/* The first plan, by which creation tells what cannot run. */
static hone_status first_plan(hone_session *session, const hone_session_options *options,
                              hone_error *error) {
    uint32_t count = session->source->input_count;
    hone_tensor *inputs = NULL;
    if (options->input_shapes) {
        inputs = (hone_tensor *)hone__calloc(session->allocator, count + 1u, sizeof *inputs);
        if (!inputs) return hone_fail_memory(error, (count + 1u) * sizeof *inputs);
        for (uint32_t i = 0; i < count; i++)
            inputs[i] = (hone_tensor){.dtype = session->source->inputs[i]->dtype,
                                      .shape = options->input_shapes[i]};
    }
    hone_status status =
        hone__plan_new(session->source, &session->planning, inputs, NULL, &session->plans, error);
    hone__free(session->allocator, inputs, (count + 1u) * sizeof *inputs);
    return status;
}

static hone_status build(hone_session *session, const hone_session_options *options,
                         hone_error *error) {
    uint32_t threads = options->threads ? options->threads : hone__cpu_count();
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    session->workspace.allocator = session->allocator;
    session->planning =
        (hone_planning){.options = *options, .threads = threads, .workspace = &session->workspace};
    session->planning.options.input_shapes = NULL; /* the caller's, and gone after creation */
    HONE_TRY(hone__pool_acquire(threads, &session->planning.pool, error));
    return first_plan(session, options, error);
}

hone_status hone_session_create(const hone_model *model, const hone_session_options *options,
                                hone_session **session, hone_error *error) {
    static const hone_session_options defaults = {0};
    if (!options) options = &defaults;
    *session = NULL;
    const hone_allocator *allocator = options->allocator;
    hone_session *made = (hone_session *)hone__calloc(allocator, 1, sizeof *made);
    if (!made) return hone_fail_memory(error, sizeof *made);
    made->allocator = allocator;
    made->source = model->graph;
    hone_status status = build(made, options, error);
    if (status == HONE_OK)
        *session = made;
    else
        hone_session_free(made);
    return status;
}

void hone_session_free(hone_session *session) {
    if (!session) return;
    hone__pool_release(session->planning.pool);
    hone__plans_free(&session->plans);
    hone__free_aligned(session->allocator, session->workspace.memory, session->workspace.bytes);
    hone__free(session->allocator, session, sizeof *session);
}

/* Names are the model's: plans come and go. */
static hone_status port_of(hone_value *const *named, hone_value *const *planned, uint32_t count,
                           uint32_t index, hone_port *port) {
    if (index >= count) return HONE_NOT_FOUND;
    port->name = named[index]->name;
    port->dtype = planned[index]->dtype;
    port->shape = planned[index]->shape;
    return HONE_OK;
}

hone_status hone_session_input(const hone_session *session, uint32_t index, hone_port *port) {
    return port_of(session->source->inputs, session->plans->graph->inputs,
                   session->source->input_count, index, port);
}

hone_status hone_session_output(const hone_session *session, uint32_t index, hone_port *port) {
    return port_of(session->source->outputs, session->plans->graph->outputs,
                   session->source->output_count, index, port);
}

uint32_t hone_session_inputs(const hone_session *session) {
    return session->source->input_count;
}

uint32_t hone_session_outputs(const hone_session *session) {
    return session->source->output_count;
}

/* A symbolic dimension takes any size. */
static bool allows(const hone_shape *declared, const hone_shape *given) {
    if (!hone__shape_known(given)) return false;
    if (declared->rank == HONE_RANK_UNKNOWN) return true;
    if (declared->rank != given->rank) return false;
    for (int32_t i = 0; i < given->rank; i++)
        if (declared->dim[i] >= 0 && declared->dim[i] != given->dim[i]) return false;
    return true;
}

/* What comes from outside must be what the model declares, or what was planned. */
static hone_status check_tensor(const char *what, const hone_value *value,
                                const hone_tensor *tensor, hone_error *error) {
    size_t bytes = 0;
    char have[128], want[128];
    if (tensor->dtype != value->dtype)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "%s '%s': type %s given, %s planned",
                         what, value->name, hone_dtype_name(tensor->dtype),
                         hone_dtype_name(value->dtype));
    if (!allows(&value->shape, &tensor->shape)) {
        hone__shape_print(&tensor->shape, have, sizeof have);
        hone__shape_print(&value->shape, want, sizeof want);
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "%s '%s': shape %s given, %s planned",
                         what, value->name, have, want);
    }
    HONE_TRY(hone_tensor_bytes(value->dtype, &tensor->shape, &bytes, error));
    if (tensor->bytes < bytes || (bytes && !tensor->data))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "%s '%s': %zu bytes given, %zu needed",
                         what, value->name, tensor->bytes, bytes);
    return HONE_OK;
}

static hone_status check_outputs(const hone_plan *plan, const hone_tensor *outputs,
                                 hone_error *error) {
    const hone_graph *graph = plan->graph;
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (outputs[i].data)
            HONE_TRY(check_tensor("output", graph->outputs[i], &outputs[i], error));
    return HONE_OK;
}

static void give_outputs(const hone_plan *plan, hone_tensor *outputs) {
    for (uint32_t i = 0; i < plan->graph->output_count; i++) {
        hone_tensor view = hone__plan_output(plan, i);
        if (!outputs[i].data)
            outputs[i] = view;
        else if (view.bytes && view.data != outputs[i].data)
            memmove(outputs[i].data, view.data, view.bytes);
    }
}

hone_status hone_session_run(hone_session *session, const hone_tensor *inputs, hone_tensor *outputs,
                             hone_error *error) {
    const hone_graph *source = session->source;
    hone_plan *plan = NULL;
    for (uint32_t i = 0; i < source->input_count; i++)
        HONE_TRY(check_tensor("input", source->inputs[i], &inputs[i], error));
    HONE_TRY(
        hone__plan_find(&session->plans, source, &session->planning, inputs, NULL, &plan, error));
    HONE_TRY(check_outputs(plan, outputs, error));
    HONE_TRY(hone__plan_run(plan, &session->planning, inputs, error));
    give_outputs(plan, outputs);
    return HONE_OK;
}

void hone_session_get_memory(const hone_session *session, hone_session_memory *memory) {
    const hone_program *program = &session->plans->program;
    memory->arena_bytes = program->arena_bytes;
    memory->lower_bound_bytes = program->lower_bound_bytes;
    memory->weight_bytes = program->weight_bytes;
}

uint32_t hone_session_layers(const hone_session *session) {
    return session->plans->program.step_count;
}

hone_status hone_session_layer(const hone_session *session, uint32_t index,
                               hone_layer_profile *layer) {
    const hone_plan *plan = session->plans;
    if (index >= plan->program.step_count) return HONE_NOT_FOUND;
    const hone_step *step = plan->program.steps[index];
    *layer = (hone_layer_profile){.name = step->name,
                                  .op = step->op,
                                  .kernel = step->kernel,
                                  .multiply_adds = step->multiply_adds};
    if (plan->runs) layer->ms = step->total_ms / (double)plan->runs;
    return HONE_OK;
}

void hone_session_reset_profile(hone_session *session) {
    for (hone_plan *plan = session->plans; plan; plan = plan->next) {
        plan->runs = 0;
        for (uint32_t i = 0; i < plan->program.step_count; i++)
            plan->program.steps[i]->total_ms = 0;
    }
}

hone_cpu_tier hone_session_tier(const hone_session *session) {
    return session->plans->program.kernels.tier;
}

uint32_t hone_session_threads(const hone_session *session) {
    return session->planning.threads;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: made, run, asked. */
#include "runtime/session.h"
#include "base/clock.h"
#include "base/error.h"
#include "formats/model.h"
#include "runtime/batch.h"

#include <string.h>

#define MOST_THREADS 256 /* as many as the pool can have */
#define CACHE_LIMIT  ((uint64_t)1 << 30)

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
    if (status == HONE_UNSUPPORTED && session->late)
        status = hone__session_flow_new(session, inputs, error);
    hone__free(session->allocator, inputs, (count + 1u) * sizeof *inputs);
    return status;
}

/* A model whose file says 1 gets a copy that says what the caller wants. */
static hone_status take_batch(hone_session *session, const hone_session_options *options,
                              hone_error *error) {
    if (options->batch <= 1 || options->input_shapes) return HONE_OK;
    HONE_TRY(hone_graph_clone(session->source, &session->own, error));
    session->source = session->own;
    return hone__graph_rebatch(session->own, options->batch, error);
}

static hone_status copy_folder(hone_session *session, const char *folder, hone_error *error) {
    if (!folder) return HONE_OK;
    size_t bytes = strlen(folder) + 1;
    session->cache_folder = (char *)hone__alloc(session->allocator, bytes, 1);
    if (!session->cache_folder) return hone_fail_memory(error, bytes);
    memcpy(session->cache_folder, folder, bytes);
    return HONE_OK;
}

static void set_weights(hone_session *session, const hone_session_options *options) {
    hone_weights *weights = &session->planning.weights;
    weights->store = session->packed;
    weights->pool = session->planning.pool;
    weights->absent = options->plan_only;
    if (!options->cache_folder) return;
    session->cache = (hone_packed_cache){
        .folder = session->cache_folder,
        .limit = options->cache_limit ? options->cache_limit : CACHE_LIMIT,
    };
    weights->cache = &session->cache;
}

static hone_status build(hone_session *session, const hone_session_options *options,
                         hone_error *error) {
    uint32_t threads = options->threads ? options->threads : hone__cpu_count();
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    session->workspace.allocator = session->allocator;
    session->planning =
        (hone_planning){.options = *options, .threads = threads, .workspace = &session->workspace};
    session->planning.late = &session->late;
    session->planning.options.input_shapes = NULL; /* the caller's, and gone after creation */
    HONE_TRY(options->executor ? hone__pool_wrap(options->executor, session->allocator,
                                                 &session->planning.pool, error)
                               : hone__pool_acquire(threads, &session->planning.pool, error));
    HONE_TRY(copy_folder(session, options->cache_folder, error));
    set_weights(session, options);
    const hone_graph *file = session->source;
    HONE_TRY(take_batch(session, options, error));
    HONE_TRY(first_plan(session, options, error));
    return options->input_shapes ? HONE_OK : hone__session_lanes_new(session, file, error);
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
    made->packed = model->packed;
    hone__packed_store_hold(made->packed);
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
    hone__session_flow_free(session);
    hone__session_lanes_free(session);
    hone__plans_free(&session->plans);
    hone_graph_free(session->own);
    hone__free_aligned(session->allocator, session->workspace.memory, session->workspace.bytes);
    hone__packed_store_release(session->packed);
    if (session->cache_folder)
        hone__free(session->allocator, session->cache_folder, strlen(session->cache_folder) + 1);
    hone__free(session->allocator, session, sizeof *session);
}

/* Names are the model's: plans come and go. */
static hone_status port_of(const hone_session *session, bool output, uint32_t index,
                           hone_port *port) {
    const hone_graph *source = session->source;
    if (index >= (output ? source->output_count : source->input_count)) return HONE_NOT_FOUND;
    const hone_graph *graph = session->flow ? source : session->plans->graph;
    const hone_value *value = output ? graph->outputs[index] : graph->inputs[index];
    port->name = output ? source->outputs[index]->name : source->inputs[index]->name;
    port->dtype = value->dtype;
    port->shape = value->shape;
    if (session->flow) hone__session_flow_shape(session, output, index, &port->shape);
    if (session->lanes.shown && session->lanes.count) port->shape.dim[0] *= session->lanes.count;
    return HONE_OK;
}

hone_status hone_session_input(const hone_session *session, uint32_t index, hone_port *port) {
    return port_of(session, false, index, port);
}

hone_status hone_session_output(const hone_session *session, uint32_t index, hone_port *port) {
    return port_of(session, true, index, port);
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

static hone_status run(hone_session *session, const hone_tensor *inputs, hone_tensor *outputs,
                       hone_error *error) {
    const hone_graph *source = session->source;
    hone_plan *plan = NULL;
    if (session->planning.options.plan_only)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET,
                         "the session was planned to be looked at, not to run");
    if (hone__session_lanes_fit(session, inputs))
        return hone__session_lanes_run(session, inputs, outputs, error);
    session->lanes.shown = false;
    for (uint32_t i = 0; i < source->input_count; i++)
        HONE_TRY(check_tensor("input", source->inputs[i], &inputs[i], error));
    if (session->flow) return hone__session_flow_run(session, inputs, outputs, error);
    HONE_TRY(
        hone__plan_find(&session->plans, source, &session->planning, inputs, NULL, &plan, error));
    HONE_TRY(check_outputs(plan, outputs, error));
    HONE_TRY(hone__plan_run(plan, &session->planning, inputs, error));
    give_outputs(plan, outputs);
    return HONE_OK;
}

hone_status hone_session_run_with(hone_session *session, const hone_tensor *inputs,
                                  hone_tensor *outputs, const hone_run_options *options,
                                  hone_error *error) {
    hone_stop stop = {0};
    if (options) {
        stop.cancel = options->cancel;
        if (options->timeout_ms > 0) stop.deadline_ms = hone__now_ms() + options->timeout_ms;
        session->planning.stop = &stop;
    }
    hone__pool_enter(session->planning.pool);
    hone_status status = run(session, inputs, outputs, error);
    hone__pool_leave(session->planning.pool);
    session->planning.stop = NULL;
    return status;
}

hone_status hone_session_run(hone_session *session, const hone_tensor *inputs, hone_tensor *outputs,
                             hone_error *error) {
    return hone_session_run_with(session, inputs, outputs, NULL, error);
}

void hone_session_get_memory(const hone_session *session, hone_session_memory *memory) {
    if (session->flow) {
        hone__session_flow_memory(session, memory);
        return;
    }
    const hone_program *program = &session->plans->program;
    memory->arena_bytes = program->arena_bytes;
    memory->lower_bound_bytes = program->lower_bound_bytes;
    memory->weight_bytes = program->weight_bytes;
}

uint32_t hone_session_layers(const hone_session *session) {
    return session->flow ? hone__session_flow_layers(session) : session->plans->program.step_count;
}

hone_status hone_session_layer(const hone_session *session, uint32_t index,
                               hone_layer_profile *layer) {
    const hone_plan *plan =
        session->flow ? hone__session_flow_layer(session, &index) : session->plans;
    if (!plan || index >= plan->program.step_count) return HONE_NOT_FOUND;
    const hone_step *step = plan->program.steps[index];
    *layer = (hone_layer_profile){.name = step->name,
                                  .op = step->op,
                                  .kernel = step->kernel,
                                  .multiply_adds = step->multiply_adds};
    if (plan->runs) layer->ms = step->total_ms / (double)plan->runs;
    return HONE_OK;
}

void hone_session_reset_profile(hone_session *session) {
    if (session->flow) hone__session_flow_reset(session);
    for (hone_plan *plan = session->plans; plan; plan = plan->next) {
        plan->runs = 0;
        for (uint32_t i = 0; i < plan->program.step_count; i++)
            plan->program.steps[i]->total_ms = 0;
    }
}

hone_cpu_tier hone_session_tier(const hone_session *session) {
    return hone_cpu_detect(session->planning.options.cpu);
}

uint32_t hone_session_threads(const hone_session *session) {
    return session->planning.threads;
}

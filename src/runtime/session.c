/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: made, run, asked. */
#include "runtime/session.h"
#include "base/error.h"
#include "formats/model.h"

#include <string.h>

#define MOST_THREADS 256 /* as many as the pool can have */

static hone_status reserve_arena(hone_session *session, hone_error *error) {
    hone_program *program = &session->program;
    session->arena_size = program->arena_bytes;
    if (session->arena_size) {
        session->arena = (uint8_t *)hone__alloc_aligned(session->allocator, session->arena_size);
        if (!session->arena) return hone_fail_memory(error, session->arena_size);
        memset(session->arena, 0, session->arena_size);
    }
    HONE_TRY(hone__program_alloc(program, program->buffer_count, sizeof *session->base,
                                 (void **)&session->base, error));
    for (uint32_t i = 0; i < program->buffer_count; i++) {
        const hone_buffer *buffer = &program->buffers[i];
        if (buffer->place == HONE_PLACE_ARENA && session->arena)
            session->base[i] = session->arena + buffer->offset;
        if (buffer->place == HONE_PLACE_CONSTANT) /* only ever read */
            session->base[i] = (uint8_t *)(uintptr_t)buffer->constant;
    }
    return HONE_OK;
}

static hone_status build(hone_session *session, const hone_model *model,
                         const hone_session_options *options, hone_error *error) {
    HONE_TRY(hone_graph_clone(model->graph, &session->graph, error));
    HONE_TRY(hone__session_bind(session->graph, options, error));
    HONE_TRY(hone__pool_acquire(session->program.threads, &session->pool, error));
    hone_lowering lowering = {
        .graph = session->graph, .program = &session->program, .keep_all = options->keep_all};
    HONE_TRY(hone__lower(&lowering, error));
    session->values = lowering.values;
    HONE_TRY(hone__program_plan(&session->program, options->keep_all, error));
    HONE_TRY(reserve_arena(session, error));
    return options->keep_all ? hone__session_reserve_values(session, error) : HONE_OK;
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
    made->profile = options->profile;
    made->keep_all = options->keep_all;
    uint32_t threads = options->threads ? options->threads : hone__cpu_count();
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    hone__program_init(&made->program, allocator, threads, options->cpu);
    hone_status status = build(made, model, options, error);
    if (status == HONE_OK)
        *session = made;
    else
        hone_session_free(made);
    return status;
}

void hone_session_free(hone_session *session) {
    if (!session) return;
    hone__pool_release(session->pool);
    hone__free_aligned(session->allocator, session->arena, session->arena_size);
    hone__free_aligned(session->allocator, session->kept, session->kept_size);
    hone__program_release(&session->program);
    hone_graph_free(session->graph);
    hone__free(session->allocator, session, sizeof *session);
}

static hone_status port_of(hone_value *const *values, uint32_t count, uint32_t index,
                           hone_port *port) {
    if (index >= count) return HONE_NOT_FOUND;
    port->name = values[index]->name;
    port->dtype = values[index]->dtype;
    port->shape = values[index]->shape;
    return HONE_OK;
}

hone_status hone_session_input(const hone_session *session, uint32_t index, hone_port *port) {
    return port_of(session->graph->inputs, session->graph->input_count, index, port);
}

hone_status hone_session_output(const hone_session *session, uint32_t index, hone_port *port) {
    return port_of(session->graph->outputs, session->graph->output_count, index, port);
}

uint32_t hone_session_inputs(const hone_session *session) {
    return session->graph->input_count;
}

uint32_t hone_session_outputs(const hone_session *session) {
    return session->graph->output_count;
}

/* What comes from outside must be what was planned. */
static hone_status check_tensor(const char *what, const hone_value *value,
                                const hone_tensor *tensor, hone_error *error) {
    size_t bytes = 0;
    char have[128], want[128];
    if (tensor->dtype != value->dtype)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "%s '%s': type %s given, %s planned",
                         what, value->name, hone_dtype_name(tensor->dtype),
                         hone_dtype_name(value->dtype));
    if (!hone_shape_equal(&tensor->shape, &value->shape)) {
        hone__shape_print(&tensor->shape, have, sizeof have);
        hone__shape_print(&value->shape, want, sizeof want);
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "%s '%s': shape %s given, %s planned",
                         what, value->name, have, want);
    }
    HONE_TRY(hone_tensor_bytes(value->dtype, &value->shape, &bytes, error));
    if (tensor->bytes < bytes || (bytes && !tensor->data))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "%s '%s': %zu bytes given, %zu needed",
                         what, value->name, tensor->bytes, bytes);
    return HONE_OK;
}

static hone_status take_inputs(hone_session *session, const hone_tensor *inputs,
                               hone_error *error) {
    const hone_graph *graph = session->graph;
    for (uint32_t i = 0; i < graph->input_count; i++) {
        HONE_TRY(check_tensor("input", graph->inputs[i], &inputs[i], error));
        uint32_t buffer = session->values[graph->inputs[i]->id].view.buffer;
        session->base[buffer] = (uint8_t *)inputs[i].data;
        if (session->keep_all) hone__session_keep_input(session, i, &inputs[i]);
    }
    return HONE_OK;
}

static hone_status check_outputs(const hone_session *session, const hone_tensor *outputs,
                                 hone_error *error) {
    const hone_graph *graph = session->graph;
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (outputs[i].data)
            HONE_TRY(check_tensor("output", graph->outputs[i], &outputs[i], error));
    return HONE_OK;
}

static void give_outputs(const hone_session *session, hone_tensor *outputs) {
    const hone_graph *graph = session->graph;
    hone_run run = {.program = &session->program, .base = session->base};
    for (uint32_t i = 0; i < graph->output_count; i++) {
        const hone_value *value = graph->outputs[i];
        size_t bytes = 0;
        (void)hone_tensor_bytes(value->dtype, &value->shape, &bytes, NULL);
        void *at =
            hone__run_at(&run, &session->values[value->id].forms[HONE_CODE_PLAIN][HONE_FORM_DENSE]);
        if (!outputs[i].data)
            outputs[i] = (hone_tensor){
                .dtype = value->dtype, .shape = value->shape, .data = at, .bytes = bytes};
        else if (bytes && at != outputs[i].data)
            memmove(outputs[i].data, at, bytes);
    }
}

hone_status hone_session_run(hone_session *session, const hone_tensor *inputs, hone_tensor *outputs,
                             hone_error *error) {
    HONE_TRY(take_inputs(session, inputs, error));
    HONE_TRY(check_outputs(session, outputs, error));
    HONE_TRY(hone__program_run(&session->program, session->pool, session->base, session->profile,
                               error));
    session->runs++;
    give_outputs(session, outputs);
    return HONE_OK;
}

void hone_session_get_memory(const hone_session *session, hone_session_memory *memory) {
    memory->arena_bytes = session->program.arena_bytes;
    memory->lower_bound_bytes = session->program.lower_bound_bytes;
    memory->weight_bytes = session->program.weight_bytes;
}

uint32_t hone_session_layers(const hone_session *session) {
    return session->program.step_count;
}

hone_status hone_session_layer(const hone_session *session, uint32_t index,
                               hone_layer_profile *layer) {
    if (index >= session->program.step_count) return HONE_NOT_FOUND;
    const hone_step *step = session->program.steps[index];
    *layer = (hone_layer_profile){.name = step->name,
                                  .op = step->op,
                                  .kernel = step->kernel,
                                  .multiply_adds = step->multiply_adds};
    if (session->runs) layer->ms = step->total_ms / (double)session->runs;
    return HONE_OK;
}

void hone_session_reset_profile(hone_session *session) {
    session->runs = 0;
    for (uint32_t i = 0; i < session->program.step_count; i++)
        session->program.steps[i]->total_ms = 0;
}

hone_cpu_tier hone_session_tier(const hone_session *session) {
    return session->program.kernels.tier;
}

uint32_t hone_session_threads(const hone_session *session) {
    return session->program.threads;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions whose model is run by a flow: some shape, or the way through the graph, depends on data.
 */
#include "base/error.h"
#include "runtime/session.h"

#include <string.h>

struct hone_session_flow {
    hone_flow *flow;
    uint32_t input_count, output_count;
    hone_item **inputs, **results; /* results: of the last run, which the caller looks at */
    hone_shape *shapes;            /* of inputs, then outputs, as far as is known */
    size_t bytes;                  /* of the whole */
};

static hone_session_flow *allocate(const hone_session *session, hone_error *error) {
    const hone_graph *source = session->source;
    size_t ports = (size_t)source->input_count + source->output_count;
    size_t bytes = sizeof(hone_session_flow) + ports * (sizeof(hone_shape) + sizeof(hone_item *));
    hone_session_flow *made = (hone_session_flow *)hone__calloc(session->allocator, 1, bytes);
    if (!made) {
        (void)hone_fail_memory(error, bytes);
        return NULL;
    }
    made->bytes = bytes;
    made->input_count = source->input_count, made->output_count = source->output_count;
    made->shapes = (hone_shape *)(void *)(made + 1);
    made->inputs = (hone_item **)(void *)(made->shapes + ports);
    made->results = made->inputs + made->input_count;
    return made;
}

hone_status hone__session_flow_new(hone_session *session, const hone_tensor *inputs,
                                   hone_error *error) {
    const hone_graph *source = session->source;
    hone_session_flow *made = allocate(session, error);
    if (!made) return HONE_MEMORY;
    session->flow = made;
    for (uint32_t i = 0; i < made->input_count; i++)
        made->shapes[i] = inputs ? inputs[i].shape : source->inputs[i]->shape;
    for (uint32_t i = 0; i < made->output_count; i++)
        made->shapes[made->input_count + i] = source->outputs[i]->shape;
    return hone__flow_new(source, &session->planning, &made->flow, error);
}

static void forget(hone_item **items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        hone__item_release(items[i]);
        items[i] = NULL;
    }
}

void hone__session_flow_free(hone_session *session) {
    hone_session_flow *flow = session->flow;
    if (!flow) return;
    forget(flow->inputs, flow->input_count);
    forget(flow->results, flow->output_count);
    hone__flow_free(flow->flow);
    hone__free(session->allocator, flow, flow->bytes);
    session->flow = NULL;
}

hone_status hone__session_flow_items(hone_session *session, hone_item *const *inputs,
                                     hone_item *const **outputs, hone_error *error) {
    hone_session_flow *flow = session->flow;
    hone_flow_run run = {.trips = HONE_FLOW_MOST_TRIPS, .error = error};
    forget(flow->results, flow->output_count);
    HONE_TRY(hone__flow_run(flow->flow, &run, inputs, flow->results));
    for (uint32_t i = 0; i < flow->output_count; i++)
        if (flow->results[i]->kind == HONE_ITEM_TENSOR)
            flow->shapes[flow->input_count + i] = flow->results[i]->tensor.shape;
    *outputs = flow->results;
    return HONE_OK;
}

static hone_status give(const hone_value *value, const hone_item *item, hone_tensor *output,
                        hone_error *error) {
    const hone_tensor *made = &item->tensor;
    if (item->kind != HONE_ITEM_TENSOR)
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "output '%s' is not a tensor",
                         value->name);
    if (!output->data) {
        *output = *made;
        return HONE_OK;
    }
    if (output->dtype != made->dtype || !hone_shape_equal(&output->shape, &made->shape) ||
        output->bytes < made->bytes)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                         "output '%s': the memory given is not of the shape that came out",
                         value->name);
    if (made->bytes) memcpy(output->data, made->data, made->bytes);
    return HONE_OK;
}

static hone_status borrow_inputs(hone_session *session, const hone_tensor *inputs,
                                 hone_error *error) {
    hone_session_flow *flow = session->flow;
    for (uint32_t i = 0; i < flow->input_count; i++) {
        if (session->source->inputs[i]->type != HONE_TYPE_TENSOR)
            return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "input '%s' is not a tensor",
                             session->source->inputs[i]->name);
        HONE_TRY(hone__item_borrow(session->allocator, &inputs[i], &flow->inputs[i], error));
        flow->shapes[i] = inputs[i].shape;
    }
    return HONE_OK;
}

hone_status hone__session_flow_run(hone_session *session, const hone_tensor *inputs,
                                   hone_tensor *outputs, hone_error *error) {
    hone_session_flow *flow = session->flow;
    hone_item *const *results = NULL;
    hone_status status = borrow_inputs(session, inputs, error);
    if (status == HONE_OK)
        status = hone__session_flow_items(session, flow->inputs, &results, error);
    forget(flow->inputs, flow->input_count);
    for (uint32_t i = 0; status == HONE_OK && i < flow->output_count; i++)
        status = give(session->source->outputs[i], results[i], &outputs[i], error);
    return status;
}

void hone__session_flow_shape(const hone_session *session, bool output, uint32_t index,
                              hone_shape *shape) {
    const hone_session_flow *flow = session->flow;
    *shape = flow->shapes[output ? flow->input_count + index : index];
}

/* ---- the plans inside ---- */

typedef struct census {
    hone_session_memory memory;
    uint32_t layers, wanted;
    const hone_plan *plan; /* which holds layer `wanted`, at `at` */
    uint32_t at;
    bool reset;
} census;

static void count_plan(void *user, hone_plan *plan) {
    census *c = (census *)user;
    const hone_program *program = &plan->program;
    if (program->arena_bytes > c->memory.arena_bytes) {
        c->memory.arena_bytes = program->arena_bytes;
        c->memory.lower_bound_bytes = program->lower_bound_bytes;
    }
    c->memory.weight_bytes += program->weight_bytes;
    if (!c->plan && c->wanted < c->layers + program->step_count) {
        c->plan = plan;
        c->at = c->wanted - c->layers;
    }
    c->layers += program->step_count;
    if (!c->reset) return;
    plan->runs = 0;
    for (uint32_t i = 0; i < program->step_count; i++) program->steps[i]->total_ms = 0;
}

void hone__session_flow_memory(const hone_session *session, hone_session_memory *memory) {
    census c = {.wanted = UINT32_MAX};
    hone__flow_each_plan(session->flow->flow, count_plan, &c);
    *memory = c.memory;
}

uint32_t hone__session_flow_layers(const hone_session *session) {
    census c = {.wanted = UINT32_MAX};
    hone__flow_each_plan(session->flow->flow, count_plan, &c);
    return c.layers;
}

const hone_plan *hone__session_flow_layer(const hone_session *session, uint32_t *index) {
    census c = {.wanted = *index};
    hone__flow_each_plan(session->flow->flow, count_plan, &c);
    *index = c.at;
    return c.plan;
}

void hone__session_flow_reset(hone_session *session) {
    census c = {.wanted = UINT32_MAX, .reset = true};
    hone__flow_each_plan(session->flow->flow, count_plan, &c);
}

typedef struct search {
    const char *name;
    const hone_plan *plan;
} search;

static void look_in(void *user, hone_plan *plan) {
    search *s = (search *)user;
    const hone_value *value = hone_graph_find_value(plan->graph, s->name);
    if (!s->plan && value && plan->kept_at && plan->kept_at[value->id] != HONE_NOT_KEPT)
        s->plan = plan;
}

const hone_plan *hone__session_flow_find(const hone_session *session, const char *name) {
    search s = {.name = name};
    hone__flow_each_plan(session->flow->flow, look_in, &s);
    return s.plan;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: made, remembered, run; see plan.h. */
#include "runtime/plan.h"
#include "base/error.h"

#include <string.h>

/* ---- making ---- */

/* What tells this plan from others of its graph. */
static hone_status make_key(hone_plan *plan, const hone_tensor *inputs, const bool *bound,
                            hone_error *error) {
    HONE_TRY(hone__program_alloc(&plan->program, plan->key_count, sizeof *plan->key,
                                 (void **)&plan->key, error));
    for (uint32_t i = 0; i < plan->key_count; i++) {
        hone_tensor *key = &plan->key[i];
        if (!inputs) {
            *key = (hone_tensor){.dtype = plan->graph->inputs[i]->dtype,
                                 .shape = plan->graph->inputs[i]->shape};
            continue;
        }
        *key = (hone_tensor){.dtype = inputs[i].dtype, .shape = inputs[i].shape};
        if (!bound || !bound[i]) continue;
        HONE_TRY(hone_tensor_bytes(key->dtype, &key->shape, &key->bytes, error));
        HONE_TRY(hone__program_alloc(&plan->program, key->bytes + 1, 1, &key->data, error));
        if (key->bytes) memcpy(key->data, inputs[i].data, key->bytes);
    }
    return HONE_OK;
}

/* Inputs whose contents are part of the plan become constants; they stay in the list of inputs, and
 * lowering passes them over. */
static hone_status bind_contents(hone_plan *plan, const hone_tensor *inputs, const bool *bound,
                                 hone_error *error) {
    for (uint32_t i = 0; bound && i < plan->graph->input_count; i++) {
        hone_value *value = plan->graph->inputs[i];
        void *copy = NULL;
        size_t bytes = 0;
        if (!bound[i]) continue;
        HONE_TRY(hone_tensor_bytes(inputs[i].dtype, &inputs[i].shape, &bytes, error));
        HONE_TRY(hone_graph_memory(plan->graph, bytes + 1, &copy, error));
        if (bytes) memcpy(copy, inputs[i].data, bytes);
        value->kind = HONE_VALUE_CONSTANT;
        value->dtype = inputs[i].dtype;
        value->shape = inputs[i].shape;
        value->data = copy;
        value->bytes = bytes;
    }
    return HONE_OK;
}

static hone_status bind(hone_plan *plan, const hone_planning *planning, const hone_tensor *inputs,
                        const bool *bound, hone_error *error) {
    uint32_t count = plan->graph->input_count;
    hone_shape *shapes = NULL;
    if (inputs) {
        shapes = hone__calloc(plan->allocator, count + 1u, sizeof *shapes);
        if (!shapes) return hone_fail_memory(error, (count + 1u) * sizeof *shapes);
        for (uint32_t i = 0; i < count; i++) {
            shapes[i] = inputs[i].shape;
            plan->graph->inputs[i]->dtype = inputs[i].dtype; /* a body's may not be declared */
        }
    }
    hone_status status = bind_contents(plan, inputs, bound, error);
    if (status == HONE_OK)
        status = hone__plan_bind(plan->graph, shapes, planning->options.batch, error);
    hone__free(plan->allocator, shapes, (count + 1u) * sizeof *shapes);
    return status;
}

static hone_status grow_workspace(hone_workspace *workspace, size_t bytes, hone_error *error) {
    if (bytes <= workspace->bytes) return HONE_OK;
    uint8_t *memory = (uint8_t *)hone__alloc_aligned(workspace->allocator, bytes);
    if (!memory) return hone_fail_memory(error, bytes);
    memset(memory, 0, bytes);
    hone__free_aligned(workspace->allocator, workspace->memory, workspace->bytes);
    workspace->memory = memory;
    workspace->bytes = bytes;
    return HONE_OK;
}

/* The workspace may have moved since the last run. */
static void place(hone_plan *plan, const hone_workspace *workspace) {
    const hone_program *program = &plan->program;
    if (plan->placed == workspace->memory && plan->placed) return;
    for (uint32_t i = 0; i < program->buffer_count; i++) {
        const hone_buffer *buffer = &program->buffers[i];
        if (buffer->place == HONE_PLACE_ARENA && workspace->memory)
            plan->base[i] = workspace->memory + buffer->offset;
        if (buffer->place == HONE_PLACE_CONSTANT) /* only ever read */
            plan->base[i] = (uint8_t *)(uintptr_t)buffer->constant;
    }
    plan->placed = workspace->memory;
}

static hone_status build(hone_plan *plan, const hone_graph *graph, const hone_planning *planning,
                         const hone_tensor *inputs, const bool *bound, hone_error *error) {
    HONE_TRY(hone_graph_clone(graph, &plan->graph, error));
    plan->program.graph = plan->graph;
    plan->program.weights = planning->weights;
    plan->key_count = plan->graph->input_count;
    HONE_TRY(bind(plan, planning, inputs, bound, error));
    HONE_TRY(make_key(plan, inputs, bound, error));
    hone_lowering lowering = {
        .graph = plan->graph, .program = &plan->program, .keep_all = plan->keep_all};
    hone_status lowered = hone__lower(&lowering, error);
    if (lowering.late && planning->late) *planning->late = true;
    HONE_TRY(lowered);
    plan->values = lowering.values;
    HONE_TRY(hone__program_plan(&plan->program, plan->keep_all, error));
    HONE_TRY(hone__program_alloc(&plan->program, plan->program.buffer_count, sizeof *plan->base,
                                 (void **)&plan->base, error));
    if (planning->options.plan_only) return HONE_OK; /* no memory for a run that will not be */
    HONE_TRY(grow_workspace(planning->workspace, plan->program.arena_bytes, error));
    return plan->keep_all ? hone__plan_reserve_values(plan, error) : HONE_OK;
}

hone_status hone__plan_new(const hone_graph *graph, const hone_planning *planning,
                           const hone_tensor *inputs, const bool *bound, hone_plan **plan,
                           hone_error *error) {
    const hone_allocator *allocator = planning->options.allocator;
    hone_plan *made = (hone_plan *)hone__calloc(allocator, 1, sizeof *made);
    *plan = NULL;
    if (!made) return hone_fail_memory(error, sizeof *made);
    made->allocator = allocator;
    made->keep_all = planning->options.keep_all;
    hone__program_init(&made->program, allocator, planning->threads, planning->options.cpu);
    hone_status status = build(made, graph, planning, inputs, bound, error);
    if (status == HONE_OK)
        *plan = made;
    else
        hone__plan_free(made);
    return status;
}

void hone__plan_free(hone_plan *plan) {
    if (!plan) return;
    hone__free_aligned(plan->allocator, plan->kept, plan->kept_size);
    hone__program_release(&plan->program);
    hone_graph_free(plan->graph);
    hone__free(plan->allocator, plan, sizeof *plan);
}

/* ---- remembering ---- */

static bool same_key(const hone_tensor *key, const hone_tensor *input, bool bound) {
    if (key->dtype != input->dtype || !hone_shape_equal(&key->shape, &input->shape)) return false;
    if (bound != (key->data != NULL)) return false;
    return !bound || !key->bytes || !memcmp(key->data, input->data, key->bytes);
}

static bool fits(const hone_plan *plan, const hone_tensor *inputs, const bool *bound) {
    for (uint32_t i = 0; i < plan->key_count; i++)
        if (!same_key(&plan->key[i], &inputs[i], bound && bound[i])) return false;
    return true;
}

bool hone__plans_known(hone_plan *const *plans, const hone_tensor *inputs, const bool *bound) {
    for (const hone_plan *plan = *plans; plan; plan = plan->next)
        if (fits(plan, inputs, bound)) return true;
    return false;
}

uint32_t hone__plans_count(hone_plan *const *plans) {
    uint32_t count = 0;
    for (const hone_plan *plan = *plans; plan; plan = plan->next) count++;
    return count;
}

/* Plans behind the first HONE_MOST_PLANS - 1 make room for a new one. */
static void drop_oldest(hone_plan **plans) {
    uint32_t kept = 0;
    while (*plans && ++kept < HONE_MOST_PLANS) plans = &(*plans)->next;
    hone__plans_free(plans);
}

hone_status hone__plan_find(hone_plan **plans, const hone_graph *graph,
                            const hone_planning *planning, const hone_tensor *inputs,
                            const bool *bound, hone_plan **plan, hone_error *error) {
    hone_plan **at = plans;
    while (*at && !fits(*at, inputs, bound)) at = &(*at)->next;
    hone_plan *found = *at;
    if (found) {
        *at = found->next;
    } else {
        HONE_TRY(hone__plan_new(graph, planning, inputs, bound, &found, error));
        drop_oldest(plans);
    }
    found->next = *plans;
    *plans = found;
    *plan = found;
    return HONE_OK;
}

void hone__plans_free(hone_plan **plans) {
    for (hone_plan *plan = *plans, *next; plan; plan = next) {
        next = plan->next;
        hone__plan_free(plan);
    }
    *plans = NULL;
}

/* ---- running ---- */

hone_status hone__plan_run(hone_plan *plan, const hone_planning *planning,
                           const hone_tensor *inputs, hone_error *error) {
    place(plan, planning->workspace);
    for (uint32_t i = 0; i < plan->graph->input_count; i++) {
        const hone_value *value = plan->graph->inputs[i];
        if (value->kind == HONE_VALUE_CONSTANT) continue;
        plan->base[plan->values[value->id].view.buffer] = (uint8_t *)inputs[i].data;
        if (plan->keep_all) hone__plan_keep_input(plan, value, &inputs[i]);
    }
    HONE_TRY(hone__program_run(&plan->program, planning->pool, plan->base,
                               planning->options.profile, planning->stop, error));
    plan->runs++;
    return HONE_OK;
}

hone_tensor hone__plan_output(const hone_plan *plan, uint32_t index) {
    const hone_value *value = plan->graph->outputs[index];
    hone_run run = {.program = &plan->program, .base = plan->base};
    hone_tensor view = {.dtype = value->dtype, .shape = value->shape};
    (void)hone_tensor_bytes(value->dtype, &value->shape, &view.bytes, NULL);
    view.data =
        hone__run_at(&run, &plan->values[value->id].forms[HONE_CODE_PLAIN][HONE_FORM_DENSE]);
    return view;
}

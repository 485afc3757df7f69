/* SPDX-License-Identifier: Apache-2.0 */
/* Running parts: planned ones by their plans, single nodes by their handlers or references. */
#include "base/error.h"
#include "ops/ops.h"
#include "runtime/flow/flow.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MOST_SYMBOLS 256 /* more than those of the flow's own graph */

static const hone_allocator *allocator_of(const hone_flow *flow) {
    return flow->planning->options.allocator;
}

hone_status hone__part_fail(const hone_part *part, hone_status status, hone_error *error,
                            const char *format, ...) {
    char text[HONE_ERROR_TEXT / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const hone_node *node = part->nodes[0];
    return hone_fail(error, status, HONE_NO_OFFSET, "node '%s' (%s): %s", node->name,
                     hone_op_get(node->op)->name, text);
}

/* ---- items of values ---- */

/* References read aligned numbers; a file may hold them anywhere. */
static hone_status constant_item(hone_flow *flow, const hone_value *value, hone_item **item,
                                 hone_error *error) {
    static const uint64_t no_bytes[2] = {0};
    const void *data = value->bytes ? value->data : no_bytes;
    hone_tensor tensor = {.dtype = value->dtype,
                          .shape = value->shape,
                          .data = (void *)(uintptr_t)data, /* only ever read */
                          .bytes = value->bytes};
    if ((uintptr_t)data % 16 != 0 && value->dtype != HONE_STRING)
        return hone__item_copy(allocator_of(flow), &tensor, item, error);
    return hone__item_borrow(allocator_of(flow), &tensor, item, error);
}

hone_status hone__flow_item(hone_flow *flow, const hone_value *value, hone_item **item,
                            hone_error *error) {
    *item = value ? flow->items[value->id] : NULL;
    if (!value || *item || value->kind != HONE_VALUE_CONSTANT) return HONE_OK;
    HONE_TRY(constant_item(flow, value, &flow->items[value->id], error));
    *item = flow->items[value->id];
    return HONE_OK;
}

void hone__flow_put(hone_flow *flow, const hone_value *value, hone_item *item) {
    if (!value) {
        hone__item_release(item);
        return;
    }
    hone__item_release(flow->items[value->id]);
    flow->items[value->id] = item;
}

hone_status hone__part_input(hone_flow *flow, const hone_part *part, uint32_t index,
                             hone_item **item, hone_error *error) {
    const hone_node *node = part->nodes[0];
    return hone__flow_item(flow, index < node->input_count ? node->inputs[index] : NULL, item,
                           error);
}

/* ---- one node on its reference ---- */

static hone_status extract(hone_flow *flow, hone_part *part, hone_error *error) {
    hone_graph *graph = flow->graph;
    size_t room = (size_t)part->input_count + part->output_count + 1;
    hone_value **inputs =
        (hone_value **)hone__calloc(allocator_of(flow), room, sizeof(hone_value *));
    if (!inputs) return hone_fail_memory(error, room * sizeof(hone_value *));
    hone_value **outputs = inputs + part->input_count;
    uint32_t in = 0, out = 0;
    for (uint32_t n = 0; n < part->node_count; n++) { /* the lists are in the nodes' order */
        const hone_node *node = part->nodes[n];
        for (uint32_t i = 0; i < node->input_count && in < part->input_count; i++)
            if (node->inputs[i] && node->inputs[i]->id == part->inputs[in])
                inputs[in++] = node->inputs[i];
        for (uint32_t i = 0; i < node->output_count && out < part->output_count; i++)
            if (node->outputs[i] && node->outputs[i]->id == part->outputs[out])
                outputs[out++] = node->outputs[i];
    }
    hone_cut cut = {part->nodes, inputs, outputs, part->node_count, in, out};
    hone_status status = hone_graph_extract(graph, &cut, allocator_of(flow), &part->graph, error);
    hone__free(allocator_of(flow), inputs, room * sizeof(hone_value *));
    return status;
}

/* What a reference's call needs, in one piece of memory. */
typedef struct single_call {
    hone_op_call call;
    hone_tensor *inputs, *outputs;
    hone_shape *shapes;
    hone_item **items; /* of the outputs */
    size_t count, scratch_bytes;
    void *memory;
} single_call;

static hone_status make_call(hone_flow *flow, const hone_node *node, single_call *c,
                             hone_error *error) {
    const hone_allocator *allocator = allocator_of(flow);
    size_t in = node->input_count, out = node->output_count;
    c->count =
        (in + out) * sizeof(hone_tensor) + out * (sizeof(hone_shape) + sizeof(hone_item *)) + 1;
    c->memory = hone__calloc(allocator, c->count, 1);
    c->scratch_bytes = hone__op_scratch(node);
    c->call.scratch = hone__alloc_aligned(allocator, c->scratch_bytes + 1);
    if (!c->memory || !c->call.scratch) return hone_fail_memory(error, c->scratch_bytes);
    c->inputs = (hone_tensor *)c->memory;
    c->outputs = c->inputs + in;
    c->shapes = (hone_shape *)(void *)(c->outputs + out);
    c->items = (hone_item **)(void *)(c->shapes + out);
    c->call.node = node, c->call.inputs = c->inputs, c->call.outputs = c->outputs;
    return HONE_OK;
}

static void end_call(hone_flow *flow, single_call *c) {
    const hone_allocator *allocator = allocator_of(flow);
    for (uint32_t i = 0; c->memory && c->items && i < c->call.node->output_count; i++)
        hone__item_release(c->items[i]);
    if (c->call.scratch) hone__free_aligned(allocator, c->call.scratch, c->scratch_bytes + 1);
    hone__free(allocator, c->memory, c->count);
}

/* The inputs become constants of the node's own graph, so that inference knows what they hold. */
static hone_status set_inputs(hone_flow *flow, hone_part *part, hone_error *error) {
    const hone_node *node = part->nodes[0];
    const hone_node *own = part->graph->first_node;
    for (uint32_t i = 0; i < node->input_count; i++) {
        hone_item *item;
        hone_value *value = own->inputs[i];
        if (!value) continue;
        HONE_TRY(hone__flow_item(flow, node->inputs[i], &item, error));
        if (!item || item->kind != HONE_ITEM_TENSOR)
            return hone__part_fail(part, HONE_SHAPE, error, "input '%s' is not a tensor",
                                   value->name);
        value->kind = HONE_VALUE_CONSTANT;
        value->dtype = item->tensor.dtype;
        value->shape = item->tensor.shape;
        value->data = item->tensor.data;
        value->bytes = item->tensor.bytes;
    }
    return HONE_OK;
}

static void fill_inputs(single_call *c) {
    const hone_node *node = c->call.node;
    for (uint32_t i = 0; i < node->input_count; i++) {
        const hone_value *value = node->inputs[i];
        if (!value) continue;
        c->inputs[i] = (hone_tensor){.dtype = value->dtype,
                                     .shape = value->shape,
                                     .data = (void *)(uintptr_t)value->data, /* only read */
                                     .bytes = value->bytes};
    }
}

static hone_status find_shapes(single_call *c, hone_error *error) {
    const hone_node *node = c->call.node;
    if (hone__op_is_measured(node->op)) return hone__op_measure(&c->call, c->shapes, error);
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (!node->outputs[i]) continue;
        c->shapes[i] = node->outputs[i]->shape;
        if (!hone__shape_known(&c->shapes[i]))
            return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                             "node '%s' (%s): the shape of '%s' does not follow from its inputs",
                             node->name, hone_op_get(node->op)->name, node->outputs[i]->name);
    }
    return HONE_OK;
}

static hone_status compute(hone_flow *flow, single_call *c, hone_op_run run, hone_error *error) {
    const hone_node *node = c->call.node;
    bool any = false;
    fill_inputs(c);
    HONE_TRY(find_shapes(c, error));
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (!node->outputs[i]) continue;
        HONE_TRY(hone__item_tensor(allocator_of(flow), node->outputs[i]->dtype, &c->shapes[i],
                                   &c->items[i], error));
        c->outputs[i] = c->items[i]->tensor;
        any = any || c->outputs[i].bytes > 0;
    }
    return any ? run(&c->call, error) : HONE_OK;
}

/* Each inference may leave a symbol behind: before they add up the graph is made anew. */
static void forget_symbols(const hone_flow *flow, hone_part *part) {
    if (!part->graph || part->graph->symbol_count < flow->graph->symbol_count + MOST_SYMBOLS)
        return;
    hone_graph_free(part->graph);
    part->graph = NULL;
}

static hone_status run_reference(hone_flow *flow, hone_part *part, hone_error *error) {
    hone_op_run run = NULL;
    single_call c = {0};
    forget_symbols(flow, part);
    if (!part->graph) HONE_TRY(extract(flow, part, error));
    HONE_TRY(set_inputs(flow, part, error));
    HONE_TRY(hone_graph_infer(part->graph, error));
    const hone_node *own = part->graph->first_node;
    HONE_TRY(hone__op_bind(own, &run, error));
    hone_status status = make_call(flow, own, &c, error);
    if (status == HONE_OK) status = compute(flow, &c, run, error);
    for (uint32_t i = 0; status == HONE_OK && i < own->output_count; i++) {
        hone__flow_put(flow, part->nodes[0]->outputs[i], c.items[i]);
        c.items[i] = NULL;
    }
    end_call(flow, &c);
    return status;
}

static hone_status run_single(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    hone_handler handler = hone__flow_handler(part->nodes[0]->op);
    return handler ? handler(flow, part, run) : run_reference(flow, part, run->error);
}

/* ---- planned parts ---- */

static hone_status make_singles(hone_flow *flow, hone_part *part, hone_error *error) {
    hone_part *singles =
        (hone_part *)hone__arena_alloc(&flow->graph->arena, part->node_count, sizeof *singles);
    if (!singles) return hone_fail_memory(error, part->node_count * sizeof *singles);
    for (uint32_t i = 0; i < part->node_count; i++) {
        const hone_node *node = part->nodes[i];
        hone_part *single = &singles[i];
        *single = (hone_part){.nodes = &part->nodes[i], .node_count = 1};
        single->inputs = (uint32_t *)hone__arena_alloc(
            &flow->graph->arena, node->input_count + node->output_count + 1u, sizeof(uint32_t));
        if (!single->inputs) return hone_fail_memory(error, sizeof(uint32_t));
        single->outputs = single->inputs + node->input_count;
        for (uint32_t k = 0; k < node->input_count; k++) {
            bool seen = !node->inputs[k] || node->inputs[k]->kind == HONE_VALUE_CONSTANT;
            for (uint32_t e = 0; e < k && !seen; e++) seen = node->inputs[e] == node->inputs[k];
            if (!seen) single->inputs[single->input_count++] = node->inputs[k]->id;
        }
        for (uint32_t k = 0; k < node->output_count; k++)
            if (node->outputs[k]) single->outputs[single->output_count++] = node->outputs[k]->id;
    }
    part->singles = singles;
    return HONE_OK;
}

/* Node by node; what is made inside the part only is dropped at its end. */
static hone_status run_singles(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    hone_status status = HONE_OK;
    if (!part->singles) HONE_TRY(make_singles(flow, part, run->error));
    for (uint32_t i = 0; i < part->node_count && status == HONE_OK; i++)
        status = run_single(flow, &part->singles[i], run);
    for (uint32_t i = 0; i < part->node_count; i++)
        for (uint32_t k = 0; k < part->singles[i].output_count; k++) {
            uint32_t id = part->singles[i].outputs[k];
            bool wanted = false;
            for (uint32_t o = 0; o < part->output_count && !wanted; o++)
                wanted = part->outputs[o] == id;
            if (wanted) continue;
            hone__item_release(flow->items[id]);
            flow->items[id] = NULL;
        }
    return status;
}

static bool take_tensors(hone_flow *flow, hone_part *part) {
    for (uint32_t i = 0; i < part->input_count; i++) {
        const hone_item *item = flow->items[part->inputs[i]];
        if (!item || item->kind != HONE_ITEM_TENSOR) return false;
        part->tensors[i] = item->tensor;
    }
    return true;
}

static hone_status keep_outputs(hone_flow *flow, hone_part *part, const hone_plan *plan,
                                hone_error *error) {
    for (uint32_t i = 0; i < part->output_count; i++) {
        hone_tensor view = hone__plan_output(plan, i);
        hone_item *item;
        HONE_TRY(hone__item_copy(allocator_of(flow), &view, &item, error));
        hone__item_release(flow->items[part->outputs[i]]);
        flow->items[part->outputs[i]] = item;
    }
    return HONE_OK;
}

/* Cheap parts whose shapes keep changing are not worth a plan for each. */
static bool worth_a_plan(const hone_part *part) {
    return part->heavy || hone__plans_known(&part->plans, part->tensors, part->bound) ||
           hone__plans_count(&part->plans) < HONE_MOST_PLANS;
}

static hone_status run_planned(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    hone_plan *plan = NULL;
    if (part->eager_only || !take_tensors(flow, part) || !worth_a_plan(part))
        return run_singles(flow, part, run);
    if (!part->graph) HONE_TRY(extract(flow, part, run->error));
    hone_status status = hone__plan_find(&part->plans, part->graph, flow->planning, part->tensors,
                                         part->bound, &plan, run->error);
    if (status == HONE_UNSUPPORTED) {
        part->eager_only = true; /* some shape depends on contents after all */
        return run_singles(flow, part, run);
    }
    HONE_TRY(status);
    HONE_TRY(hone__plan_run(plan, flow->planning, part->tensors, run->error));
    return keep_outputs(flow, part, plan, run->error);
}

hone_status hone__part_run(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    HONE_TRY(part->planned ? run_planned(flow, part, run) : run_single(flow, part, run));
    for (uint32_t i = 0; i < part->dying_count; i++) {
        hone__item_release(flow->items[part->dying[i]]);
        flow->items[part->dying[i]] = NULL;
    }
    return HONE_OK;
}

/* ---- flows ---- */

static void clear(hone_flow *flow) {
    for (const hone_value *v = flow->graph->first_value; v; v = v->next) {
        if (v->kind == HONE_VALUE_CONSTANT) continue;
        hone__item_release(flow->items[v->id]);
        flow->items[v->id] = NULL;
    }
}

static hone_status give(hone_flow *flow, hone_item **outputs, hone_error *error) {
    const hone_graph *graph = flow->graph;
    for (uint32_t i = 0; i < graph->output_count; i++) {
        hone_item *item;
        HONE_TRY(hone__flow_item(flow, graph->outputs[i], &item, error));
        if (!item)
            return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "the output '%s' was not made",
                             graph->outputs[i]->name);
        outputs[i] = hone__item_retain(item);
    }
    return HONE_OK;
}

hone_status hone__flow_run(hone_flow *flow, hone_flow_run *run, hone_item *const *inputs,
                           hone_item **outputs) {
    const hone_graph *graph = flow->graph;
    hone_status status = HONE_OK;
    for (uint32_t i = 0; i < graph->output_count; i++) outputs[i] = NULL;
    for (uint32_t i = 0; i < graph->input_count; i++)
        hone__flow_put(flow, graph->inputs[i], hone__item_retain(inputs[i]));
    for (uint32_t i = 0; i < flow->part_count && status == HONE_OK; i++)
        status = hone__part_run(flow, &flow->parts[i], run);
    if (status == HONE_OK) status = give(flow, outputs, run->error);
    for (uint32_t i = 0; status != HONE_OK && i < graph->output_count; i++) {
        hone__item_release(outputs[i]);
        outputs[i] = NULL;
    }
    clear(flow);
    return status;
}

hone_status hone__body_run(hone_flow *flow, const hone_body *body, hone_flow_run *run,
                           hone_item *const *formals, hone_item **outputs) {
    uint32_t count = body->formal_count + body->capture_count;
    const hone_allocator *allocator = allocator_of(flow);
    hone_item **inputs = (hone_item **)hone__calloc(allocator, count + 1u, sizeof(hone_item *));
    if (!inputs) return hone_fail_memory(run->error, count * sizeof(hone_item *));
    for (uint32_t i = 0; i < body->formal_count; i++) inputs[i] = formals[i];
    for (uint32_t i = 0; i < body->capture_count; i++)
        inputs[body->formal_count + i] = flow->items[body->captures[i]];
    hone_status status = hone__flow_run(body->flow, run, inputs, outputs);
    hone__free(allocator, inputs, (count + 1u) * sizeof(hone_item *));
    return status;
}

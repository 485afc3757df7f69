/* SPDX-License-Identifier: Apache-2.0 */
/* Flows made and freed, those of subgraphs among them. */
#include "base/error.h"
#include "ops/ops.h"
#include "runtime/flow/flow.h"

#define FOLD_BYTES ((size_t)256 << 20)

/* A captured constant becomes one of the body, so that it can be packed and folded. */
static hone_status bind_captures(hone_flow *flow, hone_graph *graph, hone_body *body,
                                 hone_error *error) {
    uint32_t kept = body->formal_count;
    for (uint32_t i = kept; i < graph->input_count; i++) {
        hone_value *value = graph->inputs[i];
        const hone_value *outer = hone_graph_find_value(flow->graph, value->name);
        if (!outer)
            return hone_fail(error, HONE_FORMAT, HONE_NO_OFFSET,
                             "nothing makes the value '%s' that a graph inside uses", value->name);
        value->dtype = outer->dtype;
        value->type = outer->type;
        if (outer->kind != HONE_VALUE_CONSTANT) {
            body->captures[kept - body->formal_count] = outer->id;
            graph->inputs[kept++] = value;
            continue;
        }
        value->kind = HONE_VALUE_CONSTANT;
        value->shape = outer->shape;
        value->data = outer->data;
        value->bytes = outer->bytes;
    }
    graph->input_count = kept;
    body->capture_count = kept - body->formal_count;
    return HONE_OK;
}

static hone_status start(hone_graph *graph, const hone_planning *planning, hone_flow **flow,
                         hone_error *error) {
    bool changed;
    hone_flow *made = (hone_flow *)hone__calloc(planning->options.allocator, 1, sizeof *made);
    *flow = NULL;
    if (!made) {
        hone_graph_free(graph);
        return hone_fail_memory(error, sizeof *made);
    }
    made->planning = planning;
    made->graph = graph;
    hone_status status = hone__graph_fold(graph, FOLD_BYTES, &changed, error);
    if (status == HONE_OK) status = hone__flow_partition(made, error);
    if (status == HONE_OK) {
        made->items =
            (hone_item **)hone__arena_alloc(&graph->arena, graph->value_count, sizeof(hone_item *));
        if (!made->items) status = hone_fail_memory(error, graph->value_count * sizeof(void *));
    }
    if (status == HONE_OK)
        *flow = made;
    else
        hone__flow_free(made);
    return status;
}

static hone_status make_body(hone_flow *flow, const hone_graph *sub, hone_body *body,
                             hone_error *error) {
    hone_graph *graph;
    HONE_TRY(hone_graph_extract_all(sub, flow->planning->options.allocator, &graph, error));
    body->formal_count = sub->input_count;
    for (uint32_t i = 0; i < body->formal_count; i++) /* states may change their shapes */
        graph->inputs[i]->shape = hone__shape_unknown();
    body->captures =
        (uint32_t *)hone__arena_alloc(&graph->arena, graph->input_count, sizeof *body->captures);
    hone_status status = body->captures ? bind_captures(flow, graph, body, error)
                                        : hone_fail_memory(error, graph->input_count);
    if (status == HONE_OK) return start(graph, flow->planning, &body->flow, error);
    hone_graph_free(graph);
    return status;
}

hone_status hone__flow_bodies(hone_flow *flow, const hone_node *node, hone_part *part,
                              hone_error *error) {
    static const char *const names[] = {"then_branch", "else_branch", "body"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const hone_attr *attr = hone_node_attr(node, names[i]);
        if (!attr || attr->kind != HONE_ATTR_GRAPH || part->body_count == HONE_MOST_BODIES)
            continue;
        hone_body *body = &part->bodies[part->body_count];
        HONE_TRY(make_body(flow, attr->as.graph, body, error));
        part->body_count++;
    }
    return HONE_OK;
}

hone_status hone__flow_new(const hone_graph *graph, const hone_planning *planning, hone_flow **flow,
                           hone_error *error) {
    hone_graph *whole;
    *flow = NULL;
    HONE_TRY(hone_graph_extract_all(graph, planning->options.allocator, &whole, error));
    return start(whole, planning, flow, error);
}

void hone__flow_free_part(hone_part *part) {
    hone__plans_free(&part->plans);
    for (uint32_t i = 0; part->singles && i < part->node_count; i++)
        hone_graph_free(part->singles[i].graph);
    hone_graph_free(part->graph);
    for (uint32_t i = 0; i < part->body_count; i++) hone__flow_free(part->bodies[i].flow);
}

void hone__flow_free(hone_flow *flow) {
    if (!flow) return;
    for (uint32_t i = 0; i < flow->part_count; i++) hone__flow_free_part(&flow->parts[i]);
    for (uint32_t i = 0; flow->items && i < flow->graph->value_count; i++)
        hone__item_release(flow->items[i]);
    hone_graph_free(flow->graph);
    hone__free(flow->planning->options.allocator, flow, sizeof *flow);
}

void hone__flow_each_plan(hone_flow *flow, void (*see)(void *user, hone_plan *plan), void *user) {
    for (uint32_t i = 0; i < flow->part_count; i++) {
        hone_part *part = &flow->parts[i];
        if (part->plans) see(user, part->plans);
        for (uint32_t b = 0; b < part->body_count; b++)
            hone__flow_each_plan(part->bodies[b].flow, see, user);
    }
}

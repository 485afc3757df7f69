/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over the graph; see lower.h. */
#include "runtime/lower/lower.h"
#include "base/error.h"
#include "ops/ops.h"

static hone_status make_tables(hone_lowering *lowering, uint32_t nodes, hone_error *error) {
    hone_program *program = lowering->program;
    uint32_t values = lowering->graph->value_count;
    HONE_TRY(hone__program_alloc(program, values, sizeof *lowering->values,
                                 (void **)&lowering->values, error));
    HONE_TRY(hone__program_alloc(program, values, sizeof *lowering->uses, (void **)&lowering->uses,
                                 error));
    HONE_TRY(hone__program_alloc(program, nodes, sizeof *lowering->roles, (void **)&lowering->roles,
                                 error));
    HONE_TRY(hone__program_alloc(program, nodes, sizeof *lowering->groups,
                                 (void **)&lowering->groups, error));
    HONE_TRY(hone__program_alloc(program, values, sizeof(hone_node *), (void **)&lowering->users,
                                 error));
    hone_graph_count_uses(lowering->graph, lowering->uses);
    return HONE_OK;
}

/* Nodes whose results nobody reads are left out, from the back. */
static void drop_dead(hone_lowering *lowering) {
    const hone_graph *graph = lowering->graph;
    for (hone_node *node = graph->last_node; node; node = node->prev) {
        bool needed = false;
        for (uint32_t i = 0; i < node->output_count; i++)
            if (node->outputs[i] && lowering->uses[node->outputs[i]->id] > 0) needed = true;
        if (needed || lowering->keep_all) continue;
        lowering->roles[node->id] = HONE_ROLE_DEAD;
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i]) lowering->uses[node->inputs[i]->id]--;
    }
}

static void find_users(hone_lowering *lowering) {
    for (hone_node *node = lowering->graph->first_node; node; node = node->next)
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] && lowering->roles[node->id] != HONE_ROLE_DEAD)
                lowering->users[node->inputs[i]->id] = node;
}

hone_node *hone__lower_only_user(const hone_lowering *lowering, const hone_value *value) {
    return lowering->uses[value->id] == 1 ? lowering->users[value->id] : NULL;
}

static hone_status lower_inputs(hone_lowering *lowering, hone_error *error) {
    const hone_graph *graph = lowering->graph;
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const hone_value *value = graph->inputs[i];
        if (value->kind == HONE_VALUE_CONSTANT) continue; /* bound by the plan */
        hone_buffer buffer = {
            .name = value->name, .dtype = value->dtype, .place = HONE_PLACE_INPUT, .input = i};
        HONE_TRY(hone_tensor_bytes(value->dtype, &value->shape, &buffer.bytes, error));
        uint32_t id = 0;
        HONE_TRY(hone__program_add_buffer(lowering->program, &buffer, &id, error));
        hone_view view = hone__view_dense(id, &value->shape);
        hone__lower_alias(lowering, value, HONE_CODE_PLAIN, &view);
    }
    return HONE_OK;
}

/* Outputs are handed out dense, in their own type, and live until the next run. */
static hone_status lower_outputs(hone_lowering *lowering, hone_error *error) {
    const hone_graph *graph = lowering->graph;
    for (uint32_t i = 0; i < graph->output_count; i++) {
        hone_view view;
        HONE_TRY(hone__lower_form(lowering, graph->outputs[i], HONE_CODE_PLAIN, HONE_FORM_DENSE,
                                  &view, error));
        lowering->program->buffers[view.buffer].pinned = true;
    }
    return HONE_OK;
}

/* A shape that only a run can tell (NonZero and the like) cannot be planned. */
static hone_status check_known(hone_lowering *lowering, const hone_node *node, hone_error *error) {
    lowering->late = true; /* unless this ends well */
    if (!hone__op_is_run(node->op)) {
        hone_op_run run;
        return hone__op_bind(node, &run, error);
    }
    for (uint32_t i = 0; i < node->output_count; i++) {
        const hone_value *out = node->outputs[i];
        if (!out) continue;
        if (!hone__shape_known(&out->shape) || out->dtype == HONE_DTYPE_NONE)
            return hone_fail(
                error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                "node '%s' (%s): the shape of '%s' is not known before running", node->name,
                node->foreign ? node->foreign : hone_op_get(node->op)->name, out->name);
    }
    lowering->late = false;
    return HONE_OK;
}

static uint32_t count_node_ids(const hone_graph *graph) {
    uint32_t most = 0;
    for (const hone_node *node = graph->first_node; node; node = node->next)
        if (node->id >= most) most = node->id + 1;
    return most;
}

/* Sequences and optionals are not planned. */
static hone_status check_types(hone_lowering *lowering, hone_error *error) {
    const hone_graph *graph = lowering->graph;
    for (uint32_t i = 0; i < graph->input_count; i++)
        if (graph->inputs[i]->type != HONE_TYPE_TENSOR) {
            lowering->late = true;
            return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "input '%s' is not a tensor",
                             graph->inputs[i]->name);
        }
    return HONE_OK;
}

hone_status hone__lower(hone_lowering *lowering, hone_error *error) {
    HONE_TRY(check_types(lowering, error));
    HONE_TRY(hone__lower_prepare(lowering->graph, error));
    HONE_TRY(make_tables(lowering, count_node_ids(lowering->graph), error));
    drop_dead(lowering);
    find_users(lowering);
    HONE_TRY(lower_inputs(lowering, error));
    HONE_TRY(hone__lower_widen(lowering, true, error));
    HONE_TRY(hone__lower_fuse_qdq(lowering, error));
    HONE_TRY(hone__lower_widen(lowering, false, error));
    HONE_TRY(hone__lower_fuse(lowering, error));
    if (!lowering->keep_all) hone__lower_plan_concats(lowering);
    for (hone_node *node = lowering->graph->first_node; node; node = node->next) {
        hone_role role = (hone_role)lowering->roles[node->id];
        if (role == HONE_ROLE_DEAD || role == HONE_ROLE_ABSORBED) continue;
        HONE_TRY(check_known(lowering, node, error));
        HONE_TRY(hone__lower_node(lowering, node, lowering->groups[node->id], error));
    }
    HONE_TRY(lower_outputs(lowering, error));
    return lowering->keep_all ? HONE_OK : hone__steps_join_blocks(lowering->program, error);
}

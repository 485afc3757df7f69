/* SPDX-License-Identifier: Apache-2.0 */
/* Giving symbolic dimensions their sizes, before lowering. */
#include "base/error.h"
#include "ops/ops.h"
#include "runtime/plan.h"

#define FOLD_BYTES  ((size_t)256 << 20) /* one folded constant at most */
#define FOLD_ROUNDS 4

static hone_status wrong_shape(const hone_value *input, const hone_shape *given,
                               hone_error *error) {
    char have[128], want[128];
    hone__shape_print(given, have, sizeof have);
    hone__shape_print(&input->shape, want, sizeof want);
    return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET, "input '%s': shape %s does not fit %s",
                     input->name, have, want);
}

/* A copy, because binding a symbol changes the shapes of all values that name it. */
static hone_status bind_shape(hone_graph *graph, hone_value *input, const hone_shape *given,
                              hone_error *error) {
    if (input->type != HONE_TYPE_TENSOR) return HONE_OK;
    if (!hone__shape_known(given)) return wrong_shape(input, given, error);
    if (input->shape.rank == HONE_RANK_UNKNOWN) {
        input->shape = *given;
        return HONE_OK;
    }
    if (input->shape.rank != given->rank) return wrong_shape(input, given, error);
    for (int32_t i = 0; i < given->rank; i++) {
        int64_t dim = input->shape.dim[i];
        if (dim < 0)
            hone_graph_bind_symbol(graph, dim, given->dim[i]);
        else if (dim != given->dim[i])
            return wrong_shape(input, given, error);
    }
    return HONE_OK;
}

static hone_status bind_batch(hone_graph *graph, hone_value *input, int64_t batch,
                              hone_error *error) {
    if (input->type != HONE_TYPE_TENSOR) return HONE_OK;
    if (input->shape.rank > 0 && input->shape.dim[0] < 0)
        hone_graph_bind_symbol(graph, input->shape.dim[0], batch);
    if (input->shape.rank == HONE_RANK_UNKNOWN)
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                         "input '%s' has no shape; give one to the session", input->name);
    for (int32_t i = 0; i < input->shape.rank; i++)
        if (input->shape.dim[i] < 0) {
            const char *symbol = hone_graph_symbol_name(graph, input->shape.dim[i]);
            return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                             "input '%s': dimension %d ('%s') is not known; give the session a "
                             "shape for it",
                             input->name, (int)i, symbol ? symbol : "?");
        }
    return HONE_OK;
}

/* If nodes whose condition turned out to be known: the branch that counts takes their place. */
static hone_status take_branches(hone_graph *graph, bool *changed, hone_error *error) {
    for (hone_node *node = graph->first_node, *next; node; node = next) {
        next = node->next;
        const hone_value *condition = node->op == HONE_OP_If ? node->inputs[0] : NULL;
        if (!condition || condition->kind != HONE_VALUE_CONSTANT || condition->bytes != 1) continue;
        const hone_attr *branch =
            hone_node_attr(node, *(const uint8_t *)condition->data ? "then_branch" : "else_branch");
        bool done = false;
        if (branch && branch->kind == HONE_ATTR_GRAPH)
            HONE_TRY(hone_graph_inline_branch(graph, node, branch->as.graph, &done, error));
        *changed = *changed || done;
    }
    return HONE_OK;
}

hone_status hone__plan_bind(hone_graph *graph, const hone_shape *shapes, int64_t batch,
                            hone_error *error) {
    if (batch <= 0) batch = 1;
    for (uint32_t i = 0; i < graph->input_count; i++)
        HONE_TRY(shapes ? bind_shape(graph, graph->inputs[i], &shapes[i], error)
                        : bind_batch(graph, graph->inputs[i], batch, error));
    HONE_TRY(hone_graph_infer(graph, error));
    bool changed = true;
    for (int round = 0; changed && round < FOLD_ROUNDS; round++) {
        HONE_TRY(hone__graph_fold(graph, FOLD_BYTES, &changed, error));
        HONE_TRY(take_branches(graph, &changed, error));
    }
    return HONE_OK;
}

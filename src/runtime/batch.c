/* SPDX-License-Identifier: Apache-2.0 */
/* A batch where the file says 1.
 *
 * Most exported models have a fixed leading dimension of 1, and the 1 is repeated wherever the
 * exporter wrote a shape down. Inputs that begin with 1 begin with the batch instead; what depends
 * on them is followed through the graph, and the written shapes (targets of Reshape and Resize) and
 * the constants that stand for one sample (initial states, class tokens) follow. Shape inference
 * then proves the result or names the node that does not fit, and each output must have grown by
 * exactly the batch: a model that mixes its samples into one answer is refused. */
#include "runtime/batch.h"
#include "base/error.h"

#include <string.h>

typedef struct rebatch {
    hone_graph *graph;
    int64_t batch;
    bool *follows; /* by value id: depends on an input that has grown */
    hone_error *error;
} rebatch;

static bool begins_with_one(const hone_value *value) {
    return value && value->shape.rank > 0 && value->shape.dim[0] == 1;
}

static bool follows(const rebatch *r, const hone_value *value) {
    return value && r->follows[value->id];
}

/* Input `index` of a node, a list of sizes that begins with 1, begins with the batch. */
static hone_status renew_target(const rebatch *r, hone_node *node, uint32_t index) {
    int64_t sizes[HONE_MAX_RANK];
    uint32_t count = 0;
    hone_value *target = index < node->input_count ? node->inputs[index] : NULL, *renewed = NULL;
    if (!target || !begins_with_one(node->inputs[0]) || !begins_with_one(node->outputs[0]))
        return HONE_OK;
    if (!hone_value_ints(target, sizes, HONE_MAX_RANK, &count) || !count || sizes[0] != 1)
        return HONE_OK;
    sizes[0] = r->batch;
    const hone_shape shape = {.rank = 1, .dim = {count}};
    HONE_TRY(hone_graph_copy_constant(r->graph, NULL, HONE_S64, &shape, sizes,
                                      count * sizeof *sizes, NULL, &renewed, r->error));
    return hone_node_set_input(r->graph, node, index, renewed, r->error);
}

/* A constant input whose dimension `axis` is 1, behind ones only, is repeated for each sample. */
static hone_status repeat_constant(const rebatch *r, hone_node *node, uint32_t index,
                                   int32_t axis) {
    const hone_value *one = index < node->input_count ? node->inputs[index] : NULL;
    if (!one || one->kind != HONE_VALUE_CONSTANT || one->shape.rank <= axis) return HONE_OK;
    for (int32_t i = 0; i <= axis; i++)
        if (one->shape.dim[i] != 1) return HONE_OK;
    hone_shape shape = one->shape;
    shape.dim[axis] = r->batch;
    size_t bytes = 0;
    void *fill = NULL;
    hone_value *many = NULL;
    HONE_TRY(hone_tensor_bytes(one->dtype, &shape, &bytes, r->error));
    if (hone_dtype_bits(one->dtype) % 8 || bytes != one->bytes * (size_t)r->batch) return HONE_OK;
    HONE_TRY(hone_graph_copy_constant(r->graph, NULL, one->dtype, &shape, NULL, bytes, &fill, &many,
                                      r->error));
    for (size_t at = 0; one->bytes && at < bytes; at += one->bytes)
        memcpy((uint8_t *)fill + at, one->data, one->bytes);
    return hone_node_set_input(r->graph, node, index, many, r->error);
}

/* Constants laid beside the samples along another axis than theirs. */
static hone_status renew_concat(const rebatch *r, hone_node *node) {
    int64_t axis = hone_node_int(node, "axis", 0);
    int32_t rank = node->outputs[0]->shape.rank;
    if (axis == 0 || axis == -rank || !begins_with_one(node->outputs[0])) return HONE_OK;
    for (uint32_t i = 0; i < node->input_count; i++) HONE_TRY(repeat_constant(r, node, i, 0));
    return HONE_OK;
}

static hone_status renew_node(const rebatch *r, hone_node *node) {
    switch (node->op) {
    case HONE_OP_Reshape:
        return renew_target(r, node, 1);
    case HONE_OP_Resize:
        return renew_target(r, node, 3);
    case HONE_OP_Concat:
        return renew_concat(r, node);
    case HONE_OP_LSTM:
    case HONE_OP_GRU:
    case HONE_OP_RNN: /* initial states [directions, batch, hidden] */
        HONE_TRY(repeat_constant(r, node, 5, 1));
        return repeat_constant(r, node, 6, 1);
    default:
        return HONE_OK;
    }
}

/* Shapes are still those of one sample. */
static hone_status walk(const rebatch *r) {
    for (uint32_t i = 0; i < r->graph->input_count; i++)
        r->follows[r->graph->inputs[i]->id] = begins_with_one(r->graph->inputs[i]);
    for (hone_node *node = r->graph->first_node; node; node = node->next) {
        bool any = false;
        for (uint32_t i = 0; i < node->input_count; i++) any = any || follows(r, node->inputs[i]);
        if (!any) continue;
        HONE_TRY(renew_node(r, node));
        for (uint32_t i = 0; i < node->output_count; i++)
            if (node->outputs[i]) r->follows[node->outputs[i]->id] = true;
    }
    return HONE_OK;
}

static void grow_inputs(const rebatch *r) {
    for (uint32_t i = 0; i < r->graph->input_count; i++) {
        hone_value *input = r->graph->inputs[i];
        if (r->follows[input->id]) input->shape.dim[0] = r->batch;
    }
}

static hone_status check_outputs(const rebatch *r, const int64_t *rows) {
    for (uint32_t i = 0; i < r->graph->output_count; i++) {
        const hone_value *output = r->graph->outputs[i];
        int64_t dim = output->shape.rank > 0 ? output->shape.dim[0] : -1;
        if (dim > 0 && (rows[i] < 0 || dim != rows[i] * r->batch))
            return hone_fail(r->error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                             "output '%s' does not grow with the batch; run one sample at a time",
                             output->name);
    }
    return HONE_OK;
}

static bool wants_batch(const hone_graph *graph) {
    for (uint32_t i = 0; i < graph->input_count; i++)
        if (begins_with_one(graph->inputs[i])) return true;
    return false;
}

hone_status hone__graph_rebatch(hone_graph *graph, int64_t batch, hone_error *error) {
    if (batch == 1 || !wants_batch(graph)) return HONE_OK;
    rebatch r = {.graph = graph, .batch = batch, .error = error};
    hone_arena memory;
    hone_status status = HONE_MEMORY;
    hone__arena_init(&memory, graph->arena.allocator);
    uint32_t values = graph->value_count;
    r.follows = (bool *)hone__arena_alloc(&memory, values, sizeof *r.follows);
    int64_t *rows = (int64_t *)hone__arena_alloc(&memory, graph->output_count, sizeof *rows);
    if (!r.follows || !rows) {
        status = hone_fail_memory(error, values + graph->output_count * sizeof *rows);
        goto done;
    }
    status = hone_graph_infer(graph, error);
    if (status != HONE_OK) goto done;
    for (uint32_t i = 0; i < graph->output_count; i++)
        rows[i] = graph->outputs[i]->shape.rank > 0 ? graph->outputs[i]->shape.dim[0] : -1;
    status = walk(&r);
    if (status == HONE_OK) grow_inputs(&r);
    if (status == HONE_OK) status = hone_graph_infer(graph, error);
    if (status == HONE_OK) status = check_outputs(&r, rows);
done:
    hone__arena_release(&memory);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* If, Loop, Scan and SequenceMap: their bodies are flows. */
#include "base/error.h"
#include "runtime/flow/flow.h"

#include <string.h>

static const hone_allocator *allocator_of(const hone_flow *flow) {
    return flow->planning->options.allocator;
}

static void release_all(hone_item **items, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        hone__item_release(items[i]);
        items[i] = NULL;
    }
}

/* One trip of any loop: whether there is one left, and nobody wants the run to end. */
static hone_status spend(hone_flow *flow, const hone_part *part, hone_flow_run *run) {
    HONE_TRY(hone__stop_check(flow->planning->stop, run->error));
    if (run->trips--) return HONE_OK;
    run->trips = 0;
    return hone__part_fail(part, HONE_LIMIT, run->error,
                           "the loops of this run went round more than %llu times",
                           (unsigned long long)HONE_FLOW_MOST_TRIPS);
}

static hone_status truth(const hone_part *part, const hone_item *item, bool *value,
                         hone_error *error) {
    if (!item || item->kind != HONE_ITEM_TENSOR || item->tensor.dtype != HONE_BOOL ||
        item->tensor.bytes != 1)
        return hone__part_fail(part, HONE_SHAPE, error, "its condition is not one bool");
    *value = *(const uint8_t *)item->tensor.data != 0;
    return HONE_OK;
}

/* ---- If ---- */

static hone_status find_branch(const hone_part *part, bool condition, const hone_body **branch,
                               hone_error *error) {
    if (part->body_count != 2)
        return hone__part_fail(part, HONE_FORMAT, error, "it needs two branches");
    *branch = &part->bodies[condition ? 0 : 1];
    if ((*branch)->formal_count == 0 &&
        (*branch)->flow->graph->output_count >= part->nodes[0]->output_count)
        return HONE_OK;
    return hone__part_fail(part, HONE_FORMAT, error, "a branch does not fit it");
}

hone_status hone__flow_if(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    hone_item *item, *outputs[256] = {NULL};
    const hone_body *branch;
    bool condition;
    HONE_TRY(hone__part_input(flow, part, 0, &item, run->error));
    HONE_TRY(truth(part, item, &condition, run->error));
    HONE_TRY(find_branch(part, condition, &branch, run->error));
    uint32_t count = branch->flow->graph->output_count;
    if (count > 256) return hone__part_fail(part, HONE_LIMIT, run->error, "too many outputs");
    HONE_TRY(hone__stop_check(flow->planning->stop, run->error));
    HONE_TRY(hone__body_run(flow, branch, run, NULL, outputs));
    for (uint32_t i = 0; i < count; i++)
        hone__flow_put(flow, i < part->nodes[0]->output_count ? part->nodes[0]->outputs[i] : NULL,
                       outputs[i]);
    return HONE_OK;
}

/* ---- what Loop, Scan and SequenceMap share ---- */

/* States go round, results of each trip are listed. */
typedef struct trips {
    hone_flow *flow;
    hone_part *part;
    hone_flow_run *run;
    const hone_body *body;
    uint32_t formal_count, output_count; /* of the body */
    uint32_t skipped;                    /* outputs before the states: Loop's condition */
    uint32_t state_count, list_count;
    hone_item **formals; /* in front of the states: Loop's counter and condition */
    hone_item **states;  /* inside formals */
    hone_item **results; /* of one trip */
    hone_item **lists;   /* sequences, one an output behind the states */
    hone_item **memory;
    size_t count;
} trips;

static hone_status begin(trips *t, uint32_t states_at) {
    const hone_allocator *allocator = allocator_of(t->flow);
    hone_error *error = t->run->error;
    t->body = &t->part->bodies[0];
    if (t->part->body_count != 1)
        return hone__part_fail(t->part, HONE_FORMAT, error, "it needs one body");
    t->formal_count = t->body->formal_count;
    t->output_count = t->body->flow->graph->output_count;
    if (t->formal_count < states_at + t->state_count ||
        t->output_count < t->skipped + t->state_count)
        return hone__part_fail(t->part, HONE_FORMAT, error, "its body does not fit it");
    t->list_count = t->output_count - t->skipped - t->state_count;
    t->count = (size_t)t->formal_count + t->output_count + t->list_count + 1;
    t->memory = (hone_item **)hone__calloc(allocator, t->count, sizeof(hone_item *));
    if (!t->memory) return hone_fail_memory(error, t->count * sizeof(hone_item *));
    t->formals = t->memory;
    t->states = t->formals + states_at;
    t->results = t->formals + t->formal_count;
    t->lists = t->results + t->output_count;
    for (uint32_t i = 0; i < t->list_count; i++)
        HONE_TRY(hone__item_sequence(allocator, HONE_DTYPE_NONE, &t->lists[i], error));
    return HONE_OK;
}

static void end(trips *t) {
    if (!t->memory) return;
    release_all(t->memory, (uint32_t)t->count);
    hone__free(allocator_of(t->flow), t->memory, t->count * sizeof(hone_item *));
}

/* The node's inputs from `first` on are the states' beginnings. */
static hone_status take_states(trips *t, uint32_t first) {
    for (uint32_t i = 0; i < t->state_count; i++) {
        hone_item *item;
        HONE_TRY(hone__part_input(t->flow, t->part, first + i, &item, t->run->error));
        if (!item)
            return hone__part_fail(t->part, HONE_FORMAT, t->run->error, "a state is missing");
        t->states[i] = hone__item_retain(item);
    }
    return HONE_OK;
}

static hone_status go_round(trips *t) {
    HONE_TRY(spend(t->flow, t->part, t->run));
    HONE_TRY(hone__body_run(t->flow, t->body, t->run, t->formals, t->results));
    for (uint32_t i = 0; i < t->state_count; i++) {
        hone__item_release(t->states[i]);
        t->states[i] = t->results[t->skipped + i];
        t->results[t->skipped + i] = NULL;
    }
    for (uint32_t i = 0; i < t->list_count; i++) {
        hone_item *made = t->results[t->skipped + t->state_count + i];
        HONE_TRY(hone__item_insert(t->lists[i], t->lists[i]->count, made, t->run->error));
    }
    return HONE_OK;
}

/* After no trip: no elements of whatever shape the body says it would make. */
static hone_status empty_list(const trips *t, uint32_t index, hone_item **item) {
    const hone_value *value = t->body->flow->graph->outputs[t->skipped + t->state_count + index];
    hone_shape shape = {.rank = 1};
    if (value->shape.rank >= 0 && value->shape.rank < HONE_MAX_RANK) {
        shape.rank = value->shape.rank + 1;
        for (int32_t i = 0; i < value->shape.rank; i++)
            shape.dim[i + 1] = value->shape.dim[i] < 0 ? 0 : value->shape.dim[i];
    }
    return hone__item_tensor(allocator_of(t->flow), value->dtype ? value->dtype : HONE_F32, &shape,
                             item, t->run->error);
}

static hone_status give_list(trips *t, uint32_t index, int64_t axis, bool backwards) {
    const hone_node *node = t->part->nodes[0];
    uint32_t at = t->state_count + index;
    hone_item *item = NULL;
    if (at >= node->output_count || !node->outputs[at]) return HONE_OK;
    const hone_item *list = t->lists[index];
    hone_joining joining = {list->list, list->count, axis, true, backwards};
    HONE_TRY(list->count ? hone__items_join(allocator_of(t->flow), &joining, &item, t->run->error)
                         : empty_list(t, index, &item));
    hone__flow_put(t->flow, node->outputs[at], item);
    return HONE_OK;
}

static void give_states(trips *t) {
    const hone_node *node = t->part->nodes[0];
    for (uint32_t i = 0; i < t->state_count && i < node->output_count; i++) {
        hone__flow_put(t->flow, node->outputs[i], t->states[i]);
        t->states[i] = NULL;
    }
}

/* ---- Loop ---- */

static hone_status set_counter(trips *t, int64_t trip, bool condition) {
    release_all(t->formals, 2);
    HONE_TRY(hone__item_int(allocator_of(t->flow), trip, &t->formals[0], t->run->error));
    return hone__item_bool(allocator_of(t->flow), condition, &t->formals[1], t->run->error);
}

static hone_status loop(trips *t) {
    hone_item *given;
    int64_t most;
    bool condition = true;
    HONE_TRY(begin(t, 2));
    HONE_TRY(hone__part_int(t->flow, t->part, 0, INT64_MAX, &most, t->run->error));
    HONE_TRY(hone__part_input(t->flow, t->part, 1, &given, t->run->error));
    if (given) HONE_TRY(truth(t->part, given, &condition, t->run->error));
    HONE_TRY(take_states(t, 2));
    for (int64_t trip = 0; condition && trip < most; trip++) {
        HONE_TRY(set_counter(t, trip, condition));
        HONE_TRY(go_round(t));
        HONE_TRY(truth(t->part, t->results[0], &condition, t->run->error));
        release_all(t->results, t->output_count);
    }
    give_states(t);
    for (uint32_t i = 0; i < t->list_count; i++) HONE_TRY(give_list(t, i, 0, false));
    return HONE_OK;
}

hone_status hone__flow_loop(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    const hone_node *node = part->nodes[0];
    trips t = {.flow = flow, .part = part, .run = run, .skipped = 1};
    if (node->input_count < 2)
        return hone__part_fail(part, HONE_FORMAT, run->error, "too few inputs");
    t.state_count = node->input_count - 2;
    hone_status status = loop(&t);
    end(&t);
    return status;
}

/* ---- Scan ---- */

/* Axis and direction of scan input or output `index`. */
static int64_t listed(const hone_node *node, const char *name, uint32_t index) {
    const int64_t *ints;
    uint32_t count = hone_node_ints(node, name, &ints);
    return index < count ? ints[index] : 0;
}

/* The elements of one trip, one from each scanned input. */
static hone_status set_slices(trips *t, uint32_t scanned, int64_t trip, int64_t length) {
    const hone_node *node = t->part->nodes[0];
    for (uint32_t i = 0; i < scanned; i++) {
        hone_item *item, **slot = &t->formals[t->state_count + i];
        HONE_TRY(hone__part_input(t->flow, t->part, t->state_count + i, &item, t->run->error));
        int64_t axis = listed(node, "scan_input_axes", i);
        if (axis < 0) axis += item->tensor.shape.rank;
        bool backwards = listed(node, "scan_input_directions", i) != 0;
        hone__item_release(*slot);
        *slot = NULL;
        HONE_TRY(hone__item_slice(item, (int32_t)axis, backwards ? length - 1 - trip : trip, 1,
                                  true, slot, t->run->error));
    }
    return HONE_OK;
}

static hone_status scan_length(trips *t, uint32_t scanned, int64_t *length) {
    for (uint32_t i = 0; i < scanned; i++) {
        hone_item *item;
        HONE_TRY(hone__part_input(t->flow, t->part, t->state_count + i, &item, t->run->error));
        int64_t axis = listed(t->part->nodes[0], "scan_input_axes", i);
        int32_t rank = item && item->kind == HONE_ITEM_TENSOR ? item->tensor.shape.rank : 0;
        if (axis < 0) axis += rank;
        if (axis < 0 || axis >= rank || (i > 0 && item->tensor.shape.dim[axis] != *length))
            return hone__part_fail(t->part, HONE_SHAPE, t->run->error,
                                   "its scanned inputs do not fit together");
        *length = item->tensor.shape.dim[axis];
    }
    return HONE_OK;
}

static hone_status scan(trips *t, uint32_t scanned) {
    const hone_node *node = t->part->nodes[0];
    int64_t length = 0;
    HONE_TRY(begin(t, 0));
    if (t->formal_count < t->state_count + scanned)
        return hone__part_fail(t->part, HONE_FORMAT, t->run->error, "its body does not fit it");
    HONE_TRY(take_states(t, 0));
    HONE_TRY(scan_length(t, scanned, &length));
    for (int64_t trip = 0; trip < length; trip++) {
        HONE_TRY(set_slices(t, scanned, trip, length));
        HONE_TRY(go_round(t));
        release_all(t->results, t->output_count);
    }
    give_states(t);
    for (uint32_t i = 0; i < t->list_count; i++)
        HONE_TRY(give_list(t, i, listed(node, "scan_output_axes", i),
                           listed(node, "scan_output_directions", i) != 0));
    return HONE_OK;
}

hone_status hone__flow_scan(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    const hone_node *node = part->nodes[0];
    trips t = {.flow = flow, .part = part, .run = run};
    int64_t scanned = hone_node_int(node, "num_scan_inputs", 0);
    if (scanned < 1 || scanned > node->input_count)
        return hone__part_fail(part, HONE_FORMAT, run->error, "num_scan_inputs does not fit");
    t.state_count = node->input_count - (uint32_t)scanned;
    hone_status status = scan(&t, (uint32_t)scanned);
    end(&t);
    return status;
}

/* ---- SequenceMap ---- */

static hone_status map(trips *t) {
    const hone_node *node = t->part->nodes[0];
    hone_item *first, *item;
    HONE_TRY(begin(t, 0));
    HONE_TRY(hone__part_input(t->flow, t->part, 0, &first, t->run->error));
    if (!first || first->kind != HONE_ITEM_SEQUENCE || t->formal_count < node->input_count)
        return hone__part_fail(t->part, HONE_SHAPE, t->run->error, "it needs a sequence");
    for (uint32_t trip = 0; trip < first->count; trip++) {
        for (uint32_t i = 0; i < node->input_count; i++) {
            HONE_TRY(hone__part_input(t->flow, t->part, i, &item, t->run->error));
            if (!item || (item->kind == HONE_ITEM_SEQUENCE && item->count != first->count))
                return hone__part_fail(t->part, HONE_SHAPE, t->run->error,
                                       "its sequences differ in length");
            hone__item_release(t->formals[i]);
            t->formals[i] =
                hone__item_retain(item->kind == HONE_ITEM_SEQUENCE ? item->list[trip] : item);
        }
        HONE_TRY(go_round(t));
        release_all(t->results, t->output_count);
    }
    for (uint32_t i = 0; i < t->list_count && i < node->output_count; i++)
        hone__flow_put(t->flow, node->outputs[i], hone__item_retain(t->lists[i]));
    return HONE_OK;
}

hone_status hone__flow_sequence_map(hone_flow *flow, hone_part *part, hone_flow_run *run) {
    trips t = {.flow = flow, .part = part, .run = run};
    hone_status status = map(&t);
    end(&t);
    return status;
}

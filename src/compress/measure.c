/* SPDX-License-Identifier: Apache-2.0 */
/* Signal to noise of each layer: both models run on the same samples, and what a layer gives is
 * compared. The quantized model runs as it will later, in integers; the values to look at are made
 * outputs of a copy of it. */
#include "base/error.h"
#include "compress/compress.h"

#include <math.h>
#include <string.h>

#define MEASURED_SAMPLES 8

static char *copy_text(const hone_allocator *allocator, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = hone__alloc(allocator, size, 1);
    if (copy) memcpy(copy, text, size);
    return copy;
}

static void free_text(const hone_allocator *allocator, char *text) {
    if (text) hone__free(allocator, text, strlen(text) + 1);
}

void hone__watches_release(hone_watches *watches) {
    for (uint32_t i = 0; watches->list && i < watches->count; i++) {
        hone_layer_watch *watch = &watches->list[i];
        free_text(NULL, watch->name);
        free_text(watches->allocator, watch->before);
        free_text(watches->allocator, watch->after);
    }
    if (watches->list)
        hone__free(watches->allocator, watches->list,
                   (watches->capacity + 1u) * sizeof *watches->list);
    *watches = (hone_watches){0};
}

static const char *scheme_of(hone_qrole role) {
    if (role == HONE_QROLE_WEIGHTED) return "per-channel symmetric int8";
    if (role == HONE_QROLE_WEIGHT_ONLY) return "per-channel symmetric int8, computed in float";
    return "float32";
}

/* Nodes with weights, int8 by now or left float. */
static bool is_layer(const hone_qplan *plan, const hone_node *node) {
    hone_qweights weights;
    if (node->id >= plan->node_count) return false;
    hone_qrole role = (hone_qrole)plan->roles[node->id];
    if (role == HONE_QROLE_WEIGHTED || role == HONE_QROLE_WEIGHT_ONLY) return true;
    bool may = node->op == HONE_OP_Conv || node->op == HONE_OP_Gemm || node->op == HONE_OP_MatMul ||
               node->op == HONE_OP_ConvTranspose;
    return may && hone__qweights_of(node, &weights);
}

static hone_status watch_layer(const hone_qplan *plan, const hone_node *node, hone_watches *watches,
                               hone_error *error) {
    hone_qrole role = (hone_qrole)plan->roles[node->id];
    const hone_value *result = hone__qplan_result(plan, node);
    const hone_value *rounded = plan->values[result->id].dequantized;
    hone_layer_watch *watch = &watches->list[watches->count++];
    watch->name = copy_text(NULL, node->name); /* the caller of the report frees it */
    watch->op = hone_op_get(node->op)->name;
    watch->bits = role == HONE_QROLE_FLOAT ? 32 : 8;
    watch->scheme = scheme_of(role);
    watch->before = copy_text(watches->allocator, result->name);
    watch->after = copy_text(watches->allocator, rounded ? rounded->name : result->name);
    if (watch->name && watch->before && watch->after) return HONE_OK;
    return hone_fail_memory(error, strlen(node->name) + strlen(result->name));
}

hone_status hone__watches_make(const hone_qplan *plan, hone_watches *watches, hone_error *error) {
    *watches = (hone_watches){.allocator = plan->allocator};
    for (const hone_node *node = plan->graph->first_node; node; node = node->next)
        watches->capacity += is_layer(plan, node);
    watches->list = hone__calloc(plan->allocator, watches->capacity + 1u, sizeof *watches->list);
    if (!watches->list) return hone_fail_memory(error, sizeof *watches->list);
    for (const hone_node *node = plan->graph->first_node; node; node = node->next)
        if (is_layer(plan, node)) HONE_TRY(watch_layer(plan, node, watches, error));
    return HONE_OK;
}

/* ---- measuring ---- */

typedef struct pair {
    hone_watches *watches;
    hone_session *before, *after;
    hone_tensor *inputs, *outputs; /* room for either session */
    uint32_t *places;              /* by watch: which output of `after` */
} pair;

static uint32_t output_place(hone_graph *graph, hone_value *value, hone_error *error) {
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i] == value) return i;
    if (hone_graph_add_output(graph, value, error) != HONE_OK) return UINT32_MAX;
    return graph->output_count - 1;
}

/* A copy of the quantized model that shows the values watched. */
static hone_status make_showing(pair *p, const hone_model *quantized, hone_model **showing,
                                hone_error *error) {
    hone_graph *graph;
    HONE_TRY(hone_graph_clone(quantized->graph, &graph, error));
    HONE_TRY(hone__model_new(quantized->allocator, graph, showing, error));
    for (uint32_t i = 0; i < p->watches->count; i++) {
        hone_value *value = hone_graph_find_value(graph, p->watches->list[i].after);
        p->places[i] = value ? output_place(graph, value, error) : UINT32_MAX;
        if (p->places[i] == UINT32_MAX)
            return hone_fail(error, HONE_MEMORY, HONE_NO_OFFSET, "cannot watch '%s'",
                             p->watches->list[i].after);
    }
    return HONE_OK;
}

static float load(const hone_tensor *tensor, size_t index) {
    float number;
    memcpy(&number, (const uint8_t *)tensor->data + index * sizeof number, sizeof number);
    return number;
}

static void compare(hone_layer_watch *watch, const hone_tensor *before, const hone_tensor *after) {
    size_t count = (before->bytes < after->bytes ? before->bytes : after->bytes) / sizeof(float);
    for (size_t i = 0; i < count; i++) {
        double want = (double)load(before, i), off = want - (double)load(after, i);
        watch->signal += want * want;
        watch->noise += off * off;
    }
}

static hone_status measure_sample(pair *p, hone_error *error) {
    size_t most = hone_session_outputs(p->after);
    memset(p->outputs, 0, most * sizeof *p->outputs);
    HONE_TRY(hone_session_run(p->before, p->inputs, p->outputs, error));
    memset(p->outputs, 0, most * sizeof *p->outputs);
    HONE_TRY(hone_session_run(p->after, p->inputs, p->outputs, error));
    for (uint32_t i = 0; i < p->watches->count; i++) {
        hone_tensor before;
        HONE_TRY(hone_session_value(p->before, p->watches->list[i].before, &before, error));
        compare(&p->watches->list[i], &before, &p->outputs[p->places[i]]);
    }
    return HONE_OK;
}

static hone_status measure_samples(pair *p, const hone_sample_source *source,
                                   const hone_quantize_options *options, hone_error *error) {
    HONE_TRY(source->restart(source->user, error));
    for (uint64_t i = 0; i < MEASURED_SAMPLES; i++) {
        if (options && options->progress &&
            !options->progress(options->progress_user, "measuring noise", i, MEASURED_SAMPLES))
            return hone_fail(error, HONE_CANCELLED, HONE_NO_OFFSET, "cancelled");
        hone_status status = source->next(source->user, p->inputs, error);
        if (status == HONE_NOT_FOUND) return HONE_OK;
        if (status != HONE_OK) return status;
        HONE_TRY(measure_sample(p, error));
    }
    return HONE_OK;
}

static hone_status measure(pair *p, const hone_model *quantized, hone_model **showing,
                           const hone_sample_source *source, const hone_quantize_options *options,
                           hone_error *error) {
    HONE_TRY(make_showing(p, quantized, showing, error));
    const hone_session_options plain = {.allocator = quantized->allocator,
                                        .threads = options ? options->threads : 0,
                                        .cpu = options ? options->cpu : HONE_CPU_BEST};
    HONE_TRY(hone_session_create(*showing, &plain, &p->after, error));
    return measure_samples(p, source, options, error);
}

hone_status hone__watches_measure(hone_watches *watches, hone_session *before,
                                  const hone_model *quantized, const hone_sample_source *source,
                                  const hone_quantize_options *options, hone_error *error) {
    const hone_allocator *a = watches->allocator;
    size_t inputs = hone_session_inputs(before) + 1u;
    size_t outputs = (size_t)quantized->graph->output_count + watches->count + 1;
    hone_model *showing = NULL;
    pair p = {.watches = watches, .before = before};
    p.inputs = hone__calloc(a, inputs, sizeof *p.inputs);
    p.outputs = hone__calloc(a, outputs, sizeof *p.outputs);
    p.places = hone__calloc(a, watches->count + 1u, sizeof *p.places);
    hone_status status = HONE_OK;
    if (!p.inputs || !p.outputs || !p.places)
        status = hone_fail_memory(error, outputs * sizeof *p.outputs);
    if (status == HONE_OK) status = measure(&p, quantized, &showing, source, options, error);
    hone_session_free(p.after);
    hone_model_free(showing);
    hone__free(a, p.inputs, inputs * sizeof *p.inputs);
    hone__free(a, p.outputs, outputs * sizeof *p.outputs);
    hone__free(a, p.places, (watches->count + 1u) * sizeof *p.places);
    return status;
}

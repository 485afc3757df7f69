/* SPDX-License-Identifier: Apache-2.0 */
/* float16 weights: each big float32 constant that computing reads is stored as float16 behind a
 * Cast, which the runtime does once, when a session is made. Constant folding leaves such a Cast
 * alone (ops/fold.c), so that a simplified model stays small. */
#include "base/error.h"
#include "compress/compress.h"

#include <math.h>
#include <string.h>

#define LEAST_ELEMENTS 16
#define LARGEST_HALF   65504.0f

/* All its values must stay finite; one that does not fit keeps the whole constant as it is. */
static bool fits(const hone_value *value) {
    if (value->kind != HONE_VALUE_CONSTANT || value->dtype != HONE_F32) return false;
    size_t count = value->bytes / sizeof(float);
    for (size_t i = 0; i < count; i++) {
        float number;
        memcpy(&number, (const uint8_t *)value->data + i * sizeof number, sizeof number);
        if (fabsf(number) > LARGEST_HALF) return false;
    }
    return count >= LEAST_ELEMENTS;
}

static void convert(const hone_value *value, uint16_t *out) {
    for (size_t i = 0; i < value->bytes / sizeof(float); i++) {
        float number;
        memcpy(&number, (const uint8_t *)value->data + i * sizeof number, sizeof number);
        out[i] = hone__f32_to_f16(number);
    }
}

/* Named constants keep their name on the float side, so that readers need no change. */
static hone_status halve(hone_graph *graph, hone_value *value, hone_error *error) {
    char name[160];
    void *fill;
    hone_value *stored;
    hone_node *cast;
    HONE_TRY(hone__compress_name(graph, value->name, "float16", name, sizeof name));
    HONE_TRY(hone_graph_copy_constant(graph, name, HONE_F16, &value->shape, NULL, value->bytes / 2,
                                      &fill, &stored, error));
    convert(value, (uint16_t *)fill);
    value->kind = HONE_VALUE_COMPUTED;
    value->data = NULL;
    value->bytes = 0;
    HONE_TRY(hone_graph_add_node(graph, HONE_OP_Cast, name, &stored, 1, &value, 1,
                                 graph->first_node, &cast, error));
    return hone_node_set_int(graph, cast, "to", HONE_F32, error);
}

static bool is_output(const hone_graph *graph, const hone_value *value) {
    for (uint32_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i] == value) return true;
    return false;
}

static hone_status halve_all(hone_graph *graph, hone_error *error) {
    uint32_t count = graph->value_count;
    size_t bytes = ((size_t)count + 1) * sizeof(uint32_t);
    uint32_t *uses = hone__alloc(graph->arena.allocator, bytes, 1);
    if (!uses) return hone_fail_memory(error, bytes);
    hone_graph_count_uses(graph, uses);
    hone_status status = HONE_OK;
    for (hone_value *v = graph->first_value; v && v->id < count && status == HONE_OK; v = v->next)
        if (uses[v->id] > 0 && !is_output(graph, v) && fits(v)) status = halve(graph, v, error);
    hone__free(graph->arena.allocator, uses, bytes);
    if (status == HONE_OK) status = hone_graph_verify(graph, error);
    return status == HONE_OK ? hone_graph_infer(graph, error) : status;
}

hone_status hone_model_to_float16(const hone_model *model, hone_model **out, hone_error *error) {
    hone_model *work = NULL;
    *out = NULL;
    hone_status status = hone_model_clone(model, &work, error);
    if (status == HONE_OK) status = hone_model_simplify(work, error);
    if (status == HONE_OK) status = halve_all(work->graph, error);
    if (status == HONE_OK) status = hone_model_clone(work, out, error); /* float32 stays behind */
    if (status == HONE_OK) status = hone_graph_infer((*out)->graph, error);
    hone_model_free(work);
    if (status == HONE_OK) return HONE_OK;
    hone_model_free(*out);
    *out = NULL;
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what is in a model, and printing it. */
#include "base/error.h"
#include "formats/front.h"

#include <stdlib.h>
#include <string.h>

static bool is_quantized_type(hone_dtype dtype) {
    switch (dtype) {
    case HONE_S8:
    case HONE_U8:
    case HONE_S16:
    case HONE_U16:
    case HONE_S4:
    case HONE_U4:
    case HONE_S2:
    case HONE_U2:
    case HONE_S32: /* biases */
        return true;
    default:
        return false;
    }
}

/* Which inputs take weights that are stored as integers: those that have a scale beside them. */
static bool takes_integers(const hone_node *node, uint32_t input) {
    switch (node->op) {
    case HONE_OP_DequantizeLinear:
        return input == 0;
    case HONE_OP_QLinearConv:
        return input == 3 || input == 8;
    case HONE_OP_QLinearMatMul:
        return input == 0 || input == 3;
    case HONE_OP_ConvInteger:
    case HONE_OP_MatMulInteger:
        return input < 2;
    default:
        return false;
    }
}

/* Scales and zero points say how a tensor is stored; they are no parameters of the model. */
static bool is_scale(const hone_node *node, uint32_t input) {
    bool linear = node->op == HONE_OP_QuantizeLinear || node->op == HONE_OP_DequantizeLinear;
    return linear && input > 0;
}

static bool is_parameter(const hone_node *node, uint32_t input) {
    const hone_value *value = node->inputs[input];
    if (!value || value->kind != HONE_VALUE_CONSTANT || value->shape.rank < 1) return false;
    if (hone__dtype_is_float(value->dtype)) return !is_scale(node, input);
    return is_quantized_type(value->dtype) && takes_integers(node, input);
}

static uint64_t elements_of(const hone_value *value) {
    int64_t count;
    return hone_shape_elements(&value->shape, &count, NULL) == HONE_OK ? (uint64_t)count : 0;
}

/* Bytes of weights by type, by which a model's precision is told: tensors of rank 2 and more, or
 * all of them where there are none such. */
typedef struct tally {
    uint8_t *seen; /* by value id: 1 its bytes are counted, 2 as parameter too */
    uint64_t matrices[HONE_DTYPE_COUNT], all[HONE_DTYPE_COUNT];
    hone_model_info *info;
} tally;

static void count_input(tally *t, const hone_node *node, uint32_t input) {
    const hone_value *value = node->inputs[input];
    if (!value || value->kind != HONE_VALUE_CONSTANT) return;
    if (!t->seen[value->id]) t->info->weight_bytes += value->bytes;
    t->seen[value->id] |= 1;
    if (t->seen[value->id] & 2 || !is_parameter(node, input)) return;
    t->seen[value->id] |= 2;
    t->info->parameters += elements_of(value);
    t->all[value->dtype] += value->bytes;
    if (value->shape.rank >= 2) t->matrices[value->dtype] += value->bytes;
}

static const char *precision_of(const uint64_t bytes[HONE_DTYPE_COUNT]) {
    const char *name = NULL;
    for (int dtype = 0; dtype < HONE_DTYPE_COUNT; dtype++) {
        if (!bytes[dtype]) continue;
        if (name) return "mixed";
        bool eight = dtype == HONE_S8 || dtype == HONE_U8;
        name = eight ? "int8" : hone_dtype_name((hone_dtype)dtype);
    }
    return name;
}

/* Signed and unsigned bytes together are int8 still. */
static const char *precision(const tally *t) {
    uint64_t bytes[HONE_DTYPE_COUNT];
    bool matrices = false;
    for (int dtype = 0; dtype < HONE_DTYPE_COUNT; dtype++) matrices |= t->matrices[dtype] != 0;
    memcpy(bytes, matrices ? t->matrices : t->all, sizeof bytes);
    bytes[HONE_S8] += bytes[HONE_U8];
    bytes[HONE_U8] = 0;
    const char *name = precision_of(bytes);
    return name ? name : "float32";
}

static hone_status count_graph(const hone_graph *graph, hone_model_info *info, hone_error *error) {
    tally t = {.info = info, .seen = hone__calloc(graph->arena.allocator, graph->value_count, 1)};
    if (!t.seen) return hone_fail_memory(error, graph->value_count);
    for (const hone_node *node = graph->first_node; node; node = node->next) {
        info->nodes++;
        info->multiply_adds += hone_node_multiply_adds(node);
        for (uint32_t i = 0; i < node->input_count; i++) count_input(&t, node, i);
    }
    info->precision = precision(&t);
    hone__free(graph->arena.allocator, t.seen, graph->value_count);
    return HONE_OK;
}

hone_status hone_model_get_info(const hone_model *model, hone_model_info *info, hone_error *error) {
    *info = (hone_model_info){
        .format = model->format,
        .opset = model->format == HONE_FORMAT_ONNX ? model->graph->source_opset : HONE_IR_OPSET,
        .file_bytes = model->file_bytes};
    return count_graph(model->graph, info, error);
}

static uint64_t parameters_of(const hone_node *node) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (is_parameter(node, i)) count += elements_of(node->inputs[i]);
    return count;
}

hone_status hone_model_node(const hone_model *model, uint32_t index, hone_node_info *info) {
    const hone_node *node = model->graph->first_node;
    while (node && index--) node = node->next;
    if (!node) return HONE_NOT_FOUND;
    *info = (hone_node_info){.name = node->name,
                             .op = node->op == HONE_OP_FOREIGN ? node->foreign
                                                               : hone_op_get(node->op)->name,
                             .output_shape = hone__shape_unknown(),
                             .parameters = parameters_of(node),
                             .multiply_adds = hone_node_multiply_adds(node)};
    if (node->output_count && node->outputs[0]) {
        info->output_shape = node->outputs[0]->shape;
        info->output_dtype = node->outputs[0]->dtype;
    }
    return HONE_OK;
}

/* The text is malloc's, whatever the model's allocator: hone_text_free is not told the model. */
hone_status hone_model_print(const hone_model *model, char **text, hone_error *error) {
    hone_text out;
    hone__text_init(&out, NULL);
    *text = NULL;
    hone_graph_print(model->graph, &out);
    hone__text_add(&out, "", 0);
    if (out.failed) {
        hone__text_release(&out);
        return hone_fail_memory(error, out.length);
    }
    *text = out.data;
    return HONE_OK;
}

void hone_text_free(char *text) {
    free(text);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Model, operator codes, the main subgraph: inputs, operators one by one, outputs.
 * Schema: tensorflow/lite/schema/schema.fbs, version 3. */
#include "base/error.h"
#include "formats/tflite/schema.h"
#include "formats/tflite/tflite.h"

#include <stdio.h>
#include <string.h>

/* ---- one operator ---- */

static hone_status pick_tensors(hone_tfl_reader *reader, const hone_flat_table *table,
                                uint32_t field, hone_tfl_tensor ***out, uint32_t *count,
                                hone_error *error) {
    hone_flat_vector indices = hone__flat_vector(table, field, 4);
    *count = indices.count;
    *out = hone__arena_alloc(&reader->scratch, indices.count, sizeof **out);
    if (!*out) return hone_fail_memory(error, indices.count * sizeof **out);
    for (uint32_t i = 0; i < indices.count; i++) {
        int32_t index = hone__flat_element_i32(&indices, i);
        if (index == -1) continue; /* a missing optional one */
        if (index < 0 || (uint32_t)index >= reader->tensor_count)
            return hone_fail(error, HONE_FORMAT, indices.at + 4 * (size_t)i,
                             "byte %zu: there is no tensor %d", indices.at + 4 * (size_t)i, index);
        (*out)[i] = &reader->tensors[index];
    }
    return HONE_OK;
}

/* Old files have the code in one byte only. */
static int32_t builtin_code(const hone_flat_table *code) {
    int32_t old = hone__flat_i8(code, CODE_DEPRECATED, 0);
    int32_t wide = hone__flat_i32(code, CODE_BUILTIN, 0);
    return old > wide ? old : wide;
}

static hone_status check_outputs(const hone_tfl_op *op, hone_error *error) {
    for (uint32_t i = 0; i < op->output_count; i++) {
        const hone_tfl_tensor *out = op->outputs[i];
        if (!out) return hone__tfl_fail(op, error, HONE_FORMAT, "an output is missing");
        if (out->data || out->stored[HONE_TFL_FILE] || out->stored[HONE_TFL_FIRST] || out->padded)
            return hone__tfl_fail(op, error, HONE_FORMAT,
                                  "it makes a tensor that is there already");
    }
    return HONE_OK;
}

static hone_status check_arity(const hone_tfl_op *op, hone_error *error) {
    const hone_tfl_row *row = op->row;
    if (op->input_count < row->min_inputs || op->output_count < row->min_outputs)
        return hone__tfl_fail(op, error, HONE_FORMAT, "too few inputs or outputs");
    for (uint32_t i = 0; i < row->min_inputs; i++)
        if (!op->inputs[i]) return hone__tfl_fail(op, error, HONE_FORMAT, "an input is missing");
    return HONE_OK;
}

/* Kept, so that the model can be looked at; running it tells the name. */
static hone_status keep_foreign(hone_tfl_op *op, hone_error *error) {
    hone_tfl_reader *reader = op->reader;
    hone_value **values = hone__arena_alloc(
        &reader->scratch, (size_t)op->input_count + op->output_count, sizeof *values);
    if (!values) return hone_fail_memory(error, op->input_count * sizeof *values);
    for (uint32_t i = 0; i < op->input_count; i++)
        if (op->inputs[i])
            HONE_TRY(hone__tfl_stored(reader, op->inputs[i], HONE_TFL_FILE, &values[i], error));
    hone_value **outputs = values + op->input_count;
    for (uint32_t i = 0; i < op->output_count; i++) {
        const hone_tfl_tensor *out = op->outputs[i];
        HONE_TRY(hone__tfl_add_value(reader, out->name, "", &outputs[i], error));
        outputs[i]->dtype = out->dtype;
        outputs[i]->shape = out->shape;
        HONE_TRY(hone__tfl_finish_stored(op, i, HONE_TFL_FILE, outputs[i], error));
    }
    hone_node *node = NULL;
    const char *name = op->output_count ? outputs[0]->name : "";
    HONE_TRY(hone_graph_add_node(reader->graph, HONE_OP_FOREIGN, name, values, op->input_count,
                                 outputs, op->output_count, NULL, &node, error));
    char text[160];
    int length =
        snprintf(text, sizeof text, "tflite:%.140s", op->custom ? op->custom : op->row->name);
    node->foreign = hone__arena_text(&reader->graph->arena, text, (size_t)length);
    return node->foreign ? HONE_OK : hone_fail_memory(error, sizeof text);
}

static hone_status find_row(hone_tfl_op *op, const hone_flat_table *code, hone_error *error) {
    static const hone_tfl_row custom = {.name = "CUSTOM"};
    int32_t number = builtin_code(code);
    op->row = hone__tfl_row(number);
    const char *name = hone__flat_text(code, CODE_CUSTOM);
    HONE_TRY(hone__flat_status(&op->reader->flat, error));
    if (number == 32) op->row = &custom, op->custom = *name ? name : "CUSTOM";
    if (op->row) return HONE_OK;
    return hone_fail(error, HONE_UNSUPPORTED, code->at,
                     "byte %zu: builtin operator %d is newer than this reader", code->at, number);
}

static hone_status read_operator(hone_tfl_reader *reader, const hone_flat_table *table,
                                 hone_error *error) {
    hone_tfl_op op = {.reader = reader, .at = table->at};
    uint32_t index = hone__flat_u32(table, OPERATOR_CODE, 0);
    if (index >= reader->codes.count)
        return hone_fail(error, HONE_FORMAT, table->at, "byte %zu: there is no operator code %u",
                         table->at, index);
    hone_flat_table code = hone__flat_element(&reader->codes, index);
    HONE_TRY(find_row(&op, &code, error));
    HONE_TRY(pick_tensors(reader, table, OPERATOR_INPUTS, &op.inputs, &op.input_count, error));
    HONE_TRY(pick_tensors(reader, table, OPERATOR_OUTPUTS, &op.outputs, &op.output_count, error));
    uint8_t kind = hone__flat_u8(table, OPERATOR_OPTIONS_TYPE, 0);
    op.options = (hone_flat_table){.flat = &reader->flat};
    if (kind != 0 && kind == op.row->options)
        op.options = hone__flat_child(table, OPERATOR_OPTIONS);
    HONE_TRY(hone__flat_status(&reader->flat, error));
    if (kind != 0 && op.row->options != 0 && kind != op.row->options)
        return hone__tfl_fail(&op, error, HONE_FORMAT, "its options are those of another operator");
    HONE_TRY(check_outputs(&op, error));
    HONE_TRY(check_arity(&op, error));
    HONE_TRY(op.row->build ? op.row->build(&op, error) : keep_foreign(&op, error));
    return hone__flat_status(&reader->flat, error);
}

static hone_status read_operators(hone_tfl_reader *reader, const hone_flat_table *subgraph,
                                  hone_error *error) {
    hone_flat_vector operators = hone__flat_vector(subgraph, SUBGRAPH_OPERATORS, 4);
    if (operators.count > reader->limits.max_nodes)
        return hone_fail(error, HONE_LIMIT, operators.at, "byte %zu: %u operators, at most %u",
                         operators.at, operators.count, reader->limits.max_nodes);
    for (uint32_t i = 0; i < operators.count; i++) {
        hone_flat_table table = hone__flat_element(&operators, i);
        HONE_TRY(hone__flat_status(&reader->flat, error));
        HONE_TRY(read_operator(reader, &table, error));
        if (reader->graph->node_count > reader->limits.max_nodes)
            return hone_fail(error, HONE_LIMIT, table.at, "byte %zu: more than %u nodes", table.at,
                             reader->limits.max_nodes);
    }
    return HONE_OK;
}

/* ---- the subgraph ---- */

static hone_status add_input(hone_tfl_reader *reader, hone_tfl_tensor *tensor, hone_error *error) {
    hone_value *value = NULL;
    if (!tensor || tensor->data || tensor->stored[HONE_TFL_FILE])
        return hone_fail(error, HONE_FORMAT, tensor ? tensor->at : 0,
                         "byte %zu: an input of the model is missing, constant or named twice",
                         tensor ? tensor->at : 0);
    if (tensor->dtype == HONE_DTYPE_NONE)
        return hone_fail(error, HONE_UNSUPPORTED, tensor->at,
                         "byte %zu: the input '%s' has a type that is not read", tensor->at,
                         tensor->name);
    HONE_TRY(hone__tfl_add_value(reader, tensor->name, "", &value, error));
    value->dtype = tensor->dtype;
    value->shape = tensor->shape;
    tensor->stored[HONE_TFL_FILE] = value;
    return hone_graph_add_input(reader->graph, value, error);
}

static hone_status add_output(hone_tfl_reader *reader, hone_tfl_tensor *tensor, hone_error *error) {
    hone_value *value = NULL;
    if (!tensor) return hone_fail(error, HONE_FORMAT, 0, "an output of the model is missing");
    HONE_TRY(hone__tfl_output_value(reader, tensor, &value, error));
    return hone_graph_add_output(reader->graph, value, error);
}

static hone_status read_subgraph(hone_tfl_reader *reader, const hone_flat_table *subgraph,
                                 hone_error *error) {
    hone_tfl_tensor **inputs = NULL, **outputs = NULL;
    uint32_t input_count = 0, output_count = 0;
    const char *name = hone__flat_text(subgraph, SUBGRAPH_NAME);
    HONE_TRY(hone__tfl_tensors(reader, subgraph, error));
    if (*name) {
        reader->graph->name = hone__arena_text(&reader->graph->arena, name, strlen(name));
        if (!reader->graph->name) return hone_fail_memory(error, strlen(name));
    }
    HONE_TRY(pick_tensors(reader, subgraph, SUBGRAPH_INPUTS, &inputs, &input_count, error));
    HONE_TRY(pick_tensors(reader, subgraph, SUBGRAPH_OUTPUTS, &outputs, &output_count, error));
    HONE_TRY(hone__flat_status(&reader->flat, error));
    for (uint32_t i = 0; i < input_count; i++) HONE_TRY(add_input(reader, inputs[i], error));
    HONE_TRY(read_operators(reader, subgraph, error));
    for (uint32_t i = 0; i < output_count; i++) HONE_TRY(add_output(reader, outputs[i], error));
    for (uint32_t i = 0; i < input_count; i++)
        HONE_TRY(hone__tfl_settle_input(reader, inputs[i], error));
    return HONE_OK;
}

/* The file's own shapes are what paddings were worked out from. */
static hone_status check_shapes(const hone_tfl_reader *reader, hone_error *error) {
    for (uint32_t i = 0; i < reader->tensor_count; i++) {
        const hone_tfl_tensor *tensor = &reader->tensors[i];
        const hone_value *value = tensor->stored[HONE_TFL_FILE];
        hone_shape wanted = tensor->shape;
        if (!value && wanted.rank == 4 && tensor->stored[HONE_TFL_FIRST]) {
            value = tensor->stored[HONE_TFL_FIRST];
            wanted.dim[1] = tensor->shape.dim[3];
            wanted.dim[2] = tensor->shape.dim[1], wanted.dim[3] = tensor->shape.dim[2];
        }
        if (!value || !hone__shape_known(&value->shape)) continue;
        if (hone_shape_equal(&value->shape, &wanted)) continue;
        char here[96], there[96];
        hone__shape_print(&wanted, there, sizeof there);
        hone__shape_print(&value->shape, here, sizeof here);
        return hone_fail(error, HONE_SHAPE, tensor->at,
                         "byte %zu: the file gives '%s' the shape %s, its operator %s", tensor->at,
                         tensor->name, there, here);
    }
    return HONE_OK;
}

static hone_status read_model(hone_tfl_reader *reader, hone_error *error) {
    hone_flat_table model = hone__flat_root(&reader->flat, "TFL3");
    HONE_TRY(hone__flat_status(&reader->flat, error));
    uint32_t version = hone__flat_u32(&model, MODEL_VERSION, 0);
    hone_flat_vector subgraphs = hone__flat_vector(&model, MODEL_SUBGRAPHS, 4);
    reader->codes = hone__flat_vector(&model, MODEL_CODES, 4);
    reader->buffers = hone__flat_vector(&model, MODEL_BUFFERS, 4);
    hone_flat_table main = hone__flat_element(&subgraphs, 0);
    HONE_TRY(hone__flat_status(&reader->flat, error));
    if (version != 3)
        return hone_fail(error, HONE_UNSUPPORTED, model.at,
                         "byte %zu: TFLite schema version %u is not read, only 3", model.at,
                         version);
    if (subgraphs.count == 0)
        return hone_fail(error, HONE_FORMAT, model.at, "byte %zu: the model holds no graph",
                         model.at);
    reader->graph->source_opset = 0;
    HONE_TRY(read_subgraph(reader, &main, error));
    HONE_TRY(hone_graph_verify(reader->graph, error));
    HONE_TRY(hone_graph_infer(reader->graph, error));
    return check_shapes(reader, error);
}

hone_status hone__tflite_read(hone_blob *blob, const hone_load_options *options, hone_graph **graph,
                              hone_error *error) {
    hone_tfl_reader reader = {.allocator = options ? options->allocator : NULL,
                              .limits = hone__limits(options)};
    *graph = NULL;
    hone__flat_init(&reader.flat, hone_blob_data(blob), hone_blob_size(blob));
    hone__arena_init(&reader.scratch, reader.allocator);
    reader.copies_left = 8 * (uint64_t)hone_blob_size(blob) + 65536;
    hone_status status = hone_graph_new(reader.allocator, &reader.graph, error);
    if (status == HONE_OK) status = hone_graph_hold(reader.graph, blob, error);
    if (status == HONE_OK) status = read_model(&reader, error);
    hone__arena_release(&reader.scratch);
    if (status != HONE_OK) hone_graph_free(reader.graph);
    if (status == HONE_OK) *graph = reader.graph;
    return status;
}

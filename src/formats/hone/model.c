/* SPDX-License-Identifier: Apache-2.0 */
/* hone_model: opening a native container, and the questions that the graph alone can answer. Part
 * of the device runtime, so nothing here knows another format. */
#include "base/error.h"
#include "formats/hone/layout.h"

#include <string.h>

hone_limits hone__limits(const hone_load_options *options) {
    hone_limits limits = options ? options->limits : (hone_limits){0};
    if (!limits.max_nodes) limits.max_nodes = 1000000;
    if (!limits.max_depth) limits.max_depth = 32;
    if (!limits.max_tensor_bytes) limits.max_tensor_bytes = 16ull << 30;
    return limits;
}

static bool digest_holds(const hone_blob *blob) {
    return hone__container_digest_holds(hone_blob_data(blob), hone_blob_size(blob), blob);
}

hone_status hone__container_read(hone_blob *blob, const hone_load_options *options,
                                 hone_graph **graph, const char **card, size_t *card_size,
                                 hone_error *error) {
    hone_container container;
    hone_limits limits = hone__limits(options);
    *graph = NULL;
    HONE_TRY(hone__container_open(hone_blob_data(blob), hone_blob_size(blob), &container, error));
    if (options && options->verify) HONE_TRY(hone__container_check(&container, error));
    hone_blob_identify(blob, container.data + HONE_HEADER_DIGEST_AT, digest_holds);
    HONE_TRY(hone_graph_new(options ? options->allocator : NULL, graph, error));
    hone_status status = hone__container_graph(&container, blob, &limits, *graph, error);
    if (status == HONE_OK) {
        *card = (const char *)container.columns[HONE_SECTION_CARD].data;
        *card_size = container.columns[HONE_SECTION_CARD].size;
        return HONE_OK;
    }
    hone_graph_free(*graph);
    *graph = NULL;
    return status;
}

hone_status hone__model_new(const hone_allocator *allocator, hone_graph *graph, hone_model **model,
                            hone_error *error) {
    *model = hone__calloc(allocator, 1, sizeof **model);
    if (!*model) {
        hone_graph_free(graph);
        return hone_fail_memory(error, sizeof **model);
    }
    (*model)->allocator = allocator;
    (*model)->graph = graph;
    hone_status status = hone__packed_store_new(allocator, &(*model)->packed, error);
    if (status == HONE_OK) return HONE_OK;
    hone_model_free(*model);
    *model = NULL;
    return status;
}

void hone_model_free(hone_model *model) {
    if (!model) return;
    hone_graph_free(model->graph);
    hone__packed_store_release(model->packed);
    if (model->card) hone__free(model->allocator, model->card, model->card_size + 1);
    hone__free(model->allocator, model, sizeof *model);
}

hone_status hone__model_put_card(hone_model *model, const char *card, size_t size,
                                 hone_error *error) {
    char *copy = NULL;
    if (size) {
        copy = hone__alloc(model->allocator, size + 1, 1);
        if (!copy) return hone_fail_memory(error, size + 1);
        memcpy(copy, card, size);
        copy[size] = 0;
    }
    if (model->card) hone__free(model->allocator, model->card, model->card_size + 1);
    model->card = copy;
    model->card_size = size;
    return HONE_OK;
}

hone_status hone__model_open_blob(hone_blob *blob, const hone_load_options *options,
                                  hone_model **model, hone_error *error) {
    hone_graph *graph;
    const char *card;
    size_t card_size;
    *model = NULL;
    HONE_TRY(hone__container_read(blob, options, &graph, &card, &card_size, error));
    HONE_TRY(hone__model_new(options ? options->allocator : NULL, graph, model, error));
    (*model)->format = HONE_FORMAT_HONE;
    (*model)->file_bytes = hone_blob_size(blob);
    hone_status status = hone__model_put_card(*model, card, card_size, error);
    if (status == HONE_OK) status = hone_graph_verify(graph, error);
    if (status == HONE_OK) status = hone_graph_infer(graph, error);
    if (status == HONE_OK) return HONE_OK;
    hone_model_free(*model);
    *model = NULL;
    return status;
}

hone_status hone_model_open(const char *path, const hone_load_options *options, hone_model **model,
                            hone_error *error) {
    hone_blob *blob;
    *model = NULL;
    HONE_TRY(hone_blob_map(options ? options->allocator : NULL, path, &blob, error));
    hone_status status = hone__model_open_blob(blob, options, model, error);
    hone_blob_release(blob); /* the graph's reference stays */
    if (status != HONE_OK) hone_error_prefix(error, "%s", path);
    return status;
}

const char *hone_model_card(const hone_model *model, size_t *size) {
    if (size) *size = model->card_size;
    return model->card;
}

uint32_t hone_model_inputs(const hone_model *model) {
    return model->graph->input_count;
}

uint32_t hone_model_outputs(const hone_model *model) {
    return model->graph->output_count;
}

static hone_status port_of(hone_value *const *values, uint32_t count, uint32_t index,
                           hone_port *port) {
    if (index >= count) return HONE_NOT_FOUND;
    *port = (hone_port){values[index]->name, values[index]->dtype, values[index]->shape};
    return HONE_OK;
}

hone_status hone_model_input(const hone_model *model, uint32_t index, hone_port *port) {
    return port_of(model->graph->inputs, model->graph->input_count, index, port);
}

hone_status hone_model_output(const hone_model *model, uint32_t index, hone_port *port) {
    return port_of(model->graph->outputs, model->graph->output_count, index, port);
}

const char *hone_model_symbol(const hone_model *model, int64_t dim) {
    return hone_graph_symbol_name(model->graph, dim);
}

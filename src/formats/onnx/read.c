/* SPDX-License-Identifier: Apache-2.0 */
/* ModelProto: versions first, then functions, then the graph, whatever their order in the file. */
#include "base/error.h"
#include "base/file.h"
#include "formats/onnx/onnx.h"

#include <string.h>

enum { /* fields of ModelProto */
       FIELD_IR_VERSION = 1,
       FIELD_GRAPH = 7,
       FIELD_OPSET_IMPORT = 8,
       FIELD_FUNCTIONS = 25
};

#define MAX_DOMAINS 64

hone_status hone__onnx_opset(hone_onnx_reader *reader, hone_wire message,
                             hone_onnx_domain **domains, hone_error *error) {
    hone_onnx_domain *domain = hone__arena_alloc(&reader->scratch, 1, sizeof *domain);
    if (!domain) return hone_fail_memory(error, sizeof *domain);
    uint64_t offset = hone__wire_offset(&message);
    domain->name = "";
    while (hone__wire_left(&message)) {
        hone_wire_field field;
        HONE_TRY(hone__wire_next(&message, &field, error));
        if (field.number == 1)
            HONE_TRY(hone__onnx_text(&reader->scratch, &field, &domain->name, error));
        if (field.number == 2) HONE_TRY(hone__wire_int(&field, &domain->version, error));
    }
    if (!strcmp(domain->name, "ai.onnx")) domain->name = "";
    uint32_t count = 0;
    for (hone_onnx_domain *other = *domains; other; other = other->next, count++)
        if (!strcmp(other->name, domain->name))
            return hone__wire_fail(error, HONE_FORMAT, offset, "domain '%s' is imported twice",
                                   domain->name);
    if (count == MAX_DOMAINS)
        return hone__wire_fail(error, HONE_LIMIT, offset, "more than %d domains", MAX_DOMAINS);
    domain->next = *domains;
    *domains = domain;
    return HONE_OK;
}

static hone_status read_header(hone_onnx_reader *reader, hone_wire model, hone_wire *graph,
                               bool *has_graph, hone_error *error) {
    uint32_t functions = 0;
    while (hone__wire_left(&model)) {
        hone_wire_field field;
        hone_wire part;
        HONE_TRY(hone__wire_next(&model, &field, error));
        bool wanted = field.number == FIELD_GRAPH || field.number == FIELD_OPSET_IMPORT ||
                      field.number == FIELD_FUNCTIONS;
        if (!wanted) continue;
        HONE_TRY(hone__wire_message(&field, &part, error));
        if (field.number == FIELD_OPSET_IMPORT)
            HONE_TRY(hone__onnx_opset(reader, part, &reader->domains, error));
        if (field.number == FIELD_FUNCTIONS)
            HONE_TRY(hone__onnx_function(reader, part, ++functions, error));
        if (field.number != FIELD_GRAPH) continue;
        if (*has_graph) return hone__wire_fail(error, HONE_FORMAT, field.offset, "a second graph");
        *has_graph = true;
        *graph = part;
    }
    if (*has_graph) return HONE_OK;
    return hone_fail(error, HONE_FORMAT, 0, "not an ONNX model: it holds no graph");
}

static hone_status check_opset(hone_onnx_reader *reader, hone_error *error) {
    for (const hone_onnx_domain *d = reader->domains; d; d = d->next)
        if (!*d->name) reader->opset = d->version;
    if (!reader->domains)
        return hone_fail(error, HONE_UNSUPPORTED, 0,
                         "the model names no opset, so it is older than opset %d, the oldest that "
                         "is read; convert it with onnx.version_converter",
                         HONE_ONNX_OLDEST_OPSET);
    if (!reader->opset) return HONE_OK; /* other domains only */
    if (reader->opset >= HONE_ONNX_OLDEST_OPSET && reader->opset <= HONE_ONNX_NEWEST_OPSET)
        return HONE_OK;
    return hone_fail(error, HONE_UNSUPPORTED, 0,
                     "opset %lld is not read, only %d to %d; convert the model with "
                     "onnx.version_converter",
                     (long long)reader->opset, HONE_ONNX_OLDEST_OPSET, HONE_ONNX_NEWEST_OPSET);
}

static hone_status read_model(hone_onnx_reader *reader, hone_blob *blob, hone_graph *graph,
                              hone_error *error) {
    hone_wire model = hone__wire(hone_blob_data(blob), hone_blob_size(blob)), body = model;
    bool has_graph = false;
    HONE_TRY(read_header(reader, model, &body, &has_graph, error));
    HONE_TRY(check_opset(reader, error));
    graph->source_opset = reader->opset ? reader->opset : HONE_IR_OPSET;
    HONE_TRY(hone_graph_hold(graph, blob, error));
    HONE_TRY(hone__onnx_graph(reader, graph, body, error));
    return reader->late ? hone__onnx_lift_late(graph, error) : HONE_OK;
}

void hone__onnx_reader_init(hone_onnx_reader *reader, const hone_load_options *options,
                            const char *folder) {
    *reader = (hone_onnx_reader){.folder = folder};
    if (options) {
        reader->allocator = options->allocator;
        reader->limits = options->limits;
    }
    if (!reader->limits.max_nodes) reader->limits.max_nodes = 1000000;
    if (!reader->limits.max_depth) reader->limits.max_depth = 32;
    if (!reader->limits.max_tensor_bytes) reader->limits.max_tensor_bytes = UINT64_C(16) << 30;
    hone__arena_init(&reader->scratch, reader->allocator);
}

hone_status hone__onnx_read(hone_blob *blob, const char *folder, const hone_load_options *options,
                            hone_graph **graph, hone_error *error) {
    hone_onnx_reader reader;
    *graph = NULL;
    hone__onnx_reader_init(&reader, options, folder);
    hone_status status = hone_graph_new(reader.allocator, graph, error);
    if (status == HONE_OK) status = read_model(&reader, blob, *graph, error);
    hone__arena_release(&reader.scratch);
    if (status == HONE_OK) return HONE_OK;
    hone_graph_free(*graph);
    *graph = NULL;
    return status;
}

hone_status hone_tensor_read_pb(const char *path, hone_tensor *tensor, hone_error *error) {
    hone_mapping file;
    hone_onnx_reader reader;
    hone_onnx_tensor found;
    *tensor = (hone_tensor){0};
    HONE_TRY(hone__file_map(path, &file, error));
    hone__onnx_reader_init(&reader, NULL, NULL);
    hone_status status =
        hone__onnx_tensor(&reader, NULL, hone__wire(file.data, file.size), &found, error);
    if (status == HONE_OK) status = hone_tensor_new(found.dtype, &found.shape, tensor, error);
    if (status == HONE_OK) status = hone__onnx_tensor_fill(&found, tensor->data, error);
    hone__arena_release(&reader.scratch);
    hone__file_unmap(&file);
    if (status == HONE_OK) return HONE_OK;
    hone_tensor_free(tensor);
    hone_error_prefix(error, "%s", path);
    return status;
}

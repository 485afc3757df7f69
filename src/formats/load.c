/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a model file: what format it is, its graph, its card. */
#include "base/error.h"
#include "base/file.h"
#include "formats/front.h"

#include <string.h>

/* By the first bytes where they say it, else by the ending. An ONNX file has no magic: it begins
 * with the tag of one of ModelProto's fields. */
static hone_format detect(const uint8_t *data, size_t size, const char *ending) {
    if (size >= 5 && !memcmp(data, "HONE\r", 5)) return HONE_FORMAT_HONE;
    if (size >= 8 && !memcmp(data + 4, "TFL3", 4)) return HONE_FORMAT_TFLITE;
    if (!strcmp(ending, ".onnx")) return HONE_FORMAT_ONNX;
    if (!strcmp(ending, ".hone")) return HONE_FORMAT_HONE;
    return size && data[0] == 0x08 ? HONE_FORMAT_ONNX : HONE_FORMAT_UNKNOWN;
}

static hone_status make_model(hone_blob *blob, hone_graph *graph, hone_format format,
                              const hone_load_options *options, hone_model **model,
                              hone_error *error) {
    HONE_TRY(hone__model_new(options ? options->allocator : NULL, graph, model, error));
    (*model)->format = format;
    (*model)->file_bytes = hone_blob_size(blob);
    return HONE_OK;
}

static hone_status read_onnx(hone_blob *blob, const char *folder, const hone_load_options *options,
                             hone_model **model, hone_error *error) {
    hone_graph *graph;
    HONE_TRY(hone__onnx_read(blob, folder, options, &graph, error));
    hone_status status = hone_graph_verify(graph, error);
    if (status == HONE_OK) status = hone_graph_infer(graph, error);
    if (status != HONE_OK) {
        hone_graph_free(graph);
        return status;
    }
    return make_model(blob, graph, HONE_FORMAT_ONNX, options, model, error);
}

static hone_status read_tflite(hone_blob *blob, const hone_load_options *options,
                               hone_model **model, hone_error *error) {
    hone_graph *graph;
    HONE_TRY(hone__tflite_read(blob, options, &graph, error));
    return make_model(blob, graph, HONE_FORMAT_TFLITE, options, model, error);
}

static hone_status read_blob(hone_blob *blob, hone_format format, const char *folder,
                             const hone_load_options *options, hone_model **model,
                             hone_error *error) {
    switch (format) {
    case HONE_FORMAT_HONE:
        return hone__model_open_blob(blob, options, model, error);
    case HONE_FORMAT_ONNX:
        return read_onnx(blob, folder, options, model, error);
    case HONE_FORMAT_TFLITE:
        return read_tflite(blob, options, model, error);
    case HONE_FORMAT_UNKNOWN:
        break;
    }
    return hone_fail(error, HONE_FORMAT, 0, "neither an ONNX, a TFLite nor a .hone model");
}

static hone_status load_mapped(hone_blob *blob, const char *path, const hone_load_options *options,
                               hone_model **model, hone_error *error) {
    const hone_allocator *allocator = options ? options->allocator : NULL;
    hone_format format =
        detect(hone_blob_data(blob), hone_blob_size(blob), hone__path_ending(path));
    char *folder = hone__path_folder(allocator, path);
    if (!folder) return hone_fail_memory(error, strlen(path));
    hone_status status = read_blob(blob, format, folder, options, model, error);
    hone__free(allocator, folder, strlen(folder) + 1);
    if (status != HONE_OK) hone_error_prefix(error, "%s", path);
    return status;
}

hone_status hone_model_load(const char *path, const hone_load_options *options, hone_model **model,
                            hone_error *error) {
    hone_blob *blob;
    *model = NULL;
    HONE_TRY(hone_blob_map(options ? options->allocator : NULL, path, &blob, error));
    hone_status status = load_mapped(blob, path, options, model, error);
    hone_blob_release(blob); /* the graph's reference stays */
    if (status == HONE_OK && (*model)->format != HONE_FORMAT_HONE)
        status = hone__card_load(*model, path, error);
    if (status == HONE_OK) return HONE_OK;
    hone_model_free(*model);
    *model = NULL;
    return status;
}

hone_status hone_model_load_memory(const void *bytes, size_t size, hone_format format,
                                   const hone_load_options *options, hone_model **model,
                                   hone_error *error) {
    hone_blob *blob;
    *model = NULL;
    HONE_TRY(hone_blob_borrow(options ? options->allocator : NULL, bytes, size, &blob, error));
    if (format == HONE_FORMAT_UNKNOWN) format = detect(bytes, size, "");
    hone_status status = read_blob(blob, format, NULL, options, model, error);
    hone_blob_release(blob);
    return status;
}

hone_status hone_model_clone(const hone_model *model, hone_model **copy, hone_error *error) {
    hone_graph *graph;
    *copy = NULL;
    HONE_TRY(hone_graph_clone(model->graph, &graph, error));
    HONE_TRY(hone__model_new(model->allocator, graph, copy, error));
    (*copy)->format = model->format;
    (*copy)->file_bytes = model->file_bytes;
    hone_status status = hone__model_put_card(*copy, model->card, model->card_size, error);
    if (status == HONE_OK) return HONE_OK;
    hone_model_free(*copy);
    *copy = NULL;
    return status;
}

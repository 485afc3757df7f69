/* SPDX-License-Identifier: Apache-2.0 */
/* hone_model from the inside: a graph and its card, and what each format offers. */
#ifndef HONE_FORMATS_MODEL_H
#define HONE_FORMATS_MODEL_H

#include "graph/graph.h"
#include "packed/packed.h"
#include <hone/model.h>

struct hone_model {
    const hone_allocator *allocator;
    hone_graph *graph; /* owned */
    char *card;        /* owned, card_size + 1 bytes, NUL-terminated; NULL: none */
    size_t card_size;
    hone_format format;
    uint64_t file_bytes;
    hone_packed_store *packed; /* a reference: weights as kernels want them, for all sessions */
};

/* Makes an empty model that takes the graph; on failure the graph is freed too. */
hone_status hone__model_new(const hone_allocator *allocator, hone_graph *graph, hone_model **model,
                            hone_error *error);

/* Takes a copy of any bytes as the card; size 0: none. */
hone_status hone__model_put_card(hone_model *model, const char *card, size_t size,
                                 hone_error *error);
/* The options' limits with defaults in the place of zeros; options may be NULL. */
hone_limits hone__limits(const hone_load_options *options);

/* formats/onnx: bytes (inside `blob`, kept by the graph) to a graph lifted to HONE_IR_OPSET, not
 * yet inferred. `folder`: where external data may lie; NULL: refused. Warnings never: what is not
 * understood is kept or is an error. */
hone_status hone__onnx_read(hone_blob *blob, const char *folder, const hone_load_options *options,
                            hone_graph **graph, hone_error *error);
hone_status hone__onnx_write(const hone_graph *graph, const char *path, hone_error *error);

/* What a .pb file of test data holds. */
typedef struct hone_tensor_list {
    hone_tensor *tensors; /* owned */
    uint32_t count;       /* 1 unless it is a sequence */
    bool sequence, nothing;
} hone_tensor_list;
hone_status hone__onnx_read_item(const char *path, hone_value_type type, hone_tensor_list *list,
                                 hone_error *error);
void hone__tensor_list_free(hone_tensor_list *list);

/* formats/tflite: bytes (inside `blob`, kept by the graph) to a graph, verified and inferred.
 * Inputs and outputs have the file's layout (channels last) and types. */
hone_status hone__tflite_read(hone_blob *blob, const hone_load_options *options, hone_graph **graph,
                              hone_error *error);

/* formats/hone. Reading checks header, tables, bounds; weights only with options->verify. *card
 * points into the blob. */
hone_status hone__container_read(hone_blob *blob, const hone_load_options *options,
                                 hone_graph **graph, const char **card, size_t *card_size,
                                 hone_error *error);
/* The same, verified, inferred and made a model. */
hone_status hone__model_open_blob(hone_blob *blob, const hone_load_options *options,
                                  hone_model **model, hone_error *error);
hone_status hone__container_write(const hone_graph *graph, const char *card, size_t card_size,
                                  const char *path, hone_error *error);

#endif

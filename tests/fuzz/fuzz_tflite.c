/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target of the TFLite reader: any bytes give a graph or an error. */
#include "formats/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hone_blob *blob;
    hone_graph *graph = NULL;
    hone_error error = {0};
    /* small limits keep one input from taking all time and memory */
    hone_load_options options = {.limits = {100000, 16, (uint64_t)64 << 20}};
    if (hone_blob_borrow(NULL, data, size, &blob, &error) != HONE_OK) return 0;
    hone_status status = hone__tflite_read(blob, &options, &graph, &error);
    hone_blob_release(blob);
    if (status != HONE_OK) return 0;
    if (hone_graph_verify(graph, &error) == HONE_OK && hone_graph_infer(graph, &error) == HONE_OK) {
        hone_text text;
        hone__text_init(&text, NULL);
        hone_graph_print(graph, &text);
        hone__text_release(&text);
    }
    hone_graph_free(graph);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target of the ONNX reader: any bytes give a graph or an error. External data may name the
 * file w.bin, 64 bytes in a folder made for it. */
#include "formats/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64], weights[80];

static void remove_folder(void) {
    unlink(weights);
    rmdir(folder);
}

static void make_folder(void) {
    static const uint8_t zeros[64];
    snprintf(folder, sizeof folder, "/tmp/hone-fuzz-XXXXXX");
    if (!mkdtemp(folder)) abort();
    snprintf(weights, sizeof weights, "%s/w.bin", folder);
    FILE *file = fopen(weights, "wb");
    if (!file || fwrite(zeros, 1, sizeof zeros, file) != sizeof zeros || fclose(file)) abort();
    atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!folder[0]) make_folder();
    hone_blob *blob;
    hone_graph *graph = NULL;
    hone_error error = {0};
    /* small limits keep one input from taking all time and memory */
    hone_load_options options = {.limits = {100000, 16, (uint64_t)64 << 20}};
    if (hone_blob_borrow(NULL, data, size, &blob, &error) != HONE_OK) return 0;
    hone_status status = hone__onnx_read(blob, folder, &options, &graph, &error);
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

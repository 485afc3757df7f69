/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target of the TFLite reader: any bytes give a graph or an error. With libFuzzer:
 * clang -fsanitize=fuzzer,address fuzz_tflite.c ...; built with -DHONE_FUZZ_REPLAY it is a plain
 * program that runs each file named on its command line. */
#include "formats/model.h"

#include <stdio.h>
#include <stdlib.h>

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

#ifdef HONE_FUZZ_REPLAY
int main(int count, char **paths) {
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(paths[i], "rb");
        long size = file && !fseek(file, 0, SEEK_END) ? ftell(file) : -1;
        uint8_t *data = size >= 0 ? malloc((size_t)size + 1) : NULL;
        if (data && !fseek(file, 0, SEEK_SET) && fread(data, 1, (size_t)size, file) == (size_t)size)
            LLVMFuzzerTestOneInput(data, (size_t)size);
        else
            fprintf(stderr, "%s: cannot be read\n", paths[i]);
        free(data);
        if (file) fclose(file);
    }
    printf("%d files\n", count - 1);
    return 0;
}
#endif

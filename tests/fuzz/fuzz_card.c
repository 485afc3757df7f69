/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target of the model card: any bytes give a card or an error. With libFuzzer:
 * clang -fsanitize=fuzzer,address fuzz_card.c ...; built with -DHONE_FUZZ_REPLAY it is a plain
 * program that runs each file named on its command line. */
#include <hone/data.h>

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hone_card *card = NULL;
    hone_error error = {0};
    if (hone_card_parse((const char *)data, size, &card, &error) != HONE_OK) return 0;
    for (uint32_t i = 0; i < hone_card_inputs(card); i++)
        if (!hone_card_get_input(card, i)) abort();
    for (uint32_t i = 0; i < hone_card_labels(card); i++)
        if (!hone_card_label(card, i)) abort();
    hone_card_free(card);
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

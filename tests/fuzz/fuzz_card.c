/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target of the model card: any bytes give a card or an error. */
#include <hone/data.h>

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

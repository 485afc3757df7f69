/* SPDX-License-Identifier: Apache-2.0 */
#include "data.h"

#include <stdio.h>

hone_status cli_open_data(cli *c, const char *data, uint64_t limit, const hone_model *model,
                          hone_dataset **out) {
    hone_dataset_options options = {.limit = limit, .seed = c->seed};
    hone_card *card = NULL;
    hone_status status = hone_card_of(model, &card, &c->error);
    *out = NULL;
    if (status == HONE_NOT_FOUND) status = HONE_OK;
    if (status == HONE_OK) status = hone_dataset_open(data, card, &options, out, &c->error);
    hone_card_free(card);
    return status;
}

hone_eval_options cli_eval_options(cli *c) {
    return (hone_eval_options){.threads = (uint32_t)c->threads,
                               .cpu = c->cpu,
                               .progress = cli_progress,
                               .progress_user = c};
}

const char *cli_class_name(const hone_card *card, const hone_dataset *data, uint32_t class_index,
                           char *out, size_t size) {
    uint32_t output = class_index + (card ? hone_card_class_offset(card) : 0);
    const char *name = card ? hone_card_label(card, output) : NULL;
    if (!name) name = hone_dataset_class_name(data, class_index);
    if (name)
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "%u", class_index);
    return out;
}

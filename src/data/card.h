/* SPDX-License-Identifier: Apache-2.0 */
/* The parsed card from the inside. All text lives in its arena. */
#ifndef HONE_DATA_CARD_H
#define HONE_DATA_CARD_H

#include "base/arena.h"
#include <hone/data.h>

struct hone_card {
    hone_arena arena;
    hone_task_kind task;
    uint32_t input_count;
    hone_card_input *inputs;
    hone_card_decoder decoder;
    uint32_t class_offset;
    uint32_t label_count;
    const char **labels;
};

/* The data's class named by `name` in the labels, -1 for none. */
int64_t hone__card_class_named(const hone_card *card, const char *name);

#endif

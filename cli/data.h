/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs that take DATA share. */
#ifndef HONE_CLI_DATA_H
#define HONE_CLI_DATA_H

#include "cli.h"

#include <hone/eval.h>

/* Opens DATA with the classes of the model's card; a model without a card has none. limit 0: all.
 */
hone_status cli_open_data(cli *c, const char *data, uint64_t limit, const hone_model *model,
                          hone_dataset **out);
/* The common options as evaluation wants them, with the progress bar. */
hone_eval_options cli_eval_options(cli *c);
/* The name of a class: the card's label, else the data's own, else its number; written to `out`. */
const char *cli_class_name(const hone_card *card, const hone_dataset *data, uint32_t class_index,
                           char *out, size_t size);

#endif

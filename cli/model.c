/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the model that a word names. */
#include "cli.h"

hone_status cli_load(cli *c, const char *model, hone_model **out) {
    return hone_model_load(model, NULL, out, &c->error);
}

hone_status cli_load_to_run(cli *c, const char *model, hone_model **out) {
    hone_status status = cli_load(c, model, out);
    if (status == HONE_OK) status = hone_model_simplify(*out, &c->error);
    if (status == HONE_OK) return HONE_OK;
    hone_model_free(*out);
    *out = NULL;
    return status;
}

hone_session_options cli_session_options(const cli *c) {
    return (hone_session_options){.threads = (uint32_t)c->threads, .cpu = c->cpu};
}

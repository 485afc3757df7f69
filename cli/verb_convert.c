/* SPDX-License-Identifier: Apache-2.0 */
/* hone convert: any format to any other. */
#include "cli.h"

#include <string.h>

/* A .hone file is what devices run: it gets the simplified graph. */
static hone_status convert(cli *c, const char *in, const char *out, bool simplify) {
    hone_model *model = NULL;
    c->verify_sums = true; /* a damaged file must not be made into a sound one */
    hone_status status = simplify ? cli_load_to_run(c, in, &model) : cli_load(c, in, &model);
    if (status == HONE_OK) status = hone_model_save(model, out, &c->error);
    hone_model_free(model);
    return status;
}

int cli_convert(cli *c, int argc, char **argv) {
    const char *in, *out = NULL;
    bool as_is = false;
    const cli_option options[] = {
        {"-o", "OUT", CLI_TEXT, &out, "where to; the ending names the format (.onnx, .hone)"},
        {"--as-is", NULL, CLI_SWITCH, &as_is, "leave the graph as it is, folded nowhere"},
        {0}};
    int stop = cli_parse(c, options, argc, argv, &in, 1, 1);
    if (stop >= 0) return stop;
    if (!out) return cli_usage(c, "-o OUT is missing");
    hone_status status = convert(c, in, out, !as_is);
    if (status == HONE_OK) {
        char before[32], after[32];
        uint64_t in_bytes = cli_file_bytes(in), out_bytes = cli_file_bytes(out);
        cli_set(c, "in_bytes", json_integer((json_int_t)in_bytes));
        cli_set(c, "out_bytes", json_integer((json_int_t)out_bytes));
        cli_print(c, "%s: %s, from %s\n", out, cli_bytes_text(out_bytes, after, sizeof after),
                  cli_bytes_text(in_bytes, before, sizeof before));
    }
    return cli_end(c, status);
}

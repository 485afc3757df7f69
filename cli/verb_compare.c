/* SPDX-License-Identifier: Apache-2.0 */
/* hone compare: two models on the same data. */
#include "data.h"

static void show(cli *c, const hone_compare_result *r) {
    cli_set(c, "metric", json_string(r->a.metric));
    cli_set(c, "a", cli_real(r->a.value));
    cli_set(c, "b", cli_real(r->b.value));
    cli_set(c, "agree_percent", cli_real(r->agree_percent));
    cli_set(c, "cosine", cli_real(r->cosine));
    cli_set(c, "drop_points", cli_real(r->drop_points));
    cli_set(c, "n", json_integer((json_int_t)r->a.count));
    cli_set(c, "seconds", cli_real(r->a.seconds));
    cli_print(c, "%-10s a %.4f, b %.4f: a drop of %.2f points\n", r->a.metric, r->a.value,
              r->b.value, r->drop_points);
    cli_print(c, "%-10s %.2f %%\n%-10s %.6f\n", "agreement", r->agree_percent, "cosine", r->cosine);
    cli_print(c, "%-10s %zu, in %.1f s\n", "samples", r->a.count, r->a.seconds);
}

static hone_status compare(cli *c, const char *const paths[2], const char *data_path,
                           uint64_t limit) {
    hone_model *models[2] = {NULL, NULL};
    hone_dataset *data = NULL;
    hone_compare_result result = {0};
    hone_eval_options options = cli_eval_options(c);
    hone_status status = cli_load_to_run(c, paths[0], &models[0]);
    if (status == HONE_OK) status = cli_load_to_run(c, paths[1], &models[1]);
    if (status == HONE_OK) status = cli_open_data(c, data_path, limit, models[0], &data);
    if (status == HONE_OK)
        status = hone_compare(models[0], models[1], data, &options, &result, &c->error);
    if (status == HONE_OK) show(c, &result);
    hone_compare_result_free(&result);
    hone_dataset_free(data);
    hone_model_free(models[1]);
    hone_model_free(models[0]);
    return status;
}

int cli_compare(cli *c, int argc, char **argv) {
    const char *paths[2], *data = NULL;
    uint64_t limit = 0;
    const cli_option options[] = {
        {"--data", "DATA", CLI_TEXT, &data, "what to compare them on"},
        {"--limit", "N", CLI_COUNT, &limit, "a random sample of N (see --seed)"},
        {0}};
    int stop = cli_parse(c, options, argc, argv, paths, 2, 2);
    if (stop >= 0) return stop;
    if (!data) return cli_usage(c, "--data DATA is missing");
    return cli_end(c, compare(c, paths, data, limit));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* hone eval: the quality of a model on data. */
#include "data.h"

#include <inttypes.h>

static void show_class(cli *c, const hone_eval_result *r, uint32_t index, const char *name,
                       json_t *list) {
    const hone_class_result *k = &r->classes[index];
    double accuracy = (double)k->correct / (double)k->count;
    if (r->task == HONE_TASK_DETECTION) {
        json_array_append_new(list,
                              json_pack("{s:I, s:s, s:I, s:o, s:o}", "index", (json_int_t)index,
                                        "label", name, "n", (json_int_t)k->count, "map50",
                                        cli_real(k->ap50), "map", cli_real(k->ap)));
        cli_print(c, "  %-24.24s %8" PRIu64 " boxes   mAP50 %.3f   mAP %.3f\n", name, k->count,
                  k->ap50, k->ap);
        return;
    }
    json_array_append_new(list, json_pack("{s:I, s:s, s:I, s:I, s:o}", "index", (json_int_t)index,
                                          "label", name, "n", (json_int_t)k->count, "correct",
                                          (json_int_t)k->correct, "accuracy", cli_real(accuracy)));
    if (r->class_count <= 100 || c->verbose)
        cli_print(c, "  %-24.24s %8" PRIu64 " of %8" PRIu64 "   %6.2f %%\n", name, k->correct,
                  k->count, 100 * accuracy);
}

static void show_classes(cli *c, const hone_eval_result *r, const hone_model *model,
                         const hone_dataset *data) {
    json_t *list = json_array();
    hone_card *card = NULL;
    char name[128];
    (void)hone_card_of(model, &card, NULL);
    for (uint32_t i = 0; i < r->class_count; i++)
        if (r->classes[i].count)
            show_class(c, r, i, cli_class_name(card, data, i, name, sizeof name), list);
    cli_set(c, "per_class", list);
    hone_card_free(card);
}

static void show(cli *c, const hone_eval_result *r) {
    cli_set(c, "task", json_string(hone_task_name(r->task)));
    cli_set(c, "metric", json_string(r->metric));
    cli_set(c, "value", cli_real(r->value));
    cli_set(c, "n", json_integer((json_int_t)r->count));
    cli_set(c, "seconds", cli_real(r->seconds));
    if (r->task == HONE_TASK_DETECTION) {
        cli_set(c, "map50", cli_real(r->map50));
        cli_set(c, "map", cli_real(r->map));
        cli_print(c, "mAP50 %.4f, mAP50-95 %.4f", r->map50, r->map);
    } else if (r->task == HONE_TASK_REGRESSION) {
        cli_print(c, "mean squared error %.6g", r->value);
    } else {
        cli_set(c, "top5", cli_real(r->top5));
        cli_print(c, "accuracy %.2f %%, among the first five %.2f %%", 100 * r->value,
                  100 * r->top5);
    }
    cli_print(c, " on %zu samples, in %.1f s\n", r->count, r->seconds);
}

static hone_status eval(cli *c, const char *path, const char *data_path, uint64_t limit,
                        uint64_t batch) {
    hone_model *model = NULL;
    hone_dataset *data = NULL;
    hone_eval_result result = {0};
    hone_eval_options options = cli_eval_options(c);
    hone_status status = cli_load_to_run(c, path, &model);
    options.batch = (uint32_t)batch;
    if (status == HONE_OK) status = cli_open_data(c, data_path, limit, model, &data);
    if (status == HONE_OK) status = hone_evaluate(model, data, &options, &result, &c->error);
    if (status == HONE_OK) {
        show(c, &result);
        if (result.task != HONE_TASK_REGRESSION) show_classes(c, &result, model, data);
    }
    hone_eval_result_free(&result);
    hone_dataset_free(data);
    hone_model_free(model);
    return status;
}

int cli_eval(cli *c, int argc, char **argv) {
    const char *path, *data = NULL;
    uint64_t limit = 0, batch = 0;
    const cli_option options[] = {
        {"--data", "DATA", CLI_TEXT, &data, "what to judge it on"},
        {"--limit", "N", CLI_COUNT, &limit, "a random sample of N (see --seed)"},
        {"--batch", "N", CLI_COUNT, &batch, "samples a run (default: chosen)"},
        {0}};
    int stop = cli_parse(c, options, argc, argv, &path, 1, 1);
    if (stop >= 0) return stop;
    if (!data) return cli_usage(c, "--data DATA is missing");
    if (batch > 4096) return cli_usage(c, "--batch: 1 to 4096");
    return cli_end(c, eval(c, path, data, limit, batch));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* hone optimize: the smallest and fastest model inside a budget, kept and proved. */
#include "cli.h"

#include <hone/optimize.h>
#include <hone/store.h>

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What was asked for on the command line. */
typedef struct {
    const char *model, *data, *test, *out, *store, *report, *name, *target;
    double max_drop, max_latency_ms, minutes;
    uint64_t max_size, max_memory, calibration, choice;
} request;

static void show_candidate(cli *c, const hone_optimize_result *r, uint32_t i, json_t *list) {
    const hone_candidate *k = &r->candidates[i];
    char size[32], arena[32];
    cli_print(c, "%c %-22s %10s %8.2f %% %+7.2f %9.3f ms %10s  %s\n",
              (int32_t)i == r->chosen ? '*' : ' ', k->name,
              cli_bytes_text(k->file_bytes, size, sizeof size), k->value * 100,
              0.0 - k->drop_points, k->median_ms,
              cli_bytes_text(k->arena_bytes, arena, sizeof arena), k->why);
    json_array_append_new(
        list, json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:b, s:b, s:s}", "name", k->name,
                        "file_bytes", (json_int_t)k->file_bytes, "value", cli_real(k->value),
                        "drop_points", cli_real(k->drop_points), "median_ms",
                        cli_real(k->median_ms), "min_ms", cli_real(k->min_ms), "arena_bytes",
                        (json_int_t)k->arena_bytes, "weight_bytes", (json_int_t)k->weight_bytes,
                        "on_front", k->on_front, "meets", k->meets, "why", k->why));
}

static void show_candidates(cli *c, const hone_optimize_result *r) {
    json_t *list = json_array();
    cli_print(c, "  %-22s %10s %10s %7s %12s %10s  %s\n", "candidate", "file", r->metric, "points",
              "median", "arena", "why");
    for (uint32_t i = 0; i < r->candidate_count; i++) show_candidate(c, r, i, list);
    cli_set(c, "candidates", list);
}

static void show_result(cli *c, const hone_optimize_result *r) {
    const hone_candidate *near = &r->candidates[r->nearest];
    cli_set(c, "chosen", r->chosen < 0 ? json_null() : json_string(near->name));
    cli_set(c, "nearest", json_string(near->name));
    show_candidates(c, r);
    cli_set(c, "met", json_boolean(r->met));
    cli_set(c, "ratio_size", cli_real(r->ratio_size));
    cli_set(c, "ratio_latency", cli_real(r->ratio_latency));
    cli_set(c, "drop_points", cli_real(r->drop_points));
    cli_set(c, "metric", json_string(r->metric));
    cli_set(c, "test_before", cli_real(r->test_before));
    cli_set(c, "test_after", cli_real(r->test_after));
    cli_set(c, "test_samples", json_integer((json_int_t)r->test_samples));
    cli_set(c, "choice_samples", json_integer((json_int_t)r->choice_samples));
    cli_set(c, "calibration_samples", json_integer((json_int_t)r->calibration_samples));
    cli_set(c, "original_bytes", json_integer((json_int_t)r->original_bytes));
    cli_print(c,
              "\n%s: %.2f times smaller, %.2f times as fast; on %" PRIu64
              " test samples %.2f %% before, %.2f %% after (%+.2f points)\n",
              near->name, 1 / r->ratio_size, 1 / r->ratio_latency, r->test_samples,
              r->test_before * 100, r->test_after * 100, 0.0 - r->drop_points);
}

static const char *stem_of(const char *path, char *out, size_t size) {
    const char *slash = strrchr(path, '/');
    snprintf(out, size, "%s", slash ? slash + 1 : path);
    char *dot = strrchr(out, '.');
    if (dot && dot != out) *dot = 0;
    return out;
}

/* The processor's name, for the report. */
static const char *cpu_name(char *out, size_t size) {
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    *out = 0;
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon) continue;
        snprintf(out, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (file) fclose(file);
    return out;
}

/* What was typed, with spaces quoted. */
static void typed(int argc, char **argv, char *out, size_t size) {
    size_t at = (size_t)snprintf(out, size, "hone optimize");
    for (int i = 0; i < argc && at < size; i++) {
        const char *quote = strpbrk(argv[i], " '\"\\$;&|<>()") ? "'" : "";
        at += (size_t)snprintf(out + at, size - at, " %s%s%s", quote, argv[i], quote);
    }
}

static hone_status write_report(cli *c, const request *q, const hone_optimize_result *r,
                                const char *command) {
    char cpu[128], date[32];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    const hone_report_about about = {.title = q->name,
                                     .command = command,
                                     .data = q->data,
                                     .test = q->test,
                                     .out = q->out,
                                     .cpu = cpu_name(cpu, sizeof cpu),
                                     .date = date};
    hone_status status = hone_report_write(r, &about, q->report, &c->error);
    if (status == HONE_OK) {
        cli_set(c, "report", json_string(q->report));
        cli_print(c, "report: %s\n", q->report);
    }
    return status;
}

/* The name in the store and in the report: the file's, or its folder's where the file is just
 * called "model". */
static void name_of(request *q, char *out, size_t size) {
    char full[PATH_MAX];
    if (q->name) {
        snprintf(out, size, "%s", q->name);
    } else if (!strcmp(stem_of(q->model, out, size), "model") && realpath(q->model, full)) {
        const char *folder = dirname(full), *slash = strrchr(folder, '/');
        if (slash && slash[1]) snprintf(out, size, "%s", slash + 1);
    }
    for (char *at = out; *at; at++) /* what a store's names may not hold */
        if (strchr("/\\:@", *at)) *at = '-';
    q->name = out;
}

static hone_status open_store(cli *c, const char *path, hone_store **store) {
    hone_status status = hone_store_open(path, NULL, store, &c->error);
    return status == HONE_NOT_FOUND ? hone_store_create(path, NULL, store, &c->error) : status;
}

/* The original as a version of its own, unless it came from a store. */
static hone_status store_original(cli *c, const request *q, const hone_model *model,
                                  hone_store *store, char *parent, size_t size) {
    hone_store_entry entry = {.name = q->name, .metadata = "{\"role\":\"original\"}"};
    entry.card = hone_model_card(model, &entry.card_size);
    hone_store_list list = {0};
    size_t length;
    const char *inside;
    if (hone_store_is_model(q->model, &length, &inside)) return HONE_OK;
    hone_status status = hone_store_add_file(store, q->model, &entry, &list, &c->error);
    if (status == HONE_OK) snprintf(parent, size, "%s", list.records[0].version);
    hone_store_list_free(&list);
    return status;
}

static const char *type_of(const char *candidate) {
    return !strncmp(candidate, "int8", 4)      ? "int8"
           : !strncmp(candidate, "float16", 7) ? "float16"
                                               : "float32";
}

static hone_status store_chosen(cli *c, const request *q, const hone_optimize_result *r,
                                hone_store *store, const char *parent) {
    const hone_candidate *k = &r->candidates[r->chosen];
    const hone_store_optimized optimized = {.original_size = r->original_bytes,
                                            .quantized_size = k->file_bytes,
                                            .quantization_type = type_of(k->name),
                                            .accuracy = r->test_after,
                                            .inference_time = k->median_ms};
    json_t *meta = json_pack("{s:s, s:s, s:o}", "role", "optimized", "candidate", k->name,
                             "drop_points", cli_real(r->drop_points));
    char *metadata = meta ? json_dumps(meta, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    const hone_store_entry entry = {.name = q->name,
                                    .metadata = metadata,
                                    .optimized = &optimized,
                                    .parent = *parent ? parent : NULL};
    hone_store_list list = {0};
    hone_status status = hone_store_add_file(store, q->out, &entry, &list, &c->error);
    if (status == HONE_OK) {
        cli_set(c, "stored",
                json_pack("{s:s, s:s, s:s}", "store", q->store, "name", q->name, "version",
                          list.records[0].version));
        cli_print(c, "stored: %s:%s@%s\n", q->store, q->name, list.records[0].version);
    }
    hone_store_list_free(&list);
    free(metadata);
    json_decref(meta);
    return status;
}

static hone_status keep(cli *c, const request *q, const hone_model *model,
                        const hone_optimize_result *r) {
    hone_store *store = NULL;
    char parent[HONE_STORE_MAX_VERSION + 1] = "";
    if (!r->met) return HONE_OK;
    hone_status status = hone_model_save(r->model, q->out, &c->error);
    if (status != HONE_OK) return status;
    cli_print(c, "written: %s\n", q->out);
    if (!q->store) return HONE_OK;
    status = open_store(c, q->store, &store);
    if (status == HONE_OK) status = store_original(c, q, model, store, parent, sizeof parent);
    if (status == HONE_OK) status = store_chosen(c, q, r, store, parent);
    hone_store_close(store);
    return status;
}

static hone_status open_data(cli *c, const request *q, const hone_model *model, hone_dataset **data,
                             hone_dataset **test) {
    hone_card *card = NULL;
    hone_status status = hone_card_of(model, &card, &c->error);
    if (status == HONE_OK) status = hone_dataset_open(q->data, card, NULL, data, &c->error);
    if (status == HONE_OK && q->test)
        status = hone_dataset_open(q->test, card, NULL, test, &c->error);
    hone_card_free(card);
    return status;
}

static hone_optimize_options options_of(cli *c, const request *q, const hone_dataset *data,
                                        const hone_dataset *test) {
    return (hone_optimize_options){.budget = {.max_drop_points = q->max_drop,
                                              .max_size_bytes = q->max_size,
                                              .max_latency_ms = q->max_latency_ms,
                                              .max_memory_bytes = q->max_memory},
                                   .data = data,
                                   .test = test,
                                   .calibration_limit = q->calibration,
                                   .choice_limit = q->choice,
                                   .minutes = q->minutes,
                                   .threads = (uint32_t)c->threads,
                                   .cpu = c->cpu,
                                   .seed = c->seed,
                                   .original_bytes = cli_file_bytes(q->model),
                                   .progress = cli_progress,
                                   .progress_user = c};
}

static hone_status say_unmet(cli *c, const hone_optimize_result *r) {
    const hone_candidate *near = &r->candidates[r->nearest];
    if (r->chosen < 0)
        snprintf(c->error.message, sizeof c->error.message,
                 "no candidate meets the budget; the nearest is %s: %s", near->name, near->why);
    else
        snprintf(c->error.message, sizeof c->error.message,
                 "%s met the budget on the choice samples, but loses %.2f points on the test data",
                 near->name, r->drop_points);
    return HONE_NOT_MET;
}

static hone_status optimize(cli *c, request *q, const char *command) {
    hone_model *model = NULL;
    hone_dataset *data = NULL, *test = NULL;
    hone_optimize_result result = {0};
    char name[HONE_STORE_MAX_NAME + 1];
    name_of(q, name, sizeof name);
    hone_status status = cli_load(c, q->model, &model);
    if (status == HONE_OK) status = open_data(c, q, model, &data, &test);
    if (status == HONE_OK) {
        const hone_optimize_options options = options_of(c, q, data, test);
        status = hone_optimize(model, &options, &result, &c->error);
        cli_progress_end(c);
    }
    if (status == HONE_OK) {
        show_result(c, &result);
        status = keep(c, q, model, &result);
    }
    if (status == HONE_OK && q->report) status = write_report(c, q, &result, command);
    if (status == HONE_OK && !result.met) status = say_unmet(c, &result);
    hone_optimize_result_free(&result);
    hone_dataset_free(data);
    hone_dataset_free(test);
    hone_model_free(model);
    return status;
}

int cli_optimize(cli *c, int argc, char **argv) {
    request q = {.max_drop = 1};
    const cli_option options[] = {
        {"--data", "DATA", CLI_TEXT, &q.data, "to calibrate and to choose on"},
        {"--test", "DATA", CLI_TEXT, &q.test,
         "for the final judgement (default: a fifth of --data)"},
        {"-o", "OUT", CLI_TEXT, &q.out, "where the chosen model goes (.hone or .onnx)"},
        {"--max-drop", "PTS", CLI_NUMBER, &q.max_drop, "most percentage points lost (default 1)"},
        {"--max-size", "BYTES", CLI_BYTES, &q.max_size, "largest file, such as 4MB"},
        {"--max-latency", "MS", CLI_MS, &q.max_latency_ms, "slowest median run, such as 20ms"},
        {"--max-memory", "BYTES", CLI_BYTES, &q.max_memory, "most arena and weights together"},
        {"--time", "MINUTES", CLI_NUMBER, &q.minutes, "begin no further candidate after that"},
        {"--target", "NAME", CLI_TEXT, &q.target, "measure for a device (only 'host' so far)"},
        {"--calib-limit", "N", CLI_COUNT, &q.calibration,
         "most samples to calibrate on (default 512)"},
        {"--choice-limit", "N", CLI_COUNT, &q.choice, "most samples to choose on (default 4000)"},
        {"--store", "DB", CLI_TEXT, &q.store, "keep the original and the result as versions"},
        {"--name", "NAME", CLI_TEXT, &q.name, "their name there (default: the file's)"},
        {"--report", "FILE", CLI_TEXT, &q.report, "write the report as one HTML file"},
        {0}};
    char command[2048];
    typed(argc, argv, command, sizeof command);
    int stop = cli_parse(c, options, argc, argv, &q.model, 1, 1);
    if (stop >= 0) return stop;
    if (!q.data) return cli_usage(c, "--data DATA is missing");
    if (!q.out) return cli_usage(c, "-o OUT is missing");
    if (q.target && strcmp(q.target, "host"))
        return cli_usage(c, "--target %s: only 'host', this machine, is known so far", q.target);
    return cli_end(c, optimize(c, &q, command));
}

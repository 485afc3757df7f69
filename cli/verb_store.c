/* SPDX-License-Identifier: Apache-2.0 */
/* hone store: versions of models in one SQLite file. Each sub-verb is a verb of its own, with its
 * own options and help. */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- showing ---- */

/* A text of the database; null where it is not UTF-8, which only a damaged one can hold. */
static json_t *text(const char *value) {
    json_t *string = value ? json_string(value) : NULL;
    return string ? string : json_null();
}

static json_t *count(uint64_t value) {
    return json_integer((json_int_t)value);
}

static json_t *measured(double value) {
    return value < 0 ? json_null() : cli_real(value);
}

static json_t *optimized_json(const hone_store_record *r) {
    if (!r->is_optimized) return json_null();
    const hone_store_optimized *o = &r->optimized;
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "original_bytes", count(o->original_size),
                     "quantized_bytes", count(o->quantized_size), "quantization_type",
                     text(o->quantization_type), "accuracy", measured(o->accuracy),
                     "inference_time_ms", measured(o->inference_time));
}

static const char *format_text(hone_format format) {
    static const char *const names[] = {[HONE_FORMAT_UNKNOWN] = "unknown",
                                        [HONE_FORMAT_ONNX] = "onnx",
                                        [HONE_FORMAT_HONE] = "hone",
                                        [HONE_FORMAT_TFLITE] = "tflite"};
    return (size_t)format < sizeof names / sizeof *names ? names[format] : names[0];
}

static json_t *record_json(const hone_store_record *r) {
    json_t *metadata = json_loads(r->metadata, 0, NULL);
    json_t *object = json_object();
    json_object_set_new(object, "name", text(r->name));
    json_object_set_new(object, "version", text(r->version));
    json_object_set_new(object, "parent", text(r->parent));
    json_object_set_new(object, "sha256", text(r->sha256));
    json_object_set_new(object, "bytes", count(r->bytes));
    json_object_set_new(object, "stored_bytes", count(r->stored_bytes));
    json_object_set_new(object, "card_bytes", count(r->card_bytes));
    json_object_set_new(object, "created_at", text(r->created_at));
    json_object_set_new(object, "format", text(format_text(r->format)));
    json_object_set_new(object, "metadata", metadata ? metadata : json_null());
    json_object_set_new(object, "optimized", optimized_json(r));
    return object;
}

static void show_row(cli *c, const hone_store_record *r) {
    char bytes[32], stored[32], accuracy[32] = "-", time[32] = "-";
    if (r->is_optimized && r->optimized.accuracy >= 0)
        snprintf(accuracy, sizeof accuracy, "%.2f %%", r->optimized.accuracy * 100);
    if (r->is_optimized && r->optimized.inference_time >= 0)
        snprintf(time, sizeof time, "%.3g ms", r->optimized.inference_time);
    cli_print(c, "%-24s %-10s %-8s %-8s %10s %10s %9s %9s  %s\n", r->name, r->version,
              r->parent ? r->parent : "-",
              r->is_optimized ? r->optimized.quantization_type : format_text(r->format),
              cli_bytes_text(r->bytes, bytes, sizeof bytes),
              cli_bytes_text(r->stored_bytes, stored, sizeof stored), accuracy, time,
              r->created_at);
}

static void show_table(cli *c, const hone_store_list *list) {
    json_t *models = json_array();
    if (list->count)
        cli_print(c, "%-24s %-10s %-8s %-8s %10s %10s %9s %9s  %s\n", "name", "version", "parent",
                  "type", "size", "stored", "accuracy", "latency", "created");
    for (uint32_t i = 0; i < list->count; i++) {
        show_row(c, &list->records[i]);
        json_array_append_new(models, record_json(&list->records[i]));
    }
    if (!list->count) cli_print(c, "no models\n");
    cli_set(c, "models", models);
}

/* The keys of one record at the top of the output. */
static void show_record(cli *c, const hone_store_record *r) {
    json_t *object = record_json(r);
    json_object_update(c->out, object);
    json_decref(object);
}

static void show_details(cli *c, const hone_store_record *r) {
    char size[32];
    show_record(c, r);
    cli_print(c, "%-14s %s@%s\n", "model", r->name, r->version);
    if (r->parent) cli_print(c, "%-14s %s\n", "made from", r->parent);
    cli_print(c, "%-14s %s\n%-14s %s\n", "format", format_text(r->format), "size",
              cli_bytes_text(r->bytes, size, sizeof size));
    cli_print(c, "%-14s %s\n", "stored as", cli_bytes_text(r->stored_bytes, size, sizeof size));
    cli_print(c, "%-14s %s\n%-14s %s\n", "sha256", r->sha256, "created", r->created_at);
    cli_print(c, "%-14s %s\n%-14s %s\n", "card", r->card_bytes ? "yes" : "none", "metadata",
              r->metadata);
    if (!r->is_optimized) return;
    cli_print(c, "%-14s %s, from %s\n", "optimized", r->optimized.quantization_type,
              cli_bytes_text(r->optimized.original_size, size, sizeof size));
    if (r->optimized.accuracy >= 0)
        cli_print(c, "%-14s %.2f %%\n", "accuracy", r->optimized.accuracy * 100);
    if (r->optimized.inference_time >= 0)
        cli_print(c, "%-14s %.3g ms\n", "latency", r->optimized.inference_time);
}

/* ---- the sub-verbs ---- */

static hone_status open_store(cli *c, const char *path, bool read_only, hone_store **store) {
    const hone_store_options options = {.read_only = read_only};
    return hone_store_open(path, &options, store, &c->error);
}

static int store_init(cli *c, int argc, char **argv) {
    const char *db;
    const cli_option options[] = {{0}};
    hone_store *store = NULL;
    int stop = cli_parse(c, options, argc, argv, &db, 1, 1);
    if (stop >= 0) return stop;
    hone_status status = hone_store_create(db, NULL, &store, &c->error);
    hone_store_close(store);
    if (status == HONE_OK) {
        cli_set(c, "store", text(db));
        cli_print(c, "%s: an empty store\n", db);
    }
    return cli_end(c, status);
}

typedef struct add_request {
    const char *db, *model, *name, *version, *parent;
    cli_list meta;
    char own_name[HONE_STORE_MAX_NAME + 1]; /* from the file */
} add_request;

/* "a/b/net.onnx" and "s.db:net@3" are "net". */
static void name_by_model(add_request *q) {
    size_t length;
    const char *from, *slash = strrchr(q->model, '/');
    if (hone_store_is_model(q->model, &length, &from)) {
        length = strcspn(from, "@");
    } else {
        from = slash ? slash + 1 : q->model;
        const char *dot = strrchr(from, '.');
        length = dot && dot > from ? (size_t)(dot - from) : strlen(from);
    }
    snprintf(q->own_name, sizeof q->own_name, "%.*s", (int)length, from);
    q->name = q->own_name;
}

/* --meta KEY=VALUE ... as a JSON object of texts; NULL, and why has been said. */
static char *metadata_json(cli *c, const cli_list *meta) {
    json_t *object = json_object();
    char *dump = NULL;
    size_t i;
    for (i = 0; i < meta->count; i++) {
        const char *equals = strchr(meta->item[i], '=');
        if (!equals || equals == meta->item[i]) break;
        json_t *key = json_stringn(meta->item[i], (size_t)(equals - meta->item[i]));
        int failed =
            !key || json_object_set_new(object, json_string_value(key), json_string(equals + 1));
        json_decref(key);
        if (failed) break;
    }
    if (i < meta->count)
        cli_usage(c, "--meta %s: KEY=VALUE in UTF-8 is wanted", meta->item[i]);
    else
        dump = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return dump;
}

/* The model is read with all its sums before it is kept; that gives its card as well. */
static hone_status add_model(cli *c, const add_request *q, hone_store_entry *entry,
                             hone_store_list *list) {
    hone_store *store = NULL;
    hone_model *model = NULL;
    hone_store_bytes bytes = {0};
    hone_borders borders = {0};
    const hone_load_options verify = {.verify = true};
    size_t length;
    const char *inside;
    bool stored = hone_store_is_model(q->model, &length, &inside);
    hone_status status = open_store(c, q->db, false, &store);
    if (status == HONE_OK && stored)
        status = hone_store_read_model(q->model, NULL, &bytes, &c->error);
    if (status == HONE_OK)
        status = stored ? hone_model_load_memory(bytes.data, bytes.size, bytes.format, &verify,
                                                 &model, &c->error)
                        : hone_model_load(q->model, &verify, &model, &c->error);
    if (status == HONE_OK) status = hone_model_borders(model, &borders, &c->error);
    if (status == HONE_OK) {
        entry->borders = borders.items;
        entry->border_count = borders.count;
        entry->card = bytes.card;
        entry->card_size = bytes.card_size;
        if (!entry->card) entry->card = hone_model_card(model, &entry->card_size);
        entry->format = bytes.format;
        status = stored
                     ? hone_store_add_memory(store, bytes.data, bytes.size, entry, list, &c->error)
                     : hone_store_add_file(store, q->model, entry, list, &c->error);
    }
    if (model) hone_model_borders_free(model, &borders);
    hone_model_free(model);
    hone_store_bytes_free(&bytes);
    hone_store_close(store);
    return status;
}

static int store_add(cli *c, int argc, char **argv) {
    add_request q = {0};
    const char *words[2];
    const cli_option options[] = {
        {"--name", "NAME", CLI_TEXT, &q.name, "its name (default: the file's, without ending)"},
        {"--version", "V", CLI_TEXT, &q.version,
         "a number or MAJOR.MINOR.PATCH (default: 1, 2, 3 ...)"},
        {"--parent", "V", CLI_TEXT, &q.parent, "what it was made from: VERSION or NAME@VERSION"},
        {"--meta", "KEY=VALUE", CLI_LIST, &q.meta, "kept with it; may be given several times"},
        {0}};
    int stop = cli_parse(c, options, argc, argv, words, 2, 2);
    if (stop >= 0) return stop;
    q.db = words[0], q.model = words[1];
    if (!q.name) name_by_model(&q);
    char *metadata = metadata_json(c, &q.meta);
    if (!metadata) return CLI_USAGE;
    hone_store_entry entry = {.name = q.name,
                              .version = q.version,
                              .parent = q.parent,
                              .metadata = metadata,
                              .progress = cli_progress,
                              .progress_user = c};
    hone_store_list list = {0};
    hone_status status = add_model(c, &q, &entry, &list);
    if (status == HONE_OK) {
        show_record(c, list.records);
        cli_print(c, "%s:%s@%s\n", q.db, list.records[0].name, list.records[0].version);
    }
    hone_store_list_free(&list);
    free(metadata);
    return cli_end(c, status);
}

static int end_with_table(cli *c, hone_store *store, hone_store_list *list, hone_status status) {
    if (status == HONE_OK) show_table(c, list);
    hone_store_list_free(list);
    hone_store_close(store);
    return cli_end(c, status);
}

static int store_list(cli *c, int argc, char **argv) {
    const char *db, *where = NULL;
    const cli_option options[] = {
        {"--where", "CONDITION", CLI_TEXT, &where, "such as 'accuracy>0.9 and size<4MB'"}, {0}};
    hone_store *store = NULL;
    hone_store_list list = {0};
    int stop = cli_parse(c, options, argc, argv, &db, 1, 1);
    if (stop >= 0) return stop;
    hone_status status = open_store(c, db, true, &store);
    if (status == HONE_OK) status = hone_store_find(store, where, &list, &c->error);
    return end_with_table(c, store, &list, status);
}

static int store_log(cli *c, int argc, char **argv) {
    const char *words[2];
    const cli_option options[] = {{0}};
    hone_store *store = NULL;
    hone_store_list list = {0};
    int stop = cli_parse(c, options, argc, argv, words, 2, 2);
    if (stop >= 0) return stop;
    hone_status status = open_store(c, words[0], true, &store);
    if (status == HONE_OK) status = hone_store_log(store, words[1], &list, &c->error);
    return end_with_table(c, store, &list, status);
}

static int store_show(cli *c, int argc, char **argv) {
    const char *words[2];
    const cli_option options[] = {{0}};
    hone_store *store = NULL;
    hone_store_list list = {0};
    int stop = cli_parse(c, options, argc, argv, words, 2, 2);
    if (stop >= 0) return stop;
    hone_status status = open_store(c, words[0], true, &store);
    if (status == HONE_OK) status = hone_store_show(store, words[1], &list, &c->error);
    if (status == HONE_OK) show_details(c, list.records);
    hone_store_list_free(&list);
    hone_store_close(store);
    return cli_end(c, status);
}

static int store_get(cli *c, int argc, char **argv) {
    const char *words[2], *out = NULL;
    const cli_option options[] = {{"-o", "OUT", CLI_TEXT, &out, "where to; gets the very bytes"},
                                  {0}};
    hone_store *store = NULL;
    hone_store_list list = {0};
    int stop = cli_parse(c, options, argc, argv, words, 2, 2);
    if (stop >= 0) return stop;
    if (!out) return cli_usage(c, "-o OUT is missing");
    hone_status status = open_store(c, words[0], true, &store);
    if (status == HONE_OK) status = hone_store_get_file(store, words[1], out, &list, &c->error);
    if (status == HONE_OK) {
        char size[32];
        show_record(c, list.records);
        cli_print(c, "%s: %s@%s, %s\n", out, list.records[0].name, list.records[0].version,
                  cli_bytes_text(list.records[0].bytes, size, sizeof size));
    }
    hone_store_list_free(&list);
    hone_store_close(store);
    return cli_end(c, status);
}

static int store_delta(cli *c, int argc, char **argv) {
    const char *words[3], *out = NULL;
    const cli_option options[] = {{"-o", "FILE", CLI_TEXT, &out, "where to"}, {0}};
    hone_store *store = NULL;
    hone_store_delta_report report = {0};
    int stop = cli_parse(c, options, argc, argv, words, 3, 3);
    if (stop >= 0) return stop;
    if (!out) return cli_usage(c, "-o FILE is missing");
    hone_status status = open_store(c, words[0], true, &store);
    if (status == HONE_OK)
        status =
            hone_store_delta(store, words[1], words[2], out, cli_progress, c, &report, &c->error);
    if (status == HONE_OK) {
        char part[32], full[32];
        cli_set(c, "delta_bytes", count(report.delta_bytes));
        cli_set(c, "full_bytes", count(report.full_bytes));
        cli_print(c, "%s: %s instead of %s\n", out,
                  cli_bytes_text(report.delta_bytes, part, sizeof part),
                  cli_bytes_text(report.full_bytes, full, sizeof full));
    }
    hone_store_close(store);
    return cli_end(c, status);
}

static int store_apply(cli *c, int argc, char **argv) {
    const char *words[2];
    const cli_option options[] = {{0}};
    hone_store *store = NULL;
    hone_store_list list = {0};
    int stop = cli_parse(c, options, argc, argv, words, 2, 2);
    if (stop >= 0) return stop;
    hone_status status = open_store(c, words[0], false, &store);
    if (status == HONE_OK)
        status = hone_store_apply(store, words[1], cli_progress, c, &list, &c->error);
    if (status == HONE_OK) {
        show_record(c, list.records);
        cli_print(c, "%s:%s@%s\n", words[0], list.records[0].name, list.records[0].version);
    }
    hone_store_list_free(&list);
    hone_store_close(store);
    return cli_end(c, status);
}

static hone_status show_report(cli *c, const char *db, const hone_store_report *report) {
    char size[32];
    json_t *problems = json_array();
    for (uint32_t i = 0; i < report->problem_count; i++) {
        json_array_append_new(problems, text(report->problems[i]));
        cli_print(c, "%s: %s\n", db, report->problems[i]);
    }
    cli_set(c, "ok", json_boolean(report->ok));
    cli_set(c, "problems", problems);
    cli_set(c, "models", count(report->models));
    cli_set(c, "chunks", count(report->chunks));
    cli_set(c, "bytes", count(report->bytes));
    if (report->ok)
        cli_print(c, "%s: sound: %" PRIu32 " models, %s, every byte checked\n", db, report->models,
                  cli_bytes_text(report->bytes, size, sizeof size));
    return report->ok ? HONE_OK : HONE_NOT_MET;
}

static int store_verify(cli *c, int argc, char **argv) {
    const char *db;
    const cli_option options[] = {{0}};
    hone_store *store = NULL;
    hone_store_report report = {0};
    int stop = cli_parse(c, options, argc, argv, &db, 1, 1);
    if (stop >= 0) return stop;
    hone_status status = open_store(c, db, true, &store);
    if (status == HONE_OK) status = hone_store_verify(store, cli_progress, c, &report, &c->error);
    if (status == HONE_OK) status = show_report(c, db, &report);
    hone_store_report_free(&report);
    hone_store_close(store);
    return cli_end(c, status);
}

/* ---- choosing one ---- */

static const cli_verb subs[] = {
    {"store init", store_init, "DB", "make an empty store",
     "hone store init models.db\n"
     "hone store init /srv/models.db"},
    {"store add", store_add,
     "DB MODEL [--name NAME] [--version V] [--parent V] [--meta KEY=VALUE]...",
     "add a model as a new version",
     "hone store add models.db net.onnx\n"
     "hone store add models.db small.hone --name net --version 1.2.0 --parent 1.1.0 --meta by=me"},
    {"store list", store_list, "DB [--where CONDITION]", "the models in a store",
     "hone store list models.db\n"
     "hone store list models.db --where 'accuracy>0.9 and size<4MB'"},
    {"store log", store_log, "DB NAME", "the versions of one model, newest first",
     "hone store log models.db net\n"
     "hone store log models.db net --json"},
    {"store show", store_show, "DB NAME[@VERSION]", "all that is known of one version",
     "hone store show models.db net\n"
     "hone store show models.db net@1.2.0"},
    {"store get", store_get, "DB NAME[@VERSION] -o OUT", "the very bytes that were added",
     "hone store get models.db net -o net.hone\n"
     "hone store get models.db net@1 -o first.onnx"},
    {"store delta", store_delta, "DB NAME@A NAME@B -o FILE",
     "what leads from one version to another",
     "hone store delta models.db net@1 net@2 -o net-1-2.delta\n"
     "hone store delta models.db net@1.0.0 net@1.1.0 -o update.delta --json"},
    {"store apply", store_apply, "DB FILE", "add the version that a delta leads to",
     "hone store apply models.db net-1-2.delta\n"
     "hone store apply /srv/models.db update.delta --quiet"},
    {"store verify", store_verify, "DB",
     "check every sum and reference; exit 1 for a damaged store",
     "hone store verify models.db\n"
     "hone store verify models.db --json"},
};

static int store_help(void) {
    printf("hone store: versions of models in one SQLite file\n\nusage: hone store %s\n\n",
           "init|add|list|log|show|get|delta|apply|verify DB ...");
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++)
        printf("  hone %s %s\n      %s\n", subs[i].name, subs[i].words, subs[i].summary);
    printf("\nexamples:\n  hone store init models.db\n  hone store add models.db net.onnx\n"
           "  hone run models.db:net --input photo.jpg\n");
    return CLI_DONE;
}

int cli_store(cli *c, int argc, char **argv) {
    const char *word = argc ? argv[0] : NULL;
    if (word && (!strcmp(word, "--help") || !strcmp(word, "-h"))) return store_help();
    for (size_t i = 0; word && i < sizeof subs / sizeof *subs; i++) {
        if (strcmp(subs[i].name + strlen("store "), word) != 0) continue;
        c->verb = &subs[i];
        return subs[i].run(c, argc - 1, argv + 1);
    }
    return word ? cli_usage(c, "there is no '%s'", word)
                : cli_usage(c, "what to do with which store is missing");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* hone quantize: post-training quantization to int8, or float16 weights. */
#include "data.h"

#include <hone/quantize.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct request {
    const char *model, *calib, *out, *method;
    double percentile;
    uint64_t limit;
    bool float16;
    cli_list keep_float;
} request;

/* The calibration samples, one by one. */
typedef struct feeder {
    hone_dataset *data;
    hone_feed *feed;
    uint32_t inputs;
    size_t at;
} feeder;

static hone_status feeder_next(void *user, hone_tensor *inputs, hone_error *error) {
    feeder *f = user;
    if (f->at >= hone_dataset_count(f->data)) return HONE_NOT_FOUND;
    hone_status status = hone_feed_load(f->feed, f->data, f->at++, 1, error);
    if (status != HONE_OK) return status;
    memcpy(inputs, hone_feed_inputs(f->feed), f->inputs * sizeof *inputs);
    return HONE_OK;
}

static hone_status feeder_restart(void *user, hone_error *error) {
    (void)error;
    ((feeder *)user)->at = 0;
    return HONE_OK;
}

static hone_quantize_options options_of(cli *c, const request *q) {
    bool minmax = !strcmp(q->method, "minmax");
    return (hone_quantize_options){.calibration =
                                       minmax ? HONE_CALIBRATE_MINMAX : HONE_CALIBRATE_PERCENTILE,
                                   .percentile = q->percentile,
                                   .float_nodes = q->keep_float.item,
                                   .float_node_count = (uint32_t)q->keep_float.count,
                                   .threads = (uint32_t)c->threads,
                                   .cpu = c->cpu,
                                   .progress = cli_progress,
                                   .progress_user = c};
}

static void show_layers(cli *c, const hone_quantize_report *report) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const hone_quantized_layer *layer = &report->layers[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:s, s:o}", "name", layer->name,
                                              "op", layer->op, "bits", (int)layer->bits, "scheme",
                                              layer->scheme, "sqnr_db", cli_real(layer->sqnr_db)));
        cli_print(c, "  %-40.40s %-14s %2u bits  %6.1f dB  %s\n", layer->name, layer->op,
                  (unsigned)layer->bits, layer->sqnr_db, layer->scheme);
    }
    cli_set(c, "layers", list);
    cli_set(c, "samples", json_integer((json_int_t)report->samples));
    cli_print(c, "calibrated on %" PRIu64 " samples\n", report->samples);
}

static hone_status to_int8(cli *c, const request *q, feeder *f, const hone_model *model,
                           hone_model **small) {
    const hone_sample_source source = {feeder_next, feeder_restart, f};
    const hone_quantize_options options = options_of(c, q);
    hone_quantize_report report;
    hone_status status = hone_quantize(model, &source, &options, small, &report, &c->error);
    cli_progress_end(c);
    if (status == HONE_OK) show_layers(c, &report);
    if (status == HONE_OK) hone_quantize_report_free(&report);
    return status;
}

/* Samples are made ready for the model as a session of it takes them. */
static hone_status calibrated(cli *c, const request *q, const hone_model *model,
                              hone_model **small) {
    const hone_session_options options = cli_session_options(c);
    hone_session *session = NULL;
    hone_card *card = NULL;
    feeder f = {.inputs = hone_model_inputs(model)};
    hone_status status = hone_session_create(model, &options, &session, &c->error);
    if (status == HONE_OK) status = hone_card_of(model, &card, &c->error);
    if (status == HONE_NOT_FOUND) status = HONE_OK; /* arrays need no card */
    if (status == HONE_OK) status = cli_open_data(c, q->calib, q->limit, model, &f.data);
    if (status == HONE_OK) status = hone_feed_create(model, session, card, &f.feed, &c->error);
    if (status == HONE_OK) status = to_int8(c, q, &f, model, small);
    hone_feed_free(f.feed);
    hone_dataset_free(f.data);
    hone_card_free(card);
    hone_session_free(session);
    return status;
}

static hone_status quantize(cli *c, const request *q) {
    hone_model *model = NULL, *small = NULL;
    hone_model_info info;
    hone_status status = cli_load_to_run(c, q->model, &model);
    if (status == HONE_OK)
        status = q->float16 ? hone_model_to_float16(model, &small, &c->error)
                            : calibrated(c, q, model, &small);
    if (status == HONE_OK) status = hone_model_get_info(model, &info, &c->error);
    if (status == HONE_OK) status = hone_model_save(small, q->out, &c->error);
    if (status == HONE_OK) {
        char before[32], after[32];
        uint64_t bytes = cli_file_bytes(q->out);
        cli_set(c, "in_bytes", json_integer((json_int_t)info.file_bytes));
        cli_set(c, "out_bytes", json_integer((json_int_t)bytes));
        if (q->float16) cli_set(c, "layers", json_array());
        cli_print(c, "%s: %s, from %s\n", q->out, cli_bytes_text(bytes, after, sizeof after),
                  cli_bytes_text(info.file_bytes, before, sizeof before));
    }
    hone_model_free(small);
    hone_model_free(model);
    return status;
}

int cli_quantize(cli *c, int argc, char **argv) {
    request q = {.method = "percentile"};
    const cli_option options[] = {
        {"-o", "OUT", CLI_TEXT, &q.out, "where to; the ending names the format (.onnx, .hone)"},
        {"--calib", "DATA", CLI_TEXT, &q.calib, "samples to calibrate on, a few hundred will do"},
        {"--limit", "N", CLI_COUNT, &q.limit, "calibrate on a random N of them"},
        {"--method", "NAME", CLI_TEXT, &q.method, "minmax or percentile (the default)"},
        {"--percentile", "P", CLI_NUMBER, &q.percentile,
         "values that a range must hold, in percent (default 99.99)"},
        {"--keep-float", "NODE", CLI_LIST, &q.keep_float, "a node that stays float32"},
        {"--float16", NULL, CLI_SWITCH, &q.float16,
         "store weights as float16 instead; needs no samples"},
        {0}};
    int stop = cli_parse(c, options, argc, argv, &q.model, 1, 1);
    if (stop >= 0) return stop;
    if (!q.out) return cli_usage(c, "-o OUT is missing");
    if (!q.float16 && !q.calib) return cli_usage(c, "--calib DATA is missing");
    if (strcmp(q.method, "minmax") && strcmp(q.method, "percentile"))
        return cli_usage(c, "--method is minmax or percentile, not '%s'", q.method);
    if (q.percentile != 0 && !(q.percentile >= 50 && q.percentile <= 100))
        return cli_usage(c, "--percentile is within 50 and 100");
    return cli_end(c, quantize(c, &q));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* hone_quantize: prepare, plan, calibrate, insert, measure. */
#include "base/error.h"
#include "compress/compress.h"

#include <math.h>
#include <string.h>

#define USUAL_PERCENTILE 99.99 /* measured best on efficientnet-lite0 */
#define BEST_SQNR_DB     200   /* what is reported where there is no noise at all */

/* Everything that one call makes on its way. */
typedef struct quantizing {
    hone_model *base, *work; /* float, and the copy that the plan is written into */
    hone_session *session;   /* on base */
    hone_qplan plan;
    hone_watches watches;
    uint64_t samples;
} quantizing;

static void release(quantizing *q) {
    hone_session_free(q->session);
    hone__qplan_release(&q->plan);
    hone__watches_release(&q->watches);
    hone_model_free(q->base);
    hone_model_free(q->work);
}

static hone_status open_float(quantizing *q, const hone_model *model,
                              const hone_quantize_options *options, hone_error *error) {
    HONE_TRY(hone_model_clone(model, &q->base, error));
    HONE_TRY(hone_model_simplify(q->base, error));
    HONE_TRY(hone__compress_prepare(q->base->graph, error));
    HONE_TRY(hone_model_clone(q->base, &q->work, error));
    HONE_TRY(hone_graph_infer(q->work->graph, error));
    HONE_TRY(hone__qplan_make(q->work->graph, options, &q->plan, error));
    const hone_session_options keeping = {.allocator = model->allocator,
                                          .threads = options ? options->threads : 0,
                                          .cpu = options ? options->cpu : HONE_CPU_BEST,
                                          .keep_all = true};
    return hone_session_create(q->base, &keeping, &q->session, error);
}

static double percentile_of(const hone_quantize_options *options) {
    if (!options) return USUAL_PERCENTILE;
    if (options->calibration == HONE_CALIBRATE_MINMAX) return 100;
    return options->percentile > 0 ? options->percentile : USUAL_PERCENTILE;
}

/* The copy leaves the float weights behind. */
static hone_status compact(quantizing *q, hone_model **quantized, hone_error *error) {
    HONE_TRY(hone_model_clone(q->work, quantized, error));
    HONE_TRY(hone_graph_infer((*quantized)->graph, error));
    return hone_graph_verify((*quantized)->graph, error);
}

static hone_status fill_report(quantizing *q, hone_quantize_report *report, hone_error *error) {
    size_t size = (q->watches.count + 1u) * sizeof *report->layers;
    report->layers = hone__calloc(NULL, size, 1);
    if (!report->layers) return hone_fail_memory(error, size);
    report->layer_count = q->watches.count;
    report->samples = q->samples;
    for (uint32_t i = 0; i < q->watches.count; i++) {
        hone_layer_watch *watch = &q->watches.list[i];
        hone_quantized_layer *layer = &report->layers[i];
        *layer = (hone_quantized_layer){watch->name, watch->op, watch->bits, watch->scheme, NAN};
        watch->name = NULL; /* the report's now */
        if (watch->noise > 0) layer->sqnr_db = 10 * log10(watch->signal / watch->noise);
        if (watch->signal > 0 && watch->noise <= 0) layer->sqnr_db = BEST_SQNR_DB;
        if (layer->sqnr_db > BEST_SQNR_DB) layer->sqnr_db = BEST_SQNR_DB;
    }
    return HONE_OK;
}

static hone_status run(quantizing *q, const hone_model *model, const hone_sample_source *source,
                       const hone_quantize_options *options, hone_model **quantized,
                       hone_quantize_report *report, hone_error *error) {
    HONE_TRY(open_float(q, model, options, error));
    HONE_TRY(hone__calibrate(&q->plan, q->session, source, options, &q->samples, error));
    hone__qplan_fit(&q->plan, percentile_of(options));
    HONE_TRY(hone__qplan_insert(&q->plan, error));
    HONE_TRY(compact(q, quantized, error));
    if (!report) return HONE_OK;
    HONE_TRY(hone__watches_make(&q->plan, &q->watches, error));
    if (source->restart)
        HONE_TRY(
            hone__watches_measure(&q->watches, q->session, *quantized, source, options, error));
    return fill_report(q, report, error);
}

static hone_status check(const hone_model *model, const hone_sample_source *source,
                         const hone_quantize_options *options, hone_error *error) {
    if (!model || !source || !source->next)
        return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "a model and samples are needed");
    double percentile = percentile_of(options);
    if (percentile >= 50 && percentile <= 100) return HONE_OK;
    return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "percentile %g is not within 50 to 100",
                     percentile);
}

hone_status hone_quantize(const hone_model *model, const hone_sample_source *source,
                          const hone_quantize_options *options, hone_model **quantized,
                          hone_quantize_report *report, hone_error *error) {
    quantizing q = {0};
    *quantized = NULL;
    if (report) *report = (hone_quantize_report){0};
    HONE_TRY(check(model, source, options, error));
    hone_status status = run(&q, model, source, options, quantized, report, error);
    release(&q);
    if (status == HONE_OK) return HONE_OK;
    hone_model_free(*quantized);
    *quantized = NULL;
    if (report) hone_quantize_report_free(report);
    return status;
}

void hone_quantize_report_free(hone_quantize_report *report) {
    if (!report || !report->layers) return;
    for (uint32_t i = 0; i < report->layer_count; i++) {
        char *name = report->layers[i].name;
        if (name) hone__free(NULL, name, strlen(name) + 1);
    }
    hone__free(NULL, report->layers, (report->layer_count + 1u) * sizeof *report->layers);
    *report = (hone_quantize_report){0};
}

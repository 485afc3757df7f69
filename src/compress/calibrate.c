/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the float model on all samples and gathers what its values are. */
#include "base/error.h"
#include "compress/compress.h"

#include <math.h>

static hone_status add_histograms(hone_qplan *plan, hone_error *error) {
    for (uint32_t i = 0; i < plan->value_count; i++) {
        hone_qvalue *q = &plan->values[i];
        if (!q->wanted) continue;
        q->histogram = hone__calloc(plan->allocator, 1, sizeof *q->histogram);
        if (!q->histogram) return hone_fail_memory(error, sizeof *q->histogram);
    }
    return HONE_OK;
}

static hone_status gather(hone_qplan *plan, const hone_session *session, hone_error *error) {
    for (const hone_value *v = plan->graph->first_value; v; v = v->next) {
        hone_tensor view;
        if (!plan->values[v->id].wanted) continue;
        HONE_TRY(hone_session_value(session, v->name, &view, error));
        hone__histogram_add(plan->values[v->id].histogram, view.data, view.bytes / sizeof(float));
    }
    return HONE_OK;
}

static hone_status report_progress(const hone_quantize_options *options, uint64_t done,
                                   hone_error *error) {
    if (!options || !options->progress) return HONE_OK;
    if (options->progress(options->progress_user, "calibrating", done, 0)) return HONE_OK;
    return hone_fail(error, HONE_CANCELLED, HONE_NO_OFFSET, "cancelled");
}

static hone_status run_all(hone_qplan *plan, hone_session *session,
                           const hone_sample_source *source, const hone_quantize_options *options,
                           hone_tensor *inputs, hone_tensor *outputs, uint64_t *samples,
                           hone_error *error) {
    for (*samples = 0;; ++*samples) {
        HONE_TRY(report_progress(options, *samples, error));
        hone_status status = source->next(source->user, inputs, error);
        if (status == HONE_NOT_FOUND) break;
        if (status != HONE_OK) return status;
        for (uint32_t i = 0; i < hone_session_outputs(session); i++) outputs[i] = (hone_tensor){0};
        HONE_TRY(hone_session_run(session, inputs, outputs, error));
        HONE_TRY(gather(plan, session, error));
    }
    if (*samples > 0) return HONE_OK;
    return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "there are no samples to calibrate on");
}

hone_status hone__calibrate(hone_qplan *plan, hone_session *session,
                            const hone_sample_source *source, const hone_quantize_options *options,
                            uint64_t *samples, hone_error *error) {
    size_t in = hone_session_inputs(session) + 1u, out = hone_session_outputs(session) + 1u;
    hone_tensor *inputs = hone__calloc(plan->allocator, in, sizeof *inputs);
    hone_tensor *outputs = hone__calloc(plan->allocator, out, sizeof *outputs);
    hone_status status = inputs && outputs ? add_histograms(plan, error)
                                           : hone_fail_memory(error, in * sizeof *inputs);
    if (status == HONE_OK)
        status = run_all(plan, session, source, options, inputs, outputs, samples, error);
    hone__free(plan->allocator, inputs, in * sizeof *inputs);
    hone__free(plan->allocator, outputs, out * sizeof *outputs);
    return status;
}

/* Zero must be a code, or padding and clamps at zero would be off. */
static void fit(hone_qvalue *q) {
    float low = q->low < 0 ? q->low : 0, high = q->high > 0 ? q->high : 0;
    double span = (double)high - (double)low;
    q->scale = (float)(span / 255);
    if (!(q->scale >= 1e-30f)) q->scale = 1; /* nothing but zeros came */
    double zero = nearbyint(-(double)low / (double)q->scale);
    q->zero = (uint8_t)(zero > 255 ? 255 : zero);
}

static void find_ranges(hone_qplan *plan, double percentile) {
    for (uint32_t i = 0; i < plan->value_count; i++) {
        hone_qvalue *q = &plan->values[i], *root = &plan->values[hone__qplan_root(plan, i)];
        float low, high;
        if (!q->wanted) continue;
        hone__histogram_range(q->histogram, percentile, &low, &high);
        if (low < root->low) root->low = low;
        if (high > root->high) root->high = high;
    }
}

/* How much coarser steps may become so that a concatenation need not change codes. Sharing always
 * costs 1.5 dB on a ShuffleNet detector. */
#define CLOSE 0.1f

static bool are_close(const hone_qvalue *a, const hone_qvalue *b) {
    float low = fminf(a->low, b->low), high = fmaxf(a->high, b->high);
    float least = fminf(a->high - a->low, b->high - b->low);
    return high - low <= least * (1 + CLOSE);
}

static void join_concatenations(hone_qplan *plan) {
    for (const hone_node *node = plan->graph->first_node; node; node = node->next) {
        if (node->op != HONE_OP_Concat || plan->roles[node->id] != HONE_QROLE_OWN) continue;
        uint32_t output = node->outputs[0]->id;
        for (uint32_t i = 0; i < node->input_count; i++) {
            uint32_t input = node->inputs[i]->id;
            if (are_close(&plan->values[hone__qplan_root(plan, input)],
                          &plan->values[hone__qplan_root(plan, output)]))
                hone__qplan_join(plan, input, output);
        }
    }
}

void hone__qplan_fit(hone_qplan *plan, double percentile) {
    find_ranges(plan, percentile);
    join_concatenations(plan);
    for (uint32_t i = 0; i < plan->value_count; i++)
        if (plan->values[i].parent == i) fit(&plan->values[i]);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The best classes of one output. */
#include <hone/eval.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/values.h"
#include <math.h>

/* Values of 0 to 1 that sum to 1 (within what 8-bit outputs round) are probabilities already. */
static bool is_distribution(const float *v, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(v[i] >= 0.0f && v[i] <= 1.0f)) return false;
        sum += (double)v[i];
    }
    return fabs(sum - 1.0) < 0.05;
}

static void softmax(float *v, size_t count) {
    double sum = 0;
    float most = v[0];
    for (size_t i = 1; i < count; i++)
        if (v[i] > most) most = v[i];
    for (size_t i = 0; i < count; i++) sum += exp((double)v[i] - (double)most);
    for (size_t i = 0; i < count; i++) v[i] = (float)(exp((double)v[i] - (double)most) / sum);
}

/* Insertion into the k best so far; equal values keep the lower index first. */
static void insert(hone_ranked *ranked, uint32_t *filled, uint32_t k, int32_t output, float score) {
    uint32_t at = *filled;
    while (at > 0 && (score > ranked[at - 1].score || isnan(ranked[at - 1].score))) at--;
    if (at >= k) return;
    for (uint32_t i = *filled < k ? *filled : k - 1; i > at; i--) ranked[i] = ranked[i - 1];
    ranked[at] = (hone_ranked){output, score, NULL};
    if (*filled < k) (*filled)++;
}

hone_status hone_top_k(const hone_model *model, const hone_card *card, const hone_tensor *output,
                       uint32_t row, uint32_t k, hone_ranked *ranked, uint32_t *count,
                       hone_error *error) {
    uint32_t rows = output->shape.rank > 1 ? (uint32_t)output->shape.dim[0] : 1;
    float *values = NULL;
    hone_row view;
    *count = 0;
    if (row >= rows) return hone_fail(error, HONE_USAGE, HONE_NO_OFFSET, "row %u of %u", row, rows);
    HONE_TRY(hone__row(output, row, rows, hone__output_quant(model, 0), &view, error));
    if (view.count == 0) return HONE_OK;
    values = hone__alloc(NULL, view.count, sizeof *values);
    if (!values) return hone_fail_memory(error, view.count * sizeof *values);
    hone__row_values(&view, values);
    if (!is_distribution(values, view.count)) softmax(values, view.count);
    for (size_t i = 0; i < view.count; i++) insert(ranked, count, k, (int32_t)i, values[i]);
    for (uint32_t i = 0; card && i < *count; i++)
        ranked[i].label = hone_card_label(card, (uint32_t)ranked[i].output);
    hone__free(NULL, values, view.count * sizeof *values);
    return HONE_OK;
}

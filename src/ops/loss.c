/* SPDX-License-Identifier: Apache-2.0 */
/* NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss over (N, C, d...) scores and (N, d...)
 * classes, with class weights and an ignored class. */
#include "ops/family.h"

#include <math.h>

static double value_at(const hone_tensor *tensor, int64_t i) {
    return hone__real_at(tensor->dtype, tensor->data, i);
}

typedef struct loss_job {
    const hone_op_call *call;
    const hone_tensor *scores, *classes, *weights;
    int64_t count, area; /* of (n, d...) places; of d... */
    bool softmax, ignores;
    int64_t ignored;
} loss_job;

/* First score of place i; the next classes' lie `area` apart. */
static int64_t first_score(const loss_job *job, int64_t i) {
    return i / job->area * job->scores->shape.dim[1] * job->area + i % job->area;
}

/* log(sum of exp) of a place's scores. */
static double log_total(const loss_job *job, int64_t i) {
    int64_t first = first_score(job, i), classes = job->scores->shape.dim[1];
    double most = value_at(job->scores, first), sum = 0.0;
    for (int64_t c = 1; c < classes; c++)
        most = fmax(most, value_at(job->scores, first + c * job->area));
    for (int64_t c = 0; c < classes; c++)
        sum += exp(value_at(job->scores, first + c * job->area) - most);
    return log(sum) + most;
}

/* Loss of place i and its weight; an ignored place has neither. */
static hone_status place_loss(const loss_job *job, int64_t i, double *loss, double *weight,
                              hone_error *error) {
    int64_t target = hone__int_at(job->classes->dtype, job->classes->data, i);
    *loss = *weight = 0.0;
    if (job->ignores && target == job->ignored) return HONE_OK;
    if (target < 0 || target >= job->scores->shape.dim[1])
        return hone__mismatch(job->call->node, error, "there is no class %lld", (long long)target);
    double score = value_at(job->scores, first_score(job, i) + target * job->area);
    if (job->softmax) score -= log_total(job, i);
    *weight = job->weights ? value_at(job->weights, target) : 1.0;
    *loss = -score * *weight;
    return HONE_OK;
}

static void put_log_probabilities(const loss_job *job) {
    hone_tensor *out = hone__output(job->call, 1);
    if (!job->softmax || !out) return;
    for (int64_t i = 0; i < job->count; i++) {
        double total = log_total(job, i);
        for (int64_t c = 0; c < job->scores->shape.dim[1]; c++) {
            int64_t at = first_score(job, i) + c * job->area;
            hone__real_put(out->dtype, out->data, at, value_at(job->scores, at) - total);
        }
    }
}

static hone_status prepare(const hone_op_call *call, loss_job *job, hone_error *error) {
    const hone_attr *ignored = hone_node_attr(call->node, "ignore_index");
    const hone_shape *scores = &call->inputs[0].shape;
    *job = (loss_job){call,
                      &call->inputs[0],
                      &call->inputs[1],
                      hone__input(call, 2),
                      0,
                      0,
                      call->node->op == HONE_OP_SoftmaxCrossEntropyLoss,
                      ignored != NULL,
                      hone_node_int(call->node, "ignore_index", 0)};
    if (scores->rank < 2 || scores->dim[1] < 1)
        return hone__mismatch(call->node, error, "the scores have no classes");
    job->area = hone__shape_span(scores, 2, scores->rank);
    job->count = scores->dim[0] * job->area;
    if (hone__elements(&job->classes->shape) != job->count ||
        (job->weights && hone__elements(&job->weights->shape) != scores->dim[1]))
        return hone__mismatch(call->node, error, "classes or weights do not fit the scores");
    return HONE_OK;
}

static hone_status run_loss(const hone_op_call *call, hone_error *error) {
    hone_tensor *out = &call->outputs[0];
    const char *reduction = hone_node_string(call->node, "reduction", "mean");
    bool each = strcmp(reduction, "none") == 0, mean = strcmp(reduction, "mean") == 0;
    double sum = 0.0, weights = 0.0;
    loss_job job;
    HONE_TRY(prepare(call, &job, error));
    if (hone__elements(&out->shape) != (each ? job.count : 1))
        return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    for (int64_t i = 0; i < job.count; i++) {
        double loss, weight;
        HONE_TRY(place_loss(&job, i, &loss, &weight, error));
        if (each) hone__real_put(out->dtype, out->data, i, loss);
        sum += loss;
        weights += weight;
    }
    if (!each) hone__real_put(out->dtype, out->data, 0, mean ? sum / weights : sum);
    put_log_probabilities(&job);
    return HONE_OK;
}

static hone_status check_loss(const hone_node *node, hone_error *error) {
    const char *reduction = hone_node_string(node, "reduction", "mean");
    if (strcmp(reduction, "none") != 0 && strcmp(reduction, "mean") != 0 &&
        strcmp(reduction, "sum") != 0)
        return hone__unsupported(node, error, "reduction '%s'", reduction);
    if (node->output_count > 0 && !node->outputs[0])
        return hone__unsupported(node, error, "its first output is missing");
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_INTEGER, error));
    return hone__check_input(node, 2, HONE__TAKES_REAL, error);
}

const hone_op_family hone__family_nll_loss = {run_loss, HONE__TAKES_REAL, check_loss, NULL};
const hone_op_family hone__family_softmax_loss = {run_loss, HONE__TAKES_REAL, check_loss, NULL};

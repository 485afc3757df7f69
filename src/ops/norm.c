/* SPDX-License-Identifier: Apache-2.0 */
/* Normalizations. Most are one thing: a run of numbers gets its mean taken off and is divided by
 * its deviation; what differs is which numbers make a run, and what scales them afterwards. */
#include "ops/elementwise.h"

#include <math.h>

static double value_at(const hone_tensor *tensor, int64_t i) {
    return hone__real_at(tensor->dtype, tensor->data, i);
}

static double epsilon_of(const hone_node *node) {
    return (double)hone_node_float(node, "epsilon", 1e-5f);
}

/* Mean and variance (of the population) of `count` numbers one after the other. */
static void moments(const hone_tensor *in, int64_t first, int64_t count, double *mean,
                    double *variance) {
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < count; i++) sum += value_at(in, first + i);
    *mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++) {
        double x = value_at(in, first + i) - *mean;
        squares += x * x;
    }
    *variance = squares / (double)count;
}

static hone_status need(const hone_op_call *call, uint32_t index, int64_t elements,
                        hone_error *error) {
    const hone_tensor *in = hone__input(call, index);
    if (!in || hone__elements(&in->shape) == elements) return HONE_OK;
    return hone__mismatch(call->node, error, "input %u must have %lld elements", (unsigned)index,
                          (long long)elements);
}

static hone_status check_real_inputs(const hone_node *node, hone_error *error) {
    for (uint32_t i = 1; i < node->input_count; i++)
        HONE_TRY(hone__check_input(node, i, HONE__TAKES_REAL, error));
    return HONE_OK;
}

/* BatchNormalization. In training mode the batch's own moments are used and the running ones are
 * given out. */

static void batch_moments(const hone_tensor *in, int64_t channel, double *mean, double *variance) {
    int64_t channels = in->shape.dim[1], area = hone__shape_span(&in->shape, 2, in->shape.rank);
    double sum = 0.0, squares = 0.0, count = (double)(in->shape.dim[0] * area);
    for (int64_t n = 0; n < in->shape.dim[0]; n++)
        for (int64_t i = 0; i < area; i++) sum += value_at(in, (n * channels + channel) * area + i);
    *mean = sum / count;
    for (int64_t n = 0; n < in->shape.dim[0]; n++)
        for (int64_t i = 0; i < area; i++) {
            double x = value_at(in, (n * channels + channel) * area + i) - *mean;
            squares += x * x;
        }
    *variance = squares / count;
}

static void put_running(const hone_op_call *call, uint32_t index, int64_t channel, double now) {
    double momentum = (double)hone_node_float(call->node, "momentum", 0.9f);
    const hone_tensor *old = &call->inputs[index + 2];
    hone_tensor *out = hone__output(call, index);
    if (out)
        hone__real_put(out->dtype, out->data, channel,
                       value_at(old, channel) * momentum + now * (1.0 - momentum));
}

static hone_status run_batch_norm(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    bool training = hone_node_int(call->node, "training_mode", 0) != 0;
    if (in->shape.rank < 1) return hone__mismatch(call->node, error, "the input is a scalar");
    int64_t channels = in->shape.rank > 1 ? in->shape.dim[1] : 1;
    int64_t area = in->shape.rank > 1 ? hone__shape_span(&in->shape, 2, in->shape.rank) : 1;
    for (uint32_t i = 1; i < 5; i++) HONE_TRY(need(call, i, channels, error));
    for (int64_t c = 0; c < channels; c++) {
        double mean = value_at(&call->inputs[3], c), variance = value_at(&call->inputs[4], c);
        if (training) {
            batch_moments(in, c, &mean, &variance);
            put_running(call, 1, c, mean);
            put_running(call, 2, c, variance);
        }
        double scale = value_at(&call->inputs[1], c) / sqrt(variance + epsilon_of(call->node));
        double shift = value_at(&call->inputs[2], c);
        for (int64_t n = 0; n < in->shape.dim[0]; n++)
            for (int64_t i = 0; i < area; i++) {
                int64_t at = (n * channels + c) * area + i;
                hone__real_put(out->dtype, out->data, at,
                               (value_at(in, at) - mean) * scale + shift);
            }
    }
    return HONE_OK;
}

static hone_status check_batch_norm(const hone_node *node, hone_error *error) {
    if (hone_node_int(node, "training_mode", 0) != 0 && node->inputs[0]->shape.rank == 1)
        return hone__unsupported(node, error, "training mode over one dimension");
    return check_real_inputs(node, error);
}

const hone_op_family hone__family_batch_norm = {run_batch_norm, HONE__TAKES_REAL, check_batch_norm,
                                                NULL};

/* Instance and group normalization: runs of `channels` channels each, scale and bias by channel. */
static hone_status normalize_groups(const hone_op_call *call, int64_t groups, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    if (in->shape.rank < 2 || groups < 1 || in->shape.dim[1] % groups != 0)
        return hone__mismatch(call->node, error, "the channels do not split into the groups");
    int64_t channels = in->shape.dim[1], area = hone__shape_span(&in->shape, 2, in->shape.rank);
    int64_t run = channels / groups * area;
    HONE_TRY(need(call, 1, channels, error));
    HONE_TRY(need(call, 2, channels, error));
    for (int64_t g = 0; g < in->shape.dim[0] * groups && run > 0; g++) {
        double mean, variance;
        moments(in, g * run, run, &mean, &variance);
        double factor = 1.0 / sqrt(variance + epsilon_of(call->node));
        for (int64_t i = g * run; i < (g + 1) * run; i++) {
            int64_t channel = i / area % channels;
            double x = (value_at(in, i) - mean) * factor;
            hone__real_put(out->dtype, out->data, i,
                           x * value_at(&call->inputs[1], channel) +
                               value_at(&call->inputs[2], channel));
        }
    }
    return HONE_OK;
}

static hone_status run_instance_norm(const hone_op_call *call, hone_error *error) {
    const hone_shape *shape = &call->inputs[0].shape;
    return normalize_groups(call, shape->rank > 1 && shape->dim[1] > 0 ? shape->dim[1] : 1, error);
}

static hone_status run_group_norm(const hone_op_call *call, hone_error *error) {
    return normalize_groups(call, hone_node_int(call->node, "num_groups", 1), error);
}

const hone_op_family hone__family_instance_norm = {run_instance_norm, HONE__TAKES_REAL,
                                                   check_real_inputs, NULL};
const hone_op_family hone__family_group_norm = {run_group_norm, HONE__TAKES_REAL, check_real_inputs,
                                                NULL};

/* Layer and RMS normalization: runs are the last dimensions from `axis` on; scale and bias
 * broadcast to a run. The normalized numbers stand in the output before they are scaled. */

typedef struct scale_job {
    const hone_tensor *by, *out;
    bool add;
} scale_job;

static void scale_row(void *context, const int64_t *at, const int64_t *step, int64_t count) {
    const scale_job *job = (const scale_job *)context;
    for (int64_t i = 0; i < count; i++) {
        int64_t to = at[1] + i * step[1];
        double by = value_at(job->by, at[0] + i * step[0]), x = value_at(job->out, to);
        hone__real_put(job->out->dtype, job->out->data, to, job->add ? x + by : x * by);
    }
}

static hone_status scale_output(const hone_op_call *call, uint32_t index, bool add,
                                hone_error *error) {
    const hone_tensor *by = hone__input(call, index);
    if (!by) return HONE_OK;
    scale_job job = {by, &call->outputs[0], add};
    hone__nest nest = hone__nest_over(&job.out->shape);
    HONE_TRY(hone__nest_add_checked(&nest, call, by, error));
    hone__nest_add(&nest, &job.out->shape);
    hone__nest_run(nest, scale_row, &job);
    return HONE_OK;
}

static void put_optional(const hone_op_call *call, uint32_t index, int64_t at, double value) {
    hone_tensor *out = hone__output(call, index);
    if (out) hone__real_put(out->dtype, out->data, at, value);
}

static hone_status run_layer_norm(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    bool centered = call->node->op == HONE_OP_LayerNormalization;
    int32_t axis;
    HONE_TRY(hone__axis_attribute(call->node, "axis", -1, in->shape.rank, &axis, error));
    int64_t runs = hone__shape_span(&in->shape, 0, axis);
    int64_t run = hone__shape_span(&in->shape, axis, in->shape.rank);
    for (uint32_t i = 1; i < 3; i++)
        if (hone__output(call, i) && hone__elements(&call->outputs[i].shape) != runs)
            return hone__mismatch(call->node, error, "output %u is not of the planned shape", i);
    for (int64_t r = 0; r < runs && run > 0; r++) {
        double mean, variance;
        moments(in, r * run, run, &mean, &variance);
        if (!centered) variance += mean * mean, mean = 0.0;
        double factor = 1.0 / sqrt(variance + epsilon_of(call->node));
        for (int64_t i = r * run; i < (r + 1) * run; i++)
            hone__real_put(out->dtype, out->data, i, (value_at(in, i) - mean) * factor);
        put_optional(call, 1, r, mean);
        put_optional(call, 2, r, factor);
    }
    HONE_TRY(scale_output(call, 1, false, error));
    return scale_output(call, 2, true, error);
}

const hone_op_family hone__family_layer_norm = {run_layer_norm, HONE__TAKES_REAL, check_real_inputs,
                                                NULL};
const hone_op_family hone__family_rms_norm = {run_layer_norm, HONE__TAKES_REAL, check_real_inputs,
                                              NULL};

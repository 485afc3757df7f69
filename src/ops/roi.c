/* SPDX-License-Identifier: Apache-2.0 */
/* RoiAlign and MaxRoiPool: a box of a feature map cut into bins, each made one number. */
#include "ops/family.h"

#include <math.h>

#define SAMPLES_MOST 4096 /* of one bin along one dimension: a larger box is a mistake */

static double value_at(const hone_tensor *tensor, int64_t i) {
    return hone__real_at(tensor->dtype, tensor->data, i);
}

static hone_status read_batch(const hone_op_call *call, double batch, int64_t *index,
                              hone_error *error) {
    if (!(batch >= 0.0 && batch < (double)call->inputs[0].shape.dim[0]))
        return hone__mismatch(call->node, error, "a region of batch entry %g", batch);
    *index = (int64_t)batch;
    return HONE_OK;
}

/* Samples of one bin: `count` along y and x, the first at `first`, `step` apart. */
typedef struct bin {
    double first[2], step[2];
    int64_t count[2];
    bool max;
} bin;

/* Low and high neighbour along a dimension and the share of the high one; false: outside. */
static bool neighbours(double x, int64_t dim, int64_t *low, int64_t *high, double *share) {
    if (!(x >= -1.0 && x <= (double)dim) || dim < 1) return false;
    if (x < 0.0) x = 0.0;
    *low = (int64_t)x;
    if (*low >= dim - 1) *low = dim - 1, x = (double)*low;
    *high = *low + 1 < dim ? *low + 1 : *low;
    *share = x - (double)*low;
    return true;
}

static double sample(const hone_tensor *in, int64_t plane, double y, double x, bool max) {
    int64_t height = in->shape.dim[2], width = in->shape.dim[3], row[2], column[2];
    double down, right, best = 0.0, sum = 0.0;
    if (!neighbours(y, height, &row[0], &row[1], &down) ||
        !neighbours(x, width, &column[0], &column[1], &right))
        return 0.0;
    for (int i = 0; i < 4; i++) {
        double weight = (i & 2 ? down : 1.0 - down) * (i & 1 ? right : 1.0 - right);
        int64_t at = (plane * height + row[i >> 1]) * width + column[i & 1];
        double part = weight * value_at(in, at);
        sum += part;
        if (i == 0 || part > best) best = part;
    }
    return max ? best : sum;
}

static double pool_bin(const hone_tensor *in, int64_t plane, const bin *b) {
    double sum = 0.0, best = 0.0;
    int64_t taken = 0;
    for (int64_t i = 0; i < b->count[0]; i++)
        for (int64_t j = 0; j < b->count[1]; j++) {
            double value = sample(in, plane, b->first[0] + ((double)i + 0.5) * b->step[0],
                                  b->first[1] + ((double)j + 0.5) * b->step[1], b->max);
            sum += value;
            if (taken++ == 0 || value > best) best = value;
        }
    if (b->max) return best;
    return sum / (double)(taken > 0 ? taken : 1);
}

/* Start and bin size of region r along y and x. */
static hone_status read_region(const hone_op_call *call, int64_t r, double *start, double *size,
                               int64_t *samples, hone_error *error) {
    const hone_tensor *rois = &call->inputs[1];
    const hone_shape *out = &call->outputs[0].shape;
    double scale = (double)hone_node_float(call->node, "spatial_scale", 1.0f);
    int64_t ratio = hone_node_int(call->node, "sampling_ratio", 0);
    bool half = strcmp(hone_node_string(call->node, "coordinate_transformation_mode", "half_pixel"),
                       "half_pixel") == 0;
    for (int d = 0; d < 2; d++) { /* a region is x1, y1, x2, y2 */
        double from = value_at(rois, r * 4 + 1 - d) * scale - (half ? 0.5 : 0.0);
        double to = value_at(rois, r * 4 + 3 - d) * scale - (half ? 0.5 : 0.0);
        double length = !half && to - from < 1.0 ? 1.0 : to - from;
        double bins = (double)out->dim[2 + d],
               wanted = ratio > 0 ? (double)ratio : ceil(length / bins);
        start[d] = from;
        size[d] = length / bins;
        if (!(wanted <= SAMPLES_MOST))
            return hone__mismatch(call->node, error, "region %lld is too large", (long long)r);
        samples[d] = wanted > 0.0 ? (int64_t)wanted : 0;
    }
    return HONE_OK;
}

static hone_status align_region(const hone_op_call *call, int64_t r, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *out = &call->outputs[0];
    int64_t batch, channels = out->shape.dim[1], high = out->shape.dim[2], wide = out->shape.dim[3];
    double start[2], size[2];
    bin b = {.max = strcmp(hone_node_string(call->node, "mode", "avg"), "max") == 0};
    HONE_TRY(read_batch(call, value_at(&call->inputs[2], r), &batch, error));
    HONE_TRY(read_region(call, r, start, size, b.count, error));
    for (int d = 0; d < 2; d++) b.step[d] = b.count[d] > 0 ? size[d] / (double)b.count[d] : 0.0;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < high * wide; i++) {
            b.first[0] = start[0] + (double)(i / wide) * size[0];
            b.first[1] = start[1] + (double)(i % wide) * size[1];
            hone__real_put(out->dtype, out->data, (r * channels + c) * high * wide + i,
                           pool_bin(in, batch * channels + c, &b));
        }
    return HONE_OK;
}

static hone_status check_regions(const hone_op_call *call, int64_t width, int64_t *regions,
                                 hone_error *error) {
    const hone_shape *in = &call->inputs[0].shape, *rois = &call->inputs[1].shape;
    const hone_shape *out = &call->outputs[0].shape;
    if (in->rank != 4 || out->rank != 4 || rois->rank != 2 || rois->dim[1] != width ||
        out->dim[0] != rois->dim[0] || out->dim[1] != in->dim[1])
        return hone__mismatch(call->node, error, "the regions do not fit the input");
    *regions = rois->dim[0];
    return HONE_OK;
}

static hone_status run_roi_align(const hone_op_call *call, hone_error *error) {
    int64_t regions;
    HONE_TRY(check_regions(call, 4, &regions, error));
    if (hone__elements(&call->inputs[2].shape) != regions)
        return hone__mismatch(call->node, error, "there must be one batch index a region");
    for (int64_t r = 0; r < regions; r++) HONE_TRY(align_region(call, r, error));
    return HONE_OK;
}

static hone_status check_roi_align(const hone_node *node, hone_error *error) {
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_REAL, error));
    return hone__check_input(node, 2, HONE__TAKES_INTEGER, error);
}

const hone_op_family hone__family_roi_align = {run_roi_align, HONE__TAKES_REAL, check_roi_align,
                                               NULL};

/* First and end of bin i of `bins` along a dimension, after Fast R-CNN. */
static void bin_range(double from, double length, int64_t i, int64_t bins, int64_t dim,
                      int64_t *first, int64_t *end) {
    double size = length / (double)bins;
    double low = floor((double)i * size) + from, high = ceil((double)(i + 1) * size) + from;
    *first = hone__truncate(fmin(fmax(low, 0.0), (double)dim));
    *end = hone__truncate(fmin(fmax(high, 0.0), (double)dim));
}

static double max_in(const hone_tensor *in, int64_t plane, const int64_t *y, const int64_t *x) {
    int64_t height = in->shape.dim[2], width = in->shape.dim[3];
    double best = 0.0;
    for (int64_t i = y[0]; i < y[1]; i++)
        for (int64_t j = x[0]; j < x[1]; j++) {
            double value = value_at(in, (plane * height + i) * width + j);
            if ((i == y[0] && j == x[0]) || value > best) best = value;
        }
    return best;
}

static hone_status run_max_roi_pool(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *rois = &call->inputs[1], *out = &call->outputs[0];
    double scale = (double)hone_node_float(call->node, "spatial_scale", 1.0f);
    int64_t regions, channels = in->shape.dim[1];
    HONE_TRY(check_regions(call, 5, &regions, error));
    int64_t high = out->shape.dim[2], wide = out->shape.dim[3];
    for (int64_t i = 0; i < hone__elements(&out->shape); i++) {
        int64_t r = i / (wide * high * channels), batch, y[2], x[2];
        double box[4];
        HONE_TRY(read_batch(call, value_at(rois, r * 5), &batch, error));
        for (int d = 0; d < 4; d++) box[d] = round(value_at(rois, r * 5 + 1 + d) * scale);
        bin_range(box[0], fmax(box[2] - box[0] + 1.0, 1.0), i % wide, wide, in->shape.dim[3], &x[0],
                  &x[1]);
        bin_range(box[1], fmax(box[3] - box[1] + 1.0, 1.0), i / wide % high, high, in->shape.dim[2],
                  &y[0], &y[1]);
        int64_t plane = batch * channels + i / (wide * high) % channels;
        hone__real_put(out->dtype, out->data, i, max_in(in, plane, y, x));
    }
    return HONE_OK;
}

const hone_op_family hone__family_max_roi_pool = {run_max_roi_pool, HONE__TAKES_REAL,
                                                  check_roi_align, NULL};

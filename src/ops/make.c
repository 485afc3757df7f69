/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that make a tensor from little: Constant, ConstantOfShape, Shape, Size, Range, EyeLike,
 * windows, MelWeightMatrix. */
#include "ops/family.h"

#include <math.h>

static hone_status copy_tensor(const hone_op_call *call, const hone_tensor *from,
                               hone_error *error) {
    hone_tensor *out = &call->outputs[0];
    size_t bytes;
    if (from->dtype != out->dtype || !hone_shape_equal(&from->shape, &out->shape) ||
        !hone__dtype_bytes(from->dtype, hone__elements(&from->shape), &bytes))
        return hone__mismatch(call->node, error, "the value is not the planned one");
    if (bytes > 0) memcpy(out->data, from->data, bytes);
    return HONE_OK;
}

static hone_status run_constant(const hone_op_call *call, hone_error *error) {
    hone_tensor *out = &call->outputs[0];
    const hone_attr *attr = call->node->attrs;
    if (!attr) return hone__mismatch(call->node, error, "it has no value");
    if (attr->kind == HONE_ATTR_TENSOR) return copy_tensor(call, attr->as.tensor, error);
    bool many = attr->kind == HONE_ATTR_INTS || attr->kind == HONE_ATTR_FLOATS;
    if (hone__elements(&out->shape) != (many ? (int64_t)attr->count : 1))
        return hone__mismatch(call->node, error, "the value is not the planned one");
    for (int64_t i = 0; i < hone__elements(&out->shape); i++) {
        if (attr->kind == HONE_ATTR_INT || attr->kind == HONE_ATTR_INTS)
            hone__int_put(out->dtype, out->data, i, many ? attr->as.ints[i] : attr->as.i);
        else
            hone__real_put(out->dtype, out->data, i,
                           (double)(many ? attr->as.floats[i] : attr->as.f));
    }
    return HONE_OK;
}

static hone_status check_constant(const hone_node *node, hone_error *error) {
    hone_attr_kind kind = node->attrs ? node->attrs->kind : HONE_ATTR_GRAPH;
    if (kind == HONE_ATTR_INT || kind == HONE_ATTR_INTS || kind == HONE_ATTR_FLOAT ||
        kind == HONE_ATTR_FLOATS ||
        (kind == HONE_ATTR_TENSOR && node->attrs->as.tensor->dtype != HONE_STRING))
        return HONE_OK;
    return hone__unsupported(node, error, "strings are not supported");
}

const hone_op_family hone__family_constant = {run_constant, HONE__TAKES_ANY, check_constant, NULL};

static hone_status run_fill(const hone_op_call *call, hone_error *error) {
    const hone_attr *attr = hone_node_attr(call->node, "value");
    const hone_tensor *value = attr && attr->kind == HONE_ATTR_TENSOR ? attr->as.tensor : NULL;
    hone_tensor *out = &call->outputs[0];
    int64_t count = hone__elements(&out->shape);
    if (value && (value->dtype != out->dtype || hone__elements(&value->shape) != 1))
        return hone__mismatch(call->node, error, "the value is not one element");
    for (int64_t i = 0; i < count; i++) {
        if (value)
            hone__copy_element(value, 0, out, i);
        else
            hone__int_put(out->dtype, out->data, i, 0);
    }
    return HONE_OK;
}

static hone_status check_fill(const hone_node *node, hone_error *error) {
    if (hone__element_bytes(node->outputs[0]->dtype) > 0) return HONE_OK;
    return hone__unsupported(node, error, "type %s", hone_dtype_name(node->outputs[0]->dtype));
}

const hone_op_family hone__family_fill = {run_fill, HONE__TAKES_INTEGER, check_fill, NULL};

static int64_t clamp_end(int64_t value, int32_t rank) {
    if (value < 0) value += rank;
    return value < 0 ? 0 : value > rank ? rank : value;
}

/* Shape and Size */
static hone_status run_shape(const hone_op_call *call, hone_error *error) {
    const hone_shape *shape = &call->inputs[0].shape;
    hone_tensor *out = &call->outputs[0];
    if (call->node->op == HONE_OP_Size) {
        hone__int_put(out->dtype, out->data, 0, hone__elements(shape));
        return HONE_OK;
    }
    int64_t start = clamp_end(hone_node_int(call->node, "start", 0), shape->rank);
    int64_t end = clamp_end(hone_node_int(call->node, "end", shape->rank), shape->rank);
    if (hone__elements(&out->shape) != (end > start ? end - start : 0))
        return hone__mismatch(call->node, error, "the output's shape is not the planned one");
    for (int64_t d = start; d < end; d++)
        hone__int_put(out->dtype, out->data, d - start, shape->dim[d]);
    return HONE_OK;
}

const hone_op_family hone__family_shape = {run_shape, HONE__TAKES_ANY, NULL, NULL};

static hone_status run_range(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = call->inputs;
    hone_tensor *out = &call->outputs[0];
    for (int i = 0; i < 3; i++)
        if (hone__elements(&in[i].shape) != 1 || in[i].dtype != out->dtype)
            return hone__mismatch(call->node, error, "its inputs must be scalars of one type");
    double first = hone__real_at(in[0].dtype, in[0].data, 0);
    double limit = hone__real_at(in[1].dtype, in[1].data, 0);
    double delta = hone__real_at(in[2].dtype, in[2].data, 0);
    int64_t count = hone__elements(&out->shape);
    double wanted = ceil((limit - first) / delta);
    if (delta == 0.0 || (double)count != (wanted > 0.0 ? wanted : 0.0))
        return hone__mismatch(call->node, error, "the range is not the planned one");
    bool real = hone__kind_of(out->dtype) == HONE__REAL;
    int64_t start = hone__int_at(in[0].dtype, in[0].data, 0);
    int64_t step = hone__int_at(in[2].dtype, in[2].data, 0);
    for (int64_t i = 0; i < count; i++) {
        if (real)
            hone__real_put(out->dtype, out->data, i, first + (double)i * delta);
        else
            hone__int_put(out->dtype, out->data, i,
                          (int64_t)((uint64_t)start + (uint64_t)i * (uint64_t)step));
    }
    return HONE_OK;
}

const hone_op_family hone__family_range = {run_range, HONE__TAKES_NUMBER, NULL, NULL};

static hone_status run_eye(const hone_op_call *call, hone_error *error) {
    hone_tensor *out = &call->outputs[0];
    int64_t k = hone_node_int(call->node, "k", 0);
    if (out->shape.rank != 2) return hone__mismatch(call->node, error, "it makes matrices only");
    for (int64_t row = 0; row < out->shape.dim[0]; row++)
        for (int64_t column = 0; column < out->shape.dim[1]; column++)
            hone__int_put(out->dtype, out->data, row * out->shape.dim[1] + column,
                          column - row == k);
    return HONE_OK;
}

const hone_op_family hone__family_eye_like = {run_eye, HONE__TAKES_ANY, check_fill, NULL};

static const double turn = 6.28318530717958647692;

/* Coefficients of 1, cos and cos of twice the angle. */
static hone_status run_window(const hone_op_call *call, hone_error *error) {
    static const double hann[] = {0.5, -0.5, 0.0}, blackman[] = {0.42, -0.5, 0.08};
    static const double hamming[] = {25.0 / 46.0, -21.0 / 46.0, 0.0};
    hone_tensor *out = &call->outputs[0];
    hone_op op = call->node->op;
    const double *c = op == HONE_OP_HannWindow      ? hann
                      : op == HONE_OP_HammingWindow ? hamming
                                                    : blackman;
    int64_t count = hone__elements(&out->shape);
    if (hone__elements(&call->inputs[0].shape) != 1 ||
        hone__int_at(call->inputs[0].dtype, call->inputs[0].data, 0) != count)
        return hone__mismatch(call->node, error, "the size is not the planned one");
    bool periodic = hone_node_int(call->node, "periodic", 1) != 0;
    double period = periodic || count < 2 ? (double)count : (double)(count - 1);
    for (int64_t i = 0; i < count; i++) {
        double angle = turn * (double)i / period;
        hone__real_put(out->dtype, out->data, i, c[0] + c[1] * cos(angle) + c[2] * cos(2 * angle));
    }
    return HONE_OK;
}

const hone_op_family hone__family_window = {run_window, HONE__TAKES_INTEGER, check_fill, NULL};

static double mel_of(double hertz) {
    return 2595.0 * log10(1.0 + hertz / 700.0);
}
static double hertz_of(double mel) {
    return 700.0 * (pow(10.0, mel / 2595.0) - 1.0);
}

/* The spectrogram bin on which band edge `i` of `bands` + 2 falls. */
static int64_t mel_bin(int64_t i, int64_t bands, double low, double high, int64_t length,
                       double rate) {
    double from = mel_of(low), width = (mel_of(high) - from) / (double)(bands + 2);
    double hertz = hertz_of((double)i * width + from);
    return hone__truncate(floor((double)(length + 1) * hertz / rate));
}

/* Triangular filters, [bins, bands]; MelWeightMatrix of ONNX (after TensorFlow). */
static hone_status run_mel(const hone_op_call *call, hone_error *error) {
    hone_tensor *out = &call->outputs[0];
    double in[5];
    for (int i = 0; i < 5; i++) {
        if (hone__elements(&call->inputs[i].shape) != 1)
            return hone__mismatch(call->node, error, "its inputs must be scalars");
        in[i] = hone__real_at(call->inputs[i].dtype, call->inputs[i].data, 0);
    }
    int64_t bands = hone__truncate(in[0]), length = hone__truncate(in[1]);
    if (out->shape.rank != 2 || length < 0 || out->shape.dim[0] != length / 2 + 1 ||
        out->shape.dim[1] != bands || in[2] <= 0.0 || in[3] < 0.0 || in[4] < in[3])
        return hone__mismatch(call->node, error, "the filters are not the planned ones");
    for (int64_t band = 0; band < bands; band++) {
        int64_t low = mel_bin(band, bands, in[3], in[4], length, in[2]);
        int64_t top = mel_bin(band + 1, bands, in[3], in[4], length, in[2]);
        int64_t high = mel_bin(band + 2, bands, in[3], in[4], length, in[2]);
        for (int64_t bin = 0; bin < out->shape.dim[0]; bin++) {
            double weight = 0.0;
            if (bin == top && low == top)
                weight = 1.0;
            else if (bin >= low && bin <= top)
                weight = (double)(bin - low) / (double)(top - low);
            else if (bin >= top && bin < high)
                weight = (double)(high - bin) / (double)(high - top);
            hone__real_put(out->dtype, out->data, bin * bands + band, weight);
        }
    }
    return HONE_OK;
}

const hone_op_family hone__family_mel_weights = {run_mel, HONE__TAKES_INTEGER, check_fill, NULL};

/* SPDX-License-Identifier: Apache-2.0 */
/* int8 weights, symmetric, one scale an output channel; int32 biases in units of input scale times
 * weight scale, so that a kernel adds them to its sums as they are. */
#include "base/error.h"
#include "compress/compress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static hone_value *input(const hone_node *node, uint32_t index) {
    return index < node->input_count ? node->inputs[index] : NULL;
}

static bool is_weights(const hone_value *value) {
    return value && value->kind == HONE_VALUE_CONSTANT && value->dtype == HONE_F32 &&
           value->bytes > 0;
}

/* Which dimension of the weights is the output channel, or -1 where the node is not understood. */
static int32_t output_axis(const hone_node *node) {
    const hone_shape *shape = &node->inputs[1]->shape;
    bool plain = hone_node_float(node, "alpha", 1) == 1 && hone_node_float(node, "beta", 1) == 1 &&
                 !hone_node_int(node, "transA", 0);
    switch (node->op) {
    case HONE_OP_Conv:
        return shape->rank >= 3 ? 0 : -1;
    case HONE_OP_ConvTranspose:
        return shape->rank >= 3 ? 1 : -1;
    case HONE_OP_Gemm:
        if (!plain || shape->rank != 2) return -1;
        return hone_node_int(node, "transB", 0) ? 0 : 1;
    case HONE_OP_MatMul:
        return shape->rank == 2 ? 1 : -1;
    default:
        return -1;
    }
}

static bool bias_fits(const hone_value *bias, uint32_t channels) {
    if (!bias) return true;
    const hone_shape *shape = &bias->shape;
    bool row = shape->rank == 1 || (shape->rank == 2 && shape->dim[0] == 1);
    return is_weights(bias) && row && shape->dim[shape->rank - 1] == channels;
}

bool hone__qweights_of(const hone_node *node, hone_qweights *found) {
    if (node->input_count < 2 || !is_weights(node->inputs[1])) return false;
    *found = (hone_qweights){.weights = node->inputs[1], .axis = output_axis(node)};
    if (found->axis < 0) return false;
    int64_t channels = found->weights->shape.dim[found->axis];
    if (channels < 1 || channels > INT32_MAX) return false;
    found->channels = (uint32_t)channels;
    if (node->op == HONE_OP_ConvTranspose) return true; /* its bias stays as it is */
    found->bias = input(node, 2);
    return bias_fits(found->bias, found->channels);
}

hone_status hone__compress_name(const hone_graph *graph, const char *stem, const char *what,
                                char *name, size_t size) {
    int length = snprintf(name, size, "%.*s_%s", (int)size - 40, stem, what);
    for (uint32_t again = graph->value_count; hone_graph_find_value(graph, name); again++)
        snprintf(name + length, size - (size_t)length, "_%u", (unsigned)again);
    return HONE_OK;
}

static float load(const hone_value *value, size_t index) {
    float number;
    memcpy(&number, (const uint8_t *)value->data + index * sizeof number, sizeof number);
    return number;
}

static size_t channel_of(const hone_qweights *w, size_t index) {
    const hone_shape *shape = &w->weights->shape;
    size_t inner = (size_t)hone__shape_span(shape, w->axis + 1, shape->rank);
    return index / inner % w->channels;
}

/* The bias must fit: at most 2^30 steps of it; and where a channel's weights are all zero, the
 * steps are made fine enough for the bias, which is then all there is. */
static float scale_of(float largest, float bias, float input_scale) {
    float scale = largest / 127, limit = 0;
    if (input_scale > 0)
        limit = fabsf(bias) / input_scale / (largest > 0 ? 1073741824.0f : 16777216.0f);
    if (scale < limit) scale = limit;
    return scale > 0 && isfinite(scale) ? scale : 1;
}

static void find_scales(const hone_qweights *w, float input_scale, float *scales) {
    size_t count = w->weights->bytes / sizeof(float);
    memset(scales, 0, w->channels * sizeof *scales);
    for (size_t i = 0; i < count; i++) {
        float size = fabsf(load(w->weights, i));
        float *largest = &scales[channel_of(w, i)];
        if (isfinite(size) && size > *largest) *largest = size;
    }
    for (uint32_t c = 0; c < w->channels; c++)
        scales[c] = scale_of(scales[c], w->bias ? load(w->bias, c) : 0, input_scale);
}

static int8_t round_weight(double value, double scale) {
    double steps = nearbyint(value / scale);
    if (!(steps > -127)) return steps != steps ? 0 : -127;
    return (int8_t)(steps < 127 ? steps : 127);
}

static hone_status constant(hone_graph *graph, const char *stem, const char *what, hone_dtype dtype,
                            const hone_shape *shape, void **fill, hone_value **value,
                            hone_error *error) {
    char name[160];
    size_t bytes;
    HONE_TRY(hone_tensor_bytes(dtype, shape, &bytes, error));
    HONE_TRY(hone__compress_name(graph, stem, what, name, sizeof name));
    return hone_graph_copy_constant(graph, name, dtype, shape, NULL, bytes, fill, value, error);
}

/* stored -> DequantizeLinear -> input `index` of `node`. */
static hone_status dequantize(hone_graph *graph, hone_node *node, uint32_t index,
                              hone_value *stored, hone_value *scales, int32_t axis,
                              hone_error *error) {
    hone_value *inputs[] = {stored, scales}, *output;
    hone_node *made;
    char name[160];
    HONE_TRY(hone__compress_name(graph, stored->name, "dequantized", name, sizeof name));
    HONE_TRY(hone_graph_add_value(graph, name, &output, error));
    HONE_TRY(hone_graph_add_node(graph, HONE_OP_DequantizeLinear, name, inputs, 2, &output, 1, node,
                                 &made, error));
    HONE_TRY(hone_node_set_int(graph, made, "axis", axis, error));
    return hone_node_set_input(graph, node, index, output, error);
}

static hone_status insert_weights(hone_graph *graph, hone_node *node, const hone_qweights *w,
                                  const hone_value *scales, hone_value *scale_value,
                                  hone_error *error) {
    hone_value *stored;
    void *fill;
    HONE_TRY(constant(graph, w->weights->name, "int8", HONE_S8, &w->weights->shape, &fill, &stored,
                      error));
    int8_t *out = (int8_t *)fill;
    for (size_t i = 0; i < stored->bytes; i++)
        out[i] = round_weight((double)load(w->weights, i), (double)load(scales, channel_of(w, i)));
    return dequantize(graph, node, 1, stored, scale_value, w->axis, error);
}

static hone_status insert_bias(hone_graph *graph, hone_node *node, const hone_qweights *w,
                               const hone_value *weight_scales, float input_scale,
                               hone_error *error) {
    hone_value *stored, *scales;
    void *numbers, *units;
    hone_shape shape = {1, {w->channels}};
    HONE_TRY(constant(graph, w->bias->name, "int32", HONE_S32, &shape, &numbers, &stored, error));
    HONE_TRY(constant(graph, w->bias->name, "scale", HONE_F32, &shape, &units, &scales, error));
    for (uint32_t c = 0; c < w->channels; c++) {
        float unit = input_scale * load(weight_scales, c); /* as the runtime multiplies them */
        double steps = nearbyint((double)load(w->bias, c) / (double)unit);
        steps = steps == steps ? fmin(fmax(steps, -2147483647.0), 2147483647.0) : 0;
        ((float *)units)[c] = unit;
        ((int32_t *)numbers)[c] = (int32_t)steps;
    }
    return dequantize(graph, node, 2, stored, scales, 0, error);
}

hone_status hone__qweights_insert(hone_graph *graph, hone_node *node, float input_scale,
                                  hone_error *error) {
    hone_qweights w;
    hone_value *scales;
    void *fill;
    if (!hone__qweights_of(node, &w))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET,
                         "node '%s': its weights cannot be quantized", node->name);
    hone_shape shape = {1, {w.channels}};
    HONE_TRY(constant(graph, w.weights->name, "scale", HONE_F32, &shape, &fill, &scales, error));
    find_scales(&w, input_scale, (float *)fill);
    HONE_TRY(insert_weights(graph, node, &w, scales, scales, error));
    if (!w.bias || input_scale <= 0) return HONE_OK;
    return insert_bias(graph, node, &w, scales, input_scale, error);
}

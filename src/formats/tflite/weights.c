/* SPDX-License-Identifier: Apache-2.0 */
/* Weights and biases in ONNX's order. They stay where the file has them wherever its order of
 * bytes will do, which it does for matrices and for convolutions of one pixel.
 *
 * uint8 weights of quantized layers have any zero point, while integer kernels want int8 round 0:
 * they become that, one scale an output channel. It is exact for every channel whose weights lie
 * within -128 to 127 of the zero point; wide.c keeps convolutions exact where some do not, and what
 * is left (matrices, several scales, grouped convolutions) is rounded to steps just wide enough. */
#include "base/bytes.h"
#include "base/error.h"
#include "formats/tflite/tflite.h"

#include <math.h>

/* Whether the order of bytes stays: dimensions of more than 1 keep their order. */
static bool keeps_order(const hone_shape *shape, const int64_t *perm) {
    int64_t last = -1;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dim[perm[i]] == 1) continue;
        if (perm[i] < last) return false;
        last = perm[i];
    }
    return true;
}

static hone_shape permuted(const hone_shape *shape, const int64_t *perm) {
    hone_shape out = {.rank = shape->rank};
    for (int32_t i = 0; i < shape->rank; i++) out.dim[i] = shape->dim[perm[i]];
    return out;
}

/* Copies elements of `width` bytes into the permuted order. */
static void permute(const hone_shape *shape, const int64_t *perm, size_t width, const uint8_t *from,
                    uint8_t *to) {
    int64_t stride[HONE_MAX_RANK], at[HONE_MAX_RANK] = {0};
    int64_t elements = hone__shape_span(shape, 0, shape->rank);
    for (int32_t i = 0; i < shape->rank; i++)
        stride[i] = hone__shape_span(shape, (int32_t)perm[i] + 1, shape->rank);
    int64_t source = 0;
    for (int64_t n = 0; n < elements; n++) {
        memcpy(to + (size_t)n * width, from + (size_t)source * width, width);
        for (int32_t i = shape->rank - 1; i >= 0; i--) {
            source += stride[i];
            if (++at[i] < shape->dim[perm[i]]) break;
            source -= stride[i] * at[i];
            at[i] = 0;
        }
    }
}

static hone_status in_order(hone_tfl_reader *reader, hone_tfl_tensor *tensor, const int64_t *perm,
                            hone_value **value, hone_error *error) {
    hone_value *stored = NULL;
    void *fill = NULL;
    HONE_TRY(hone__tfl_stored(reader, tensor, HONE_TFL_FILE, &stored, error)); /* checks the type */
    hone_shape shape = permuted(&tensor->shape, perm);
    if (keeps_order(&tensor->shape, perm)) {
        if (!hone_shape_equal(&shape, &tensor->shape))
            return hone_graph_add_constant(reader->graph, "", tensor->dtype, &shape, tensor->data,
                                           tensor->bytes, value, error);
        *value = stored;
        return HONE_OK;
    }
    HONE_TRY(hone__tfl_copy(reader, tensor->name, tensor->dtype, &shape, &fill, value, error));
    permute(&tensor->shape, perm, hone_dtype_bits(tensor->dtype) / 8, tensor->data, fill);
    return HONE_OK;
}

/* ---- uint8 round any zero point ---- */

static bool is_lopsided(const hone_tfl_tensor *tensor) {
    for (uint32_t i = 0; i < tensor->scales.count; i++)
        if (hone__tfl_zero(tensor, i) != (tensor->dtype == HONE_U8 ? 128 : 0)) return true;
    return false;
}

/* Element i of the tensor as an offset from its zero point; `inner` elements lie between two of
 * neighbouring output channels. */
typedef struct hone_tfl_channels {
    const hone_tfl_tensor *tensor;
    int64_t count, inner;
} hone_tfl_channels;

static int64_t channel_of(const hone_tfl_channels *c, size_t i) {
    return (int64_t)i / c->inner % c->count;
}

static int offset_at(const hone_tfl_channels *c, size_t i) {
    int stored = c->tensor->dtype == HONE_U8 ? c->tensor->data[i] : (int8_t)c->tensor->data[i];
    return stored - (int)hone__tfl_zero(c->tensor, (uint32_t)channel_of(c, i));
}

/* Per channel, what its offsets are divided by: 1 where they fit into int8. */
static void find_widths(const hone_tfl_channels *c, float *width) {
    for (int64_t i = 0; i < c->count; i++) width[i] = 1;
    for (size_t i = 0; i < c->tensor->bytes; i++) {
        int offset = offset_at(c, i);
        float needed = offset > 127 || offset < -128 ? fabsf((float)offset) / 127.0f : 1.0f;
        if (needed > width[channel_of(c, i)]) width[channel_of(c, i)] = needed;
    }
}

static hone_status recentre(hone_tfl_reader *reader, hone_tfl_tensor *tensor, int32_t channels,
                            hone_error *error) {
    const hone_shape *shape = &tensor->shape;
    hone_tfl_channels c = {tensor, shape->dim[channels],
                           hone__shape_span(shape, channels + 1, shape->rank)};
    hone_shape scales = {.rank = 1, .dim = {c.count}};
    hone_value *value = NULL, *scale_value = NULL;
    void *fill = NULL, *memory = NULL;
    HONE_TRY(hone__tfl_copy(reader, tensor->name, HONE_S8, shape, &fill, &value, error));
    HONE_TRY(hone__tfl_copy(reader, tensor->name, HONE_F32, &scales, &memory, &scale_value, error));
    float *width = memory;
    int8_t *out = fill;
    find_widths(&c, width);
    for (size_t i = 0; i < tensor->bytes; i++)
        out[i] = (int8_t)rintf((float)offset_at(&c, i) / width[channel_of(&c, i)]);
    for (int64_t i = 0; i < c.count; i++) width[i] *= hone__tfl_scale(tensor, (uint32_t)i);
    /* from here on the tensor is what it has become */
    tensor->dtype = HONE_S8;
    tensor->data = fill, tensor->stored[HONE_TFL_FILE] = value;
    tensor->scale_value = scale_value, tensor->zero_value = NULL;
    tensor->scales.data = memory, tensor->scales.count = (uint32_t)c.count;
    tensor->zeros.count = 0, tensor->axis = channels;
    return HONE_OK;
}
/* ---- weights ---- */

/* Scales along another dimension than the output channels' make no sense in a layer. */
static hone_status check_scales(const hone_tfl_op *op, const hone_tfl_tensor *tensor,
                                int32_t channels, hone_error *error) {
    if (tensor->scales.count < 2 || tensor->axis == channels) return HONE_OK;
    return hone__tfl_fail(op, error, HONE_UNSUPPORTED,
                          "its weights' scales do not lie along the output channels");
}

static hone_status computed_weights(hone_tfl_op *op, hone_tfl_tensor *tensor, const int64_t *perm,
                                    hone_value **value, hone_error *error) {
    hone_value *real = NULL;
    HONE_TRY(hone__tfl_real(op->reader, tensor, HONE_TFL_FILE, &real, error));
    return hone__tfl_transpose(op->reader, tensor->name, real, perm, (uint32_t)tensor->shape.rank,
                               value, error);
}

static hone_status zero_points(hone_tfl_reader *reader, const hone_tfl_tensor *tensor,
                               const hone_shape *shape, hone_value **value, hone_error *error) {
    void *fill = NULL;
    HONE_TRY(hone__tfl_copy(reader, tensor->name, tensor->dtype, shape, &fill, value, error));
    for (uint32_t i = 0; i < tensor->scales.count; i++)
        ((uint8_t *)fill)[i] = (uint8_t)hone__tfl_zero(tensor, i);
    return HONE_OK;
}

static hone_status dequantize(hone_tfl_reader *reader, const hone_tfl_tensor *tensor,
                              const int64_t *perm, hone_value *stored, hone_value **value,
                              hone_error *error) {
    hone_value *inputs[3] = {stored, NULL, NULL};
    hone_node *node = NULL;
    uint32_t count = tensor->scales.count;
    hone_shape shape = {.rank = count > 1, .dim = {count}};
    HONE_TRY(hone_graph_add_constant(reader->graph, "", HONE_F32, &shape, tensor->scales.data,
                                     count * sizeof(float), &inputs[1], error));
    if (is_lopsided(tensor) || tensor->dtype == HONE_U8)
        HONE_TRY(zero_points(reader, tensor, &shape, &inputs[2], error));
    HONE_TRY(hone__tfl_node_of(reader, tensor->name, HONE_OP_DequantizeLinear, inputs,
                               inputs[2] ? 3 : 2, &node, value, error));
    if (count < 2) return HONE_OK;
    int64_t axis = 0;
    while (perm[axis] != tensor->axis) axis++;
    return hone_node_set_int(reader->graph, node, "axis", axis, error);
}

hone_status hone__tfl_weights(hone_tfl_op *op, hone_tfl_tensor *tensor, const int64_t *perm,
                              int32_t channels, const hone_tfl_tensor *in, hone_value **value,
                              hone_error *error) {
    hone_value *stored = NULL;
    if (!tensor->data) return computed_weights(op, tensor, perm, value, error);
    if (tensor->quantized) HONE_TRY(check_scales(op, tensor, channels, error));
    HONE_TRY(hone__tfl_stored(op->reader, tensor, HONE_TFL_FILE, &stored, error));
    bool bytes = tensor->dtype == HONE_U8 || tensor->dtype == HONE_S8;
    if (tensor->quantized && !bytes)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its weights have more than 8 bits");
    if (tensor->quantized && in->quantized && is_lopsided(tensor))
        HONE_TRY(recentre(op->reader, tensor, channels, error));
    HONE_TRY(in_order(op->reader, tensor, perm, &stored, error));
    if (tensor->quantized) return dequantize(op->reader, tensor, perm, stored, value, error);
    *value = stored;
    if (tensor->dtype != HONE_F16) return HONE_OK;
    hone_node *node = NULL;
    HONE_TRY(
        hone__tfl_node_of(op->reader, tensor->name, HONE_OP_Cast, &stored, 1, &node, value, error));
    return hone_node_set_int(op->reader->graph, node, "to", HONE_F32, error);
}

/* ---- biases ---- */

static double bias_unit(const hone_tfl_tensor *in, const hone_tfl_tensor *weights, uint32_t i) {
    return (double)hone__tfl_scale(in, 0) * hone__tfl_scale_at(&weights->file_scales, i);
}

/* int64, of int16 layers: no operator takes it, so it becomes real here. */
static hone_status wide_bias(hone_tfl_reader *reader, const hone_tfl_tensor *tensor,
                             const hone_tfl_tensor *in, const hone_tfl_tensor *weights,
                             hone_value **value, hone_error *error) {
    void *fill = NULL;
    HONE_TRY(hone__tfl_copy(reader, tensor->name, HONE_F32, &tensor->shape, &fill, value, error));
    for (size_t i = 0; i < tensor->bytes / 8; i++)
        ((float *)fill)[i] = (float)((double)(int64_t)hone__load64(tensor->data + 8 * i) *
                                     bias_unit(in, weights, (uint32_t)i));
    return HONE_OK;
}

hone_status hone__tfl_bias(hone_tfl_op *op, hone_tfl_tensor *tensor, const hone_tfl_tensor *in,
                           const hone_tfl_tensor *weights, hone_value **value, hone_error *error) {
    hone_tfl_reader *reader = op->reader;
    hone_value *inputs[2] = {NULL};
    hone_node *node = NULL;
    void *fill = NULL;
    bool integer = tensor->dtype == HONE_S32 || tensor->dtype == HONE_S64;
    uint32_t count = weights->file_scales.count;
    if (!integer) return hone__tfl_real(reader, tensor, HONE_TFL_FILE, value, error);
    bool fits = tensor->data && tensor->shape.rank == 1 && in->quantized && weights->quantized &&
                in->scales.count == 1 && (count == 1 || tensor->shape.dim[0] == (int64_t)count);
    if (!fits)
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED,
                              "its bias is of integers, its inputs are not quantized like that");
    if (tensor->dtype == HONE_S64) return wide_bias(reader, tensor, in, weights, value, error);
    HONE_TRY(hone__tfl_stored(reader, tensor, HONE_TFL_FILE, &inputs[0], error));
    hone_shape shape = {.rank = count > 1, .dim = {count}};
    HONE_TRY(hone__tfl_copy(reader, tensor->name, HONE_F32, &shape, &fill, &inputs[1], error));
    for (uint32_t i = 0; i < count; i++) ((float *)fill)[i] = (float)bias_unit(in, weights, i);
    HONE_TRY(hone__tfl_node_of(reader, tensor->name, HONE_OP_DequantizeLinear, inputs, 2, &node,
                               value, error));
    return count > 1 ? hone_node_set_int(reader->graph, node, "axis", 0, error) : HONE_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeLinear, DequantizeLinear (per tensor, per axis, blocked), DynamicQuantizeLinear. Integers
 * are rounded to nearest even, then clamped; NaN becomes the zero point. */
#include "ops/quantize.h"

#include <math.h>

static int64_t clamp_to(double value, hone_dtype dtype) {
    int64_t least, most;
    hone__integer_range(dtype, &least, &most);
    if (value < (double)least) return least;
    return value > (double)most ? most : (int64_t)value;
}

int64_t hone__requantize(int32_t sum, float multiplier, int64_t zero, hone_dtype dtype) {
    double real = nearbyint((double)((float)sum * multiplier));
    if (isnan(real)) return zero;
    return clamp_to(real + (double)zero, dtype);
}

/* Which scale element i of the data takes: the data is seen as (outer, dim, inner), the scales as
 * (outer, dim / block, inner), (dim) or one number. */
typedef struct grid {
    int64_t dim, inner, block, blocks;
    bool blocked, one;
} grid;

static int64_t scale_index(const grid *g, int64_t i) {
    if (g->one) return 0;
    int64_t place = i / g->inner % g->dim;
    if (!g->blocked) return place;
    int64_t outer = i / (g->inner * g->dim);
    return (outer * g->blocks + place / g->block) * g->inner + i % g->inner;
}

static hone_status read_grid(const hone_op_call *call, grid *g, hone_error *error) {
    const hone_shape *data = &call->inputs[0].shape, *scale = &call->inputs[1].shape;
    const hone_tensor *zero = hone__input(call, 2);
    int64_t block = hone_node_int(call->node, "block_size", 0), count = hone__elements(scale);
    int32_t axis;
    memset(g, 0, sizeof *g);
    if (zero && hone__elements(&zero->shape) != count)
        return hone__mismatch(call->node, error, "scale and zero point differ in shape");
    g->one = block == 0 && count == 1;
    if (g->one) return HONE_OK;
    HONE_TRY(hone__axis_attribute(call->node, "axis", 1, data->rank, &axis, error));
    g->dim = data->dim[axis];
    g->inner = hone__shape_span(data, axis + 1, data->rank);
    if (block <= 0) {
        if (scale->rank == 1 && count == g->dim) return HONE_OK;
        return hone__mismatch(call->node, error, "there must be one scale an entry of the axis");
    }
    g->blocked = true;
    g->block = block;
    g->blocks = (g->dim + block - 1) / block;
    if (scale->rank == data->rank && scale->dim[axis] == g->blocks &&
        count == hone__shape_span(data, 0, axis) * g->blocks * g->inner)
        return HONE_OK;
    return hone__mismatch(call->node, error, "the scales do not fit the blocks");
}

/* The quotient is taken in the precision of the scale, as ONNX says: float32 unless `precision`. */
static double divide(double x, double scale, hone_dtype precision) {
    if (precision == HONE_F64) return x / scale;
    float quotient = (float)x / (float)scale;
    if (precision == HONE_F16) return (double)hone__f16_to_f32(hone__f32_to_f16(quotient));
    if (precision == HONE_BF16) return (double)hone__bf16_to_f32(hone__f32_to_bf16(quotient));
    return (double)quotient;
}

static hone_dtype precision_of(const hone_op_call *call) {
    hone_dtype given = (hone_dtype)hone_node_int(call->node, "precision", HONE_DTYPE_NONE);
    return given == HONE_DTYPE_NONE ? call->inputs[1].dtype : given;
}

static hone_status run_quantize(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *scale = &call->inputs[1];
    const hone_tensor *zeros = hone__input(call, 2), *out = &call->outputs[0];
    bool saturate = hone_node_int(call->node, "saturate", 1) != 0;
    hone_dtype precision = precision_of(call);
    int64_t count = hone__elements(&in->shape);
    grid g;
    HONE_TRY(read_grid(call, &g, error));
    for (int64_t i = 0; i < count; i++) {
        int64_t s = scale_index(&g, i);
        double x = divide(hone__real_at(in->dtype, in->data, i),
                          hone__real_at(scale->dtype, scale->data, s), precision);
        if (hone__kind_of(out->dtype) == HONE__REAL) {
            (saturate ? hone__real_put : hone__real_put_unsaturated)(out->dtype, out->data, i, x);
            continue;
        }
        int64_t zero = zeros ? hone__int_at(zeros->dtype, zeros->data, s) : 0;
        hone__int_put(out->dtype, out->data, i,
                      isnan(x) ? zero : clamp_to(nearbyint(x) + (double)zero, out->dtype));
    }
    return HONE_OK;
}

static hone_status check_quantize(const hone_node *node, hone_error *error) {
    hone__kind kind = hone__kind_of(node->outputs[0]->dtype);
    if (kind == HONE__NOT_A_NUMBER || node->outputs[0]->dtype == HONE_BOOL ||
        hone_dtype_bits(node->outputs[0]->dtype) > 32)
        return hone__unsupported(node, error, "output type %s",
                                 hone_dtype_name(node->outputs[0]->dtype));
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_REAL, error));
    return hone__check_input(node, 2, HONE__TAKES_NUMBER, error);
}

const hone_op_family hone__family_quantize = {run_quantize, HONE__TAKES_NUMBER, check_quantize,
                                              NULL};

static hone_status run_dequantize(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0], *scale = &call->inputs[1];
    const hone_tensor *zeros = hone__input(call, 2), *out = &call->outputs[0];
    int64_t count = hone__elements(&in->shape);
    grid g;
    HONE_TRY(read_grid(call, &g, error));
    for (int64_t i = 0; i < count; i++) {
        int64_t s = scale_index(&g, i);
        double x = hone__real_at(in->dtype, in->data, i);
        if (zeros) x -= hone__real_at(zeros->dtype, zeros->data, s);
        hone__real_put(out->dtype, out->data, i, x * hone__real_at(scale->dtype, scale->data, s));
    }
    return HONE_OK;
}

static hone_status check_dequantize(const hone_node *node, hone_error *error) {
    HONE_TRY(hone__check_input(node, 1, HONE__TAKES_REAL, error));
    return hone__check_input(node, 2, HONE__TAKES_NUMBER, error);
}

const hone_op_family hone__family_dequantize = {run_dequantize, HONE__TAKES_NUMBER,
                                                check_dequantize, NULL};

/* Range over the data and zero, in float32 as ONNX's function body computes it. */
static hone_status run_quantize_self(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    hone_tensor *out = hone__output(call, 0), *scales = hone__output(call, 1);
    hone_tensor *zeros = hone__output(call, 2);
    int64_t count = hone__elements(&in->shape);
    float low = 0.0f, high = 0.0f;
    for (int64_t i = 0; i < count; i++) {
        float x = (float)hone__real_at(in->dtype, in->data, i);
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    float scale = (high - low) / 255.0f;
    int64_t zero = scale > 0.0f ? clamp_to(nearbyint((double)(-low / scale)), HONE_U8) : 0;
    for (int64_t i = 0; i < count && out; i++) {
        float x = (float)hone__real_at(in->dtype, in->data, i) / scale;
        bool none = isnan(x) || scale == 0.0f;
        hone__int_put(out->dtype, out->data, i,
                      none ? zero : clamp_to(nearbyint((double)x) + (double)zero, HONE_U8));
    }
    if (scales) hone__real_put(scales->dtype, scales->data, 0, (double)scale);
    if (zeros) hone__int_put(zeros->dtype, zeros->data, 0, zero);
    return HONE_OK;
}

const hone_op_family hone__family_quantize_self = {run_quantize_self, HONE__TAKES_REAL, NULL, NULL};

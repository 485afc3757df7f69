/* SPDX-License-Identifier: Apache-2.0 */
/* ConvInteger and QLinearConv: the convolution of integers less their zero points; the second
 * rounds its sums back to 8 bits. */
#include "ops/conv.h"
#include "ops/quantize.h"

static hone_status scalar(const hone_op_call *call, uint32_t index, hone_error *error) {
    const hone_tensor *in = hone__input(call, index);
    if (!in || hone__elements(&in->shape) == 1) return HONE_OK;
    return hone__mismatch(call->node, error, "input %u must be a scalar", (unsigned)index);
}

static hone_status run_conv_integer(const hone_op_call *call, hone_error *error) {
    hone__conv conv = {.x = &call->inputs[0], .w = &call->inputs[1], .out = &call->outputs[0]};
    HONE_TRY(scalar(call, 2, error));
    conv.x_zero = hone__channel_value(hone__input(call, 2), 0);
    conv.w_zero = hone__input(call, 3);
    HONE_TRY(hone__conv_prepare(&conv, call->node, error));
    hone__conv_run(&conv);
    return HONE_OK;
}

static hone_status check_bytes(const hone_node *node, const uint32_t *which, uint32_t count,
                               hone_error *error) {
    for (uint32_t i = 0; i < count; i++) {
        hone_dtype dtype = node->inputs[which[i]]->dtype;
        if (dtype != HONE_U8 && dtype != HONE_S8)
            return hone__unsupported(node, error, "input %u must be of 8 bits", (unsigned)which[i]);
    }
    return HONE_OK;
}

static hone_status check_conv_integer(const hone_node *node, hone_error *error) {
    static const uint32_t which[] = {0, 1};
    HONE_TRY(hone__check_input(node, 2, HONE__TAKES_INTEGER, error));
    HONE_TRY(hone__check_input(node, 3, HONE__TAKES_INTEGER, error));
    return check_bytes(node, which, 2, error);
}

const hone_op_family hone__family_conv_integer = {run_conv_integer, HONE__TAKES_INTEGER,
                                                  check_conv_integer, NULL};

/* Inputs: x, its scale, its zero; w, scale, zero; the output's scale, zero; bias. */
static void requantize(const hone__conv *conv, int64_t channel, double *sums, int64_t count) {
    const hone_op_call *call = (const hone_op_call *)conv->user;
    float scale = (float)hone__channel_value(&call->inputs[1], 0) *
                  (float)hone__channel_value(&call->inputs[4], channel) /
                  (float)hone__channel_value(&call->inputs[6], 0);
    int64_t zero = hone__int_at(call->inputs[7].dtype, call->inputs[7].data, 0);
    for (int64_t i = 0; i < count; i++)
        sums[i] = (double)hone__requantize((int32_t)hone__truncate(sums[i]), scale, zero,
                                           conv->out->dtype);
}

static hone_status run_qlinear_conv(const hone_op_call *call, hone_error *error) {
    static const uint32_t scalars[] = {1, 2, 6, 7};
    hone__conv conv = {.x = &call->inputs[0], .w = &call->inputs[3], .out = &call->outputs[0]};
    for (int i = 0; i < 4; i++) HONE_TRY(scalar(call, scalars[i], error));
    conv.x_zero = hone__channel_value(&call->inputs[2], 0);
    conv.w_zero = &call->inputs[5];
    conv.bias = hone__input(call, 8);
    conv.finish = requantize;
    conv.user = call;
    HONE_TRY(hone__conv_prepare(&conv, call->node, error));
    int64_t scales = hone__elements(&call->inputs[4].shape);
    if (scales != 1 && scales != conv.w->shape.dim[0])
        return hone__mismatch(call->node, error, "there must be one scale a channel");
    hone__conv_run(&conv);
    return HONE_OK;
}

static hone_status check_qlinear_conv(const hone_node *node, hone_error *error) {
    static const uint32_t bytes[] = {0, 3, 7}, reals[] = {1, 4, 6};
    for (int i = 0; i < 3; i++)
        HONE_TRY(hone__check_input(node, reals[i], HONE__TAKES_REAL, error));
    HONE_TRY(hone__check_input(node, 2, HONE__TAKES_INTEGER, error));
    HONE_TRY(hone__check_input(node, 5, HONE__TAKES_INTEGER, error));
    HONE_TRY(hone__check_input(node, 8, HONE__TAKES_INTEGER, error));
    return check_bytes(node, bytes, 3, error);
}

const hone_op_family hone__family_qlinear_conv = {run_qlinear_conv, HONE__TAKES_INTEGER,
                                                  check_qlinear_conv, NULL};

/* SPDX-License-Identifier: Apache-2.0 */
/* What ops_conv.c and wide.c share. */
#ifndef HONE_FORMATS_TFLITE_OPS_CONV_H
#define HONE_FORMATS_TFLITE_OPS_CONV_H

#include "formats/tflite/ops.h"

/* A window over height and width, in this order. */
typedef struct hone_tfl_window {
    int64_t kernel[2], stride[2], dilation[2];
    int64_t pads[4]; /* top, left, bottom, right */
    uint8_t padding;
} hone_tfl_window;

/* The layer itself, its activation, its quantization. inputs[2] may be NULL. */
hone_status hone__tfl_convolve(hone_tfl_op *op, hone_value *const inputs[3],
                               const hone_tfl_window *w, int64_t groups, int8_t activation,
                               hone_error *error);

/* Whether constant 8-bit weights reach further from their zero point than int8 does. */
bool hone__tfl_is_wide(const hone_tfl_tensor *weights);
/* Input and weights of an ungrouped convolution with wide weights. */
hone_status hone__tfl_wide_inputs(hone_tfl_op *op, hone_tfl_tensor *in,
                                  const hone_tfl_tensor *weights, hone_value *inputs[2],
                                  hone_error *error);
/* Output channels of a depthwise convolution whose weights (as the file has them) are wide: made
 * anew, in the place of those that are there. */
hone_status hone__tfl_wide_channels(hone_tfl_op *op, hone_tfl_tensor *in,
                                    const hone_tfl_tensor *weights, const hone_tfl_window *w,
                                    int8_t activation, hone_error *error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The table of builtins.def. */
#include "formats/tflite/ops.h"

static const hone_tfl_row rows[] = {
#define HONE_TFL(number, builtin, function, onnx, least_in, least_out, union_number)               \
    [number] = {.name = #builtin,                                                                  \
                .build = hone__tfl_op_##function,                                                  \
                .op = HONE_OP_##onnx,                                                              \
                .min_inputs = least_in,                                                            \
                .min_outputs = least_out,                                                          \
                .options = union_number},
#define HONE_TFL_KEPT(number, builtin) [number] = {.name = #builtin},
#include "formats/tflite/builtins.def"
#undef HONE_TFL
#undef HONE_TFL_KEPT
};

const hone_tfl_row *hone__tfl_row(int32_t code) {
    if (code < 0 || (size_t)code >= sizeof rows / sizeof *rows || !rows[code].name) return NULL;
    return &rows[code];
}

/* SPDX-License-Identifier: Apache-2.0 */
/* uint8 weights that lie further from their zero point than int8 reaches, kept exact on kernels of
 * int8 weights: w = w1 + w2, each int8, and the input channel that w2 weighs is there twice.
 *
 * They are few as a rule (one or two weights of a layer). A convolution gets the input channels
 * concerned once more behind the others. A depthwise one has no sum over channels to put them into:
 * its channels concerned are made by a small grouped convolution and put in their places. */
#include "base/error.h"
#include "formats/tflite/ops_conv.h"

#include <string.h>

/* Element i as an offset from the zero point, -255 to 255. */
static int offset_at(const hone_tfl_tensor *t, size_t i) {
    int stored = t->dtype == HONE_U8 ? t->data[i] : (int8_t)t->data[i];
    return stored - (int)hone__tfl_zero(t, 0);
}

static int8_t near_part(int offset) {
    return (int8_t)(offset > 127 ? 127 : offset < -128 ? -128 : offset);
}

/* 0 where it is not wide; 255 round 0 would leave 128, which does not fit. */
static int far_part(int offset) {
    return offset - near_part(offset);
}

bool hone__tfl_is_wide(const hone_tfl_tensor *weights) {
    bool wide = false;
    if (!weights->data || !weights->quantized || weights->scales.count != 1) return false;
    if (weights->dtype != HONE_U8 && weights->dtype != HONE_S8) return false;
    for (size_t i = 0; i < weights->bytes; i++) {
        int rest = far_part(offset_at(weights, i));
        if (rest > 127) return false;
        wide = wide || rest != 0;
    }
    return wide;
}

/* Channels (the file's last dimension) that have a wide weight; copies times each, in order. */
static hone_status find_channels(hone_tfl_op *op, const hone_tfl_tensor *weights, uint32_t copies,
                                 int64_t **list, uint32_t *count, hone_error *error) {
    size_t channels = (size_t)weights->shape.dim[3];
    uint8_t *marks = hone__arena_alloc(&op->reader->scratch, channels, 1);
    *list = hone__arena_alloc(&op->reader->scratch, channels * copies, sizeof **list);
    *count = 0;
    if (!marks || !*list) return hone_fail_memory(error, channels * copies * sizeof **list);
    for (size_t i = 0; i < weights->bytes; i++)
        if (far_part(offset_at(weights, i))) marks[i % channels] = 1;
    for (size_t c = 0; c < channels; c++)
        for (uint32_t k = 0; k < copies && marks[c]; k++) (*list)[(*count)++] = (int64_t)c;
    return HONE_OK;
}

static hone_status pick(hone_tfl_op *op, hone_value *from, const int64_t *channels, uint32_t count,
                        hone_value **value, hone_error *error) {
    hone_value *inputs[2] = {from, NULL};
    hone_node *node = NULL;
    HONE_TRY(hone__tfl_ints(op->reader, op->outputs[0]->name, channels, count, &inputs[1], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Gather, inputs, 2, &node, value, error));
    return hone_node_set_int(op->reader->graph, node, "axis", 1, error);
}

/* The real value of `stored`, which has the parameters of `like`. */
static hone_status real_of(hone_tfl_op *op, const hone_tfl_tensor *like, hone_value *stored,
                           hone_value **value, hone_error *error) {
    hone_tfl_tensor part = *like;
    part.data = NULL, part.padded = NULL;
    memset(part.real, 0, sizeof part.real);
    part.stored[HONE_TFL_FILE] = NULL, part.stored[HONE_TFL_FIRST] = stored;
    return hone__tfl_real(op->reader, &part, HONE_TFL_FIRST, value, error);
}

/* int8 weights in ONNX's order behind DequantizeLinear. */
static hone_status real_weights(hone_tfl_op *op, const hone_tfl_tensor *weights, hone_value *stored,
                                hone_value **value, hone_error *error) {
    hone_value *inputs[2] = {stored, NULL};
    hone_node *node;
    HONE_TRY(
        hone__tfl_float(op->reader, weights->name, hone__tfl_scale(weights, 0), &inputs[1], error));
    return hone__tfl_node_of(op->reader, weights->name, HONE_OP_DequantizeLinear, inputs, 2, &node,
                             value, error);
}

/* ---- a convolution ---- */

/* OHWI to OIHW, with `extra` input channels more: the far parts of those in `list`. */
static void fill_extended(const hone_tfl_tensor *weights, const int64_t *list, uint32_t extra,
                          int8_t *out) {
    const int64_t *d = weights->shape.dim;
    int64_t area = d[1] * d[2], depth = d[3], total = depth + extra;
    for (int64_t o = 0; o < d[0]; o++)
        for (int64_t p = 0; p < area; p++) {
            const size_t from = (size_t)((o * area + p) * depth);
            int8_t *to = out + o * total * area + p;
            for (int64_t c = 0; c < depth; c++)
                to[c * area] = near_part(offset_at(weights, from + (size_t)c));
            for (int64_t c = 0; c < extra; c++)
                to[(depth + c) * area] =
                    (int8_t)far_part(offset_at(weights, from + (size_t)list[c]));
        }
}

hone_status hone__tfl_wide_inputs(hone_tfl_op *op, hone_tfl_tensor *in,
                                  const hone_tfl_tensor *weights, hone_value *inputs[2],
                                  hone_error *error) {
    int64_t *list = NULL;
    uint32_t extra = 0;
    hone_value *parts[2] = {NULL}, *joined = NULL, *stored = NULL;
    hone_node *node = NULL;
    void *fill = NULL;
    const int64_t *d = weights->shape.dim;
    HONE_TRY(find_channels(op, weights, 1, &list, &extra, error));
    HONE_TRY(hone__tfl_stored(op->reader, in, HONE_TFL_FIRST, &parts[0], error));
    HONE_TRY(pick(op, parts[0], list, extra, &parts[1], error));
    HONE_TRY(hone__tfl_node(op, HONE_OP_Concat, parts, 2, &node, &joined, error));
    HONE_TRY(hone_node_set_int(op->reader->graph, node, "axis", 1, error));
    HONE_TRY(real_of(op, in, joined, &inputs[0], error));
    hone_shape shape = {.rank = 4, .dim = {d[0], d[3] + extra, d[1], d[2]}};
    HONE_TRY(hone__tfl_copy(op->reader, weights->name, HONE_S8, &shape, &fill, &stored, error));
    fill_extended(weights, list, extra, fill);
    return real_weights(op, weights, stored, &inputs[1], error);
}

/* ---- a depthwise convolution ---- */

/* [1, H, W, C] to [channels, 2, H, W]: near and far parts. */
static hone_status pair_weights(hone_tfl_op *op, const hone_tfl_tensor *weights,
                                const int64_t *twice, uint32_t count, hone_value **value,
                                hone_error *error) {
    const int64_t *d = weights->shape.dim;
    int64_t area = d[1] * d[2];
    hone_shape shape = {.rank = 4, .dim = {count, 2, d[1], d[2]}};
    hone_value *stored = NULL;
    void *fill = NULL;
    HONE_TRY(hone__tfl_copy(op->reader, weights->name, HONE_S8, &shape, &fill, &stored, error));
    int8_t *out = fill;
    for (int64_t c = 0; c < count; c++)
        for (int64_t p = 0; p < area; p++) {
            int offset = offset_at(weights, (size_t)(p * d[3] + twice[2 * c]));
            out[(2 * c) * area + p] = near_part(offset);
            out[(2 * c + 1) * area + p] = (int8_t)far_part(offset);
        }
    return real_weights(op, weights, stored, value, error);
}

/* The biases of those channels, as a constant of their own. */
static hone_status pair_bias(hone_tfl_op *op, const hone_tfl_tensor *in,
                             const hone_tfl_tensor *weights, const int64_t *twice, uint32_t count,
                             hone_value **value, hone_error *error) {
    hone_tfl_tensor *bias = op->input_count > 2 ? op->inputs[2] : NULL, part;
    uint8_t *data = hone__arena_alloc(&op->reader->graph->arena, count, 4);
    if (!bias) return HONE_OK;
    if (!data) return hone_fail_memory(error, (size_t)count * 4);
    if (bias->dtype != HONE_S32 || bias->bytes != 4 * (size_t)weights->shape.dim[3])
        return hone__tfl_fail(op, error, HONE_UNSUPPORTED, "its bias is not int32");
    for (uint32_t c = 0; c < count; c++) memcpy(data + 4 * c, bias->data + 4 * twice[2 * c], 4);
    part = *bias;
    memset(part.stored, 0, sizeof part.stored);
    part.data = data, part.bytes = 4 * (size_t)count, part.shape.dim[0] = count;
    return hone__tfl_bias(op, &part, in, weights, value, error);
}

/* Slices of `whole` between the channels, and the channels made anew. */
static hone_status put(hone_tfl_op *op, hone_value *whole, hone_value *made, const int64_t *twice,
                       uint32_t count, int64_t channels, hone_value **value, hone_error *error) {
    hone_node *node = NULL;
    hone_value **parts =
        hone__arena_alloc(&op->reader->scratch, 2 * (size_t)count + 1, sizeof *parts);
    int64_t *run = hone__arena_alloc(&op->reader->scratch, (size_t)channels, sizeof *run);
    uint32_t used = 0, length = 0;
    if (!parts || !run) return hone_fail_memory(error, (size_t)channels * sizeof *run);
    for (int64_t c = 0, next = 0; c <= channels; c++) {
        bool ours = next < (int64_t)count && twice[2 * next] == c;
        if ((ours || c == channels) && length)
            HONE_TRY(pick(op, whole, run, length, &parts[used++], error));
        if (ours || c == channels) length = 0;
        if (!ours && c < channels) run[length++] = c;
        if (ours) HONE_TRY(pick(op, made, &next, 1, &parts[used++], error));
        next += ours;
    }
    HONE_TRY(hone__tfl_node(op, HONE_OP_Concat, parts, used, &node, value, error));
    return hone_node_set_int(op->reader->graph, node, "axis", 1, error);
}

hone_status hone__tfl_wide_channels(hone_tfl_op *op, hone_tfl_tensor *in,
                                    const hone_tfl_tensor *weights, const hone_tfl_window *w,
                                    int8_t activation, hone_error *error) {
    int64_t *twice = NULL;
    uint32_t count = 0;
    hone_value *stored = NULL, *inputs[3] = {NULL};
    hone_tfl_tensor *out = op->outputs[0], part = *out, *parts[1] = {&part};
    HONE_TRY(find_channels(op, weights, 2, &twice, &count, error));
    HONE_TRY(hone__tfl_stored(op->reader, in, HONE_TFL_FIRST, &stored, error));
    HONE_TRY(pick(op, stored, twice, count, &stored, error));
    HONE_TRY(real_of(op, in, stored, &inputs[0], error));
    HONE_TRY(pair_weights(op, weights, twice, count / 2, &inputs[1], error));
    HONE_TRY(pair_bias(op, in, weights, twice, count / 2, &inputs[2], error));
    memset(part.stored, 0, sizeof part.stored);
    hone_tfl_op sub = *op;
    sub.outputs = parts, sub.output_count = 1;
    HONE_TRY(hone__tfl_convolve(&sub, inputs, w, count / 2, activation, error));
    return put(op, out->stored[HONE_TFL_FIRST], part.stored[HONE_TFL_FIRST], twice, count / 2,
               weights->shape.dim[3], &out->stored[HONE_TFL_FIRST], error);
}

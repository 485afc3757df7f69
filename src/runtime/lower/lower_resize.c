/* SPDX-License-Identifier: Apache-2.0 */
/* Resize of height and width: nearest and linear, the coordinate rules that exporters use. Others
 * (cubic, antialiasing, cropping, aspect policies) are left to the reference. */
#include "base/error.h"
#include "runtime/lower/lower.h"

#include <math.h>
#include <string.h>

typedef enum corner { HALF_PIXEL, PYTORCH_HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC } corner;
typedef enum rounding { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL, LINEAR } rounding;

static int find_word(const char *word, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (!strcmp(word, words[i])) return i;
    return -1;
}

static bool rules_of(const hone_node *node, corner *how, rounding *round) {
    static const char *const corners[] = {"half_pixel", "pytorch_half_pixel", "align_corners",
                                          "asymmetric"};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                            "ceil"};
    const char *mode = hone_node_string(node, "mode", "nearest");
    int c = find_word(hone_node_string(node, "coordinate_transformation_mode", "half_pixel"),
                      corners, 4);
    int r = find_word(hone_node_string(node, "nearest_mode", "round_prefer_floor"), roundings, 4);
    const int64_t *axes;
    if (c < 0 || r < 0 || hone_node_int(node, "antialias", 0) ||
        hone_node_ints(node, "axes", &axes) ||
        strcmp(hone_node_string(node, "keep_aspect_ratio_policy", "stretch"), "stretch"))
        return false;
    *how = (corner)c;
    *round = !strcmp(mode, "linear") ? LINEAR : (rounding)r;
    return *round == LINEAR || !strcmp(mode, "nearest");
}

/* The scale of a dimension: as given, or from the sizes. False when it is not constant. */
static bool scale_of(const hone_node *node, int32_t axis, double *scale) {
    const hone_value *in = node->inputs[0], *out = node->outputs[0];
    const hone_value *scales = node->input_count > 2 ? node->inputs[2] : NULL;
    *scale = (double)out->shape.dim[axis] / (double)in->shape.dim[axis];
    if (!scales ||
        (hone__shape_known(&scales->shape) && scales->shape.rank == 1 && scales->shape.dim[0] == 0))
        return true;
    if (!hone__value_is_constant(scales) || scales->dtype != HONE_F32 ||
        scales->bytes < (size_t)in->shape.rank * sizeof(float))
        return false;
    float given;
    memcpy(&given, (const uint8_t *)scales->data + (size_t)axis * sizeof given, sizeof given);
    *scale = given;
    return given > 0;
}

/* In float, with the length that the scale asks for, as the reference (ops/resize.c) does. */
static double source_of(corner how, float x, double ratio, float in) {
    float scale = (float)ratio, length = (float)(ratio * (double)in);
    switch (how) {
    case PYTORCH_HALF_PIXEL:
        return length == 1.0f ? -0.5f : (x + 0.5f) / scale - 0.5f;
    case ALIGN_CORNERS:
        return length == 1.0f ? 0.0f : x * (in - 1.0f) / (length - 1.0f);
    case ASYMMETRIC:
        return x / scale;
    default:
        return (x + 0.5f) / scale - 0.5f;
    }
}

static double round_to(rounding round, double x) {
    switch (round) {
    case FLOOR:
        return floor(x);
    case CEIL:
        return ceil(x);
    case PREFER_CEIL:
        return floor(x + 0.5);
    default:
        return ceil(x - 0.5);
    }
}

static uint32_t inside(double x, int64_t size) {
    return x < 0 ? 0 : x > (double)(size - 1) ? (uint32_t)(size - 1) : (uint32_t)x;
}

static hone_status make_taps(hone_lowering *lowering, const hone_node *node, int32_t axis,
                             corner how, rounding round, hone_resize_tap **taps,
                             hone_error *error) {
    int64_t in = node->inputs[0]->shape.dim[axis], out = node->outputs[0]->shape.dim[axis];
    double scale = 1;
    (void)scale_of(node, axis, &scale);
    HONE_TRY(
        hone__program_alloc(lowering->program, (size_t)out, sizeof **taps, (void **)taps, error));
    for (int64_t i = 0; i < out; i++) {
        hone_resize_tap *tap = &(*taps)[i];
        double x = source_of(how, (float)i, scale, (float)in);
        if (round != LINEAR) {
            tap->first = tap->second = inside(round_to(round, x), in);
            continue;
        }
        if (x < 0) x = 0;
        if (x > (double)(in - 1)) x = (double)(in - 1);
        tap->first = inside(floor(x), in);
        tap->second = inside(floor(x) + 1, in);
        tap->weight = (float)(x - floor(x));
    }
    return HONE_OK;
}

static bool usable(const hone_node *node, corner *how, rounding *round) {
    const hone_shape *in = &node->inputs[0]->shape, *out = &node->outputs[0]->shape;
    double scale;
    if (in->rank != 4 || in->dim[0] != out->dim[0] || in->dim[1] != out->dim[1]) return false;
    for (int32_t i = 0; i < 4; i++)
        if (in->dim[i] <= 0 || out->dim[i] <= 0 || out->dim[i] > 1 << 24) return false;
    if (!rules_of(node, how, round) || !scale_of(node, 2, &scale) || !scale_of(node, 3, &scale))
        return false;
    unsigned bits = hone_dtype_bits(node->inputs[0]->dtype);
    return *round == LINEAR ? hone__value_is_float(node->inputs[0]) : bits % 8 == 0 && bits > 0;
}

hone_status hone__lower_resize(hone_lowering *lowering, const hone_node *node,
                               const hone_value *from, const hone_value *to, hone_code code,
                               const char *op, bool *taken, hone_error *error) {
    corner how;
    rounding round;
    if (!usable(node, &how, &round)) return HONE_OK;
    *taken = true;
    hone_resize_tap *y = NULL, *x = NULL;
    hone_view in, out;
    HONE_TRY(make_taps(lowering, node, 2, how, round, &y, error));
    HONE_TRY(make_taps(lowering, node, 3, how, round, &x, error));
    HONE_TRY(hone__lower_form(lowering, from, code, HONE_FORM_PIXELS, &in, error));
    HONE_TRY(hone__lower_output(lowering, to, code, HONE_FORM_PIXELS, &out, error));
    hone_label label = {.name = node->name, .op = op};
    return hone__step_resize(lowering->program, &label, &out, &in, round == LINEAR, y, x, error);
}

hone_status hone__emit_resize(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error) {
    if (group || node->op != HONE_OP_Resize) return HONE_OK;
    return hone__lower_resize(lowering, node, node->inputs[0], node->outputs[0], HONE_CODE_PLAIN,
                              "Resize", taken, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Resize: in every dimension an output coordinate is a few input places with weights (its taps);
 * the output is the sum over the product of the dimensions' taps. The taps are worked out once,
 * into scratch memory. Places outside of the input repeat its edge, or with exclude_outside count
 * for nothing. After ONNX's reference implementation. */
#include "ops/family.h"

#include <math.h>

typedef enum transform {
    HALF_PIXEL,
    HALF_PIXEL_SYMMETRIC,
    PYTORCH_HALF_PIXEL,
    ALIGN_CORNERS,
    ASYMMETRIC,
    CROP
} transform;
typedef enum mode { NEAREST, LINEAR, CUBIC } mode;
typedef enum nearest { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL } nearest;

static const char *const transforms[] = {"half_pixel",         "half_pixel_symmetric",
                                         "pytorch_half_pixel", "align_corners",
                                         "asymmetric",         "tf_crop_and_resize"};
static const char *const modes[] = {"nearest", "linear", "cubic"};
static const char *const nearests[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};

static int find(const char *text, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0) return i;
    return -1;
}

/* What the attributes say. */
typedef struct settings {
    transform transform;
    mode mode;
    nearest nearest;
    bool antialias, exclude_outside;
    double cubic_a, extrapolation;
} settings;

/* One dimension: what it is resized from and to, and its taps. */
typedef struct dimension {
    int64_t in, out, width;   /* width: taps of one output coordinate */
    double scale, start, end; /* start, end: the crop, in fractions of the input */
    double *weight;           /* out x width */
    int64_t *place;           /* out x width; -1 in the first: extrapolated */
} dimension;

static bool read_settings(const hone_node *node, settings *set) {
    int how =
        find(hone_node_string(node, "coordinate_transformation_mode", "half_pixel"), transforms, 6);
    int mode_at = find(hone_node_string(node, "mode", "nearest"), modes, 3);
    int near = find(hone_node_string(node, "nearest_mode", "round_prefer_floor"), nearests, 4);
    set->transform = (transform)how;
    set->mode = (mode)mode_at;
    set->nearest = (nearest)near;
    set->antialias = hone_node_int(node, "antialias", 0) != 0;
    set->exclude_outside = hone_node_int(node, "exclude_outside", 0) != 0;
    set->cubic_a = (double)hone_node_float(node, "cubic_coeff_a", -0.75f);
    set->extrapolation = (double)hone_node_float(node, "extrapolation_value", 0.0f);
    return how >= 0 && mode_at >= 0 && near >= 0;
}

/* How much a kernel is stretched: only antialiasing stretches, and only when shrinking. */
static double stretch(const settings *set, double scale) {
    return set->antialias && scale < 1.0 ? scale : 1.0;
}

static int64_t first_tap(const settings *set, double scale) {
    double radius = set->mode == CUBIC ? 2.0 : 1.0;
    return hone__truncate(floor(-radius / stretch(set, scale))) + 1;
}

static int64_t tap_count(const settings *set, double scale) {
    return set->mode == NEAREST ? 1 : 2 - 2 * first_tap(set, scale);
}

static double kernel(const settings *set, double x) {
    double a = set->cubic_a;
    x = fabs(x);
    if (set->mode == LINEAR) return x < 1.0 ? 1.0 - x : 0.0;
    if (x <= 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    return x < 2.0 ? ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a : 0.0;
}

/* The input coordinate of output coordinate x; in float32, step by step, because that is what
 * others compute and a nearest neighbour may hang on the last bit. */
static float source(const settings *set, const dimension *dim, float x) {
    float in = (float)dim->in, scale = (float)dim->scale, length = (float)(dim->scale * (double)in);
    float start = (float)dim->start, crop = ((float)dim->end - start) * (in - 1.0f);
    switch (set->transform) {
    case ALIGN_CORNERS:
        return length == 1.0f ? 0.0f : x * (in - 1.0f) / (length - 1.0f);
    case ASYMMETRIC:
        return x / scale;
    case CROP:
        return start * (in - 1.0f) + (length == 1.0f ? crop / 2.0f : x * crop / (length - 1.0f));
    case PYTORCH_HALF_PIXEL:
        return length == 1.0f ? -0.5f : (x + 0.5f) / scale - 0.5f;
    case HALF_PIXEL_SYMMETRIC:
        return in / 2.0f * (1.0f - (float)dim->out / length) + (x + 0.5f) / scale - 0.5f;
    default:
        return (x + 0.5f) / scale - 0.5f;
    }
}

static double round_by(nearest how, double x) {
    double below = floor(x), rest = x - below;
    switch (how) {
    case PREFER_FLOOR:
        return rest <= 0.5 ? below : below + 1.0;
    case PREFER_CEIL:
        return rest < 0.5 ? below : below + 1.0;
    case FLOOR:
        return below;
    default:
        return ceil(x);
    }
}

static int64_t clamp_place(int64_t place, int64_t dim) {
    return place < 0 ? 0 : place >= dim ? dim - 1 : place;
}

static void kernel_taps(const settings *set, const dimension *dim, double x, double *weight,
                        int64_t *place) {
    int64_t below = hone__truncate(floor(x)), first = first_tap(set, dim->scale);
    int64_t count = tap_count(set, dim->scale);
    double rest = x - floor(x), sum = 0.0, by = stretch(set, dim->scale);
    if (rest == 0.0) below--, rest = 1.0;
    for (int64_t i = 0; i < dim->width; i++) {
        int64_t at = below + first + i;
        weight[i] = i < count ? kernel(set, by * ((double)(first + i) - rest)) : 0.0;
        if (set->exclude_outside && (at < 0 || at >= dim->in)) weight[i] = 0.0;
        place[i] = clamp_place(at, dim->in);
        sum += weight[i];
    }
    for (int64_t i = 0; i < dim->width && sum != 0.0; i++) weight[i] /= sum;
}

static void make_taps(const settings *set, const dimension *dim) {
    bool same = dim->width == 1 && set->mode != NEAREST;
    for (int64_t o = 0; o < dim->out; o++) {
        double *weight = dim->weight + o * dim->width, x = (double)source(set, dim, (float)o);
        int64_t *place = dim->place + o * dim->width;
        *weight = 1.0;
        if (set->transform == CROP && !(x >= 0.0 && x <= (double)(dim->in - 1)))
            *place = -1;
        else if (same)
            *place = o;
        else if (set->mode == NEAREST)
            *place = clamp_place(hone__truncate(round_by(set->nearest, x)), dim->in);
        else
            kernel_taps(set, dim, x, weight, place);
    }
}

/* A dimension that stays as it is needs one tap. */
static int64_t width_of(const settings *set, int64_t in, int64_t out, double scale) {
    if (in == out && scale == 1.0 && set->transform != CROP) return 1;
    return tap_count(set, scale);
}

/* No planned scale is smaller: sizes are rounded by at most a half. */
static double least_scale(int64_t in, int64_t out) {
    return ((double)out - 0.5) / (double)in;
}

static hone_status read_crop(const hone_op_call *call, int32_t slot, int32_t count, dimension *dim,
                             hone_error *error) {
    const hone_tensor *roi = hone__input(call, 1);
    if (!roi || hone__elements(&roi->shape) != 2 * count)
        return hone__mismatch(call->node, error, "the region does not fit the axes");
    dim->start = hone__real_at(roi->dtype, roi->data, slot);
    dim->end = hone__real_at(roi->dtype, roi->data, slot + count);
    return HONE_OK;
}

/* keep_aspect_ratio_policy: one scale for all axes, the least or greatest. */
static void keep_ratio(const hone_node *node, const hone_tensor *sizes, const int32_t *axes,
                       int32_t count, dimension *dims) {
    const char *policy = hone_node_string(node, "keep_aspect_ratio_policy", "stretch");
    if (!sizes || strcmp(policy, "stretch") == 0) return;
    bool larger = strcmp(policy, "not_smaller") == 0;
    double scale = dims[axes[0]].scale;
    for (int32_t i = 1; i < count; i++) {
        double other = dims[axes[i]].scale;
        if (larger ? other > scale : other < scale) scale = other;
    }
    for (int32_t i = 0; i < count; i++) dims[axes[i]].scale = scale;
}

static int32_t read_axes(const hone_op_call *call, int32_t rank, int32_t *axes) {
    const int64_t *given;
    uint32_t count = hone_node_ints(call->node, "axes", &given);
    if (count == 0)
        for (int32_t d = 0; d < rank; d++) axes[d] = d;
    for (uint32_t i = 0; i < count && i < HONE_MAX_RANK; i++) {
        if (given[i] < -rank || given[i] >= rank) return -1;
        axes[i] = (int32_t)(given[i] < 0 ? given[i] + rank : given[i]);
    }
    return count == 0 ? rank : count > (uint32_t)rank ? -1 : (int32_t)count;
}

static hone_status read_scales(const hone_op_call *call, const settings *set, dimension *dims,
                               hone_error *error) {
    const hone_tensor *scales = hone__input(call, 2), *sizes = hone__input(call, 3);
    int32_t axes[HONE_MAX_RANK], rank = call->inputs[0].shape.rank;
    int32_t count = read_axes(call, rank, axes);
    if (sizes) scales = NULL;
    const hone_tensor *given = sizes ? sizes : scales;
    if (!given || count < 0 || hone__elements(&given->shape) != count)
        return hone__mismatch(call->node, error, "there must be one scale or size an axis");
    for (int32_t i = 0; i < count; i++) {
        dimension *dim = &dims[axes[i]];
        double value = hone__real_at(given->dtype, given->data, i);
        dim->scale = sizes ? value / (double)dim->in : value;
        if (set->transform == CROP) HONE_TRY(read_crop(call, i, count, dim, error));
    }
    if (count > 0) keep_ratio(call->node, sizes, axes, count, dims);
    return HONE_OK;
}

static hone_status prepare(const hone_op_call *call, const settings *set, dimension *dims,
                           hone_error *error) {
    const hone_shape *in = &call->inputs[0].shape, *out = &call->outputs[0].shape;
    uint8_t *scratch = (uint8_t *)call->scratch;
    if (in->rank != out->rank) return hone__mismatch(call->node, error, "the ranks differ");
    for (int32_t d = 0; d < in->rank; d++)
        dims[d] = (dimension){.in = in->dim[d], .out = out->dim[d], .scale = 1.0, .end = 1.0};
    HONE_TRY(read_scales(call, set, dims, error));
    for (int32_t d = 0; d < in->rank; d++) {
        dimension *dim = &dims[d];
        bool planned = dim->scale >= least_scale(dim->in, dim->out) - 1e-9 &&
                       dim->scale * (double)dim->in < (double)dim->out + 1.0;
        if (!planned || (dim->in != dim->out && dim->in == 0))
            return hone__mismatch(call->node, error, "the size of axis %d is not the planned one",
                                  (int)d);
        dim->width = width_of(set, dim->in, dim->out, dim->scale);
        size_t count = (size_t)(dim->out * dim->width);
        dim->weight = (double *)(void *)scratch;
        scratch += count * sizeof(double);
        dim->place = (int64_t *)(void *)scratch;
        scratch += count * sizeof(int64_t);
        make_taps(set, dim);
    }
    return HONE_OK;
}

/* The sum over all taps of output index `o`. */
static double interpolate(const hone_tensor *in, const settings *set, const dimension *dims,
                          const int64_t *o) {
    int64_t tap[HONE_MAX_RANK] = {0}, widths[HONE_MAX_RANK];
    double sum = 0.0;
    for (int32_t d = 0; d < in->shape.rank; d++) {
        widths[d] = dims[d].width;
        if (dims[d].place[o[d] * dims[d].width] < 0) return set->extrapolation;
    }
    do {
        double weight = 1.0;
        int64_t at = 0;
        for (int32_t d = 0; d < in->shape.rank; d++) {
            int64_t slot = o[d] * dims[d].width + tap[d];
            weight *= dims[d].weight[slot];
            at = at * dims[d].in + dims[d].place[slot];
        }
        if (weight != 0.0) sum += weight * hone__real_at(in->dtype, in->data, at);
    } while (hone__next(in->shape.rank, widths, tap));
    return sum;
}

/* Interpolated integers are rounded and clamped. */
static void put_result(hone_tensor *out, int64_t at, double value) {
    if (hone__kind_of(out->dtype) != HONE__REAL) {
        int64_t least, most;
        hone__integer_range(out->dtype, &least, &most);
        value = nearbyint(value);
        value = value < (double)least ? (double)least : value > (double)most ? (double)most : value;
    }
    hone__real_put(out->dtype, out->data, at, value);
}

static hone_status run_resize(const hone_op_call *call, hone_error *error) {
    const hone_tensor *in = &call->inputs[0];
    hone_tensor *out = &call->outputs[0];
    settings set;
    dimension dims[HONE_MAX_RANK];
    int64_t index[HONE_MAX_RANK] = {0}, to = 0;
    read_settings(call->node, &set);
    if (hone__elements(&out->shape) == 0) return HONE_OK;
    HONE_TRY(prepare(call, &set, dims, error));
    do {
        put_result(out, to++, interpolate(in, &set, dims, index));
    } while (hone__next(out->shape.rank, out->shape.dim, index));
    return HONE_OK;
}

static hone_status check_resize(const hone_node *node, hone_error *error) {
    settings set;
    if (!read_settings(node, &set)) return hone__unsupported(node, error, "an unknown mode");
    HONE_TRY(hone__check_input(node, 2, HONE__TAKES_REAL, error));
    return hone__check_input(node, 3, HONE__TAKES_INTEGER, error);
}

static size_t scratch_resize(const hone_node *node) {
    const hone_shape *in = &node->inputs[0]->shape, *out = &node->outputs[0]->shape;
    settings set;
    size_t bytes = 0;
    if (!read_settings(node, &set)) return 0;
    for (int32_t d = 0; d < in->rank && d < out->rank; d++) {
        if (in->dim[d] <= 0 || out->dim[d] <= 0) continue;
        int64_t width = tap_count(&set, least_scale(in->dim[d], out->dim[d]));
        bytes += (size_t)(width * out->dim[d]) * (sizeof(double) + sizeof(int64_t));
    }
    return bytes;
}

const hone_op_family hone__family_resize = {run_resize, HONE__TAKES_NUMBER, check_resize,
                                            scratch_resize};

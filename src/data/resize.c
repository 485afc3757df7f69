/* SPDX-License-Identifier: Apache-2.0 */
/* Resampling as Pillow does it (src/libImaging/Resample.c and Geometry.c), so that models get the
 * pixels that they were trained and judged with.
 *
 * Bilinear and bicubic: a convolution along each axis with its own rounding to 8 bits; which axis
 * goes first is Pillow 13's choice (older ones always took x first; a pixel then differs by at most
 * a level or two). When shrinking the filter is stretched over the source pixels (antialiasing).
 * Weights are made in double, normalized, then rounded to fixed point with PRECISION_BITS; the sums
 * are exact in int32 because weights sum up to about 1. Nearest: the source pixel under the centre,
 * with the coordinate accumulated in double as Pillow does. */
#include "data/picture.h"

#include "base/alloc.h"
#include "base/error.h"
#include <math.h>
#include <string.h>

#define PRECISION_BITS (32 - 8 - 2)

/* Weights of one axis: output i is the sum of first[i] .. first[i] + taps[i] - 1 with
 * weights[i * width ...]. */
typedef struct axis {
    uint32_t size, width;
    int32_t *first, *taps, *weights;
} axis;

static double bilinear(double x) {
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic with a = -0.5. */
static double bicubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static void axis_free(axis *a) {
    hone__free(NULL, a->first, a->size * sizeof(int32_t));
    hone__free(NULL, a->taps, a->size * sizeof(int32_t));
    hone__free(NULL, a->weights, (size_t)a->size * a->width * sizeof(int32_t));
    memset(a, 0, sizeof *a);
}

static int32_t to_fixed(double weight) {
    return (int32_t)((weight < 0 ? -0.5 : 0.5) + weight * (1 << PRECISION_BITS));
}

/* The weights of output i; `scratch` has a->width doubles. */
static void axis_fill(axis *a, uint32_t i, uint32_t in_size, double scale, double support,
                      double (*filter)(double), double *scratch) {
    double stretch = scale < 1.0 ? 1.0 : scale, sum = 0.0;
    double center = (i + 0.5) * scale, inverse = 1.0 / stretch;
    int32_t low = (int32_t)(center - support + 0.5), high = (int32_t)(center + support + 0.5);
    if (low < 0) low = 0;
    if (high > (int32_t)in_size) high = (int32_t)in_size;
    for (int32_t x = 0; x < high - low; x++) {
        scratch[x] = filter((x + low - center + 0.5) * inverse);
        sum += scratch[x];
    }
    for (int32_t x = 0; x < high - low; x++)
        a->weights[(size_t)i * a->width + (size_t)x] =
            to_fixed(sum != 0.0 ? scratch[x] / sum : scratch[x]);
    a->first[i] = low;
    a->taps[i] = high - low;
}

static hone_status axis_make(uint32_t in_size, uint32_t out_size, hone_filter kind, axis *a,
                             hone_error *error) {
    double scale = (double)in_size / out_size;
    double support = (kind == HONE_FILTER_BICUBIC ? 2.0 : 1.0) * (scale < 1.0 ? 1.0 : scale);
    double *scratch = NULL;
    a->size = out_size;
    a->width = (uint32_t)ceil(support) * 2 + 1;
    a->first = hone__alloc(NULL, out_size, sizeof(int32_t));
    a->taps = hone__alloc(NULL, out_size, sizeof(int32_t));
    a->weights = hone__calloc(NULL, (size_t)out_size * a->width, sizeof(int32_t));
    scratch = hone__alloc(NULL, a->width, sizeof(double));
    if (!a->first || !a->taps || !a->weights || !scratch) {
        axis_free(a);
        hone__free(NULL, scratch, a->width * sizeof(double));
        return hone_fail_memory(error, (size_t)out_size * a->width * sizeof(int32_t));
    }
    for (uint32_t i = 0; i < out_size; i++)
        axis_fill(a, i, in_size, scale, support, kind == HONE_FILTER_BICUBIC ? bicubic : bilinear,
                  scratch);
    hone__free(NULL, scratch, a->width * sizeof(double));
    return HONE_OK;
}

static uint8_t to_pixel(int32_t sum) {
    int32_t v = sum >> PRECISION_BITS;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void pass_x(const hone_picture *in, const axis *a, hone_picture *out) {
    uint32_t n = in->channels;
    for (uint32_t y = 0; y < out->height; y++) {
        const uint8_t *row = in->data + (size_t)y * in->width * n;
        uint8_t *to = out->data + (size_t)y * out->width * n;
        for (uint32_t x = 0; x < out->width; x++) {
            const int32_t *w = a->weights + (size_t)x * a->width;
            const uint8_t *from = row + (size_t)a->first[x] * n;
            for (uint32_t c = 0; c < n; c++) {
                int32_t sum = 1 << (PRECISION_BITS - 1);
                for (int32_t k = 0; k < a->taps[x]; k++) sum += from[(uint32_t)k * n + c] * w[k];
                *to++ = to_pixel(sum);
            }
        }
    }
}

static hone_status pass_y(const hone_picture *in, const axis *a, hone_picture *out,
                          hone_error *error) {
    size_t stride = (size_t)in->width * in->channels;
    int32_t *sums = hone__alloc(NULL, stride, sizeof *sums);
    if (!sums) return hone_fail_memory(error, stride * sizeof *sums);
    for (uint32_t y = 0; y < out->height; y++) {
        for (size_t i = 0; i < stride; i++) sums[i] = 1 << (PRECISION_BITS - 1);
        for (int32_t k = 0; k < a->taps[y]; k++) {
            const uint8_t *row = in->data + (size_t)(a->first[y] + k) * stride;
            int32_t w = a->weights[(size_t)y * a->width + (size_t)k];
            for (size_t i = 0; i < stride; i++) sums[i] += row[i] * w;
        }
        for (size_t i = 0; i < stride; i++) out->data[y * stride + i] = to_pixel(sums[i]);
    }
    hone__free(NULL, sums, stride * sizeof *sums);
    return HONE_OK;
}

static hone_status resize_x(const hone_picture *in, uint32_t width, hone_filter filter,
                            hone_picture *out, hone_error *error) {
    axis a = {0};
    hone_status status = HONE_OK;
    HONE_TRY(axis_make(in->width, width, filter, &a, error));
    status = hone_picture_new(width, in->height, in->channels, out, error);
    if (status == HONE_OK) pass_x(in, &a, out);
    axis_free(&a);
    return status;
}

static hone_status resize_y(const hone_picture *in, uint32_t height, hone_filter filter,
                            hone_picture *out, hone_error *error) {
    axis a = {0};
    hone_status status = HONE_OK;
    HONE_TRY(axis_make(in->height, height, filter, &a, error));
    status = hone_picture_new(in->width, height, in->channels, out, error);
    if (status == HONE_OK) status = pass_y(in, &a, out, error);
    axis_free(&a);
    if (status != HONE_OK) hone_picture_free(out);
    return status;
}

static void nearest(const hone_picture *in, hone_picture *out) {
    double step_x = (double)in->width / out->width, step_y = (double)in->height / out->height;
    double y_in = step_y * 0.5;
    uint32_t n = in->channels;
    for (uint32_t y = 0; y < out->height; y++, y_in += step_y) {
        uint32_t from_y = (uint32_t)y_in < in->height ? (uint32_t)y_in : in->height - 1;
        double x_in = step_x * 0.5;
        for (uint32_t x = 0; x < out->width; x++, x_in += step_x) {
            uint32_t from_x = (uint32_t)x_in < in->width ? (uint32_t)x_in : in->width - 1;
            memcpy(out->data + ((size_t)y * out->width + x) * n,
                   in->data + ((size_t)from_y * in->width + from_x) * n, n);
        }
    }
}

/* Pillow 13: when the height shrinks by more than twice what the width does. */
static bool y_goes_first(const hone_picture *in, uint32_t width, uint32_t height) {
    int64_t less_x = (int64_t)in->width - width, less_y = (int64_t)in->height - height;
    return less_y > 0 && less_y > 2 * less_x;
}

static hone_status resize_both(const hone_picture *in, uint32_t width, uint32_t height,
                               hone_filter filter, hone_picture *out, hone_error *error) {
    hone_picture between = {0};
    bool y_first = y_goes_first(in, width, height);
    hone_status status = y_first ? resize_y(in, height, filter, &between, error)
                                 : resize_x(in, width, filter, &between, error);
    if (status != HONE_OK) return status;
    status = y_first ? resize_x(&between, width, filter, out, error)
                     : resize_y(&between, height, filter, out, error);
    hone_picture_free(&between);
    return status;
}

hone_status hone_picture_resize(const hone_picture *picture, uint32_t width, uint32_t height,
                                hone_filter filter, hone_picture *out, hone_error *error) {
    memset(out, 0, sizeof *out);
    HONE_TRY(hone__picture_check(width, height, UINT64_MAX, error));
    if (width == picture->width && height == picture->height)
        return hone_picture_convert(picture, picture->channels, out, error);
    if (filter == HONE_FILTER_NEAREST) {
        HONE_TRY(hone_picture_new(width, height, picture->channels, out, error));
        nearest(picture, out);
        return HONE_OK;
    }
    if (height == picture->height) return resize_x(picture, width, filter, out, error);
    if (width == picture->width) return resize_y(picture, height, filter, out, error);
    return resize_both(picture, width, height, filter, out, error);
}

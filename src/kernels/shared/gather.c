/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/shared/gather.h"
#include "kernels/shared/element.h"

/* An output pixel, walked in memory order without divisions. */
typedef struct hone_walk {
    size_t image, y, x;
} hone_walk;

static hone_walk walk_to(const hone_conv_dims *d, size_t pixel) {
    hone_walk walk = {pixel / d->out_w / d->out_h, pixel / d->out_w % d->out_h, pixel % d->out_w};
    return walk;
}

static void walk_on(const hone_conv_dims *d, hone_walk *walk) {
    if (++walk->x < d->out_w) return;
    walk->x = 0;
    if (++walk->y < d->out_h) return;
    walk->y = 0;
    walk->image++;
}

/* First input pixel of the input row under kernel row ky, or HONE_CONV_OUTSIDE. */
static size_t input_row(const hone_conv_dims *d, const hone_walk *walk, size_t ky) {
    size_t y = walk->y * d->stride_h + ky * d->dilation_h;
    if (y < d->pad_top || y - d->pad_top >= d->in_h) return HONE_CONV_OUTSIDE;
    return (walk->image * d->in_h + y - d->pad_top) * d->in_w;
}

/* Kernel columns [*begin, *end) inside the input for the output column x; *at is the input column
 * under *begin. Empty: both are kernel_w. */
static void columns_inside(const hone_conv_dims *d, size_t x, size_t *begin, size_t *end,
                           size_t *at) {
    size_t start = x * d->stride_w, size = d->in_w, pad = d->pad_left;
    *begin = start >= pad ? 0 : hone__divide_up(pad - start, d->dilation_w);
    *end = start >= pad + size ? 0 : hone__divide_up(pad + size - start, d->dilation_w);
    *end = hone__min_size(*end, d->kernel_w);
    if (*begin >= *end) *begin = *end = d->kernel_w;
    *at = start + *begin * d->dilation_w - pad;
}

/* One kernel row of one output pixel; `in` is the input pixel under column `begin`. */
static char *gather_taps(const hone_gather *g, const char *in, size_t begin, size_t end,
                         char *out) {
    const hone_conv_dims *d = g->dims;
    size_t tap_bytes = g->channels * g->out_bytes;
    memset(out, 0, begin * tap_bytes);
    out += begin * tap_bytes;
    if (d->dilation_w == 1 && g->pixel_bytes == g->channels * g->in_bytes) {
        if (end > begin) g->copy(out, in, (end - begin) * g->channels, g->zero);
        out += (end - begin) * tap_bytes;
    } else {
        for (size_t kx = begin; kx < end; kx++, out += tap_bytes)
            g->copy(out, in + (kx - begin) * d->dilation_w * g->pixel_bytes, g->channels, g->zero);
    }
    memset(out, 0, (d->kernel_w - end) * tap_bytes);
    return out + (d->kernel_w - end) * tap_bytes;
}

static void gather_row(const hone_gather *g, const hone_walk *walk, char *out) {
    const hone_conv_dims *d = g->dims;
    size_t begin, end, at, row_bytes = d->kernel_w * g->channels * g->out_bytes;
    char *stop = out + g->row_elements * g->out_bytes;
    columns_inside(d, walk->x, &begin, &end, &at);
    for (size_t ky = 0; ky < d->kernel_h; ky++) {
        size_t row = input_row(d, walk, ky);
        if (row == HONE_CONV_OUTSIDE || begin == end) {
            memset(out, 0, row_bytes);
            out += row_bytes;
        } else {
            const char *in = (const char *)g->input + (row + at) * g->pixel_bytes;
            out = gather_taps(g, in, begin, end, out);
        }
    }
    if (out < stop) memset(out, 0, (size_t)(stop - out));
}

/* Whether output pixels are input pixels, one after the other. */
static bool is_dense_matrix(const hone_gather *g) {
    const hone_conv_dims *d = g->dims;
    return d->kernel_h == 1 && d->kernel_w == 1 && d->stride_h == 1 && d->stride_w == 1 &&
           d->pad_top == 0 && d->pad_left == 0 && d->in_w == d->out_w && d->in_h == d->out_h &&
           g->row_elements == g->channels && g->pixel_bytes == g->channels * g->in_bytes;
}

void hone__gather_rows(const hone_gather *g, size_t pixel, size_t count, void *rows) {
    if (is_dense_matrix(g)) {
        const char *in = (const char *)g->input + pixel * g->pixel_bytes;
        g->copy(rows, in, count * g->channels, g->zero);
        return;
    }
    hone_walk walk = walk_to(g->dims, pixel);
    char *out = rows;
    for (size_t p = 0; p < count; p++) {
        gather_row(g, &walk, out);
        out += g->row_elements * g->out_bytes;
        walk_on(g->dims, &walk);
    }
}

static void point_taps(const hone_gather *g, const hone_walk *walk, size_t mr, const void *outside,
                       const void **pointers) {
    const hone_conv_dims *d = g->dims;
    size_t begin, end, at;
    columns_inside(d, walk->x, &begin, &end, &at);
    for (size_t ky = 0; ky < d->kernel_h; ky++) {
        size_t row = input_row(d, walk, ky);
        bool inside = row != HONE_CONV_OUTSIDE && begin < end;
        const char *in = inside ? (const char *)g->input + (row + at) * g->pixel_bytes : NULL;
        for (size_t kx = 0; kx < d->kernel_w; kx++, pointers += mr) {
            *pointers = inside && kx >= begin && kx < end ? in : outside;
            if (inside && kx >= begin) in += d->dilation_w * g->pixel_bytes;
        }
    }
}

void hone__gather_pointers(const hone_gather *g, size_t pixel, size_t count, size_t mr,
                           const void *outside, const void **pointers) {
    hone_walk walk = walk_to(g->dims, pixel);
    size_t taps = hone__conv_taps(g->dims), padded = hone__divide_up(count, mr) * mr;
    for (size_t p = 0; p < padded; p++) {
        point_taps(g, &walk, mr, outside, pointers + p / mr * taps * mr + p % mr);
        if (p + 1 < count) walk_on(g->dims, &walk);
    }
}

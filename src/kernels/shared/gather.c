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
    memset(out, g->fill, begin * tap_bytes);
    out += begin * tap_bytes;
    if (d->dilation_w == 1 && g->pixel_bytes == g->channels * g->in_bytes) {
        if (end > begin) g->copy(out, in, (end - begin) * g->channels, g->zero);
        out += (end - begin) * tap_bytes;
    } else {
        for (size_t kx = begin; kx < end; kx++, out += tap_bytes)
            g->copy(out, in + (kx - begin) * d->dilation_w * g->pixel_bytes, g->channels, g->zero);
    }
    memset(out, g->fill, (d->kernel_w - end) * tap_bytes);
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
            memset(out, g->fill, row_bytes);
            out += row_bytes;
        } else {
            const char *in = (const char *)g->input + (row + at) * g->pixel_bytes;
            out = gather_taps(g, in, begin, end, out);
        }
    }
    if (out < stop) memset(out, g->fill, (size_t)(stop - out));
}

/* Whether output pixels are input pixels, one after the other. */
static bool is_dense_matrix(const hone_gather *g) {
    const hone_conv_dims *d = g->dims;
    return d->kernel_h == 1 && d->kernel_w == 1 && d->stride_h == 1 && d->stride_w == 1 &&
           d->pad_top == 0 && d->pad_left == 0 && d->in_w == d->out_w && d->in_h == d->out_h &&
           g->row_elements == g->channels && g->pixel_bytes == g->channels * g->in_bytes;
}

enum { CUT = 32, STRIP_TAPS_BYTES = 160 }; /* rows are cut in blocks of CUT bytes */

/* Whether kernel rows are short enough for strips to pay. */
static bool uses_strips(const hone_gather *g) {
    const hone_conv_dims *d = g->dims;
    return d->kernel_w > 1 && d->dilation_w == 1 &&
           d->kernel_w * g->channels * g->out_bytes <= STRIP_TAPS_BYTES;
}

/* Bytes of the strip under `count` output pixels of one row, and behind it what cutting reads. */
static size_t strip_bytes(const hone_gather *g, size_t count) {
    size_t columns = (count - 1) * g->dims->stride_w + g->dims->kernel_w;
    return hone__divide_up(columns * g->channels * g->out_bytes + CUT, 64) * 64;
}

size_t hone__gather_strip_bytes(const hone_gather *g) {
    return uses_strips(g) ? g->dims->kernel_h * strip_bytes(g, g->dims->out_w) : 0;
}

/* Converts `count` pixels that follow each other. */
static void convert_pixels(const hone_gather *g, const char *in, size_t count, char *out) {
    if (g->pixel_bytes == g->channels * g->in_bytes) {
        g->copy(out, in, count * g->channels, g->zero);
        return;
    }
    for (size_t p = 0; p < count; p++)
        g->copy(out + p * g->channels * g->out_bytes, in + p * g->pixel_bytes, g->channels,
                g->zero);
}

/* The strip of one input row (that begins with pixel `row`): columns [column, end), counted from
 * the edge of the padding. */
static void fill_strip(const hone_gather *g, size_t row, size_t column, size_t end, char *strip) {
    const hone_conv_dims *d = g->dims;
    size_t size = g->channels * g->out_bytes, pad = d->pad_left, edge = pad + d->in_w;
    size_t from = hone__min_size(hone__max_size(column, pad), end);
    size_t to = hone__max_size(from, hone__min_size(end, edge));
    if (row == HONE_CONV_OUTSIDE) {
        memset(strip, g->fill, (end - column) * size);
        return;
    }
    memset(strip, g->fill, (from - column) * size);
    if (to > from) {
        const char *in = (const char *)g->input + (row + from - pad) * g->pixel_bytes;
        convert_pixels(g, in, to - from, strip + (from - column) * size);
    }
    memset(strip + (to - column) * size, g->fill, (end - to) * size);
}

/* Copies whole blocks: what is too much is overwritten by what follows, or is slack. */
static void cut(char *out, const char *in, size_t bytes) {
    for (size_t b = 0; b < bytes; b += CUT) memcpy(out + b, in + b, CUT);
}

/* `count` output pixels of one output row, from `walk` on. */
static void gather_from_strips(const hone_gather *g, const hone_walk *walk, size_t count,
                               char *out) {
    const hone_conv_dims *d = g->dims;
    size_t size = g->channels * g->out_bytes, taps_bytes = d->kernel_w * size;
    size_t column = walk->x * d->stride_w, bytes = strip_bytes(g, count);
    size_t row_bytes = g->row_elements * g->out_bytes, rest = row_bytes - d->kernel_h * taps_bytes;
    char *strips = g->strips;
    for (size_t ky = 0; ky < d->kernel_h; ky++)
        fill_strip(g, input_row(d, walk, ky), column,
                   column + (count - 1) * d->stride_w + d->kernel_w, strips + ky * bytes);
    for (size_t p = 0; p < count; p++, out += row_bytes) {
        const char *in = strips + p * d->stride_w * size;
        for (size_t ky = 0; ky < d->kernel_h; ky++)
            cut(out + ky * taps_bytes, in + ky * bytes, taps_bytes);
        if (rest) memset(out + row_bytes - rest, g->fill, rest);
    }
}

void hone__gather_rows(const hone_gather *g, size_t pixel, size_t count, void *rows) {
    size_t row_bytes = g->row_elements * g->out_bytes;
    bool strips = uses_strips(g);
    if (is_dense_matrix(g)) {
        const char *in = (const char *)g->input + pixel * g->pixel_bytes;
        g->copy(rows, in, count * g->channels, g->zero);
        return;
    }
    char *out = rows;
    while (count > 0) {
        hone_walk walk = walk_to(g->dims, pixel);
        size_t now = hone__min_size(count, g->dims->out_w - walk.x);
        if (strips)
            gather_from_strips(g, &walk, now, out);
        else
            for (size_t p = 0; p < now; p++, walk.x++) gather_row(g, &walk, out + p * row_bytes);
        out += now * row_bytes;
        pixel += now;
        count -= now;
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

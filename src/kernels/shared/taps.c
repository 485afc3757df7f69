/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/shared/taps.h"
#include "kernels/shared/element.h"

enum { TASK_MACS_ATLEAST = 50 * 1000 };

/* Kernel positions [*begin, *end) inside `size` input positions, for a window that starts at
 * `start` of an axis with `pad` positions before the input. */
static void clip(size_t start, size_t kernel, size_t dilation, size_t size, size_t pad,
                 size_t *begin, size_t *end) {
    *begin = start >= pad ? 0 : hone__divide_up(pad - start, dilation);
    *end = start >= pad + size ? 0 : hone__divide_up(pad + size - start, dilation);
    *end = hone__min_size(*end, kernel);
    if (*begin > *end) *begin = *end;
}

void hone__taps_start(hone_taps *taps, size_t row) {
    const hone_conv_dims *d = taps->dims;
    size_t reach = (size_t)(d->kernel_w - 1) * d->dilation_w + 1;
    size_t padded = (size_t)d->pad_left + d->in_w;
    taps->row = row;
    taps->x = taps->next = 0;
    taps->inner = hone__divide_up(d->pad_left, d->stride_w);
    taps->inner_end = padded >= reach ? (padded - reach) / d->stride_w + 1 : 0;
    taps->inner_end = hone__min_size(taps->inner_end, d->out_w);
    clip(row % d->out_h * d->stride_h, d->kernel_h, d->dilation_h, d->in_h, d->pad_top, &taps->ky,
         &taps->ky_end);
}

static bool is_inner(const hone_taps *taps, size_t x) {
    return x >= taps->inner && x < taps->inner_end;
}

/* Pointers of a group worked out afresh. */
static void point(hone_taps *taps, size_t x) {
    const hone_conv_dims *d = taps->dims;
    size_t image = taps->row / d->out_h, y = taps->row % d->out_h, kx, kx_end;
    const void **pointer = taps->pointers;
    clip(x * d->stride_w, d->kernel_w, d->dilation_w, d->in_w, d->pad_left, &kx, &kx_end);
    for (size_t i = 0; i < d->kernel_h; i++)
        for (size_t j = 0; j < d->kernel_w; j++, pointer++) {
            *pointer = taps->outside;
            if (i < taps->ky || i >= taps->ky_end || j < kx || j >= kx_end) continue;
            size_t at = hone__conv_input_pixel(d, image, y, x, i, j);
            *pointer = (const char *)taps->input + at * taps->pixel_bytes;
        }
}

/* Pointers moved by whole pixels; those in the padding above and below stay. */
static void move(hone_taps *taps, size_t pixels) {
    const hone_conv_dims *d = taps->dims;
    size_t bytes = pixels * d->stride_w * taps->pixel_bytes;
    for (size_t t = taps->ky * d->kernel_w; t < taps->ky_end * d->kernel_w; t++)
        taps->pointers[t] = (const char *)taps->pointers[t] + bytes;
}

size_t hone__taps_next(hone_taps *taps) {
    size_t x = taps->next, before = taps->x;
    if (x >= taps->dims->out_w) return 0;
    bool inner = is_inner(taps, x);
    /* a group of several pixels needs taps that all move */
    bool rows = taps->clipped || (taps->ky == 0 && taps->ky_end == taps->dims->kernel_h);
    size_t count = inner && rows ? taps->inner_end - x : 1;
    if (inner && x > 0 && is_inner(taps, before))
        move(taps, x - before);
    else
        point(taps, x);
    taps->x = x;
    taps->next = x + count;
    return count;
}

bool hone__taps_whole(const hone_taps *taps) {
    return is_inner(taps, taps->x) && taps->ky == 0 && taps->ky_end == taps->dims->kernel_h;
}

size_t hone__taps_rows_per_task(const hone_conv_dims *dims) {
    size_t rows = (size_t)dims->n * dims->out_h;
    size_t macs = (size_t)dims->out_w * dims->out_c * hone__conv_taps(dims);
    return hone__min_size(rows, hone__divide_up(TASK_MACS_ATLEAST, macs));
}

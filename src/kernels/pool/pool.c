/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/pool/pool.h"
#include "kernels/pool/pool_tiers.h"
#include "kernels/shared/element.h"
#include "kernels/shared/tiers.h"

static const hone_pool2d_table reference = {
    .max_f32 = {"hone_max_pool_f32_ref", hone_max_pool_f32_ref},
    .average_f32 = {"hone_average_pool_f32_ref", hone_average_pool_f32_ref},
    .max_u8 = {"hone_max_pool_u8_ref", hone_max_pool_u8_ref},
    .average_u8 = {"hone_average_pool_u8_ref", hone_average_pool_u8_ref},
};

void hone__pool2d_init(hone_pool2d_table *table, hone_cpu_tier tier) {
    const hone_pool2d_table *avx2 = HONE_X86(&hone_pool2d_avx2);
    const hone_pool2d_table *avx512 = HONE_X86(&hone_pool2d_avx512);
    const hone_pool2d_table *neon = HONE_ARM(&hone_pool2d_neon);
    *table = reference;
    if (avx2 && hone__tier_has_avx2(tier)) *table = *avx2;
    if (avx512 && hone__tier_has_avx512(tier)) *table = *avx512;
    if (neon && hone__tier_has_neon(tier)) *table = *neon;
}

/* One axis of a window: its first tap is at `start` of the axis that has `pad` positions before the
 * input; [*begin, *end) are the taps inside the `size` input positions. Returns how many taps lie
 * inside the input with its paddings. */
static size_t clip_axis(size_t start, size_t kernel, size_t dilation, size_t size, size_t pad,
                        size_t pad_end, size_t *begin, size_t *end) {
    *begin = start >= pad ? 0 : hone__divide_up(pad - start, dilation);
    *end = start >= pad + size ? 0 : hone__divide_up(pad + size - start, dilation);
    *end = hone__min_size(*end, kernel);
    size_t all = pad + size + pad_end;
    return start >= all ? 0 : hone__min_size(kernel, hone__divide_up(all - start, dilation));
}

hone_pool2d_window hone__pool2d_window(const hone_pool2d_dims *d, size_t row, size_t x) {
    hone_pool2d_window w = {0};
    size_t start_y = row % d->out_h * d->stride_h, start_x = x * d->stride_w;
    size_t padded_h = clip_axis(start_y, d->kernel_h, d->dilation_h, d->in_h, d->pad_top,
                                d->pad_bottom, &w.y0, &w.y1);
    size_t padded_w = clip_axis(start_x, d->kernel_w, d->dilation_w, d->in_w, d->pad_left,
                                d->pad_right, &w.x0, &w.x1);
    size_t inside = w.y0 < w.y1 && w.x0 < w.x1 ? (w.y1 - w.y0) * (w.x1 - w.x0) : 0;
    w.count = (uint32_t)(d->count_include_pad ? padded_h * padded_w : inside);
    if (inside) {
        size_t y = start_y + w.y0 * d->dilation_h - d->pad_top;
        w.pixel =
            (row / d->out_h * d->in_h + y) * d->in_w + start_x + w.x0 * d->dilation_w - d->pad_left;
    }
    return w;
}

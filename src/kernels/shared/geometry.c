/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/shared/geometry.h"

hone_conv_weights hone__conv_weights_oihw(const hone_conv_dims *dims, const void *data,
                                          const void *bias) {
    size_t taps = hone__conv_taps(dims);
    hone_conv_weights weights = {data, taps * (dims->in_c / dims->groups), taps, 1, bias};
    return weights;
}

hone_conv_weights hone__conv_weights_matrix(const hone_conv_dims *dims, const void *data,
                                            const void *bias) {
    hone_conv_weights weights = {data, 1, dims->out_c, 0, bias};
    return weights;
}

size_t hone__conv_pixels(const hone_conv_dims *dims) {
    return (size_t)dims->n * dims->out_h * dims->out_w;
}

size_t hone__conv_taps(const hone_conv_dims *dims) {
    return (size_t)dims->kernel_h * dims->kernel_w;
}

uint64_t hone__conv_macs(const hone_conv_dims *dims) {
    return (uint64_t)hone__conv_pixels(dims) * dims->out_c * hone__conv_taps(dims) *
           (dims->in_c / dims->groups);
}

size_t hone__conv_input_pixel(const hone_conv_dims *dims, size_t image, size_t y, size_t x,
                              size_t ky, size_t kx) {
    size_t padded_y = y * dims->stride_h + ky * dims->dilation_h;
    size_t padded_x = x * dims->stride_w + kx * dims->dilation_w;
    if (padded_y < dims->pad_top || padded_y - dims->pad_top >= dims->in_h)
        return HONE_CONV_OUTSIDE;
    if (padded_x < dims->pad_left || padded_x - dims->pad_left >= dims->in_w)
        return HONE_CONV_OUTSIDE;
    size_t row = image * dims->in_h + (padded_y - dims->pad_top);
    return row * dims->in_w + (padded_x - dims->pad_left);
}

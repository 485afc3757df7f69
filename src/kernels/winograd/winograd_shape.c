/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/winograd/winograd_shape.h"
#include "kernels/shared/element.h"

bool hone__winograd_fits(const hone_conv_dims *d) {
    return d->groups == 1 && d->kernel_h == 3 && d->kernel_w == 3 && d->stride_h == 1 &&
           d->stride_w == 1 && d->dilation_h == 1 && d->dilation_w == 1;
}

hone_winograd_shape hone__winograd_shape(const hone_conv_dims *dims, size_t m) {
    hone_winograd_shape s = {.m = m, .side = m + 2, .points = (m + 2) * (m + 2)};
    s.across = hone__divide_up(dims->out_w, m);
    s.down = hone__divide_up(dims->out_h, m);
    s.tiles = dims->n * s.down * s.across;
    return s;
}

hone_winograd_place hone__winograd_place(const hone_winograd_shape *shape, size_t tile) {
    size_t row = tile / shape->across;
    hone_winograd_place place = {row / shape->down, row % shape->down * shape->m,
                                 tile % shape->across * shape->m};
    return place;
}

size_t hone__winograd_pixel(const hone_conv_dims *d, const hone_winograd_place *place, size_t i,
                            size_t j) {
    size_t y = place->y + i, x = place->x + j; /* in the padded input */
    if (y < d->pad_top || y - d->pad_top >= d->in_h) return HONE_CONV_OUTSIDE;
    if (x < d->pad_left || x - d->pad_left >= d->in_w) return HONE_CONV_OUTSIDE;
    return (place->image * d->in_h + y - d->pad_top) * d->in_w + x - d->pad_left;
}

/* G. A row stands for an interpolation point p, other than infinity, and is (1, p, p^2) divided by
 * the product of p's distances from the others: 0, 1, -1 for m = 2; 0, 5/8, -5/8, 3/2, -3/2 for
 * m = 4. Lavin and Gray have 0, 1, -1, 2, -2, whose errors measure four times as large; Barabasz,
 * Anderson, Soodhalter and Gregg, "Error Analysis and Improving the Accuracy of Winograd
 * Convolution for Deep Neural Networks", 2020, tell why. With these two every constant of B^T and
 * A^T is a float exactly. */
static const double g2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

#define A       0.625
#define B       1.5
#define AA      (A * A)
#define BB      (B * B)
#define AT_ZERO (AA * BB)
#define AT_A    (2 * AA * (AA - BB))
#define AT_B    (2 * BB * (BB - AA))
static const double g4[6][3] = {{1 / AT_ZERO, 0, 0},
                                {1 / AT_A, A / AT_A, AA / AT_A},
                                {1 / AT_A, -A / AT_A, AA / AT_A},
                                {1 / AT_B, B / AT_B, BB / AT_B},
                                {1 / AT_B, -B / AT_B, BB / AT_B},
                                {0, 0, 1}};

static double dot3(const double *a, double x, double y, double z) {
    return a[0] * x + a[1] * y + a[2] * z;
}

void hone__winograd_weights(const hone_conv_weights *weights, size_t m, size_t o, size_t i,
                            float *points) {
    const double(*g)[3] = m == 2 ? g2 : g4;
    double w[9], half[HONE_WINOGRAD_SIDE][3];
    for (size_t t = 0; t < 9; t++)
        w[t] = (double)hone__element_f32(
            weights->data, o * weights->out_step + i * weights->in_step + t * weights->tap_step);
    for (size_t r = 0; r < m + 2; r++)
        for (size_t c = 0; c < 3; c++) half[r][c] = dot3(g[r], w[c], w[3 + c], w[6 + c]);
    for (size_t r = 0; r < m + 2; r++)
        for (size_t c = 0; c < m + 2; c++)
            points[r * (m + 2) + c] = (float)dot3(g[c], half[r][0], half[r][1], half[r][2]);
}

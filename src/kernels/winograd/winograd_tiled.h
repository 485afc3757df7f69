/* SPDX-License-Identifier: Apache-2.0 */
/* What the fast kernels of winograd.h share: everything but the transforms. A tier gives a
 * hone_winograd_tiles as `tile` of its hone_conv_kernel and takes the functions below. Products
 * are made by the tiles of a direct kernel, with one tap. */
#ifndef HONE_KERNELS_WINOGRAD_TILED_H
#define HONE_KERNELS_WINOGRAD_TILED_H

#include "kernels/conv/conv_tiled.h"
#include "kernels/winograd/winograd.h"

/* out[p * plane + c] = point p of B^T d B for c < channels; channels behind them, up to the next
 * multiple of the tier's lanes, are written with anything. */
typedef struct hone_winograd_input {
    const float *const *pixels; /* d: [side][side] */
    size_t channels;
    float *out;
    size_t plane;
} hone_winograd_input;

/* Outputs A^T s A of point sums s[p * plane + c], c < columns, as far as rows and cols go, plus
 * bias and residual, clamped. */
typedef struct hone_winograd_output {
    const float *sums, *bias; /* bias: [16], behind `columns` anything */
    size_t plane;
    size_t rows, cols, columns;
    float *output;
    size_t output_stride, output_row; /* to the next pixel, to the one below */
    const float *residual;            /* NULL: none */
    size_t residual_stride, residual_row;
    float lo, hi;
} hone_winograd_output;

typedef struct hone_winograd_tiles {
    size_t m;     /* 2 or 4 */
    size_t lanes; /* channels that the transforms take at once; divides 16 */
    void (*input)(const hone_winograd_input *input);
    void (*output)(const hone_winograd_output *output);
    const hone_conv_kernel *product; /* `tile` is a hone_conv_tiles */
} hone_winograd_tiles;

bool hone__winograd_tiled_supports(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
size_t hone__winograd_tiled_pack_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
void hone__winograd_tiled_pack(const hone_conv_kernel *kernel, const hone_conv_dims *dims,
                               const hone_conv_weights *weights, void *packed);
size_t hone__winograd_tiled_scratch_bytes(const hone_conv_kernel *kernel,
                                          const hone_conv_dims *dims);
uint32_t hone__winograd_tiled_task_count(const hone_conv_kernel *kernel,
                                         const hone_conv_dims *dims);
void hone__winograd_tiled_run_task(const hone_conv_kernel *kernel, const hone_conv_args *args,
                                   uint32_t index, void *scratch);

#endif

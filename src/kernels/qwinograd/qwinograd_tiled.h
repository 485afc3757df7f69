/* SPDX-License-Identifier: Apache-2.0 */
/* What the fast kernels of qwinograd.h share: everything but the transforms and the products. */
#ifndef HONE_KERNELS_QWINOGRAD_TILED_H
#define HONE_KERNELS_QWINOGRAD_TILED_H

#include "kernels/qwinograd/qwinograd.h"

enum { HONE_QWINOGRAD_M = 4, HONE_QWINOGRAD_SIDE = 6, HONE_QWINOGRAD_POINTS = 36 };

/* out[p * plane + c] = point p of B^T d B for c < channels; channels behind them, up to the next
 * multiple of the tier's nr, are written with anything. */
typedef struct hone_qwinograd_input {
    const uint8_t *const *pixels; /* d: [6][6] */
    size_t channels;
    int16_t *out;
    size_t plane;
} hone_qwinograd_input;

/* sums[r][c] = sum over k < depth of rows[r * row + k] * weights[k][c], modulo 2^32, c < nr;
 * `more`: added to what is there. */
typedef struct hone_qwinograd_product {
    const int16_t *rows;
    size_t row, depth; /* depth: a multiple of depth_step */
    const int16_t *weights;
    uint32_t *sums;
    bool more;
} hone_qwinograd_product;

/* Outputs of a tile from the sums of its points, sums[p * plane + c], c < columns, as far as rows
 * and cols go. */
typedef struct hone_qwinograd_output {
    const uint32_t *sums;
    size_t plane;
    const int32_t *bias;     /* [nr], aligned as the panel is; the zero point is in it */
    const float *multiplier; /* [nr] */
    size_t rows, cols, columns;
    const hone_qconv_args *args;
    size_t pixel, channel; /* of the first output */
} hone_qwinograd_output;

#define HONE_QWINOGRAD_MR 8
typedef struct hone_qwinograd_tiles {
    size_t mr, nr;        /* nr: output channels of a panel, and channels of an input vector */
    size_t depth_step;    /* divides nr */
    const uint8_t *order; /* [nr]: the byte of a panel's channel in packed weights */
    void (*input)(const hone_qwinograd_input *input);
    /* weights [depth][9][nr] to points[p * plane] [depth][nr], in the order the products like */
    void (*weights)(const int8_t *weights, size_t depth, int16_t *points, size_t plane);
    void (*product[HONE_QWINOGRAD_MR])(const hone_qwinograd_product *product); /* r + 1 rows */
    void (*output)(const hone_qwinograd_output *output);
} hone_qwinograd_tiles;

bool hone__qwinograd_tiled_supports(const hone_qconv_kernel *kernel, const hone_conv_dims *dims);
size_t hone__qwinograd_tiled_pack_bytes(const hone_qconv_kernel *kernel,
                                        const hone_conv_dims *dims);
void hone__qwinograd_tiled_pack(const hone_qconv_kernel *kernel, const hone_conv_dims *dims,
                                const hone_qconv_pack *source, void *packed);
size_t hone__qwinograd_tiled_scratch_bytes(const hone_qconv_kernel *kernel,
                                           const hone_conv_dims *dims);
uint32_t hone__qwinograd_tiled_task_count(const hone_qconv_kernel *kernel,
                                          const hone_conv_dims *dims);
void hone__qwinograd_tiled_run_task(const hone_qconv_kernel *kernel, const hone_qconv_args *args,
                                    uint32_t index, void *scratch);

#endif

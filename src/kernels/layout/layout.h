/* SPDX-License-Identifier: Apache-2.0 */
/* Moving elements without looking at them. */
#ifndef HONE_KERNELS_LAYOUT_H
#define HONE_KERNELS_LAYOUT_H

#include <hone/base.h>
#include <stddef.h>

/* output[col * output_stride + row] = input[row * input_stride + col]; strides in elements, at
 * least cols (input) and rows (output).
 *
 * NCHW to NHWC, each image: rows = channels, cols = pixels, input_stride = pixels, output_stride =
 * the pixel stride. NHWC to NCHW: rows = pixels, cols = channels. Cut calls for threads along the
 * pixels. */
typedef struct hone_transpose_args {
    size_t rows, cols;
    const void *input;
    size_t input_stride;
    void *output;
    size_t output_stride;
} hone_transpose_args;

/* `rows` runs of row_bytes; strides in bytes. Input and output must not overlap. */
typedef struct hone_copy_args {
    size_t rows, row_bytes;
    const void *input;
    size_t input_stride;
    void *output;
    size_t output_stride;
} hone_copy_args;

/* output[row * output_stride + col * output_step] = input[row * input_stride + col * input_step];
 * strides and steps in elements, of any sign. */
typedef struct hone_pick_args {
    size_t rows, cols;
    const void *input;
    ptrdiff_t input_stride, input_step;
    void *output;
    ptrdiff_t output_stride, output_step;
} hone_pick_args;

typedef struct hone_layout_table {
    void (*transpose8)(const hone_transpose_args *args);  /* elements of 1 byte */
    void (*transpose32)(const hone_transpose_args *args); /* elements of 4 bytes, aligned to 4 */
    void (*copy)(const hone_copy_args *args);
    void (*pick32)(const hone_pick_args *args); /* elements of 4 bytes, aligned to 4 */
    const char *transpose8_name, *transpose32_name, *copy_name, *pick32_name;
} hone_layout_table;

void hone__layout_init(hone_layout_table *table, hone_cpu_tier tier);

#endif

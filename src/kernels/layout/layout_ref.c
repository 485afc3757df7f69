/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of layout.h: plain loops. Transposes go in blocks, so that both sides stay in the
 * cache. */
#include "kernels/layout/layout_tiers.h"
#include "kernels/shared/element.h"

enum { BLOCK = 16 };

static void block_x8(const hone_transpose_args *args, size_t row, size_t col) {
    size_t row_end = hone__min_size(row + BLOCK, args->rows);
    size_t col_end = hone__min_size(col + BLOCK, args->cols);
    const uint8_t *in = args->input;
    uint8_t *out = args->output;
    for (size_t c = col; c < col_end; c++)
        for (size_t r = row; r < row_end; r++)
            out[c * args->output_stride + r] = in[r * args->input_stride + c];
}

static void block_x32(const hone_transpose_args *args, size_t row, size_t col) {
    size_t row_end = hone__min_size(row + BLOCK, args->rows);
    size_t col_end = hone__min_size(col + BLOCK, args->cols);
    const uint32_t *in = args->input;
    uint32_t *out = args->output;
    for (size_t c = col; c < col_end; c++)
        for (size_t r = row; r < row_end; r++)
            out[c * args->output_stride + r] = in[r * args->input_stride + c];
}

void hone_transpose_x8_ref(const hone_transpose_args *args) {
    for (size_t col = 0; col < args->cols; col += BLOCK)
        for (size_t row = 0; row < args->rows; row += BLOCK) block_x8(args, row, col);
}

void hone_transpose_x32_ref(const hone_transpose_args *args) {
    for (size_t col = 0; col < args->cols; col += BLOCK)
        for (size_t row = 0; row < args->rows; row += BLOCK) block_x32(args, row, col);
}

void hone_copy_x8_ref(const hone_copy_args *args) {
    for (size_t row = 0; row < args->rows; row++)
        memcpy((char *)args->output + row * args->output_stride,
               (const char *)args->input + row * args->input_stride, args->row_bytes);
}

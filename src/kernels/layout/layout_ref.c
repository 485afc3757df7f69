/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of layout.h: plain loops. Transposes go in blocks, so that both sides stay in the
 * cache. */
#include "kernels/layout/layout_tiers.h"
#include "kernels/shared/element.h"

/* Rows of a block go one after the other, STRIP columns at a time: few rows (the planes of a
 * picture) then have a long inner loop. */
enum { BLOCK = 16, STRIP = 256 };

void hone__transpose_rest_x8(const hone_transpose_args *args, size_t row, size_t row_end,
                             size_t col, size_t col_end) {
    size_t stride = args->output_stride;
    for (size_t begin = col; begin < col_end; begin += STRIP)
        for (size_t r = row, end = hone__min_size(begin + STRIP, col_end); r < row_end; r++) {
            const uint8_t *in = (const uint8_t *)args->input + r * args->input_stride;
            uint8_t *out = (uint8_t *)args->output + r;
            for (size_t c = begin; c < end; c++) out[c * stride] = in[c];
        }
}

void hone__transpose_rest_x32(const hone_transpose_args *args, size_t row, size_t row_end,
                              size_t col, size_t col_end) {
    size_t stride = args->output_stride;
    for (size_t begin = col; begin < col_end; begin += STRIP)
        for (size_t r = row, end = hone__min_size(begin + STRIP, col_end); r < row_end; r++) {
            const uint32_t *in = (const uint32_t *)args->input + r * args->input_stride;
            uint32_t *out = (uint32_t *)args->output + r;
            for (size_t c = begin; c < end; c++) out[c * stride] = in[c];
        }
}

void hone_transpose_x8_ref(const hone_transpose_args *args) {
    for (size_t col = 0; col < args->cols; col += BLOCK)
        for (size_t row = 0; row < args->rows; row += BLOCK)
            hone__transpose_rest_x8(args, row, hone__min_size(row + BLOCK, args->rows), col,
                                    hone__min_size(col + BLOCK, args->cols));
}

void hone_transpose_x32_ref(const hone_transpose_args *args) {
    for (size_t col = 0; col < args->cols; col += BLOCK)
        for (size_t row = 0; row < args->rows; row += BLOCK)
            hone__transpose_rest_x32(args, row, hone__min_size(row + BLOCK, args->rows), col,
                                     hone__min_size(col + BLOCK, args->cols));
}

/* Runs of a constant size: the compiler makes each a load and a store. */
static inline void copy_runs(const hone_copy_args *args, const size_t bytes) {
    char *out = args->output;
    const char *in = args->input;
    for (size_t row = 0; row < args->rows; row++)
        memcpy(out + row * args->output_stride, in + row * args->input_stride, bytes);
}

void hone_copy_x8_ref(const hone_copy_args *args) {
    switch (args->row_bytes) {
    case 4:
        copy_runs(args, 4);
        break;
    case 8:
        copy_runs(args, 8);
        break;
    case 16:
        copy_runs(args, 16);
        break;
    default:
        copy_runs(args, args->row_bytes);
    }
}

void hone_pick_x32_ref(const hone_pick_args *args) {
    for (size_t row = 0; row < args->rows; row++) {
        const uint32_t *in = (const uint32_t *)args->input + (ptrdiff_t)row * args->input_stride;
        uint32_t *out = (uint32_t *)args->output + (ptrdiff_t)row * args->output_stride;
        for (size_t col = 0; col < args->cols; col++)
            out[(ptrdiff_t)col * args->output_step] = in[(ptrdiff_t)col * args->input_step];
    }
}

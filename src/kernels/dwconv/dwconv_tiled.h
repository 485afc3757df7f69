/* SPDX-License-Identifier: Apache-2.0 */
/* What the fast kernels of dwconv.h share: everything but the innermost loops. */
#ifndef HONE_KERNELS_DWCONV_TILED_H
#define HONE_KERNELS_DWCONV_TILED_H

#include "kernels/dwconv/dwconv.h"

/* output[p][c] = clamp(bias[c] + sum over tap <= t < tap_end of taps[t][p * step + c] *
 * weight[t][c], lo, hi) for the pixels p of a group and all channels. */
typedef struct hone_dwconv_tile {
    const float *const *taps;
    size_t tap, tap_end; /* those whose kernel row is inside the input */
    size_t tap_count;    /* all: panels have so many weights */
    size_t pixels;       /* in the group */
    size_t step;         /* elements from the input of a pixel to that of the next */
    bool whole;          /* all taps inside the input: taps[] of a kernel row are `column` apart */
    size_t column;       /* elements */
    const float *panel;  /* for each `width` channels: bias [width], weights [tap][width] */
    size_t channels;
    float *output;
    size_t output_stride;
    float lo, hi;
} hone_dwconv_tile;

/* A few neighbouring output pixels of a K x K kernel with stride S in both directions, found
 * through pointers to their input pixels, those in the padding to zeros: edges are no special case,
 * and an input is loaded once for all the outputs that it goes into.
 *
 * output[p][c] = clamp(bias[c] + sum over row <= ky < row_end and kx of
 * columns[ky][p * S + kx][c] * weight[ky * K + kx][c], lo, hi), channels >= width. */
#define HONE_DWCONV_ROWS 7
typedef struct hone_dwconv_group {
    const float *const *columns[HONE_DWCONV_ROWS]; /* by kernel row */
    size_t row, row_end;                           /* kernel rows inside the input */
    const float *panel;
    size_t channels;
    float *output;
    size_t output_stride;
    float lo, hi;
} hone_dwconv_group;

#define HONE_DWCONV_PIXELS 7
typedef struct hone_dwconv_square {
    uint32_t kernel, stride;
    void (*run[HONE_DWCONV_PIXELS])(const hone_dwconv_group *group); /* run[p - 1]: p pixels */
} hone_dwconv_square;

typedef struct hone_dwconv_tiles {
    size_t width;
    void (*run)(const hone_dwconv_tile *tile);
    void (*run_3x3)(const hone_dwconv_tile *tile); /* stride 1, all taps inside; NULL: none */
    /* Kernels that have code of their own, and how many. */
    const hone_dwconv_square *squares;
    size_t square_count;
    /* The last panel is that of the last `width` channels where there are as many: channels that
     * two panels have are computed twice, and none needs a mask. */
    bool overlaps;
} hone_dwconv_tiles;

bool hone__dwconv_tiled_supports(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims);
size_t hone__dwconv_tiled_pack_bytes(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims);
void hone__dwconv_tiled_pack(const hone_dwconv_kernel *kernel, const hone_conv_dims *dims,
                             const hone_conv_weights *weights, void *packed);
size_t hone__dwconv_tiled_scratch_bytes(const hone_dwconv_kernel *kernel,
                                        const hone_conv_dims *dims);
uint32_t hone__dwconv_tiled_task_count(const hone_dwconv_kernel *kernel,
                                       const hone_conv_dims *dims);
void hone__dwconv_tiled_run_task(const hone_dwconv_kernel *kernel, const hone_dwconv_args *args,
                                 uint32_t index, void *scratch);

#endif

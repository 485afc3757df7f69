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

typedef struct hone_dwconv_tiles {
    size_t width;
    void (*run)(const hone_dwconv_tile *tile);
    void (*run_3x3)(const hone_dwconv_tile *tile); /* stride 1, all taps inside; NULL: none */
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

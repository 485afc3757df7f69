/* SPDX-License-Identifier: Apache-2.0 */
/* What the fast kernels of qdwconv.h share: everything but the innermost loops. */
#ifndef HONE_KERNELS_QDWCONV_TILED_H
#define HONE_KERNELS_QDWCONV_TILED_H

#include "kernels/qdwconv/qdwconv.h"

/* acc[p][c] = bias[c] + sum over tap pairs of taps[t][p * step + c] * weight[t][c], requantized.
 * The input's zero point is folded into bias; padding is read from a pixel of zero points. */
typedef struct hone_qdwconv_tile {
    const uint8_t *const *taps; /* an even number: an odd one is filled up with any valid pixel */
    size_t pairs;
    size_t step; /* elements from the input of a pixel to that of the next */
    /* For each `width` channels: bias [width] int32, multiplier [width] float, then int16 weights
     * [pairs][width][2]; a missing channel or tap is zero. */
    const void *panel;
    size_t channels;
    uint8_t *output;
    size_t output_stride;
    int32_t output_zero;
    float lo, hi;
} hone_qdwconv_tile;

#define HONE_QDWCONV_PIXELS 4
typedef struct hone_qdwconv_tiles {
    size_t width;
    void (*run[HONE_QDWCONV_PIXELS])(const hone_qdwconv_tile *tile); /* run[p - 1]: p pixels */
} hone_qdwconv_tiles;

/* Bytes of the panel of `width` channels. */
size_t hone__qdwconv_panel_bytes(size_t width, size_t pairs);

bool hone__qdwconv_tiled_supports(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims);
size_t hone__qdwconv_tiled_pack_bytes(const hone_qdwconv_kernel *kernel,
                                      const hone_conv_dims *dims);
void hone__qdwconv_tiled_pack(const hone_qdwconv_kernel *kernel, const hone_conv_dims *dims,
                              const hone_qconv_pack *source, void *packed);
size_t hone__qdwconv_tiled_scratch_bytes(const hone_qdwconv_kernel *kernel,
                                         const hone_conv_dims *dims);
uint32_t hone__qdwconv_tiled_task_count(const hone_qdwconv_kernel *kernel,
                                        const hone_conv_dims *dims);
void hone__qdwconv_tiled_run_task(const hone_qdwconv_kernel *kernel, const hone_qdwconv_args *args,
                                  uint32_t index, void *scratch);

#endif

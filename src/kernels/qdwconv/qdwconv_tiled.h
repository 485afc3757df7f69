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
    size_t pixels; /* in the group */
    size_t step;   /* elements from the input of a pixel to that of the next */
    /* Panels, each for `width` channels from hone__qdwconv_channel() on: bias [width] int32,
     * multiplier [width] float, int16 weights [pairs][width][2]; a missing channel or tap is zero.
     * Channel i of a panel is in lane order[i]. */
    const void *panel;
    size_t channels;
    uint8_t *output;
    size_t output_stride;
    int32_t output_zero;
    float lo, hi;
} hone_qdwconv_tile;

typedef struct hone_qdwconv_tiles {
    size_t width;
    size_t narrow; /* a tile can also take this many channels, the lower lanes of a panel's order */
    const uint8_t *order; /* [width] */
    void (*run)(const hone_qdwconv_tile *tile);
} hone_qdwconv_tiles;

/* Bytes of the panel of `width` channels. */
size_t hone__qdwconv_panel_bytes(size_t width, size_t pairs);

/* Channels are cut into blocks of `block` with one panel each; so that no block is partial, the
 * last one begins early and computes some channels a second time. With fewer channels than `block`
 * there is one partial one. */
static inline size_t hone__qdwconv_channel(size_t channels, size_t block, size_t index) {
    size_t first = index * block;
    return first + block > channels && channels >= block ? channels - block : first;
}

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

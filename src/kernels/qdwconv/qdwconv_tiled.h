/* SPDX-License-Identifier: Apache-2.0 */
/* What the fast kernels of qdwconv.h share: everything but the innermost loops. */
#ifndef HONE_KERNELS_QDWCONV_TILED_H
#define HONE_KERNELS_QDWCONV_TILED_H

#include "kernels/qdwconv/qdwconv.h"

/* acc[p][c] = bias[c] + sum over taps of taps[t][p * step + c] * weight[t][c], requantized.
 * The input's zero point is folded into bias; padding is read from a pixel of zero points. */
typedef struct hone_qdwconv_tile {
    const uint8_t *const *taps; /* whole pairs, filled up with any valid pixel */
    size_t pairs;               /* of taps; or fours, see `fours` below */
    size_t pixels;              /* in the group */
    size_t step;                /* elements from the input of a pixel to that of the next */
    /* Panels of `width` lanes, one for each of hone__qdwconv_next()'s blocks: bias [width] int32,
     * multiplier [width] float, int16 weights [pairs][width][2] or int8 weights
     * [pairs][width][4]; a missing channel or tap is zero. */
    const void *panel;
    size_t channels;
    uint8_t *output;
    size_t output_stride;
    int32_t output_zero;
    float lo, hi;
} hone_qdwconv_tile;

typedef struct hone_qdwconv_tiles {
    size_t width, narrow;
    const uint8_t *order; /* [width]: the lane of a panel's channel */
    size_t copy; /* narrow panels hold each channel a second time, so many lanes on; or 0 */
    void (*run)(const hone_qdwconv_tile *tile);
    bool fours; /* taps come in fours and weights are bytes */
} hone_qdwconv_tiles;

/* Bytes of the panel of `width` channels. */
size_t hone__qdwconv_panel_bytes(size_t width, size_t pairs);

/* Channels [first, first + size) of a block, and all that are done with it. */
typedef struct hone_qdwconv_block {
    size_t first, size, done;
} hone_qdwconv_block;

/* Cuts channels into blocks of `width` and, where fewer are left, of `narrow`. So that no block is
 * partial, a last one may begin early and compute some channels a second time; fewer channels than
 * `narrow` are one partial block. Begin with a zeroed block; false behind the last. */
static inline bool hone__qdwconv_next(size_t channels, size_t width, size_t narrow,
                                      hone_qdwconv_block *block) {
    size_t left = channels - block->done;
    if (left == 0) return false;
    block->size = left > narrow && channels >= width ? width : narrow;
    if (block->size > channels) block->size = channels;
    block->first = block->size > left ? channels - block->size : block->done;
    block->done = block->first + block->size;
    return true;
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

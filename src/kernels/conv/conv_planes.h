/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernels of hone_conv_table.planes share: everything but the innermost tile.
 *
 * The first layer of a network sees a picture of few planes. Neighbouring output pixels read
 * neighbouring elements of a plane's row, so that a tile needs one pointer for each plane and
 * kernel row, and nothing is transposed or gathered: rows are only copied where they need padding
 * at their ends. */
#ifndef HONE_KERNELS_CONV_PLANES_H
#define HONE_KERNELS_CONV_PLANES_H

#include "kernels/conv/conv_tiled.h"

/* A tile whose `rows` are `taps` lines of the input, and `depth` the kernel's width: pixel r reads
 * rows[t][at + r * stride + kx] for the weights [t][kx]. */
typedef void (*hone_conv_planes_run)(const hone_conv_tile *tile, size_t at);

#define HONE_CONV_PLANES_MR     6
#define HONE_CONV_PLANES_STRIDE 2
typedef struct hone_conv_planes_tiles {
    size_t mr, nr;
    /* run[stride - 1][r - 1] computes r pixels */
    hone_conv_planes_run run[HONE_CONV_PLANES_STRIDE][HONE_CONV_PLANES_MR];
} hone_conv_planes_tiles;

/* The kernel's `tile`: shapes of which that with the fewest idle channels is taken. */
typedef struct hone_conv_planes_shapes {
    size_t count;
    const hone_conv_planes_tiles *shapes;
} hone_conv_planes_shapes;

bool hone__conv_planes_supports(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
size_t hone__conv_planes_pack_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
void hone__conv_planes_pack(const hone_conv_kernel *kernel, const hone_conv_dims *dims,
                            const hone_conv_weights *weights, void *packed);
size_t hone__conv_planes_scratch_bytes(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
uint32_t hone__conv_planes_task_count(const hone_conv_kernel *kernel, const hone_conv_dims *dims);
void hone__conv_planes_run_task(const hone_conv_kernel *kernel, const hone_conv_args *args,
                                uint32_t index, void *scratch);

#endif

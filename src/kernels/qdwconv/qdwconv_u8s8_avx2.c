/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qdwconv_u8s8_2x32_avx2: two taps at a time, widened to 16 bits, by vpmaddwd. */
#include "kernels/qdwconv/qdwconv_reg_avx2.h"
#include "kernels/qdwconv/qdwconv_tiers.h"

enum { TAPS = 2 };

HONE_INLINE reg add_products(reg acc, reg x, reg w) {
    return reg_add_pairs(acc, x, w);
}

/* The loops, written with the above. */
#include "kernels/qdwconv/qdwconv_unpack_loops.h"

const hone_qdwconv_kernel hone_qdwconv_u8s8_2x32_avx2 = {
    .name = "hone_qdwconv_u8s8_2x32_avx2",
    .supports = hone__qdwconv_tiled_supports,
    .pack_bytes = hone__qdwconv_tiled_pack_bytes,
    .pack = hone__qdwconv_tiled_pack,
    .scratch_bytes = hone__qdwconv_tiled_scratch_bytes,
    .task_count = hone__qdwconv_tiled_task_count,
    .run_task = hone__qdwconv_tiled_run_task,
    .tile = &tiles,
};

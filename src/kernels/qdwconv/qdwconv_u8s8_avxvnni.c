/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qdwconv_u8s8_2x32_avxvnni: four taps at a time by VPDPBUSD. */
#include "kernels/qdwconv/qdwconv_reg_avx2.h"
#include "kernels/qdwconv/qdwconv_tiers.h"

enum { TAPS = 4 };

HONE_INLINE reg add_products(reg acc, reg x, reg w) {
    return _mm256_dpbusd_avx_epi32(acc, x, w);
}

/* The loops, written with the above. */
#include "kernels/qdwconv/qdwconv_unpack_loops.h"

const hone_qdwconv_kernel hone_qdwconv_u8s8_2x32_avxvnni = {
    .name = "hone_qdwconv_u8s8_2x32_avxvnni",
    .supports = hone__qdwconv_tiled_supports,
    .pack_bytes = hone__qdwconv_tiled_pack_bytes,
    .pack = hone__qdwconv_tiled_pack,
    .scratch_bytes = hone__qdwconv_tiled_scratch_bytes,
    .task_count = hone__qdwconv_tiled_task_count,
    .run_task = hone__qdwconv_tiled_run_task,
    .tile = &tiles,
};

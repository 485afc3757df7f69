/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of recurrent_loops.h with AVX-512. */
#include "kernels/recurrent/recurrent_loops.h"

const hone_recurrent_table hone_recurrent_f32_avx512 = {
    .name = "hone_recurrent_f32_avx512",
    .pack_bytes = hone__recurrent_pack_bytes,
    .pack = hone__recurrent_pack,
    .scratch_bytes = loops_scratch_bytes,
    .run = loops_run,
};

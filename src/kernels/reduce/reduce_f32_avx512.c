/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of reduce_loops.h with AVX-512. */
#include "kernels/reduce/reduce_loops.h"

const hone_reduce_table hone_reduce_f32_avx512 = {"hone_reduce_f32_avx512", reduce_rows,
                                                  reduce_columns};

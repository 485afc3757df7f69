/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of reduce_loops.h with NEON. */
#include "kernels/reduce/reduce_loops.h"

const hone_reduce_table hone_reduce_f32_neon = {"hone_reduce_f32_neon", reduce_rows,
                                                reduce_columns};

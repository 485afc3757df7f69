/* SPDX-License-Identifier: Apache-2.0 */
/* The implementations of the family; private to src/kernels/recurrent. */
#ifndef HONE_KERNELS_RECURRENT_TIERS_H
#define HONE_KERNELS_RECURRENT_TIERS_H

#include "kernels/recurrent/recurrent.h"

extern const hone_recurrent_table hone_recurrent_f32_ref;
extern const hone_recurrent_table hone_recurrent_f32_avx2; /* x86_64 */
extern const hone_recurrent_table hone_recurrent_f32_avx512;
extern const hone_recurrent_table hone_recurrent_f32_neon; /* aarch64 */

/* recurrent_pack.c: panels of HONE_RECURRENT_COLUMNS rows of R, [depth][columns] each, those behind
 * the last row zero. A GRU's candidate has panels of its own behind those of its gates. */
size_t hone__recurrent_pack_bytes(const hone_recurrent_dims *dims);
void hone__recurrent_pack(const hone_recurrent_dims *dims, const void *weights, void *packed);

#endif

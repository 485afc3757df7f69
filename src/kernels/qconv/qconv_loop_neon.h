/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of the NEON tile, in assembly. Private to src/kernels/qconv. */
#ifndef HONE_KERNELS_QCONV_LOOP_NEON_H
#define HONE_KERNELS_QCONV_LOOP_NEON_H

#include <stddef.h>
#include <stdint.h>

/* sums[r][c] = bias[c] + sum over k < depth of rows[r][k] * weights[k][c], for r < 8 and c < 8. */
typedef struct hone_qconv_loop {
    const int16_t *rows[8]; /* all readable */
    size_t depth;           /* a multiple of 8, at least 8 */
    const int32_t *bias;    /* [8] */
    const int8_t *weights;  /* [depth][8] */
    int32_t sums[64];
} hone_qconv_loop;

void hone__qconv_loop_8x8_neon(hone_qconv_loop *loop);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of the NEON tile, in assembly. Private to src/kernels/conv. */
#ifndef HONE_KERNELS_CONV_LOOP_NEON_H
#define HONE_KERNELS_CONV_LOOP_NEON_H

#include <stddef.h>

/* output[r][c] = clamp(panel's bias[c] + sum over taps and k < depth of rows[tap * 8 + r][k] *
 * panel's weight[tap][k][c], lo, hi) for r < 8 and c < 8, added up in the order of memory. */
typedef struct hone_conv_loop {
    const float *const *rows; /* [taps][8], all readable */
    size_t taps, depth;
    const float *panel; /* bias [8], weights [taps * depth][8] */
    float *output;
    size_t stride; /* bytes from a row of outputs to the next */
    float lo, hi;
} hone_conv_loop;

void hone__conv_loop_8x8_neon(const hone_conv_loop *loop);

#endif

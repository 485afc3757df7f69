/* SPDX-License-Identifier: Apache-2.0 */
/* The tile of qconv_dot_tiled.h for VPDPBUSD of 256 or 512 bits. A tier's file includes this once,
 * after it has defined: MR, LANES (a panel has two registers of them), the type `sums` of LANES
 * int32, and
 *
 *   sums sums_load(const void *from)                aligned
 *   sums sums_spread(const uint8_t *from)           the same four bytes in every lane
 *   sums sums_dot(sums acc, sums x, sums w)         acc + x * w, four products a lane
 *   void finish_tile(const hone_qconv_tile *t, const size_t rows, const size_t vectors,
 *                    sums (*acc)[2])
 *
 * Panels with no more than LANES channels leave their empty half out: vectors is 1 or 2. */
#ifndef HONE_KERNELS_QCONV_DOT_LOOPS_H
#define HONE_KERNELS_QCONV_DOT_LOOPS_H

#include "kernels/qconv/qconv_dot_tiled.h"

enum { NR = 2 * LANES };

/* One tap: `depth` inputs of each row. Returns the weights behind it. */
HONE_INLINE const int8_t *run_tap(const uint8_t *const *pointers, size_t depth,
                                  const int8_t *weight, const size_t rows, const size_t vectors,
                                  sums (*acc)[2]) {
    const uint8_t *in[MR];
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++) in[r] = pointers[r];
    for (size_t k = 0; k < depth; k += 4, weight += 4 * NR) {
        /* the bound stays in memory: twelve pointers leave no register for it */
        if (MR > 8) __asm__("" : "+m"(depth));
        sums w0 = sums_load(weight), w1 = w0;
        if (vectors == 2) w1 = sums_load(weight + 4 * LANES);
#pragma GCC unroll 12
        for (size_t r = 0; r < rows; r++) {
            sums x = sums_spread(in[r] + k);
            acc[r][0] = sums_dot(acc[r][0], x, w0);
            if (vectors == 2) acc[r][1] = sums_dot(acc[r][1], x, w1);
        }
    }
    return weight;
}

HONE_INLINE void run_vectors(const hone_qconv_dot_tile *t, const size_t rows,
                             const size_t vectors) {
    sums acc[MR][2];
    const int32_t *bias = t->out.panel;
    const int8_t *weight = (const int8_t *)(bias + 2 * NR);
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++) {
        acc[r][0] = sums_load(bias);
        acc[r][1] = sums_load(bias + LANES);
    }
    for (size_t tap = 0; tap < t->taps; tap++)
        weight = run_tap(t->rows + tap * MR, t->depth, weight, rows, vectors, acc);
    finish_tile(&t->out, rows, vectors, acc);
}

HONE_INLINE void run_rows(const hone_qconv_dot_tile *t, const size_t rows) {
    if (t->out.columns > LANES)
        run_vectors(t, rows, 2);
    else
        run_vectors(t, rows, 1);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of the NEON tiles, in assembly. Private to src/kernels/qdwconv. */
#ifndef HONE_KERNELS_QDWCONV_LOOP_NEON_H
#define HONE_KERNELS_QDWCONV_LOOP_NEON_H

#include <stddef.h>
#include <stdint.h>

/* outputs[p][c] = requantized bias[c] + sum over ky, kx < 3 of rows[ky][(p * stride + kx) * column
 * + c]
 * * weight[3 * ky + kx][c], for p < 4 and c < 8 * blocks. The assembly reads the fields at the
 * offsets written beside them. */
typedef struct hone_qdwconv_loop {
    const uint8_t *rows[3]; /* 0 */
    size_t column;          /* 24: bytes from a column to the next */
    const void *panel;      /* 32: as hone_qdwconv_tile's, of width 8 and 5 pairs */
    size_t blocks;          /* 40: at least 1 */
    uint8_t *outputs[4];    /* 48 */
    int16_t zero;           /* 80: of the output */
    uint8_t lo, hi;         /* 82, 83: the clamp, in outputs */
} hone_qdwconv_loop;

_Static_assert(offsetof(hone_qdwconv_loop, outputs) == 48 && offsetof(hone_qdwconv_loop, hi) == 83,
               "the loops know these offsets");

void hone__qdwconv_loop_3x3s1_neon(const hone_qdwconv_loop *loop);
void hone__qdwconv_loop_3x3s2_neon(const hone_qdwconv_loop *loop);

/* What both begin with: rows in x0 to x2, one to eight columns in x3 to x10. */
/* clang-format off */
#define HONE_QDWCONV_LOOP_START \
    "ldp x0, x1, [%[loop]]\n"         "ldp x2, x3, [%[loop], #16]\n" \
    "ldp x15, x17, [%[loop], #32]\n"  "ldp x19, x20, [%[loop], #48]\n" \
    "ldp x21, x22, [%[loop], #64]\n" \
    "add x16, %[loop], #80\n" "ld1r {v13.8h}, [x16]\n" \
    "add x16, %[loop], #82\n" "ld1r {v14.8b}, [x16]\n" \
    "add x16, %[loop], #83\n" "ld1r {v15.8b}, [x16]\n" \
    "lsl x4, x3, #1\n" "add x5, x4, x3\n" "lsl x6, x3, #2\n" "add x7, x6, x3\n" \
    "add x8, x6, x4\n" "add x9, x6, x5\n" "lsl x10, x3, #3\n" \
    "add x16, x15, #64\n"
#define HONE_QDWCONV_LOOP_CLOBBERS \
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x15", "x16", "x17", "x19", \
    "x20", "x21", "x22", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v13", "v14", \
    "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", \
    "v28", "v29", "v30", "cc", "memory"
/* clang-format on */

#endif

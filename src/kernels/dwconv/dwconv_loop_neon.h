/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loops of the NEON tiles, in assembly. Private to src/kernels/dwconv. */
#ifndef HONE_KERNELS_DWCONV_LOOP_NEON_H
#define HONE_KERNELS_DWCONV_LOOP_NEON_H

#include <stddef.h>

/* outputs[p][c] = clamp(bias[c] + sum over ky, kx < 3 of rows[ky][(p * stride + kx) * column + c] *
 * weight[ky][kx][c], lo, hi) for p < 4 and c < 4 * blocks. The assembly reads the fields at the
 * offsets written beside them. */
typedef struct hone_dwconv_loop {
    const float *rows[3]; /* 0 */
    size_t column;      /* 24: bytes from a column to the next; (p * stride + kx) * column above */
    const float *panel; /* 32: for each 4 channels: bias [4], weights [9][4] */
    size_t blocks;      /* 40: at least 1 */
    float *outputs[4];  /* 48 */
    float lo, hi;       /* 80, 84 */
} hone_dwconv_loop;

_Static_assert(offsetof(hone_dwconv_loop, outputs) == 48 && offsetof(hone_dwconv_loop, hi) == 84,
               "the loops know these offsets");

void hone__dwconv_loop_3x3s1_neon(const hone_dwconv_loop *loop);
void hone__dwconv_loop_3x3s2_neon(const hone_dwconv_loop *loop);

/* What both begin with: pointers to columns 0 and 4 of each row in x0 to x5, one to four columns in
 * x6 to x8 and x12, the same and half a register more in x9 to x11 and x13. */
/* clang-format off */
#define HONE_DWCONV_LOOP_START \
    "ldp x0, x1, [%[loop]]\n"         "ldp x2, x6, [%[loop], #16]\n" \
    "ldp x27, x25, [%[loop], #32]\n"  "ldp x20, x21, [%[loop], #48]\n" \
    "ldp x22, x23, [%[loop], #64]\n" \
    "add x14, %[loop], #80\n" "ld1r {v30.4s}, [x14]\n" \
    "add x14, %[loop], #84\n" "ld1r {v31.4s}, [x14]\n" \
    "lsl x7, x6, #1\n"     "add x8, x7, x6\n"    "lsl x12, x6, #2\n" \
    "add x9, x6, #8\n"     "add x10, x7, #8\n"   "add x11, x8, #8\n"   "add x13, x12, #8\n" \
    "add x3, x0, x12\n"    "add x4, x1, x12\n"   "add x5, x2, x12\n" \
    "mov x19, x27\n"       "mov x24, #16\n"
#define HONE_DWCONV_LOOP_CLOBBERS \
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", \
    "x15", "x16", "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x27", "v0", "v1", "v2", \
    "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", \
    "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", \
    "v30", "v31", "cc", "memory"
/* clang-format on */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Everything the arithmetic offers, as one table of families.
 *
 * A family is a folder: its header is the contract, *_ref.c the plain oracle, one file an
 * instruction set. hone__kernels_init fills the table with the references and then raises it tier
 * by tier to what the CPU (or the caller's cap) has. Nothing here allocates, starts threads, or
 * knows tensors: the caller owns all memory and calls tasks from wherever it likes.
 *
 * Layout of every activation: pixels of channels ("NHWC"). Channel c of pixel p is at
 * data[p * stride + c], stride >= channels, in elements; images and rows follow each other without
 * gaps, so p = (n * height + y) * width + x. A concatenation is then only a wider stride and an
 * offset. No pointer needs more alignment than its element type has. */
#ifndef HONE_KERNELS_H
#define HONE_KERNELS_H

#include "kernels/conv/conv.h"
#include "kernels/dwconv/dwconv.h"
#include "kernels/eltwise/eltwise.h"
#include "kernels/layout/layout.h"
#include "kernels/matmul/matmul.h"
#include "kernels/norm/norm.h"
#include "kernels/pool/pool.h"
#include "kernels/qconv/qconv.h"
#include "kernels/qdwconv/qdwconv.h"
#include "kernels/qwinograd/qwinograd.h"
#include "kernels/recurrent/recurrent.h"
#include "kernels/reduce/reduce.h"
#include "kernels/winograd/winograd.h"
#include <hone/base.h>

typedef struct hone_kernels {
    hone_cpu_tier tier; /* what the table was raised to */
    hone_conv_table conv;
    hone_winograd_table winograd;
    hone_dwconv_table dwconv;
    hone_qconv_table qconv;
    hone_qwinograd_table qwinograd;
    hone_qdwconv_table qdwconv;
    hone_pool2d_table pool;
    hone_eltwise_table eltwise;
    hone_layout_table layout;
    hone_recurrent_table recurrent;
    hone_matmul_table matmul;
    hone_reduce_table reduce;
    hone_norm_table norm;
} hone_kernels;

/* Fills *kernels for this CPU, at most `cap` (HONE_CPU_BEST: all it has; HONE_CPU_SCALAR: the
 * references). */
void hone__kernels_init(hone_kernels *kernels, hone_cpu_tier cap);

#endif

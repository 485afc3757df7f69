/* SPDX-License-Identifier: Apache-2.0 */
/* What the element by element families share. */
#ifndef HONE_OPS_ELEMENTWISE_H
#define HONE_OPS_ELEMENTWISE_H

#include "ops/family.h"

/* Walks inputs 0..inputs-1 (at most 3, all present), each broadcast to output 0, and output 0 as
 * the last operand. HONE_SHAPE where an input does not broadcast. */
hone_status hone__elementwise(const hone_op_call *call, uint32_t inputs, hone__row row,
                              void *context, hone_error *error);

/* Adds `tensor` to the nest, or HONE_SHAPE where it does not broadcast to it. */
hone_status hone__nest_add_checked(hone__nest *nest, const hone_op_call *call,
                                   const hone_tensor *tensor, hone_error *error);

#endif

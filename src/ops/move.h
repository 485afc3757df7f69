/* SPDX-License-Identifier: Apache-2.0 */
/* Moving elements without looking at them. */
#ifndef HONE_OPS_MOVE_H
#define HONE_OPS_MOVE_H

#include "ops/family.h"

/* Copies through a nest of two operands: the first is read from `from`, the second written to `to`.
 * Both are of one type of whole bytes. */
void hone__move(const hone__nest *nest, const hone_tensor *from, hone_tensor *to);

/* Whole tensors that have the same bytes in the same order. HONE_SHAPE where the counts differ. */
hone_status hone__copy_all(const hone_op_call *call, const hone_tensor *from, hone_tensor *to,
                           hone_error *error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Operators whose output's shape depends on the data: a measurer tells it, then `run` is called
 * with memory of that shape, the same inputs and the same scratch, untouched in between. */
#ifndef HONE_OPS_MEASURE_H
#define HONE_OPS_MEASURE_H

#include "ops/family.h"

hone_status hone__measure_compress(const hone_op_call *call, hone_shape *shapes, hone_error *error);
hone_status hone__measure_nms(const hone_op_call *call, hone_shape *shapes, hone_error *error);
hone_status hone__measure_nonzero(const hone_op_call *call, hone_shape *shapes, hone_error *error);
hone_status hone__measure_unique(const hone_op_call *call, hone_shape *shapes, hone_error *error);

#endif

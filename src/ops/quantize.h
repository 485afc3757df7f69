/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_OPS_QUANTIZE_H
#define HONE_OPS_QUANTIZE_H

#include "ops/family.h"

/* clamp(rint((float)sum * multiplier) + zero) into the range of `dtype`: the library's one rounding
 * rule for integer results, to nearest even. */
int64_t hone__requantize(int32_t sum, float multiplier, int64_t zero, hone_dtype dtype);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of a dense tensor as numbers, whatever their type and alignment.
 *
 * Reals travel as double, integers as int64. An unsigned 64-bit integer travels as the same bits,
 * so that sums, differences and products wrap as they should; what depends on the sign (division,
 * order, right shift) asks hone__kind_of. Blocks are strided: element first + i * step, in
 * elements. */
#ifndef HONE_OPS_ELEMENT_H
#define HONE_OPS_ELEMENT_H

#include "tensor/tensor.h"

#define HONE__BLOCK 256 /* numbers in one block on the stack */

typedef enum hone__kind {
    HONE__NOT_A_NUMBER = 0, /* strings, complex numbers */
    HONE__REAL,
    HONE__SIGNED,
    HONE__UNSIGNED /* and bool */
} hone__kind;

hone__kind hone__kind_of(hone_dtype dtype);
/* Whole bytes an element; 0 for strings and for types narrower than a byte. */
size_t hone__element_bytes(hone_dtype dtype);
/* Least and most value of an integer type of at most 32 bits or S64; U64's most is INT64_MAX. */
void hone__integer_range(hone_dtype dtype, int64_t *least, int64_t *most);

/* Any number type; integers of other than real kind are converted. */
double hone__real_at(hone_dtype dtype, const void *data, int64_t index);
/* Integer types exactly, reals truncated. */
int64_t hone__int_at(hone_dtype dtype, const void *data, int64_t index);
/* Rounds to nearest even into a real type (float8 and float4 saturate); truncates into an integer
 * type; bool is "not zero". */
void hone__real_put(hone_dtype dtype, void *data, int64_t index, double value);
/* Keeps the low bits of an integer type; bool is "not zero"; rounds into a real type. */
void hone__int_put(hone_dtype dtype, void *data, int64_t index, int64_t value);
/* As hone__real_put, but without saturation: what is too big becomes infinity, or NaN where the
 * type has none. */
void hone__real_put_unsaturated(hone_dtype dtype, void *data, int64_t index, double value);

void hone__reals_load(hone_dtype dtype, const void *data, int64_t first, int64_t step,
                      int64_t count, double *out);
void hone__reals_store(hone_dtype dtype, void *data, int64_t first, int64_t step, int64_t count,
                       const double *in);
void hone__ints_load(hone_dtype dtype, const void *data, int64_t first, int64_t step, int64_t count,
                     int64_t *out);
void hone__ints_store(hone_dtype dtype, void *data, int64_t first, int64_t step, int64_t count,
                      const int64_t *in);

/* Toward zero; NaN gives 0, what does not fit the nearest int64. */
int64_t hone__truncate(double value);

#endif

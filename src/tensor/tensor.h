/* SPDX-License-Identifier: Apache-2.0 */
/* What the inside of the library knows about tensors beyond <hone/tensor.h>. */
#ifndef HONE_TENSOR_TENSOR_H
#define HONE_TENSOR_TENSOR_H

#include <hone/tensor.h>

/* Bytes of `elements` elements, sub-byte types rounded up; false on overflow or for STRING/NONE. */
bool hone__dtype_bytes(hone_dtype dtype, int64_t elements, size_t *bytes);
bool hone__dtype_is_float(hone_dtype dtype);
bool hone__dtype_is_integer(hone_dtype dtype);

hone_shape hone__shape(int32_t rank, const int64_t *dims);
hone_shape hone__shape_unknown(void);
bool hone__shape_known(const hone_shape *shape); /* rank known and no negative dimension */
/* Product of dims [from, to); the caller knows that they are known and do not overflow. */
int64_t hone__shape_span(const hone_shape *shape, int32_t from, int32_t to);
/* "[1,3,224,224]"; symbolic dimensions as "?". Writes at most `size` bytes, always terminated. */
void hone__shape_print(const hone_shape *shape, char *out, size_t size);

/* numpy's rule; HONE_SHAPE where they do not fit. Only for known shapes. */
hone_status hone__shape_broadcast(const hone_shape *a, const hone_shape *b, hone_shape *out,
                                  hone_error *error);

/* Conversions of one number, IEEE round to nearest even. */
float hone__f16_to_f32(uint16_t half);
uint16_t hone__f32_to_f16(float value);
float hone__bf16_to_f32(uint16_t value);
uint16_t hone__f32_to_bf16(float value);

/* Quantization parameters of one tensor: real = (stored - zero_point) * scale, per tensor (count 1)
 * or along `axis` (count = dim[axis]). Zero points are always in the range of `dtype`. Memory
 * belongs to whoever made it. */
typedef struct hone_quant {
    hone_dtype dtype; /* U8, S8, U16, S16, S32 */
    int32_t axis;
    uint32_t count;
    const float *scale;
    const int32_t *zero_point;
} hone_quant;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about data types, from the one table in <hone/tensor.h>. */
#include "base/alloc.h"
#include "tensor/tensor.h"

static const struct {
    const char *name;
    unsigned bits;
} facts[HONE_DTYPE_COUNT] = {[HONE_DTYPE_NONE] = {"none", 0},
#define HONE_DTYPE_ROW(name, number, bits, descr) [HONE_##name] = {#name, bits},
                             HONE_DTYPE_MAP(HONE_DTYPE_ROW)
#undef HONE_DTYPE_ROW
};

/* The names people know from numpy and ONNX. */
static const char *const names[HONE_DTYPE_COUNT] = {
    [HONE_DTYPE_NONE] = "none",
    [HONE_F32] = "float32",
    [HONE_U8] = "uint8",
    [HONE_S8] = "int8",
    [HONE_U16] = "uint16",
    [HONE_S16] = "int16",
    [HONE_S32] = "int32",
    [HONE_S64] = "int64",
    [HONE_STRING] = "string",
    [HONE_BOOL] = "bool",
    [HONE_F16] = "float16",
    [HONE_F64] = "float64",
    [HONE_U32] = "uint32",
    [HONE_U64] = "uint64",
    [HONE_C64] = "complex64",
    [HONE_C128] = "complex128",
    [HONE_BF16] = "bfloat16",
    [HONE_F8E4M3FN] = "float8e4m3fn",
    [HONE_F8E4M3FNUZ] = "float8e4m3fnuz",
    [HONE_F8E5M2] = "float8e5m2",
    [HONE_F8E5M2FNUZ] = "float8e5m2fnuz",
    [HONE_U4] = "uint4",
    [HONE_S4] = "int4",
    [HONE_F4E2M1] = "float4e2m1",
    [HONE_F8E8M0] = "float8e8m0",
    [HONE_U2] = "uint2",
    [HONE_S2] = "int2",
};

static bool known(hone_dtype dtype) {
    return (unsigned)dtype < HONE_DTYPE_COUNT;
}

const char *hone_dtype_name(hone_dtype dtype) {
    return known(dtype) ? names[dtype] : "unknown";
}

unsigned hone_dtype_bits(hone_dtype dtype) {
    return known(dtype) ? facts[dtype].bits : 0;
}

bool hone__dtype_bytes(hone_dtype dtype, int64_t elements, size_t *bytes) {
    unsigned bits = hone_dtype_bits(dtype);
    size_t total;
    if (!bits || elements < 0 || (uint64_t)elements > SIZE_MAX) return false;
    if (!hone__mul_size((size_t)elements, bits >= 8 ? bits / 8 : bits, &total)) return false;
    *bytes = bits >= 8 ? total : total / 8 + (total % 8 != 0);
    return true;
}

bool hone__dtype_is_float(hone_dtype dtype) {
    switch (dtype) {
    case HONE_F16:
    case HONE_BF16:
    case HONE_F32:
    case HONE_F64:
    case HONE_F8E4M3FN:
    case HONE_F8E4M3FNUZ:
    case HONE_F8E5M2:
    case HONE_F8E5M2FNUZ:
    case HONE_F4E2M1:
    case HONE_F8E8M0:
        return true;
    default:
        return false;
    }
}

bool hone__dtype_is_integer(hone_dtype dtype) {
    switch (dtype) {
    case HONE_U8:
    case HONE_S8:
    case HONE_U16:
    case HONE_S16:
    case HONE_U32:
    case HONE_S32:
    case HONE_U64:
    case HONE_S64:
    case HONE_U4:
    case HONE_S4:
    case HONE_U2:
    case HONE_S2:
        return true;
    default:
        return false;
    }
}

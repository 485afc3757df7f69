/* SPDX-License-Identifier: Apache-2.0 */
/* Data types, shapes and tensor views: what goes into a model and what comes out of it. */
#ifndef HONE_TENSOR_H
#define HONE_TENSOR_H

#include <hone/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_MAX_RANK 8

/* X(name, ONNX TensorProto.DataType number, bits an element, numpy descr or NULL). Sub-byte types
 * are packed, low bits first. */
#define HONE_DTYPE_MAP(X)                                                                          \
    X(F32, 1, 32, "<f4")                                                                           \
    X(U8, 2, 8, "|u1")                                                                             \
    X(S8, 3, 8, "|i1")                                                                             \
    X(U16, 4, 16, "<u2")                                                                           \
    X(S16, 5, 16, "<i2")                                                                           \
    X(S32, 6, 32, "<i4")                                                                           \
    X(S64, 7, 64, "<i8")                                                                           \
    X(STRING, 8, 0, NULL)                                                                          \
    X(BOOL, 9, 8, "|b1")                                                                           \
    X(F16, 10, 16, "<f2")                                                                          \
    X(F64, 11, 64, "<f8")                                                                          \
    X(U32, 12, 32, "<u4")                                                                          \
    X(U64, 13, 64, "<u8")                                                                          \
    X(C64, 14, 64, "<c8")                                                                          \
    X(C128, 15, 128, "<c16")                                                                       \
    X(BF16, 16, 16, NULL)                                                                          \
    X(F8E4M3FN, 17, 8, NULL)                                                                       \
    X(F8E4M3FNUZ, 18, 8, NULL)                                                                     \
    X(F8E5M2, 19, 8, NULL)                                                                         \
    X(F8E5M2FNUZ, 20, 8, NULL)                                                                     \
    X(U4, 21, 4, NULL)                                                                             \
    X(S4, 22, 4, NULL)                                                                             \
    X(F4E2M1, 23, 4, NULL)                                                                         \
    X(F8E8M0, 24, 8, NULL)                                                                         \
    X(U2, 25, 2, NULL)                                                                             \
    X(S2, 26, 2, NULL)

/* The numbers are those of ONNX's TensorProto.DataType, so that no table maps them. */
typedef enum hone_dtype {
    HONE_DTYPE_NONE = 0,
#define HONE_DTYPE_ENUM(name, number, bits, descr) HONE_##name = number,
    HONE_DTYPE_MAP(HONE_DTYPE_ENUM)
#undef HONE_DTYPE_ENUM
        HONE_DTYPE_COUNT
} hone_dtype;

/* rank 0 is a scalar; rank HONE_RANK_UNKNOWN says that nothing is known. A dimension >= 0 is a
 * size; a negative one is symbolic and means something only inside the graph that made it (see
 * hone_model_input). */
#define HONE_RANK_UNKNOWN (-1)
typedef struct hone_shape {
    int32_t rank;
    int64_t dim[HONE_MAX_RANK];
} hone_shape;

/* A view of dense row-major data in native byte order; it never owns what `data` points to. */
typedef struct hone_tensor {
    hone_dtype dtype;
    hone_shape shape;
    void *data;
    size_t bytes; /* at least hone_tensor_bytes(dtype, shape) */
} hone_tensor;

/* "float32", "uint8", ... ; never NULL. */
HONE_API const char *hone_dtype_name(hone_dtype dtype);
HONE_API unsigned hone_dtype_bits(hone_dtype dtype);

/* Elements of a shape whose dimensions are all known. HONE_SHAPE where one is not, HONE_LIMIT on
 * overflow. */
HONE_API hone_status hone_shape_elements(const hone_shape *shape, int64_t *elements,
                                         hone_error *error);
HONE_API hone_status hone_tensor_bytes(hone_dtype dtype, const hone_shape *shape, size_t *bytes,
                                       hone_error *error);
HONE_API bool hone_shape_equal(const hone_shape *a, const hone_shape *b);

/* A tensor whose data the library allocated; free it with hone_tensor_free. Data is 64-byte aligned
 * and zeroed. */
HONE_API hone_status hone_tensor_new(hone_dtype dtype, const hone_shape *shape, hone_tensor *tensor,
                                     hone_error *error);
HONE_API void hone_tensor_free(hone_tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif

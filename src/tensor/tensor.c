/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors that own their data. */
#include "tensor/tensor.h"
#include "base/alloc.h"
#include "base/error.h"

#include <string.h>

hone_status hone_tensor_bytes(hone_dtype dtype, const hone_shape *shape, size_t *bytes,
                              hone_error *error) {
    int64_t elements;
    HONE_TRY(hone_shape_elements(shape, &elements, error));
    if (!hone__dtype_bytes(dtype, elements, bytes))
        return hone_fail(error, HONE_LIMIT, HONE_NO_OFFSET, "%s tensors have no plain size",
                         hone_dtype_name(dtype));
    return HONE_OK;
}

hone_status hone_tensor_new(hone_dtype dtype, const hone_shape *shape, hone_tensor *tensor,
                            hone_error *error) {
    *tensor = (hone_tensor){.dtype = dtype, .shape = *shape};
    size_t bytes;
    HONE_TRY(hone_tensor_bytes(dtype, shape, &bytes, error));
    tensor->data = hone__alloc_aligned(NULL, bytes);
    if (!tensor->data) return hone_fail_memory(error, bytes);
    memset(tensor->data, 0, bytes);
    tensor->bytes = bytes;
    return HONE_OK;
}

void hone_tensor_free(hone_tensor *tensor) {
    hone__free_aligned(NULL, tensor->data, tensor->bytes);
    *tensor = (hone_tensor){0};
}

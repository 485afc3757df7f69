/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of a subgraph: type, shape, constant data, quantization parameters. */
#include "base/bytes.h"
#include "base/error.h"
#include "formats/tflite/schema.h"
#include "formats/tflite/tflite.h"

#include <math.h>

static hone_dtype dtype_of(int8_t type) {
    static const hone_dtype dtypes[] = {
        [TFL_FLOAT32] = HONE_F32, [TFL_FLOAT16] = HONE_F16,  [TFL_INT32] = HONE_S32,
        [TFL_UINT8] = HONE_U8,    [TFL_INT64] = HONE_S64,    [TFL_BOOL] = HONE_BOOL,
        [TFL_INT16] = HONE_S16,   [TFL_INT8] = HONE_S8,      [TFL_FLOAT64] = HONE_F64,
        [TFL_UINT64] = HONE_U64,  [TFL_UINT32] = HONE_U32,   [TFL_UINT16] = HONE_U16,
        [TFL_INT4] = HONE_S4,     [TFL_BFLOAT16] = HONE_BF16};
    return type >= 0 && (size_t)type < sizeof dtypes / sizeof *dtypes ? dtypes[type]
                                                                      : HONE_DTYPE_NONE;
}

static hone_status bad(const hone_tfl_tensor *tensor, hone_error *error, hone_status status,
                       const char *why) {
    return hone_fail(error, status, tensor->at, "byte %zu: tensor '%s': %s", tensor->at,
                     tensor->name, why);
}

static hone_status read_shape(const hone_flat_table *table, hone_tfl_tensor *tensor,
                              hone_error *error) {
    hone_flat_vector dims = hone__flat_vector(table, TENSOR_SHAPE, 4);
    if (dims.count > HONE_MAX_RANK) return bad(tensor, error, HONE_LIMIT, "more than 8 dimensions");
    tensor->shape.rank = (int32_t)dims.count;
    for (uint32_t i = 0; i < dims.count; i++) {
        tensor->shape.dim[i] = hone__flat_element_i32(&dims, i);
        if (tensor->shape.dim[i] < 0)
            return bad(tensor, error, HONE_UNSUPPORTED,
                       "a dimension is unknown; convert the model with fixed shapes");
    }
    int64_t elements;
    if (hone_shape_elements(&tensor->shape, &elements, NULL) != HONE_OK)
        return bad(tensor, error, HONE_LIMIT, "its size cannot be counted");
    return HONE_OK;
}

/* ---- constants ---- */

/* Inside the FlatBuffers part, or behind it in files over 2 GiB. */
static void find_data(hone_tfl_reader *reader, const hone_flat_table *buffer,
                      hone_tfl_tensor *tensor) {
    hone_flat_vector data = hone__flat_vector(buffer, BUFFER_DATA, 1);
    uint64_t offset = hone__flat_u64(buffer, BUFFER_OFFSET, 0);
    uint64_t size = hone__flat_u64(buffer, BUFFER_SIZE, 0);
    if (data.count) tensor->data = data.data, tensor->bytes = data.count;
    if (data.count || offset <= 1 || size == 0) return;
    if (offset > reader->flat.size || size > reader->flat.size - offset) {
        hone__flat_fault(&reader->flat, buffer->at, "a buffer lies outside the file");
        return;
    }
    tensor->data = reader->flat.data + offset, tensor->bytes = (size_t)size;
}

static hone_status read_data(hone_tfl_reader *reader, const hone_flat_table *table,
                             hone_tfl_tensor *tensor, hone_error *error) {
    uint32_t index = hone__flat_u32(table, TENSOR_BUFFER, 0);
    size_t wanted = 0;
    if (index == 0) return HONE_OK; /* buffer 0 is always empty */
    if (index >= reader->buffers.count)
        return bad(tensor, error, HONE_FORMAT, "its buffer does not exist");
    hone_flat_table buffer = hone__flat_element(&reader->buffers, index);
    find_data(reader, &buffer, tensor);
    HONE_TRY(hone__flat_status(&reader->flat, error));
    if (!tensor->data || tensor->sparse || tensor->dtype == HONE_DTYPE_NONE) return HONE_OK;
    HONE_TRY(hone_tensor_bytes(tensor->dtype, &tensor->shape, &wanted, error));
    if (wanted > reader->limits.max_tensor_bytes)
        return bad(tensor, error, HONE_LIMIT, "larger than the limit allows");
    if (wanted != tensor->bytes)
        return bad(tensor, error, HONE_FORMAT, "its data is not as long as its shape says");
    return HONE_OK;
}

/* ---- quantization ---- */

float hone__tfl_scale_at(const hone_flat_vector *scales, uint32_t channel) {
    float scale;
    uint32_t bits = hone__load32(scales->data + 4 * (size_t)(scales->count > 1 ? channel : 0));
    memcpy(&scale, &bits, sizeof scale);
    return scale;
}

float hone__tfl_scale(const hone_tfl_tensor *tensor, uint32_t channel) {
    return hone__tfl_scale_at(&tensor->scales, channel);
}

int64_t hone__tfl_zero(const hone_tfl_tensor *tensor, uint32_t channel) {
    if (tensor->zeros.count == 0) return 0;
    size_t at = tensor->zeros.count > 1 ? channel : 0;
    return (int64_t)hone__load64(tensor->zeros.data + 8 * at);
}

/* Least and greatest zero point that the stored type can hold. */
static void zero_range(hone_dtype dtype, int64_t *lo, int64_t *hi) {
    *lo = 0, *hi = 0;
    if (dtype == HONE_U8) *hi = 255;
    if (dtype == HONE_S8) *lo = -128, *hi = 127;
    if (dtype == HONE_S4) *lo = -8, *hi = 7;
    if (dtype == HONE_S16) *lo = -32768, *hi = 32767;
    if (dtype == HONE_U16) *hi = 65535;
}

static bool can_be_quantized(hone_dtype dtype) {
    return dtype == HONE_U8 || dtype == HONE_S8 || dtype == HONE_S16 || dtype == HONE_U16 ||
           dtype == HONE_S4;
}

static hone_status check_quantization(const hone_tfl_tensor *tensor, hone_error *error) {
    int64_t lo, hi;
    uint32_t count = tensor->scales.count;
    zero_range(tensor->dtype, &lo, &hi);
    if (tensor->zeros.count > 1 && tensor->zeros.count != count)
        return bad(tensor, error, HONE_FORMAT, "as many zero points as scales are needed");
    if (count > 1 && (tensor->axis < 0 || tensor->axis >= tensor->shape.rank ||
                      tensor->shape.dim[tensor->axis] != (int64_t)count))
        return bad(tensor, error, HONE_FORMAT, "its scales do not fit its shape");
    for (uint32_t i = 0; i < count; i++) {
        float scale = hone__tfl_scale(tensor, i);
        if (!(scale >= 0) || !isfinite(scale))
            return bad(tensor, error, HONE_FORMAT, "a scale is negative or not a number");
        if (hone__tfl_zero(tensor, i) < lo || hone__tfl_zero(tensor, i) > hi)
            return bad(tensor, error, HONE_FORMAT, "a zero point is out of its type's range");
    }
    return HONE_OK;
}

/* Scale 0 or none: integers that mean themselves. int32 is a bias, whose scale follows from its
 * layer's. */
static hone_status read_quantization(const hone_flat_table *table, hone_tfl_tensor *tensor,
                                     hone_error *error) {
    hone_flat_table params = hone__flat_child(table, TENSOR_QUANTIZATION);
    tensor->scales = hone__flat_vector(&params, QUANT_SCALE, 4);
    tensor->file_scales = tensor->scales;
    tensor->zeros = hone__flat_vector(&params, QUANT_ZERO, 8);
    tensor->axis = hone__flat_i32(&params, QUANT_AXIS, 0);
    HONE_TRY(hone__flat_status(params.flat, error));
    if (!can_be_quantized(tensor->dtype) || tensor->scales.count == 0) return HONE_OK;
    if (tensor->scales.count == 1 && hone__tfl_scale(tensor, 0) == 0) return HONE_OK;
    tensor->quantized = true;
    return check_quantization(tensor, error);
}

static hone_status read_tensor(hone_tfl_reader *reader, const hone_flat_table *table,
                               hone_tfl_tensor *tensor, hone_error *error) {
    tensor->at = table->at;
    tensor->name = hone__flat_text(table, TENSOR_NAME);
    tensor->dtype = dtype_of(hone__flat_i8(table, TENSOR_TYPE, 0));
    tensor->sparse = hone__flat_has(table, TENSOR_SPARSITY);
    HONE_TRY(read_shape(table, tensor, error));
    HONE_TRY(hone__flat_status(&reader->flat, error));
    HONE_TRY(read_data(reader, table, tensor, error));
    return read_quantization(table, tensor, error);
}

hone_status hone__tfl_tensors(hone_tfl_reader *reader, const hone_flat_table *subgraph,
                              hone_error *error) {
    hone_flat_vector tables = hone__flat_vector(subgraph, SUBGRAPH_TENSORS, 4);
    HONE_TRY(hone__flat_status(&reader->flat, error));
    if (tables.count / 8 > reader->limits.max_nodes)
        return hone_fail(error, HONE_LIMIT, tables.at, "byte %zu: too many tensors (%u)", tables.at,
                         tables.count);
    reader->tensor_count = tables.count;
    reader->tensors = hone__arena_alloc(&reader->scratch, tables.count, sizeof *reader->tensors);
    if (!reader->tensors) return hone_fail_memory(error, tables.count * sizeof *reader->tensors);
    for (uint32_t i = 0; i < tables.count; i++) {
        hone_flat_table table = hone__flat_element(&tables, i);
        HONE_TRY(hone__flat_status(&reader->flat, error));
        HONE_TRY(read_tensor(reader, &table, &reader->tensors[i], error));
    }
    return HONE_OK;
}

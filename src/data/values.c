/* SPDX-License-Identifier: Apache-2.0 */
#include "data/values.h"

#include "base/error.h"
#include "formats/model.h"
#include "tensor/tensor.h"
#include <string.h>

/* A load of one element of type `type`, safe on any address. */
#define LOAD(name, type)                                                                           \
    static double load_##name(const uint8_t *p) {                                                  \
        type v;                                                                                    \
        memcpy(&v, p, sizeof v);                                                                   \
        return (double)v;                                                                          \
    }
LOAD(f32, float)
LOAD(f64, double)
LOAD(u8, uint8_t)
LOAD(s8, int8_t)
LOAD(u16, uint16_t)
LOAD(s16, int16_t)
LOAD(u32, uint32_t)
LOAD(s32, int32_t)
LOAD(u64, uint64_t)
LOAD(s64, int64_t)
#undef LOAD

static double load_f16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return (double)hone__f16_to_f32(v);
}

typedef double (*loader)(const uint8_t *);

static loader loader_of(hone_dtype dtype) {
    static const struct {
        hone_dtype dtype;
        loader load;
    } loaders[] = {{HONE_F32, load_f32}, {HONE_F64, load_f64}, {HONE_F16, load_f16},
                   {HONE_U8, load_u8},   {HONE_S8, load_s8},   {HONE_BOOL, load_u8},
                   {HONE_U16, load_u16}, {HONE_S16, load_s16}, {HONE_U32, load_u32},
                   {HONE_S32, load_s32}, {HONE_U64, load_u64}, {HONE_S64, load_s64}};
    for (size_t i = 0; i < sizeof loaders / sizeof loaders[0]; i++)
        if (loaders[i].dtype == dtype) return loaders[i].load;
    return NULL;
}

bool hone__value_readable(hone_dtype dtype) {
    return loader_of(dtype) != NULL;
}

double hone__value_at(const hone_tensor *tensor, size_t index) {
    const uint8_t *data = tensor->data;
    return loader_of(tensor->dtype)(data + index * (hone_dtype_bits(tensor->dtype) / 8));
}

/* scale and zero point of a QuantizeLinear or DequantizeLinear with constant scalars. */
static hone_port_quant quant_of(const hone_node *node) {
    hone_port_quant quant = {0, 0};
    const hone_value *zero = node->input_count > 2 ? node->inputs[2] : NULL;
    if (!node->inputs[1] || !hone_value_scalar(node->inputs[1], &quant.scale))
        return (hone_port_quant){0, 0};
    if (zero && zero->kind == HONE_VALUE_CONSTANT && hone__value_readable(zero->dtype)) {
        hone_tensor view = {zero->dtype, zero->shape, NULL, zero->bytes};
        memcpy(&view.data, &zero->data, sizeof view.data);
        quant.zero_point = (int32_t)hone__value_at(&view, 0);
    }
    return quant;
}

hone_port_quant hone__input_quant(const hone_model *model, uint32_t index) {
    const hone_value *value =
        index < model->graph->input_count ? model->graph->inputs[index] : NULL;
    for (const hone_node *node = model->graph->first_node; value && node; node = node->next)
        if (node->op == HONE_OP_DequantizeLinear && node->inputs[0] == value) return quant_of(node);
    return (hone_port_quant){0, 0};
}

hone_port_quant hone__output_quant(const hone_model *model, uint32_t index) {
    const hone_value *value =
        index < model->graph->output_count ? model->graph->outputs[index] : NULL;
    if (!value || !value->producer || value->producer->op != HONE_OP_QuantizeLinear)
        return (hone_port_quant){0, 0};
    return quant_of(value->producer);
}

hone_status hone__row(const hone_tensor *tensor, uint32_t row, uint32_t rows, hone_port_quant quant,
                      hone_row *out, hone_error *error) {
    int64_t elements = 0;
    HONE_TRY(hone_shape_elements(&tensor->shape, &elements, error));
    if (!hone__value_readable(tensor->dtype))
        return hone_fail(error, HONE_UNSUPPORTED, HONE_NO_OFFSET, "an output of type %s",
                         hone_dtype_name(tensor->dtype));
    if (rows > 1 && (tensor->shape.rank < 1 || tensor->shape.dim[0] != (int64_t)rows))
        return hone_fail(error, HONE_SHAPE, HONE_NO_OFFSET,
                         "an output does not have the batch of %u as its leading dimension", rows);
    out->tensor = tensor;
    out->count = (size_t)elements / rows;
    out->first = out->count * row;
    out->quant = quant;
    return HONE_OK;
}

void hone__row_values(const hone_row *row, float *out) {
    hone_port_quant q = row->quant;
    if (row->tensor->dtype == HONE_F32) {
        memcpy(out, (const float *)row->tensor->data + row->first, row->count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < row->count; i++) {
        double v = hone__value_at(row->tensor, row->first + i);
        out[i] = q.scale != 0 ? (float)(v - q.zero_point) * q.scale : (float)v;
    }
}

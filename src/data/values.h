/* SPDX-License-Identifier: Apache-2.0 */
/* Single numbers of tensors of any type, and rows of outputs as floats. */
#ifndef HONE_DATA_VALUES_H
#define HONE_DATA_VALUES_H

#include <hone/session.h>

bool hone__value_readable(hone_dtype dtype);
/* Element `index` as a number; the type must be readable. Unaligned data is fine. */
double hone__value_at(const hone_tensor *tensor, size_t index);

/* scale 0: the port is not quantized. */
typedef struct hone_port_quant {
    float scale;
    int32_t zero_point;
} hone_port_quant;

/* How an integer input is read (by its DequantizeLinear) or an integer output made (by its
 * QuantizeLinear), per tensor. */
hone_port_quant hone__input_quant(const hone_model *model, uint32_t index);
hone_port_quant hone__output_quant(const hone_model *model, uint32_t index);

/* Row `row` of an output: everything behind its leading dimension, or all of it where `rows` is 1.
 * HONE_SHAPE where the leading dimension is not `rows`. */
typedef struct hone_row {
    const hone_tensor *tensor;
    size_t first, count; /* elements */
    hone_port_quant quant;
} hone_row;
hone_status hone__row(const hone_tensor *tensor, uint32_t row, uint32_t rows, hone_port_quant quant,
                      hone_row *out, hone_error *error);
/* Real values of the row: out[count]. */
void hone__row_values(const hone_row *row, float *out);

#endif

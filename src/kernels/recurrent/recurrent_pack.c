/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/recurrent/recurrent_tiers.h"
#include "kernels/shared/element.h"

enum { NR = HONE_RECURRENT_COLUMNS };

static size_t block_floats(size_t rows, size_t depth) {
    return hone__divide_up(rows, NR) * NR * depth;
}

size_t hone__recurrent_pack_bytes(const hone_recurrent_dims *dims) {
    size_t n = dims->hidden, rows = hone__cell_gates(dims->cell) * n;
    size_t floats = block_floats(rows, n);
    if (dims->cell == HONE_CELL_GRU) floats = block_floats(2 * n, n) + block_floats(n, n);
    return floats * sizeof(float);
}

/* Rows [first, first + rows) of the weights; returns what is behind their panels. */
static float *pack_rows(const void *weights, size_t depth, size_t first, size_t rows, float *out) {
    for (size_t panel = 0; panel < rows; panel += NR)
        for (size_t k = 0; k < depth; k++)
            for (size_t j = panel; j < panel + NR; j++)
                *out++ = j < rows ? hone__element_f32(weights, (first + j) * depth + k) : 0.0F;
    return out;
}

void hone__recurrent_pack(const hone_recurrent_dims *dims, const void *weights, void *packed) {
    size_t n = dims->hidden, rows = hone__cell_gates(dims->cell) * n;
    if (dims->cell != HONE_CELL_GRU) {
        pack_rows(weights, n, 0, rows, packed);
        return;
    }
    float *candidate = pack_rows(weights, n, 0, 2 * n, packed);
    pack_rows(weights, n, 2 * n, n, candidate);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/conv/conv.h"
#include "kernels/conv/conv_tiers.h"

void hone__conv_init(hone_conv_table *table, hone_cpu_tier tier) {
    table->count = 0;
    table->list[table->count++] = &hone_conv_f32_ref;
}

const hone_conv_kernel *hone__conv_choose(const hone_conv_table *table,
                                          const hone_conv_dims *dims) {
    uint32_t i = table->count - 1;
    while (i > 0 && !table->list[i]->supports(table->list[i], dims)) i--;
    return table->list[i];
}

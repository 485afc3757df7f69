/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/qconv/qconv.h"
#include "kernels/qconv/qconv_tiers.h"

void hone__qconv_init(hone_qconv_table *table, hone_cpu_tier tier) {
    table->count = 0;
    table->list[table->count++] = &hone_qconv_u8s8_ref;
}

const hone_qconv_kernel *hone__qconv_choose(const hone_qconv_table *table,
                                            const hone_conv_dims *dims) {
    uint32_t i = table->count - 1;
    while (i > 0 && !table->list[i]->supports(table->list[i], dims)) i--;
    return table->list[i];
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/dwconv/dwconv.h"
#include "kernels/dwconv/dwconv_tiers.h"

void hone__dwconv_init(hone_dwconv_table *table, hone_cpu_tier tier) {
    table->count = 0;
    table->list[table->count++] = &hone_dwconv_f32_ref;
}

const hone_dwconv_kernel *hone__dwconv_choose(const hone_dwconv_table *table,
                                              const hone_conv_dims *dims) {
    for (uint32_t i = table->count; i-- > 0;)
        if (table->list[i]->supports(table->list[i], dims)) return table->list[i];
    return NULL;
}

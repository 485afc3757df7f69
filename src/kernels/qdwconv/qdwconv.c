/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/qdwconv/qdwconv.h"
#include "kernels/qdwconv/qdwconv_tiers.h"

void hone__qdwconv_init(hone_qdwconv_table *table, hone_cpu_tier tier) {
    table->count = 0;
    table->list[table->count++] = &hone_qdwconv_u8s8_ref;
}

const hone_qdwconv_kernel *hone__qdwconv_choose(const hone_qdwconv_table *table,
                                                const hone_conv_dims *dims) {
    for (uint32_t i = table->count; i-- > 0;)
        if (table->list[i]->supports(table->list[i], dims)) return table->list[i];
    return NULL;
}

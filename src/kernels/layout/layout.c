/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/layout/layout.h"
#include "kernels/layout/layout_tiers.h"

void hone__layout_init(hone_layout_table *table, hone_cpu_tier tier) {
    table->transpose8 = hone_transpose_x8_ref;
    table->transpose8_name = "hone_transpose_x8_ref";
    table->transpose32 = hone_transpose_x32_ref;
    table->transpose32_name = "hone_transpose_x32_ref";
    table->copy = hone_copy_x8_ref;
    table->copy_name = "hone_copy_x8_ref";
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/qwinograd/qwinograd.h"
#include "kernels/qwinograd/qwinograd_tiers.h"
#include "kernels/shared/element.h"
#include "kernels/shared/tiers.h"
#include "kernels/winograd/winograd_shape.h"

void hone__qwinograd_init(hone_qwinograd_table *table, hone_cpu_tier tier) {
    *table = (hone_qwinograd_table){0};
    if (hone__tier_has_avx2(tier)) table->fast = HONE_X86(&hone_qwinograd_u8s8_4x4_avx2);
    if (hone__tier_has_neon(tier)) table->fast = HONE_ARM(&hone_qwinograd_u8s8_4x4_neon);
}

/* The sums of an output channel's positive and of its negative weights. */
static void sum_signs(const hone_conv_dims *dims, const hone_conv_weights *weights, size_t o,
                      int64_t *positive, int64_t *negative) {
    *positive = *negative = 0;
    for (size_t i = 0; i < dims->in_c; i++)
        for (size_t t = 0; t < 9; t++) {
            int8_t w =
                ((const int8_t *)weights
                     ->data)[o * weights->out_step + i * weights->in_step + t * weights->tap_step];
            if (w > 0)
                *positive += w;
            else
                *negative -= w;
        }
}

bool hone__qwinograd_exact(const hone_conv_dims *dims, const hone_conv_weights *weights) {
    const int64_t most = (1 << 25) - 1;
    for (size_t o = 0; o < dims->out_c; o++) {
        int64_t positive, negative;
        sum_signs(dims, weights, o, &positive, &negative);
        if (positive * 255 > most || negative * 255 > most) return false;
    }
    return true;
}

const hone_qconv_kernel *hone__qwinograd_choose(const hone_qwinograd_table *table,
                                                const hone_conv_dims *dims,
                                                const hone_conv_weights *weights) {
    if (!table->fast || !hone__winograd_fits(dims)) return NULL;
    return hone__qwinograd_exact(dims, weights) ? table->fast : NULL;
}

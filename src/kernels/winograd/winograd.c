/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/winograd/winograd.h"
#include "kernels/shared/element.h"
#include "kernels/shared/tiers.h"
#include "kernels/winograd/winograd_shape.h"
#include "kernels/winograd/winograd_tiers.h"

void hone__winograd_init(hone_winograd_table *table, hone_cpu_tier tier) {
    *table = (hone_winograd_table){
        .reference = {&hone_winograd_f32_2x2_ref, &hone_winograd_f32_4x4_ref},
    };
    if (hone__tier_has_avx2(tier))
        table->fast = (hone_winograd_pair){HONE_X86(&hone_winograd_f32_2x2_avx2),
                                           HONE_X86(&hone_winograd_f32_4x4_avx2)};
    if (hone__tier_has_avx512(tier))
        table->fast = (hone_winograd_pair){HONE_X86(&hone_winograd_f32_2x2_avx512),
                                           HONE_X86(&hone_winograd_f32_4x4_avx512)};
    if (hone__tier_has_neon(tier))
        table->fast = (hone_winograd_pair){HONE_ARM(&hone_winograd_f32_2x2_neon),
                                           HONE_ARM(&hone_winograd_f32_4x4_neon)};
}

/* What a convolution costs, in multiply-adds of the inner loop. Thousands of cycles of a Zen 3
 * core, packed weights in the cache / out of memory; the least of several runs, on a machine that
 * had other work to do. The benchmark of this family makes the table again.
 *
 *                        direct        F(2x2, 3x3)     F(4x4, 3x3)
 *   56x56  64 ->  64    7482 / 7525    4364 / 4440    2600 / 2643
 *   28x28 128 -> 128    7760 / 7868    3906 / 4080    2570 / 2871
 *   14x14 256 -> 256    7559 / 7729    3850 / 4720    3004 / 4060
 *    7x7  512 -> 512    8266 / 8889    5818 / 6836    6662 / 8177
 *   55x55  16 ->  64    2002 / 2009    1584 / 1590    1005 / 1016
 *   13x13  64 -> 256    1769 / 1828    1099 / 1203     821 / 1064
 *    7x7   64 ->  64     128 /  143     106 /  134      71 /  139
 *
 * So a byte of weights out of memory costs some three multiply-adds of 15 a cycle beside the
 * products, and none when it is in the cache: two, since small models stay there and large ones do
 * not. The direct way reads its weights while it computes, and hides half of that. No ARM core was
 * at hand; the balance of memory and arithmetic there is taken to be the same. */
enum {
    BYTE_COST = 2,
    TRANSFORM_COST = 8, /* of a point and channel, in or out */
    TILE_COST = 6       /* of a sum beside its products: being begun, stored, loaded again */
};

static uint64_t direct_cost(const hone_conv_dims *d, uint64_t weights) {
    return 9 * weights * (hone__conv_pixels(d) + BYTE_COST * sizeof(float) / 2);
}

static uint64_t winograd_cost(const hone_conv_dims *d, size_t m, uint64_t weights) {
    hone_winograd_shape s = hone__winograd_shape(d, m);
    uint64_t products = weights + TILE_COST * d->out_c;
    uint64_t transforms = TRANSFORM_COST * ((uint64_t)d->in_c + d->out_c);
    return s.points * (s.tiles * (products + transforms) + BYTE_COST * sizeof(float) * weights);
}

const hone_conv_kernel *hone__winograd_choose(const hone_winograd_table *table,
                                              const hone_conv_dims *dims) {
    if (!table->fast.two || !hone__winograd_fits(dims)) return NULL;
    uint64_t weights = (uint64_t)dims->in_c * (hone__divide_up(dims->out_c, 16) * 16);
    uint64_t two = winograd_cost(dims, 2, weights), four = winograd_cost(dims, 4, weights);
    uint64_t direct = direct_cost(dims, weights);
    /* the packed weights are 1.8 and 4 times the direct ones: memory wants to be paid for */
    bool small = two <= four + four / 10;
    if ((small ? two : four) > direct - direct / 8) return NULL;
    return small ? table->fast.two : table->fast.four;
}

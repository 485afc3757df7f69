/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/qwinograd/qwinograd.h"
#include "kernels/qwinograd/qwinograd_tiers.h"
#include "kernels/shared/element.h"
#include "kernels/shared/tiers.h"
#include "kernels/winograd/winograd_shape.h"

void hone__qwinograd_init(hone_qwinograd_table *table, hone_cpu_tier tier) {
    *table = (hone_qwinograd_table){.direct_speed = 1};
    if (hone__tier_has_vnni(tier) || hone__tier_has_avxvnni(tier)) table->direct_speed = 2;
    if (hone__tier_has_avx2(tier)) table->fast = HONE_X86(&hone_qwinograd_u8s8_4x4_avx2);
    if (hone__tier_has_neon(tier)) table->fast = HONE_ARM(&hone_qwinograd_u8s8_4x4_neon);
}

enum { MOST = (1 << 25) - 1 }; /* 255 times the weights of one sign */

/* Whether the weights of one output channel are small enough, sign by sign. */
static bool channel_is_exact(const hone_conv_dims *dims, const hone_conv_weights *weights,
                             size_t o) {
    const int8_t *data = (const int8_t *)weights->data + o * weights->out_step;
    int64_t positive = 0, all = 0;
    for (size_t t = 0; t < 9; t++)
        for (size_t i = 0; i < dims->in_c; i++) {
            int32_t w = data[i * weights->in_step + t * weights->tap_step];
            positive += w & ~(w >> 31);
            all += w;
        }
    return positive * 255 <= MOST && (positive - all) * 255 <= MOST;
}

bool hone__qwinograd_exact(const hone_conv_dims *dims, const hone_conv_weights *weights) {
    if ((uint64_t)dims->in_c * 9 * 128 * 255 <= MOST) return true; /* whatever they are */
    for (size_t o = 0; o < dims->out_c; o++)
        if (!channel_is_exact(dims, weights, o)) return false;
    return true;
}

/* Costs in multiply-adds of the direct kernel's inner loop, made of these measurements: thousands
 * of cycles of a Zen 3 core, the least of several runs.
 *
 *                        direct   here               direct   here
 *   56x56  64 ->  64       5337   1797   27x27 32 -> 128        572
 *   28x28 128 -> 128       4943   1743   16x16 32 ->  32         58
 *   14x14 256 -> 256       4884   2331    8x8  64 ->  64         66
 *    7x7  512 -> 512       4893   3280   55x55 16 ->  64        855
 *
 * The remainder is a quarter on top, which keeps the direct way where both are close. */
enum {
    LANES = 16,
    TILE_COST = 8640,   /* of LANES outputs of a tile, beside products */
    INPUT_COST = 2640,  /* of LANES inputs of a tile */
    WEIGHT_COST = 2064, /* of LANES weights of an input channel */
    PIXEL_COST = 24     /* direct: of an output, beside products */
};

static bool is_cheaper(const hone_conv_dims *d, uint64_t direct_speed) {
    hone_winograd_shape shape = hone__winograd_shape(d, 4);
    uint64_t panels = hone__divide_up(d->out_c, LANES), in_c = d->in_c;
    uint64_t pixel = panels * LANES * (9 * in_c + PIXEL_COST) + 18 * in_c;
    uint64_t tile = panels * (36 * LANES * in_c + TILE_COST);
    tile += hone__divide_up(d->in_c, LANES) * INPUT_COST;
    uint64_t cost = shape.tiles * tile + panels * in_c * WEIGHT_COST;
    return (cost + cost / 4) * direct_speed < hone__conv_pixels(d) * pixel;
}

const hone_qconv_kernel *hone__qwinograd_choose(const hone_qwinograd_table *table,
                                                const hone_conv_dims *dims,
                                                const hone_conv_weights *weights) {
    if (!table->fast || !hone__winograd_fits(dims) || !is_cheaper(dims, table->direct_speed))
        return NULL;
    return hone__qwinograd_exact(dims, weights) ? table->fast : NULL;
}

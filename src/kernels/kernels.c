/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/kernels.h"
#include "kernels/sha256/sha256.h"

void hone__kernels_init(hone_kernels *kernels, hone_cpu_tier cap) {
    hone_cpu_tier tier = hone_cpu_detect(cap);
    kernels->tier = tier;
    hone__conv_init(&kernels->conv, tier);
    hone__winograd_init(&kernels->winograd, tier);
    hone__dwconv_init(&kernels->dwconv, tier);
    hone__qconv_init(&kernels->qconv, tier);
    hone__qwinograd_init(&kernels->qwinograd, tier);
    hone__qdwconv_init(&kernels->qdwconv, tier);
    hone__pool2d_init(&kernels->pool, tier);
    hone__eltwise_init(&kernels->eltwise, tier);
    hone__layout_init(&kernels->layout, tier);
    hone__recurrent_init(&kernels->recurrent, tier);
    hone__matmul_init(&kernels->matmul, tier);
    hone__reduce_init(&kernels->reduce, tier);
    hone__norm_init(&kernels->norm, tier);
    hone__sha256_raise();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of floats under one set of names, for loops that are written once and compiled for each
 * instruction set: the file of a tier includes this header first, then the loops.
 *
 * VEC_LANES floats are a vec. vec_min and vec_max give b where either is a NaN, vec_clamp keeps a
 * NaN, comparisons with a NaN are false, vec_fma rounds once. `some` functions touch the first
 * `count` <= VEC_LANES elements only; lanes behind them are zero. */
#ifndef HONE_KERNELS_VEC_H
#define HONE_KERNELS_VEC_H

/* HONE_EMULATED: tests compile the AVX-512 files for a CPU without it. */
#if defined(__AVX512F__) || defined(HONE_EMULATED)
#include "kernels/shared/vec_avx512.h"
#elif defined(__x86_64__)
#include "kernels/shared/vec_avx2.h"
#else
#include "kernels/shared/vec_neon.h"
#endif

HONE_INLINE vec vec_clamp(vec y, vec lo, vec hi) {
    return vec_min(hi, vec_max(lo, y));
}

HONE_INLINE vec vec_load_upto(const float *from, size_t count) {
    return count >= VEC_LANES ? vec_load(from) : vec_load_some(from, count);
}

HONE_INLINE void vec_store_upto(float *to, vec y, size_t count) {
    if (count >= VEC_LANES)
        vec_store(to, y);
    else
        vec_store_some(to, y, count);
}

/* Cuts a loop over `count` floats at `at` into whole vectors and one rest: `left` is the number of
 * floats of this vector. */
#define VEC_FOR(at, left, count)                                                                   \
    for (size_t at = 0, left = (count); at < (count); at += VEC_LANES, left = (count)-at)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A maximum that keeps its channels in registers, over vectors of vec.h. Include after
 * pool_loops.h, to which it leaves what is rare. */
#ifndef HONE_KERNELS_POOL_MAX_LOOPS_H
#define HONE_KERNELS_POOL_MAX_LOOPS_H

#include "kernels/pool/pool_loops.h"
#include "kernels/shared/vec.h"

/* The maximum of `vectors` * VEC_LANES channels. vec_max gives its second operand where one is a
 * NaN, so that NaNs give way to what was found; -INFINITY is left where there is nothing but NaNs
 * or -INFINITY. Returns whether that is so anywhere. */
HONE_INLINE bool max_channels(const hone_pool2d_f32 *args, const hone_pool2d_window *w,
                              const float *in, float *out, const size_t vectors) {
    vec best[4], none = vec_set(-INFINITY), least = vec_set(INFINITY);
    size_t column = args->dims->dilation_w * args->input_stride;
    size_t line = (size_t)args->dims->dilation_h * args->dims->in_w * args->input_stride;
#pragma GCC unroll 4
    for (size_t i = 0; i < vectors; i++) best[i] = none;
    for (size_t ky = w->y0; ky < w->y1; ky++, in += line) {
        const float *x = in;
        for (size_t kx = w->x0; kx < w->x1; kx++, x += column)
#pragma GCC unroll 4
            for (size_t i = 0; i < vectors; i++)
                best[i] = vec_max(vec_load(x + i * VEC_LANES), best[i]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < vectors; i++) {
        least = vec_min(least, best[i]);
        vec_store(out + i * VEC_LANES, vec_clamp(best[i], vec_set(args->lo), vec_set(args->hi)));
    }
    return !vec_all(vec_less(none, least));
}

HONE_INLINE void max_window(const hone_pool2d_f32 *args, const hone_pool2d_window *w, float *out) {
    const float *in = args->input + w->pixel * args->input_stride;
    size_t c = 0, channels = args->dims->channels;
    bool unsure = channels < VEC_LANES;
    for (; c + 4 * VEC_LANES <= channels; c += 4 * VEC_LANES)
        unsure |= max_channels(args, w, in + c, out + c, 4);
    for (; c + VEC_LANES <= channels; c += VEC_LANES)
        unsure |= max_channels(args, w, in + c, out + c, 1);
    if (c < channels && channels >= VEC_LANES) {
        c = channels - VEC_LANES;
        unsure |= max_channels(args, w, in + c, out + c, 1);
    }
    if (unsure) max_window_f32(args, w, out);
}

#endif

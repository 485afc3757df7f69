/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of the quantized depthwise convolution: 2 pixels x WIDTH channels at a time; a narrow
 * block has NARROW channels of 2 pixels, one in each half of a register. The inputs under some taps
 * are interleaved by unpacking within 16 bytes of a register, so that one instruction makes the
 * exact 32-bit sum of their products. The packs of the output undo the order of the unpacks; panels
 * are laid out in that order.
 *
 * A tier's file includes this once, after qdwconv_reg_*.h and after it has defined TAPS, 2 or 4,
 * and
 *
 *   reg add_products(reg acc, reg x, reg w)     TAPS == 2: of 16-bit numbers; 4: of bytes */
#ifndef HONE_KERNELS_QDWCONV_UNPACK_LOOPS_H
#define HONE_KERNELS_QDWCONV_UNPACK_LOOPS_H

/* acc += TAPS taps of WIDTH inputs, 4 registers of sums. */
HONE_INLINE void add_taps(reg *acc, const reg *in, const char *weight) {
    reg low01 = reg_low8(in[0], in[1]), high01 = reg_high8(in[0], in[1]), x[4];
    if (TAPS == 4) {
        reg low23 = reg_low8(in[2], in[3]), high23 = reg_high8(in[2], in[3]);
        x[0] = reg_low16(low01, low23), x[1] = reg_high16(low01, low23);
        x[2] = reg_low16(high01, high23), x[3] = reg_high16(high01, high23);
    } else {
        x[0] = reg_low8(low01, reg_zero()), x[1] = reg_high8(low01, reg_zero());
        x[2] = reg_low8(high01, reg_zero()), x[3] = reg_high8(high01, reg_zero());
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        acc[i] = add_products(acc[i], x[i], reg_load_panel(weight + i * WIDTH));
}

/* WIDTH channels of 1 or 2 pixels from pixel p on. */
HONE_INLINE void run_wide(const hone_qdwconv_tile *t, const finish *f, size_t p,
                          const size_t pixels, size_t c, const char *panel) {
    const float *multiplier = (const float *)(const void *)(panel + WIDTH * 4);
    const char *weight = panel + WIDTH * 8;
    const uint8_t *const *taps = t->taps;
    size_t at = c + p * t->step;
    reg acc[2][4];
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) acc[0][i] = acc[1][i] = reg_load_panel(panel + i * WIDTH);
    for (size_t i = 0; i < t->pairs; i++, weight += 4 * WIDTH, taps += TAPS) {
        reg in[TAPS];
#pragma GCC unroll 4
        for (size_t k = 0; k < TAPS; k++) in[k] = reg_load(taps[k] + at);
        add_taps(acc[0], in, weight);
        if (pixels == 1) continue;
#pragma GCC unroll 4
        for (size_t k = 0; k < TAPS; k++) in[k] = reg_load(taps[k] + at + t->step);
        add_taps(acc[1], in, weight);
    }
    reg q0 = finished(f, acc[0], multiplier), q1 = q0;
    if (pixels == 2) q1 = finished(f, acc[1], multiplier);
    uint8_t *out = t->output + p * t->output_stride + c;
    size_t stride = t->output_stride;
    reg_store(out, q0);
    if (pixels == 2) reg_store(out + stride, q1);
}

/* NARROW channels of 1 or 2 pixels from pixel p on; one pixel stands for both. */
HONE_INLINE void run_narrow(const hone_qdwconv_tile *t, const finish *f, size_t p,
                            const size_t pixels, size_t c, const char *panel, const bool some) {
    const float *multiplier = (const float *)(const void *)(panel + WIDTH * 4);
    const char *weight = panel + WIDTH * 8;
    const uint8_t *const *taps = t->taps;
    size_t at = c + p * t->step, step = pixels == 2 ? t->step : 0, count = t->channels;
    reg acc[4];
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) acc[i] = reg_load_panel(panel + i * WIDTH);
    for (size_t i = 0; i < t->pairs; i++, weight += 4 * WIDTH, taps += TAPS) {
        reg in[TAPS];
#pragma GCC unroll 4
        for (size_t k = 0; k < TAPS; k++) in[k] = reg_load_both(taps[k] + at, step, some, count);
        add_taps(acc, in, weight);
    }
    reg q = finished(f, acc, multiplier);
    uint8_t *out = t->output + p * t->output_stride + c;
    size_t stride = t->output_stride;
    reg_store_half(out, q, false, some, count);
    if (pixels == 2) reg_store_half(out + stride, q, true, some, count);
}

HONE_INLINE void run_pixels(const hone_qdwconv_tile *t, const finish *f, size_t p,
                            const size_t pixels) {
    size_t bytes = hone__qdwconv_panel_bytes(WIDTH, t->pairs);
    const char *panel = t->panel;
    hone_qdwconv_block block = {0};
    for (; hone__qdwconv_next(t->channels, WIDTH, NARROW, &block); panel += bytes)
        if (block.size == WIDTH)
            run_wide(t, f, p, pixels, block.first, panel);
        else if (block.size == NARROW)
            run_narrow(t, f, p, pixels, block.first, panel, false);
        else
            run_narrow(t, f, p, pixels, 0, panel, true);
}

static void run(const hone_qdwconv_tile *tile) {
    const finish f = finish_of(tile);
    size_t p = 0;
    for (; p + 2 <= tile->pixels; p += 2) run_pixels(tile, &f, p, 2);
    if (p < tile->pixels) run_pixels(tile, &f, p, 1);
}

static const hone_qdwconv_tiles tiles = {WIDTH, NARROW, order, COPY, run, TAPS == 4};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Transposes, picks and copies the CPU has, against the plain meaning. */
#include "kernels/check.h"
#include <string.h>

/* element (row, col) of the input must be element (col, row) of the output, and nothing else may
 * have changed. */
static void check_transpose(hone_rng *rng, size_t rows, size_t cols, size_t element) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    size_t in_stride = cols + hone__rng_below(rng, 3), out_stride = rows + hone__rng_below(rng, 3);
    check_memory in = check_alloc(((rows - 1) * in_stride + cols) * element, CHECK_AT_END);
    check_memory out = check_alloc(((cols - 1) * out_stride + rows) * element, CHECK_AT_END);
    check_fill_u8(rng, CHECK_RANDOM, in.data, in.bytes);
    hone_transpose_args args = {rows, cols, in.data, in_stride, out.data, out_stride};
    if (element == 1)
        kernels.layout.transpose8(&args);
    else
        kernels.layout.transpose32(&args);
    for (size_t at = 0; at < out.bytes; at++) {
        size_t e = at / element, col = e / out_stride, row = e % out_stride;
        uint8_t want = CHECK_BYTE;
        if (row < rows)
            want = ((uint8_t *)in.data)[(row * in_stride + col) * element + at % element];
        assert_int_equal(((uint8_t *)out.data)[at], want);
    }
    check_free(&in);
    check_free(&out);
}

static void transposes_of_any_size_move_every_element(void **state) {
    static const size_t sizes[] = {1, 2, 3, 4, 7, 8, 9, 16, 17, 24, 33, 50};
    hone_rng rng;
    hone__rng_seed(&rng, 1, 0);
    for (size_t r = 0; r < sizeof sizes / sizeof *sizes; r++)
        for (size_t c = 0; c < sizeof sizes / sizeof *sizes; c++) {
            check_transpose(&rng, sizes[r], sizes[c], 1);
            check_transpose(&rng, sizes[r], sizes[c], 4);
        }
}

/* rows x cols elements out of every `step`th of the input, one after the other. */
static void check_pick(hone_rng *rng, size_t rows, size_t cols, size_t step) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    size_t run = (cols - 1) * step + 1, in_stride = run + hone__rng_below(rng, 3);
    size_t out_stride = cols + hone__rng_below(rng, 3);
    check_memory in = check_alloc(((rows - 1) * in_stride + run) * 4, CHECK_AT_END);
    check_memory out = check_alloc(((rows - 1) * out_stride + cols) * 4, CHECK_AT_END);
    check_fill_u8(rng, CHECK_RANDOM, in.data, in.bytes);
    kernels.layout.pick32(&(hone_pick_args){.rows = rows,
                                            .cols = cols,
                                            .input = in.data,
                                            .input_stride = (ptrdiff_t)in_stride,
                                            .input_step = (ptrdiff_t)step,
                                            .output = out.data,
                                            .output_stride = (ptrdiff_t)out_stride,
                                            .output_step = 1});
    for (size_t at = 0; at < out.bytes; at++) {
        size_t e = at / 4, row = e / out_stride, col = e % out_stride;
        uint8_t want = CHECK_BYTE;
        if (col < cols) want = ((uint8_t *)in.data)[(row * in_stride + col * step) * 4 + at % 4];
        assert_int_equal(((uint8_t *)out.data)[at], want);
    }
    check_free(&in);
    check_free(&out);
}

static void picks_take_every_nth_element_and_read_nothing_behind_the_last(void **state) {
    hone_rng rng;
    hone__rng_seed(&rng, 2, 0);
    for (size_t cols = 1; cols < 40; cols++)
        for (size_t step = 1; step < 4; step++) check_pick(&rng, 1 + cols % 3, cols, step);
}

static void copies_leave_the_gaps_alone(void **state) {
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    uint8_t in[20], out[20];
    for (uint8_t i = 0; i < 20; i++) in[i] = i, out[i] = 100;
    hone_copy_args args = {3, 2, in, 5, out, 7};
    kernels.layout.copy(&args);
    for (size_t i = 0; i < 20; i++) {
        bool copied = i % 7 < 2 && i / 7 < 3;
        assert_int_equal(out[i], copied ? in[i / 7 * 5 + i % 7] : 100);
    }
}

typedef struct timed {
    void (*run)(const hone_transpose_args *args);
    hone_transpose_args args;
} timed;

static void run_timed(void *context) {
    timed *t = context;
    t->run(&t->args);
}

static void bench(void) {
    static float in[64 * 3136], out[64 * 3136];
    hone_kernels kernels;
    hone__kernels_init(&kernels, HONE_CPU_BEST);
    static const struct {
        const char *name;
        size_t rows, cols;
    } shapes[] = {{"64 x 3136", 64, 3136}, {"3 x 50176", 3, 50176}, {"3136 x 64", 3136, 64}};
    for (size_t i = 0; i < 3; i++) {
        size_t rows = shapes[i].rows, cols = shapes[i].cols;
        timed t = {kernels.layout.transpose32, {rows, cols, in, cols, out, rows}};
        check_report(kernels.layout.transpose32_name, shapes[i].name, (double)(rows * cols),
                     "element", check_cycles(run_timed, &t));
        t.run = kernels.layout.transpose8;
        check_report(kernels.layout.transpose8_name, shapes[i].name, (double)(rows * cols),
                     "element", check_cycles(run_timed, &t));
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transposes_of_any_size_move_every_element),
        cmocka_unit_test(picks_take_every_nth_element_and_read_nothing_behind_the_last),
        cmocka_unit_test(copies_leave_the_gaps_alone),
    };
    return check_main(argc, argv, tests, sizeof tests / sizeof *tests, bench);
}

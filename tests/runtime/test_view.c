/* SPDX-License-Identifier: Apache-2.0 */
#include "testing.h"

#include "base/rng.h"
#include "kernels/kernels.h"
#include "runtime/steps/steps.h"
#include "runtime/view.h"

#define MOST 4096

static hone_shape shape_of(int32_t rank, const int64_t *dims) {
    return hone__shape(rank, dims);
}
#define SHAPE(...)                                                                                 \
    shape_of((int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                        \
             (int64_t[]){__VA_ARGS__})

/* Where element `index` (row-major) of the view lies. */
static int64_t place(const hone_view *view, int64_t index) {
    int64_t at = view->offset;
    for (int32_t i = view->rank - 1; i >= 0; i--) {
        at += index % view->dim[i] * view->stride[i];
        index /= view->dim[i];
    }
    return at;
}

static void assert_same_elements(const hone_view *a, const hone_view *b) {
    int64_t count = hone__view_elements(a);
    assert_int_equal(count, hone__view_elements(b));
    for (int64_t i = 0; i < count; i++) assert_int_equal(place(a, i), place(b, i));
}

static void pixels_put_channels_side_by_side(void **state) {
    (void)state;
    hone_shape shape = SHAPE(2, 3, 4, 5);
    hone_view view = hone__view_pixels(0, &shape, 7);
    int64_t stride = 0;
    assert_true(hone__view_is_pixels(&view, &stride));
    assert_int_equal(stride, 7);
    assert_false(hone__view_is_dense(&view));
    assert_int_equal(place(&view, 1 * 60 + 2 * 20 + 3 * 5 + 4), (1 * 20 + 3 * 5 + 4) * 7 + 2);
}

static void one_pixel_or_one_channel_is_both_dense_and_pixels(void **state) {
    (void)state;
    hone_shape shapes[] = {SHAPE(3, 8, 1, 1), SHAPE(2, 1, 6, 5), SHAPE(4, 9)};
    for (int i = 0; i < 3; i++) {
        hone_view view = hone__view_dense(0, &shapes[i]);
        int64_t stride = 0;
        assert_true(hone__view_is_pixels(&view, &stride));
        assert_int_equal(stride, shapes[i].dim[1]);
        view = hone__view_pixels(0, &shapes[i], shapes[i].dim[1]);
        assert_true(hone__view_is_dense(&view));
    }
}

static void a_slice_of_channels_stays_pixels_and_one_of_rows_does_not(void **state) {
    (void)state;
    hone_shape shape = SHAPE(2, 8, 4, 4);
    hone_view view = hone__view_pixels(0, &shape, 8);
    hone_view part = hone__view_slice(&view, 1, 4, 1, 4);
    int64_t stride = 0;
    assert_true(hone__view_is_pixels(&part, &stride));
    assert_int_equal(stride, 8);
    assert_int_equal(part.offset, 4);
    part = hone__view_slice(&view, 2, 1, 1, 2);
    assert_false(hone__view_is_pixels(&part, &stride));
    part = hone__view_slice(&view, 1, 0, 2, 4);
    assert_false(hone__view_is_pixels(&part, &stride));
}

static void a_slice_of_one_element_bears_any_step(void **state) {
    (void)state;
    hone_view view = hone__view_dense(0, &(hone_shape){2, {4, 6}});
    hone_view part = hone__view_slice(&view, 0, 3, INT64_MIN, 1);
    assert_int_equal(part.offset, 18);
    assert_int_equal(part.dim[0], 1);
}

static void a_reshape_keeps_every_element_where_it_is(void **state) {
    (void)state;
    hone_shape shape = SHAPE(2, 12, 3, 5), split = SHAPE(2, 3, 4, 3, 1, 5), joined = SHAPE(2, 180);
    hone_view pixels = hone__view_pixels(0, &shape, 12), dense = hone__view_dense(0, &shape), out;
    assert_true(hone__view_reshape(&pixels, &split, &out));
    assert_same_elements(&pixels, &out);
    assert_true(hone__view_reshape(&dense, &joined, &out));
    assert_same_elements(&dense, &out);
    assert_false(hone__view_reshape(&pixels, &joined, &out));
}

static void random_reshapes_are_right_or_refused(void **state) {
    (void)state;
    static const int64_t factors[] = {1, 2, 3, 4};
    hone_rng rng;
    hone__rng_seed(&rng, 5, 0);
    int said_yes = 0;
    for (int round = 0; round < 2000; round++) {
        hone_shape from = {.rank = 4}, to = {.rank = 3};
        for (int i = 0; i < 4; i++) from.dim[i] = factors[hone__rng_below(&rng, 4)];
        int cut = (int)hone__rng_below(&rng, 3); /* joins two neighbours */
        for (int i = 0, j = 0; i < 4; i++, j++) {
            to.dim[j] = from.dim[i];
            if (i == cut) to.dim[j] *= from.dim[++i];
        }
        int32_t perm[4] = {0, 1, 2, 3};
        for (int i = 3; i > 0; i--) {
            int j = (int)hone__rng_below(&rng, (uint64_t)i + 1);
            int32_t swap = perm[i];
            perm[i] = perm[j], perm[j] = swap;
        }
        hone_shape base = {.rank = 4};
        for (int i = 0; i < 4; i++) base.dim[perm[i]] = from.dim[i];
        hone_view dense = hone__view_dense(0, &base), view = hone__view_permute(&dense, perm), out;
        if (!hone__view_reshape(&view, &to, &out)) continue;
        assert_same_elements(&view, &out);
        said_yes++;
    }
    assert_true(said_yes > 500);
}

static void a_broadcast_repeats_by_stride_zero(void **state) {
    (void)state;
    hone_shape small = SHAPE(3, 1), large = SHAPE(2, 3, 4);
    hone_view view = hone__view_dense(0, &small), out = hone__view_broadcast(&view, &large);
    for (int64_t i = 0; i < 24; i++) assert_int_equal(place(&out, i), i / 4 % 3);
}

/* Moves between random views of one shape, against one element after the other. */
static void check_move(hone_rng *rng, size_t element, hone_cpu_tier tier) {
    uint8_t in[MOST * 4], out[MOST * 4], want[MOST * 4];
    hone_kernels kernels;
    hone__kernels_init(&kernels, tier);
    int32_t perm[4] = {0, 1, 2, 3}, rank = 4;
    hone_shape shape = {.rank = rank}, turned = {.rank = rank};
    for (int i = 0; i < rank; i++) shape.dim[i] = 1 + (int64_t)hone__rng_below(rng, 6);
    for (int i = rank - 1; i > 0; i--) {
        int j = (int)hone__rng_below(rng, (uint64_t)i + 1);
        int32_t swap = perm[i];
        perm[i] = perm[j], perm[j] = swap;
    }
    for (int i = 0; i < rank; i++) turned.dim[perm[i]] = shape.dim[i];
    hone_view dense = hone__view_dense(0, &turned), from = hone__view_permute(&dense, perm);
    hone_view to = hone__rng_below(rng, 2) ? hone__view_pixels(0, &shape, shape.dim[1] + 2)
                                           : hone__view_dense(0, &shape);
    if (hone__rng_below(rng, 3) == 0) { /* backwards along one axis */
        int32_t axis = (int32_t)hone__rng_below(rng, 4);
        from = hone__view_slice(&from, axis, shape.dim[axis] - 1, -1, shape.dim[axis]);
    }
    for (size_t i = 0; i < sizeof in; i++) in[i] = (uint8_t)hone__rng_below(rng, 256);
    memset(out, 7, sizeof out);
    memset(want, 7, sizeof want);
    for (int64_t i = 0; i < hone__view_elements(&to); i++)
        memcpy(want + (size_t)place(&to, i) * element, in + (size_t)place(&from, i) * element,
               element);
    hone__move_now(&kernels, element, &to, out, &from, in);
    assert_memory_equal(out, want, sizeof out);
}

static void a_move_puts_every_element_in_its_place_and_touches_no_other(void **state) {
    (void)state;
    hone_rng rng;
    hone__rng_seed(&rng, 17, 0);
    for (int round = 0; round < 600; round++)
        for (size_t element = 1; element <= 4; element *= 2) {
            check_move(&rng, element, HONE_CPU_BEST);
            check_move(&rng, element, HONE_CPU_SCALAR);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_put_channels_side_by_side),
        cmocka_unit_test(one_pixel_or_one_channel_is_both_dense_and_pixels),
        cmocka_unit_test(a_slice_of_channels_stays_pixels_and_one_of_rows_does_not),
        cmocka_unit_test(a_slice_of_one_element_bears_any_step),
        cmocka_unit_test(a_reshape_keeps_every_element_where_it_is),
        cmocka_unit_test(random_reshapes_are_right_or_refused),
        cmocka_unit_test(a_broadcast_repeats_by_stride_zero),
        cmocka_unit_test(a_move_puts_every_element_in_its_place_and_touches_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes, shapes and half precision. */
#include "testing.h"

#include "tensor/tensor.h"

#include <math.h>

static void sub_byte_types_round_up_to_bytes(void **state) {
    (void)state;
    size_t bytes;
    assert_true(hone__dtype_bytes(HONE_S4, 3, &bytes));
    assert_int_equal(bytes, 2);
    assert_true(hone__dtype_bytes(HONE_F32, 5, &bytes));
    assert_int_equal(bytes, 20);
    assert_false(hone__dtype_bytes(HONE_STRING, 1, &bytes));
    assert_false(hone__dtype_bytes(HONE_F64, INT64_MAX, &bytes));
}

static void shapes_that_overflow_are_refused_even_when_empty(void **state) {
    (void)state;
    int64_t n;
    const hone_shape huge = {2, {INT64_MAX / 2, 3}};
    const hone_shape sly = {3, {INT64_MAX / 2, 0, 3}};
    const hone_shape symbolic = {1, {-1}};
    assert_int_equal(hone_shape_elements(&huge, &n, NULL), HONE_LIMIT);
    assert_int_equal(hone_shape_elements(&sly, &n, NULL), HONE_LIMIT);
    assert_int_equal(hone_shape_elements(&symbolic, &n, NULL), HONE_SHAPE);
    assert_ok(hone_shape_elements(&(hone_shape){.rank = 0}, &n, NULL));
    assert_int_equal(n, 1);
}

static void broadcasting_follows_numpy(void **state) {
    (void)state;
    hone_shape out;
    const hone_shape a = {3, {2, 1, 5}}, b = {2, {4, 1}}, c = {1, {3}}, want = {3, {2, 4, 5}};
    assert_ok(hone__shape_broadcast(&a, &b, &out, NULL));
    assert_true(hone_shape_equal(&out, &want));
    assert_int_equal(hone__shape_broadcast(&a, &c, &out, NULL), HONE_SHAPE);
}

static void every_half_survives_the_way_through_float(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float f = hone__f16_to_f32((uint16_t)h);
        if (isnan(f))
            assert_true(isnan(hone__f16_to_f32(hone__f32_to_f16(f))));
        else
            assert_int_equal(hone__f32_to_f16(f), h);
    }
}

static void halves_round_to_nearest_even(void **state) {
    (void)state;
    assert_int_equal(hone__f32_to_f16(1.0f + 0x1p-11f), 0x3c00);            /* a tie, to even */
    assert_int_equal(hone__f32_to_f16(1.0f + 3 * 0x1p-11f), 0x3c02);        /* a tie, to even */
    assert_int_equal(hone__f32_to_f16(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01); /* above the tie */
    assert_int_equal(hone__f32_to_f16(65519.0f), 0x7bff);
    assert_int_equal(hone__f32_to_f16(65520.0f), 0x7c00);
    assert_int_equal(hone__f32_to_f16(-INFINITY), 0xfc00);
    assert_int_equal(hone__f32_to_f16(0x1p-25f), 0);             /* a tie, to zero */
    assert_int_equal(hone__f32_to_f16(0x1.8p-25f), 1);           /* above it */
    assert_int_equal(hone__f32_to_f16(0x1.ffcp-15f), 0x3ff + 1); /* rounds up into the normals */
    assert_int_equal(hone__f32_to_bf16(1.0f + 0x1p-8f), 0x3f80);
    assert_true(isnan(hone__bf16_to_f32(hone__f32_to_bf16(NAN))));
}

static void tensors_own_aligned_cleared_memory(void **state) {
    (void)state;
    hone_tensor tensor;
    const hone_shape shape = {2, {3, 5}};
    assert_ok(hone_tensor_new(HONE_F32, &shape, &tensor, NULL));
    assert_int_equal(tensor.bytes, 60);
    assert_int_equal((uintptr_t)tensor.data % 64, 0);
    for (int i = 0; i < 15; i++) assert_true(((float *)tensor.data)[i] == 0);
    hone_tensor_free(&tensor);
    assert_null(tensor.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sub_byte_types_round_up_to_bytes),
        cmocka_unit_test(shapes_that_overflow_are_refused_even_when_empty),
        cmocka_unit_test(broadcasting_follows_numpy),
        cmocka_unit_test(every_half_survives_the_way_through_float),
        cmocka_unit_test(halves_round_to_nearest_even),
        cmocka_unit_test(tensors_own_aligned_cleared_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

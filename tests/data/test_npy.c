/* SPDX-License-Identifier: Apache-2.0 */
#include "data/fixture.h"

#include "data/npy.h"
#include "tensor/tensor.h"

/* A file of one version around a header and a body. */
static size_t compose(uint8_t *out, int version, const char *header, size_t body) {
    size_t length = strlen(header), start = version == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)version;
    out[7] = 0;
    out[8] = (uint8_t)length;
    out[9] = (uint8_t)(length >> 8);
    if (version > 1) out[10] = out[11] = 0;
    memcpy(out + start, header, length);
    memset(out + start + length, 7, body);
    return start + length + body;
}

static hone_status parse(int version, const char *header, size_t body, hone_tensor *tensor,
                         hone_error *error) {
    static uint8_t file[4096];
    return hone__npy_parse(file, compose(file, version, header, body), tensor, error);
}

static void headers_of_all_versions_and_spellings_are_read(void **state) {
    hone_tensor t;
    (void)state;
    for (int version = 1; version <= 3; version++) {
        assert_ok(parse(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
                        24, &t, NULL));
        assert_int_equal(t.dtype, HONE_F32);
        assert_int_equal(t.shape.rank, 2);
        assert_int_equal(t.shape.dim[1], 3);
        assert_int_equal(*(uint8_t *)t.data, 7);
    }
    assert_ok(parse(1, "{\"shape\":(5,),\"descr\":\"|u1\",\"fortran_order\":True}", 5, &t, NULL));
    assert_int_equal(t.dtype, HONE_U8);
    assert_ok(parse(1, "{'descr':'<i8','fortran_order':False,'shape':()}", 8, &t, NULL));
    assert_int_equal(t.shape.rank, 0);
    assert_ok(parse(1, "{'descr':'|b1','fortran_order':False,'shape':(0,4L)}", 0, &t, NULL));
}

static void headers_that_lie_or_ask_too_much_are_refused(void **state) {
    static const struct {
        const char *header;
        size_t body;
        hone_status status;
    } cases[] = {
        {"{'descr':'<f4','fortran_order':False,'shape':(2,3)}", 23, HONE_FORMAT},
        {"{'descr':'<f4','fortran_order':True,'shape':(2,3)}", 24, HONE_UNSUPPORTED},
        {"{'descr':'>f4','fortran_order':False,'shape':(2,)}", 8, HONE_UNSUPPORTED},
        {"{'descr':'|O','fortran_order':False,'shape':(2,)}", 16, HONE_UNSUPPORTED},
        {"{'descr':'<U3','fortran_order':False,'shape':(2,)}", 24, HONE_UNSUPPORTED},
        {"{'descr':[('a','<f4')],'fortran_order':False,'shape':(2,)}", 8, HONE_UNSUPPORTED},
        {"{'descr':'','fortran_order':False,'shape':(2,)}", 8, HONE_UNSUPPORTED},
        {"{'descr':'<f4','fortran_order':False}", 8, HONE_FORMAT},
        {"{'descr':'<f4','fortran_order':False,'shape':(1,1,1,1,1,1,1,1,1)}", 8, HONE_FORMAT},
        {"{'descr':'<f4','fortran_order':False,'shape':(999999999999999999,999999999999999999)}", 8,
         HONE_LIMIT},
        {"{'descr':'<f4','fortran_order':False,'shape':(9999999999999999999,)}", 8, HONE_FORMAT},
        {"{'descr':'<f4','fortran_order':False,'shape':(-1,)}", 8, HONE_FORMAT},
        {"{'descr':'<f4','fortran_order':False,'shape':(2", 8, HONE_FORMAT},
        {"{'descr':'<f4' 'fortran_order':False,'shape':(2,)}", 8, HONE_FORMAT},
        {"", 8, HONE_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_tensor t;
        hone_error error = {0};
        hone_status status = parse(1, cases[i].header, cases[i].body, &t, &error);
        if (status != cases[i].status)
            fail_msg("%s: %s (%s)", cases[i].header, hone_status_name(status), error.message);
        assert_true(error.message[0] != 0);
    }
}

static void an_array_cut_off_anywhere_is_an_error(void **state) {
    size_t size = 0;
    uint8_t *bytes = slurp(stored("boxes_answers.npy"), &size);
    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut + (cut == 0));
        hone_tensor t;
        assert_non_null(part);
        memcpy(part, bytes, cut);
        assert_int_not_equal(hone__npy_parse(part, cut, &t, NULL), HONE_OK);
        free(part);
    }
    free(bytes);
}

static void arrays_of_every_rank_read_back_as_written(void **state) {
    static const int64_t dims[4] = {2, 3, 1, 2};
    static const uint16_t values[12] = {1, 2, 3, 500, 5, 6, 7, 8, 9, 10, 11, 65535};
    const char *folder = folder_make();
    (void)state;
    for (int32_t rank = 0; rank <= 4; rank++) {
        hone_tensor t;
        hone_error error = {0};
        put_array(folder, "x.npy", HONE_U16, rank, dims, values);
        assert_ok_or(hone_npy_read(in_folder(folder, "x.npy"), &t, &error), error);
        assert_int_equal(t.dtype, HONE_U16);
        assert_int_equal(t.shape.rank, rank);
        for (int32_t i = 0; i < rank; i++) assert_int_equal(t.shape.dim[i], dims[i]);
        assert_memory_equal(t.data, values, t.bytes);
        hone_tensor_free(&t);
    }
    folder_remove(folder);
}

static void written_data_starts_on_a_multiple_of_64(void **state) {
    static const int64_t dims[1] = {1};
    const char *folder = folder_make();
    size_t size = 0;
    (void)state;
    put_array(folder, "x.npy", HONE_U8, 1, dims, "!");
    uint8_t *bytes = slurp(in_folder(folder, "x.npy"), &size);
    assert_int_equal(size % 64, 1);
    assert_int_equal(bytes[size - 1], '!');
    assert_int_equal(bytes[size - 2], '\n');
    free(bytes);
    folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_all_versions_and_spellings_are_read),
        cmocka_unit_test(headers_that_lie_or_ask_too_much_are_refused),
        cmocka_unit_test(an_array_cut_off_anywhere_is_an_error),
        cmocka_unit_test(arrays_of_every_rank_read_back_as_written),
        cmocka_unit_test(written_data_starts_on_a_multiple_of_64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

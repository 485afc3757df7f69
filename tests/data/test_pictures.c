/* SPDX-License-Identifier: Apache-2.0 */
#include "data/fixture.h"

#include "base/rng.h"

static hone_picture read_stored(const char *name) {
    hone_picture picture;
    hone_error error = {0};
    assert_ok_or(hone_picture_read(stored(name), 0, &picture, &error), error);
    return picture;
}

static void assert_same_pixels(const hone_picture *picture, const hone_tensor *wanted,
                               const char *name) {
    size_t bytes = (size_t)picture->width * picture->height * picture->channels;
    assert_int_equal(picture->height, wanted->shape.dim[0]);
    assert_int_equal(picture->width, wanted->shape.dim[1]);
    assert_int_equal(picture->channels, wanted->shape.dim[2]);
    if (memcmp(picture->data, wanted->data, bytes) != 0) fail_msg("%s: other pixels", name);
}

static const char *const pictures[] = {"444.jpg",  "420.jpg",  "progressive.jpg", "gray.jpg",
                                       "cmyk.jpg", "rgb.png",  "gray.png",        "rgba.png",
                                       "la.png",   "bits.png", "palette.png"};
#define PICTURES (sizeof pictures / sizeof pictures[0])

static void pictures_of_every_kind_decode_to_the_pixels_of_pillow(void **state) {
    (void)state;
    for (size_t i = 0; i < PICTURES; i++) {
        char answer[64];
        hone_picture picture = read_stored(pictures[i]);
        snprintf(answer, sizeof answer, "%s.npy", pictures[i]);
        hone_tensor wanted = stored_array(answer);
        assert_same_pixels(&picture, &wanted, pictures[i]);
        hone_tensor_free(&wanted);
        hone_picture_free(&picture);
    }
}

static void colour_becomes_gray_as_pillow_rounds_it(void **state) {
    hone_picture picture = read_stored("rgb.png"), gray;
    hone_tensor wanted = stored_array("rgb_to_gray.npy");
    (void)state;
    assert_ok(hone_picture_convert(&picture, 1, &gray, NULL));
    assert_same_pixels(&gray, &wanted, "gray");
    hone_picture_free(&picture);
    hone_picture_free(&gray);
    hone_tensor_free(&wanted);
}

static void resizing_gives_the_bytes_of_pillow(void **state) {
    static const uint32_t sizes[][2] = {{7, 5},  {40, 30}, {31, 4}, {3, 29},
                                        {19, 6}, {8, 13},  {1, 1}};
    static const char *const names[] = {"nearest", "bilinear", "bicubic"};
    static const char *const sources[] = {"rgb.png", "gray.png"};
    (void)state;
    for (size_t s = 0; s < 2; s++)
        for (int f = 0; f < 3; f++) {
            char answer[64];
            size_t at = 0;
            hone_picture picture = read_stored(sources[s]), resized;
            snprintf(answer, sizeof answer, "%s.%s.npy", sources[s], names[f]);
            hone_tensor wanted = stored_array(answer);
            for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
                size_t bytes = (size_t)sizes[k][0] * sizes[k][1] * picture.channels;
                assert_ok(hone_picture_resize(&picture, sizes[k][0], sizes[k][1], (hone_filter)f,
                                              &resized, NULL));
                assert_true(at + bytes <= wanted.bytes);
                if (memcmp(resized.data, (uint8_t *)wanted.data + at, bytes) != 0)
                    fail_msg("%s %s to %u x %u", sources[s], names[f], sizes[k][0], sizes[k][1]);
                at += bytes;
                hone_picture_free(&resized);
            }
            assert_int_equal(at, wanted.bytes);
            hone_tensor_free(&wanted);
            hone_picture_free(&picture);
        }
}

static void a_picture_cut_off_anywhere_is_an_error(void **state) {
    (void)state;
    for (size_t i = 0; i < PICTURES; i++) {
        size_t size = 0;
        uint8_t *bytes = slurp(stored(pictures[i]), &size);
        for (size_t cut = 0; cut < size; cut++) {
            /* A block of its own, so that reading past its end is seen by the sanitizer. */
            uint8_t *part = malloc(cut + (cut == 0));
            hone_picture picture;
            hone_error error = {0};
            assert_non_null(part);
            memcpy(part, bytes, cut);
            if (hone_picture_decode(part, cut, 0, &picture, &error) == HONE_OK)
                fail_msg("%s cut to %zu of %zu bytes was taken", pictures[i], cut, size);
            assert_null(picture.data);
            assert_true(error.message[0] != 0);
            free(part);
        }
        free(bytes);
    }
}

static void a_damaged_picture_gives_a_picture_or_an_error(void **state) {
    hone_rng rng;
    (void)state;
    hone__rng_seed(&rng, 1, 0);
    for (size_t i = 0; i < PICTURES; i++) {
        size_t size = 0;
        uint8_t *bytes = slurp(stored(pictures[i]), &size);
        for (int round = 0; round < 300; round++) {
            hone_picture picture;
            size_t at = (size_t)hone__rng_below(&rng, size);
            uint8_t old = bytes[at];
            bytes[at] = (uint8_t)hone__rng_next(&rng);
            /* A damaged width must not cost gigabytes: that is what the limit is for. */
            if (hone_picture_decode(bytes, size, 1 << 20, &picture, NULL) == HONE_OK)
                assert_non_null(picture.data);
            hone_picture_free(&picture);
            if (round % 3) bytes[at] = old;
        }
        free(bytes);
    }
}

static void a_picture_above_the_limit_is_refused_with_its_size(void **state) {
    hone_picture picture;
    hone_error error = {0};
    (void)state;
    assert_int_equal(hone_picture_read(stored("rgb.png"), 19 * 13 - 1, &picture, &error),
                     HONE_LIMIT);
    assert_non_null(strstr(error.message, "rgb.png"));
    assert_non_null(strstr(error.message, "19 x 13"));
    assert_int_equal(hone_picture_read(stored("444.jpg"), 19 * 13 - 1, &picture, NULL), HONE_LIMIT);
    assert_ok(hone_picture_read(stored("rgb.png"), 19 * 13, &picture, NULL));
    hone_picture_free(&picture);
}

static void what_is_no_picture_is_named_in_the_error(void **state) {
    hone_picture picture;
    hone_error error = {0};
    (void)state;
    assert_int_equal(hone_picture_read(stored("rgb.png.npy"), 0, &picture, &error), HONE_FORMAT);
    assert_non_null(strstr(error.message, "rgb.png.npy: neither JPEG nor PNG"));
    assert_int_equal(hone_picture_read(stored("nowhere.png"), 0, &picture, &error), HONE_NOT_FOUND);
    assert_int_equal(hone_picture_decode("", 0, 0, &picture, &error), HONE_FORMAT);
}

static void a_written_png_reads_back_equal(void **state) {
    const char *folder = folder_make();
    (void)state;
    for (int i = 0; i < 2; i++) {
        hone_picture picture = read_stored(i ? "gray.png" : "rgb.png"), again;
        hone_error error = {0};
        const char *path = in_folder(folder, "out.png");
        assert_ok_or(hone_picture_write_png(&picture, path, &error), error);
        assert_ok_or(hone_picture_read(path, 0, &again, &error), error);
        assert_int_equal(again.channels, picture.channels);
        assert_memory_equal(again.data, picture.data,
                            (size_t)picture.width * picture.height * picture.channels);
        hone_picture_free(&picture);
        hone_picture_free(&again);
    }
    folder_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_of_every_kind_decode_to_the_pixels_of_pillow),
        cmocka_unit_test(colour_becomes_gray_as_pillow_rounds_it),
        cmocka_unit_test(resizing_gives_the_bytes_of_pillow),
        cmocka_unit_test(a_picture_cut_off_anywhere_is_an_error),
        cmocka_unit_test(a_damaged_picture_gives_a_picture_or_an_error),
        cmocka_unit_test(a_picture_above_the_limit_is_refused_with_its_size),
        cmocka_unit_test(what_is_no_picture_is_named_in_the_error),
        cmocka_unit_test(a_written_png_reads_back_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "data/fixture.h"

#include "data/feed.h"
#include "formats/model.h"

#include <math.h>

/* A model with its session, card and feed. */
typedef struct fed {
    hone_model *model;
    hone_card *card;
    hone_session *session;
    hone_feed *feed;
} fed;

static hone_status fed_open_model(fed *f, hone_model *model, hone_error *error) {
    hone_status status = HONE_OK;
    memset(f, 0, sizeof *f);
    f->model = model;
    if (hone_card_of(f->model, &f->card, NULL) == HONE_FORMAT) fail_msg("the card is wrong");
    assert_ok_or(hone_session_create(f->model, NULL, &f->session, error), *error);
    status = hone_feed_create(f->model, f->session, f->card, &f->feed, error);
    return status;
}

static void fed_open(fed *f, hone_dtype dtype, int32_t rank, const int64_t *dims,
                     const char *card) {
    hone_error error = {0};
    assert_ok_or(fed_open_model(f, identity_model(dtype, rank, dims, card), &error), error);
}

static void fed_close(fed *f) {
    hone_feed_free(f->feed);
    hone_session_free(f->session);
    hone_card_free(f->card);
    hone_model_free(f->model);
}

static hone_sample picture_of(uint32_t width, uint32_t height, uint32_t channels, uint8_t *data) {
    return (hone_sample){.picture = {width, height, channels, data}, .class_index = -1};
}

static void pixels_are_normalized_into_planes(void **state) {
    static const int64_t dims[4] = {1, 3, 1, 2};
    uint8_t pixels[6] = {0, 128, 255, 10, 20, 30};
    fed f;
    (void)state;
    fed_open(&f, HONE_F32, 4, dims,
             "{\"task\":\"classification\",\"input\":{\"color\":\"rgb\",\"mean\":[127,1,0],"
             "\"std\":[128,2,255]}}");
    hone_sample sample = picture_of(2, 1, 3, pixels);
    assert_ok(hone_feed_put(f.feed, 0, &sample, NULL));
    const float *x = hone_feed_inputs(f.feed)->data;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 2; i++) {
            static const float mean[3] = {127, 1, 0}, std[3] = {128, 2, 255};
            assert_true(x[2 * c + i] == ((float)pixels[3 * i + c] - mean[c]) / std[c]);
        }
    fed_close(&f);
}

static void bgr_and_channels_last_change_the_order_only(void **state) {
    static const int64_t dims[4] = {1, 1, 2, 3};
    uint8_t pixels[6] = {1, 2, 3, 4, 5, 6};
    static const float wanted[6] = {3, 2, 1, 6, 5, 4};
    fed f;
    (void)state;
    fed_open(&f, HONE_F32, 4, dims,
             "{\"task\":\"classification\",\"input\":{\"color\":\"bgr\",\"layout\":\"nhwc\"}}");
    hone_sample sample = picture_of(2, 1, 3, pixels);
    assert_ok(hone_feed_put(f.feed, 0, &sample, NULL));
    assert_memory_equal(hone_feed_inputs(f.feed)->data, wanted, sizeof wanted);
    fed_close(&f);
}

static void crops_are_centred_with_left_and_top_rounded_down(void **state) {
    static const int64_t dims[4] = {1, 1, 2, 2};
    uint8_t pixels[5 * 3];
    static const float wanted[4] = {1, 2, 6, 7};
    fed f;
    (void)state;
    for (int i = 0; i < 15; i++) pixels[i] = (uint8_t)i;
    fed_open(&f, HONE_F32, 4, dims,
             "{\"task\":\"classification\",\"input\":{\"color\":\"gray\",\"crop\":[2,2]}}");
    hone_sample sample = picture_of(5, 3, 1, pixels);
    assert_ok(hone_feed_put(f.feed, 0, &sample, NULL));
    assert_memory_equal(hone_feed_inputs(f.feed)->data, wanted, sizeof wanted);
    fed_close(&f);
}

static void the_short_side_keeps_the_aspect_to_the_nearest_pixel(void **state) {
    static const uint32_t cases[][5] = {/* width, height, short side, resized width and height */
                                        {640, 480, 256, 341, 256}, {480, 640, 256, 256, 341},
                                        {500, 375, 256, 341, 256}, {300, 300, 256, 256, 256},
                                        {3, 2, 5, 8, 5}, /* 7.5 goes to the even 8 */
                                        {5, 2, 1, 2, 1}, /* 2.5 goes to the even 2 */
                                        {100, 1, 3, 300, 3}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_card_input input = {.short_side = cases[i][2]};
        hone_view view;
        assert_ok(hone__view_plan(&input, cases[i][0], cases[i][1], &view, NULL));
        assert_int_equal(view.resized_width, cases[i][3]);
        assert_int_equal(view.resized_height, cases[i][4]);
    }
}

static void views_that_cannot_be_are_errors(void **state) {
    hone_card_input crop = {.crop_width = 10, .crop_height = 10}, side = {.short_side = 60000};
    hone_view view;
    (void)state;
    assert_int_equal(hone__view_plan(&crop, 9, 20, &view, NULL), HONE_SHAPE);
    assert_int_equal(hone__view_plan(&side, 65000, 1, &view, NULL), HONE_LIMIT);
}

static void pictures_are_resized_as_the_card_says(void **state) {
    static const int64_t dims[4] = {1, 3, 30, 40};
    hone_error error = {0};
    hone_sample sample = {0};
    fed f;
    (void)state;
    fed_open(&f, HONE_F32, 4, dims,
             "{\"task\":\"classification\",\"input\":{\"color\":\"rgb\","
             "\"resize\":{\"to\":[40,30],\"filter\":\"bicubic\"}}}");
    hone_tensor wanted = stored_array("rgb.png.bicubic.npy");
    const uint8_t *pixels = (const uint8_t *)wanted.data + 7 * 5 * 3;
    assert_ok_or(hone_picture_read(stored("rgb.png"), 0, &sample.picture, &error), error);
    assert_ok_or(hone_feed_put(f.feed, 0, &sample, &error), error);
    const float *x = hone_feed_inputs(f.feed)->data;
    for (int i = 0; i < 1200; i++)
        for (int c = 0; c < 3; c++) assert_true(x[1200 * c + i] == (float)pixels[3 * i + c]);
    hone_sample_free(&sample);
    hone_tensor_free(&wanted);
    fed_close(&f);
}

static void a_batch_is_filled_place_by_place(void **state) {
    static const int64_t dims[2] = {3, 2};
    static const float rows[2][2] = {{1, 2}, {3, 4}};
    static const float wanted[6] = {0, 0, 3, 4, 1, 2};
    fed f;
    (void)state;
    fed_open(&f, HONE_F32, 2, dims, NULL);
    assert_int_equal(hone_feed_batch(f.feed), 3);
    for (uint32_t i = 0; i < 2; i++) {
        hone_sample sample = {.class_index = -1};
        sample.tensor = (hone_tensor){HONE_F32, {1, {2}}, NULL, 8};
        memcpy(&sample.tensor.data, &(const void *){rows[i]}, sizeof(void *));
        assert_ok(hone_feed_put(f.feed, 2 - i, &sample, NULL));
        assert_int_equal(hone_feed_put(f.feed, 3, &sample, NULL), HONE_USAGE);
    }
    assert_memory_equal(hone_feed_inputs(f.feed)->data, wanted, sizeof wanted);
    fed_close(&f);
}

/* in (integers) -> DequantizeLinear -> out */
static hone_model *dequantizing_model(hone_dtype dtype, float scale, int32_t zero,
                                      const char *card) {
    static const int64_t dims[4] = {1, 1, 1, 4};
    hone_shape scalar = {0};
    uint8_t zero_byte = (uint8_t)zero;
    hone_graph *g = NULL;
    hone_value *in[3] = {NULL}, *out = NULL;
    hone_node *node = NULL;
    hone_model *model = NULL;
    assert_ok(hone_graph_new(NULL, &g, NULL));
    assert_ok(hone_graph_add_value(g, "in", &in[0], NULL));
    in[0]->dtype = dtype;
    in[0]->shape = hone__shape(4, dims);
    assert_ok(hone_graph_add_input(g, in[0], NULL));
    assert_ok(
        hone_graph_copy_constant(g, "scale", HONE_F32, &scalar, &scale, 4, NULL, &in[1], NULL));
    assert_ok(
        hone_graph_copy_constant(g, "zero", dtype, &scalar, &zero_byte, 1, NULL, &in[2], NULL));
    assert_ok(hone_graph_add_value(g, "out", &out, NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_DequantizeLinear, "node", in, 3, &out, 1, NULL, &node,
                                  NULL));
    assert_ok(hone_graph_add_output(g, out, NULL));
    assert_ok(hone_graph_infer(g, NULL));
    assert_ok(hone__model_new(NULL, g, &model, NULL));
    assert_ok(hone_model_set_card(model, card, strlen(card), NULL));
    return model;
}

static void an_integer_input_is_quantized_with_its_own_scale(void **state) {
    uint8_t pixels[4] = {0, 101, 128, 255};
    static const int8_t wanted[4] = {-128, -25, 2, 127};
    hone_error error = {0};
    fed f;
    (void)state;
    assert_ok_or(fed_open_model(&f,
                                dequantizing_model(HONE_S8, 1.0f / 128, 2,
                                                   "{\"task\":\"classification\",\"input\":{"
                                                   "\"color\":\"gray\",\"mean\":[128],"
                                                   "\"std\":[128]}}"),
                                &error),
                 error);
    hone_sample sample = picture_of(4, 1, 1, pixels);
    assert_ok(hone_feed_put(f.feed, 0, &sample, NULL));
    /* (0 - 128) / 128 / scale + 2 = -126, and 255 gives 129, cut to 127. */
    assert_int_equal(((const int8_t *)hone_feed_inputs(f.feed)->data)[0], wanted[0] + 2);
    assert_memory_equal((const int8_t *)hone_feed_inputs(f.feed)->data + 1, wanted + 1, 3);
    fed_close(&f);
}

static void numbers_that_are_half_way_round_to_even_and_nan_is_zero(void **state) {
    static const int64_t dims[1] = {4};
    float values[4] = {0.25f, 0.75f, NAN, INFINITY}; /* with scale 0.5: 0.5, 1.5 */
    hone_sample sample = {.class_index = -1};
    hone_error error = {0};
    fed f;
    (void)state;
    assert_ok_or(
        fed_open_model(&f, dequantizing_model(HONE_U8, 0.5f, 10, "{\"task\":\"classification\"}"),
                       &error),
        error);
    sample.tensor = (hone_tensor){HONE_F32, hone__shape(1, dims), values, sizeof values};
    assert_ok(hone_feed_put(f.feed, 0, &sample, NULL));
    assert_memory_equal(hone_feed_inputs(f.feed)->data, "\x0a\x0c\x0a\xff", 4);
    fed_close(&f);
}

static void samples_that_do_not_fit_say_what_is_wanted(void **state) {
    static const int64_t dims[4] = {1, 3, 4, 4};
    uint8_t pixels[48] = {0};
    hone_error error = {0};
    fed f;
    (void)state;
    fed_open(&f, HONE_F32, 4, dims, "{\"task\":\"classification\",\"input\":{\"color\":\"rgb\"}}");
    hone_sample sample = picture_of(8, 2, 3, pixels);
    assert_int_equal(hone_feed_put(f.feed, 0, &sample, &error), HONE_SHAPE);
    assert_non_null(strstr(error.message, "input.resize"));
    fed_close(&f);
    fed_open(&f, HONE_F32, 4, dims, NULL);
    assert_int_equal(hone_feed_put(f.feed, 0, &sample, &error), HONE_USAGE);
    assert_non_null(strstr(error.message, "card"));
    fed_close(&f);
}

static void a_card_that_contradicts_the_input_is_an_error(void **state) {
    static const int64_t dims[4] = {1, 4, 4, 3};
    hone_error error = {0};
    fed f;
    (void)state;
    assert_int_equal(
        fed_open_model(&f,
                       identity_model(HONE_F32, 4, dims,
                                      "{\"task\":\"classification\",\"input\":{\"color\":\"rgb\","
                                      "\"layout\":\"nchw\"}}"),
                       &error),
        HONE_SHAPE);
    assert_non_null(strstr(error.message, "nchw"));
    fed_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_are_normalized_into_planes),
        cmocka_unit_test(bgr_and_channels_last_change_the_order_only),
        cmocka_unit_test(crops_are_centred_with_left_and_top_rounded_down),
        cmocka_unit_test(the_short_side_keeps_the_aspect_to_the_nearest_pixel),
        cmocka_unit_test(views_that_cannot_be_are_errors),
        cmocka_unit_test(pictures_are_resized_as_the_card_says),
        cmocka_unit_test(a_batch_is_filled_place_by_place),
        cmocka_unit_test(an_integer_input_is_quantized_with_its_own_scale),
        cmocka_unit_test(numbers_that_are_half_way_round_to_even_and_nan_is_zero),
        cmocka_unit_test(samples_that_do_not_fit_say_what_is_wanted),
        cmocka_unit_test(a_card_that_contradicts_the_input_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

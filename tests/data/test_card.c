/* SPDX-License-Identifier: Apache-2.0 */
#include "data/fixture.h"

#include "data/card.h"

static hone_card *parse(const char *json) {
    hone_card *card = NULL;
    hone_error error = {0};
    assert_ok_or(hone_card_parse(json, strlen(json), &card, &error), error);
    return card;
}

static void a_picture_card_is_read_in_full(void **state) {
    hone_card *card =
        parse("{\"task\":\"classification\",\"input\":{\"name\":\"x\",\"layout\":\"nhwc\","
              "\"color\":\"bgr\",\"resize\":{\"short_side\":256,\"filter\":\"bicubic\"},"
              "\"crop\":[224,192],\"mean\":[1,2,3.5],\"std\":[4,5,6]},"
              "\"labels\":[\"none\",\"cat\",\"dog\"],\"class_offset\":1,\"future\":{\"a\":1}}");
    const hone_card_input *in = hone_card_get_input(card, 0);
    (void)state;
    assert_int_equal(hone_card_task(card), HONE_TASK_CLASSIFICATION);
    assert_int_equal(hone_card_inputs(card), 1);
    assert_null(hone_card_get_input(card, 1));
    assert_string_equal(in->name, "x");
    assert_int_equal(in->layout, HONE_LAYOUT_NHWC);
    assert_int_equal(in->color, HONE_COLOR_BGR);
    assert_int_equal(in->short_side, 256);
    assert_int_equal(in->filter, HONE_FILTER_BICUBIC);
    assert_int_equal(in->crop_width, 224);
    assert_int_equal(in->crop_height, 192);
    assert_true(in->mean[2] == 3.5f && in->std[0] == 4.0f);
    assert_string_equal(hone_card_label(card, 1), "cat");
    assert_null(hone_card_label(card, 3));
    assert_int_equal(hone__card_class_named(card, "dog"), 1);
    assert_int_equal(hone__card_class_named(card, "none"), -1);
    hone_card_free(card);
}

static void what_a_card_leaves_out_has_its_default(void **state) {
    hone_card *card = parse("{\"task\":\"detection\",\"input\":{},"
                            "\"decoder\":{\"type\":\"boxes_scores\",\"corners\":\"pixels\"}}");
    const hone_card_input *in = hone_card_get_input(card, 0);
    (void)state;
    assert_false(in->has_color);
    assert_true(in->mean[0] == 0.0f && in->std[2] == 1.0f);
    assert_int_equal(hone_card_get_decoder(card)->type, HONE_DECODER_BOXES_SCORES);
    assert_true(hone_card_get_decoder(card)->pixels);
    assert_int_equal(hone_card_labels(card), 0);
    hone_card_free(card);
}

static void series_and_sound_are_kept(void **state) {
    hone_card *card = parse("{\"task\":\"regression\",\"input\":[{\"window\":12,\"horizon\":1,"
                            "\"columns\":[\"flow\",\"speed\"],\"target\":\"flow\"},"
                            "{\"features\":{\"type\":\"mfcc\",\"sample_rate\":8000,\"bands\":40,"
                            "\"coefficients\":10,\"frame_ms\":40,\"hop_ms\":20}}]}");
    (void)state;
    assert_int_equal(hone_card_inputs(card), 2);
    assert_int_equal(hone_card_get_input(card, 0)->column_count, 2);
    assert_string_equal(hone_card_get_input(card, 0)->columns[1], "speed");
    assert_string_equal(hone_card_get_input(card, 1)->sound_kind, "mfcc");
    assert_int_equal(hone_card_get_input(card, 1)->sample_rate, 8000);
    hone_card_free(card);
}

static void a_wrong_value_is_an_error_that_names_its_key(void **state) {
    static const struct {
        const char *json, *named;
    } cases[] = {
        {"[]", "object"},
        {"{}", "task"},
        {"{\"task\":\"sorting\"}", "task"},
        {"{\"task\":7}", "task"},
        {"{\"task\":\"detection\",\"input\":3}", "input"},
        {"{\"task\":\"detection\",\"input\":{\"color\":\"cmyk\"}}", "input.color"},
        {"{\"task\":\"detection\",\"input\":{\"layout\":1}}", "input.layout"},
        {"{\"task\":\"detection\",\"input\":{\"mean\":[1,\"2\"]}}", "input.mean"},
        {"{\"task\":\"detection\",\"input\":{\"mean\":[1,2,3,4,5]}}", "input.mean"},
        {"{\"task\":\"detection\",\"input\":{\"std\":[0]}}", "input.std"},
        {"{\"task\":\"detection\",\"input\":{\"mean\":[1e300]}}", "input.mean"},
        {"{\"task\":\"detection\",\"input\":{\"crop\":[224]}}", "input.crop"},
        {"{\"task\":\"detection\",\"input\":{\"crop\":[0,1]}}", "input.crop"},
        {"{\"task\":\"detection\",\"input\":{\"resize\":{}}}", "input.resize"},
        {"{\"task\":\"detection\",\"input\":{\"resize\":{\"short_side\":2.5}}}", "short_side"},
        {"{\"task\":\"detection\",\"input\":{\"resize\":{\"short_side\":70000}}}", "short_side"},
        {"{\"task\":\"detection\",\"input\":{\"resize\":{\"to\":[1,2],\"filter\":\"box\"}}}",
         "input.resize.filter"},
        {"{\"task\":\"detection\",\"input\":{\"resize\":{\"to\":[1,2],\"short_side\":1}}}",
         "input.resize"},
        {"{\"task\":\"detection\",\"labels\":[1]}", "labels"},
        {"{\"task\":\"detection\",\"labels\":\"a\"}", "labels"},
        {"{\"task\":\"detection\",\"class_offset\":-1}", "class_offset"},
        {"{\"task\":\"detection\",\"decoder\":{}}", "decoder.type"},
        {"{\"task\":\"detection\",\"decoder\":{\"type\":\"ssd\"}}", "decoder.type"},
        {"{\"task\":\"detection\",\"decoder\":{\"type\":\"fastestdet\",\"score\":2}}",
         "decoder.score"},
        {"{\"task\":\"detection\"", "line 1"},
        {"", "line"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_card *card = NULL;
        hone_error error = {0};
        hone_status status = hone_card_parse(cases[i].json, strlen(cases[i].json), &card, &error);
        if (status != HONE_FORMAT || !strstr(error.message, cases[i].named))
            fail_msg("%s: %s (%s)", cases[i].json, hone_status_name(status), error.message);
        assert_null(card);
    }
}

static void a_card_cut_off_anywhere_is_an_error(void **state) {
    static const char json[] = "{\"task\":\"detection\",\"input\":{\"crop\":[4,4]},\"labels\":[]}";
    (void)state;
    for (size_t cut = 0; cut + 1 < sizeof json; cut++) {
        hone_card *card = NULL;
        assert_int_equal(hone_card_parse(json, cut, &card, NULL), HONE_FORMAT);
    }
}

static void a_model_without_a_card_says_so(void **state) {
    static const int64_t dims[2] = {1, 2};
    hone_model *model = identity_model(HONE_F32, 2, dims, NULL);
    hone_card *card = NULL;
    (void)state;
    assert_int_equal(hone_card_of(model, &card, NULL), HONE_NOT_FOUND);
    hone_model_free(model);
}

static void the_cards_of_the_shared_models_are_read(void **state) {
    static const char *const names[] = {"mnist-cnn-opset8.onnx", "efficientnet-lite0-224.onnx",
                                        "fastestdet-coco-352.onnx", "ultraface-rfb-320.onnx"};
    static const uint32_t labels[] = {10, 1000, 80, 2};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[128];
        hone_model *model = NULL;
        hone_card *card = NULL;
        hone_error error = {0};
        snprintf(name, sizeof name, "models/%s", names[i]);
        assert_ok_or(hone_model_load(asset(name), NULL, &model, &error), error);
        assert_ok_or(hone_card_of(model, &card, &error), error);
        assert_true(hone_card_labels(card) >= labels[i]);
        hone_card_free(card);
        hone_model_free(model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_card_is_read_in_full),
        cmocka_unit_test(what_a_card_leaves_out_has_its_default),
        cmocka_unit_test(series_and_sound_are_kept),
        cmocka_unit_test(a_wrong_value_is_an_error_that_names_its_key),
        cmocka_unit_test(a_card_cut_off_anywhere_is_an_error),
        cmocka_unit_test(a_model_without_a_card_says_so),
        cmocka_unit_test(the_cards_of_the_shared_models_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

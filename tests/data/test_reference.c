/* SPDX-License-Identifier: Apache-2.0 */
/* The figures that ONNX Runtime with Pillow gives on real data; see CARD.md's definitions. */
#include "data/fixture.h"

#include <math.h>

static double value_of(const char *model_name, const char *data_name, uint64_t limit) {
    hone_model *model = NULL;
    hone_card *card = NULL;
    hone_dataset *data = NULL;
    hone_dataset_options options = {.limit = limit};
    hone_eval_result result;
    hone_error error = {0};
    double value = 0;
    assert_ok_or(hone_model_load(asset(model_name), NULL, &model, &error), error);
    assert_ok_or(hone_model_simplify(model, &error), error);
    assert_ok_or(hone_card_of(model, &card, &error), error);
    assert_ok_or(hone_dataset_open(asset(data_name), card, &options, &data, &error), error);
    assert_ok_or(hone_evaluate(model, data, NULL, &result, &error), error);
    value = result.value;
    hone_eval_result_free(&result);
    hone_dataset_free(data);
    hone_card_free(card);
    hone_model_free(model);
    return value;
}

static void efficientnet_is_right_on_878_of_a_thousand_photos(void **state) {
    double value = value_of("models/efficientnet-lite0-224.onnx", "data/imagenet-sample", 0);
    (void)state;
    if (fabs(value - 0.878) > 0.004) fail_msg("accuracy %.4f", value);
}

static void fastestdet_reaches_its_map50_on_coco(void **state) {
    double value = value_of("models/fastestdet-coco-352.onnx", "data/coco128/val2017", 0);
    (void)state;
    if (fabs(value - 0.3359) > 0.0005) fail_msg("mAP50 %.5f", value);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(efficientnet_is_right_on_878_of_a_thousand_photos),
        cmocka_unit_test(fastestdet_reaches_its_map50_on_coco),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

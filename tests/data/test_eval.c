/* SPDX-License-Identifier: Apache-2.0 */
#include "data/fixture.h"

#include "data/average_precision.h"
#include "data/card.h"
#include "tensor/tensor.h"

#include <math.h>

#define CLASSIFIER "{\"task\":\"classification\",\"labels\":[\"a\",\"b\",\"c\"]}"

/* ---- Average precision ---- */

static hone_detection *rows_of(const hone_tensor *t) {
    size_t count = (size_t)t->shape.dim[0];
    const float *v = t->data;
    hone_detection *out = calloc(count, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++, v += 7) {
        out[i].image = (uint32_t)v[0];
        out[i].box = (hone_box){v[3], v[4], v[5], v[6], v[2], (int32_t)v[1]};
    }
    return out;
}

static void average_precision_equals_the_one_computed_with_numpy(void **state) {
    hone_tensor found = stored_array("boxes_found.npy"), truth = stored_array("boxes_truth.npy");
    hone_tensor answers = stored_array("boxes_answers.npy");
    hone_detection *f = rows_of(&found), *t = rows_of(&truth);
    hone_class_result classes[5];
    const double *wanted = answers.data;
    double map50 = 0, map = 0, sum50 = 0, sum = 0;
    (void)state;
    assert_ok(hone__average_precision(f, (size_t)found.shape.dim[0], t, (size_t)truth.shape.dim[0],
                                      classes, 5, &map50, &map, NULL));
    for (int c = 0; c < 5; c++) {
        assert_int_equal(classes[c].count, (int)wanted[3 * c]);
        assert_true(fabs(classes[c].ap50 - wanted[3 * c + 1]) < 1e-9);
        assert_true(fabs(classes[c].ap - wanted[3 * c + 2]) < 1e-9);
        sum50 += wanted[3 * c + 1];
        sum += wanted[3 * c + 2];
    }
    assert_true(fabs(map50 - sum50 / 4) < 1e-9); /* the fifth class has no true box */
    assert_true(fabs(map - sum / 4) < 1e-9);
    free(f);
    free(t);
    hone_tensor_free(&found);
    hone_tensor_free(&truth);
    hone_tensor_free(&answers);
}

static hone_detection box_at(uint32_t image, float score, float x) {
    return (hone_detection){image, 0, {x, 0, x + 1, 1, score, 0}};
}

static double ap50_of(hone_detection *found, size_t found_count, hone_detection *truth,
                      size_t truth_count) {
    hone_class_result result;
    double map50 = 0, map = 0;
    assert_ok(hone__average_precision(found, found_count, truth, truth_count, &result, 1, &map50,
                                      &map, NULL));
    return map50;
}

static void average_precision_of_hand_computed_cases(void **state) {
    hone_detection truth[2] = {box_at(0, 1, 0), box_at(1, 1, 0)};
    hone_detection all[2] = {box_at(0, 0.9f, 0), box_at(1, 0.8f, 0.1f)};
    /* A second box on the same object is wrong: precision 1, 1/2, 2/3; area 1/2 * 1 + 1/2 * 2/3. */
    hone_detection twice[3] = {box_at(0, 0.9f, 0), box_at(0, 0.8f, 0), box_at(1, 0.7f, 0)};
    /* The best is wrong: precision 0, 1/2, 2/3 made monotone is 2/3 throughout. */
    hone_detection late[3] = {box_at(0, 0.9f, 5), box_at(0, 0.8f, 0), box_at(1, 0.7f, 0)};
    hone_detection elsewhere[1] = {box_at(2, 0.9f, 0)};
    (void)state;
    assert_true(fabs(ap50_of(all, 2, truth, 2) - 1.0) < 1e-12);
    assert_true(fabs(ap50_of(twice, 3, truth, 2) - 5.0 / 6) < 1e-12);
    assert_true(fabs(ap50_of(late, 3, truth, 2) - 2.0 / 3) < 1e-12);
    assert_true(ap50_of(elsewhere, 1, truth, 2) == 0);
    assert_true(ap50_of(NULL, 0, truth, 2) == 0);
    assert_true(ap50_of(all, 2, NULL, 0) == 0);
}

/* ---- Classification ---- */

/* Rows of x are the model's outputs, as the model hands its input through. */
static hone_dataset *outputs_and_classes(const char *folder, int64_t count, const float *x,
                                         const int32_t *y) {
    int64_t dims[2] = {count, 3};
    hone_dataset *data = NULL;
    put_array(folder, "x.npy", HONE_F32, 2, dims, x);
    if (y) put_array(folder, "y.npy", HONE_S32, 1, dims, y);
    assert_ok(hone_dataset_open(folder, NULL, NULL, &data, NULL));
    return data;
}

static const float outputs[5][3] = {{9, 1, 2}, {1, 5, 1}, {3, 2, 3}, {0, NAN, -1}, {1, 2, 3}};
static const int32_t truths[5] = {0, 1, 2, 0, 1};

static void accuracy_counts_first_answers_and_ties_go_to_the_first(void **state) {
    static const int64_t fixed[2] = {1, 3}, free_batch[2] = {-1, 3}, four[2] = {4, 3};
    static const int64_t *const shapes[] = {fixed, free_batch, four};
    const char *folder = folder_make();
    hone_dataset *data = outputs_and_classes(folder, 5, outputs[0], truths);
    (void)state;
    for (int i = 0; i < 3; i++) {
        hone_model *model = identity_model(HONE_F32, 2, shapes[i], CLASSIFIER);
        hone_eval_result r;
        hone_error error = {0};
        static const int32_t answers[5] = {0, 1, 0, 0, 2};
        assert_ok_or(hone_evaluate(model, data, NULL, &r, &error), error);
        assert_string_equal(r.metric, "accuracy");
        assert_int_equal(r.count, 5);
        assert_true(fabs(r.value - 3.0 / 5) < 1e-12);
        assert_true(fabs(r.top5 - 1.0) < 1e-12);
        assert_memory_equal(r.answers, answers, sizeof answers);
        assert_int_equal(r.class_count, 3);
        assert_int_equal(r.classes[1].count, 2);
        assert_int_equal(r.classes[1].correct, 1);
        assert_int_equal(r.classes[2].correct, 0);
        hone_eval_result_free(&r);
        hone_model_free(model);
    }
    hone_dataset_free(data);
    folder_remove(folder);
}

static void the_class_offset_moves_answers_to_the_datas_classes(void **state) {
    static const int64_t dims[2] = {1, 3};
    static const float x[3][3] = {{9, 1, 1}, {1, 9, 1}, {1, 1, 9}};
    static const int32_t y[3] = {0, 0, 1}, answers[3] = {-1, 0, 1};
    const char *folder = folder_make();
    hone_dataset *data = outputs_and_classes(folder, 3, x[0], y);
    hone_model *model =
        identity_model(HONE_F32, 2, dims, "{\"task\":\"classification\",\"class_offset\":1}");
    hone_eval_result r;
    (void)state;
    assert_ok(hone_evaluate(model, data, NULL, &r, NULL));
    assert_true(fabs(r.value - 2.0 / 3) < 1e-12);
    assert_memory_equal(r.answers, answers, sizeof answers);
    hone_eval_result_free(&r);
    hone_model_free(model);
    hone_dataset_free(data);
    folder_remove(folder);
}

static bool stop_at_once(void *user, const char *what, uint64_t done, uint64_t total) {
    (void)what;
    (void)done;
    (void)total;
    ++*(int *)user;
    return false;
}

static void evaluation_is_cancelled_by_its_progress(void **state) {
    static const int64_t dims[2] = {1, 3};
    int calls = 0;
    const char *folder = folder_make();
    hone_dataset *data = outputs_and_classes(folder, 5, outputs[0], truths);
    hone_model *model = identity_model(HONE_F32, 2, dims, CLASSIFIER);
    hone_eval_options options = {.progress = stop_at_once, .progress_user = &calls};
    hone_eval_result r;
    (void)state;
    assert_int_equal(hone_evaluate(model, data, &options, &r, NULL), HONE_CANCELLED);
    assert_int_equal(calls, 1);
    assert_null(r.answers);
    hone_model_free(model);
    hone_dataset_free(data);
    folder_remove(folder);
}

static void data_that_cannot_judge_the_model_is_an_error(void **state) {
    static const int64_t two[2] = {1, 2}, three[2] = {1, 3};
    const char *folder = folder_make();
    hone_dataset *data = outputs_and_classes(folder, 5, outputs[0], NULL);
    hone_model *model = identity_model(HONE_F32, 2, three, CLASSIFIER);
    hone_eval_result r;
    hone_error error = {0};
    (void)state;
    assert_int_equal(hone_evaluate(model, data, NULL, &r, &error), HONE_USAGE);
    assert_non_null(strstr(error.message, "no labels"));
    hone_dataset_free(data);
    data = outputs_and_classes(folder, 5, outputs[0], truths);
    hone_model_free(model);
    model = identity_model(HONE_F32, 2, two, CLASSIFIER);
    assert_int_equal(hone_evaluate(model, data, NULL, &r, &error), HONE_SHAPE);
    hone_model_free(model);
    hone_dataset_free(data);
    folder_remove(folder);
}

static void regression_is_judged_by_the_mean_squared_error(void **state) {
    static const int64_t x_dims[2] = {2, 1}, one[2] = {1, 1};
    static const float x[2] = {1, 5}, y[2] = {2, 2};
    const char *folder = folder_make();
    hone_dataset *data = NULL;
    hone_model *model = identity_model(HONE_F32, 2, one, "{\"task\":\"regression\"}");
    hone_eval_result r;
    (void)state;
    put_array(folder, "x.npy", HONE_F32, 2, x_dims, x);
    put_array(folder, "y.npy", HONE_F32, 1, x_dims, y);
    assert_ok(hone_dataset_open(folder, NULL, NULL, &data, NULL));
    assert_ok(hone_evaluate(model, data, NULL, &r, NULL));
    assert_string_equal(r.metric, "mse");
    assert_true(fabs(r.value - 5.0) < 1e-12);
    hone_eval_result_free(&r);
    hone_model_free(model);
    hone_dataset_free(data);
    folder_remove(folder);
}

/* ---- Comparison ---- */

static void a_model_agrees_with_itself_at_any_batch(void **state) {
    static const int64_t fixed[2] = {1, 3}, two[2] = {2, 3};
    static const float x[3][3] = {{9, 1, 2}, {1, 5, 1}, {1, 2, 3}};
    static const int32_t y[3] = {0, 1, 2};
    const char *folder = folder_make();
    hone_dataset *data = outputs_and_classes(folder, 3, x[0], y);
    hone_model *a = identity_model(HONE_F32, 2, fixed, CLASSIFIER);
    hone_model *b = identity_model(HONE_F32, 2, two, CLASSIFIER);
    hone_compare_result r;
    (void)state;
    assert_ok(hone_compare(a, b, data, NULL, &r, NULL));
    assert_true(r.agree_percent == 100.0);
    assert_true(fabs(r.cosine - 1.0) < 1e-12);
    assert_true(r.drop_points == 0 && r.a.value == 1.0);
    hone_compare_result_free(&r);
    hone_dataset_free(data);
    remove(in_folder(folder, "y.npy"));
    data = outputs_and_classes(folder, 3, x[0], NULL); /* comparing needs no labels */
    assert_ok(hone_compare(a, b, data, NULL, &r, NULL));
    assert_true(r.agree_percent == 100.0 && r.a.value == 0);
    hone_compare_result_free(&r);
    hone_model_free(b);
    b = identity_model(HONE_F32, 1, (const int64_t[]){3}, CLASSIFIER);
    assert_int_not_equal(hone_compare(a, b, data, NULL, &r, NULL), HONE_OK);
    hone_model_free(b);
    hone_model_free(a);
    hone_dataset_free(data);
    folder_remove(folder);
}

/* ---- One output ---- */

static void the_best_classes_come_first_as_probabilities(void **state) {
    static const int64_t dims[2] = {2, 4};
    float values[8] = {0, 0, 0, 0, 1, 3, 2, 3};
    hone_model *model = identity_model(HONE_F32, 2, dims, CLASSIFIER);
    hone_card *card = NULL;
    hone_tensor t = {HONE_F32, hone__shape(2, dims), values, sizeof values};
    hone_ranked r[8];
    uint32_t count = 0;
    double sum = 0;
    (void)state;
    assert_ok(hone_card_of(model, &card, NULL));
    assert_ok(hone_top_k(model, card, &t, 1, 3, r, &count, NULL));
    assert_int_equal(count, 3);
    assert_int_equal(r[0].output, 1);
    assert_int_equal(r[1].output, 3);
    assert_int_equal(r[2].output, 2);
    assert_string_equal(r[0].label, "b");
    assert_null(r[1].label);
    assert_ok(hone_top_k(model, NULL, &t, 1, 8, r, &count, NULL));
    assert_int_equal(count, 4);
    for (int i = 0; i < 4; i++) sum += (double)r[i].score;
    assert_true(fabs(sum - 1) < 1e-6);
    values[4] = 0.25f, values[5] = 0.5f, values[6] = 0.125f, values[7] = 0.125f;
    assert_ok(hone_top_k(model, card, &t, 1, 1, r, &count, NULL));
    assert_true(r[0].score == 0.5f); /* a distribution stays as it is */
    assert_int_equal(hone_top_k(model, card, &t, 2, 1, r, &count, NULL), HONE_USAGE);
    hone_card_free(card);
    hone_model_free(model);
}

static hone_card *card_of(const char *json) {
    hone_card *card = NULL;
    hone_error error = {0};
    assert_ok_or(hone_card_parse(json, strlen(json), &card, &error), error);
    return card;
}

static void fastestdet_cells_become_boxes(void **state) {
    static const int64_t dims[4] = {1, 7, 1, 2};
    /* Channels of two cells: objectness, x, y, width, height, two classes. */
    float v[14] = {0.01f, 0.9f, 0, 0.3f, 0, -0.2f, 0, 0.4f, 0, -0.4f, 0.5f, 0.2f, 0.5f, 0.8f};
    hone_model *model = identity_model(HONE_F32, 4, dims, NULL);
    hone_card *card = card_of("{\"task\":\"detection\",\"decoder\":{\"type\":\"fastestdet\","
                              "\"score\":0.2,\"nms_iou\":0.45}}");
    hone_tensor t = {HONE_F32, hone__shape(4, dims), v, sizeof v};
    hone_boxes boxes = {0};
    float x = (1 + tanhf(0.3f)) / 2, y = tanhf(-0.2f), w = 1 / (1 + expf(-0.4f));
    (void)state;
    assert_ok(hone_detect(model, card, &t, 1, 0, 100, 100, 0, &boxes, NULL));
    assert_int_equal(boxes.count, 1);
    assert_int_equal(boxes.box[0].class_index, 1);
    assert_true(fabsf(boxes.box[0].score - powf(0.9f, 0.6f) * powf(0.8f, 0.4f)) < 1e-6f);
    assert_true(fabsf(boxes.box[0].x0 - (x - w / 2)) < 1e-6f);
    assert_true(fabsf(boxes.box[0].x1 - (x + w / 2)) < 1e-6f);
    assert_true(fabsf((boxes.box[0].y0 + boxes.box[0].y1) / 2 - y) < 1e-6f);
    assert_ok(hone_detect(model, card, &t, 1, 0, 100, 100, 0.001f, &boxes, NULL));
    assert_int_equal(boxes.count, 2);
    hone_boxes_free(&boxes);
    hone_card_free(card);
    hone_model_free(model);
}

/* Four boxes in pixels, three classes of which the first is background. */
static float corners[16] = {0, 0, 50, 50, 2, 0, 52, 50, 60, 60, 90, 90, 0, 0, 50, 50};
static float scores[12] = {0, 0.9f, 0, 0, 0.8f, 0, 0.99f, 0.1f, 0.4f, 0, 0, 0.7f};

static void boxes_and_scores_are_suppressed_by_class_and_uncropped(void **state) {
    static const int64_t box_dims[3] = {1, 4, 4}, score_dims[3] = {1, 4, 3};
    hone_model *model = identity_model(HONE_F32, 3, box_dims, NULL);
    hone_card *card = card_of("{\"task\":\"detection\",\"class_offset\":1,\"input\":{"
                              "\"color\":\"rgb\",\"crop\":[100,100]},\"decoder\":{\"type\":"
                              "\"boxes_scores\",\"corners\":\"pixels\",\"score\":0.3,"
                              "\"nms_iou\":0.5}}");
    hone_tensor t[2] = {{HONE_F32, hone__shape(3, box_dims), corners, sizeof corners},
                        {HONE_F32, hone__shape(3, score_dims), scores, sizeof scores}};
    hone_boxes boxes = {0};
    (void)state;
    assert_ok(hone_detect(model, card, t, 2, 0, 200, 100, 0, &boxes, NULL));
    /* The second overlaps the first, of its class; the fourth is of another; background never. */
    assert_int_equal(boxes.count, 3);
    assert_int_equal(boxes.box[0].class_index, 0);
    assert_int_equal(boxes.box[1].class_index, 1);
    assert_true(boxes.box[2].score == 0.4f);
    /* Cropped 100 of 200 from x = 50 on: pixel 0 is at a quarter, pixel 50 at the half. */
    assert_true(fabsf(boxes.box[0].x0 - 0.25f) < 1e-6f && fabsf(boxes.box[0].x1 - 0.5f) < 1e-6f);
    assert_true(fabsf(boxes.box[0].y1 - 0.5f) < 1e-6f);
    hone_boxes_free(&boxes);
    hone_card_free(card);
    hone_model_free(model);
}

static void outputs_that_are_not_the_decoders_are_errors(void **state) {
    static const int64_t dims[4] = {1, 5, 2, 2};
    float v[20] = {0};
    hone_model *model = identity_model(HONE_F32, 4, dims, NULL);
    hone_tensor t = {HONE_F32, hone__shape(4, dims), v, sizeof v};
    static const char *const cards[] = {
        "{\"task\":\"detection\"}",
        "{\"task\":\"detection\",\"decoder\":{\"type\":\"fastestdet\"}}",
        "{\"task\":\"detection\",\"decoder\":{\"type\":\"boxes_scores\"}}",
        "{\"task\":\"detection\",\"decoder\":{\"type\":\"boxes_scores\",\"boxes\":\"b\"}}"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        hone_card *card = card_of(cards[i]);
        hone_boxes boxes = {0};
        hone_error error = {0};
        assert_int_not_equal(hone_detect(model, card, &t, 1, 0, 2, 2, 0, &boxes, &error), HONE_OK);
        assert_true(error.message[0] != 0);
        hone_boxes_free(&boxes);
        hone_card_free(card);
    }
    hone_model_free(model);
}

static void boxes_are_drawn_inside_the_picture_whatever_their_corners(void **state) {
    hone_box list[3] = {{0.25f, 0.25f, 0.75f, 0.75f, 0.5f, 0},
                        {-3, -3, 5, 5, 0.9f, 1},
                        {0.9f, 0.9f, 0.1f, NAN, 0.1f, 77}};
    hone_boxes boxes = {list, 1, 3};
    hone_card *card = card_of("{\"task\":\"detection\",\"labels\":[\"\xc3\xa9t\xc3\xa9\"]}");
    hone_picture picture, gray;
    (void)state;
    assert_ok(hone_picture_new(200, 160, 3, &picture, NULL));
    memset(picture.data, 0, 200 * 160 * 3);
    assert_ok(hone_picture_draw_boxes(&picture, card, &boxes, NULL));
    assert_int_equal(picture.data[(40 * 200 + 100) * 3], 230); /* the upper edge of class 0 */
    assert_int_equal(picture.data[(80 * 200 + 100) * 3], 0);   /* nothing in the middle */
    boxes.count = 3;
    assert_ok(hone_picture_draw_boxes(&picture, card, &boxes, NULL));
    assert_ok(hone_picture_convert(&picture, 1, &gray, NULL));
    assert_int_equal(hone_picture_draw_boxes(&gray, card, &boxes, NULL), HONE_USAGE);
    hone_picture_free(&gray);
    hone_picture_free(&picture);
    hone_card_free(card);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(average_precision_equals_the_one_computed_with_numpy),
        cmocka_unit_test(average_precision_of_hand_computed_cases),
        cmocka_unit_test(accuracy_counts_first_answers_and_ties_go_to_the_first),
        cmocka_unit_test(the_class_offset_moves_answers_to_the_datas_classes),
        cmocka_unit_test(evaluation_is_cancelled_by_its_progress),
        cmocka_unit_test(data_that_cannot_judge_the_model_is_an_error),
        cmocka_unit_test(regression_is_judged_by_the_mean_squared_error),
        cmocka_unit_test(a_model_agrees_with_itself_at_any_batch),
        cmocka_unit_test(the_best_classes_come_first_as_probabilities),
        cmocka_unit_test(fastestdet_cells_become_boxes),
        cmocka_unit_test(boxes_and_scores_are_suppressed_by_class_and_uncropped),
        cmocka_unit_test(outputs_that_are_not_the_decoders_are_errors),
        cmocka_unit_test(boxes_are_drawn_inside_the_picture_whatever_their_corners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

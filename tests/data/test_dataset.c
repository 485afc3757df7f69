/* SPDX-License-Identifier: Apache-2.0 */
#include "data/fixture.h"

#include <zlib.h>

static hone_dataset *open_data(const char *spec, const hone_card *card) {
    hone_dataset *data = NULL;
    hone_error error = {0};
    assert_ok_or(hone_dataset_open(spec, card, NULL, &data, &error), error);
    return data;
}

static int64_t class_at(const hone_dataset *data, size_t index) {
    int64_t class_index = -2;
    assert_ok(hone_dataset_class(data, index, &class_index, NULL));
    return class_index;
}

static void assert_refused(const char *spec, hone_status wanted, const char *said) {
    hone_dataset *data = NULL;
    hone_error error = {0};
    hone_status status = hone_dataset_open(spec, NULL, NULL, &data, &error);
    if (status != wanted || !strstr(error.message, said))
        fail_msg("%s: %s (%s)", spec, hone_status_name(status), error.message);
    assert_null(data);
}

/* Pictures of 2 x 3: sample i has pixels i, i + 1 ...; labels i % 3. */
static void put_idx(const char *folder, const char *prefix, unsigned count, bool packed) {
    uint8_t images[16 + 6 * 32] = {0, 0, 8, 3, 0, 0, 0, (uint8_t)count, 0, 0, 0, 2, 0, 0, 0, 3};
    uint8_t labels[8 + 32] = {0, 0, 8, 1, 0, 0, 0, (uint8_t)count};
    char name[64];
    for (unsigned i = 0; i < count; i++) {
        for (unsigned p = 0; p < 6; p++) images[16 + 6 * i + p] = (uint8_t)(i + p);
        labels[8 + i] = (uint8_t)(i % 3);
    }
    snprintf(name, sizeof name, "%s-images-idx3-ubyte%s", prefix, packed ? ".gz" : "");
    if (packed) {
        gzFile file = gzopen(in_folder(folder, name), "wb");
        assert_non_null(file);
        assert_int_equal(gzwrite(file, images, 16 + 6 * count), 16 + 6 * count);
        assert_int_equal(gzclose(file), Z_OK);
    } else {
        put_file(folder, name, images, 16 + 6 * count);
    }
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    put_file(folder, name, labels, 8 + count);
}

static void idx_files_are_read_plain_or_packed_by_split(void **state) {
    const char *folder = folder_make();
    hone_sample sample = {0};
    char spec[256], name[32];
    (void)state;
    put_idx(folder, "train", 12, false);
    put_idx(folder, "t10k", 5, true);
    snprintf(spec, sizeof spec, "%s#test", folder);
    hone_dataset *data = open_data(spec, NULL);
    assert_int_equal(hone_dataset_form(data), HONE_FORM_IDX);
    assert_int_equal(hone_dataset_count(data), 5);
    assert_int_equal(hone_dataset_classes(data), 3);
    assert_ok(hone_dataset_read(data, 4, &sample, NULL));
    assert_int_equal(sample.class_index, 1);
    assert_int_equal(sample.picture.width, 3);
    assert_int_equal(sample.picture.height, 2);
    assert_memory_equal(sample.picture.data, "\4\5\6\7\10\11", 6);
    hone_dataset_item_name(data, 4, name, sizeof name);
    assert_string_equal(name, "#4");
    assert_int_equal(hone_dataset_read(data, 5, &sample, NULL), HONE_USAGE);
    hone_dataset_free(data);
    snprintf(spec, sizeof spec, "%s#train:1/5", folder);
    data = open_data(spec, NULL);
    assert_int_equal(hone_dataset_count(data), 3);
    hone_dataset_free(data);
    assert_refused(folder, HONE_USAGE, "several splits");
    snprintf(spec, sizeof spec, "%s#valid", folder);
    assert_refused(spec, HONE_NOT_FOUND, "no split 'valid'");
    hone_sample_free(&sample);
    folder_remove(folder);
}

static void idx_files_cut_off_or_lying_are_errors(void **state) {
    const char *folder = folder_make();
    size_t size = 0;
    char spec[256];
    (void)state;
    put_idx(folder, "train", 4, false);
    snprintf(spec, sizeof spec, "%s", in_folder(folder, "train-images-idx3-ubyte"));
    uint8_t *bytes = slurp(spec, &size);
    for (size_t cut = 0; cut < size; cut++) {
        put_file(folder, "train-images-idx3-ubyte", bytes, cut);
        assert_refused(spec, HONE_FORMAT, "IDX");
    }
    bytes[4] = 0xff; /* four thousand million pictures promised */
    put_file(folder, "train-images-idx3-ubyte", bytes, size);
    assert_refused(spec, HONE_LIMIT, "limit");
    bytes[4] = 0, bytes[7] = 3; /* one fewer than there are */
    put_file(folder, "train-images-idx3-ubyte", bytes, size);
    assert_refused(spec, HONE_FORMAT, "more bytes");
    bytes[7] = 4, bytes[2] = 0x0d;
    put_file(folder, "train-images-idx3-ubyte", bytes, size);
    assert_refused(spec, HONE_UNSUPPORTED, "unsigned bytes");
    bytes[2] = 8;
    put_file(folder, "train-images-idx3-ubyte", bytes, size);
    put_text(folder, "train-labels-idx1-ubyte", "");
    assert_refused(spec, HONE_FORMAT, "train-labels");
    free(bytes);
    folder_remove(folder);
}

static void a_packed_idx_file_with_a_wrong_sum_is_an_error(void **state) {
    const char *folder = folder_make();
    size_t size = 0;
    char spec[256];
    (void)state;
    put_idx(folder, "train", 4, true);
    snprintf(spec, sizeof spec, "%s", in_folder(folder, "train-images-idx3-ubyte.gz"));
    uint8_t *bytes = slurp(spec, &size);
    bytes[size - 6] ^= 1;
    put_file(folder, "train-images-idx3-ubyte.gz", bytes, size);
    assert_refused(spec, HONE_FORMAT, "IDX");
    free(bytes);
    folder_remove(folder);
}

static const char *make_class_folders(void) {
    const char *folder = folder_make();
    make_folder(folder, "zebra");
    make_folder(folder, "Ant");
    make_folder(folder, "bee");
    make_folder(folder, ".hidden");
    copy_stored(folder, "zebra/2.png", "rgb.png");
    copy_stored(folder, "zebra/10.JPG", "444.jpg");
    copy_stored(folder, "Ant/a.jpeg", "420.jpg");
    copy_stored(folder, "bee/b.png", "gray.png");
    put_text(folder, "bee/notes.txt", "no picture");
    return folder;
}

static void class_folders_are_ranked_and_sorted_by_bytes(void **state) {
    static const int64_t classes[] = {0, 1, 2, 2};
    static const char *const names[] = {"Ant/a.jpeg", "bee/b.png", "zebra/10.JPG", "zebra/2.png"};
    const char *folder = make_class_folders();
    hone_dataset *data = open_data(folder, NULL);
    (void)state;
    assert_int_equal(hone_dataset_form(data), HONE_FORM_FOLDERS);
    assert_int_equal(hone_dataset_count(data), 4);
    for (size_t i = 0; i < 4; i++) {
        char name[256];
        hone_dataset_item_name(data, i, name, sizeof name);
        assert_non_null(strstr(name, names[i]));
        assert_int_equal(class_at(data, i), classes[i]);
    }
    assert_string_equal(hone_dataset_class_name(data, 1), "bee");
    assert_null(hone_dataset_class_name(data, 3));
    hone_dataset_free(data);
    folder_remove(folder);
}

static void class_folders_take_their_index_from_the_cards_labels(void **state) {
    static const char json[] = "{\"task\":\"classification\",\"class_offset\":1,"
                               "\"labels\":[\"background\",\"zebra\",\"cow\",\"bee\",\"Ant\"]}";
    const char *folder = make_class_folders();
    hone_card *card = NULL;
    (void)state;
    assert_ok(hone_card_parse(json, strlen(json), &card, NULL));
    hone_dataset *data = open_data(folder, card);
    assert_int_equal(class_at(data, 0), 3);
    assert_int_equal(class_at(data, 1), 2);
    assert_int_equal(class_at(data, 2), 0);
    hone_dataset_free(data);
    hone_card_free(card);
    folder_remove(folder);
}

static void two_folders_of_one_index_are_an_error(void **state) {
    static const char json[] = "{\"task\":\"classification\",\"labels\":[\"bee\"]}";
    const char *folder = make_class_folders();
    hone_card *card = NULL;
    hone_dataset *data = NULL;
    (void)state;
    assert_ok(hone_card_parse(json, strlen(json), &card, NULL));
    assert_int_equal(hone_dataset_open(folder, card, NULL, &data, NULL), HONE_FORMAT);
    hone_card_free(card);
    folder_remove(folder);
}

static void loose_pictures_are_samples_without_a_class(void **state) {
    const char *folder = folder_make();
    (void)state;
    copy_stored(folder, "a.png", "gray.png");
    hone_dataset *data = open_data(folder, NULL);
    assert_int_equal(hone_dataset_count(data), 1);
    assert_int_equal(class_at(data, 0), -1);
    assert_int_equal(hone_dataset_classes(data), 0);
    hone_dataset_free(data);
    folder_remove(folder);
}

static void a_damaged_picture_is_an_error_when_it_is_read(void **state) {
    const char *folder = folder_make();
    hone_sample sample = {0};
    hone_error error = {0};
    (void)state;
    put_text(folder, "bad.png", "\x89PNG\r\n\x1a\n");
    hone_dataset *data = open_data(folder, NULL);
    assert_int_equal(hone_dataset_read(data, 0, &sample, &error), HONE_FORMAT);
    assert_non_null(strstr(error.message, "bad.png"));
    hone_dataset_free(data);
    folder_remove(folder);
}

static void a_table_of_labels_is_read_in_its_order(void **state) {
    const char *folder = folder_make();
    hone_sample sample = {0};
    (void)state;
    make_folder(folder, "sub");
    copy_stored(folder, "b.png", "gray.png");
    copy_stored(folder, "sub/a, \"1\".png", "rgb.png");
    put_text(folder, "labels.csv",
             "\xef\xbb\xbf"
             "note,file,class_index,name\r\n"
             "x,b.png,7,seven\r\n\r\n\"y,\",\"sub/a, \"\"1\"\".png\",2,\"two, too\"\n");
    hone_dataset *data = open_data(folder, NULL);
    assert_int_equal(hone_dataset_form(data), HONE_FORM_CSV);
    assert_int_equal(hone_dataset_count(data), 2);
    assert_int_equal(hone_dataset_classes(data), 8);
    assert_int_equal(class_at(data, 0), 7);
    assert_string_equal(hone_dataset_class_name(data, 2), "two, too");
    assert_ok(hone_dataset_read(data, 1, &sample, NULL));
    assert_int_equal(sample.picture.channels, 3);
    hone_sample_free(&sample);
    hone_dataset_free(data);
    folder_remove(folder);
}

static void tables_with_mistakes_name_the_line(void **state) {
    static const struct {
        const char *text, *said;
        hone_status status;
    } cases[] = {
        {"", "empty", HONE_FORMAT},
        {"file,label\na.png,1\n", "class_index", HONE_FORMAT},
        {"file,class_index\na.png,1\nb.png,-1\n", "line 3", HONE_FORMAT},
        {"file,class_index\na.png,1x\n", "line 2", HONE_FORMAT},
        {"file,class_index\na.png,99999999999999999999\n", "line 2", HONE_FORMAT},
        {"file,class_index\na.png\n", "missing", HONE_FORMAT},
        {"file,class_index\n,1\n", "empty", HONE_FORMAT},
        {"file,class_index\na.gif,1\n", "a.gif", HONE_UNSUPPORTED},
        {"file,class_index\n", "no data", HONE_FORMAT},
    };
    const char *folder = folder_make();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_text(folder, "labels.csv", cases[i].text);
        assert_refused(folder, cases[i].status, cases[i].said);
    }
    folder_remove(folder);
}

static void yolo_boxes_are_read_with_their_pictures(void **state) {
    const char *folder = folder_make();
    hone_sample sample = {0};
    (void)state;
    make_folder(folder, "images");
    make_folder(folder, "labels");
    copy_stored(folder, "images/a.b.png", "gray.png");
    copy_stored(folder, "images/none.png", "gray.png");
    put_text(folder, "labels/a.b.txt", "3 0.5 0.5 0.2 0.4\n\n0 0.25 0.75 0.5 0.5");
    hone_dataset *data = open_data(folder, NULL);
    assert_int_equal(hone_dataset_form(data), HONE_FORM_YOLO);
    assert_int_equal(hone_dataset_count(data), 2);
    assert_int_equal(hone_dataset_classes(data), 4);
    assert_ok(hone_dataset_read(data, 0, &sample, NULL));
    assert_int_equal(sample.boxes.count, 2);
    assert_int_equal(sample.boxes.box[0].class_index, 3);
    assert_true(sample.boxes.box[0].x0 == 0.4f && sample.boxes.box[0].y1 == 0.7f);
    assert_true(sample.boxes.box[1].x0 == 0.0f && sample.boxes.box[1].y0 == 0.5f);
    assert_ok(hone_dataset_read(data, 1, &sample, NULL));
    assert_int_equal(sample.boxes.count, 0);
    hone_sample_free(&sample);
    hone_dataset_free(data);
    folder_remove(folder);
}

static void yolo_labels_with_mistakes_name_file_and_line(void **state) {
    static const char *const wrong[] = {
        "1 0.5 0.5 0.1",     "x 0.5 0.5 0.1 0.1", "1 0.5 0.5 0.1 0.1 1", "-1 0.5 0.5 0.1 0.1",
        "1 nan 0.5 0.1 0.1", "1 320 240 20 20",   "1.5 0.5 0.5 0.1 0.1"};
    const char *folder = folder_make();
    (void)state;
    make_folder(folder, "images");
    make_folder(folder, "labels");
    copy_stored(folder, "images/a.png", "gray.png");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "0 0.5 0.5 0.1 0.1\n%s\n", wrong[i]);
        put_text(folder, "labels/a.txt", text);
        assert_refused(folder, HONE_FORMAT, "a.txt: line 2");
    }
    folder_remove(folder);
}

static void splits_are_folders_inside_in_either_yolo_layout(void **state) {
    const char *folder = folder_make();
    char spec[256];
    (void)state;
    make_folder(folder, "images");
    make_folder(folder, "labels");
    make_folder(folder, "images/val");
    copy_stored(folder, "images/val/a.png", "gray.png");
    make_folder(folder, "test");
    make_folder(folder, "test/cat");
    copy_stored(folder, "test/cat/a.png", "gray.png");
    snprintf(spec, sizeof spec, "%s#val", folder);
    hone_dataset *data = open_data(spec, NULL);
    assert_int_equal(hone_dataset_form(data), HONE_FORM_YOLO);
    hone_dataset_free(data);
    snprintf(spec, sizeof spec, "%s/#test", folder);
    data = open_data(spec, NULL);
    assert_int_equal(hone_dataset_form(data), HONE_FORM_FOLDERS);
    hone_dataset_free(data);
    folder_remove(folder);
}

static void arrays_are_samples_along_their_first_dimension(void **state) {
    static const int64_t x_dims[3] = {3, 2, 2}, y_dims[1] = {3};
    static const float x[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, targets[3] = {0.5f, 1, 2};
    static const int64_t y[3] = {2, 0, 1};
    const char *folder = folder_make();
    hone_sample sample = {0};
    (void)state;
    put_array(folder, "x.npy", HONE_F32, 3, x_dims, x);
    put_array(folder, "y.npy", HONE_S64, 1, y_dims, y);
    hone_dataset *data = open_data(folder, NULL);
    assert_int_equal(hone_dataset_form(data), HONE_FORM_NPY);
    assert_int_equal(hone_dataset_classes(data), 3);
    assert_ok(hone_dataset_read(data, 1, &sample, NULL));
    assert_int_equal(sample.tensor.shape.rank, 2);
    assert_int_equal(sample.class_index, 0);
    assert_memory_equal(sample.tensor.data, x + 4, 16);
    hone_dataset_free(data);
    put_array(folder, "y.npy", HONE_F32, 1, y_dims, targets);
    data = open_data(in_folder(folder, "x.npy"), NULL);
    assert_ok(hone_dataset_read(data, 0, &sample, NULL));
    assert_int_equal(sample.class_index, -1);
    assert_true(sample.target == 0.5f);
    hone_sample_free(&sample);
    hone_dataset_free(data);
    put_array(folder, "y.npy", HONE_F32, 3, x_dims, x);
    assert_refused(folder, HONE_FORMAT, "y.npy");
    folder_remove(folder);
}

/* Samples 0 .. count - 1 with their number as the class. */
static hone_dataset *numbers(const char *folder, int64_t count) {
    uint8_t *x = calloc((size_t)count, 1);
    int32_t *y = calloc((size_t)count, sizeof *y);
    assert_non_null(x);
    assert_non_null(y);
    for (int64_t i = 0; i < count; i++) y[i] = (int32_t)i;
    put_array(folder, "x.npy", HONE_U8, 1, &count, x);
    put_array(folder, "y.npy", HONE_S32, 1, &count, y);
    free(x);
    free(y);
    return open_data(folder, NULL);
}

static void parts_and_their_complements_share_all_samples(void **state) {
    const char *folder = folder_make();
    hone_dataset *all = numbers(folder, 11), *part = NULL, *rest = NULL, *inner = NULL;
    (void)state;
    assert_ok(hone_dataset_part(all, 2, 4, false, &part, NULL));
    assert_ok(hone_dataset_part(all, 2, 4, true, &rest, NULL));
    hone_dataset_free(all);
    assert_int_equal(hone_dataset_count(part), 3);
    for (size_t i = 0; i < 3; i++) assert_int_equal(class_at(part, i), 1 + 4 * (int64_t)i);
    assert_int_equal(hone_dataset_count(rest), 8);
    assert_int_equal(class_at(rest, 1), 2);
    assert_ok(hone_dataset_part(rest, 2, 2, false, &inner, NULL));
    assert_int_equal(class_at(inner, 0), 2);
    assert_int_equal(hone_dataset_part(part, 0, 4, false, &all, NULL), HONE_USAGE);
    assert_int_equal(hone_dataset_part(part, 5, 4, false, &all, NULL), HONE_USAGE);
    assert_int_equal(hone_dataset_part(part, 4, 4, false, &all, NULL), HONE_USAGE);
    hone_dataset_free(part);
    hone_dataset_free(rest);
    hone_dataset_free(inner);
    folder_remove(folder);
}

static void parts_are_read_from_the_end_of_the_name(void **state) {
    const char *folder = folder_make();
    char spec[256];
    (void)state;
    hone_dataset_free(numbers(folder, 10));
    snprintf(spec, sizeof spec, "%s:-1/5", folder);
    hone_dataset *data = open_data(spec, NULL);
    assert_int_equal(hone_dataset_count(data), 8);
    assert_int_equal(class_at(data, 0), 1);
    hone_dataset_free(data);
    snprintf(spec, sizeof spec, "%s:1/0", folder);
    assert_refused(spec, HONE_USAGE, "1/0");
    snprintf(spec, sizeof spec, "%s:0/3", folder);
    assert_refused(spec, HONE_USAGE, "0/3");
    snprintf(spec, sizeof spec, "%s:1/5x", folder);
    assert_refused(spec, HONE_NOT_FOUND, "1/5x");
    assert_refused("", HONE_USAGE, "no data");
    folder_remove(folder);
}

static void a_limit_takes_a_seeded_sample_in_order(void **state) {
    const char *folder = folder_make();
    hone_dataset *all = numbers(folder, 1000), *a = NULL, *b = NULL, *other = NULL;
    size_t same = 0;
    (void)state;
    assert_ok(hone_dataset_limit(all, 100, 7, &a, NULL));
    assert_ok(hone_dataset_limit(all, 100, 7, &b, NULL));
    assert_ok(hone_dataset_limit(all, 100, 8, &other, NULL));
    assert_int_equal(hone_dataset_count(a), 100);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(class_at(a, i), class_at(b, i));
        same += class_at(a, i) == class_at(other, i);
        if (i > 0) assert_true(class_at(a, i) > class_at(a, i - 1));
    }
    assert_true(same < 50);
    assert_true(class_at(a, 99) > 900 && class_at(a, 0) < 100);
    hone_dataset_free(b);
    assert_ok(hone_dataset_limit(all, 5000, 7, &b, NULL));
    assert_int_equal(hone_dataset_count(b), 1000);
    hone_dataset_free(a);
    hone_dataset_free(b);
    hone_dataset_free(other);
    hone_dataset_free(all);
    folder_remove(folder);
}

static void what_is_not_known_or_not_done_is_said(void **state) {
    const char *folder = folder_make();
    (void)state;
    assert_refused(folder, HONE_FORMAT, "known form");
    assert_refused(in_folder(folder, "nowhere"), HONE_NOT_FOUND, "nowhere");
    put_text(folder, "flow.csv", "a,b\n1,2\n");
    assert_refused(folder, HONE_UNSUPPORTED, "series");
    put_text(folder, "one_two_3.wav", "RIFF");
    remove(in_folder(folder, "flow.csv"));
    assert_refused(folder, HONE_UNSUPPORTED, "sound");
    folder_remove(folder);
}

static void the_shared_sets_have_their_known_sizes(void **state) {
    static const struct {
        const char *name, *part;
        size_t count;
        uint32_t classes;
    } sets[] = {{"data/mnist", "#test", 10000, 10},
                {"data/imagenet-sample", "", 500, 999},
                {"data/imagenet-sample", ":-1/5", 400, 999},
                {"data/coco128/val2017", "", 128, 78},
                {"data/coco128", "#train2017", 128, 80}};
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        char spec[1200];
        snprintf(spec, sizeof spec, "%s%s", asset(sets[i].name), sets[i].part);
        hone_dataset *data = open_data(spec, NULL);
        assert_int_equal(hone_dataset_count(data), sets[i].count);
        assert_int_equal(hone_dataset_classes(data), sets[i].classes);
        hone_dataset_free(data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_files_are_read_plain_or_packed_by_split),
        cmocka_unit_test(idx_files_cut_off_or_lying_are_errors),
        cmocka_unit_test(a_packed_idx_file_with_a_wrong_sum_is_an_error),
        cmocka_unit_test(class_folders_are_ranked_and_sorted_by_bytes),
        cmocka_unit_test(class_folders_take_their_index_from_the_cards_labels),
        cmocka_unit_test(two_folders_of_one_index_are_an_error),
        cmocka_unit_test(loose_pictures_are_samples_without_a_class),
        cmocka_unit_test(a_damaged_picture_is_an_error_when_it_is_read),
        cmocka_unit_test(a_table_of_labels_is_read_in_its_order),
        cmocka_unit_test(tables_with_mistakes_name_the_line),
        cmocka_unit_test(yolo_boxes_are_read_with_their_pictures),
        cmocka_unit_test(yolo_labels_with_mistakes_name_file_and_line),
        cmocka_unit_test(splits_are_folders_inside_in_either_yolo_layout),
        cmocka_unit_test(arrays_are_samples_along_their_first_dimension),
        cmocka_unit_test(parts_and_their_complements_share_all_samples),
        cmocka_unit_test(parts_are_read_from_the_end_of_the_name),
        cmocka_unit_test(a_limit_takes_a_seeded_sample_in_order),
        cmocka_unit_test(what_is_not_known_or_not_done_is_said),
        cmocka_unit_test(the_shared_sets_have_their_known_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

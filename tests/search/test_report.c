/* SPDX-License-Identifier: Apache-2.0 */
/* The report is one safe, self-contained file. */
#include "testing.h"

#include "base/file.h"
#include "search/report/html.h"

#include <unistd.h>

static char *report_of(hone_optimize_result *r, const hone_report_about *about) {
    char path[] = "/tmp/hone-report-XXXXXX";
    char *text;
    size_t size;
    hone_error error;
    close(mkstemp(path));
    assert_ok_or(hone_report_write(r, about, path, &error), error);
    assert_ok(hone__file_read(NULL, path, 1 << 24, &text, &size, NULL));
    unlink(path);
    return text;
}

static hone_candidate two[2] = {
    {.name = "float32", .file_bytes = 4000000, .value = .93, .median_ms = 4, .on_front = true},
    {.name = "int8",
     .file_bytes = 1000000,
     .value = .929,
     .median_ms = 2,
     .meets = true,
     .why = "chosen: <b>&"}};

static hone_optimize_result example(void) {
    return (hone_optimize_result){.candidates = two,
                                  .candidate_count = 2,
                                  .chosen = 1,
                                  .nearest = 1,
                                  .met = true,
                                  .test_before = .93,
                                  .test_after = .929,
                                  .drop_points = .1,
                                  .test_samples = 10000,
                                  .ratio_size = .25,
                                  .ratio_latency = .5,
                                  .original_bytes = 4000000,
                                  .threads = 2};
}

static const hone_report_about about = {
    .title = "<script>alert(1)</script>", .command = "hone optimize 'a&b'", .data = "x\"y"};

static void hostile_names_are_made_harmless(void **state) {
    (void)state;
    hone_optimize_result r = example();
    char *html = report_of(&r, &about);
    assert_null(strstr(html, "<script"));
    assert_non_null(strstr(html, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_non_null(strstr(html, "chosen: &lt;b&gt;&amp;"));
    free(html);
}

static void nothing_outside_the_file_is_referred_to(void **state) {
    (void)state;
    hone_optimize_result r = example();
    char *html = report_of(&r, &about);
    assert_null(strstr(html, "http:"));
    assert_null(strstr(html, "https:"));
    assert_null(strstr(html, "src="));
    assert_null(strstr(html, "@import"));
    assert_non_null(strstr(html, "<svg"));
    free(html);
}

static void what_changed_is_said_before_and_after(void **state) {
    (void)state;
    hone_optimize_result r = example();
    char *html = report_of(&r, &about);
    assert_non_null(strstr(html, "4.00× smaller, 2.00× the speed, 0.10 points lost"));
    assert_non_null(strstr(html, "1.00 MB</b><span class=was>before: 4.00 MB"));
    assert_non_null(strstr(html, "92.90 %</b><span class=was>before: 93.00 %"));
    free(html);
}

static void an_empty_result_is_an_error_not_an_empty_page(void **state) {
    (void)state;
    hone_optimize_result r = {0};
    hone_error error;
    assert_int_equal(hone_report_write(&r, &about, "/nowhere/x.html", &error), HONE_USAGE);
}

static void base64_gives_the_values_of_rfc_4648(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        hone_text text;
        hone__text_init(&text, NULL);
        hone__text_add(&text, "", 0);
        hone__html_base64(&text, (const uint8_t *)pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(text.data, pairs[i][1]);
        hone__text_release(&text);
    }
}

static void axes_get_round_numbers(void **state) {
    (void)state;
    double ticks[9];
    unsigned count = hone__ticks(0.13, 0.87, 6, ticks);
    assert_int_equal(count, 6);
    assert_true(ticks[1] > 0.199 && ticks[1] < 0.201);
    assert_int_equal(hone__ticks(1, 1, 6, ticks), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_names_are_made_harmless),
        cmocka_unit_test(nothing_outside_the_file_is_referred_to),
        cmocka_unit_test(what_changed_is_said_before_and_after),
        cmocka_unit_test(an_empty_result_is_an_error_not_an_empty_page),
        cmocka_unit_test(base64_gives_the_values_of_rfc_4648),
        cmocka_unit_test(axes_get_round_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
